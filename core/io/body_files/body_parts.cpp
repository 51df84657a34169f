#include "body_parts.h"

#include <algorithm>
#include <string_view>

namespace tactus::io {
namespace {

// normal: outward, frame body (front is +z, up +y).
std::string part_of(std::string_view bone, const Eigen::Vector3f& normal) {
  std::string side;
  if (bone.ends_with(".L")) side = "left ";
  if (bone.ends_with(".R")) side = "right ";
  const auto starts = [&](std::string_view prefix) { return bone.starts_with(prefix); };
  const bool front = normal.z() > 0.0F;
  if (starts("finger")) return side + "fingers";
  if (starts("wrist") || starts("metacarpal")) return side + "hand";
  if (starts("lowerarm")) return side + "forearm";
  if (starts("upperarm")) return side + "upper arm";
  if (starts("shoulder") || starts("clavicle")) return side + "shoulder";
  if (starts("toe") || starts("foot")) return side + (normal.y() < -0.5F ? "sole" : "foot");
  if (starts("lowerleg")) return side + "lower leg";
  if (starts("upperleg")) return side + "thigh";
  if (starts("pelvis")) return side + (front ? "hip" : "buttock");
  if (starts("root")) return front ? "abdomen" : "lower back";
  if (starts("breast")) return "chest";
  if (starts("spine01") || starts("spine02")) return front ? "chest" : "upper back";
  if (starts("spine03")) return front ? "abdomen" : "upper back";
  if (starts("spine")) return front ? "abdomen" : "lower back";
  if (starts("neck")) return "neck";
  // head, jaw and the many bones of the face
  return normal.z() > 0.3F ? "face" : "head";
}

}  // namespace

void name_parts(body::BodyModelData& data) {
  const geometry::Vertices normals = geometry::vertex_normals({data.template_vertices, data.faces});
  data.vertex_parts.resize(static_cast<std::size_t>(data.template_vertices.rows()));
  const auto k = static_cast<std::size_t>(data.weights_per_vertex);
  for (std::size_t v = 0; v < data.vertex_parts.size(); ++v) {
    const auto first = data.skin_weights.begin() + static_cast<std::ptrdiff_t>(v * k);
    const auto heaviest = static_cast<std::size_t>(std::max_element(first, first + static_cast<std::ptrdiff_t>(k)) - first);
    const auto& bone = data.bones[data.skin_bones[v * k + heaviest]];
    const std::string part = part_of(bone.name, normals.row(static_cast<Eigen::Index>(v)).transpose());
    const auto found = std::find(data.part_names.begin(), data.part_names.end(), part);
    data.vertex_parts[v] = static_cast<std::uint8_t>(found - data.part_names.begin());
    if (found == data.part_names.end()) data.part_names.push_back(part);
  }
}

}  // namespace tactus::io
