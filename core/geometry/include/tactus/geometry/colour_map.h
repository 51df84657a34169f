// The colours of contact, one map for files, pictures and the window.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <vector>

#include "tactus/geometry/mesh.h"

namespace tactus::geometry {

// A sequential map of our own from dark blue over purple and orange to pale yellow; its lightness rises evenly from
// 25 to 93 (CIE L*), so it reads in grey and for the colour-blind. t in [0, 1], RGB in [0, 1].
std::array<float, 3> contact_colour(float t);

// Grey where no view saw the vertex: unseen is not "no contact".
inline constexpr std::array<float, 3> kUnseenColour = {0.55F, 0.55F, 0.57F};
Colours contact_colours(const Eigen::VectorXf& probability, const std::vector<std::uint8_t>& coverage);

}  // namespace tactus::geometry
