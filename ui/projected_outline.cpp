#include "tactus/ui/projected_outline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace tactus::ui {

namespace {

// Sets the pixels whose centres a triangle covers; thin ones still mark where their corners are.
void fill(std::vector<std::uint8_t>& mask, int width, int height, std::array<std::array<float, 2>, 3> p) {
  for (const auto& [x, y] : p) {
    const int c = static_cast<int>(std::floor(x)), row = static_cast<int>(std::floor(y));
    if (c >= 0 && c < width && row >= 0 && row < height) mask[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(c)] = 1;
  }
  std::sort(p.begin(), p.end(), [](const auto& a, const auto& b) { return a[1] < b[1]; });
  const int first = std::max(0, static_cast<int>(std::ceil(p[0][1] - 0.5F))), last = std::min(height - 1, static_cast<int>(std::floor(p[2][1] - 0.5F)));
  for (int row = first; row <= last; ++row) {
    const float y = static_cast<float>(row) + 0.5F;
    const auto along = [y](const auto& a, const auto& b) { return b[1] > a[1] ? a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) : a[0]; };
    float x0 = along(p[0], p[2]), x1 = y < p[1][1] ? along(p[0], p[1]) : along(p[1], p[2]);
    if (x0 > x1) std::swap(x0, x1);
    const int from = std::max(0, static_cast<int>(std::ceil(x0 - 0.5F))), to = std::min(width - 1, static_cast<int>(std::floor(x1 - 0.5F)));
    if (from <= to) std::fill_n(mask.begin() + static_cast<std::ptrdiff_t>(row) * width + from, to - from + 1, std::uint8_t{1});
  }
}

}  // namespace

void draw_outline(QImage& picture, const geometry::Mesh& mesh, const std::optional<geometry::SimilarityTransform>& pose,
                  const geometry::PinholeCamera& camera, double scale, QRgb colour) {
  const int width = picture.width(), height = picture.height();
  if (width < 1 || height < 1 || camera.width < 1) return;
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0);
  std::vector<std::array<float, 2>> pixels(static_cast<std::size_t>(mesh.vertex_count()));
  std::vector<bool> front(pixels.size());
  // Far outside is as good as further outside, and keeps the arithmetic of pixels in range.
  const auto within = [](double v) { return static_cast<float>(std::clamp(v, -1e5, 1e5)); };
  for (int i = 0; i < mesh.vertex_count(); ++i) {
    Eigen::Vector3d p = mesh.vertices.row(i).transpose().cast<double>();
    if (pose) p = *pose * p;
    const auto k = static_cast<std::size_t>(i);
    front[k] = p.z() > 0.01;
    if (!front[k]) continue;
    const Eigen::Vector2d u = camera.project(p);
    pixels[k] = {within(scale * u.x()), within(scale * u.y())};
  }
  for (int f = 0; f < mesh.face_count(); ++f) {
    const auto a = static_cast<std::size_t>(mesh.faces(f, 0)), b = static_cast<std::size_t>(mesh.faces(f, 1)), c = static_cast<std::size_t>(mesh.faces(f, 2));
    if (front[a] && front[b] && front[c]) fill(mask, width, height, {pixels[a], pixels[b], pixels[c]});
  }
  const auto inside = [&](int c, int row) { return mask[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(c)] != 0; };
  for (int row = 0; row < height; ++row) {
    auto* line = reinterpret_cast<QRgb*>(picture.scanLine(row));
    for (int c = 0; c < width; ++c) {
      if (!inside(c, row)) continue;
      // At the picture's own border the silhouette goes on outside.
      constexpr int kWidth = 3;
      if (!inside(c, std::max(0, row - kWidth)) || !inside(c, std::min(height - 1, row + kWidth)) || !inside(std::max(0, c - kWidth), row) ||
          !inside(std::min(width - 1, c + kWidth), row))
        line[c] = colour;
    }
  }
}

}  // namespace tactus::ui
