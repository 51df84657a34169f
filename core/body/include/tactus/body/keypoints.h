// The 23 named points of a person: COCO's 17, then 6 of the feet (COCO-WholeBody's order).
#pragma once

#include <Eigen/Core>
#include <array>
#include <string_view>

namespace tactus::body {

inline constexpr int kKeypointCount = 23;
inline constexpr std::array<std::string_view, kKeypointCount> kKeypointNames = {
    "nose",          "left_eye",      "right_eye",      "left_ear",      "right_ear",     "left_shoulder",
    "right_shoulder", "left_elbow",   "right_elbow",    "left_wrist",    "right_wrist",   "left_hip",
    "right_hip",     "left_knee",     "right_knee",     "left_ankle",    "right_ankle",   "left_big_toe",
    "left_small_toe", "left_heel",    "right_big_toe",  "right_small_toe", "right_heel"};

// COCO's visibility flag.
enum class Visibility { unknown = 0, hidden = 1, visible = 2 };

// A point marked in the photograph, pixels. `unknown` points carry no position. "Left" is the person's left.
struct Keypoint {
  double x = 0.0, y = 0.0;
  Visibility visibility = Visibility::unknown;
  friend bool operator==(const Keypoint&, const Keypoint&) = default;
};
using Keypoints = std::array<Keypoint, kKeypointCount>;

}  // namespace tactus::body
