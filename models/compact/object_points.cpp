#include "tactus/compact/object_points.h"

#include <algorithm>
#include <cmath>

namespace tactus::compact {

ObjectPoints object_points(const objects::ObjectMesh& object, const Vocabulary& vocabulary) {
  const Eigen::Index count = object.mesh.vertices.rows();
  ObjectPoints points;
  points.features.setZero(count, kObjectFeatureCount);
  points.parts.assign(static_cast<std::size_t>(count), 0);
  if (count == 0) return points;
  const geometry::BoundingBox box = geometry::bounding_box(object.mesh.vertices);
  const geometry::Vertices normals = geometry::vertex_normals(object.mesh);
  const Eigen::RowVector3f centre = box.centre().transpose(), half = 0.5F * box.size().transpose();
  std::vector<std::int64_t> words;
  for (const std::string& name : object.part_names) {
    const auto ids = vocabulary.encode(name);
    words.push_back(ids.empty() || ids.back() == Vocabulary::unknown ? 0 : ids.back());
  }
  const bool has_parts = object.vertex_parts.size() == static_cast<std::size_t>(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    auto row = points.features.row(i);
    const Eigen::RowVector3f place = object.mesh.vertices.row(i) - centre;
    for (Eigen::Index k = 0; k < 3; ++k) {
      row(k) = half(k) > 1e-6F ? place(k) / half(k) : 0.0F;
      row(6 + k) = std::clamp(std::log(2.0F * half(k) + 1e-3F), -7.0F, 3.0F);
      row(9 + k) = std::clamp(place(k), -3.0F, 3.0F);
    }
    row.segment<3>(3) = normals.row(i);
    if (!has_parts) continue;
    const std::size_t part = object.vertex_parts[static_cast<std::size_t>(i)];
    row(12) = 1.0F;
    points.parts[static_cast<std::size_t>(i)] = part < words.size() ? words[part] : 0;
  }
  return points;
}

}  // namespace tactus::compact
