#include "polish.h"

#include <Eigen/Eigenvalues>
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>

namespace tactus::reconstruct {
namespace {

constexpr double kApart = 0.001;           // metres between the gradients whose difference is the curvature
constexpr double kLongest = 0.01;          // metres a step
constexpr double kLeastCurvature = 1e-4;   // of the largest
constexpr double kArmijo = 1e-4, kShorten = 0.4, kLeastGain = 1e-5;
constexpr int kShortenings = 8, kMostSlowSteps = 3;

// A placement's surroundings in metres: turn times radius, shift, logarithm of the size times radius.
struct Chart {
  Eigen::Index size;
  double radius;

  Placement moved(const Placement& from, const Eigen::VectorXd& by) const {
    Placement to = from;
    const Eigen::Vector3d turn = by.head<3>() / radius;
    if (turn.norm() > 0.0) to.rotation = Eigen::AngleAxisd(turn.norm(), turn.normalized()).toRotationMatrix() * from.rotation;
    to.place += by.segment<3>(3);
    if (size == 7) to.scale *= std::exp(by[6] / radius);
    return to;
  }
  Eigen::VectorXd gradient(const Placement& at, const PlacementGradient& of) const {
    Eigen::VectorXd g(size);
    for (int k = 0; k < 3; ++k) {
      double sum = 0.0;
      for (int column = 0; column < 3; ++column)
        sum += of.rotation.col(column).dot(Eigen::Vector3d::Unit(k).cross(at.rotation.col(column)));
      g[k] = sum / radius;
    }
    g.segment<3>(3) = of.place;
    if (size == 7) g[6] = of.log_scale / radius;
    return g;
  }
};

}  // namespace

Placement polish(const Placement& from, const PolishOptions& options, const PlacementLoss& loss, const PlacementAccepted& accepted,
                 const Progress& progress) {
  const Chart chart{options.optimise_scale ? 7 : 6, std::max(1e-3, options.radius)};
  const auto evaluate = [&](const Placement& at, Eigen::VectorXd& g) {
    progress.check();
    PlacementGradient gradient;
    const double value = loss(at, gradient);
    g = chart.gradient(at, gradient);
    return value;
  };
  Placement at = from;
  Eigen::VectorXd g;
  double value = evaluate(at, g);
  // Of the inverse curvature; a saddle's downward directions count by their size, so that steps always lead down.
  const auto inverse_curvature = [&] {
    Eigen::MatrixXd second(chart.size, chart.size);
    for (Eigen::Index k = 0; k < chart.size; ++k) {
      Eigen::VectorXd there;
      evaluate(chart.moved(at, kApart * Eigen::VectorXd::Unit(chart.size, k)), there);
      second.col(k) = (there - g) / kApart;
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(0.5 * (second + second.transpose()));
    const Eigen::VectorXd size = solver.eigenvalues().cwiseAbs();
    const Eigen::VectorXd inverse = size.cwiseMax(kLeastCurvature * size.maxCoeff()).cwiseMax(1e-12).cwiseInverse();
    return (solver.eigenvectors() * inverse.asDiagonal() * solver.eigenvectors().transpose()).eval();
  };
  Eigen::MatrixXd inverse = inverse_curvature();
  bool fresh = true;
  int evaluations = 0, slow = 0;
  for (int iteration = 0; iteration < options.most_iterations && evaluations < 3 * options.most_iterations;) {
    Eigen::VectorXd direction = -inverse * g;
    if (!(direction.dot(g) < 0.0)) break;
    if (direction.norm() > kLongest) direction *= kLongest / direction.norm();
    bool lower = false;
    double step = 1.0, next_value = 0.0;
    Placement next;
    Eigen::VectorXd next_g;
    for (int k = 0; k < kShortenings && !lower; ++k) {
      if (k > 0) step *= kShorten;
      next = chart.moved(at, step * direction);
      next_value = evaluate(next, next_g);
      ++evaluations;
      lower = next_value <= value + kArmijo * step * direction.dot(g);
    }
    if (!lower) {
      if (fresh) break;
      inverse = inverse_curvature();
      evaluations += static_cast<int>(chart.size);
      fresh = true;
      continue;
    }
    const Eigen::VectorXd s = step * direction, y = next_g - g;
    const double sy = s.dot(y);
    if (sy > 1e-8 * s.norm() * y.norm()) {
      const Eigen::MatrixXd left = Eigen::MatrixXd::Identity(chart.size, chart.size) - s * y.transpose() / sy;
      inverse = left * inverse * left.transpose() + s * s.transpose() / sy;
      fresh = false;
    }
    slow = next_value > value - kLeastGain * std::abs(value) ? slow + 1 : 0;
    at = next;
    g = next_g;
    value = next_value;
    ++iteration;
    progress.report(static_cast<double>(iteration) / options.most_iterations);
    if (!accepted(at) || slow >= kMostSlowSteps) break;
  }
  return at;
}

}  // namespace tactus::reconstruct
