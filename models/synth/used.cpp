// Riding, kicking, pressing, playing, looking through, pushing and pulling.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "draft.h"

namespace tactus::synth {

using Eigen::Matrix3d;
using Eigen::Vector3d;
using std::numbers::pi;

bool ride(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  const bool bicycle = thing.category() == "bicycle";
  stand_thing(placed, draft.uniform(-0.03, 0.03));
  const PartBox saddle = thing.part(bicycle ? "saddle" : "seat");
  Vector3d seat = saddle.centre();
  seat.y() = saddle.upper.y();
  seat.z() = bicycle ? saddle.centre().z() - 0.03 : saddle.upper.z() - draft.uniform(0.2, 0.3);
  const Vector3d top = placed.world_from_thing * seat;
  const double lean = bicycle ? draft.uniform(0.2, 0.6) : draft.uniform(0.0, 0.35);
  figure.world_from_body.linear() = pitch(lean);
  figure.turn_head(draft.uniform(-0.5, 0.0) - 0.4 * lean, draft.uniform(-0.1, 0.1), draft.uniform(-0.4, 0.4));
  figure.world_from_body.translation() = Vector3d(top.x(), top.y() + 0.28, top.z());
  figure.bend_spine(0.2, 0, 0);
  figure.update();
  figure.world_from_body.translation().z() += top.z() - 0.5 * (draft.hip(kLeft) + draft.hip(kRight)).z() + (bicycle ? 0.03 : 0.0);
  figure.update();
  const char* rest = bicycle ? "pedals" : "footrests";
  double missed = 0;
  const auto legs = [&] {
    missed = 0;
    for (const Side side : {kLeft, kRight}) {
      const double out = side == kLeft ? 1.0 : -1.0;
      Eigen::AlignedBox3d box;
      const auto vertices = thing.part_vertices(rest, side);
      double outermost = 0;
      for (const int v : vertices) outermost = std::max(outermost, std::abs(static_cast<double>(thing.object->mesh.vertices(v, 0))));
      for (const int v : vertices)
        if (std::abs(static_cast<double>(thing.object->mesh.vertices(v, 0))) > outermost - 0.085) box.extend(thing.object->mesh.vertices.row(v).transpose().cast<double>());
      Vector3d pedal = box.center();
      pedal.y() = box.max().y();
      const Vector3d at = placed.world_from_thing * pedal;
      const double ball = bicycle ? figure.foot_forward() - 0.03 : 0.45 * figure.foot_forward();
      const double heel_up = bicycle ? -0.12 : 0.0;
      const Matrix3d foot = yaw(-out * (0.18 - 0.04)) * pitch(-heel_up);
      Vector3d ankle = at + foot * Vector3d(0, figure.ankle_height() - 0.002, -ball) + Vector3d(bicycle ? 0.0 : -out * 0.02, 0, 0);
      for (int round = 0; round < 2; ++round) {
        missed = std::max(missed, figure.reach_leg(side, ankle, Vector3d(out * (bicycle ? 0.25 : 0.55), 0.4, 1), foot));
        const double gap = clearance(figure.skin(draft.rig.region(Region::foot, side)), thing, placed.world_from_thing, 0.1);
        ankle.y() -= std::clamp(gap + 0.002, -0.05, 0.03);
      }
      missed = std::max(missed, figure.reach_leg(side, ankle, Vector3d(out * (bicycle ? 0.25 : 0.55), 0.4, 1), foot));
    }
  };
  legs();
  std::vector<int> below = draft.rig.region(Region::buttocks, kLeft);   // and the front of the pelvis
  for (const int v : draft.rig.region(Region::torso_front, kLeft)) below.push_back(v);
  for (int round = 0; round < 3; ++round) {
    if (!move_body_until(draft, below, placed, -Vector3d::UnitY(), -0.007)) return false;
    figure.update();
    legs();
  }
  if (missed > 0.02) return false;
  // Bends forwards until the hands reach the grips.
  const int hands = draft.chance(0.85) ? 2 : 1;
  const Side only = draft.any_side();
  for (int k = 0; k < 9; ++k) {
    figure.bend_spine(0.05 + 0.13 * k, draft.uniform(-0.05, 0.05), draft.uniform(-0.05, 0.05));
    figure.update();
    double far = 0;
    for (const Side side : {kLeft, kRight})
      far = std::max(far, (placed.world_from_thing * thing.part("grips", side).centre() - draft.shoulder(side)).norm() - figure.hand_length());
    if (far < 0.93 * figure.arm_length()) break;
    if (k == 8) return false;
  }
  bool any = false;
  for (const Side side : {kLeft, kRight}) {
    if (hands == 1 && side != only) continue;
    const auto grips = thing.part_vertices("grips", side);
    const bool held = touch_best(draft, side, placed, 14, 1.0, [&] {
      for (int k = 0; k < 20; ++k) {   // from above or behind
        const Grip grip = bar_grip(thing, grips, 0.3, 0.7, draft.random);
        if (grip.palm.y() < -0.2 && grip.fingers.z() > 0.0) return grip;
      }
      return bar_grip(thing, grips, 0.3, 0.7, draft.random);
    });
    any = any || held;
    if (!held && hands == 2) return false;
  }
  return any;
}

bool kick(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  stand(draft);
  const Side side = draft.any_side();
  const double out = side == kLeft ? 1.0 : -1.0, leg = figure.leg_length();
  const double swing = draft.uniform(-0.2, 0.55), up = draft.uniform(0.0, 0.25) * leg;
  figure.bend_spine(draft.uniform(-0.1, 0.25), draft.uniform(-0.1, 0.1), out * draft.uniform(-0.3, 0.3));
  figure.update();
  const Vector3d hip = draft.hip(side);
  const double pointed = draft.uniform(-0.1, 0.7);
  const Matrix3d foot = yaw(out * draft.uniform(-0.2, 0.7)) * pitch(pointed);
  const Vector3d ankle(hip.x() + out * draft.uniform(-0.05, 0.1), figure.ankle_height() + 0.03 + up + 0.12 * std::max(0.0, pointed), hip.z() + swing * leg);
  figure.reach_leg(side, ankle, Vector3d(0, 0.3, 1), foot);
  const auto& region = draft.rig.region(Region::foot, side);
  // From before the toes, or from the inner side.
  const Vector3d toes = foot * yaw(out * 0.18) * Vector3d::UnitZ();
  const Vector3d inner = foot * Vector3d(-out, 0, 0);
  Vector3d from = draft.chance(0.65) ? Vector3d(toes + draft.uniform(-0.3, 0.6) * Vector3d::UnitY()) : Vector3d(inner + 0.5 * toes);
  if (draft.chance(0.15)) from = Vector3d(0.2 * toes + Vector3d::UnitY());   // stopped under, or juggled on the foot
  from.normalize();
  const PartBox& box = placed.thing->box;
  placed.world_from_thing.linear() = yaw(draft.uniform(-pi, pi)) * pitch(placed.thing->category() == "ball" ? draft.uniform(-pi, pi) : 0.0);
  const Vector3d middle = figure.joint(draft.rig.leg[static_cast<std::size_t>(side)].foot) + 0.75 * figure.foot_forward() * toes;
  Vector3d start = middle + from * (0.4 + 0.5 * box.size().norm());
  start.y() = std::max(start.y(), 0.5 * box.size().y());
  placed.world_from_thing.translation() = start;
  Vector3d way = middle - start;
  if (start.y() <= 0.5 * box.size().y() + 1e-6) way.y() = 0;
  if (!move_thing_until(draft, region, placed, way.normalized(), 0.0005)) return false;
  return placed.world_from_thing.translation().y() > 0.5 * box.size().y() - 0.01;
}

bool press(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  const std::string& name = placed.thing->category();
  if (name == "phone") {   // in one hand, the other's finger on it
    if (draft.chance(0.7)) stand(draft);
    else sit_in_the_air(draft);
    const Side holds = draft.any_side();
    figure.update();
    for (int attempt = 0; attempt < 8; ++attempt) {
      const Thing& phone = *placed.thing;
      const double out = holds == kLeft ? 1.0 : -1.0;
      Grip grip;
      grip.palm = Vector3d::UnitZ();
      grip.fingers = Vector3d(out, draft.uniform(-0.2, 0.9), 0).normalized();
      grip.point = {-0.2 * phone.box.size().x() * grip.fingers.x(), draft.uniform(-0.3, 0.0) * phone.box.size().y(), phone.box.lower.z()};
      grip.along = draft.uniform(0.9, 1.2);
      grip.closing = 1.2;
      const Matrix3d chest = figure.orientation(draft.rig.spine[4]);
      const Vector3d where = draft.shoulder(holds) + chest * Vector3d(-out * draft.uniform(0.1, 0.35), draft.uniform(-0.45, -0.05), draft.uniform(0.45, 0.7)) * figure.arm_length();
      // Its screen looks at the face.
      const Vector3d to_face = (figure.joint(draft.rig.head) - where).normalized();
      if (!take(draft, holds, placed, grip, rotation_between(Vector3d::UnitZ(), Vector3d::UnitY(), to_face, chest * Vector3d::UnitY()), where, 0.8)) continue;
      if (point_at(draft, other(holds), placed, Vector3d(draft.uniform(-0.02, 0.02), draft.uniform(-0.04, 0.05), phone.box.upper.z()), Vector3d::UnitZ())) return true;
      draft.arm_used[kLeft] = draft.arm_used[kRight] = false;
    }
    return false;
  }
  if (name == "camera on a tripod") {
    stand(draft);
    figure.update();
    stand_thing(placed, draft.uniform(-0.4, 0.4));
    const Side side = draft.any_side();
    const PartBox body = placed.thing->part("body");
    const Vector3d at = placed.world_from_thing * body.centre();
    const Vector3d shoulder = draft.shoulder(side);
    placed.world_from_thing.translation() += Vector3d(shoulder.x() - at.x() + draft.uniform(-0.1, 0.1), 0, shoulder.z() - at.z() + draft.uniform(0.5, 0.85) * figure.arm_length());
    const double s = side == kLeft ? 1.0 : -1.0;
    const bool above = draft.chance(0.4);
    const Vector3d normal = above ? Vector3d(Vector3d::UnitY()) : Vector3d(draft.chance(0.7) ? Vector3d(s, 0, 0) : Vector3d(0, 0, -1));
    Vector3d point = body.centre() + 0.5 * normal.cwiseProduct(body.size());
    return point_at(draft, side, placed, point, normal);
  }
  // A laptop on a table, or a box: fingers on it.
  PlacedThing table;
  table.thing = draft.any_thing("table");
  stand_thing(table, draft.chance(0.8) ? 0.0 : pi / 2);
  const PartBox top = table.thing->part("top");
  const double height = top.upper.y() - table.thing->box.lower.y();
  const double depth = std::abs(std::cos(draft.things.empty() ? 0.0 : 0.0)) * 0.5 * ((table.world_from_thing.linear() * top.size()).cwiseAbs()).z();
  PlacedThing chair;
  const bool seated = draft.chance(0.6);
  if (seated) {
    chair.thing = draft.any_thing(draft.chance(0.6) ? "chair" : "stool");
    chair.interaction = Interaction::sit;
    if (!sit_on(draft, chair)) return false;
    for (const Side side : {kLeft, kRight})   // feet stay under the table
      place_foot(draft, side, Vector3d(draft.hip(side).x(), 0, draft.hip(side).z() + 0.5 * figure.leg_length()), 0.1);
  } else {
    stand(draft);
    figure.bend_spine(draft.uniform(0.2, 0.5), 0, 0);
  }
  figure.update();
  double front = -1e9;   // of the belly
  const geometry::Vertices belly = figure.skin(draft.rig.region(Region::torso_front, kLeft));
  for (Eigen::Index i = 0; i < belly.rows(); ++i)
    if (belly(i, 1) < height + 0.25) front = std::max(front, static_cast<double>(belly(i, 2)));
  if (front < -1e8) front = figure.joint(draft.rig.spine[0]).z() + 0.15;
  const double x = figure.joint(draft.rig.spine[4]).x();
  const double edge = front + draft.uniform(0.04, 0.12);
  table.world_from_thing.translation() += Vector3d(x + draft.uniform(-0.2, 0.2), 0, edge + depth) -
                                          Vector3d((table.world_from_thing * top.centre()).x(), 0, (table.world_from_thing * top.centre()).z());
  placed.world_from_thing = Eigen::Isometry3d::Identity();
  placed.world_from_thing.linear() = yaw(pi + draft.uniform(-0.25, 0.25));
  placed.world_from_thing.translation() = Vector3d(x + draft.uniform(-0.05, 0.05), height - placed.thing->box.lower.y() + 0.001, edge + draft.uniform(0.03, 0.12) + 0.5 * placed.thing->box.size().z());
  const PartBox keys = placed.thing->part("keyboard");
  const bool both = draft.chance(0.6);
  const Side first = draft.any_side();
  bool any = false;
  for (const Side side : {first, other(first)}) {
    if (side != first && !both) continue;
    const double out = side == kLeft ? -1.0 : 1.0;
    const bool done = draft.chance(0.4) ? point_at(draft, side, placed, {out * draft.uniform(0.05, 0.4) * keys.size().x(), keys.upper.y(), keys.centre().z() + draft.uniform(-0.3, 0.4) * keys.size().z()}, Vector3d::UnitY())
                                        : touch_best(draft, side, placed, 8, 0.9, [&] {
                                            Grip grip;
                                            grip.point = {out * draft.uniform(0.1, 0.4) * keys.size().x(), keys.upper.y(), keys.centre().z() + draft.uniform(0.1, 0.5) * keys.size().z()};
                                            grip.palm = -Vector3d::UnitY();
                                            grip.fingers = yaw(draft.uniform(-0.5, 0.5)) * -Vector3d::UnitZ();
                                            grip.along = draft.uniform(0.8, 1.2);
                                            grip.closing = 0.6;
                                            return grip;
                                          });
    any = any || done;
    if (side == first && !done) return false;
  }
  table.interaction = Interaction::lean;   // kept so only where it is touched
  draft.things.push_back(table);
  if (seated) draft.things.push_back(chair);
  return any;
}

bool play(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  PlacedThing seat;
  const bool seated = draft.chance(0.4);
  if (seated) {
    static constexpr const char* kSeats[] = {"chair", "stool", "couch", "bench"};
    seat.thing = draft.any_thing(kSeats[draft.random.below(4)]);
    seat.interaction = Interaction::sit;
    if (!sit_on(draft, seat)) return false;
  } else {
    stand(draft);
  }
  figure.update();
  const Side fret = draft.chance(0.85) ? kLeft : kRight;
  const double out = fret == kLeft ? 1.0 : -1.0;
  const Matrix3d chest = figure.orientation(draft.rig.spine[2]);
  const double raised = draft.uniform(0.1, 0.6);
  const Vector3d neck = chest * Vector3d(out * std::cos(raised), std::sin(raised), draft.uniform(0.0, 0.3)).normalized();
  placed.world_from_thing.linear() = rotation_between(Vector3d::UnitZ(), Vector3d::UnitY(), (chest * Vector3d(0, draft.uniform(-0.1, 0.25), 1)).normalized(), neck);
  const Vector3d belly = figure.joint(draft.rig.spine[seated ? 2 : 1]) + chest * Vector3d(-out * draft.uniform(0.0, 0.12), draft.uniform(0.0, 0.12), 0.0) * figure.scale();
  const PartBox body = thing.part("body");
  const Vector3d front = chest * Vector3d::UnitZ();
  placed.world_from_thing.translation() = belly + front * 0.6 - placed.world_from_thing.linear() * body.centre();
  std::vector<int> near = draft.rig.region(Region::torso_front, kLeft);
  for (const Side side : {kLeft, kRight})
    for (const int v : draft.rig.region(Region::thigh, side)) near.push_back(v);
  if (!move_thing_until(draft, near, placed, -front, -0.003)) return false;
  const auto neck_part = thing.part_vertices("neck");
  if (!touch_best(draft, fret, placed, 16, 0.9, [&] { return bar_grip(thing, neck_part, 0.25, 0.9, draft.random); })) return false;
  if (!touch_best(draft, other(fret), placed, 12, 0.95, [&] {
        Grip grip;
        grip.point = body.centre() + Vector3d(draft.uniform(-0.05, 0.05), draft.uniform(-0.08, 0.1), 0.5 * body.size().z());
        grip.palm = -Vector3d::UnitZ();
        grip.fingers = Vector3d(draft.uniform(-1, 1), draft.uniform(-0.8, 0.8), 0).normalized();
        grip.along = draft.uniform(1.2, 1.7);
        grip.closing = 0.7;
        return grip;
      }))
    return false;
  if (seated) draft.things.push_back(seat);
  return true;
}

bool look_through(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  stand(draft);
  stand_thing(placed, 0.0);
  const PartBox finder = thing.part("viewfinder");
  const Vector3d eyepiece = placed.world_from_thing * Vector3d(0, finder.lower.y() + 0.5 * finder.size().y(), finder.lower.z());
  const int eye_bone = draft.rig.model.bone_index(draft.chance(0.7) ? "eye.R" : "eye.L");
  // Stoops until an eye is as high as the eyepiece.
  const double nod = draft.uniform(-0.1, 0.15);
  double bend = -1;
  for (int k = 0; k <= 20; ++k) {
    figure.bend_spine(0.05 * k, 0, 0);
    figure.turn_head(nod - 0.045 * k, 0, 0);
    figure.update();
    if (figure.joint(eye_bone).y() <= eyepiece.y()) {
      bend = 0.05 * k;
      break;
    }
  }
  if (bend <= 0.0) return false;
  double low = bend - 0.05, high = bend;
  for (int k = 0; k < 7; ++k) {
    const double middle = 0.5 * (low + high);
    figure.bend_spine(middle, 0, 0);
    figure.turn_head(nod - 0.9 * middle, 0, 0);
    figure.update();
    (figure.joint(eye_bone).y() > eyepiece.y() ? low : high) = middle;
  }
  const Vector3d eye = figure.joint(eye_bone);
  placed.world_from_thing.translation() += Vector3d(eye.x() - eyepiece.x(), 0, eye.z() - eyepiece.z() + 0.25);
  if (!move_thing_until(draft, draft.rig.region(Region::head, kLeft), placed, -Vector3d::UnitZ(), 0.001)) return false;
  const Side first = draft.any_side();
  const int hands = draft.chance(0.2) ? 0 : (draft.chance(0.5) ? 1 : 2);
  for (int k = 0; k < hands; ++k) {
    const Side side = k == 0 ? first : other(first);
    const double out = side == kLeft ? 1.0 : -1.0;
    const PartBox body = thing.part("body");
    touch_best(draft, side, placed, 12, 0.9, [&] {
      if (k == 1 || draft.chance(0.5)) return bar_grip(thing, thing.part_vertices("pan handle"), 0.1, 0.5, draft.random);
      Grip grip;
      grip.point = body.centre() + Vector3d(out * 0.5 * body.size().x(), 0, 0);
      grip.palm = {-out, 0, 0};
      grip.fingers = Vector3d(0, draft.uniform(-0.3, 0.8), 1).normalized();
      grip.closing = 1.2;
      return grip;
    });
  }
  return true;
}

namespace {

bool tow_suitcase(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  const Side side = draft.any_side();
  const double out = side == kLeft ? 1.0 : -1.0;
  figure.update();
  const auto handle = thing.part_vertices("handle");
  for (int attempt = 0; attempt < 16; ++attempt) {
    Grip grip;
    for (int k = 0; k < 12; ++k) {
      grip = bar_grip(thing, handle, 0.46, 0.54, draft.random);
      grip.point.y() = std::max(grip.point.y(), thing.part("handle").upper.y() - 0.011);
      if (std::abs(grip.palm.x()) < 0.5) break;
    }
    // The crossbar: across the fingers.
    const double around = draft.uniform(0, 2 * pi);
    const PartBox bar = thing.part("handle");
    const Vector3d outward(0, std::cos(around), std::sin(around));
    grip.palm = -outward;
    grip.fingers = Vector3d::UnitX().cross(grip.palm) * (draft.chance(0.5) ? 1.0 : -1.0);
    grip.point = Vector3d(draft.uniform(-0.02, 0.02), bar.upper.y() - 0.011, bar.centre().z()) + 0.011 * outward;
    const Vector3d where = draft.shoulder(side) + Vector3d(out * draft.uniform(0.08, 0.25), -draft.uniform(0.82, 0.93), -draft.uniform(0.0, 0.3)) * figure.arm_length();
    // Tilted so that its wheels stand on the floor behind.
    const double height = grip.point.y() - thing.box.lower.y();
    const double tilt = std::acos(std::clamp((where.y() - 0.02) / height, -1.0, 1.0));
    if (where.y() > height || tilt > 1.25) continue;
    const Matrix3d turned = yaw((draft.chance(0.5) ? 0.0 : pi)) ;
    const Matrix3d orientation = pitch(tilt) * turned;
    if (take(draft, side, placed, grip, orientation, where, 0.9)) return true;
  }
  return false;
}

}  // namespace

bool push_or_pull(Draft& draft, PlacedThing& placed, bool push) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  const std::string& name = thing.category();
  stand(draft);
  if (name == "suitcase" && !push) return tow_suitcase(draft, placed);
  const double lean = draft.uniform(0.1, 0.45) * (push ? 1.0 : 0.4);
  if (name == "bicycle" || name == "motorcycle") {   // beside it, hands on the grips
    const double side = draft.chance(0.5) ? 1.0 : -1.0;
    stand_thing(placed, draft.uniform(-0.1, 0.1));
    const Vector3d bar = 0.5 * (thing.part("grips", kLeft).centre() + thing.part("grips", kRight).centre());
    figure.bend_spine(lean, -side * draft.uniform(0.0, 0.2), side * draft.uniform(0.0, 0.4));
    figure.update();
    const Vector3d at = placed.world_from_thing * bar;
    const Vector3d chest = figure.joint(draft.rig.spine[4]);
    placed.world_from_thing.translation() += Vector3d(chest.x() + side * draft.uniform(0.3, 0.48) - at.x(), 0, chest.z() + draft.uniform(0.15, 0.4) - at.z());
    int held = 0;
    for (const Side hand : {kLeft, kRight}) {
      const auto grips = thing.part_vertices("grips", hand);
      held += touch_best(draft, hand, placed, 14, 0.95, [&] { return bar_grip(thing, grips, 0.3, 0.7, draft.random); }) ? 1 : 0;
    }
    return held >= 1;
  }
  // Two hands (or one) on the back of it.
  const bool by_bar = name == "chair" || name == "suitcase";
  const PartBox part = name == "chair" ? thing.part("backrest") : name == "suitcase" ? thing.part("handle") : name == "table" ? thing.part("top")
                       : name == "couch" ? thing.part("backrest") : name == "bed" ? thing.part("mattress") : thing.box;
  const double facing = name == "chair" || name == "suitcase" || name == "couch" ? 0.0 : pi / 2 * draft.random.below(4);   // where it goes, frame object
  stand_thing(placed, -facing + (push ? 0.0 : 0.0) + draft.uniform(-0.1, 0.1));
  const Vector3d inward(std::sin(facing), 0, std::cos(facing)), along(std::cos(facing), 0, -std::sin(facing));
  const double half_depth = 0.5 * std::abs(part.size().dot(inward)), half_width = 0.5 * std::abs(part.size().dot(along));
  const double floor = placed.world_from_thing.translation().y();
  const double high = by_bar ? part.upper.y() - 0.02 : (draft.chance(0.5) || name == "table" ? part.upper.y() : part.centre().y() + 0.3 * part.size().y());
  const bool flat_top = !by_bar && high >= part.upper.y() - 1e-6;
  const Vector3d mark = Vector3d(part.centre().x(), high, part.centre().z()) - inward * (half_depth - (flat_top ? 0.05 : 0.0));
  const double ahead = draft.uniform(push ? 0.55 : 0.4, 0.8) * figure.arm_length();
  bool near = false;
  for (int k = 0; k < 11 && !near; ++k) {
    figure.bend_spine(lean + 0.11 * k, 0, 0);
    figure.turn_head(-0.3 * (lean + 0.11 * k), 0, 0);
    figure.update();
    near = std::hypot(draft.shoulder(kLeft).y() - (floor + high), ahead) < 0.94 * figure.arm_length();
  }
  if (!near) return false;
  const Vector3d at = placed.world_from_thing * mark;
  const Vector3d middle = 0.5 * (draft.shoulder(kLeft) + draft.shoulder(kRight));
  placed.world_from_thing.translation() += Vector3d(middle.x() - at.x(), 0, middle.z() + ahead - at.z());
  const double apart = std::min(draft.uniform(0.12, 0.22) * figure.scale(), std::max(0.03, half_width - 0.05));
  const bool both = name != "suitcase" && draft.chance(0.85);
  const Side first = draft.any_side();
  const Matrix3d to_thing = placed.world_from_thing.linear().transpose();
  const auto handle = by_bar ? thing.part_vertices(name == "chair" ? "backrest" : "handle") : std::vector<int>();
  for (const Side side : {first, other(first)}) {
    if (side != first && !both) continue;
    const double out = side == kLeft ? 1.0 : -1.0;
    const bool done = touch_best(draft, side, placed, 12, 0.9, [&] {
      Grip grip;
      if (name == "suitcase") {
        const double around = draft.uniform(0, 2 * pi);
        const Vector3d outward(0, std::cos(around), std::sin(around));
        grip.palm = -outward;
        grip.fingers = Vector3d::UnitX().cross(grip.palm) * (draft.chance(0.5) ? 1.0 : -1.0);
        grip.point = Vector3d(0, part.upper.y() - 0.011, part.centre().z()) + 0.011 * outward;
        return grip;
      }
      grip.point = mark + to_thing * Vector3d(out * apart, 0, 0);
      const bool over = flat_top || (name == "chair" && draft.chance(0.6));
      if (name == "chair" && over) grip.point.y() = part.upper.y();
      grip.palm = over ? Vector3d(-Vector3d::UnitY()) : inward;
      grip.fingers = over ? Vector3d(inward + to_thing * Vector3d(draft.uniform(-0.3, 0.3), 0, 0)).normalized()
                          : Vector3d(Vector3d::UnitY() + draft.uniform(-0.6, 0.6) * along).normalized();
      grip.along = draft.uniform(0.5, 1.0);
      grip.closing = over ? 1.1 : 0.3;
      return grip;
    });
    if (!done && side == first) return false;
  }
  return true;
}

}  // namespace tactus::synth
