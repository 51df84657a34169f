// Contact losses, unweighted, with their gradient with respect to the object's vertices.
#pragma once

#include <memory>
#include <vector>

#include "tactus/reconstruct/correspondence_search.h"
#include "tactus/reconstruct/silhouette_renderer.h"

namespace tactus::reconstruct {

// Σ_ij p_i q_j ‖o_i - h_j‖ / Σ_ij p_i q_j over all pairs (METHOD.md §8.8). Rows with p = 0 or q = 0 cost nothing.
// gradient [N, 3] is overwritten; a pair at distance zero contributes none. 0 when either side has no weight.
double pairwise_contact_loss(const VerticesD& object, const Eigen::VectorXf& object_weights, const VerticesD& human,
                             const Eigen::VectorXf& human_weights, VerticesD& gradient);

// The corrected loss: the mean distance of each contact point to the nearest one of the other side, both ways.
// Costs O(N log M): the object is rigid, so both trees are built once and points are carried into them.
class NearestContactLoss {
 public:
  // object_rest: contact points of the object in its own frame [K, 3]; human: contact points, frame photo [L, 3].
  NearestContactLoss(const VerticesD& object_rest, const Eigen::VectorXd& object_weights, const VerticesD& human,
                     const Eigen::VectorXd& human_weights);

  bool empty() const { return object_.rows() == 0 || human_.rows() == 0; }
  // photo = scale·rotation·object + translation. gradient: of the posed object contact points [K, 3].
  double evaluate(const Eigen::Matrix3d& rotation, const Eigen::Vector3d& translation, double scale,
                  VerticesD& gradient) const;

 private:
  VerticesD object_, human_;
  Eigen::VectorXd object_weights_, human_weights_;   // each sums to 1
  std::unique_ptr<CorrespondenceSearch> object_tree_, human_tree_;
};

}  // namespace tactus::reconstruct
