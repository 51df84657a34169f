// Triangle meshes.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

namespace tactus::geometry {

using Vertices = Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>;       // [N, 3], metres
using Faces = Eigen::Matrix<std::int32_t, Eigen::Dynamic, 3, Eigen::RowMajor>;   // [F, 3], counter-clockwise seen from outside
using Colours = Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>;        // [N, 3], RGB in [0, 1]

// Vertices keep the order and the number of the file or generator they came from: contact vectors are indexed
// by them. Nothing in Tactus merges, splits or reorders the vertices of a mesh.
struct Mesh {
  Vertices vertices;
  Faces faces;

  int vertex_count() const { return static_cast<int>(vertices.rows()); }
  int face_count() const { return static_cast<int>(faces.rows()); }
};

// Throws Error{bad_input} naming `what` when there are no vertices or faces, a coordinate is not finite, or a
// face index is outside [0, N).
void validate(const Mesh& mesh, const std::string& what);

// Sum of the face cross products at each vertex, normalised; (0,0,0) where a vertex has no area around it.
// PyTorch3D's convention (METHOD.md §3.8): length clamped from below at 1e-6.
Vertices vertex_normals(const Mesh& mesh);

// Area of each vertex: a third of the areas of its faces, square metres. Sums to the mesh's area.
Eigen::VectorXf vertex_areas(const Mesh& mesh);

// Mean of the triangle centroids weighted by area (METHOD.md §8.3, J9). The vertex mean when the area is zero.
Eigen::Vector3d area_weighted_centroid(const Mesh& mesh);

// Signed volume by the divergence theorem, cubic metres; positive when faces look outwards.
double signed_volume(const Mesh& mesh);

// Every edge belongs to exactly two faces that run through it in opposite directions.
bool is_closed_and_oriented(const Mesh& mesh);

struct BoundingBox {
  Eigen::Vector3f lower, upper;
  Eigen::Vector3f size() const { return upper - lower; }
  Eigen::Vector3f centre() const { return 0.5F * (lower + upper); }
};
BoundingBox bounding_box(const Vertices& vertices);

}  // namespace tactus::geometry
