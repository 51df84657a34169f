// Things in hands.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "draft.h"

namespace tactus::synth {

using Eigen::Matrix3d;
using Eigen::Vector3d;
using std::numbers::pi;

namespace {

// A hand's grip of a thing that is held in one hand, and how the thing may be turned: tilted from upright by up to `tilt`.
struct Hold {
  Grip grip;
  double tilt = 3.2;
  bool hanging = false;     // carried at the side by a handle
};

Hold one_hand(Draft& draft, const Thing& thing) {
  Random& random = draft.random;
  const std::string& name = thing.category();
  const auto bar = [&](std::string_view part, double from, double to) { return bar_grip(thing, thing.part_vertices(part), from, to, random); };
  const auto pick = [&](double p) { return draft.chance(p); };
  if (name == "bottle") return {pick(0.75) ? bar("body", 0.3, 0.8) : bar("neck", 0.2, 0.8), pick(0.7) ? 0.5 : 2.2};
  if (name == "cup") return {pick(0.6) ? bar("body", 0.35, 0.7) : bar("handle", 0.4, 0.6), 0.5};
  if (name == "bowl") {
    Grip g = face_grip(thing.box, -Vector3d::UnitY(), {std::cos(draft.uniform(0, 2 * pi)), 0, std::sin(draft.uniform(0, 2 * pi))}, random);
    g.point = {0, thing.box.lower.y(), 0};
    g.along = draft.uniform(0.8, 1.2);
    g.closing = 0.8;
    return {g, 0.5};
  }
  if (name == "knife" || name == "hammer") return {bar("handle", 0.2, 0.6), 3.2};
  if (name == "broom") return {bar("stick", 0.4, 0.9), 1.2};
  if (name == "umbrella") return {pick(0.5) ? bar("shaft", 0.1, 0.4) : bar("handle", 0.55, 0.9), 0.6};
  if (name == "bat" || name == "racket") return {bar("handle", 0.1, 0.7), 3.2};
  if (name == "dumbbell") return {bar("grip", 0.45, 0.55), 3.2};
  if (name == "guitar") return {bar("neck", 0.2, 0.8), 1.5};
  if (name == "suitcase") return {bar(pick(0.5) ? "handle" : "side handle", 0.46, 0.54), 0.2, true};
  if (name == "backpack") return {bar(pick(0.6) ? "loop" : "straps", 0.4, 0.6), 0.5, true};
  if (name == "book" || name == "phone" || name == "laptop") {
    // Across the back, thumb and fingers over the edges; or by an edge.
    const Vector3d half = 0.5 * thing.box.size();
    Grip g;
    if (name == "laptop") {
      g = face_grip(thing.part("base"), -Vector3d::UnitY(), pick(0.5) ? Vector3d(1, 0, 0) : Vector3d(-1, 0, 0), random);
    } else if (name == "phone" || pick(0.5)) {
      g.palm = {0, 0, name == "phone" ? 1.0 : (pick(0.5) ? 1.0 : -1.0)};
      g.fingers = {pick(0.5) ? 1.0 : -1.0, draft.uniform(-0.5, 0.9), 0};
      g.fingers.normalize();
      g.point = {-0.3 * half.x() * g.fingers.x(), draft.uniform(-0.5, 0.1) * half.y(), -half.z() * g.palm.z()};
      g.along = draft.uniform(0.85, 1.15);
    } else {
      g.palm = {1, 0, 0};   // the spine in the palm
      g.fingers = {0, 0, pick(0.5) ? 1.0 : -1.0};
      g.point = {-half.x(), draft.uniform(-0.4, 0.4) * half.y(), 0};
      g.along = 0.9;
    }
    g.closing = 1.3;
    return {g, name == "laptop" ? 0.4 : 1.0};
  }
  if (name == "frisbee") {
    Grip g;
    const double a = draft.uniform(0, 2 * pi), r = 0.5 * thing.box.size().x();
    const Vector3d out(std::cos(a), 0, std::sin(a));
    g.fingers = -out;
    g.palm = Vector3d::UnitY();
    g.point = Vector3d(0, thing.box.lower.y(), 0) + out * (r - 0.005);
    g.along = draft.uniform(1.0, 1.25);
    g.closing = 0.9;
    return {g, 3.2};
  }
  if (name == "skateboard" || name == "snowboard" || name == "surfboard") {
    const PartBox deck = thing.part("deck");
    Grip g;
    const double sign = pick(0.5) ? 1.0 : -1.0;
    g.palm = {-sign, 0, 0};
    g.fingers = {0, -1, 0};
    if (pick(0.5)) g.fingers.y() = 1;
    g.point = {sign * 0.5 * deck.size().x(), deck.centre().y(), deck.centre().z() + draft.uniform(-0.2, 0.2) * deck.size().z()};
    g.along = 0.9;
    return {g, 3.2};
  }
  if (name == "ball" || name == "tennis ball") {
    return {ball_grip(thing, Vector3d(draft.random.normal(), draft.random.normal(), draft.random.normal()), random), 3.2};
  }
  return {bar_grip(thing, thing.part_vertices(thing.object->part_names.front()), 0.3, 0.7, random), 3.2};
}

// Left and right hand of a thing held in both; the axis from the right to the left one, frame object.
bool two_hands(Draft& draft, const Thing& thing, Grip& left, Grip& right, double& tilt) {
  Random& random = draft.random;
  const std::string& name = thing.category();
  tilt = 0.4;
  const auto bar = [&](std::string_view part, double from, double to) { return bar_grip(thing, thing.part_vertices(part), from, to, random); };
  if (name == "broom" || name == "bat" || name == "racket") {
    const bool swap = draft.chance(0.5);
    const char* part = name == "broom" ? "stick" : "handle";
    Grip low = name == "broom" ? bar(part, 0.35, 0.55) : bar(part, 0.08, 0.2), high = name == "broom" ? bar(part, 0.7, 0.92) : bar(part, 0.55, 0.75);
    left = swap ? low : high;
    right = swap ? high : low;
    tilt = name == "broom" ? 0.9 : 3.2;
    return true;
  }
  // From two sides, palms facing each other.
  Vector3d across = Vector3d::UnitX();
  PartBox box = thing.box;
  if (name == "chair" || name == "stool") box = thing.part("seat");
  if (name == "suitcase" || name == "backpack") box = thing.part("body");
  if (name == "laptop") box = thing.part("base");
  if (name == "skateboard" || name == "snowboard" || name == "surfboard") {
    box = thing.part("deck");
    tilt = 3.2;
  }
  if (name == "ball") {
    tilt = 3.2;
    left = ball_grip(thing, {1, draft.uniform(-0.6, 0.3), draft.uniform(-0.5, 0.5)}, random);
    right = ball_grip(thing, {-1, -draft.uniform(-0.3, 0.6), draft.uniform(-0.5, 0.5)}, random);
    return true;
  }
  const bool boards = name == "skateboard" || name == "snowboard" || name == "surfboard";
  const bool below = !boards && draft.chance(name == "box" || name == "laptop" ? 0.35 : 0.1);
  const double height = draft.uniform(-0.35, 0.25), depth = draft.uniform(-0.25, 0.25);
  // The back of a chair is away from the holder.
  const double turned = name == "chair" ? -1.0 : 1.0;
  for (Grip* g : {&left, &right}) {
    const double sign = turned * (g == &left ? 1.0 : -1.0);
    const Vector3d normal = below ? Vector3d(-Vector3d::UnitY()) : Vector3d(sign * across);
    *g = face_grip(box, normal, below ? Vector3d(-0.3 * sign, 0, turned) : Vector3d(0, draft.uniform(-0.6, 0.3), turned), random);
    g->point = box.centre() + Vector3d(sign * 0.5 * box.size().x(), height * box.size().y(), depth * box.size().z());
    if (below) g->point = box.centre() + Vector3d(sign * 0.36 * box.size().x(), -0.5 * box.size().y(), depth * box.size().z());
    if (boards) g->fingers = Vector3d(0, 1, draft.uniform(-0.5, 0.5)).normalized();
    g->along = draft.uniform(0.8, 1.3);
    g->closing = 0.9;
  }
  if (name == "book" || name == "bowl" || name == "phone" || name == "frisbee") {
    for (Grip* g : {&left, &right}) g->closing = 1.3;
    tilt = 0.9;
  }
  return true;
}

Matrix3d random_tilt(Draft& draft, double most) {
  const double a = draft.uniform(-pi, pi);
  return rotation_from(draft.uniform(0.0, most) * Vector3d(std::cos(a), 0, std::sin(a)));
}

// A place of the hand relative to its shoulder, in units of the arm, in a body that faces +z.
Vector3d hand_place(Draft& draft, double out, bool low) {
  if (low) return {out * draft.uniform(0.3, 0.55), -draft.uniform(0.7, 0.85), draft.uniform(-0.1, 0.3)};
  switch (draft.random.below(4)) {
    case 0: return {out * draft.uniform(0.0, 0.35), -draft.uniform(0.75, 0.95), draft.uniform(0.0, 0.4)};          // down
    case 1: return {out * draft.uniform(-0.4, 0.3), draft.uniform(-0.55, -0.1), draft.uniform(0.45, 0.75)};        // before the body
    case 2: return {out * draft.uniform(-0.2, 0.8), draft.uniform(-0.5, 0.5), draft.uniform(0.35, 0.85)};          // stretched
    default: return {out * draft.uniform(-0.1, 0.5), draft.uniform(0.0, 0.8), draft.uniform(0.25, 0.55)};          // up
  }
}

}  // namespace

bool hold(Draft& draft, PlacedThing& placed, Interaction how) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  figure.update();
  const Matrix3d body = yaw(std::atan2(figure.orientation(draft.rig.spine[4])(0, 2), figure.orientation(draft.rig.spine[4])(2, 2)));
  const auto shoulder = [&](Side side) { return figure.joint(draft.rig.arm[static_cast<std::size_t>(side)].upper); };
  const double arm = figure.arm_length();
  if (how != Interaction::hold_both) {
    const Side side = how == Interaction::hold_left ? kLeft : kRight;
    const double out = side == kLeft ? 1.0 : -1.0;
    for (int attempt = 0; attempt < 30; ++attempt) {
      const Hold hold = one_hand(draft, thing);
      // A hanging thing has its flat side towards the leg.
      const Matrix3d turned = random_tilt(draft, hold.tilt) * (hold.hanging ? Matrix3d(body * yaw((draft.chance(0.5) ? 0.5 : -0.5) * pi + draft.uniform(-0.3, 0.3))) : yaw(draft.uniform(-pi, pi)));
      Vector3d place = hand_place(draft, out, hold.hanging);
      if (place.norm() > 0.96) place *= 0.96 / place.norm();
      if (take(draft, side, placed, hold.grip, turned, shoulder(side) + body * place * arm, 0.45)) return true;
    }
    return false;
  }
  for (int attempt = 0; attempt < 20; ++attempt) {
    Grip left, right;
    double tilt = 0;
    if (!two_hands(draft, thing, left, right, tilt)) return false;
    const double about = draft.uniform(-0.4, 0.4) + (thing.category() == "chair" ? pi : 0.0) + (thing.category() == "broom" || tilt > 3 ? draft.uniform(-pi, pi) : 0.0);
    Matrix3d turned = body * random_tilt(draft, tilt) * yaw(about);
    const Vector3d middle = 0.5 * (shoulder(kLeft) + shoulder(kRight));
    // Boards stand upright before the body.
    const bool board = thing.category() == "skateboard" || thing.category() == "snowboard" || thing.category() == "surfboard";
    if (board)
      turned = body * random_tilt(draft, 0.35) * yaw(draft.uniform(-0.3, 0.3)) *
               rotation_between(Vector3d::UnitZ(), Vector3d::UnitY(), Vector3d::UnitY() * (draft.chance(0.5) ? 1.0 : -1.0), Vector3d::UnitZ());
    if (board && (body.transpose() * turned * Vector3d::UnitX()).x() < 0) std::swap(left, right);
    const Vector3d centre = middle + body * (arm * Vector3d(draft.uniform(-0.2, 0.2), draft.uniform(-0.7, 0.15), draft.uniform(0.5, 0.85)));
    const Vector3d halfway = 0.5 * (left.point + right.point);
    const Side first = draft.any_side();
    const Grip& one = first == kLeft ? left : right;
    if (!take(draft, first, placed, one, turned, centre + turned * (one.point - halfway), 0.5)) continue;
    if (touch(draft, other(first), placed, first == kLeft ? right : left, 0.7)) return true;
    draft.arm_used[first] = false;
  }
  return false;
}

}  // namespace tactus::synth
