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
};

inline void turn_bone(Pose& pose, const std::string& name, double x_deg, double y_deg, double z_deg) {
  pose.rotations.row(model().bone_index(name)) = Eigen::RowVector3d(x_deg, y_deg, z_deg) * kRadians;
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
  s.photo_from_body.rotation =
      Eigen::Matrix3d(Eigen::Vector3d(1, -1, -1).asDiagonal()) *
      Eigen::AngleAxisd(yaw_deg * kRadians, Eigen::Vector3d::UnitY()).toRotationMatrix();
  s.photo_from_body.translation = {random.uniform(-0.3, 0.3), random.uniform(-0.2, 0.2),
                                   random.uniform(3.0, 4.5)};
  s.input.photo_width = 800;
  s.input.photo_height = 1000;
  s.input.focal_px = 1100.0;
  const geometry::PinholeCamera camera{800, 1000, 1100.0, 1100.0, 400.0, 500.0};
  const auto points = model().pose_keypoints(model().shape(s.phenotype), s.pose);
  for (int k = 0; k < kKeypointCount; ++k) {
    const Eigen::Vector3d point = s.photo_from_body * points.row(k).transpose();
    s.keypoints_photo.row(k) = point.transpose();
    const Eigen::Vector2d pixel = camera.project(point);
    s.input.keypoints[static_cast<std::size_t>(k)] = {
        pixel.x() + noise_px * random.normal(), pixel.y() + noise_px * random.normal(), Visibility::visible};
  }
  return s;
}

}  // namespace tactus::body
