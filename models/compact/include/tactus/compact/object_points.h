// What the compact network is told of an object's surface. No torch types here.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <vector>

#include "tactus/compact/vocabulary.h"
#include "tactus/objects/library.h"

namespace tactus::compact {

inline constexpr int kObjectFeatureCount = 13;
// Columns that change their sign when the object is mirrored, left to right.
inline constexpr std::array<int, 3> kTurnedObjectFeatures = {0, 3, 9};

struct ObjectPoints {
  // [N]: place in the bounding box (3, −1…1), normal (3), logarithm of the box's sides in metres (3), place from the box's centre in
  // metres (3), 1 where parts are known.
  Eigen::Matrix<float, Eigen::Dynamic, kObjectFeatureCount, Eigen::RowMajor> features;
  std::vector<std::int64_t> parts;   // [N]: the last word of the part's name; 0 where none is known
};

ObjectPoints object_points(const objects::ObjectMesh& object, const Vocabulary& vocabulary);

}  // namespace tactus::compact
