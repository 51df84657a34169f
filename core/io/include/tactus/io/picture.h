// Pictures and masks.
#pragma once

#include <filesystem>

#include "tactus/image.h"
#include "tactus/progress.h"

namespace tactus::io {

inline constexpr int kSmallestSide = 32;                  // pixels
inline constexpr double kMostPixels = 100e6;

// RGB, 8 bits, upright (EXIF orientation applied), alpha over white; 16-bit pictures are scaled to 8.
// Error{bad_input}: not a picture, smaller than 32 pixels a side, more than 100 megapixels, cut off.
ImageU8 read_picture(const std::filesystem::path& file);

// One channel, 255 where any channel of the file is non-zero. Error{bad_input} when the size is not the given one or
// nothing is inside.
ImageU8 read_mask(const std::filesystem::path& file, int width, int height);

// By extension (.png, .jpg); 1, 3 or 4 channels. Written beside and renamed; the same bytes for the same picture.
void write_picture(const std::filesystem::path& file, const ImageU8& picture);

// Area-averaging when smaller, bilinear when larger.
ImageU8 resized(const ImageU8& picture, int width, int height);

// GrabCut (Rother, Kolmogorov and Blake 2004) inside a box: 255 where the object is. `hints` (may be null): 0 unknown,
// 1 surely not, 2 surely the object. Works on a smaller copy above 1 megapixel.
ImageU8 grabcut(const ImageU8& photo, double x, double y, double width, double height, const ImageU8* hints,
                int iterations, const Progress& progress);

}  // namespace tactus::io
