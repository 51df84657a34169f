#include "fit_problem.h"

#include <algorithm>
#include <cmath>

#include "silhouette.h"
#include "tactus/error.h"

namespace tactus::body {
namespace {

std::vector<Joint> make_joints(const BodyModel& model) {
  std::vector<Joint> joints;
  const auto& heads = model.data().template_heads;
  const auto bone = [&](const std::string& name) { return model.bone_index(name); };
  const auto add = [&](std::vector<std::string> names, const Eigen::Vector3d& axis, double rest, double sigma,
                       double low, double high) {
    Joint joint;
    for (const auto& name : names) {
      joint.bones.push_back(bone(name));
      joint.shares.push_back(1.0 / static_cast<double>(names.size()));
    }
    joint.axis = axis.normalized();
    joint.rest = rest * kDegrees;
    joint.sigma = sigma * kDegrees;
    joint.low = low * kDegrees;
    joint.high = high * kDegrees;
    joints.push_back(std::move(joint));
  };
  const Eigen::Vector3d x(1, 0, 0), y(0, 1, 0), z(0, 0, 1);
  const std::vector<std::string> spine = {"spine05", "spine04", "spine03", "spine02", "spine01"};
  add(spine, x, 5, 25, -30, 80);
  add(spine, y, 0, 18, -50, 50);
  add(spine, z, 0, 14, -40, 40);
  const std::vector<std::string> neck = {"neck01", "neck02", "neck03", "head"};
  add(neck, x, 5, 20, -50, 50);
  add(neck, y, 0, 25, -80, 80);
  add(neck, z, 0, 15, -40, 40);
  for (const std::string side : {".L", ".R"}) {
    const double s = side == ".L" ? 1.0 : -1.0;
    add({"clavicle" + side}, y, 0, 8, -25, 25);
    add({"clavicle" + side}, z, 0, 8, -25, 30);
    // About the arm: twist; the others swing it. The rest pose holds the arm out at about 45°.
    const auto at = [&](const std::string& name) -> Eigen::Vector3d {
      return heads.row(bone(name)).transpose().cast<double>();
    };
    const Eigen::Vector3d arm = (at("wrist" + side) - at("upperarm01" + side)).normalized();
    const Eigen::Vector3d forearm = (at("wrist" + side) - at("lowerarm01" + side)).normalized();
    add({"upperarm01" + side}, z, -25 * s, 50, -100, 150);
    joints.back().low = (s > 0 ? -70 : -150) * kDegrees;
    joints.back().high = (s > 0 ? 150 : 70) * kDegrees;
    add({"upperarm01" + side}, x, -10, 45, -130, 60);
    add({"upperarm01" + side}, arm, 0, 40, -100, 100);
    // Flexion carries the forearm forward: k × d = +z.
    add({"lowerarm01" + side}, forearm.cross(z), 20, 50, 0, 150);
    add({"upperleg01" + side}, x, -5, 35, -130, 40);
    add({"upperleg01" + side}, z, 2 * s, 20, -60, 60);
    add({"upperleg01" + side}, y, 0, 25, -60, 60);
    add({"lowerleg01" + side}, x, 8, 45, 0, 150);
    add({"foot" + side}, x, 0, 20, -45, 45);
  }
  return joints;
}

}  // namespace

double& phenotype_field(Phenotype& p, int i) {
  switch (i) {
    case 0:
      return p.height;
    case 1:
      return p.weight;
    case 2:
      return p.muscle;
    case 3:
      return p.gender;
    default:
      return p.proportions;
  }
}

FitProblem::FitProblem(const BodyModel& model, const BodyFitInput& input, const BodyFitOptions& options)
    : model_(model), skeleton_(model.keypoint_skeleton()), input_(input), options_(options),
      joints_(make_joints(model)) {
  camera_ =
      geometry::camera_with_field_of_view(input.photo_width, input.photo_height, options.vertical_fov_deg);
  const double longer = std::max(input.photo_width, input.photo_height);
  const double focal =
      input.focal_px ? *input.focal_px : 0.5 * longer / std::tan(0.5 * options.vertical_fov_deg * kDegrees);
  camera_.focal_x = camera_.focal_y = focal;
  sigma_px_ = std::max(1.0, options.keypoint_sigma_px_rel * std::hypot(input.photo_width, input.photo_height));
  if (input.person_mask && options.silhouette_weight > 0.0) {
    samples_ = static_cast<int>(skeleton_.extra_vertices().size());
    outside_ = distance_to_mask(*input.person_mask);
  }
}

std::vector<Eigen::Matrix3d> FitProblem::rotations_of(const Eigen::VectorXd& angles) const {
  std::vector<Eigen::Matrix3d> rotations(model_.bones().size(), Eigen::Matrix3d::Identity());
  for (std::size_t j = 0; j < joints_.size(); ++j) {
    const double angle = angles[static_cast<Eigen::Index>(j)];
    if (angle == 0.0) continue;
    for (std::size_t k = 0; k < joints_[j].bones.size(); ++k) {
      auto& r = rotations[static_cast<std::size_t>(joints_[j].bones[k])];
      r = r * Eigen::AngleAxisd(angle * joints_[j].shares[k], joints_[j].axis).toRotationMatrix();
    }
  }
  return rotations;
}

Pose FitProblem::pose_of(const FitState& state) const {
  Pose pose = model_.rest_pose();
  const auto rotations = rotations_of(state.angles);
  for (std::size_t b = 0; b < rotations.size(); ++b) {
    const Eigen::AngleAxisd turn_of(rotations[b]);
    pose.rotations.row(static_cast<Eigen::Index>(b)) = (turn_of.angle() * turn_of.axis()).transpose();
  }
  return pose;
}

FitState FitProblem::start(double yaw, bool seated) const {
  FitState state;
  state.angles.resize(static_cast<Eigen::Index>(joints_.size()));
  const int hip_left = model_.bone_index("upperleg01.L"), hip_right = model_.bone_index("upperleg01.R");
  const int knee_left = model_.bone_index("lowerleg01.L"), knee_right = model_.bone_index("lowerleg01.R");
  for (std::size_t j = 0; j < joints_.size(); ++j) {
    double angle = joints_[j].rest;
    const int bone = joints_[j].bones.front();
    if (seated && joints_[j].axis.x() > 0.9) {
      if (bone == hip_left || bone == hip_right) angle = -80 * kDegrees;
      if (bone == knee_left || bone == knee_right) angle = 85 * kDegrees;
    }
    state.angles[static_cast<Eigen::Index>(j)] = angle;
  }
  place(state, yaw, 0.0);
  return state;
}

FitState FitProblem::chance(Random& random) const {
  FitState state;
  state.angles.resize(static_cast<Eigen::Index>(joints_.size()));
  for (std::size_t j = 0; j < joints_.size(); ++j)
    state.angles[static_cast<Eigen::Index>(j)] =
        std::clamp(joints_[j].rest + joints_[j].sigma * random.normal(), joints_[j].low, joints_[j].high);
  const double yaw = random.uniform(-std::numbers::pi, std::numbers::pi);
  place(state, yaw, random.uniform(-std::numbers::pi, std::numbers::pi));
  return state;
}

void FitProblem::place(FitState& state, double yaw, double roll) const {
  // Frame body (y up, facing +z) to frame photo (y down, z away): a body at yaw 0 looks at the camera.
  const Eigen::Matrix3d flip = Eigen::Vector3d(1, -1, -1).asDiagonal();
  state.rotation = Eigen::AngleAxisd(roll, Eigen::Vector3d::UnitZ()).toRotationMatrix() * flip *
                   Eigen::AngleAxisd(yaw, Eigen::Vector3d::UnitY()).toRotationMatrix();
  // Depth from the spread of the marks against that of the same points of the body.
  const Rows body = skeleton_.pose(skeleton_.shape(state.phenotype, kKeypointCount), rotations_of(state.angles)).points *
                    state.rotation.transpose();
  Eigen::Vector2d mark_mean = Eigen::Vector2d::Zero();
  Eigen::Vector3d body_mean = Eigen::Vector3d::Zero();
  int marks = 0;
  for (int k = 0; k < kKeypointCount; ++k) {
    const auto& mark = input_.keypoints[static_cast<std::size_t>(k)];
    if (mark.visibility == Visibility::unknown) continue;
    mark_mean += Eigen::Vector2d(mark.x, mark.y);
    body_mean += body.row(k).transpose();
    ++marks;
  }
  mark_mean /= marks;
  body_mean /= marks;
  double mark_spread = 0.0, body_spread = 0.0;
  for (int k = 0; k < kKeypointCount; ++k) {
    const auto& mark = input_.keypoints[static_cast<std::size_t>(k)];
    if (mark.visibility == Visibility::unknown) continue;
    mark_spread += (Eigen::Vector2d(mark.x, mark.y) - mark_mean).squaredNorm();
    body_spread += (body.row(k).transpose() - body_mean).head<2>().squaredNorm();
  }
  const double depth =
      std::clamp(camera_.focal_x * std::sqrt(body_spread / std::max(mark_spread, 1.0)), 0.5, 60.0);
  state.translation = camera_.unproject(mark_mean, depth) - body_mean;
}

FitState FitProblem::from_fit(const BodyFit& fit) const {
  FitState state;
  state.rotation = fit.photo_from_body.rotation;
  state.translation = fit.photo_from_body.translation;
  state.phenotype = fit.phenotype;
  for (int i = 0; i < kPhenotypeCount; ++i) {
    double& slider = phenotype_field(state.phenotype, i);
    slider = std::clamp(slider, 0.0, 1.0);
  }
  state.angles = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(joints_.size()));
  // The product of a bone's single-axis turns, unwound by a few Gauss–Newton steps on the rotation itself.
  for (std::size_t j = 0; j < joints_.size(); ++j) state.angles[static_cast<Eigen::Index>(j)] = joints_[j].rest;
  for (int round = 0; round < 12; ++round) {
    const auto rotations = rotations_of(state.angles);
    for (std::size_t j = 0; j < joints_.size(); ++j) {
      const int bone = joints_[j].bones.front();
      const Eigen::Matrix3d wanted = turn(fit.pose.rotations.row(bone).transpose());
      const Eigen::AngleAxisd rest(wanted * rotations[static_cast<std::size_t>(bone)].transpose());
      state.angles[static_cast<Eigen::Index>(j)] +=
          0.7 * rest.angle() * rest.axis().dot(joints_[j].axis) / joints_[j].shares.front();
    }
  }
  for (std::size_t j = 0; j < joints_.size(); ++j) {
    double& angle = state.angles[static_cast<Eigen::Index>(j)];
    angle = std::clamp(angle, joints_[j].low, joints_[j].high);
  }
  return state;
}

}  // namespace tactus::body
