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

// At scale 1; set so that errors are like those of body::fit_body: the table in models/evidence/README.md.
constexpr double kTrunkDegrees = 2.6, kHeadDegrees = 4.0;   // a bone, about each axis across the view
constexpr double kWholeDegrees = 5.0;                       // the whole body, likewise
constexpr double kInPlane = 0.10;                           // turns about the view's axis, which the marks hold, against those
constexpr double kFootDegrees = 8.0;
constexpr double kDepth = 0.09;                             // what is known of a joint's depth, metres rms
constexpr double kSize = 0.09;                              // relative, with the depth along the ray
constexpr double kFlip = 0.07;                              // limbs with the depth of a bone mirrored
constexpr double kLost = 0.03;                              // joints that a user leaves out

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

double mark_sigma(const Scene& scene) {
  const double diagonal = std::hypot(scene.camera.width, scene.camera.height);
  const double depth = std::max(0.1, 0.5 * (scene.keypoints(11, 2) + scene.keypoints(12, 2)));
  return std::hypot(std::min(0.005 * diagonal * depth / scene.camera.focal_x, 0.05), 0.012);
}

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
  const double sigma = scale * mark_sigma(scene);
  BoneMotion motion(model, *scene.shaped, scene.pose);
  // A turn, frame photo, mostly out of the picture's plane: in the plane the marks would tell.
  const auto doubtful_turn = [&](double degrees) {
    Vector3d v = scale * degrees * kDegrees * normal3(random);
    v.z() *= kInPlane;
    const double angle = v.norm();
    return angle < 1e-12 ? Eigen::Matrix3d(Eigen::Matrix3d::Identity()) : Eigen::AngleAxisd(angle, v / angle).toRotationMatrix();
  };
  const auto turn_more = [&](const char* bone_name, double degrees) {
    const int bone = model.bone_index(bone_name);
    auto& turn = motion.turn[static_cast<std::size_t>(bone)];
    const Eigen::Matrix3d parent = scene.photo_from_body.rotation * motion.orientation(bone) * turn.transpose();
    turn = parent.transpose() * doubtful_turn(degrees) * parent * turn;
  };
  std::vector<Eigen::Matrix3d> true_orientation;   // of the feet, frame photo
  const auto limbs = limbs_of(model);
  for (const auto& limb : limbs)
    true_orientation.push_back(scene.photo_from_body.rotation * motion.orientation(limb.bones.end));
  std::vector<std::array<Vector3d, 2>> true_joints;   // middle and end of each limb, frame photo
  for (const auto& limb : limbs)
    true_joints.push_back({scene.photo_from_body * motion.head(limb.bones.lower), scene.photo_from_body * motion.head(limb.bones.end)});
  Vector3d true_middle = Vector3d::Zero();
  for (const auto& limb : limbs) true_middle += 0.25 * (scene.photo_from_body * motion.head(limb.bones.upper));
  for (const char* bone : {"spine05", "spine04", "spine03", "spine02", "spine01"}) turn_more(bone, kTrunkDegrees);
  for (const char* bone : {"clavicle.L", "clavicle.R"}) turn_more(bone, kTrunkDegrees);
  for (const char* bone : {"neck01", "head"}) turn_more(bone, kHeadDegrees);
  geometry::SimilarityTransform photo_from_body = scene.photo_from_body;
  photo_from_body.rotation = doubtful_turn(kWholeDegrees) * photo_from_body.rotation;
  {   // the trunk's marks hold its middle
    const Vector3d wrong = photo_from_body * motion.head(limbs[0].bones.upper) + photo_from_body * motion.head(limbs[2].bones.upper) +
                           photo_from_body * motion.head(limbs[1].bones.upper) + photo_from_body * motion.head(limbs[3].bones.upper);
    photo_from_body.translation += 0.25 * (4.0 * true_middle - wrong) + 0.5 * sigma * normal3(random);
  }

  // ── limbs; a fit has neither hands nor fingers, nor the twist of the forearm
  for (std::size_t b = 0; b < motion.turn.size(); ++b) {
    const std::string& name = model.bones()[b].name;
    for (const char* word : {"finger", "metacarpal", "wrist", "lowerarm02", "upperarm02", "upperleg02", "lowerleg02", "shoulder01"})
      if (name.rfind(word, 0) == 0) motion.turn[b].setIdentity();
  }
  const geometry::SimilarityTransform body_from_photo = photo_from_body.inverse();
  for (std::size_t l = 0; l < limbs.size(); ++l) {
    const LimbJoints& limb = limbs[l];
    const float middle_known = fit.joint_confidence[limb.middle], end_known = fit.joint_confidence[limb.end];
    // A joint without a mark is held by its neighbours alone; one behind an object is guessed.
    const double middle_doubt = middle_known == 0.0F ? 5.0 : hidden[limb.middle] ? 2.0 : 1.0;
    const double end_doubt = end_known == 0.0F ? 5.0 : hidden[limb.end] ? 2.0 : 1.0;
    const double held = limb.arm ? 0.85 : 0.7;   // neighbours take a part of an error; most at the foot with its three further marks
    const auto displaced = [&](const Vector3d& point, double doubt) {   // across the view
      const Vector3d ray = point.normalized(), right = Vector3d::UnitY().cross(ray).normalized(), down = ray.cross(right);
      const double a = random.normal(), b = random.normal();
      return Vector3d(point + sigma * held * doubt * (a * right + b * down)).normalized();
    };
    const Vector3d middle_ray = displaced(true_joints[l][0], middle_doubt), end_ray = displaced(true_joints[l][1], end_doubt);
    const double middle_depth = true_joints[l][0].norm() + scale * kDepth * middle_doubt * random.normal();
    const double end_depth = true_joints[l][1].norm() + scale * kDepth * end_doubt * random.normal();
    const double flipped = random.uniform(), which = random.uniform();
    const bool flip = flipped < kFlip * std::min(scale, 3.0) * (limb.arm ? 1.0 : 0.4);
    if (middle_known == 0.0F && end_known == 0.0F) {   // nothing holds the limb: it goes towards the usual pose
      for (const int bone : {limb.bones.upper, limb.bones.lower}) {
        auto& turn = motion.turn[static_cast<std::size_t>(bone)];
        turn = Eigen::Quaterniond(turn).slerp(0.6, Eigen::Quaterniond::Identity()).toRotationMatrix() *
               small_turn(random, scale * 8.0);
      }
    } else {
      // The marks and the bones' lengths leave two depths for each joint.
      const Vector3d root = photo_from_body * motion.head(limb.bones.upper);
      const double upper = (motion.rest(limb.bones.lower) - motion.rest(limb.bones.upper)).norm();
      const double lower = (motion.rest(limb.bones.end) - motion.rest(limb.bones.lower)).norm();
      const Vector3d middle = on_ray(root, upper, middle_ray, middle_depth, flip && which < 0.5);
      const Vector3d end = on_ray(middle, lower, end_ray, end_depth, flip && which >= 0.5);
      aim_limb(motion, limb.bones, body_from_photo * middle, body_from_photo * end);
    }
    if (!limb.arm) {   // heel and toes hold the foot
      auto& foot = motion.turn[static_cast<std::size_t>(limb.bones.end)];
      const Eigen::Matrix3d parent = motion.orientation(limb.bones.end) * foot.transpose();
      foot = parent.transpose() * photo_from_body.rotation.transpose() * small_turn(random, scale * kFootDegrees) * true_orientation[l];
    }
  }

  // ── size and depth, which a picture cannot tell apart: fits come out near the size of a usual adult
  const body::PosedBody posed = model.pose(*scene.shaped, motion.pose());
  const double height = static_cast<double>(geometry::bounding_box(scene.shaped->rest_vertices).size().y());
  const double usual = 0.02 + 0.60 * std::log(1.70 / std::max(height, 0.3));
  const double size = std::exp(std::clamp(std::min(scale, 1.0) * usual + kSize * scale * random.normal(), -0.35, 0.7));
  fit.vertices = geometry::transform(photo_from_body, posed.vertices) * static_cast<float>(size);
  for (int k = 0; k < kKeypointCount; ++k) {
    const double error = (photo_from_body * Vector3d(posed.keypoints.row(k)) - Vector3d(scene.keypoints.row(k))).norm();
    fit.joint_error_m += error / kKeypointCount;
    if (k == 9 || k == 10) fit.hand_error_m += 0.5 * error;
  }
  fit.fit_error_m = sigma * std::clamp(0.92 + 0.22 * random.normal(), 0.3, 2.0) * size;
  // A rival facing is rarely near where most joints are marked.
  const double rival = random.uniform(), gap = random.uniform();
  fit.facing_gap = rival < 0.1 ? gap : 1.0;
  return fit;
}

}  // namespace tactus::synth
