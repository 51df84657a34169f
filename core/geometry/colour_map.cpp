#include "tactus/geometry/colour_map.h"

#include <algorithm>

namespace tactus::geometry {

std::array<float, 3> contact_colour(float t) {
  static constexpr std::array<std::array<float, 3>, 6> anchors = {{{0.16F, 0.22F, 0.48F}, {0.42F, 0.25F, 0.60F}, {0.69F, 0.30F, 0.56F},
                                                                  {0.90F, 0.44F, 0.38F}, {0.98F, 0.68F, 0.33F}, {0.99F, 0.92F, 0.62F}}};
  const float position = std::clamp(t, 0.0F, 1.0F) * 5.0F;
  const auto below = std::min<std::size_t>(static_cast<std::size_t>(position), 4);
  const float f = position - static_cast<float>(below);
  std::array<float, 3> colour{};
  for (std::size_t k = 0; k < 3; ++k) colour[k] = (1.0F - f) * anchors[below][k] + f * anchors[below + 1][k];
  return colour;
}

Colours contact_colours(const Eigen::VectorXf& probability, const std::vector<std::uint8_t>& coverage) {
  Colours colours(probability.size(), 3);
  for (Eigen::Index i = 0; i < probability.size(); ++i) {
    const bool seen = static_cast<std::size_t>(i) >= coverage.size() || coverage[static_cast<std::size_t>(i)] > 0;
    const auto c = seen ? contact_colour(probability[i]) : kUnseenColour;
    for (int k = 0; k < 3; ++k) colours(i, k) = c[static_cast<std::size_t>(k)];
  }
  return colours;
}

}  // namespace tactus::geometry
