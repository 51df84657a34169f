// The per-pixel rules of PyTorch3D's rasteriser (METHOD.md §3.9, §8.9), in single precision as published.
#pragma once

#include <Eigen/Core>
#include <algorithm>

namespace tactus::render {

using Float2 = Eigen::Vector2f;
using Float3 = Eigen::Vector3f;

inline constexpr float kAreaEpsilon = 1e-8F;

// NDC coordinate of the centre of pixel i of `size` along an axis that grows with i; the image's x and y run the
// other way, so callers pass size - 1 - i. The shorter side spans [-1, 1].
inline float ndc_of_pixel(int i, int size, int other_size) {
  const float range = size > other_size ? 2.0F * static_cast<float>(size) / static_cast<float>(other_size) : 2.0F;
  const float offset = range / 2.0F;
  return -offset + (range * static_cast<float>(i) + offset) / static_cast<float>(size);
}

// Signed doubled area of the triangle p, a, b.
inline float edge_function(const Float2& p, const Float2& a, const Float2& b) {
  return (p.x() - a.x()) * (b.y() - a.y()) - (p.y() - a.y()) * (b.x() - a.x());
}

inline Float3 barycentrics(const Float2& p, const Float2& v0, const Float2& v1, const Float2& v2) {
  const float area = edge_function(v2, v0, v1) + kAreaEpsilon;
  return {edge_function(p, v1, v2) / area, edge_function(p, v2, v0) / area, edge_function(p, v0, v1) / area};
}

inline Float3 perspective_corrected(const Float3& w, float z0, float z1, float z2) {
  const float t0 = w.x() * z1 * z2, t1 = z0 * w.y() * z2, t2 = z0 * z1 * w.z();
  const float denominator = std::max(t0 + t1 + t2, kAreaEpsilon);
  return {t0 / denominator, t1 / denominator, t2 / denominator};
}

inline Float3 clipped_barycentrics(const Float3& w) {
  const Float3 positive = w.cwiseMax(0.0F);
  return positive / std::max(positive.sum(), 1e-5F);
}

// Squared distance of p to the segment a b, and the weight of b at the nearest point. Segments of squared length
// ≤ 1e-8 count as the point b.
struct SegmentDistance {
  float squared;
  float weight_b;
};
inline SegmentDistance segment_distance(const Float2& p, const Float2& a, const Float2& b) {
  const Float2 ab = b - a;
  const float length2 = ab.squaredNorm();
  if (length2 <= kAreaEpsilon) return {(p - b).squaredNorm(), 1.0F};
  const float t = std::clamp(ab.dot(p - a) / length2, 0.0F, 1.0F);
  return {(p - (a + t * ab)).squaredNorm(), t};
}

}  // namespace tactus::render
