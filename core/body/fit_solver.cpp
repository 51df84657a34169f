// Residuals of the body fit, their derivatives, and the minimisation.
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "fit_problem.h"

namespace tactus::body {
namespace {

constexpr double kRobustScale = 4.0;      // marks farther off than this many sigma lose their pull
constexpr double kUprightSigma = 0.5;     // radians that a pelvis tilts in an upright photograph
constexpr double kHangMetres = 0.12;      // an unmarked thigh's or shank's lean from the vertical
constexpr double kSilhouettePull = 40.0;  // all surface samples together, in marks
constexpr double kPhenotypeSigma = 0.25;
constexpr double kNearestDepth = 0.05;    // metres; what is nearer is projected as if it were here
constexpr int kPlacement = 6;

struct Projected {
  double u, v;
  Eigen::RowVector3d du, dv;   // slopes with respect to the point
};

Projected project(const geometry::PinholeCamera& camera, const Eigen::RowVector3d& p) {
  const bool near = p.z() < kNearestDepth;
  const double z = near ? kNearestDepth : p.z();
  const double fx = camera.focal_x / z, fy = camera.focal_y / z;
  return {fx * p.x() + camera.centre_x, fy * p.y() + camera.centre_y,
          {fx, 0.0, near ? 0.0 : -fx * p.x() / z}, {0.0, fy, near ? 0.0 : -fy * p.y() / z}};
}

}  // namespace

struct FitProblem::Slopes {
  struct OfPoint {
    Eigen::Index residual;
    int point;
    Eigen::RowVector3d slope;
  };
  struct OfParameter {
    Eigen::Index residual, parameter;
    double slope;
  };
  std::vector<OfPoint> points;
  std::vector<OfParameter> parameters;
};

FitProblem::Rows FitProblem::placed(const FitState& state, const Rows& body_points) const {
  return (body_points * state.rotation.transpose()).rowwise() + state.translation.transpose();
}

void FitProblem::residuals(const FitState& state, const Rows& points, const Effort& effort, Eigen::VectorXd& r,
                           Slopes* slopes) const {
  std::vector<double> values;
  values.reserve(256);
  const auto here = [&] { return static_cast<Eigen::Index>(values.size()); };
  const auto of_point = [&](int point, const Eigen::RowVector3d& slope) {
    if (slopes != nullptr) slopes->points.push_back({here(), point, slope});
  };
  const auto of_parameter = [&](Eigen::Index parameter, double slope) {
    if (slopes != nullptr) slopes->parameters.push_back({here(), parameter, slope});
  };
  for (int k = 0; k < kKeypointCount; ++k) {
    const Keypoint& mark = input_.keypoints[static_cast<std::size_t>(k)];
    if (mark.visibility == Visibility::unknown) continue;
    const Projected at = project(camera_, points.row(k));
    const double x = (at.u - mark.x) / sigma_px_, y = (at.v - mark.y) / sigma_px_;
    const double weight =
        mark.visibility == Visibility::hidden ? std::sqrt(options_.hidden_keypoint_weight) : 1.0;
    // Geman–McClure as a residual: |ρ| = s·r/√(s² + r²), bounded, smooth.
    const double reach = 16.0 * kRobustScale * kRobustScale + x * x + y * y;
    const double bend = weight * kRobustScale * 4.0 / std::sqrt(reach);
    of_point(k, bend / sigma_px_ * ((1.0 - x * x / reach) * at.du - x * y / reach * at.dv));
    values.push_back(bend * x);
    of_point(k, bend / sigma_px_ * ((1.0 - y * y / reach) * at.dv - x * y / reach * at.du));
    values.push_back(bend * y);
  }
  for (std::size_t j = 0; j < joints_.size(); ++j) {
    const auto i = static_cast<Eigen::Index>(j);
    of_parameter(kPlacement + i, 1.0 / joints_[j].sigma);
    values.push_back((state.angles[i] - joints_[j].rest) / joints_[j].sigma);
  }
  // Photographs are taken upright: the body's up against the picture's.
  const Eigen::Vector3d up = state.rotation.col(1);
  for (const int axis : {0, 2}) {
    for (int k = 0; k < 3; ++k) of_parameter(k, Eigen::Vector3d::Unit(k).cross(up)[axis] / kUprightSigma);
    values.push_back(up[axis] / kUprightSigma);
  }
  // People keep their feet under them: a thigh or shank whose lower end is unmarked hangs along gravity.
  constexpr int kLeftHip = 11, kLeftKnee = 13;
  for (const int upper : {kLeftHip, kLeftHip + 1, kLeftKnee, kLeftKnee + 1}) {
    if (input_.keypoints[static_cast<std::size_t>(upper + 2)].visibility != Visibility::unknown) continue;
    for (const int axis : {0, 2}) {
      const Eigen::RowVector3d slope = Eigen::RowVector3d::Unit(axis) / kHangMetres;
      of_point(upper + 2, slope);
      of_point(upper, -slope);
      values.push_back((points(upper + 2, axis) - points(upper, axis)) / kHangMetres);
    }
  }
  if (effort.phenotype) {
    Phenotype current = state.phenotype, usual;
    for (int i = 0; i < kPhenotypeCount; ++i) {
      of_parameter(kPlacement + state.angles.size() + i, 1.0 / kPhenotypeSigma);
      values.push_back((phenotype_field(current, i) - phenotype_field(usual, i)) / kPhenotypeSigma);
    }
  }
  if (effort.silhouette && samples_ > 0) {
    const double weight =
        std::sqrt(options_.silhouette_weight * kSilhouettePull / static_cast<double>(samples_));
    for (int point = kKeypointCount; point < kKeypointCount + samples_; ++point) {
      const Projected at = project(camera_, points.row(point));
      const double u = at.u - 0.5, v = at.v - 0.5;
      double distance = 0.0;
      Eigen::RowVector3d slope = Eigen::RowVector3d::Zero();
      if (u > 0.0 && v > 0.0 && u < camera_.width - 1.001 && v < camera_.height - 1.001) {
        const int column = static_cast<int>(u), line = static_cast<int>(v);
        const double a = u - column, b = v - line;
        const auto cell = [&](int dx, int dy) {
          return static_cast<double>(outside_.at(column + dx, line + dy));
        };
        const double top = (1 - a) * cell(0, 0) + a * cell(1, 0), bottom = (1 - a) * cell(0, 1) + a * cell(1, 1);
        distance = (1 - b) * top + b * bottom;
        slope = ((1 - b) * (cell(1, 0) - cell(0, 0)) + b * (cell(1, 1) - cell(0, 1))) * at.du +
                (bottom - top) * at.dv;
      }
      const double relative = distance / sigma_px_;
      const double reach = 1.0 + relative * relative / 36.0;
      of_point(point, weight / (sigma_px_ * reach * std::sqrt(reach)) * slope);
      values.push_back(weight * relative / std::sqrt(reach));
    }
  }
  r = Eigen::Map<const Eigen::VectorXd>(values.data(), here());
}

Eigen::Index FitProblem::parameter_count(const FitState& state, const Effort& effort) const {
  return kPlacement + state.angles.size() + (effort.phenotype ? kPhenotypeCount : 0);
}

FitState FitProblem::moved(const FitState& state, const Eigen::VectorXd& step, const Effort& effort) const {
  FitState next = state;
  next.rotation = turn(step.head<3>()) * state.rotation;
  next.translation += step.segment<3>(3);
  for (std::size_t j = 0; j < joints_.size(); ++j) {
    const auto i = static_cast<Eigen::Index>(j);
    next.angles[i] = std::clamp(state.angles[i] + step[kPlacement + i], joints_[j].low, joints_[j].high);
  }
  if (effort.phenotype) {
    for (int i = 0; i < kPhenotypeCount; ++i) {
      double& slider = phenotype_field(next.phenotype, i);
      slider = std::clamp(slider + step[kPlacement + state.angles.size() + i], 0.0, 1.0);
    }
  }
  return next;
}

Eigen::VectorXd FitProblem::residuals(const FitState& state, const Effort& effort) const {
  Eigen::VectorXd r;
  const Posed posed = skeleton_.pose(skeleton_.shape(state.phenotype, points_for(effort)), rotations_of(state.angles));
  residuals(state, placed(state, posed.points), effort, r, nullptr);
  return r;
}

double FitProblem::reprojection_rms_px(const FitState& state) const {
  const Rows points = placed(
      state, skeleton_.pose(skeleton_.shape(state.phenotype, kKeypointCount), rotations_of(state.angles)).points);
  double squares = 0.0;
  int visible = 0;
  for (int k = 0; k < kKeypointCount; ++k) {
    const Keypoint& mark = input_.keypoints[static_cast<std::size_t>(k)];
    if (mark.visibility != Visibility::visible) continue;
    const Projected at = project(camera_, points.row(k));
    squares += (at.u - mark.x) * (at.u - mark.x) + (at.v - mark.y) * (at.v - mark.y);
    ++visible;
  }
  return visible > 0 ? std::sqrt(squares / visible) : 0.0;
}

// [3 · points, parameters]: how each coordinate of each point, frame photo, moves.
Eigen::MatrixXd FitProblem::point_jacobian(const FitState& state, const Posed& posed,
                                           const Effort& effort) const {
  const int points = points_for(effort);
  Eigen::MatrixXd slopes = Eigen::MatrixXd::Zero(3 * points, parameter_count(state, effort));
  const Rows turned = posed.points * state.rotation.transpose();
  for (int i = 0; i < points; ++i) {
    const Eigen::Vector3d p = turned.row(i).transpose();
    for (int k = 0; k < 3; ++k) slopes.block<3, 1>(3 * i, k) = Eigen::Vector3d::Unit(k).cross(p);
    slopes.block<3, 3>(3 * i, 3).setIdentity();
  }
  // Of the joints of one bone each turns about its axis after the ones before it.
  struct Carried {
    Rows sums;
    Eigen::VectorXd weights;
  };
  std::map<int, Carried> carried;
  std::vector<Eigen::Matrix3d> before(posed.turns.size(), Eigen::Matrix3d::Identity());
  for (std::size_t j = 0; j < joints_.size(); ++j) {
    const Joint& joint = joints_[j];
    const auto column = kPlacement + static_cast<Eigen::Index>(j);
    for (std::size_t k = 0; k < joint.bones.size(); ++k) {
      const int bone = joint.bones[k];
      const auto [found, fresh] = carried.try_emplace(bone);
      auto& [sums, weights] = found->second;
      if (fresh) skeleton_.carried(posed, bone, sums, weights);
      const int parent = model_.bones()[static_cast<std::size_t>(bone)].parent;
      Eigen::Matrix3d& turned_so_far = before[static_cast<std::size_t>(bone)];
      Eigen::Vector3d axis = turned_so_far * joint.axis;
      if (parent >= 0) axis = posed.turns[static_cast<std::size_t>(parent)] * axis;
      axis = joint.shares[k] * (state.rotation * axis);
      const Eigen::Vector3d head = posed.heads.row(bone).transpose();
      for (int i = 0; i < points; ++i) {
        if (weights[i] == 0.0) continue;
        const Eigen::Vector3d arm = state.rotation * (sums.row(i).transpose() - weights[i] * head);
        slopes.block<3, 1>(3 * i, column) += axis.cross(arm);
      }
      turned_so_far = turned_so_far *
                      Eigen::AngleAxisd(state.angles[static_cast<Eigen::Index>(j)] * joint.shares[k], joint.axis)
                          .toRotationMatrix();
    }
  }
  if (effort.phenotype) {
    const auto rotations = rotations_of(state.angles);
    const Rows here = placed(state, posed.points);
    for (int i = 0; i < kPhenotypeCount; ++i) {
      // Away from the end, which the sliders do not pass.
      FitState near = state;
      double& slider = phenotype_field(near.phenotype, i);
      const double step = slider > 0.5 ? -1e-5 : 1e-5;
      slider += step;
      const Rows there = placed(near, skeleton_.pose(skeleton_.shape(near.phenotype, points_for(effort)), rotations).points);
      const Rows slope = (there - here) / step;
      slopes.col(kPlacement + state.angles.size() + i) =
          Eigen::Map<const Eigen::VectorXd>(slope.data(), slope.size());
    }
  }
  return slopes;
}

Eigen::MatrixXd FitProblem::jacobian(const FitState& state, const Shaped& shaped, const Effort& effort,
                                     Eigen::VectorXd& r) const {
  const Posed posed = skeleton_.pose(shaped, rotations_of(state.angles));
  Slopes slopes;
  residuals(state, placed(state, posed.points), effort, r, &slopes);
  const Eigen::MatrixXd moves = point_jacobian(state, posed, effort);
  Eigen::MatrixXd all = Eigen::MatrixXd::Zero(r.size(), moves.cols());
  for (const auto& s : slopes.points) all.row(s.residual) += s.slope * moves.middleRows<3>(3 * s.point);
  for (const auto& s : slopes.parameters) all(s.residual, s.parameter) += s.slope;
  return all;
}

Eigen::MatrixXd FitProblem::jacobian(const FitState& state, const Effort& effort) const {
  Eigen::VectorXd r;
  return jacobian(state, skeleton_.shape(state.phenotype, points_for(effort)), effort, r);
}

double FitProblem::minimise(FitState& state, const Effort& effort, int& iterations,
                            const Progress& progress) const {
  const Eigen::Index count = parameter_count(state, effort);
  // The range of each parameter; steps end there.
  Eigen::VectorXd low = Eigen::VectorXd::Constant(count, -std::numeric_limits<double>::infinity()), high = -low;
  for (std::size_t j = 0; j < joints_.size(); ++j) {
    low[kPlacement + static_cast<Eigen::Index>(j)] = joints_[j].low;
    high[kPlacement + static_cast<Eigen::Index>(j)] = joints_[j].high;
  }
  if (effort.phenotype) {
    low.tail<kPhenotypeCount>().setZero();
    high.tail<kPhenotypeCount>().setOnes();
  }
  const auto value = [&](FitState& of, Eigen::Index p) {
    const Eigen::Index slider = p - kPlacement - of.angles.size();
    return slider < 0 ? of.angles[p - kPlacement] : phenotype_field(of.phenotype, static_cast<int>(slider));
  };
  auto shaped = skeleton_.shape(state.phenotype, points_for(effort));
  Eigen::VectorXd r, moved_r;
  double objective = residuals(state, effort).squaredNorm(), damping = 1e-2;
  for (int iteration = 0; iteration < effort.iterations; ++iteration) {
    progress.check();
    ++iterations;
    const Eigen::MatrixXd slopes = jacobian(state, shaped, effort, r);
    Eigen::MatrixXd normal = slopes.transpose() * slopes;
    Eigen::VectorXd gradient = slopes.transpose() * r;
    // A parameter at the end of its range that pushes outward stays where it is.
    for (Eigen::Index p = kPlacement; p < count; ++p) {
      const double at = value(state, p);
      if ((at > low[p] || gradient[p] <= 0.0) && (at < high[p] || gradient[p] >= 0.0)) continue;
      gradient[p] = 0.0;
      normal.row(p).setZero();
      normal.col(p).setZero();
      normal(p, p) = 1.0;
    }
    bool improved = false;
    for (int attempt = 0; attempt < 6 && !improved; ++attempt) {
      Eigen::MatrixXd damped = normal;
      damped.diagonal() += damping * (normal.diagonal().array() + 1e-6).matrix();
      Eigen::VectorXd step = -damped.ldlt().solve(gradient);
      // A linear model is not to be trusted over large turns.
      const double longest =
          std::max(step.head<3>().norm(), step.segment(kPlacement, state.angles.size()).cwiseAbs().maxCoeff());
      if (longest > 0.6) step *= 0.6 / longest;
      FitState next = moved(state, step, effort);
      const auto next_shaped = effort.phenotype ? skeleton_.shape(next.phenotype, points_for(effort)) : shaped;
      const Posed posed = skeleton_.pose(next_shaped, rotations_of(next.angles));
      residuals(next, placed(next, posed.points), effort, moved_r, nullptr);
      const double next_objective = moved_r.squaredNorm();
      if (std::isfinite(next_objective) && next_objective < objective) {
        const double gain = (objective - next_objective) / objective;
        state = std::move(next);
        shaped = next_shaped;
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

}  // namespace tactus::body
