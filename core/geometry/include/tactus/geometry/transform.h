// Rigid and similarity transforms, column vectors, named target_from_source.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>

#include "tactus/geometry/mesh.h"

namespace tactus::geometry {

// target = scale · rotation · source + translation. Composition reads: c_from_a = c_from_b * b_from_a.
struct SimilarityTransform {
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();
  Eigen::Vector3d translation = Eigen::Vector3d::Zero();
  double scale = 1.0;

  Eigen::Vector3d operator*(const Eigen::Vector3d& point) const {
    return scale * (rotation * point) + translation;
  }
  SimilarityTransform operator*(const SimilarityTransform& other) const {
    return {rotation * other.rotation, scale * (rotation * other.translation) + translation, scale * other.scale};
  }
  SimilarityTransform inverse() const {
    const Eigen::Matrix3d back = rotation.transpose();
    return {back, -(back * translation) / scale, 1.0 / scale};
  }
  Eigen::Matrix4d matrix() const {
    Eigen::Matrix4d m = Eigen::Matrix4d::Identity();
    m.topLeftCorner<3, 3>() = scale * rotation;
    m.topRightCorner<3, 1>() = translation;
    return m;
  }
};

Vertices transform(const SimilarityTransform& target_from_source, const Vertices& source);

// Geodesic distance of two rotations, radians in [0, π].
double rotation_angle(const Eigen::Matrix3d& a, const Eigen::Matrix3d& b);

// The 6-number rotation of Zhou et al. 2019 in the published layout (METHOD.md §8.7): the first two columns
// interleaved, (R00, R01, R10, R11, R20, R21).
using Rotation6 = Eigen::Matrix<double, 6, 1>;
Rotation6 rotation6_from_matrix(const Eigen::Matrix3d& rotation);
Eigen::Matrix3d matrix_from_rotation6(const Rotation6& r);
// Gradient of a scalar with respect to r, given its gradient with respect to the matrix entries.
Rotation6 rotation6_gradient(const Rotation6& r, const Eigen::Matrix3d& gradient_of_matrix);

}  // namespace tactus::geometry
