// The numbers of a photograph as a whole.
#pragma once

#include <vector>

#include "tactus/evidence/evidence.h"

namespace tactus::evidence {

// What gather() has of the object's mask.
struct MaskGeometry {
  int pixels = 0;
  int first_row = 0, last_row = 0;                  // of the mask
  int first_column = 0, last_column = 0;
  double variance_x = 0, variance_y = 0, covariance = 0;   // of the places of its pixels
  std::vector<int> left, right;                     // [rows] first and last column of the mask in a row; left > right: none
  const ImageF* distance = nullptr;                 // signed_distance of the mask
  ImageU8 border;                                   // mask pixels within 2 pixels of the person's mask
  int border_pixels = 0;
};

// Depth of an object of sides `size` (sorted from large to small, metres) whose mask has these extents, by the README's formula:
// log(depth / 1 m) and its uncertainty. `covered` is the part of the mask's outline along the person, `cut` whether the mask
// leaves the crop or the photograph. Unknown size: spread 1.
struct DepthFromSize {
  double log_depth = 0.0, spread = 1.0;
  bool known = false;
};
DepthFromSize depth_from_size(const MaskGeometry& mask, const Eigen::Vector3d& size, double size_spread, double focal_px,
                              double covered, bool cut);

// Fills evidence.global; `nearest_m` is the smallest distance of a visible point. Returns the depth of the object.
DepthFromSize gather_globals(const Observation& observation, const BodySample& sample, const MaskGeometry& mask,
                             const Eigen::Vector3d& pelvis, double nearest_m, Evidence& evidence);

}  // namespace tactus::evidence
