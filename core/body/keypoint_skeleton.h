// The body reduced to what a fit to marks needs: linear blend skinning of a fixed weighted sum of vertices is
// itself a short sum over bones, and every term is linear in the blend shapes. Exact, and a thousand times less
// work than skinning the mesh.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <vector>

#include "tactus/body/body_model_data.h"

namespace tactus::body {

class KeypointSkeleton {
 public:
  // Points are the 23 keypoints, then the given vertices.
  KeypointSkeleton(const BodyModelData& data, const std::vector<int>& extra_vertices);

  int point_count() const { return static_cast<int>(first_term_.size()) - 1; }

  // Of one phenotype: where bones turn and the terms' rest points.
  struct Shaped {
    Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> heads;  // [bones, 3], root at the origin
    Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> terms;  // [terms, 3], weighted rest points
  };
  Shaped shape(const Phenotype& phenotype) const;

  // Points of the posed body, frame body [points, 3].
  Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> pose(
      const Shaped& shaped, const std::vector<Eigen::Matrix3d>& rotations) const;

 private:
  struct Term {
    int bone;
    double weight;
  };
  const BodyModelData& data_;
  std::vector<Term> terms_;
  std::vector<int> first_term_;  // of each point, one more at the end
  Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> template_terms_;
  std::vector<Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor>> shape_terms_;
};

}  // namespace tactus::body
