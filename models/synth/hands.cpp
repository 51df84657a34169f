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
  for (int step = 0; step < 24; ++step) {
    const double left = clearance(points, *placed.thing, thing, kReach) - gap;
    if (std::abs(left) < 0.0015) return true;
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
  const Vector3d* elbow = grip.elbow ? &*grip.elbow : nullptr;
  double strain = figure.reach_arm(side, wrist, hand, elbow);
  if (strain > worst) return false;
  figure.curl_hand(side, -0.2, -0.5);
  for (int round = 0; round < 4; ++round) {
    figure.update();
    const double left = clearance(figure.skin(draft.rig.region(Region::palm, side)), *placed.thing, frame, kReach) - 0.001;
    if (std::abs(left) < 0.0015) break;
    if (left > 0.15) return false;
    wrist += left * hand.palm;
    strain = figure.reach_arm(side, wrist, hand, elbow);
  }
  if (strain > worst) return false;
  close_fingers(draft, side, placed, grip.closing);
  draft.arm_used[side] = true;
  return true;
}

bool touch_best(Draft& draft, Side side, const PlacedThing& placed, int tries, double worst, const std::function<Grip()>& any_grip) {
  Figure& figure = draft.figure;
  Grip best;
  double least = 1e9;
  for (int k = 0; k < tries; ++k) {
    const Grip grip = any_grip();
    const HandFrame hand{placed.world_from_thing.linear() * grip.fingers, placed.world_from_thing.linear() * grip.palm};
    const Vector3d wrist = placed.world_from_thing * grip.point - hand.fingers * grip.along * figure.hand_length() - hand.palm * 0.25 * figure.hand_length();
    const double strain = figure.reach_arm(side, wrist, hand, grip.elbow ? &*grip.elbow : nullptr);
    if (strain < least) {
      least = strain;
      best = grip;
    }
  }
  return least < worst && touch(draft, side, placed, best, worst);
}

bool point_at(Draft& draft, Side side, const PlacedThing& placed, const Vector3d& point, const Vector3d& normal) {
  Figure& figure = draft.figure;
  const Eigen::Isometry3d& frame = placed.world_from_thing;
  const Vector3d into = -(frame.linear() * normal), aim = frame * point;
  const auto& finger = draft.rig.finger(side, 1);
  figure.curl_hand(side, draft.uniform(0.7, 1.2), draft.uniform(0.0, 0.5));
  figure.curl_finger(side, 1, draft.uniform(-0.15, 0.1));
  // Slanted, from the side of the shoulder.
  const Vector3d from = aim - draft.shoulder(side);
  Vector3d along = into + draft.uniform(0.2, 1.0) * (from - into * into.dot(from)).normalized();
  along.normalize();
  Vector3d palm = into - along * along.dot(into);
  palm = palm.norm() < 0.05 ? Vector3d(Vector3d::UnitY() * -1.0) : palm;
  palm -= along * along.dot(palm);
  const HandFrame hand{along, palm.normalized()};
  Vector3d wrist = aim - along * 2.0 * figure.hand_length();
  double strain = 0;
  for (int round = 0; round < 3; ++round) {
    strain = figure.reach_arm(side, wrist, hand);
    const geometry::Vertices skin = figure.skin(finger);
    Eigen::Index tip = 0;
    (skin.cast<double>() * into).maxCoeff(&tip);
    const Vector3d at = skin.row(tip).transpose().cast<double>();
    const double left = clearance(skin, *placed.thing, frame, kReach) - 0.001;
    wrist += round == 0 ? Vector3d(aim - 0.005 * into - at) : Vector3d(left * into);
  }
  strain = figure.reach_arm(side, wrist, hand);
  const double left = clearance(figure.skin(finger), *placed.thing, frame, kReach);
  if (strain > 0.9 || std::abs(left) > 0.008) return false;
  draft.arm_used[side] = true;
  return true;
}

void stand_thing(PlacedThing& placed, double turned) {
  placed.world_from_thing = Eigen::Isometry3d::Identity();
  placed.world_from_thing.linear() = yaw(turned);
  placed.world_from_thing.translation().y() = -placed.thing->box.lower.y();
}

}  // namespace tactus::synth
