#include <algorithm>
#include <cmath>
#include <numbers>

#include "draft.h"

namespace tactus::synth {

using Eigen::Matrix3d;
using Eigen::Vector3d;
using std::numbers::pi;

void place_foot(Draft& draft, Side side, const Vector3d& under_ankle, double toe_out, double toe_up) {
  Figure& figure = draft.figure;
  const double out = side == kLeft ? 1.0 : -1.0;
  // The body's heading on the ground.
  const Vector3d ahead = figure.world_from_body.linear() * Vector3d::UnitZ();
  const double heading = std::hypot(ahead.x(), ahead.z()) > 0.3 ? std::atan2(ahead.x(), ahead.z()) : 0.0;
  const Matrix3d foot = yaw(heading + out * (toe_out - 0.18)) * pitch(-toe_up);   // the rest pose's toes point 10° outwards
  const Vector3d ankle = under_ankle + foot * Vector3d(0, figure.ankle_height(), 0);
  const Vector3d knee = yaw(heading + out * 0.8 * toe_out) * Vector3d(0, 0.15, 1);
  figure.reach_leg(side, ankle, knee, foot);
}

void stand(Draft& draft, double floor) {
  Figure& figure = draft.figure;
  const double leg = figure.leg_length();
  const double bend = draft.chance(0.75) ? draft.uniform(0.96, 0.995) : draft.uniform(0.72, 0.96);
  const double step = draft.chance(0.4) ? draft.uniform(-0.28, 0.28) * leg : draft.uniform(-0.04, 0.04) * leg;
  const double width = draft.uniform(0.09, draft.chance(0.2) ? 0.32 : 0.16) * leg;
  const double stoop = std::max(0.0, 0.96 - bend) * 2.0;
  const double drop = std::hypot(step, 0.0) * std::abs(step) / (2.0 * leg);
  figure.world_from_body.linear() = yaw(draft.uniform(-0.1, 0.1)) * pitch(0.4 * stoop + draft.uniform(-0.05, 0.08));
  figure.world_from_body.translation() = Vector3d(0, floor + bend * leg - drop + figure.ankle_height(), 0);
  figure.bend_spine(draft.uniform(-0.1, 0.2) + stoop * draft.uniform(0.3, 1.2) + (draft.chance(0.1) ? draft.uniform(0.2, 0.8) : 0.0), draft.uniform(-0.12, 0.12),
                    draft.uniform(-0.25, 0.25));
  figure.turn_head(draft.uniform(-0.25, 0.4), draft.uniform(-0.15, 0.15), draft.uniform(-0.7, 0.7));
  figure.update();
  const double hip = figure.joint(draft.rig.leg[0].upper).z();
  for (const Side side : {kLeft, kRight}) {
    const double out = side == kLeft ? 1.0 : -1.0;
    place_foot(draft, side, {out * width, floor, hip + out * step - 0.02}, draft.uniform(0.0, 0.35));
  }
}

void seated_legs(Draft& draft, double floor, double spread, double forward, double least) {
  Figure& figure = draft.figure;
  const Matrix3d facing = figure.world_from_body.linear();
  const Vector3d ahead3 = facing * Vector3d::UnitZ();
  const Vector3d ahead = Vector3d(ahead3.x(), 0, ahead3.z()).normalized(), left = Vector3d::UnitY().cross(ahead);
  for (const Side side : {kLeft, kRight}) {
    const double out = side == kLeft ? 1.0 : -1.0;
    figure.update();
    const Vector3d hip = figure.joint(draft.rig.leg[static_cast<std::size_t>(side)].upper);
    const double reach = forward + draft.uniform(-0.06, 0.06) * figure.leg_length();
    Vector3d under = hip + ahead * std::max(reach, least) + left * out * spread;
    // Feet that do not reach the floor hang from level thighs.
    const double thigh = 0.5 * figure.leg_length();
    under.y() = std::max(floor, hip.y() - 0.03 - thigh - figure.ankle_height());
    place_foot(draft, side, under, draft.uniform(0.0, 0.3));
  }
}

void sit_in_the_air(Draft& draft) {
  Figure& figure = draft.figure;
  const double height = draft.uniform(0.3, 0.55) * figure.leg_length();
  figure.world_from_body.linear() = pitch(draft.uniform(-0.3, 0.05));
  figure.world_from_body.translation() = Vector3d(0, height + 0.1, 0);
  figure.bend_spine(draft.uniform(0.0, 0.5), draft.uniform(-0.12, 0.12), draft.uniform(-0.2, 0.2));
  figure.turn_head(draft.uniform(-0.25, 0.4), draft.uniform(-0.15, 0.15), draft.uniform(-0.7, 0.7));
  seated_legs(draft, 0.0, draft.uniform(0.0, 0.15), draft.uniform(0.4, 0.75) * figure.leg_length());
}

void arms_at_random(Draft& draft) {
  Figure& figure = draft.figure;
  for (const Side side : {kLeft, kRight}) {
    if (draft.arm_used[side]) continue;
    const double out = side == kLeft ? 1.0 : -1.0, arm = figure.arm_length();
    double least_bad = 1e9;
    std::vector<Matrix3d> chosen;
    for (int attempt = 0; attempt < 10; ++attempt) {
      figure.update();
      const Matrix3d chest = figure.orientation(draft.rig.spine[4]);
      const Vector3d shoulder = figure.joint(draft.rig.arm[static_cast<std::size_t>(side)].upper);
      Vector3d place, elbow(out * 0.4, -0.8, -0.5);
      switch (draft.random.below(8)) {
        case 0: case 1: case 2:   // hanging
          place = Vector3d(out * draft.uniform(0.05, 0.35), -draft.uniform(0.85, 0.97), draft.uniform(-0.15, 0.3));
          elbow = Vector3d(out * 0.6, 0.0, -0.8);
          break;
        case 3: case 4:           // forearm raised before the body
          place = Vector3d(out * draft.uniform(-0.05, 0.35), draft.uniform(-0.6, -0.1), draft.uniform(0.45, 0.75));
          break;
        case 5:                   // stretched somewhere
          place = Vector3d(out * draft.uniform(0.1, 0.9), draft.uniform(-0.5, 0.6), draft.uniform(0.1, 0.9)).normalized() * draft.uniform(0.8, 0.97);
          break;
        case 6:                   // raised
          place = Vector3d(out * draft.uniform(0.0, 0.5), draft.uniform(0.1, 0.8), draft.uniform(0.2, 0.5));
          elbow = Vector3d(out * 0.9, -0.3, 0.0);
          break;
        default:                  // at the hip
          place = Vector3d(out * draft.uniform(0.1, 0.2), draft.uniform(-0.8, -0.65), draft.uniform(0.1, 0.3));
          elbow = Vector3d(out, -0.1, -0.7);
      }
      if (place.norm() > 0.985) place *= 0.985 / place.norm();
      const Matrix3d upright = attempt < 4 ? chest : figure.world_from_body.linear();
      const double strain = figure.place_wrist(side, shoulder + upright * place * arm, upright * elbow, draft.uniform(-0.9, 0.9));
      // Not through the things that are there, nor through the trunk.
      double deep = 0.0;
      for (const auto& placed : draft.things) {
        if (placed.placement != Placement::touched) continue;
        for (const Region region : {Region::hand, Region::forearm})
          deep = std::max(deep, -clearance(figure.skin(draft.rig.region(region, side)), *placed.thing, placed.world_from_thing, 0.05) - 0.004);
      }
      const Vector3d hand = chest.transpose() * (figure.palm_point(side, 0.8) - figure.joint(draft.rig.spine[2]));
      const bool inside = std::abs(hand.x()) < 0.13 * figure.scale() && std::abs(hand.z() - 0.03) < 0.14 * figure.scale() && hand.y() < 0.3 * figure.scale();
      const double bad = std::max(0.0, strain - 0.6) + 60.0 * deep + (inside ? 1.0 : 0.0);
      if (bad < least_bad) {
        least_bad = bad;
        chosen = figure.turn;
      }
      if (bad <= 0.0) break;
    }
    figure.turn = chosen;
    const double curl = draft.chance(0.2) ? draft.uniform(0.6, 1.3) : draft.uniform(-0.1, 0.45);
    for (int f = 1; f < 5; ++f) figure.curl_finger(side, f, curl + draft.uniform(-0.1, 0.1));
    figure.curl_finger(side, 0, draft.uniform(-0.3, 0.3));
    figure.update();
  }
}

}  // namespace tactus::synth
