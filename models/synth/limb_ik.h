// Two bones of a limb, turned so that its end comes to a place: what a fit to marked joints does to an arm or a leg.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <vector>

#include "tactus/body/body_model.h"

namespace tactus::synth {

// Turns of the bones of a pose and the motion that follows from them, frame body.
class BoneMotion {
 public:
  BoneMotion(const body::BodyModel& model, const body::ShapedBody& shaped, const body::Pose& pose);
  std::vector<Eigen::Matrix3d> turn;                    // a bone, on top of its parent's
  // Of one bone by its chain to the root: rotation from rest, and where its head stands.
  Eigen::Matrix3d orientation(int bone) const;
  Eigen::Vector3d head(int bone) const;
  Eigen::Vector3d rest(int bone) const { return shaped_->rest_heads.row(bone).transpose(); }
  body::Pose pose() const;

 private:
  Eigen::Isometry3d motion(int bone) const;
  const body::BodyModel* model_;
  const body::ShapedBody* shaped_;
};

struct Limb {
  int upper, lower, end;   // bones whose heads are the limb's joints: shoulder, elbow, wrist; hip, knee, ankle
};

// Turns `upper` and `lower` so that the head of `end` comes to `target` (frame body) with the joint between them on the side of
// `middle`. A target out of reach is approached along the line to it; bones between the three must not be turned. Where the
// limb is stretched its plane is kept from before. Returns how far the end stays away, metres.
double solve_limb(BoneMotion& motion, const Limb& limb, const Eigen::Vector3d& middle, const Eigen::Vector3d& target);

}  // namespace tactus::synth
