// A body being posed: joint angles in, places out, and the inverse for arms and legs.
// Frame `world` of the generator: y up, the floor at y = 0; metres.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <array>
#include <string_view>
#include <vector>

#include "tactus/body/body_model.h"
#include "tactus/random.h"

namespace tactus::synth {

enum Side { kLeft = 0, kRight = 1 };
inline Side other(Side side) { return side == kLeft ? kRight : kLeft; }

// Regions of the skin whose distance to a thing matters while posing.
enum class Region { hand, fingers, palm, forearm, upper_arm, sole, foot, buttocks, thigh, lower_leg, lower_back, upper_back, torso_front, head, count };

// What all bodies of the model share.
class Rig {
 public:
  explicit Rig(const body::BodyModel& model);

  const body::BodyModel& model;
  struct Arm {
    int clavicle, shoulder, upper, lower, twist, wrist;
    std::array<std::array<int, 3>, 5> fingers;   // thumb first
  };
  struct Leg {
    int upper, lower, foot, toe;
  };
  std::array<Arm, 2> arm;
  std::array<Leg, 2> leg;
  std::array<int, 5> spine;      // from the pelvis upwards
  std::array<int, 3> neck;
  int head;
  // A spread of the region's vertices; regions without a side are the same for both.
  const std::vector<int>& region(Region region, Side side) const { return regions_[static_cast<std::size_t>(side)][static_cast<std::size_t>(region)]; }
  const std::vector<int>& finger(Side side, int finger) const { return finger_vertices_[static_cast<std::size_t>(side)][static_cast<std::size_t>(finger)]; }
  const std::vector<int>& every() const { return every_; }   // all vertices
  // Skinning weights without their zeros.
  std::vector<int> weight_first;         // [V + 1]
  std::vector<std::pair<int, float>> weights;

 private:
  std::array<std::array<std::vector<int>, static_cast<std::size_t>(Region::count)>, 2> regions_;
  std::array<std::array<std::vector<int>, 5>, 2> finger_vertices_;
  std::vector<int> every_;
};

// Directions of a hand: the fingers' when stretched, and out of the palm.
struct HandFrame {
  Eigen::Vector3d fingers, palm;
};

class Figure {
 public:
  Figure(const Rig& rig, const body::ShapedBody& shaped);

  Eigen::Isometry3d world_from_body = Eigen::Isometry3d::Identity();
  std::vector<Eigen::Matrix3d> turn;      // a bone, on top of its parent's, about the axes of frame body

  void turn_bone(int bone, const Eigen::Vector3d& rotation_vector);
  // Pitch forwards, lean to the left and twist to the left of the whole spine, radians, shared among its bones.
  void bend_spine(double pitch, double lean, double twist);
  void turn_head(double pitch, double lean, double twist);
  // Makes places follow from the turns.
  void update();

  Eigen::Vector3d joint(int bone) const { return world_from_body * (motion_[static_cast<std::size_t>(bone)] * rest(bone)); }
  Eigen::Matrix3d orientation(int bone) const { return world_from_body.linear() * motion_[static_cast<std::size_t>(bone)].linear(); }
  Eigen::Vector3d rest(int bone) const { return shaped_->rest_heads.row(bone).transpose(); }
  double scale() const { return scale_; }           // of the legs' length, against 0.88 m
  double arm_length() const { return arm_length_; }
  double leg_length() const { return leg_length_; }
  double hand_length() const { return hand_length_; }   // wrist to the middle finger's knuckle

  // Puts the wrist at `wrist` (world) with the hand so; the elbow swivels to the least strained place, near `elbow_hint`
  // (a direction) where one is given. Returns the strain: 0 comfortable, above 1 not possible for a person. Calls update().
  double reach_arm(Side side, const Eigen::Vector3d& wrist, const HandFrame& hand, const Eigen::Vector3d* elbow_hint = nullptr);
  // The hand hangs straight on the forearm, palm turned by `roll` from facing the body; elbow in the given direction.
  double place_wrist(Side side, const Eigen::Vector3d& wrist, const Eigen::Vector3d& elbow_hint, double roll);
  // Puts the ankle at `ankle` with the knee towards `knee` and the foot turned by `foot` (world, from the rest pose's
  // orientation in a body that faces +z). Returns how far the ankle stays away, metres. Calls update().
  double reach_leg(Side side, const Eigen::Vector3d& ankle, const Eigen::Vector3d& knee, const Eigen::Matrix3d& foot);
  HandFrame hand_frame(Side side) const;            // as posed, world
  HandFrame rest_hand(Side side) const { return {rest_fingers_[static_cast<std::size_t>(side)], rest_palm_[static_cast<std::size_t>(side)]}; }
  // Where a thing in the hand is: on the palm's side, `along` from wrist (0) to the knuckles (1).
  Eigen::Vector3d palm_point(Side side, double along) const;
  // Bends a finger (0 thumb … 4): the same angle at each joint; spread sideways at the first.
  void curl_finger(Side side, int finger, double angle);
  void curl_hand(Side side, double angle, double thumb);
  double ankle_height() const { return ankle_height_; }     // of the ankle over the sole in the rest pose
  double foot_forward() const { return foot_forward_; }     // from the ankle to the ball of the foot
  double seat_height() const { return seat_height_; }       // of the hip joints over the underside of a seated body, about

  geometry::Vertices skin(const std::vector<int>& vertices) const;   // world
  body::Pose pose() const;

 private:
  const Rig* rig_;
  const body::ShapedBody* shaped_;
  std::vector<Eigen::Isometry3d> motion_;           // posed_from_rest, frame body
  std::array<Eigen::Vector3d, 2> rest_fingers_, rest_palm_;
  std::array<std::array<std::array<Eigen::Vector3d, 3>, 5>, 2> curl_axis_;
  double scale_, arm_length_, leg_length_, hand_length_, ankle_height_, foot_forward_, seat_height_;
};

Eigen::Matrix3d rotation_from(const Eigen::Vector3d& vector);
Eigen::Matrix3d yaw(double angle);      // about +y: +z towards +x
Eigen::Matrix3d pitch(double angle);    // about +x: +y towards +z (forwards, for one who faces +z)
Eigen::Matrix3d roll(double angle);     // about +z: +x towards +y
// Maps the directions (a, b made orthogonal to a) onto (c, d made orthogonal to c).
Eigen::Matrix3d rotation_between(const Eigen::Vector3d& a, const Eigen::Vector3d& b, const Eigen::Vector3d& c, const Eigen::Vector3d& d);

}  // namespace tactus::synth
