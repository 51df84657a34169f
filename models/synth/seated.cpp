// Sitting, on whatever has a top.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "draft.h"

namespace tactus::synth {

using Eigen::Matrix3d;
using Eigen::Vector3d;
using std::numbers::pi;

namespace {

struct Seat {
  Vector3d top;             // middle of the seat's top, frame object
  double facing = 0.0;      // yaw of one who sits, frame object
  double front = 0.2;       // from there to the edge under the knees
  double back = 0.0;        // from there to a backrest; 0: none
  double give = 0.004;      // how far flesh and cushion give way
};

Seat seat_of(Draft& draft, const Thing& thing) {
  const std::string& name = thing.category();
  Seat seat;
  if (name == "chair" || name == "bench" || name == "couch") {
    const PartBox box = thing.part("seat");
    seat.top = {0, box.upper.y(), box.centre().z()};
    const double half = 0.5 * box.size().x();
    if (name != "chair") seat.top.x() = draft.uniform(-1, 1) * std::max(0.0, half - 0.25);
    seat.front = 0.5 * box.size().z();
    const PartBox rest = thing.part("backrest");
    seat.back = seat.top.z() - (name == "couch" ? rest.upper.z() : rest.lower.z() + 0.06);
    if (name == "couch") seat.give = 0.008;
    if (name == "chair" && draft.chance(0.15)) {   // astride the other way or sideways
      seat.facing = draft.chance(0.5) ? pi / 2 : -pi / 2;
      seat.front = 0.5 * box.size().x();
      seat.back = 0.0;
    }
    if (name == "bench" && draft.chance(0.1)) seat.facing = draft.uniform(-0.5, 0.5);
    return seat;
  }
  if (name == "bed" || name == "table") {
    const PartBox box = thing.part(name == "bed" ? "mattress" : "top");
    const bool along = draft.chance(name == "bed" ? 0.8 : 0.3);   // over the long side of a bed
    const double sign = draft.chance(0.5) ? 1.0 : -1.0;
    const Vector3d half = 0.5 * box.size();
    seat.facing = along ? sign * pi / 2 : (name == "bed" ? 0.0 : (sign > 0 ? 0.0 : pi));
    const Vector3d ahead(std::sin(seat.facing), 0, std::cos(seat.facing));
    seat.front = 0.22;
    const double depth = along ? half.x() : half.z();
    seat.top = Vector3d(box.centre().x(), box.upper.y(), box.centre().z()) + ahead * (depth - seat.front);
    if (along) seat.top.z() += draft.uniform(-0.5, 0.7) * half.z();
    else seat.top.x() += draft.uniform(-0.6, 0.6) * half.x();
    if (name == "bed") seat.give = 0.008;
    return seat;
  }
  const PartBox box = name == "stool"      ? thing.part("seat")
                      : name == "suitcase" ? thing.part("body")
                      : name == "surfboard" || name == "skateboard" || name == "snowboard" ? thing.part("deck")
                                           : thing.box;
  seat.top = {box.centre().x(), box.upper.y(), box.centre().z()};
  seat.facing = name == "stool" || name == "ball" || name == "box" ? draft.uniform(-pi, pi) : draft.uniform(-0.4, 0.4);
  if (name == "suitcase" || name == "skateboard" || name == "snowboard" || name == "surfboard") {
    seat.top.y() = box.upper.y();
    if (name != "suitcase") seat.facing = draft.chance(0.5) ? pi / 2 : 0.0;
    if (name == "suitcase") {   // before its handles
      seat.facing = draft.uniform(-0.15, 0.15);
      seat.top.z() += 0.5 * box.size().z() - 0.03;
    }
  }
  seat.front = name == "suitcase" ? 0.03 : 0.5 * std::min(box.size().x(), box.size().z());
  return seat;
}

}  // namespace

bool sit_on(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  const Seat seat = seat_of(draft, thing);
  // The thing stands on the floor, turned so that the sitter faces +z.
  const Matrix3d turned = yaw(-seat.facing + draft.uniform(-0.05, 0.05));
  placed.world_from_thing.linear() = turned;
  placed.world_from_thing.translation() = Vector3d(0, -thing.box.lower.y(), 0);
  const Vector3d top = placed.world_from_thing * seat.top;
  const double thigh = 0.5 * figure.leg_length();
  const bool leaning = seat.back > 0.0 && draft.chance(0.65);
  const double back_pitch = leaning ? draft.uniform(-0.38, -0.12) : draft.uniform(-0.25, 0.12);
  figure.world_from_body.linear() = yaw(draft.uniform(-0.12, 0.12)) * pitch(back_pitch);
  figure.bend_spine(leaning ? draft.uniform(-0.05, 0.25) : draft.uniform(-0.05, 0.6), draft.uniform(-0.1, 0.1), draft.uniform(-0.2, 0.2));
  figure.turn_head(draft.uniform(-0.25, 0.4) - 0.5 * back_pitch, draft.uniform(-0.15, 0.15), draft.uniform(-0.7, 0.7));
  // Hips so far from the edge that the knees are beyond it.
  const double from_edge = std::min(thigh * draft.uniform(0.5, 0.85), 2.0 * seat.front - 0.08);
  double hip = top.z() + seat.front - from_edge;
  if (seat.front < 0.2) hip = top.z() + draft.uniform(-0.02, 0.04);
  figure.world_from_body.translation() = Vector3d(top.x(), top.y() + figure.seat_height() + 0.12, hip);
  figure.update();
  figure.world_from_body.translation().z() += hip - figure.joint(draft.rig.leg[0].upper).z();
  const double spread = draft.uniform(-0.02, draft.chance(0.3) ? 0.22 : 0.1);
  const double forward = thigh * draft.uniform(0.75, 1.35);
  // Solid fronts leave no room for calves behind the edge.
  const std::string& name = thing.category();
  const bool solid = name == "couch" || name == "bed" || name == "suitcase" || name == "box" || name == "ball";
  const auto legs = [&] { seated_legs(draft, 0.0, spread, forward, top.z() + seat.front + (solid ? 0.1 : 0.06) * figure.scale() - hip); };
  const auto& region = draft.rig.region(Region::buttocks, kLeft);
  legs();
  if (!move_body_until(draft, region, placed, -Vector3d::UnitY(), -seat.give)) return false;
  if (leaning) {
    const double now = figure.world_from_body.translation().z();
    if (!move_body_until(draft, draft.rig.region(Region::upper_back, kLeft), placed, -Vector3d::UnitZ(), -0.003)) return false;
    if (std::abs(figure.world_from_body.translation().z() - now) > 0.35) return false;
  }
  figure.update();
  hip = figure.joint(draft.rig.leg[0].upper).z();
  legs();
  // The thighs have turned: settle once more.
  if (!move_body_until(draft, region, placed, -Vector3d::UnitY(), -seat.give)) return false;
  figure.update();
  hip = figure.joint(draft.rig.leg[0].upper).z();
  legs();
  return true;
}

}  // namespace tactus::synth
