// Signed distance to a triangle mesh that may consist of several closed pieces run into one another.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <array>
#include <memory>
#include <vector>

#include "tactus/geometry/mesh.h"

namespace tactus::synth {

// What depends on the faces alone, or on one pose of them: the tree's order, neighbours over edges, which faces to leave out.
// Bodies of all poses share the one made from the rest pose.
class SurfaceTopology {
 public:
  struct Node {
    int first = 0, count = 0;   // faces order[first, first + count) of a leaf; count 0: an inner node
    int left = 0, right = 0;
  };
  // `pieces`: of a made thing; leaves out the faces that lie inside another piece, so that what is left bounds the union.
  SurfaceTopology(const geometry::Vertices& vertices, const geometry::Faces& faces, bool pieces);

  geometry::Faces faces;
  bool angles = false;                              // vertex normals weighted by angle (sharp edges), else by area (skin)
  std::vector<Node> nodes;                          // the root first, children after their parent
  std::vector<int> order;
  std::vector<std::array<int, 3>> neighbours;       // a face: across the edges (0,1), (1,2), (2,0); -1: none
  std::vector<std::uint8_t> buried;                 // a vertex inside another piece

 private:
  int split(std::vector<Eigen::Vector3f>& centres, int begin, int end);
};

struct SurfaceHit {
  int face = -1;                 // -1: nothing within the radius
  float distance = 0.0F;         // metres, negative inside
  Eigen::Vector3f point, normal; // the nearest point of the surface and its outward normal (pseudonormal on edges and corners)
};

class SurfaceTree {
 public:
  SurfaceTree(std::shared_ptr<const SurfaceTopology> topology, geometry::Vertices vertices);

  // The nearest point of the surface within `radius`. The sign is that of the pseudonormal (Bærentzen and Aanæs 2005).
  SurfaceHit nearest(const Eigen::Vector3f& point, float radius) const;
  // How often a ray from the point along a fixed direction leaves the surface more often than it enters: 0 outside.
  int winding(const Eigen::Vector3f& point) const;

  const geometry::Vertices& vertices() const { return vertices_; }
  const geometry::Vertices& normals() const { return normals_; }   // of the vertices
  const SurfaceTopology& topology() const { return *topology_; }
  Eigen::Vector3f lower() const { return boxes_.front().lower.head<3>(); }
  Eigen::Vector3f upper() const { return boxes_.front().upper.head<3>(); }

 private:
  struct Box {
    Eigen::Array4f lower, upper;   // the fourth is 0
  };
  Eigen::Vector3f face_normal(int face) const;
  std::shared_ptr<const SurfaceTopology> topology_;
  geometry::Vertices vertices_, normals_;
  std::vector<Box> boxes_;
};

}  // namespace tactus::synth
