// The least-squares problem behind fit_body.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "keypoint_skeleton.h"
#include "tactus/body/photo_body.h"

namespace tactus::body {

// One number that the fit may change: an angle about a fixed axis, shared by some bones.
struct Joint {
  std::vector<int> bones;  // each turns by angle · share
  std::vector<double> shares;
  Eigen::Vector3d axis;  // frame body, unit
  double rest = 0.0;     // the prior's mean, radians
  double sigma = 0.5;    // the prior's deviation, radians
  double low = -2.0, high = 2.0;
};

// State: placement (rotation, translation), joint angles, phenotype.
struct FitState {
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();  // photo_from_body
  Eigen::Vector3d translation = Eigen::Vector3d::Zero();
  Eigen::VectorXd angles;
  Phenotype phenotype;
};

class FitProblem {
 public:
  FitProblem(const BodyModel& model, const BodyFitInput& input, const BodyFitOptions& options);

  const geometry::PinholeCamera& camera() const { return camera_; }
  const std::vector<Joint>& joints() const { return joints_; }

  // A body that faces `yaw` radians from the camera, standing or seated, at the depth its marks suggest.
  FitState start(double yaw, bool seated) const;
  FitState from_fit(const BodyFit& fit) const;
  Pose pose_of(const FitState& state) const;

  struct Effort {
    int iterations = 10;
    bool phenotype = false;
    bool silhouette = false;
  };
  // Levenberg–Marquardt; returns the objective, adds the iterations spent.
  double minimise(FitState& state, const Effort& effort, int& iterations, const Progress& progress) const;

 private:
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor>;
  Rows points(const FitState& state, const KeypointSkeleton::Shaped& shaped) const;
  void residuals(const FitState& state, const Rows& points, const Effort& effort, Eigen::VectorXd& r) const;
  std::vector<Eigen::Matrix3d> rotations_of(const Eigen::VectorXd& angles) const;
  FitState moved(const FitState& state, const Eigen::VectorXd& step, bool phenotype) const;

  const BodyModel& model_;
  const BodyFitInput& input_;
  const BodyFitOptions& options_;
  geometry::PinholeCamera camera_;
  std::vector<Joint> joints_;
  std::unique_ptr<KeypointSkeleton> skeleton_;
  std::vector<int> samples_;  // vertices that the silhouette holds inside the mask
  ImageF outside_;            // distance to the person mask, pixels
  double sigma_px_ = 1.0;
};

}  // namespace tactus::body
