// Nearest points on a triangle mesh.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "tactus/geometry/mesh.h"
#include "tactus/reconstruct/silhouette_renderer.h"

namespace tactus::reconstruct {

// The point of the triangle abc nearest to p (Ericson, Real-Time Collision Detection, 5.1.5).
Eigen::Vector3d nearest_on_triangle(const Eigen::Vector3d& p, const Eigen::Vector3d& a, const Eigen::Vector3d& b,
                                    const Eigen::Vector3d& c);

// Looks at the faces around the three nearest vertices: exact where triangles are not much longer than wide.
class SurfaceDistance {
 public:
  SurfaceDistance(VerticesD vertices, const geometry::Faces& faces);
  ~SurfaceDistance();
  Eigen::Vector3d nearest(const Eigen::Vector3d& point) const;

 private:
  struct Tree;
  VerticesD vertices_;
  geometry::Faces faces_;
  std::vector<std::int32_t> first_face_, face_of_;   // faces around vertex i: face_of_[first_face_[i] … first_face_[i+1])
  std::unique_ptr<Tree> tree_;
};

}  // namespace tactus::reconstruct
