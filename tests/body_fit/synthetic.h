// People made by the model itself: the fit's marks with known answers.
#pragma once

#include <cmath>
#include <filesystem>
#include <numbers>
#include <string>

#include "tactus/body/photo_body.h"
#include "tactus/io/body_files.h"
#include "tactus/random.h"

namespace tactus::body {

inline constexpr double kRadians = std::numbers::pi / 180.0;

inline std::filesystem::path body_file() {
  return std::filesystem::path(TACTUS_BINARY_DIR) / "share/tactus/body.tbm";
}

inline const BodyModel& model() {
  static const BodyModel the_model(io::read_body_model(body_file()));
  return the_model;
}

struct Synthetic {
  BodyFitInput input;
  Pose pose;
  Phenotype phenotype;
  geometry::SimilarityTransform photo_from_body;
  Eigen::Matrix<double, kKeypointCount, 3, Eigen::RowMajor> keypoints_photo;  // metres
  double yaw_deg = 0.0;
  geometry::PinholeCamera camera;
};

inline void turn_bone(Pose& pose, const std::string& name, double x_deg, double y_deg, double z_deg) {
  pose.rotations.row(model().bone_index(name)) = Eigen::RowVector3d(x_deg, y_deg, z_deg) * kRadians;
}

inline Eigen::Matrix3d facing(double yaw_deg) {
  return Eigen::Matrix3d(Eigen::Vector3d(1, -1, -1).asDiagonal()) *
         Eigen::AngleAxisd(yaw_deg * kRadians, Eigen::Vector3d::UnitY()).toRotationMatrix();
}

// Marks where the camera sees the keypoints, and noise.
inline void photograph(Synthetic& s, Random& random, double noise_px) {
  s.input.photo_width = s.camera.width;
  s.input.photo_height = s.camera.height;
  s.input.focal_px = s.camera.focal_x;
  const auto points = model().pose_keypoints(model().shape(s.phenotype), s.pose);
  for (int k = 0; k < kKeypointCount; ++k) {
    const Eigen::Vector3d point = s.photo_from_body * points.row(k).transpose();
    s.keypoints_photo.row(k) = point.transpose();
    const Eigen::Vector2d pixel = s.camera.project(point);
    s.input.keypoints[static_cast<std::size_t>(k)] = {
        pixel.x() + noise_px * random.normal(), pixel.y() + noise_px * random.normal(), Visibility::visible};
  }
}

// Arms, knees, trunk and head moved within everyday ranges; noise in pixels of each mark.
inline Synthetic synthetic(Random& random, double yaw_deg, double noise_px, bool seated) {
  Synthetic s;
  s.yaw_deg = yaw_deg;
  s.phenotype.height = random.uniform(0.35, 0.65);
  s.phenotype.weight = random.uniform(0.35, 0.65);
  s.phenotype.gender = random.uniform(0.2, 0.8);
  s.pose = model().rest_pose();
  turn_bone(s.pose, "spine03", random.uniform(0, 20), 0, 0);
  turn_bone(s.pose, "neck02", random.uniform(-5, 15), random.uniform(-20, 20), 0);
  for (const std::string side : {".L", ".R"}) {
    const double sign = side == ".L" ? 1.0 : -1.0;
    turn_bone(s.pose, "upperarm01" + side, random.uniform(-40, 0), 0, sign * random.uniform(-35, 10));
    turn_bone(s.pose, "upperleg01" + side, seated ? random.uniform(-85, -65) : random.uniform(-20, 5), 0, 0);
    turn_bone(s.pose, "lowerleg01" + side, seated ? random.uniform(70, 95) : random.uniform(0, 25), 0, 0);
  }
  s.photo_from_body.rotation = facing(yaw_deg);
  s.photo_from_body.translation = {random.uniform(-0.3, 0.3), random.uniform(-0.2, 0.2),
                                   random.uniform(3.0, 4.5)};
  s.camera = {800, 1000, 1100.0, 1100.0, 400.0, 500.0};
  photograph(s, random, noise_px);
  return s;
}

// Poses, shapes, facings and cameras over wide ranges, inside the limits of the fit; noise up to 3 px.
inline Synthetic synthetic_wide(Random& random) {
  Synthetic s;
  s.yaw_deg = random.uniform(-180, 180);
  for (double* slider : {&s.phenotype.gender, &s.phenotype.weight, &s.phenotype.muscle, &s.phenotype.proportions})
    *slider = random.uniform();
  s.phenotype.height = random.uniform(0.2, 0.9);
  s.pose = model().rest_pose();
  turn_bone(s.pose, "spine03", random.uniform(0, 30), random.uniform(-15, 15), random.uniform(-10, 10));
  turn_bone(s.pose, "neck02", random.uniform(-10, 20), random.uniform(-30, 30), 0);
  for (const std::string side : {".L", ".R"}) {
    const double sign = side == ".L" ? 1.0 : -1.0;
    turn_bone(s.pose, "upperarm01" + side, random.uniform(-80, 20), 0, sign * random.uniform(-45, 60));
    turn_bone(s.pose, "upperleg01" + side, random.uniform(-95, 10), 0, sign * random.uniform(0, 30));
    turn_bone(s.pose, "lowerleg01" + side, random.uniform(0, 100), 0, 0);
  }
  s.photo_from_body.rotation = facing(s.yaw_deg);
  const int width = 480 + static_cast<int>(random.below(1120)), height = 480 + static_cast<int>(random.below(1120));
  const double focal = random.uniform(0.9, 2.0) * std::max(width, height);
  s.camera = {width, height, focal, focal, 0.5 * width, 0.5 * height};
  // The person fills some two thirds of the shorter side.
  s.photo_from_body.translation = {random.uniform(-0.2, 0.2), random.uniform(-0.1, 0.1),
                                   2.6 * focal / std::min(width, height)};
  photograph(s, random, random.uniform(0.0, 3.0));
  return s;
}

}  // namespace tactus::body
