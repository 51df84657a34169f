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
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor>;

  // Points are the 23 keypoints, then the given vertices.
  KeypointSkeleton(const BodyModelData& data, const std::vector<int>& extra_vertices);

  int point_count() const { return static_cast<int>(first_term_.size()) - 1; }
  const std::vector<int>& extra_vertices() const { return extra_vertices_; }

  // Of one phenotype: where bones turn and the terms' rest points.
  struct Shaped {
    Rows heads;  // [bones, 3], root at the origin
    Rows terms;  // [terms, 3], weighted rest points
    int points = 0;
  };
  // `points`: how many of the points are wanted, from the first.
  Shaped shape(const Phenotype& phenotype, int points) const;

  // Frame body.
  struct Posed {
    Rows points;                          // [points, 3], as many as were shaped
    Rows terms;                           // [terms, 3], weighted posed points: those of a point add up to it
    Rows heads;                           // [bones, 3]
    std::vector<Eigen::Matrix3d> turns;   // a bone: its posed axes from the rest ones
  };
  Posed pose(const Shaped& shaped, const std::vector<Eigen::Matrix3d>& rotations) const;

  // What moves with a bone: of each point the sum of its terms that the bone or its children carry, and their
  // weights. Turning the bone by a small vector w (posed axes, about its head) moves point i by
  // w × (sums[i] - weights[i] · head).
  void carried(const Posed& posed, int bone, Rows& sums, Eigen::VectorXd& weights) const;

 private:
  struct Term {
    int bone;
    double weight;
  };
  Eigen::Index term_count(int points) const { return first_term_[static_cast<std::size_t>(points)]; }

  const BodyModelData& data_;
  std::vector<int> extra_vertices_;
  std::vector<Term> terms_;
  std::vector<int> first_term_;  // of each point, one more at the end
  Rows template_terms_;
  std::vector<Rows> shape_terms_;
};

// Vertices spread over the surface, one a cell of a coarse grid: hands, feet and face are dense in vertices.
std::vector<int> surface_samples(const BodyModelData& data);

}  // namespace tactus::body
