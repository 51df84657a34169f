#include "fit_problem.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <set>

#include "silhouette.h"
#include "tactus/error.h"

namespace tactus::body {
namespace {

constexpr double kDegrees = std::numbers::pi / 180.0;
constexpr double kRobustScale = 4.0;      // marks farther off than this many sigma lose their pull
constexpr double kUprightSigma = 0.5;     // radians that a pelvis tilts in an upright photograph
constexpr double kLimitSigma = 0.05;      // radians past a joint's limit
constexpr double kHangMetres = 0.12;      // an unmarked thigh's or shank's lean from the vertical
constexpr double kSilhouettePull = 40.0;  // all surface samples together, in marks
constexpr int kPhenotypeCount = 5;        // height, weight, muscle, gender, proportions
constexpr double kPhenotypeSigma = 0.25;

Eigen::Matrix3d turn(const Eigen::Vector3d& v) {
  const double angle = v.norm();
  if (angle < 1e-12) return Eigen::Matrix3d::Identity();
  return Eigen::AngleAxisd(angle, v / angle).toRotationMatrix();
}

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

FitProblem::FitProblem(const BodyModel& model, const BodyFitInput& input, const BodyFitOptions& options)
    : model_(model), input_(input), options_(options), joints_(make_joints(model)) {
  camera_ =
      geometry::camera_with_field_of_view(input.photo_width, input.photo_height, options.vertical_fov_deg);
  const double longer = std::max(input.photo_width, input.photo_height);
  const double focal =
      input.focal_px ? *input.focal_px : 0.5 * longer / std::tan(0.5 * options.vertical_fov_deg * kDegrees);
  camera_.focal_x = camera_.focal_y = focal;
  sigma_px_ = std::max(1.0, options.keypoint_sigma_px_rel * std::hypot(input.photo_width, input.photo_height));
  if (input.person_mask && options.silhouette_weight > 0.0) {
    // One vertex a cell of a coarse grid: hands, feet and face are dense in vertices, not in silhouette.
    constexpr float kCellMetres = 0.1F;
    std::set<std::array<int, 3>> cells;
    const auto& vertices = model.data().template_vertices;
    for (Eigen::Index v = 0; v < vertices.rows(); ++v) {
      std::array<int, 3> cell{};
      for (int i = 0; i < 3; ++i)
        cell[static_cast<std::size_t>(i)] = static_cast<int>(std::floor(vertices(v, i) / kCellMetres));
      if (cells.insert(cell).second) samples_.push_back(static_cast<int>(v));
    }
    outside_ = distance_to_mask(*input.person_mask);
  }
  skeleton_ = std::make_unique<KeypointSkeleton>(model.data(), samples_);
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

FitProblem::Rows FitProblem::points(const FitState& state, const KeypointSkeleton::Shaped& shaped) const {
  const Rows body = skeleton_->pose(shaped, rotations_of(state.angles));
  return (body * state.rotation.transpose()).rowwise() + state.translation.transpose();
}

void FitProblem::residuals(const FitState& state, const Rows& points, const Effort& effort,
                           Eigen::VectorXd& r) const {
  std::vector<double> values;
  values.reserve(256);
  for (int k = 0; k < kKeypointCount; ++k) {
    const Keypoint& mark = input_.keypoints[static_cast<std::size_t>(k)];
    if (mark.visibility == Visibility::unknown) continue;
    const double z = std::max(points(k, 2), 0.05);
    const double du = camera_.focal_x * points(k, 0) / z + camera_.centre_x - mark.x;
    const double dv = camera_.focal_y * points(k, 1) / z + camera_.centre_y - mark.y;
    const double weight =
        mark.visibility == Visibility::hidden ? std::sqrt(options_.hidden_keypoint_weight) : 1.0;
    // Geman–McClure as a residual: |ρ| = s·r/√(s² + r²), bounded, smooth.
    const double distance = std::hypot(du, dv) / sigma_px_;
    const double bend =
        kRobustScale * 4.0 / std::sqrt(16.0 * kRobustScale * kRobustScale + distance * distance);
    values.push_back(weight * bend * du / sigma_px_);
    values.push_back(weight * bend * dv / sigma_px_);
  }
  for (std::size_t j = 0; j < joints_.size(); ++j) {
    const double angle = state.angles[static_cast<Eigen::Index>(j)];
    values.push_back((angle - joints_[j].rest) / joints_[j].sigma);
    values.push_back(angle < joints_[j].low    ? (angle - joints_[j].low) / kLimitSigma
                     : angle > joints_[j].high ? (angle - joints_[j].high) / kLimitSigma
                                               : 0.0);
  }
  // Photographs are taken upright: the body's up against the picture's.
  const Eigen::Vector3d up = state.rotation.col(1);
  values.push_back(up.x() / kUprightSigma);
  values.push_back(up.z() / kUprightSigma);
  // People keep their feet under them: a thigh or shank whose lower end is unmarked hangs along gravity.
  constexpr int kLeftHip = 11, kLeftKnee = 13;
  for (const int upper : {kLeftHip, kLeftHip + 1, kLeftKnee, kLeftKnee + 1}) {
    if (input_.keypoints[static_cast<std::size_t>(upper + 2)].visibility != Visibility::unknown) continue;
    values.push_back((points(upper + 2, 0) - points(upper, 0)) / kHangMetres);
    values.push_back((points(upper + 2, 2) - points(upper, 2)) / kHangMetres);
  }
  if (effort.phenotype) {
    Phenotype current = state.phenotype;
    const Phenotype usual;
    for (int i = 0; i < kPhenotypeCount; ++i) {
      Phenotype reference = usual;
      const double value = phenotype_field(current, i);
      values.push_back((value - phenotype_field(reference, i)) / kPhenotypeSigma);
      values.push_back(value < 0.0 ? value / kLimitSigma : value > 1.0 ? (value - 1.0) / kLimitSigma : 0.0);
    }
  }
  if (effort.silhouette && !samples_.empty()) {
    const double weight =
        std::sqrt(options_.silhouette_weight * kSilhouettePull / static_cast<double>(samples_.size()));
    for (std::size_t s = 0; s < samples_.size(); ++s) {
      const auto row = static_cast<Eigen::Index>(kKeypointCount + s);
      const double z = std::max(points(row, 2), 0.05);
      const double u = camera_.focal_x * points(row, 0) / z + camera_.centre_x - 0.5;
      const double v = camera_.focal_y * points(row, 1) / z + camera_.centre_y - 0.5;
      double distance = 0.0;
      if (u > 0.0 && v > 0.0 && u < camera_.width - 1.001 && v < camera_.height - 1.001) {
        const int column = static_cast<int>(u), line = static_cast<int>(v);
        const double a = u - column, b = v - line;
        distance = (1 - b) * ((1 - a) * static_cast<double>(outside_.at(column, line)) +
                              a * static_cast<double>(outside_.at(column + 1, line))) +
                   b * ((1 - a) * static_cast<double>(outside_.at(column, line + 1)) +
                        a * static_cast<double>(outside_.at(column + 1, line + 1)));
      }
      const double relative = distance / sigma_px_;
      values.push_back(weight * relative / std::sqrt(1.0 + relative * relative / 36.0));
    }
  }
  r = Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

FitState FitProblem::moved(const FitState& state, const Eigen::VectorXd& step, bool phenotype) const {
  FitState next = state;
  next.rotation = turn(step.head<3>()) * state.rotation;
  next.translation += step.segment<3>(3);
  next.angles += step.segment(6, state.angles.size());
  if (phenotype) {
    for (int i = 0; i < kPhenotypeCount; ++i)
      phenotype_field(next.phenotype, i) += step[6 + state.angles.size() + i];
  }
  return next;
}

double FitProblem::minimise(FitState& state, const Effort& effort, int& iterations,
                            const Progress& progress) const {
  const Eigen::Index count = 6 + state.angles.size() + (effort.phenotype ? kPhenotypeCount : 0);
  auto shaped = skeleton_->shape(state.phenotype);
  Eigen::VectorXd r, moved_r;
  residuals(state, points(state, shaped), effort, r);
  double objective = r.squaredNorm();
  double damping = 1e-2;
  for (int iteration = 0; iteration < effort.iterations; ++iteration) {
    progress.check();
    ++iterations;
    Eigen::MatrixXd jacobian(r.size(), count);
    for (Eigen::Index p = 0; p < count; ++p) {
      constexpr double kStep = 1e-5;
      Eigen::VectorXd step = Eigen::VectorXd::Zero(count);
      step[p] = kStep;
      const FitState near = moved(state, step, effort.phenotype);
      const bool reshaped = p >= 6 + state.angles.size();
      residuals(near, points(near, reshaped ? skeleton_->shape(near.phenotype) : shaped), effort, moved_r);
      jacobian.col(p) = (moved_r - r) / kStep;
    }
    const Eigen::MatrixXd normal = jacobian.transpose() * jacobian;
    const Eigen::VectorXd gradient = jacobian.transpose() * r;
    bool improved = false;
    for (int attempt = 0; attempt < 6 && !improved; ++attempt) {
      Eigen::MatrixXd damped = normal;
      damped.diagonal() += damping * (normal.diagonal().array() + 1e-6).matrix();
      Eigen::VectorXd step = -damped.ldlt().solve(gradient);
      // A linear model is not to be trusted over large turns.
      const double longest =
          std::max(step.head<3>().norm(), step.segment(6, state.angles.size()).cwiseAbs().maxCoeff());
      if (longest > 0.6) step *= 0.6 / longest;
      FitState next = moved(state, step, effort.phenotype);
      const auto next_shaped = effort.phenotype ? skeleton_->shape(next.phenotype) : shaped;
      residuals(next, points(next, next_shaped), effort, moved_r);
      const double next_objective = moved_r.squaredNorm();
      if (std::isfinite(next_objective) && next_objective < objective) {
        const double gain = (objective - next_objective) / objective;
        state = std::move(next);
        shaped = next_shaped;
        r = moved_r;
        objective = next_objective;
        damping = std::max(damping / 4.0, 1e-7);
        improved = true;
        if (gain < 1e-5) return objective;
      } else {
        damping *= 6.0;
      }
    }
    if (!improved) break;
  }
  return objective;
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
  // Frame body (y up, facing +z) to frame photo (y down, z away): a body at yaw 0 looks at the camera.
  const Eigen::Matrix3d flip = Eigen::Vector3d(1, -1, -1).asDiagonal();
  state.rotation = flip * Eigen::AngleAxisd(yaw, Eigen::Vector3d::UnitY()).toRotationMatrix();
  // Depth from the spread of the marks against that of the same points of the body.
  const Rows body = skeleton_->pose(skeleton_->shape(state.phenotype), rotations_of(state.angles)) *
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
  return state;
}

FitState FitProblem::from_fit(const BodyFit& fit) const {
  FitState state;
  state.rotation = fit.photo_from_body.rotation;
  state.translation = fit.photo_from_body.translation;
  state.phenotype = fit.phenotype;
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
  return state;
}

}  // namespace tactus::body
