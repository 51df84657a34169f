// The least-squares problem behind fit_body.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <numbers>
#include <vector>

#include "keypoint_skeleton.h"
#include "tactus/body/photo_body.h"
#include "tactus/random.h"

namespace tactus::body {

inline constexpr double kDegrees = std::numbers::pi / 180.0;

// The rotation about v by its length, radians.
inline Eigen::Matrix3d turn(const Eigen::Vector3d& v) {
  const double angle = v.norm();
  if (angle < 1e-12) return Eigen::Matrix3d::Identity();
  return Eigen::AngleAxisd(angle, v / angle).toRotationMatrix();
}

// One number that the fit may change: an angle about a fixed axis, shared by some bones.
struct Joint {
  std::vector<int> bones;  // each turns by angle · share
  std::vector<double> shares;
  Eigen::Vector3d axis;  // frame body, unit
  double rest = 0.0;     // the prior's mean, radians
  double sigma = 0.5;    // the prior's deviation, radians
  double low = -2.0, high = 2.0;
};

inline constexpr int kPhenotypeCount = 5;   // height, weight, muscle, gender, proportions; age stays
double& phenotype_field(Phenotype& phenotype, int i);

// State: placement (rotation, translation), joint angles, phenotype.
struct FitState {
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();  // photo_from_body
  Eigen::Vector3d translation = Eigen::Vector3d::Zero();
  Eigen::VectorXd angles;
  Phenotype phenotype;
};

class FitProblem {
 public:
  // `model` and `input` must outlive it.
  FitProblem(const BodyModel& model, const BodyFitInput& input, const BodyFitOptions& options);

  const geometry::PinholeCamera& camera() const { return camera_; }
  const std::vector<Joint>& joints() const { return joints_; }

  // A body that faces `yaw` radians from the camera, standing or seated, at the depth its marks suggest.
  FitState start(double yaw, bool seated) const;
  FitState from_fit(const BodyFit& fit) const;
  // Some pose that the priors allow, faced and rolled anyhow: lying, upside down.
  FitState chance(Random& random) const;
  Pose pose_of(const FitState& state) const;
  double reprojection_rms_px(const FitState& state) const;   // over visible marks

  struct Effort {
    int iterations = 10;
    bool phenotype = false;
    bool silhouette = false;
  };
  // Levenberg–Marquardt inside the joints' limits and the sliders' ends; returns the objective, adds the iterations spent.
  double minimise(FitState& state, const Effort& effort, int& iterations, const Progress& progress) const;

  // The parts of the minimisation.
  using Rows = KeypointSkeleton::Rows;
  // What the fit may change, in order: 3 turns of the placement (axes of the photo), 3 of its translation (metres),
  // the joint angles, then height, weight, muscle, gender, proportions.
  Eigen::Index parameter_count(const FitState& state, const Effort& effort) const;
  FitState moved(const FitState& state, const Eigen::VectorXd& step, const Effort& effort) const;
  Eigen::VectorXd residuals(const FitState& state, const Effort& effort) const;
  // [residuals, parameters]; by hand but for the phenotype, which is piecewise linear and taken by differences.
  Eigen::MatrixXd jacobian(const FitState& state, const Effort& effort) const;

 private:
  using Shaped = KeypointSkeleton::Shaped;
  using Posed = KeypointSkeleton::Posed;
  struct Slopes;   // of the residuals with respect to points and parameters
  int points_for(const Effort& effort) const { return kKeypointCount + (effort.silhouette ? samples_ : 0); }
  void place(FitState& state, double yaw, double roll) const;   // at the depth its marks suggest
  Rows placed(const FitState& state, const Rows& body_points) const;
  void residuals(const FitState& state, const Rows& points, const Effort& effort, Eigen::VectorXd& r,
                 Slopes* slopes) const;
  Eigen::MatrixXd jacobian(const FitState& state, const Shaped& shaped, const Effort& effort,
                           Eigen::VectorXd& r) const;
  Eigen::MatrixXd point_jacobian(const FitState& state, const Posed& posed, const Effort& effort) const;
  std::vector<Eigen::Matrix3d> rotations_of(const Eigen::VectorXd& angles) const;

  const BodyModel& model_;
  const KeypointSkeleton& skeleton_;
  const BodyFitInput& input_;
  const BodyFitOptions options_;
  geometry::PinholeCamera camera_;
  std::vector<Joint> joints_;
  int samples_ = 0;           // surface points that the silhouette holds inside the mask; 0 without one
  ImageF outside_;            // distance to the person mask, pixels
  double sigma_px_ = 1.0;
};

}  // namespace tactus::body
