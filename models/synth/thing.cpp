#include "thing.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace tactus::synth {

using Eigen::Vector3d;

SurfaceTree Thing::tree_of(const objects::ObjectMesh& mesh) {
  return {std::make_shared<const SurfaceTopology>(mesh.mesh.vertices, mesh.mesh.faces, true), mesh.mesh.vertices};
}

Thing::Thing(objects::ObjectMesh mesh) : object(std::make_shared<const objects::ObjectMesh>(std::move(mesh))), surface(tree_of(*object)) {
  const auto bounds = geometry::bounding_box(object->mesh.vertices);
  box.lower = bounds.lower.cast<double>();
  box.upper = bounds.upper.cast<double>();
}

bool Thing::has_part(std::string_view part) const {
  return std::find(object->part_names.begin(), object->part_names.end(), part) != object->part_names.end();
}

std::vector<int> Thing::part_vertices(std::string_view name, std::optional<Side> side) const {
  std::vector<int> list;
  for (int v = 0; v < object->mesh.vertex_count(); ++v) {
    if (object->part_names[object->vertex_parts[static_cast<std::size_t>(v)]] != name) continue;
    const float x = object->mesh.vertices(v, 0);
    if (side && (*side == kLeft ? x <= 0.0F : x >= 0.0F)) continue;
    list.push_back(v);
  }
  return list;
}

PartBox Thing::part(std::string_view name, std::optional<Side> side) const {
  PartBox all;
  for (const int v : part_vertices(name, side)) {
    const Vector3d p = object->mesh.vertices.row(v).transpose().cast<double>();
    all.lower = all.lower.cwiseMin(p);
    all.upper = all.upper.cwiseMax(p);
  }
  return all;
}

double clearance(const geometry::Vertices& points, const Thing& thing, const Eigen::Isometry3d& world_from_thing, double radius) {
  const Eigen::Isometry3f back = world_from_thing.inverse().cast<float>();
  const Eigen::Vector3f lower = thing.surface.lower(), upper = thing.surface.upper();
  auto best = static_cast<float>(radius);
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const Eigen::Vector3f p = back * points.row(i).transpose();
    // Nothing outside the box by more than the best can be nearer; inside, the depth is looked for within the radius.
    const float away = (lower - p).cwiseMax(p - upper).cwiseMax(0.0F).norm();
    if (away >= std::max(best, 0.0F) && away > 0.0F) continue;
    const SurfaceHit hit = thing.surface.nearest(p, std::max(best, 0.035F));
    if (hit.face >= 0) best = std::min(best, hit.distance);
  }
  return best;
}

Grip bar_grip(const Thing& thing, const std::vector<int>& vertices, double from, double to, Random& random) {
  const auto at = [&](int v) { return Vector3d(thing.object->mesh.vertices.row(v).transpose().cast<double>()); };
  Vector3d mean = Vector3d::Zero();
  for (const int v : vertices) mean += at(v);
  mean /= static_cast<double>(std::max<std::size_t>(1, vertices.size()));
  Eigen::Matrix3d spread = Eigen::Matrix3d::Zero();
  for (const int v : vertices) spread += (at(v) - mean) * (at(v) - mean).transpose();
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(spread);
  Vector3d axis = solver.eigenvectors().col(2);
  if (axis.y() < 0 || (std::abs(axis.y()) < 1e-6 && axis.x() < 0)) axis = -axis;
  double low = 1e9, high = -1e9;
  for (const int v : vertices) {
    low = std::min(low, axis.dot(at(v) - mean));
    high = std::max(high, axis.dot(at(v) - mean));
  }
  const double place = low + (high - low) * random.uniform(from, to);
  // The middle of the bar there: it may be bent.
  Vector3d middle = Vector3d::Zero(), lower = Vector3d::Constant(1e9), upper = Vector3d::Constant(-1e9);
  int found = 0;
  for (double window = 0.02; found < 6 && window < 1.0; window *= 1.6) {
    found = 0;
    lower.setConstant(1e9);
    upper.setConstant(-1e9);
    for (const int v : vertices) {
      if (std::abs(axis.dot(at(v) - mean) - place) > window) continue;
      lower = lower.cwiseMin(at(v));
      upper = upper.cwiseMax(at(v));
      ++found;
    }
  }
  middle = 0.5 * (lower + upper);
  middle += axis * (place - axis.dot(middle - mean));
  const double around = random.uniform(0.0, 2.0 * std::numbers::pi);
  const Vector3d u = axis.unitOrthogonal(), v = axis.cross(u);
  const Vector3d outward = std::cos(around) * u + std::sin(around) * v;
  double radius = 0.0;
  for (const int w : vertices)
    if (std::abs(axis.dot(at(w) - mean) - place) < 0.03) radius = std::max(radius, outward.dot(at(w) - middle));
  Grip grip;
  grip.point = middle + radius * outward;
  grip.palm = -outward;
  grip.fingers = axis.cross(grip.palm) * (random.uniform() < 0.5 ? 1.0 : -1.0);
  grip.along = random.uniform(0.75, 0.95);
  return grip;
}

Grip face_grip(const PartBox& box, const Vector3d& normal, const Vector3d& fingers, Random& random) {
  Grip grip;
  for (Eigen::Index k = 0; k < 3; ++k) grip.point[k] = box.centre()[k] + random.uniform(-0.3, 0.3) * box.size()[k];
  Eigen::Index axis = 0;
  normal.cwiseAbs().maxCoeff(&axis);
  grip.point[axis] = normal[axis] > 0 ? box.upper[axis] : box.lower[axis];
  grip.palm = -normal;
  grip.fingers = (fingers - normal * normal.dot(fingers)).normalized();
  grip.along = random.uniform(0.6, 1.0);
  grip.closing = 0.5;
  return grip;
}

Grip ball_grip(const Thing& thing, const Vector3d& towards, Random& random) {
  Grip grip;
  const double radius = 0.5 * thing.box.size().x();
  grip.palm = -towards.normalized();
  grip.point = thing.box.centre() - radius * grip.palm;
  const double around = random.uniform(0.0, 2.0 * std::numbers::pi);
  const Vector3d u = grip.palm.unitOrthogonal(), v = grip.palm.cross(u);
  grip.fingers = std::cos(around) * u + std::sin(around) * v;
  grip.along = random.uniform(0.7, 1.0);
  return grip;
}

}  // namespace tactus::synth
