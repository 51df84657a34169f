#include "tactus/geometry/transform.h"

#include <algorithm>
#include <cmath>

namespace tactus::geometry {

Vertices transform(const SimilarityTransform& target_from_source, const Vertices& source) {
  Vertices target(source.rows(), 3);
  for (Eigen::Index i = 0; i < source.rows(); ++i) {
    const Eigen::Vector3d point = source.row(i).transpose().cast<double>();
    target.row(i) = (target_from_source * point).transpose().cast<float>();
  }
  return target;
}

double rotation_angle(const Eigen::Matrix3d& a, const Eigen::Matrix3d& b) {
  // atan2 of the sine and the cosine: accurate near 0 and near π, where acos of the trace is not.
  const Eigen::Matrix3d d = a.transpose() * b;
  const Eigen::Vector3d twice_sine(d(2, 1) - d(1, 2), d(0, 2) - d(2, 0), d(1, 0) - d(0, 1));
  return std::atan2(twice_sine.norm(), d.trace() - 1.0);
}

Rotation6 rotation6_from_matrix(const Eigen::Matrix3d& m) {
  Rotation6 r;
  r << m(0, 0), m(0, 1), m(1, 0), m(1, 1), m(2, 0), m(2, 1);
  return r;
}

Eigen::Matrix3d matrix_from_rotation6(const Rotation6& r) {
  const Eigen::Vector3d a1(r[0], r[2], r[4]), a2(r[1], r[3], r[5]);
  const Eigen::Vector3d b1 = a1 / std::max(a1.norm(), 1e-12);
  const Eigen::Vector3d rest = a2 - b1.dot(a2) * b1;
  const Eigen::Vector3d b2 = rest / std::max(rest.norm(), 1e-12);
  Eigen::Matrix3d m;
  m << b1, b2, b1.cross(b2);
  return m;
}

Rotation6 rotation6_gradient(const Rotation6& r, const Eigen::Matrix3d& gradient_of_matrix) {
  const Eigen::Vector3d a1(r[0], r[2], r[4]), a2(r[1], r[3], r[5]);
  const double n1 = std::max(a1.norm(), 1e-12);
  const Eigen::Vector3d b1 = a1 / n1;
  const Eigen::Vector3d rest = a2 - b1.dot(a2) * b1;
  const double n2 = std::max(rest.norm(), 1e-12);
  const Eigen::Vector3d b2 = rest / n2;

  const Eigen::Vector3d g3 = gradient_of_matrix.col(2);
  // b3 = b1 × b2.
  Eigen::Vector3d g1 = gradient_of_matrix.col(0) + b2.cross(g3);
  const Eigen::Vector3d g2 = gradient_of_matrix.col(1) + g3.cross(b1);
  const Eigen::Vector3d g_rest = (g2 - b2 * b2.dot(g2)) / n2;
  // rest = a2 - (b1·a2) b1.
  const Eigen::Vector3d g_a2 = g_rest - b1 * b1.dot(g_rest);
  g1 -= a2 * b1.dot(g_rest) + b1.dot(a2) * g_rest;
  const Eigen::Vector3d g_a1 = (g1 - b1 * b1.dot(g1)) / n1;
  Rotation6 g;
  g << g_a1[0], g_a2[0], g_a1[1], g_a2[1], g_a1[2], g_a2[2];
  return g;
}

}  // namespace tactus::geometry
