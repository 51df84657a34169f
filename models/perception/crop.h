// Squares of a photograph as the network looks at them, and back.
#pragma once

#include <Eigen/Core>

#include "tactus/image.h"

namespace tactus::perception {

// A square of the photograph: corner and side in its pixels (pixel j covers [j, j + 1)); it may reach beyond the photograph.
struct Box {
  double x = 0, y = 0, side = 1;
  // Crop pixels of a crop `size` a side, and back. Exact inverses up to rounding.
  Eigen::Vector2d to_crop(const Eigen::Vector2d& photo, double size) const { return {(photo.x() - x) * size / side, (photo.y() - y) * size / side}; }
  Eigen::Vector2d to_photo(const Eigen::Vector2d& crop, double size) const { return {x + crop.x() * side / size, y + crop.y() * side / size}; }
};

// The smallest square around the whole photograph, in its middle.
Box whole_box(int width, int height);

// [3, size, size] planes: (value / 255 - 0.5) / 0.25. Bilinear, with the filter widened to the crop's pixels where those are
// larger than the photograph's; 0 (mid grey) beyond the photograph. Error{bad_input}: not three channels.
void crop_picture(const ImageU8& rgb, const Box& box, int size, float* planes);

// The value of a map [size, size] that covers `box` at a point of the photograph: bilinear, its edge values beyond it.
float value_at(const float* map, int size, const Box& box, double x, double y);

}  // namespace tactus::perception
