// One attempt at a scene, and the moves that templates are made of. Frame world: y up, the floor at y = 0.
#pragma once

#include <Eigen/Geometry>
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
  Draft(const Rig& rig_, const body::ShapedBody& shaped, Random& random_) : rig(rig_), random(random_), figure(rig_, shaped) {}
  const Rig& rig;
  Random& random;
  Figure figure;
  std::vector<PlacedThing> things;
  bool arm_used[2] = {false, false};

  double uniform(double low, double high) { return random.uniform(low, high); }
  bool chance(double p) { return random.uniform() < p; }
  Side any_side() { return chance(0.5) ? kLeft : kRight; }
};

// ── whole-body poses (stances.cpp); arms that are not used get any pose by arms_at_random()
void stand(Draft& draft, double floor = 0.0);                 // standing, walking, crouching a little; faces +z at the origin
void sit_in_the_air(Draft& draft);
void arms_at_random(Draft& draft);
// Legs of one who sits: hips stay where they are, feet on the floor before the seat or hanging.
void seated_legs(Draft& draft, double floor, double spread, double forward);
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

// ── templates: false where this body, thing and chance do not go together
bool sit_on(Draft& draft, PlacedThing& placed);
bool hold(Draft& draft, PlacedThing& placed, Interaction how);   // hold_left, hold_right, hold_both
bool apply_template(Draft& draft, PlacedThing& placed, Interaction interaction);
// Which interactions a category has, and how often.
const std::vector<std::pair<std::string, Interaction>>& known_pairs();
bool stays_on_the_floor(std::string_view category);
bool is_held(std::string_view category);

}  // namespace tactus::synth
