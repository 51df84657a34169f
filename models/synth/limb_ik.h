// Arms and legs turned so that their joints come to places, as a fit to marked joints does it.
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

// Turns `upper` towards `middle` and `lower`, from where that leaves its head, towards `end` (frame body); lengths stay. The limb's
// plane gives the twist; a limb that is nearly stretched keeps the twist it had. Bones between the three must not be turned.
void aim_limb(BoneMotion& motion, const Limb& limb, const Eigen::Vector3d& middle, const Eigen::Vector3d& end);

// The point at distance `radius` from `centre` on the ray from the origin along `ray` (unit), by Taylor 2000, "Reconstruction of
// articulated objects from point correspondences in a single uncalibrated image": of the two, the one nearer to
// `depth` along the ray, or the other. Where the ray passes by, the point of the sphere nearest to it.
Eigen::Vector3d on_ray(const Eigen::Vector3d& centre, double radius, const Eigen::Vector3d& ray, double depth, bool other);

}  // namespace tactus::synth
