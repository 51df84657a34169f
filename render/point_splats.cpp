// Point splats (METHOD.md §3.10).
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "projection.h"
#include "raster_math.h"
#include "tactus/parallel.h"
#include "tactus/render/cpu.h"

namespace tactus::render {

PointSplats splat_points(const geometry::Vertices& points, const geometry::Colours& colours,
                         const views::RasterCamera& camera, const PointSplatOptions& options) {
  const geometry::Vertices projected = project(points, camera);
  const int w = camera.width, h = camera.height;
  const auto radius = static_cast<float>(options.radius_ndc);
  const float unit = 0.5F * static_cast<float>(std::min(w, h));

  // Nearest first, the earlier point on a tie: then every pixel meets its points in compositing order.
  std::vector<int> order;
  for (int i = 0; i < static_cast<int>(points.rows()); ++i)
    if (projected(i, 2) >= 0.0F) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return projected(a, 2) < projected(b, 2); });

  PointSplats result{ImageU8(w, h, 3, 255), ImageI32(w, h, 1, -1)};
  constexpr std::size_t kBand = 16;
  parallel_for(static_cast<std::size_t>(h), kBand, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<int>(begin), last = static_cast<int>(end);
    const std::size_t pixels = (end - begin) * static_cast<std::size_t>(w);
    std::vector<Float3> colour(pixels, Float3::Zero());
    std::vector<float> through(pixels, 1.0F);
    std::vector<int> covered(pixels, 0);
    for (const int i : order) {
      const float x = projected(i, 0), y = projected(i, 1);
      const float column = 0.5F * static_cast<float>(w) - x * unit, row = 0.5F * static_cast<float>(h) - y * unit;
      const float reach = radius * unit + 1.0F;
      const int row_begin = std::max(first, static_cast<int>(std::floor(row - reach)));
      const int row_end = std::min(last, static_cast<int>(std::ceil(row + reach)));
      const int column_begin = std::max(0, static_cast<int>(std::floor(column - reach)));
      const int column_end = std::min(w, static_cast<int>(std::ceil(column + reach)));
      for (int r = row_begin; r < row_end; ++r) {
        const float dy = ndc_of_pixel(h - 1 - r, h, w) - y;
        for (int c = column_begin; c < column_end; ++c) {
          const float dx = ndc_of_pixel(w - 1 - c, w, h) - x;
          const float distance2 = dx * dx + dy * dy;
          if (!(distance2 < radius * radius)) continue;
          const std::size_t local = static_cast<std::size_t>(r - first) * static_cast<std::size_t>(w) + static_cast<std::size_t>(c);
          if (covered[local] >= options.points_per_pixel) continue;
          if (covered[local]++ == 0) result.point_ids.at(c, r) = i;
          const float alpha = 1.0F - distance2 / (radius * radius);
          colour[local] += alpha * through[local] * colours.row(i).transpose();
          through[local] *= 1.0F - alpha;
        }
      }
    }
    for (std::size_t local = 0; local < pixels; ++local) {
      if (covered[local] == 0) continue;
      for (std::size_t k = 0; k < 3; ++k) {
        result.picture.data[3 * (begin * static_cast<std::size_t>(w) + local) + k] = static_cast<std::uint8_t>(
            std::clamp(colour[local][static_cast<Eigen::Index>(k)] * 255.0F, 0.0F, 255.0F));
      }
    }
  });
  return result;
}

}  // namespace tactus::render
