#include "simulated_fit.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "limb_ik.h"
#include "tactus/body/body_model.h"

namespace tactus::synth {
namespace {

using body::kKeypointCount;
using Eigen::Vector3d;
constexpr double kDegrees = 3.14159265358979323846 / 180.0;

// At scale 1. Compared with body::fit_body on marks with noise of 0.5 % of the picture's diagonal: see README.md.
constexpr double kAcross = 0.030, kAlong = 0.055;     // of wrists and ankles, metres rms (each direction across: over √2)
constexpr double kMiddle = 0.6;                       // elbows and knees, against their ends
constexpr double kTrunkDegrees = 2.0, kHeadDegrees = 3.0, kWholeDegrees = 4.0, kFootDegrees = 8.0;   // a bone and axis
constexpr double kSize = 0.04;                        // relative, with the depth along the ray
constexpr double kFlip = 0.05;                        // limbs with the depth of their lower bone mirrored
constexpr double kLost = 0.03;                        // joints that a user leaves out

struct LimbJoints {
  Limb bones;
  std::size_t root, middle, end;   // keypoints
  bool arm;
};

std::vector<LimbJoints> limbs_of(const body::BodyModel& model) {
  std::vector<LimbJoints> limbs;
  const auto bone = [&](const std::string& name) { return model.bone_index(name); };
  for (const std::size_t side : {0, 1}) {
    const std::string end = side == 0 ? ".L" : ".R";
    limbs.push_back({{bone("upperarm01" + end), bone("lowerarm01" + end), bone("wrist" + end)}, 5 + side, 7 + side, 9 + side, true});
    limbs.push_back({{bone("upperleg01" + end), bone("lowerleg01" + end), bone("foot" + end)}, 11 + side, 13 + side, 15 + side, false});
  }
  return limbs;
}

// Which keypoints some object hides, by a small picture of the objects' depth.
std::array<bool, kKeypointCount> hidden_by_objects(const Scene& scene) {
  std::array<bool, kKeypointCount> hidden{};
  geometry::Vertices places = scene.keypoints.cast<float>();
  geometry::PinholeCamera small = evidence::crop_around(places, scene.camera);
  constexpr int kSide = 64;
  const double scale = static_cast<double>(kSide) / small.width;
  small = {kSide, kSide, small.focal_x * scale, small.focal_y * scale, small.centre_x * scale, small.centre_y * scale};
  for (const SceneObject& object : scene.objects) {
    const ImageF depth = evidence::depth_map(geometry::transform(object.photo_from_object, object.object->mesh.vertices),
                                             object.object->mesh.faces, small);
    for (int k = 0; k < kKeypointCount; ++k) {
      const Vector3d point = scene.keypoints.row(k);
      if (point.z() <= 0.05) continue;
      const Eigen::Vector2d pixel = small.project(point);
      if (!(pixel.x() >= 0 && pixel.y() >= 0 && pixel.x() < kSide && pixel.y() < kSide)) continue;
      const float before = depth.at(static_cast<int>(pixel.x()), static_cast<int>(pixel.y()));
      if (before > 0.0F && before < point.z() - 0.02) hidden[static_cast<std::size_t>(k)] = true;
    }
  }
  return hidden;
}

Vector3d normal3(Random& random) {
  const double x = random.normal(), y = random.normal();
  return {x, y, random.normal()};
}

Eigen::Matrix3d small_turn(Random& random, double degrees) {
  const Vector3d v = degrees * kDegrees * normal3(random);
  const double angle = v.norm();
  if (angle < 1e-12) return Eigen::Matrix3d::Identity();
  return Eigen::AngleAxisd(angle, v / angle).toRotationMatrix();
}

}  // namespace

SimulatedFit simulate_fit(const Scene& scene, const body::BodyModel& model, const MarkNoise& noise, Random& random) {
  SimulatedFit fit;
  const double scale = std::max(0.0, noise.scale);
  // ── which joints are marked
  const auto hidden = hidden_by_objects(scene);
  for (int k = 0; k < kKeypointCount; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const Vector3d point = scene.keypoints.row(k);
    const Eigen::Vector2d pixel = point.z() > 0.05 ? scene.camera.project(point) : Eigen::Vector2d(-1e9, 0);
    const bool in_picture = pixel.x() >= 0 && pixel.y() >= 0 && pixel.x() < scene.camera.width && pixel.y() < scene.camera.height;
    const double lost = random.uniform(), not_sure = random.uniform();
    if (!in_picture || lost < kLost * noise.damage) continue;
    fit.joint_confidence[i] = hidden[i] || not_sure < 0.15 * std::min(scale, 1.0) ? 0.5F : 1.0F;
  }
  if (scale == 0.0) {   // the body is known
    fit.vertices = scene.vertices;
    return fit;
  }

  // ── trunk, head and the whole
  BoneMotion motion(model, *scene.shaped, scene.pose);
  const auto turn_more = [&](const std::string& bone, double degrees) {
    auto& turn = motion.turn[static_cast<std::size_t>(model.bone_index(bone))];
    turn = turn * small_turn(random, scale * degrees);
  };
  std::vector<Eigen::Matrix3d> true_orientation;   // of the feet, frame photo
  const auto limbs = limbs_of(model);
  for (const auto& limb : limbs)
    true_orientation.push_back(scene.photo_from_body.rotation * motion.orientation(limb.bones.end));
  std::vector<std::array<Vector3d, 2>> true_joints;   // middle and end of each limb, frame photo
  for (const auto& limb : limbs)
    true_joints.push_back({scene.photo_from_body * motion.head(limb.bones.lower), scene.photo_from_body * motion.head(limb.bones.end)});
  for (const char* bone : {"spine05", "spine04", "spine03", "spine02", "spine01"}) turn_more(bone, kTrunkDegrees);
  for (const char* bone : {"clavicle.L", "clavicle.R"}) turn_more(bone, kTrunkDegrees);
  for (const char* bone : {"neck01", "head"}) turn_more(bone, kHeadDegrees);
  geometry::SimilarityTransform photo_from_body = scene.photo_from_body;
  photo_from_body.rotation = small_turn(random, scale * kWholeDegrees) * photo_from_body.rotation;
  photo_from_body.translation += 0.012 * scale * normal3(random);

  // ── limbs; a fit has neither hands nor fingers, nor the twist of the forearm
  for (std::size_t b = 0; b < motion.turn.size(); ++b) {
    const std::string& name = model.bones()[b].name;
    for (const char* word : {"finger", "metacarpal", "wrist", "lowerarm02", "upperarm02", "upperleg02", "lowerleg02", "shoulder01"})
      if (name.rfind(word, 0) == 0) motion.turn[b].setIdentity();
  }
  const geometry::SimilarityTransform body_from_photo = photo_from_body.inverse();
  double squared_marks = 0.0;
  int marks = 0;
  for (std::size_t l = 0; l < limbs.size(); ++l) {
    const LimbJoints& limb = limbs[l];
    const float middle_known = fit.joint_confidence[limb.middle], end_known = fit.joint_confidence[limb.end];
    // The view's axes at the joint.
    const auto displaced = [&](const Vector3d& point, double times) {
      const Vector3d ray = point.normalized();
      const Vector3d right = Vector3d::UnitY().cross(ray).normalized(), down = ray.cross(right);
      const double a = random.normal(), b = random.normal(), c = random.normal();
      const double across = scale * times * kAcross * std::sqrt(0.5);
      squared_marks += across * across * (a * a + b * b);
      ++marks;
      return Vector3d(point + across * (a * right + b * down) + scale * times * kAlong * c * ray);
    };
    const auto doubt = [](float known) { return known == 0.0F ? 4.0 : known < 1.0F ? 2.0 : 1.0; };
    Vector3d middle = displaced(true_joints[l][0], kMiddle * doubt(middle_known));
    Vector3d end = displaced(true_joints[l][1], doubt(end_known));
    const double flipped = random.uniform(), which = random.uniform();
    if (flipped < kFlip * std::min(scale, 3.0)) {
      const Vector3d root = photo_from_body * motion.head(limb.bones.upper);
      if (which < 0.5) {   // the lower bone alone
        end.z() = 2.0 * middle.z() - end.z();
      } else {             // the upper one, which takes the lower along
        const double shift = 2.0 * (root.z() - middle.z());
        middle.z() += shift;
        end.z() += shift;
      }
    }
    if (middle_known == 0.0F && end_known == 0.0F) {   // nothing holds the limb: it goes towards the usual pose
      for (const int bone : {limb.bones.upper, limb.bones.lower}) {
        auto& turn = motion.turn[static_cast<std::size_t>(bone)];
        turn = Eigen::Quaterniond(turn).slerp(0.6, Eigen::Quaterniond::Identity()).toRotationMatrix() *
               small_turn(random, scale * 8.0);
      }
    } else {
      solve_limb(motion, limb.bones, body_from_photo * middle, body_from_photo * end);
    }
    if (!limb.arm) {   // heel and toes hold the foot
      auto& foot = motion.turn[static_cast<std::size_t>(limb.bones.end)];
      const Eigen::Matrix3d parent = motion.orientation(limb.bones.end) * foot.transpose();
      foot = parent.transpose() * photo_from_body.rotation.transpose() * small_turn(random, scale * kFootDegrees) * true_orientation[l];
    }
  }

  // ── size and depth, which a picture cannot tell apart: fits come out near the size of a usual adult
  const body::PosedBody posed = model.pose(*scene.shaped, motion.pose());
  const double size = std::exp(std::clamp(kSize * scale * random.normal(), -0.3, 0.3));
  fit.vertices = geometry::transform(photo_from_body, posed.vertices) * static_cast<float>(size);
  for (int k = 0; k < kKeypointCount; ++k) {
    const double error = (photo_from_body * Vector3d(posed.keypoints.row(k)) - Vector3d(scene.keypoints.row(k))).norm();
    fit.joint_error_m += error / kKeypointCount;
    if (k == 9 || k == 10) fit.hand_error_m += 0.5 * error;
  }
  // A fit takes up part of its marks' errors.
  fit.fit_error_m = 0.5 * std::sqrt(squared_marks / std::max(marks, 1)) * std::exp(0.25 * random.normal());
  fit.facing_gap = random.uniform() < 0.3 ? 1.0 : std::min(1.0, 0.8 * random.uniform() * random.uniform() + 0.02);
  return fit;
}

}  // namespace tactus::synth
