#include "tactus/views/view_camera.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace tactus::views {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;

Eigen::Vector3d normalised(const Eigen::Vector3d& v) { return v / std::max(v.norm(), 1e-5); }

}  // namespace

const std::vector<ViewCamera>& body_views() {
  static const std::vector<ViewCamera> table = {{"topfront", 2, 45, 315, 0, 0},
                                                {"bottomfront", 2, 315, 315, 0, 0.3},
                                                {"topback", 2, 45, 135, 0, 0},
                                                {"bottomback", 2, 315, 135, 0, 0.3}};
  return table;
}

const std::vector<ViewCamera>& object_views() {
  static const std::vector<ViewCamera> table = {{"frontleft", 2, 45, 315, 0, 0},
                                                {"frontright", 2, 45, 45, 0, 0},
                                                {"backleft", 2, 330, 135, 0, 0},
                                                {"backright", 2, 330, 225, 0, 0}};
  return table;
}

const std::vector<ViewCamera>& object_mesh_views() {
  static const std::vector<ViewCamera> table = [] {
    std::vector<ViewCamera> nearer = object_views();
    for (auto& view : nearer) view.distance = 1.5;
    return nearer;
  }();
  return table;
}

const std::vector<ViewCamera>& ten_views() {
  static const std::vector<ViewCamera> table = {
      {"frontleft", 2, 45, 315, 0, 0},  {"frontright", 2, 45, 45, 0, 0}, {"top", 2, 90, 0, 0, 0},
      {"front", 2, 0, 0, 0, 0},         {"left", 2, 0, 270, 0, 0},       {"backleft", 2, 330, 135, 0, 0},
      {"backright", 2, 330, 225, 0, 0}, {"bottom", 2, 270, 0, 0, 0},     {"back", 2, 0, 180, 0, 0},
      {"right", 2, 0, 90, 0, 0}};
  return table;
}

std::array<float, 5> normalised_parameters(const ViewCamera& view) {
  return {static_cast<float>(view.distance / 10.0), static_cast<float>(view.elevation_deg / 360.0),
          static_cast<float>(view.azimuth_deg / 360.0), static_cast<float>((view.x_trans + 1.0) / 2.0),
          static_cast<float>((view.y_trans + 1.0) / 2.0)};
}

LookAt look_at(const ViewCamera& view) {
  const double e = view.elevation_deg * kRadians, a = view.azimuth_deg * kRadians;
  LookAt result;
  result.camera_centre = view.distance * Eigen::Vector3d(std::cos(e) * std::sin(a), std::sin(e), std::cos(e) * std::cos(a));
  const Eigen::Vector3d up(0, 1, 0);
  const Eigen::Vector3d z = normalised(-result.camera_centre);
  Eigen::Vector3d x = normalised(up.cross(z));
  Eigen::Vector3d y = normalised(z.cross(x));
  if (x.norm() < 0.5) {
    // Straight up or down. The published rule takes x from y and z again, which in its single precision gives the
    // side that the rounded elevation leans to; so does this.
    const double lean = std::cos(static_cast<float>(e));
    x = up.cross(-Eigen::Vector3d(lean * std::sin(a), std::sin(e), lean * std::cos(a))).normalized();
    y = z.cross(x).normalized();
  }
  result.rotation << x, y, z;
  result.translation = -(result.rotation.transpose() * result.camera_centre);
  result.translation.x() += view.x_trans;
  result.translation.y() += view.y_trans;
  return result;
}

RasterCamera raster_camera(const ViewCamera& view, int size) {
  const LookAt look = look_at(view);
  RasterCamera camera;
  camera.width = camera.height = size;
  camera.rotation = look.rotation;
  camera.translation = look.translation;
  camera.scale_x = camera.scale_y = 1.0 / std::tan(30.0 * kRadians);
  return camera;
}

RasterCamera raster_camera(const geometry::PinholeCamera& pinhole) {
  RasterCamera camera;
  camera.width = pinhole.width;
  camera.height = pinhole.height;
  // Photo frame (x right, y down) to the renderer's (x left, y up).
  camera.rotation = Eigen::Vector3d(-1.0, -1.0, 1.0).asDiagonal();
  const double unit = 0.5 * std::min(pinhole.width, pinhole.height);
  camera.scale_x = pinhole.focal_x / unit;
  camera.scale_y = pinhole.focal_y / unit;
  camera.offset_x = -(pinhole.centre_x - 0.5 * pinhole.width) / unit;
  camera.offset_y = -(pinhole.centre_y - 0.5 * pinhole.height) / unit;
  camera.clip = false;
  return camera;
}

}  // namespace tactus::views
