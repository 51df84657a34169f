// Lying, leaning, standing on things, a laptop on the lap.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "draft.h"
#include "soft.h"

namespace tactus::synth {

using Eigen::Matrix3d;
using Eigen::Vector3d;
using std::numbers::pi;

bool lie_on(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  const std::string& name = thing.category();
  stand_thing(placed, 0.0);
  const PartBox bed = thing.part(name == "bed" ? "mattress" : "seat");
  // Along the longer side, the head at either end (on a bed: at the headboard, mostly).
  const bool along_x = name != "bed";
  const double sign = name == "bed" ? (draft.chance(0.9) ? -1.0 : 1.0) : (draft.chance(0.5) ? 1.0 : -1.0);
  const Vector3d head = along_x ? Vector3d(sign, 0, 0) : Vector3d(0, 0, sign);
  const double length = along_x ? bed.size().x() : bed.size().z(), across = along_x ? bed.size().z() : bed.size().x();
  const bool prone = draft.chance(0.2);
  const Vector3d front = prone ? Vector3d(-Vector3d::UnitY()) : Vector3d(Vector3d::UnitY());
  Matrix3d lying;
  lying.col(1) = head;
  lying.col(2) = front;
  lying.col(0) = head.cross(front);
  figure.world_from_body.linear() = yaw(draft.uniform(-0.06, 0.06)) * lying;
  figure.bend_spine(prone ? 0.0 : draft.uniform(-0.03, 0.08), draft.uniform(-0.08, 0.08), draft.uniform(-0.05, 0.05));
  figure.turn_head(0.0, 0.0, prone ? (draft.chance(0.5) ? 1.2 : -1.2) : draft.uniform(-0.6, 0.6));
  double crown = 0;
  for (const int bone : {draft.rig.head}) crown = figure.rest(bone).y() + 0.17 * figure.scale();
  const double floor = placed.world_from_thing.translation().y();
  const double top = floor + bed.upper.y();
  Vector3d middle = placed.world_from_thing * bed.centre();
  const double room = std::max(0.0, 0.5 * across - 0.25);
  const double aside = draft.uniform(-1, 1) * (name == "bed" ? room : 0.3 * room);
  middle += along_x ? Vector3d(0, 0, aside + (name == "couch" ? 0.08 : 0.0)) : Vector3d(aside, 0, 0);
  const double margin = draft.uniform(0.06, 0.22);
  Vector3d pelvis = middle + head * (0.5 * length - margin - crown);
  pelvis.y() = top + 0.35;
  figure.world_from_body.translation() = pelvis;
  figure.update();
  const double leg = figure.leg_length(), thick = 0.05 * figure.scale();
  // Where the legs find no room they are drawn up.
  const double left = (pelvis - middle).dot(head) + 0.5 * length;
  const bool drawn = !prone && (left < 0.98 * leg || draft.chance(0.3));
  const double reach = drawn ? draft.uniform(0.45, 0.75) * leg : 0.985 * leg;
  if (drawn && left < reach + 0.05) return false;
  double width[2];
  for (double& w : width) w = draft.uniform(0.06, 0.18);
  const bool one_straight = drawn && left > 1.0 * leg && draft.chance(0.4);
  const auto legs = [&] {
    for (const Side side : {kLeft, kRight}) {
      const double out = side == kLeft ? 1.0 : -1.0;
      const bool bent = drawn && !(one_straight && side == kLeft);
      const Vector3d hip = draft.hip(side);
      Vector3d ankle = hip - head * (bent ? reach : 0.985 * leg) + lying.col(0) * out * (width[side] - 0.06);
      ankle.y() = top + (bent ? figure.ankle_height() * 0.95 : thick);
      const Matrix3d foot = bent ? Matrix3d(figure.world_from_body.linear() * pitch(-0.5 * pi)) : Matrix3d(figure.world_from_body.linear() * pitch(prone ? 0.8 : 0.35));
      const auto reach_it = [&] { figure.reach_leg(side, ankle, bent ? Vector3d(Vector3d::UnitY()) : front, bent ? Matrix3d(rotation_between(Vector3d::UnitZ(), Vector3d::UnitY(), -head, Vector3d::UnitY())) : foot); };
      reach_it();
      ankle.y() -= std::clamp(clearance(figure.skin(draft.rig.region(Region::foot, side)), thing, placed.world_from_thing, 0.2) + 0.003, -0.12, 0.05);
      reach_it();
    }
  };
  legs();
  std::vector<int> torso = draft.rig.region(prone ? Region::torso_front : Region::upper_back, kLeft);
  if (!prone) {
    const auto& below = draft.rig.region(Region::buttocks, kLeft);
    torso.insert(torso.end(), below.begin(), below.end());
  }
  // The skin of the buttocks goes with the thighs: sinking stretches the legs, which lifts it again.
  for (int round = 0; round < 4; ++round) {
    if (!move_body_until(draft, torso, placed, -Vector3d::UnitY(), -0.006)) return false;
    figure.update();
    if (round < 3) legs();
  }
  // The head sinks back until it lies.
  const double turned = draft.uniform(-0.5, 0.5);
  double best = 1e9, chosen = 0;
  for (int k = 0; k <= 8; ++k) {
    const double nod = prone ? -0.1 * k : 0.25 - 0.11 * k;
    figure.turn_head(nod, 0.0, prone ? 1.2 : turned);
    figure.update();
    const double gap = clearance(figure.skin(draft.rig.region(Region::head, kLeft)), thing, placed.world_from_thing, 0.3);
    const double cost = gap < -0.004 ? 1.0 - gap : gap;
    if (cost < best) best = cost, chosen = nod;
  }
  figure.turn_head(chosen, 0.0, prone ? 1.2 : turned);
  figure.update();
  for (const Side side : {kLeft, kRight}) {
    const double out = side == kLeft ? 1.0 : -1.0, arm = figure.arm_length();
    const Vector3d shoulder = draft.shoulder(side);
    Vector3d place;
    if (!prone && draft.chance(0.35)) {   // on the belly
      place = shoulder - head * draft.uniform(0.5, 0.7) * arm - lying.col(0) * out * draft.uniform(0.05, 0.2) * arm + Vector3d(0, draft.uniform(0.2, 0.3) * arm, 0);
    } else {
      place = shoulder - head * draft.uniform(0.6, 0.88) * arm + lying.col(0) * out * draft.uniform(0.12, 0.4) * arm;
      place.y() = top + 0.05 * figure.scale();
    }
    const Vector3d elbow = lying.col(0) * out + Vector3d(0, 0.1, 0);
    for (int round = 0; round < 3; ++round) {
      figure.place_wrist(side, place, elbow, draft.uniform(-0.5, 0.5));
      double deep = 0;
      for (const Region region : {Region::hand, Region::forearm}) deep = std::max(deep, -clearance(figure.skin(draft.rig.region(region, side)), thing, placed.world_from_thing, 0.1));
      if (deep < 0.004) break;
      place.y() += deep + 0.01;
    }
    figure.curl_hand(side, draft.uniform(0.0, 0.4), draft.uniform(-0.1, 0.2));
    draft.arm_used[side] = draft.chance(0.7);
  }
  figure.update();
  return true;
}

bool stand_on(Draft& draft, PlacedThing& placed) {
  constexpr double kHeel = 0.125;   // from the middle of a snowboard to the heel in its binding
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  const std::string& name = thing.category();
  const bool board = name == "skateboard" || name == "snowboard" || name == "surfboard";
  double sideways = board ? (draft.chance(0.85) ? (draft.chance(0.5) ? 1.0 : -1.0) * pi / 2 : 0.0) : draft.uniform(-pi, pi);
  if (name == "snowboard") sideways = -0.5 * pi;   // bindings say where the toes are
  const double turned = name == "bench" || name == "chair" ? draft.uniform(-0.3, 0.3) + (draft.chance(0.2) ? pi : 0.0) : sideways;
  stand_thing(placed, turned);
  const PartBox deck = board ? thing.part("deck")
                       : name == "bed" ? thing.part("mattress")
                       : name == "table" ? thing.part("top")
                       : thing.has_part("seat") ? thing.part("seat") : thing.box;
  const double top = (placed.world_from_thing * Vector3d(deck.centre().x(), deck.upper.y(), deck.centre().z())).y();
  stand(draft, top);
  // The middle of the feet over the middle of the deck, or anywhere on a large one.
  Vector3d at = deck.centre();
  if (!board) {
    at.x() += draft.uniform(-1, 1) * std::max(0.0, 0.5 * deck.size().x() - 0.3);
    at.z() += draft.uniform(-1, 1) * std::max(0.0, 0.5 * deck.size().z() - 0.3);
  }
  Vector3d place = placed.world_from_thing * at;
  placed.world_from_thing.translation() -= Vector3d(place.x(), 0, place.z() + 0.06 * figure.scale());
  const double leg = figure.leg_length();
  const double apart = name == "snowboard" ? 0.25 : name == "skateboard" ? draft.uniform(0.12, 0.27) : board ? draft.uniform(0.12, 0.35) : draft.uniform(0.08, 0.13);
  const double crouch = board ? draft.uniform(0.75, 0.96) : draft.uniform(0.93, 0.985);
  const bool lengthwise = std::abs(sideways) < 0.1;
  const Vector3d before = figure.world_from_body.translation();
  figure.world_from_body.translation() = Vector3d(0, top + crouch * std::sqrt(std::max(0.2, leg * leg - apart * apart)) + figure.ankle_height(), before.z());
  figure.bend_spine(draft.uniform(-0.05, 0.15) + 1.5 * (1 - crouch), draft.uniform(-0.1, 0.1), draft.uniform(-0.3, 0.3));
  figure.world_from_body.linear() = pitch(0.8 * (1 - crouch)) ;
  figure.update();
  double toe_out[2];
  for (double& t : toe_out) t = draft.uniform(-0.05, board ? 0.15 : 0.3);
  // Straps of bindings come over the foot afterwards.
  const std::shared_ptr<const Thing> ground = name == "snowboard" ? std::make_shared<const Thing>(without_straps(thing)) : placed.thing;
  // The middle of the sole goes over the middle of the deck; in a binding the heel goes to the highback.
  Vector3d under[2];
  for (const Side side : {kLeft, kRight}) {
    const double out = side == kLeft ? 1.0 : -1.0;
    under[side] = board && lengthwise ? Vector3d(out * 0.05, top, out * apart * 0.7) : Vector3d(out * apart, top, 0);
    under[side].z() -= 0.06 * figure.scale();
  }
  const Vector3d wanted[2] = {under[kLeft], under[kRight]};
  for (int round = 0; round < 4; ++round) {
    for (const Side side : {kLeft, kRight}) {
      place_foot(draft, side, under[side], toe_out[side]);
      // Its box, as there are more vertices at the toes.
      const auto sole = geometry::bounding_box(figure.skin(draft.rig.region(Region::sole, side)));
      const Vector3d middle = sole.centre().cast<double>();
      const double ahead = name == "snowboard" ? 0.5 * static_cast<double>(sole.size().z()) - kHeel : 0.0;
      const double gap = clearance(figure.skin(draft.rig.region(Region::foot, side)), *ground, placed.world_from_thing, 0.3);
      if (round == 3) {
        if (std::abs(gap + 0.002) > 0.008) return false;
        continue;
      }
      under[side] += Vector3d(wanted[side].x() - middle.x(), -gap - 0.002, wanted[side].z() + ahead - middle.z());
    }
  }
  return true;
}

namespace {

// A level or standing surface to put hands on: a point of the part's upper side near one of its long edges, frame object, and
// the direction from the edge inwards.
struct Edge {
  Vector3d point, inward, along;
};

Edge edge_of(Draft& draft, const PartBox& box, bool long_side) {
  const bool x_long = box.size().x() >= box.size().z();
  const bool along_x = x_long == long_side;
  const double sign = draft.chance(0.5) ? 1.0 : -1.0;
  Edge edge;
  edge.along = along_x ? Vector3d::UnitX() : Vector3d::UnitZ();
  edge.inward = along_x ? Vector3d(0, 0, -sign) : Vector3d(-sign, 0, 0);
  edge.point = box.centre() - edge.inward * 0.5 * (along_x ? box.size().z() : box.size().x());
  edge.point.y() = box.upper.y();
  const double half = 0.5 * (along_x ? box.size().x() : box.size().z());
  edge.point += edge.along * draft.uniform(-1, 1) * std::max(0.0, half - 0.25);
  return edge;
}

const char* lean_part(const Thing& thing) {
  const std::string& name = thing.category();
  if (name == "table") return "top";
  if (name == "chair" || name == "couch" || name == "bench") return "backrest";
  if (name == "bed") return "mattress";
  if (name == "stool" || name == "motorcycle") return "seat";
  if (name == "suitcase") return "body";
  return "";
}

}  // namespace

bool lean_on(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  const std::string& name = thing.category();
  const char* part = lean_part(thing);
  const PartBox box = *part == 0 ? thing.box : thing.part(part);
  const double height = box.upper.y() - thing.box.lower.y();
  const bool against = (name == "table" || name == "motorcycle" || name == "couch" || name == "bed") && draft.chance(0.35) &&
                       height > 0.5 * figure.leg_length() && height < 1.15 * figure.leg_length();
  const Edge edge = edge_of(draft, box, draft.chance(0.75));
  const double facing = std::atan2(edge.inward.x(), edge.inward.z());   // of one who looks over the edge, frame object
  stand(draft);
  if (against) {   // with the seat against the edge, looking away
    stand_thing(placed, pi - facing);
    figure.world_from_body.linear() = figure.world_from_body.linear() * pitch(-draft.uniform(0.05, 0.2));
    figure.bend_spine(draft.uniform(0.0, 0.25), draft.uniform(-0.1, 0.1), draft.uniform(-0.2, 0.2));
    figure.update();
    const Vector3d at = placed.world_from_thing * edge.point;
    placed.world_from_thing.translation() += Vector3d(-at.x(), 0, -at.z() - 0.45);
    if (!move_thing_until(draft, draft.rig.region(Region::buttocks, kLeft), placed, Vector3d::UnitZ(), -0.003)) return false;
    // Feet are a little before the hips.
    for (const Side side : {kLeft, kRight})
      place_foot(draft, side, {(side == kLeft ? 1 : -1) * draft.uniform(0.08, 0.16), 0, draft.hip(side).z() + draft.uniform(0.08, 0.22) * figure.leg_length()}, draft.uniform(0, 0.3));
    if (!move_thing_until(draft, draft.rig.region(Region::buttocks, kLeft), placed, Vector3d::UnitZ(), -0.003)) return false;
    if (draft.chance(0.5)) {   // hands on it beside the hips
      const Side side = draft.any_side();
      touch_best(draft, side, placed, 8, 0.9, [&] {
        Grip grip;
        const Vector3d hip = placed.world_from_thing.inverse() * draft.hip(side);
        grip.point = edge.point + edge.along * edge.along.dot(hip - edge.point) * draft.uniform(1.2, 2.0) + edge.inward * draft.uniform(0.03, 0.12);
        grip.point.y() = box.upper.y();
        grip.palm = -Vector3d::UnitY();
        grip.fingers = yaw(draft.uniform(-pi, pi)) * edge.inward;
        grip.closing = 0.5;
        return grip;
      });
    }
    return true;
  }
  // Hands on it, bent over it if it is low.
  stand_thing(placed, -facing + draft.uniform(-0.25, 0.25));
  const bool both = draft.chance(0.5);
  const Side first = draft.any_side();
  const double inside = std::min(draft.uniform(0.02, 0.15), 0.4 * std::abs(box.size().dot(edge.inward)));
  const double drop = draft.shoulder(first).y() - height;
  const double most = 0.93 * figure.arm_length();
  const double ahead = draft.uniform(0.4, 0.75) * figure.arm_length();
  for (int k = 0; k < 13; ++k) {
    const double bend = 0.12 * k;
    figure.bend_spine(bend, draft.uniform(-0.05, 0.05), 0.0);
    figure.update();
    if (std::hypot(draft.shoulder(first).y() - height, ahead) < most) break;
    if (k == 12) return false;
  }
  (void)drop;
  const Vector3d shoulder = draft.shoulder(first);
  const Vector3d wanted(shoulder.x() + (first == kLeft ? 1 : -1) * draft.uniform(-0.05, 0.15), 0, shoulder.z() + ahead);
  const Vector3d mark = edge.point + edge.inward * inside;
  const Vector3d at = placed.world_from_thing * mark;
  placed.world_from_thing.translation() += Vector3d(wanted.x() - at.x(), 0, wanted.z() - at.z());
  const Matrix3d to_thing = placed.world_from_thing.linear().transpose();
  const auto grip_at = [&](Side side, double sideways) {
    return touch_best(draft, side, placed, 8, 0.8, [&, sideways] {
      Grip grip;
      grip.point = mark + to_thing * Vector3d(sideways, 0, 0);
      grip.palm = -Vector3d::UnitY();
      grip.fingers = to_thing * yaw(draft.uniform(-0.9, 0.9)) * Vector3d::UnitZ();
      grip.along = draft.uniform(0.5, 1.1);
      grip.closing = 0.9;
      return grip;
    });
  };
  if (!grip_at(first, 0.0)) return false;
  if (both) {
    const double gap = (first == kLeft ? -1.0 : 1.0) * draft.uniform(0.25, 0.5);
    grip_at(other(first), gap);
  }
  return true;
}

bool on_the_lap(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  static constexpr const char* kSeats[] = {"chair", "couch", "bench", "bed"};
  PlacedThing seat;
  seat.thing = draft.any_thing(kSeats[draft.random.below(4)]);
  seat.interaction = Interaction::sit;
  if (!sit_on(draft, seat)) return false;
  figure.update();
  std::vector<int> thighs = draft.rig.region(Region::thigh, kLeft);
  const auto& right = draft.rig.region(Region::thigh, kRight);
  thighs.insert(thighs.end(), right.begin(), right.end());
  const auto& belly = draft.rig.region(Region::torso_front, kLeft);
  // The screen is behind the keyboard as the sitter sees it; the base lies along the thighs.
  const auto& leg = draft.rig.leg[0];
  const Vector3d thigh = (figure.joint(leg.lower) - figure.joint(leg.upper)).normalized();
  const Vector3d ahead = (figure.world_from_body.linear() * Vector3d::UnitZ()).normalized();
  const double slope = std::atan2(thigh.y(), std::hypot(thigh.x(), thigh.z()));
  placed.world_from_thing.linear() = yaw(std::atan2(ahead.x(), ahead.z())) * pitch(-slope) * yaw(pi + draft.uniform(-0.2, 0.2));
  const Vector3d middle = 0.5 * (draft.hip(kLeft) + draft.hip(kRight)) + Vector3d(thigh.x() * 0, 0, 0) +
                          0.5 * figure.leg_length() * draft.uniform(0.55, 0.8) * Vector3d(0.5 * (thigh.x() + 0), thigh.y(), thigh.z());
  placed.world_from_thing.translation() = middle + Vector3d(0, 0.32, 0);
  if (!move_thing_until(draft, thighs, placed, -Vector3d::UnitY(), -0.004)) return false;
  if (clearance(figure.skin(belly), *placed.thing, placed.world_from_thing, 0.2) < 0.0) return false;
  const PartBox keys = placed.thing->part(placed.thing->has_part("keyboard") ? "keyboard" : "cover");
  if (draft.chance(0.85))
    for (const Side side : {kLeft, kRight}) {
      const double out = side == kLeft ? -1.0 : 1.0;   // frame object: it faces the sitter
      touch_best(draft, side, placed, 8, 0.9, [&] {
        Grip grip;
        grip.point = {out * draft.uniform(0.1, 0.4) * keys.size().x(), keys.upper.y(), draft.uniform(0.2, 0.5) * keys.size().z() + keys.centre().z()};
        grip.palm = -Vector3d::UnitY();
        grip.fingers = yaw(draft.uniform(-0.5, 0.5)) * -Vector3d::UnitZ();
        grip.along = 0.8;
        grip.closing = 0.6;
        return grip;
      });
    }
  draft.things.push_back(seat);
  return true;
}

}  // namespace tactus::synth
