#include <algorithm>
#include <cmath>

#include "draft.h"

namespace tactus::synth {

using Eigen::Matrix3d;
using Eigen::Vector3d;

namespace {

constexpr double kReach = 0.25;    // how far off a thing is felt, metres

// How far to go along `direction` (of the points) until `gap` is left; sphere tracing, so it stops before the first contact.
bool travel(const geometry::Vertices& points, const PlacedThing& placed, const Vector3d& direction, double gap, double& far) {
  Eigen::Isometry3d thing = placed.world_from_thing;
  far = 0.0;
  for (int step = 0; step < 40; ++step) {
    const double left = clearance(points, *placed.thing, thing, kReach) - gap;
    if (std::abs(left) < 0.0012) return true;
    // Sliding past a slope closes slower than the distance says: end when hardly anything is left to go.
    far += left;
    thing.translation() -= left * direction;
    if (far > 3.0 || far < -1.0) return false;
  }
  return std::abs(clearance(points, *placed.thing, thing, kReach) - gap) < 0.006;
}

}  // namespace

bool move_body_until(Draft& draft, const std::vector<int>& region, const PlacedThing& placed, const Vector3d& direction, double gap) {
  double far = 0.0;
  if (!travel(draft.figure.skin(region), placed, direction, gap, far)) return false;
  draft.figure.world_from_body.translation() += far * direction;
  return true;
}

bool move_thing_until(Draft& draft, const std::vector<int>& region, PlacedThing& placed, const Vector3d& direction, double gap) {
  double far = 0.0;
  if (!travel(draft.figure.skin(region), placed, -direction, gap, far)) return false;
  placed.world_from_thing.translation() += far * direction;
  return true;
}

void close_fingers(Draft& draft, Side side, const PlacedThing& placed, double closing) {
  Figure& figure = draft.figure;
  const double loose = draft.uniform(0.25, 0.45);
  for (int f = 0; f < 5; ++f) {
    const auto& skin = draft.rig.finger(side, f);
    const auto gap = [&](double angle) {
      figure.curl_finger(side, f, angle);
      figure.update();
      return clearance(figure.skin(skin), *placed.thing, placed.world_from_thing, 0.05);
    };
    constexpr double kTouch = 0.0005;
    const double step = 0.2;
    double open = f == 0 ? -0.7 : -0.35;
    // A finger that begins inside the thing opens as far as it can.
    double angle = open, before = open;
    double here = gap(angle);
    bool met = false;
    double widest = here, widest_angle = angle;
    while (angle < closing) {
      before = angle;
      const double earlier = here;
      angle = std::min(closing, angle + step);
      here = gap(angle);
      if (here > widest) widest = here, widest_angle = angle;
      if (earlier >= kTouch && here < kTouch) {
        met = true;
        break;
      }
    }
    if (met) {
      double low = before, high = angle;
      for (int k = 0; k < 4; ++k) {
        const double middle = 0.5 * (low + high);
        (gap(middle) < kTouch ? high : low) = middle;
      }
      figure.curl_finger(side, f, low);
    } else {
      figure.curl_finger(side, f, widest < kTouch ? widest_angle : std::min(loose, closing));
    }
    figure.update();
  }
}

bool take(Draft& draft, Side side, PlacedThing& placed, const Grip& grip, const Matrix3d& orientation, const Vector3d& where, double worst) {
  Figure& figure = draft.figure;
  const HandFrame hand{orientation * grip.fingers, orientation * grip.palm};
  const Vector3d wrist = where - hand.fingers * grip.along * figure.hand_length() - hand.palm * 0.25 * figure.hand_length();
  if (figure.reach_arm(side, wrist, hand) > worst) return false;
  figure.curl_hand(side, -0.2, -0.5);
  figure.update();
  const HandFrame posed = figure.hand_frame(side);
  placed.world_from_thing.linear() = orientation;
  placed.world_from_thing.translation() = figure.palm_point(side, grip.along) + posed.palm * 0.07 - orientation * grip.point;
  if (!move_thing_until(draft, draft.rig.region(Region::palm, side), placed, -posed.palm, 0.001)) return false;
  close_fingers(draft, side, placed, grip.closing);
  draft.arm_used[side] = true;
  return true;
}

bool touch(Draft& draft, Side side, const PlacedThing& placed, const Grip& grip, double worst) {
  Figure& figure = draft.figure;
  const Eigen::Isometry3d& frame = placed.world_from_thing;
  const HandFrame hand{frame.linear() * grip.fingers, frame.linear() * grip.palm};
  Vector3d wrist = frame * grip.point - hand.fingers * grip.along * figure.hand_length() - hand.palm * 0.35 * figure.hand_length();
  double strain = figure.reach_arm(side, wrist, hand);
  if (strain > worst) return false;
  figure.curl_hand(side, -0.2, -0.5);
  for (int round = 0; round < 4; ++round) {
    figure.update();
    const double left = clearance(figure.skin(draft.rig.region(Region::palm, side)), *placed.thing, frame, kReach) - 0.001;
    if (std::abs(left) < 0.0015) break;
    if (left > 0.15) return false;
    wrist += left * hand.palm;
    strain = figure.reach_arm(side, wrist, hand);
  }
  if (strain > worst) return false;
  close_fingers(draft, side, placed, grip.closing);
  draft.arm_used[side] = true;
  return true;
}

}  // namespace tactus::synth
