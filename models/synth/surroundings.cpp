#include "surroundings.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "truth.h"

namespace tactus::synth {

using Eigen::Isometry3d;
using Eigen::Matrix3d;
using Eigen::Vector3d;
using std::numbers::pi;

bool choose_camera(Random& random, const geometry::Vertices& points, CameraView& view) {
  const bool portrait = random.uniform() < 0.4;
  const double fov = random.uniform(25.0, 65.0);
  view.camera = geometry::camera_with_field_of_view(portrait ? 480 : 640, portrait ? 640 : 480, fov);
  const auto box = geometry::bounding_box(points);
  const Vector3d centre = box.centre().cast<double>();
  const double tall = box.size().norm();
  const double azimuth = random.uniform() < 0.6 ? random.uniform(-1.1, 1.1) : random.uniform(-pi, pi);   // 0: before the person
  const double height = random.uniform(0.4, 2.2), tilt = 0.05 * random.normal();
  const double wanted = random.uniform(0.4, 0.95);
  const bool truncated = random.uniform() < 0.2;
  const Vector3d aside(random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5), 0.0);
  double distance = 1.2 * tall / (2.0 * std::tan(fov * pi / 360.0)) / wanted;
  for (int round = 0; round < 8; ++round) {
    const double away = std::max(0.1, std::sqrt(std::max(0.05, distance * distance - std::pow(height - centre.y(), 2.0))));
    const Vector3d eye(centre.x() + away * std::sin(azimuth), height, centre.z() + away * std::cos(azimuth));
    const Vector3d forward = (centre - eye).normalized();
    const Vector3d right = forward.cross(Vector3d::UnitY()).normalized(), down = forward.cross(right);
    Matrix3d r;
    r << right.transpose(), down.transpose(), forward.transpose();
    r = Eigen::AngleAxisd(tilt, Vector3d::UnitZ()) * r;
    view.photo_from_world.linear() = r;
    view.photo_from_world.translation() = -r * eye;
    view.photo_from_world.makeAffine();
    Eigen::Vector2d lower(1e9, 1e9), upper(-1e9, -1e9);
    bool behind = false;
    for (Eigen::Index i = 0; i < points.rows(); ++i) {
      const Vector3d p = view.photo_from_world * Vector3d(points.row(i).transpose().cast<double>());
      if (p.z() < 0.25) {
        behind = true;
        break;
      }
      const Eigen::Vector2d uv = view.camera.project(p);
      lower = lower.cwiseMin(uv);
      upper = upper.cwiseMax(uv);
    }
    const Eigen::Vector2d size = upper - lower;
    const double fill = behind ? 3.0 : std::max(size.y() / (wanted * view.camera.height), size.x() / (0.97 * view.camera.width)) / (truncated ? 1.35 : 1.0);
    if (std::abs(fill - 1.0) < 0.03) {
      // Somewhere in the picture: whole, or cut off by its border.
      const Eigen::Vector2d room(view.camera.width - size.x(), view.camera.height - size.y());
      Eigen::Vector2d place = 0.5 * room.cwiseMax(0.0);
      for (Eigen::Index k = 0; k < 2; ++k) {
        const double free = truncated ? std::abs(room[k]) + 0.3 * size[k] : std::max(0.0, room[k]);
        place[k] = 0.5 * room[k] + free * aside[k];
        if (!truncated) place[k] = std::clamp(place[k], std::min(0.0, room[k]), std::max(0.0, room[k]));
      }
      // Turn the camera so that the box comes to lie there: about the middle it is a shift of the principal ray.
      const Eigen::Vector2d shift = place - lower;
      Matrix3d turn = (Eigen::AngleAxisd(std::atan(shift.x() / view.camera.focal_x), Vector3d::UnitY()) *
                       Eigen::AngleAxisd(-std::atan(shift.y() / view.camera.focal_y), Vector3d::UnitX()))
                          .toRotationMatrix();
      view.photo_from_world.linear() = turn * r;
      view.photo_from_world.translation() = -view.photo_from_world.linear() * eye;
      return true;
    }
    distance *= std::clamp(fill, 0.5, 2.0);
  }
  return false;
}

bool place_untouched(Draft& draft, const SurfaceTree& body, const CameraView& view, PlacedThing& placed, Placement placement) {
  const Thing& thing = *placed.thing;
  const bool floor = stays_on_the_floor(thing.category());
  Isometry3d& pose = placed.world_from_thing;
  pose = Isometry3d::Identity();
  const double turned = draft.uniform(-pi, pi);
  const double a = draft.uniform(-pi, pi);
  const double tilt = floor ? 0.0 : draft.uniform(0.0, draft.chance(0.5) ? 0.3 : 2.5);
  pose.linear() = rotation_from(tilt * Vector3d(std::cos(a), 0, std::sin(a))) * yaw(turned);
  double low = 1e9;
  for (Eigen::Index v = 0; v < thing.surface.vertices().rows(); ++v)
    low = std::min(low, (pose.linear() * thing.surface.vertices().row(v).transpose().cast<double>()).y());
  const Vector3d centre = 0.5 * (body.lower() + body.upper()).cast<double>();
  const Vector3d eye = view.photo_from_world.inverse().translation();
  const double extent = 0.5 * std::max(thing.box.size().x(), thing.box.size().z());
  const double size = 0.5 * std::hypot(body.upper().x() - body.lower().x(), body.upper().z() - body.lower().z());
  const auto on_floor = [&] { pose.translation().y() = -low; };
  const auto height = [&](double y) {
    if (floor) on_floor();
    else pose.translation().y() = std::max(y, -low);
  };
  const auto some_skin = [&] {
    return Vector3d(body.vertices().row(draft.random.below(static_cast<std::uint32_t>(body.vertices().rows()))).transpose().cast<double>());
  };
  double least = 0.1, most = 1e3;
  switch (placement) {
    case Placement::far: {
      const Vector3d forward = Vector3d(centre.x() - eye.x(), 0, centre.z() - eye.z()).normalized(), right = forward.cross(Vector3d::UnitY());
      pose.translation() = centre + (draft.chance(0.5) ? 1.0 : -1.0) * right * draft.uniform(0.8, 2.0) + forward * draft.uniform(-0.5, 4.0);
      height(draft.chance(0.5) ? -low : draft.uniform(0.2, 1.6));
      least = 0.4;
      break;
    }
    case Placement::beside: {
      const double around = draft.uniform(-pi, pi), away = size * 0.6 + extent + draft.uniform(0.05, 0.6);
      pose.translation() = centre + away * Vector3d(std::sin(around), 0, std::cos(around));
      height(draft.chance(0.4) ? -low : draft.uniform(0.2, 1.6));
      least = 0.05;
      break;
    }
    case Placement::in_front:
    case Placement::behind: {
      const Vector3d aim = some_skin();
      const double depth = (aim - eye).norm();
      const double to = placement == Placement::in_front ? depth - extent - draft.uniform(0.15, 0.5) * std::min(depth, 2.5)
                                                         : depth + extent + draft.uniform(0.2, 2.0);
      if (to < 0.6 + extent) return false;
      pose.translation() = eye + (aim - eye) / depth * to;
      height(pose.translation().y());
      least = 0.12;
      break;
    }
    case Placement::near_miss: {
      // Slid along until the gap is left.
      least = 0.02;
      most = 0.2;
      const double gap = 0.022 * std::pow(8.5, draft.random.uniform());
      Vector3d aim = some_skin();
      if (!floor && draft.chance(0.7)) {   // near a hand
        const auto& region = draft.rig.region(Region::hand, draft.any_side());
        aim = body.vertices().row(region[draft.random.below(static_cast<std::uint32_t>(region.size()))]).transpose().cast<double>();
      }
      Vector3d from(draft.random.normal(), floor ? 0.0 : 0.6 * draft.random.normal(), draft.random.normal());
      from.normalize();
      pose.translation() = aim + from * (extent + thing.box.size().y() + 0.6);
      height(pose.translation().y());
      for (int step = 0; step < 12; ++step) {
        const double left = static_cast<double>(gap_between(body, thing, pose, 3.0F)) - gap;
        if (std::abs(left) < 0.002) break;
        pose.translation() -= 0.98 * left * from;
      }
      break;
    }
    default: return false;
  }
  if (!floor && pose.translation().y() < -low - 1e-6) pose.translation().y() = -low;
  const double gap = gap_between(body, thing, pose, 3.0F);
  if (gap < least + 0.001 || gap > most - 0.001) return false;
  // Its middle is in the picture.
  const Vector3d seen = view.photo_from_world * pose.translation();
  if (seen.z() < 0.4) return false;
  const Eigen::Vector2d uv = view.camera.project(seen);
  return uv.x() > 0 && uv.y() > 0 && uv.x() < view.camera.width && uv.y() < view.camera.height;
}

}  // namespace tactus::synth
