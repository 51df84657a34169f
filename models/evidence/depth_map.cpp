// A z-buffer of 1/z, which is linear in the picture.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "tactus/evidence/observation.h"

namespace tactus::evidence {
namespace {

constexpr float kNear = 0.02F;   // metres; what is nearer, or behind the camera, is cut away

struct Corner {
  float u, v, inverse_z;   // pixels from the centre of the first pixel: centres are whole numbers
};

// The whole number at or after a place that is not negative, without the library's call.
inline int first_centre(float at) {
  const int before = static_cast<int>(at);
  return before + (static_cast<float>(before) < at ? 1 : 0);
}

void fill(const Corner& a, const Corner& b, const Corner& c, ImageF& nearest) {
  const float low_u = std::min(std::min(a.u, b.u), c.u), high_u = std::max(std::max(a.u, b.u), c.u);
  const float low_v = std::min(std::min(a.v, b.v), c.v), high_v = std::max(std::max(a.v, b.v), c.v);
  const auto last_u = static_cast<float>(nearest.width - 1), last_v = static_cast<float>(nearest.height - 1);
  if (!(high_u >= 0.0F && low_u <= last_u && high_v >= 0.0F && low_v <= last_v)) return;
  // Most faces are smaller than a pixel and hold no centre.
  const int c0 = first_centre(std::max(low_u, 0.0F)), c1 = static_cast<int>(std::min(high_u, last_u));
  if (c0 > c1) return;
  const int r0 = first_centre(std::max(low_v, 0.0F)), r1 = static_cast<int>(std::min(high_v, last_v));
  if (r0 > r1) return;
  const float area = (b.u - a.u) * (c.v - a.v) - (b.v - a.v) * (c.u - a.u);
  if (area == 0.0F) return;
  const float over = 1.0F / area;
  for (int r = r0; r <= r1; ++r) {
    const float v = static_cast<float>(r);
    float* row = nearest.row(r);
    for (int k = c0; k <= c1; ++k) {
      const float u = static_cast<float>(k);
      const float wb = ((u - a.u) * (c.v - a.v) - (v - a.v) * (c.u - a.u)) * over;
      const float wc = ((b.u - a.u) * (v - a.v) - (b.v - a.v) * (u - a.u)) * over;
      const float wa = 1.0F - wb - wc;
      constexpr float kEdge = -1e-5F;   // neighbouring faces leave no gap
      if (wa < kEdge || wb < kEdge || wc < kEdge) continue;
      row[k] = std::max(row[k], wa * a.inverse_z + wb * b.inverse_z + wc * c.inverse_z);
    }
  }
}

}  // namespace

ImageF depth_map(const geometry::Vertices& vertices, const geometry::Faces& faces, const geometry::PinholeCamera& camera) {
  const auto fx = static_cast<float>(camera.focal_x), fy = static_cast<float>(camera.focal_y);
  const auto cx = static_cast<float>(camera.centre_x - 0.5), cy = static_cast<float>(camera.centre_y - 0.5);
  const auto project = [&](const Eigen::Vector3f& p) {
    const float inverse = 1.0F / p.z();
    return Corner{fx * p.x() * inverse + cx, fy * p.y() * inverse + cy, inverse};
  };
  thread_local std::vector<Corner> corners;   // kept: fresh pages cost as much as the projection
  corners.resize(static_cast<std::size_t>(vertices.rows()));
  for (Eigen::Index i = 0; i < vertices.rows(); ++i)
    corners[static_cast<std::size_t>(i)] = vertices(i, 2) > kNear ? project(vertices.row(i)) : Corner{0, 0, -1.0F};
  ImageF nearest(camera.width, camera.height);   // of 1/z
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    const Corner& a = corners[static_cast<std::size_t>(faces(f, 0))];
    const Corner& b = corners[static_cast<std::size_t>(faces(f, 1))];
    const Corner& c = corners[static_cast<std::size_t>(faces(f, 2))];
    const int before = (a.inverse_z > 0.0F) + (b.inverse_z > 0.0F) + (c.inverse_z > 0.0F);
    if (before == 3) {
      fill(a, b, c, nearest);
    } else if (before > 0) {   // cut at the near plane: three or four corners are left
      std::array<Corner, 4> left{};
      std::size_t count = 0;
      for (int i = 0; i < 3; ++i) {
        const Eigen::Vector3f p = vertices.row(faces(f, i)), q = vertices.row(faces(f, (i + 1) % 3));
        if (p.z() > kNear) left[count++] = project(p);
        if ((p.z() > kNear) != (q.z() > kNear)) {
          Eigen::Vector3f cut = p + (kNear - p.z()) / (q.z() - p.z()) * (q - p);
          cut.z() = kNear;
          left[count++] = project(cut);
        }
      }
      for (std::size_t i = 2; i < count; ++i) fill(left[0], left[i - 1], left[i], nearest);
    }
  }
  for (float& value : nearest.data) value = value > 0.0F ? 1.0F / value : 0.0F;
  return nearest;
}

}  // namespace tactus::evidence
