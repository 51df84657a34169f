#include "raster.h"

#include <algorithm>
#include <cmath>

namespace tactus::synth {

void rasterise(const geometry::Vertices& vertices, const geometry::Faces& faces, const geometry::PinholeCamera& camera,
               std::int32_t surface, Fragments& fragments) {
  constexpr float kNear = 0.05F;
  struct Corner {
    float x, y, inverse_depth;
  };
  std::vector<Corner> corners(static_cast<std::size_t>(vertices.rows()));
  for (Eigen::Index i = 0; i < vertices.rows(); ++i) {
    const float z = vertices(i, 2);
    if (z < kNear) {
      corners[static_cast<std::size_t>(i)] = {0, 0, 0};
      continue;
    }
    corners[static_cast<std::size_t>(i)] = {static_cast<float>(camera.focal_x) * vertices(i, 0) / z + static_cast<float>(camera.centre_x),
                                            static_cast<float>(camera.focal_y) * vertices(i, 1) / z + static_cast<float>(camera.centre_y), 1.0F / z};
  }
  const auto pixel = [](float x, int limit) { return static_cast<int>(std::clamp(x, 0.0F, static_cast<float>(limit))); };
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    const Corner& a = corners[static_cast<std::size_t>(faces(f, 0))];
    const Corner& b = corners[static_cast<std::size_t>(faces(f, 1))];
    const Corner& c = corners[static_cast<std::size_t>(faces(f, 2))];
    if (a.inverse_depth == 0 || b.inverse_depth == 0 || c.inverse_depth == 0) continue;
    const float area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    if (std::abs(area) < 1e-9F) continue;
    // Pixels whose middles may lie inside.
    const int left = pixel(std::ceil(std::min({a.x, b.x, c.x}) - 0.5F), fragments.width);
    const int right = pixel(std::floor(std::max({a.x, b.x, c.x}) - 0.5F) + 1.0F, fragments.width);
    const int top = pixel(std::ceil(std::min({a.y, b.y, c.y}) - 0.5F), fragments.height);
    const int bottom = pixel(std::floor(std::max({a.y, b.y, c.y}) - 0.5F) + 1.0F, fragments.height);
    for (int row = top; row < bottom; ++row) {
      const float y = static_cast<float>(row) + 0.5F;
      for (int column = left; column < right; ++column) {
        const float x = static_cast<float>(column) + 0.5F;
        const float wa = ((b.x - x) * (c.y - y) - (b.y - y) * (c.x - x)) / area;
        const float wb = ((c.x - x) * (a.y - y) - (c.y - y) * (a.x - x)) / area;
        const float wc = 1.0F - wa - wb;
        if (wa < 0 || wb < 0 || wc < 0) continue;
        const float inverse = wa * a.inverse_depth + wb * b.inverse_depth + wc * c.inverse_depth;
        Fragment& fragment = fragments.at[static_cast<std::size_t>(row) * static_cast<std::size_t>(fragments.width) + static_cast<std::size_t>(column)];
        const float depth = 1.0F / inverse;
        if (fragment.depth > 0 && fragment.depth <= depth) continue;
        fragment = {depth, surface, static_cast<std::int32_t>(f), {wa * a.inverse_depth * depth, wb * b.inverse_depth * depth}};
      }
    }
  }
}

}  // namespace tactus::synth
