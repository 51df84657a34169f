// On the back, on a shoulder, before the chest.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "draft.h"

namespace tactus::synth {

using Eigen::Matrix3d;
using Eigen::Vector3d;
using std::numbers::pi;

namespace {

// Where the panel of a pack rests: its plane along the trunk, its top a little under the neck. Bending it and laying its straps
// is left to laid_on(), once the arms are where they stay.
bool put_pack_on(Draft& draft, PlacedThing& placed, bool in_front) {
  const Figure& figure = draft.figure;
  const PartBox body = placed.thing->part("body");
  const int low = draft.rig.spine[1], high = draft.rig.neck[0];
  const Vector3d trunk = figure.joint(high) - figure.joint(low);
  if (body.size().y() > 1.2 * trunk.norm()) return false;   // too large for this body
  const Matrix3d upright = rotation_between(figure.rest(high) - figure.rest(low), Vector3d::UnitX(), trunk,
                                            figure.orientation(draft.rig.spine[3]) * Vector3d::UnitX());
  // The wearer is on the thing's -z side.
  placed.world_from_thing.linear() = upright * yaw(in_front ? 0.0 : pi);
  const double under = (in_front ? draft.uniform(0.06, 0.1) : draft.uniform(0.02, 0.06)) * figure.scale();
  placed.world_from_thing.translation() = figure.joint(high) - upright * Vector3d(draft.uniform(-0.01, 0.01), under, 0) -
                                          placed.world_from_thing.linear() * Vector3d(body.centre().x(), body.upper.y(), body.lower.z());
  // How far the skin reaches over the panel's plane: the most of it is to touch, a few places press in.
  const Eigen::Isometry3d to_thing = placed.world_from_thing.inverse();
  const geometry::Vertices skin = figure.skin(draft.rig.region(in_front ? Region::torso_front : Region::upper_back, kLeft));
  std::vector<double> reach;
  for (Eigen::Index v = 0; v < skin.rows(); ++v) {
    const Vector3d p = to_thing * Vector3d(skin.row(v).transpose().cast<double>());
    if (std::abs(p.x() - body.centre().x()) < 0.42 * body.size().x() && p.y() > body.lower.y() && p.y() < body.upper.y() - 0.15 * body.size().y())
      reach.push_back(p.z() - body.lower.z());
  }
  if (reach.size() < 8) return false;
  std::sort(reach.begin(), reach.end());
  placed.world_from_thing.translation() += placed.world_from_thing.linear().col(2) * reach[reach.size() * 17 / 20];
  return true;
}

}  // namespace

bool carry_on_back(Draft& draft, PlacedThing& placed, bool in_front) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  if (draft.chance(0.85)) stand(draft);
  else sit_in_the_air(draft);
  figure.update();
  if (thing.category() == "backpack") return put_pack_on(draft, placed, in_front);
  const Matrix3d chest = figure.orientation(draft.rig.spine[3]);
  const Vector3d outward = chest * Vector3d(0, 0, in_front ? 1 : -1), up = chest * Vector3d::UnitY();
  const auto& torso = draft.rig.region(in_front ? Region::torso_front : Region::upper_back, kLeft);
  // Anything else hangs flat against the back.
  const double tilt = draft.uniform(-0.7, 0.7) + (draft.chance(0.5) ? pi : 0.0);
  placed.world_from_thing.linear() = chest * yaw(in_front ? 0.0 : pi) * roll(tilt);
  const Vector3d middle = figure.joint(draft.rig.spine[2]) + up * draft.uniform(-0.05, 0.1) * figure.scale();
  placed.world_from_thing.translation() = middle + outward * 0.5 - placed.world_from_thing.linear() * Vector3d(0, thing.part("body").centre().y(), 0);
  return move_thing_until(draft, torso, placed, -outward, -0.003);
}

bool carry_on_shoulder(Draft& draft, PlacedThing& placed) {
  Figure& figure = draft.figure;
  const Thing& thing = *placed.thing;
  const std::string& name = thing.category();
  stand(draft);
  figure.turn_head(draft.uniform(-0.2, 0.2), 0.0, draft.uniform(-0.4, 0.4));
  figure.update();
  const Side side = draft.any_side();
  const double out = side == kLeft ? 1.0 : -1.0;
  const Matrix3d chest = figure.orientation(draft.rig.spine[4]);
  // A long thing: its lower end in the hand before the body, lying on the shoulder.
  const char* part = name == "broom" ? "stick" : name == "umbrella" ? "shaft" : name == "guitar" ? "neck" : (name == "snowboard" || name == "surfboard") ? "deck" : "handle";
  const bool boards = name == "snowboard" || name == "surfboard";
  const Vector3d shoulder = draft.shoulder(side);
  std::vector<int> rests = draft.rig.region(Region::upper_back, kLeft);
  for (const Region region : {Region::upper_arm, Region::torso_front, Region::head})
    for (const int v : draft.rig.region(region, side)) rests.push_back(v);
  for (int attempt = 0; attempt < 12; ++attempt) {
    const Vector3d on = shoulder + chest * Vector3d(-out * draft.uniform(0.02, 0.09), draft.uniform(0.05, 0.09), draft.uniform(-0.03, 0.02)) * figure.scale();
    const Vector3d hand = shoulder + chest * Vector3d(out * draft.uniform(-0.1, 0.15), draft.uniform(-0.5, -0.15), draft.uniform(0.4, 0.62)) * figure.arm_length();
    const Vector3d along = (on - hand).normalized();
    Grip grip;
    Matrix3d turned;
    if (boards) {
      const PartBox deck = thing.part("deck");
      // Flat on the shoulder, held by the rail.
      turned = rotation_between(Vector3d::UnitZ(), Vector3d::UnitY(), along, chest * Vector3d(0, 1, 0.2));
      grip.palm = {draft.chance(0.5) ? 1.0 : -1.0, 0, 0};
      grip.fingers = {0, draft.chance(0.5) ? 1.0 : -1.0, 0};
      grip.point = deck.centre() - grip.palm * 0.5 * deck.size().x() - Vector3d(0, 0, draft.uniform(0.15, 0.3) * deck.size().z());
    } else {
      grip = bar_grip(thing, thing.part_vertices(part), 0.15, 0.5, draft.random);
      const bool upwards = name != "guitar" && !(name == "broom" && draft.chance(0.3));
      turned = rotation_between(Vector3d::UnitY(), Vector3d::UnitX(), upwards ? along : Vector3d(-along), chest * Vector3d(std::cos(attempt * 1.3), 0, std::sin(attempt * 1.3)));
    }
    Vector3d where = hand;
    bool taken = false;
    for (int round = 0; round < 2; ++round) {
      taken = take(draft, side, placed, grip, turned, where, 0.8);
      if (!taken) break;
      PlacedThing down = placed;
      const double before = placed.world_from_thing.translation().y();
      if (!move_thing_until(draft, rests, down, -Vector3d::UnitY(), -0.001)) taken = false;
      const double moved = down.world_from_thing.translation().y() - before;
      if (std::abs(moved) > 0.12) taken = false;
      if (!taken || std::abs(moved) < 0.002) break;
      where.y() += moved;
      if (round == 1) taken = take(draft, side, placed, grip, turned, where, 0.8);
    }
    const double gap = clearance(figure.skin(rests), thing, placed.world_from_thing, 0.2);
    if (taken && gap < 0.01 && gap > -0.02) return true;
    draft.arm_used[side] = false;
  }
  return false;
}

}  // namespace tactus::synth
