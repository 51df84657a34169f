// The camera of the photograph.
#pragma once

#include <Eigen/Core>

namespace tactus::geometry {

// Pinhole camera, frame `photo`: x right, y down, z forward, metres. A point (X, Y, Z) falls at
// u = focal_x·X/Z + centre_x, v = focal_y·Y/Z + centre_y, pixels; pixel j covers [j, j+1), its centre is j + 0.5.
struct PinholeCamera {
  int width = 0;
  int height = 0;
  double focal_x = 0.0, focal_y = 0.0;    // pixels
  double centre_x = 0.0, centre_y = 0.0;  // pixels

  Eigen::Vector2d project(const Eigen::Vector3d& point) const {
    return {focal_x * point.x() / point.z() + centre_x, focal_y * point.y() / point.z() + centre_y};
  }
  // The point at depth z (metres) that falls on the pixel.
  Eigen::Vector3d unproject(const Eigen::Vector2d& pixel, double z) const {
    return {(pixel.x() - centre_x) / focal_x * z, (pixel.y() - centre_y) / focal_y * z, z};
  }
  friend bool operator==(const PinholeCamera&, const PinholeCamera&) = default;
};

// A camera of the given vertical field of view (degrees) with its principal point in the middle.
PinholeCamera camera_with_field_of_view(int width, int height, double vertical_fov_deg);

// The virtual camera of OSX for a person box x, y, w, h in pixels (METHOD.md §8.2).
PinholeCamera osx_camera(int width, int height, const Eigen::Vector4d& box);

}  // namespace tactus::geometry
