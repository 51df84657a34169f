// The 23 named points of a person: COCO's 17, then 6 of the feet (COCO-WholeBody's order).
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstddef>
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

// A body can be fitted to marks (fit_body) from so many on, so many of them on the torso: shoulders and hips.
inline constexpr int kFewestMarks = 6, kFewestOnTorso = 2;

struct MarkCount {
  int all = 0, torso = 0;
  bool enough() const { return all >= kFewestMarks && torso >= kFewestOnTorso; }
};
inline MarkCount count_marks(const Keypoints& points) {
  MarkCount count;
  for (std::size_t k = 0; k < points.size(); ++k) {
    if (points[k].visibility == Visibility::unknown) continue;
    ++count.all;
    const std::string_view name = kKeypointNames[k];
    count.torso += name.ends_with("shoulder") || name.ends_with("hip") ? 1 : 0;
  }
  return count;
}

}  // namespace tactus::body
