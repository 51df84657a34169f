#include "truth.h"

#include <algorithm>
#include <cmath>

namespace tactus::synth {
namespace {

using Eigen::Vector3f;

constexpr float kDeepestFound = 0.04F;   // how deep inside a vertex is still found; drafts with deeper ones are thrown away

float outside_box(const Vector3f& p, const Vector3f& lower, const Vector3f& upper) {
  return (lower - p).cwiseMax(p - upper).cwiseMax(0.0F).norm();
}

}  // namespace

std::vector<std::string> touched_parts(const std::vector<std::uint8_t>& contact, const std::vector<std::uint8_t>& parts,
                                       const std::vector<std::string>& names) {
  std::vector<int> all(names.size()), touched(names.size());
  for (std::size_t v = 0; v < parts.size(); ++v) {
    ++all[parts[v]];
    touched[parts[v]] += contact[v];
  }
  std::vector<std::string> list;
  for (std::size_t k = 0; k < names.size(); ++k)
    if (touched[k] > 0 && (touched[k] >= 5 || touched[k] >= 0.03 * all[k])) list.push_back(names[k]);
  return list;
}

float gap_between(const SurfaceTree& body, const Thing& thing, const Eigen::Isometry3d& body_from_thing, float most) {
  const Eigen::Isometry3f to_body = body_from_thing.cast<float>(), to_thing = body_from_thing.inverse().cast<float>();
  float best = most;
  constexpr Eigen::Index kStride = 6007;   // a prime
  const auto from = [&](const geometry::Vertices& points, const std::vector<std::uint8_t>* skip, const Eigen::Isometry3f& move, const SurfaceTree& to) {
    const Vector3f lower = to.lower(), upper = to.upper();
    const Eigen::Index stride = points.rows() % kStride == 0 ? 1 : kStride;
    for (Eigen::Index n = 0; n < points.rows(); ++n) {
      // In long strides, so that something near is met early and most of the rest needs no look.
      const Eigen::Index i = n * stride % points.rows();
      if (skip != nullptr && (*skip)[static_cast<std::size_t>(i)] != 0) continue;
      const Vector3f p = move * points.row(i).transpose();
      const float away = outside_box(p, lower, upper);
      if (away > 0.0F && away >= best) continue;
      const SurfaceHit hit = to.nearest(p, away > 0.0F ? best : std::max(best, kDeepestFound));
      if (hit.face >= 0) best = std::min(best, hit.distance);
    }
  };
  from(body.vertices(), nullptr, to_thing, thing.surface);
  from(thing.surface.vertices(), &thing.surface.topology().buried, to_body, body);
  return best;
}

void label(SceneObject& object, const Thing& thing, const SurfaceTree& body, const Eigen::Isometry3d& body_from_thing,
           const body::BodyModel& model) {
  const Eigen::Isometry3f to_body = body_from_thing.cast<float>(), to_thing = body_from_thing.inverse().cast<float>();
  const auto touched = [&](const SurfaceTree& from, Eigen::Index vertex, const Eigen::Isometry3f& move, const SurfaceTree& to) {
    const Vector3f p = move * from.vertices().row(vertex).transpose();
    const float away = outside_box(p, to.lower(), to.upper());
    if (away >= kContactDistance) return false;
    const SurfaceHit hit = to.nearest(p, away > 0.0F ? kContactDistance : kDeepestFound);
    if (hit.face < 0) return false;
    if (hit.distance < 0.0F) return true;
    const Vector3f normal = move.linear() * from.normals().row(vertex).transpose();
    return hit.distance < kContactDistance && normal.dot(hit.normal) < 0.0F;
  };
  object.body_contact.assign(static_cast<std::size_t>(body.vertices().rows()), 0);
  object.object_contact.assign(static_cast<std::size_t>(thing.surface.vertices().rows()), 0);
  for (Eigen::Index v = 0; v < body.vertices().rows(); ++v)
    object.body_contact[static_cast<std::size_t>(v)] = touched(body, v, to_thing, thing.surface) ? 1 : 0;
  const auto& buried = thing.surface.topology().buried;
  for (Eigen::Index v = 0; v < thing.surface.vertices().rows(); ++v)
    if (buried[static_cast<std::size_t>(v)] == 0)
      object.object_contact[static_cast<std::size_t>(v)] = touched(thing.surface, v, to_body, body) ? 1 : 0;
  object.distance_m = gap_between(body, thing, body_from_thing, 1e3F);
  object.body_parts = touched_parts(object.body_contact, model.vertex_parts(), model.part_names());
  object.object_parts = touched_parts(object.object_contact, thing.object->vertex_parts, thing.object->part_names);
}

}  // namespace tactus::synth
