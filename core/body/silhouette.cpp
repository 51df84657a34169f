#include "silhouette.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tactus::body {

ImageU8 filled_silhouette(const geometry::Mesh& mesh, const geometry::PinholeCamera& camera) {
  ImageU8 mask(camera.width, camera.height);
  for (int f = 0; f < mesh.face_count(); ++f) {
    Eigen::Vector2d p[3];
    bool behind = false;
    for (int k = 0; k < 3; ++k) {
      const Eigen::Vector3d point = mesh.vertices.row(mesh.faces(f, k)).transpose().cast<double>();
      behind = behind || point.z() < 1e-6;
      if (!behind) p[k] = camera.project(point);
    }
    if (behind) continue;
    const double low = std::min({p[0].y(), p[1].y(), p[2].y()}),
                 high = std::max({p[0].y(), p[1].y(), p[2].y()});
    const int first = std::max(0, static_cast<int>(std::ceil(std::max(low - 0.5, -1.0))));
    const int last = std::min(camera.height - 1, static_cast<int>(std::floor(std::min(high - 0.5, 1e6))));
    for (int row = first; row <= last; ++row) {
      const double y = row + 0.5;
      double left = std::numeric_limits<double>::infinity(), right = -left;
      for (int k = 0; k < 3; ++k) {
        const auto &a = p[k], &b = p[(k + 1) % 3];
        if ((a.y() <= y) == (b.y() <= y)) continue;
        const double x = a.x() + (y - a.y()) / (b.y() - a.y()) * (b.x() - a.x());
        left = std::min(left, x);
        right = std::max(right, x);
      }
      if (!(left <= right)) continue;
      const int begin = std::max(0, static_cast<int>(std::ceil(std::max(left - 0.5, -1.0))));
      const int end = std::min(camera.width, static_cast<int>(std::floor(std::min(right - 0.5, 1e6))) + 1);
      if (begin < end) std::fill(mask.row(row) + begin, mask.row(row) + end, std::uint8_t{255});
    }
  }
  return mask;
}

ImageF distance_to_mask(const ImageU8& mask) {
  // Felzenszwalb and Huttenlocher 2012: lower envelope of parabolas, columns then rows.
  const int w = mask.width, h = mask.height;
  constexpr float kFar = 1e12F;
  ImageF squared(w, h);
  for (std::size_t i = 0; i < squared.data.size(); ++i) squared.data[i] = mask.data[i] != 0 ? 0.0F : kFar;
  const int longest = std::max(w, h);
  std::vector<float> line(static_cast<std::size_t>(longest)), out(line.size());
  std::vector<int> apex(line.size());
  std::vector<double> border(line.size() + 1);
  const auto transform = [&](int n) {
    int k = 0;
    apex[0] = 0;
    border[0] = -1e20;
    border[1] = 1e20;
    for (int q = 1; q < n; ++q) {
      double s = 0;
      for (;;) {
        const int p = apex[static_cast<std::size_t>(k)];
        s = ((static_cast<double>(line[static_cast<std::size_t>(q)]) + static_cast<double>(q) * q) -
             (static_cast<double>(line[static_cast<std::size_t>(p)]) + static_cast<double>(p) * p)) /
            (2.0 * (q - p));
        if (s > border[static_cast<std::size_t>(k)] || k == 0) break;
        --k;
      }
      if (s <= border[static_cast<std::size_t>(k)]) s = border[static_cast<std::size_t>(k)];
      ++k;
      apex[static_cast<std::size_t>(k)] = q;
      border[static_cast<std::size_t>(k)] = s;
      border[static_cast<std::size_t>(k) + 1] = 1e20;
    }
    k = 0;
    for (int q = 0; q < n; ++q) {
      while (border[static_cast<std::size_t>(k) + 1] < q) ++k;
      const int p = apex[static_cast<std::size_t>(k)];
      out[static_cast<std::size_t>(q)] =
          static_cast<float>(q - p) * static_cast<float>(q - p) + line[static_cast<std::size_t>(p)];
    }
  };
  for (int x = 0; x < w; ++x) {
    for (int y = 0; y < h; ++y) line[static_cast<std::size_t>(y)] = squared.at(x, y);
    transform(h);
    for (int y = 0; y < h; ++y) squared.at(x, y) = out[static_cast<std::size_t>(y)];
  }
  for (int y = 0; y < h; ++y) {
    std::copy_n(squared.row(y), w, line.begin());
    transform(w);
    std::copy_n(out.begin(), w, squared.row(y));
  }
  for (auto& d : squared.data)
    d = std::sqrt(std::min(d, static_cast<float>(longest) * static_cast<float>(longest) * 4.0F));
  return squared;
}

}  // namespace tactus::body
