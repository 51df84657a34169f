#include "tactus/geometry/camera.h"

#include <cmath>
#include <numbers>

namespace tactus::geometry {

PinholeCamera camera_with_field_of_view(int width, int height, double vertical_fov_deg) {
  const double focal = 0.5 * height / std::tan(vertical_fov_deg * std::numbers::pi / 360.0);
  return {width, height, focal, focal, 0.5 * width, 0.5 * height};
}

PinholeCamera osx_camera(int width, int height, const Eigen::Vector4d& box) {
  return {width,
          height,
          5000.0 / 192.0 * box[2],
          5000.0 / 256.0 * box[3],
          0.5 * box[2] + box[0],
          0.5 * box[3] + box[1]};
}

}  // namespace tactus::geometry
