// From RGB pictures to the tensors that the vision towers take (METHOD.md §2.5).
#pragma once

#include <torch/types.h>

#include <array>

#include "tactus/image.h"

namespace tactus::preprocess {

enum class Filter { bilinear, bicubic };   // bicubic: a = -0.5

// Antialiased resampling on 8 bits as Pillow does it: two passes, horizontal first, rounded to 8 bits after each,
// support growing with the shrinking ratio. Any number of channels. Throws Error{bad_input} on an empty picture.
ImageU8 resize(const ImageU8& picture, int width, int height, Filter filter);

// The square that CLIP looks at, on 8 bits: shortest edge to `size` (bicubic), centre crop.
ImageU8 clip_crop(const ImageU8& rgb, int size);

// CLIP: shortest edge to `size` (bicubic; long edge = int(size·long/short)), centre crop, /255, normalised.
// → float32 [1, 3, size, size].
at::Tensor clip_pixels(const ImageU8& rgb, int size, const std::array<float, 3>& mean, const std::array<float, 3>& std);

// SAM: longest side to `size` (bilinear, int(dim·scale + 0.5)), normalised, then zero-padded right and bottom.
struct SamPixels {
  at::Tensor pixels;                       // float32 [1, 3, size, size]
  int resized_width = 0, resized_height = 0;
};
SamPixels sam_pixels(const ImageU8& rgb, int size = 1024);

}  // namespace tactus::preprocess
