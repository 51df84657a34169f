#include "tactus/geometry/mesh.h"

#include <Eigen/Geometry>
#include <cmath>
#include <cstdint>
#include <unordered_map>

#include "tactus/error.h"

namespace tactus::geometry {
namespace {

Eigen::Vector3d corner(const Mesh& mesh, int face, int k) {
  return mesh.vertices.row(mesh.faces(face, k)).transpose().cast<double>();
}

}  // namespace

void validate(const Mesh& mesh, const std::string& what) {
  if (mesh.vertex_count() == 0) throw bad_input(what + ": the mesh has no vertices; it needs at least one triangle");
  if (mesh.face_count() == 0) throw bad_input(what + ": the mesh has no faces; it needs at least one triangle");
  for (int i = 0; i < mesh.vertex_count(); ++i) {
    if (!mesh.vertices.row(i).allFinite())
      throw bad_input(what + ": vertex " + std::to_string(i + 1) + " is not a finite number; all coordinates must be");
  }
  for (int f = 0; f < mesh.face_count(); ++f) {
    for (int k = 0; k < 3; ++k) {
      const int id = mesh.faces(f, k);
      if (id < 0 || id >= mesh.vertex_count())
        throw bad_input(what + ": face " + std::to_string(f + 1) + " names vertex " + std::to_string(id + 1) +
                        ", but there are " + std::to_string(mesh.vertex_count()));
    }
  }
}

Vertices vertex_normals(const Mesh& mesh) {
  // Summed in float as PyTorch3D does; the three cross products at a face's corners are the same vector.
  Vertices normals = Vertices::Zero(mesh.vertex_count(), 3);
  for (int f = 0; f < mesh.face_count(); ++f) {
    const Eigen::Vector3f a = mesh.vertices.row(mesh.faces(f, 0));
    const Eigen::Vector3f b = mesh.vertices.row(mesh.faces(f, 1));
    const Eigen::Vector3f c = mesh.vertices.row(mesh.faces(f, 2));
    const Eigen::Vector3f cross = (b - a).cross(c - a);
    for (int k = 0; k < 3; ++k) normals.row(mesh.faces(f, k)) += cross.transpose();
  }
  for (int i = 0; i < mesh.vertex_count(); ++i) normals.row(i) /= std::max(normals.row(i).norm(), 1e-6F);
  return normals;
}

Eigen::VectorXf vertex_areas(const Mesh& mesh) {
  Eigen::VectorXf areas = Eigen::VectorXf::Zero(mesh.vertex_count());
  for (int f = 0; f < mesh.face_count(); ++f) {
    const Eigen::Vector3d a = corner(mesh, f, 0), b = corner(mesh, f, 1), c = corner(mesh, f, 2);
    const auto third = static_cast<float>((b - a).cross(c - a).norm() / 6.0);
    for (int k = 0; k < 3; ++k) areas[mesh.faces(f, k)] += third;
  }
  return areas;
}

Eigen::Vector3d area_weighted_centroid(const Mesh& mesh) {
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  double total = 0.0;
  for (int f = 0; f < mesh.face_count(); ++f) {
    const Eigen::Vector3d a = corner(mesh, f, 0), b = corner(mesh, f, 1), c = corner(mesh, f, 2);
    const double area = 0.5 * (b - a).cross(c - a).norm();
    sum += area * (a + b + c) / 3.0;
    total += area;
  }
  if (total > 0.0) return sum / total;
  return mesh.vertices.cast<double>().colwise().mean().transpose();
}

double signed_volume(const Mesh& mesh) {
  double volume = 0.0;
  for (int f = 0; f < mesh.face_count(); ++f)
    volume += corner(mesh, f, 0).dot(corner(mesh, f, 1).cross(corner(mesh, f, 2))) / 6.0;
  return volume;
}

bool is_closed_and_oriented(const Mesh& mesh) {
  // Each directed edge once, and its reverse once.
  std::unordered_map<std::uint64_t, int> seen;
  seen.reserve(static_cast<std::size_t>(mesh.face_count()) * 3);
  const auto key = [](int from, int to) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(from)) << 32U) | static_cast<std::uint32_t>(to);
  };
  for (int f = 0; f < mesh.face_count(); ++f) {
    for (int k = 0; k < 3; ++k) {
      const int from = mesh.faces(f, k), to = mesh.faces(f, (k + 1) % 3);
      if (from == to || ++seen[key(from, to)] > 1) return false;
    }
  }
  for (const auto& [edge, count] : seen) {
    if (!seen.contains(key(static_cast<int>(edge & 0xffffffffU), static_cast<int>(edge >> 32U)))) return false;
  }
  return !seen.empty();
}

BoundingBox bounding_box(const Vertices& vertices) {
  if (vertices.rows() == 0) return {Eigen::Vector3f::Zero(), Eigen::Vector3f::Zero()};
  return {vertices.colwise().minCoeff().transpose(), vertices.colwise().maxCoeff().transpose()};
}

}  // namespace tactus::geometry
