// Contact losses, unweighted, with their gradients.
#pragma once

#include <memory>
#include <vector>

#include "surface_distance.h"
#include "tactus/reconstruct/correspondence_search.h"
#include "tactus/reconstruct/silhouette_renderer.h"

namespace tactus::reconstruct {

// Σ_ij p_i q_j ‖o_i - h_j‖ / Σ_ij p_i q_j over all pairs (METHOD.md §8.8). Rows with p = 0 or q = 0 cost nothing.
// gradient [N, 3] is overwritten; a pair at distance zero contributes none. 0 when either side has no weight.
double pairwise_contact_loss(const VerticesD& object, const Eigen::VectorXf& object_weights, const VerticesD& human,
                             const Eigen::VectorXf& human_weights, VerticesD& gradient);

// posed = scale · rotation · rest + place, frame photo.
struct Placement {
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();
  Eigen::Vector3d place = Eigen::Vector3d::Zero();
  double scale = 1.0;
};

// Of a loss with respect to a placement.
struct PlacementGradient {
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Zero();
  Eigen::Vector3d place = Eigen::Vector3d::Zero();
  double log_scale = 0.0;
  // A force on the posed image of a rest point.
  void add(const Placement& at, const Eigen::Vector3d& rest, const Eigen::Vector3d& force);
  void add(const PlacementGradient& other, double factor) {
    rotation += factor * other.rotation;
    place += factor * other.place;
    log_scale += factor * other.log_scale;
  }
};

// Draws the two patches together: the mean of ρ(distance) from each contact point to the nearest one of the other
// side, both ways. ρ is quadratic within kNear, as far as touching tells nothing of where exactly, linear beyond, and
// levels off at kFar, so that a false patch does not pull. Costs O(N log M): the object is rigid, so both trees are
// built once and points are carried into them.
class NearestContactLoss {
 public:
  static constexpr double kNear = 0.05, kFar = 0.3;   // metres

  // object_rest: contact points of the object in its own frame [K, 3]; human: contact points, frame photo [L, 3].
  // Weights are non-negative.
  NearestContactLoss(const VerticesD& object_rest, const Eigen::VectorXd& object_weights, const VerticesD& human,
                     const Eigen::VectorXd& human_weights);

  bool empty() const { return object_.rows() == 0 || human_.rows() == 0; }
  // Metres; adds factor times its gradient.
  double evaluate(const Placement& at, double factor, PlacementGradient& gradient) const;

 private:
  VerticesD object_, human_;
  Eigen::VectorXd object_weights_, human_weights_;   // each sums to 1
  std::unique_ptr<CorrespondenceSearch> object_tree_, human_tree_;
};

// Contact is what lies within some distance of the other surface, so the probabilities are a function of distance that
// falls from 1 to 0: p = 1 / (1 + exp((d - reach) / width)). Which one is not known; reach and width are fitted along
// with the pose. The mean squared difference over the vertices in and around both patches: the patches' borders, which
// a pull of points on points ignores, place the object along the surface. Bounded: holes and false patches cannot pull.
class ContactBandLoss {
 public:
  // One a side, for the two meshes need not be equally fine.
  struct Band {
    double reach[2] = {0.025, 0.025}, width[2] = {0.01, 0.01};   // metres; of the object's vertices, of the person's
  };

  // object_rest: the mesh in its own frame; human: frame photo; a probability a vertex each.
  ContactBandLoss(const geometry::Mesh& object_rest, const Eigen::VectorXf& object_contact, const geometry::Mesh& human,
                  const Eigen::VectorXf& human_contact);

  bool empty() const { return object_points_.rows() == 0 || human_points_.rows() == 0; }
  // 0 to 1; adds factor times its gradient. The band is refined from the one given and kept for the next call.
  double evaluate(const Placement& at, double factor, PlacementGradient& gradient, Band& band) const;

 private:
  std::unique_ptr<SurfaceDistance> object_surface_, human_surface_;
  VerticesD object_points_, human_points_;           // vertices in and around the patches
  Eigen::VectorXd probabilities_, weights_;          // object first; weights sum to 1
};

}  // namespace tactus::reconstruct
