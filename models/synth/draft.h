// One attempt at a scene, and the moves that templates are made of. Frame world: y up, the floor at y = 0.
#pragma once

#include <Eigen/Geometry>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "figure.h"
#include "tactus/synth/scene.h"
#include "thing.h"

namespace tactus::synth {

using ThingPool = std::map<std::string, std::vector<std::shared_ptr<const Thing>>, std::less<>>;

struct PlacedThing {
  std::shared_ptr<const Thing> thing;
  Eigen::Isometry3d world_from_thing = Eigen::Isometry3d::Identity();
  Interaction interaction = Interaction::none;
  Placement placement = Placement::touched;
};

struct Draft {
  Draft(const Rig& rig_, const body::ShapedBody& shaped, const ThingPool& pool_, Random& random_)
      : rig(rig_), pool(pool_), random(random_), figure(rig_, shaped) {}
  const Rig& rig;
  const ThingPool& pool;
  Random& random;
  Figure figure;
  std::vector<PlacedThing> things;      // the main one is put before those that its template brought along
  bool arm_used[2] = {false, false};

  double uniform(double low, double high) { return random.uniform(low, high); }
  bool chance(double p) { return random.uniform() < p; }
  std::shared_ptr<const Thing> any_thing(std::string_view category) {
    const auto& list = pool.find(category)->second;
    return list[random.below(static_cast<std::uint32_t>(list.size()))];
  }
  Eigen::Vector3d shoulder(Side side) const { return figure.joint(rig.arm[static_cast<std::size_t>(side)].upper); }
  Eigen::Vector3d hip(Side side) const { return figure.joint(rig.leg[static_cast<std::size_t>(side)].upper); }
  Side any_side() { return chance(0.5) ? kLeft : kRight; }
};

// ── whole-body poses (stances.cpp); arms that are not used get any pose by arms_at_random()
void stand(Draft& draft, double floor = 0.0);                 // standing, walking, crouching a little; faces +z at the origin
void sit_in_the_air(Draft& draft);
void arms_at_random(Draft& draft);
// Legs of one who sits: hips stay where they are, feet on the floor before the seat or hanging.
// `least`: how far before the hips the ankles must be.
void seated_legs(Draft& draft, double floor, double spread, double forward, double least = 0.0);
void place_foot(Draft& draft, Side side, const Eigen::Vector3d& under_ankle, double toe_out, double toe_up = 0.0);

// ── hands (hands.cpp)
// Takes a thing that goes with the hand: puts the hand at `where` (world, the middle of the palm), turned so that the
// grip fits a thing oriented by `world_from_thing`, then puts the thing into the hand and closes the fingers. False where no
// arm can do that.
bool take(Draft& draft, Side side, PlacedThing& placed, const Grip& grip, const Eigen::Matrix3d& orientation, const Eigen::Vector3d& where,
          double worst_strain = 0.6);
// Puts a hand onto a thing that stays where it is.
bool touch(Draft& draft, Side side, const PlacedThing& placed, const Grip& grip, double worst_strain = 0.8);
// Bends every finger until it meets the thing.
void close_fingers(Draft& draft, Side side, const PlacedThing& placed, double closing);

// ── moves against things
// Moves the body along `direction` until its region has `gap` metres left to the thing; false if it never comes near.
bool move_body_until(Draft& draft, const std::vector<int>& region, const PlacedThing& placed, const Eigen::Vector3d& direction, double gap);
bool move_thing_until(Draft& draft, const std::vector<int>& region, PlacedThing& placed, const Eigen::Vector3d& direction, double gap);

// The least strained of several grips of a thing that stays where it is.
bool touch_best(Draft& draft, Side side, const PlacedThing& placed, int tries, double worst_strain, const std::function<Grip()>& any_grip);
// Points with the index finger until its tip meets `point` (frame thing), coming against `normal`.
bool point_at(Draft& draft, Side side, const PlacedThing& placed, const Eigen::Vector3d& point, const Eigen::Vector3d& normal);
// Stands the thing on the floor, turned about the vertical.
void stand_thing(PlacedThing& placed, double turned);

// ── templates: false where this body, thing and chance do not go together
bool sit_on(Draft& draft, PlacedThing& placed);
bool hold(Draft& draft, PlacedThing& placed, Interaction how);   // hold_left, hold_right, hold_both
bool lie_on(Draft& draft, PlacedThing& placed);
bool lean_on(Draft& draft, PlacedThing& placed);
bool stand_on(Draft& draft, PlacedThing& placed);
bool ride(Draft& draft, PlacedThing& placed);
bool on_the_lap(Draft& draft, PlacedThing& placed);
bool carry_on_back(Draft& draft, PlacedThing& placed, bool in_front);
bool carry_on_shoulder(Draft& draft, PlacedThing& placed);
bool kick(Draft& draft, PlacedThing& placed);
bool press(Draft& draft, PlacedThing& placed);
bool play(Draft& draft, PlacedThing& placed);
bool look_through(Draft& draft, PlacedThing& placed);
bool push_or_pull(Draft& draft, PlacedThing& placed, bool push);
bool apply_template(Draft& draft, PlacedThing& placed, Interaction interaction);
// Which interactions a category has, and how often.
const std::vector<std::pair<std::string, Interaction>>& known_pairs();
bool stays_on_the_floor(std::string_view category);
bool is_held(std::string_view category);

}  // namespace tactus::synth
