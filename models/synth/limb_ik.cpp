#include "limb_ik.h"

#include <algorithm>
#include <cmath>

namespace tactus::synth {
namespace {

Eigen::Matrix3d from_rotation_vector(const Eigen::Vector3d& vector) {
  const double angle = vector.norm();
  if (angle < 1e-12) return Eigen::Matrix3d::Identity();
  return Eigen::AngleAxisd(angle, vector / angle).toRotationMatrix();
}

// Columns: along, across (normal made orthogonal to it), and their cross product.
Eigen::Matrix3d frame_of(const Eigen::Vector3d& along, const Eigen::Vector3d& normal) {
  Eigen::Matrix3d m;
  m.col(0) = along.normalized();
  const Eigen::Vector3d across = normal - m.col(0) * m.col(0).dot(normal);
  m.col(1) = across.norm() < 1e-9 ? m.col(0).unitOrthogonal() : across.normalized();
  m.col(2) = m.col(0).cross(m.col(1));
  return m;
}

}  // namespace

BoneMotion::BoneMotion(const body::BodyModel& model, const body::ShapedBody& shaped, const body::Pose& pose)
    : model_(&model), shaped_(&shaped) {
  for (Eigen::Index b = 0; b < pose.rotations.rows(); ++b)
    turn.push_back(from_rotation_vector(pose.rotations.row(b).transpose()));
}

Eigen::Isometry3d BoneMotion::motion(int bone) const {
  Eigen::Isometry3d whole = Eigen::Isometry3d::Identity();
  for (; bone >= 0; bone = model_->bones()[static_cast<std::size_t>(bone)].parent) {
    Eigen::Isometry3d own = Eigen::Isometry3d::Identity();
    own.linear() = turn[static_cast<std::size_t>(bone)];
    own.translation() = rest(bone) - own.linear() * rest(bone);
    whole = own * whole;
  }
  return whole;
}

Eigen::Matrix3d BoneMotion::orientation(int bone) const {
  Eigen::Matrix3d whole = Eigen::Matrix3d::Identity();
  for (; bone >= 0; bone = model_->bones()[static_cast<std::size_t>(bone)].parent)
    whole = turn[static_cast<std::size_t>(bone)] * whole;
  return whole;
}

Eigen::Vector3d BoneMotion::head(int bone) const { return motion(bone) * rest(bone); }

body::Pose BoneMotion::pose() const {
  body::Pose pose;
  pose.rotations.resize(static_cast<Eigen::Index>(turn.size()), 3);
  for (std::size_t b = 0; b < turn.size(); ++b) {
    const Eigen::AngleAxisd angle(turn[b]);
    pose.rotations.row(static_cast<Eigen::Index>(b)) = (angle.angle() * angle.axis()).transpose();
  }
  return pose;
}

void aim_limb(BoneMotion& motion, const Limb& limb, const Eigen::Vector3d& middle, const Eigen::Vector3d& end) {
  const Eigen::Vector3d rest_upper = motion.rest(limb.lower) - motion.rest(limb.upper);
  const Eigen::Vector3d rest_lower = motion.rest(limb.end) - motion.rest(limb.lower);
  const Eigen::Vector3d rest_normal = rest_upper.cross(rest_lower);
  const Eigen::Vector3d root = motion.head(limb.upper);
  Eigen::Vector3d normal = motion.orientation(limb.upper) * rest_normal.normalized();
  Eigen::Vector3d upper = middle - root;
  if (upper.norm() < 1e-6) upper = motion.orientation(limb.upper) * rest_upper;
  upper = upper.normalized() * rest_upper.norm();
  Eigen::Vector3d lower = end - root - upper;
  if (lower.norm() < 1e-6) lower = motion.orientation(limb.lower) * rest_lower;
  constexpr double kBent = 0.34;   // sine of 20°
  const Eigen::Vector3d plane = upper.normalized().cross(lower.normalized());
  if (plane.norm() > kBent) normal = plane;
  const Eigen::Matrix3d upper_turn = frame_of(upper, normal) * frame_of(rest_upper, rest_normal).transpose();
  const Eigen::Matrix3d lower_turn = frame_of(lower, normal) * frame_of(rest_lower, rest_normal).transpose();
  // What the bone's own turn adds to its parent's.
  const auto set = [&](int bone, const Eigen::Matrix3d& wanted) {
    auto& turn = motion.turn[static_cast<std::size_t>(bone)];
    const Eigen::Matrix3d parent = motion.orientation(bone) * turn.transpose();
    turn = parent.transpose() * wanted;
  };
  set(limb.upper, upper_turn);
  set(limb.lower, lower_turn);
}

Eigen::Vector3d on_ray(const Eigen::Vector3d& centre, double radius, const Eigen::Vector3d& ray, double depth, bool other) {
  const double along = centre.dot(ray);
  const Eigen::Vector3d aside = along * ray - centre;
  const double left = radius * radius - aside.squaredNorm();
  if (left <= 0.0) return centre + aside * (radius / aside.norm());
  const double half = std::sqrt(left);
  const bool far = (depth > along) != other;
  return (far ? along + half : along - half) * ray;
}

}  // namespace tactus::synth
