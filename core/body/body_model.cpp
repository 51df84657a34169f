#include "tactus/body/body_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <numbers>
#include <unordered_map>

#include "keypoint_skeleton.h"
#include "tactus/body/body_model_data.h"
#include "tactus/error.h"
#include "tactus/parallel.h"

namespace tactus::body {
namespace {

using Rows3 = Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor>;

Eigen::Matrix3d rotation_of(const Eigen::Vector3d& rotation_vector) {
  const double angle = rotation_vector.norm();
  if (angle < 1e-12) return Eigen::Matrix3d::Identity();
  return Eigen::AngleAxisd(angle, rotation_vector / angle).toRotationMatrix();
}

// Weights of the two anchors around `value`; evenly spaced from `first` to `last`.
template <std::size_t N>
std::array<double, N> anchor_weights(double value, double first, double last) {
  std::array<double, N> weights{};
  const double position = std::clamp((value - first) / (last - first), 0.0, 1.0) * (N - 1);
  const auto below = std::min<std::size_t>(static_cast<std::size_t>(position), N - 2);
  const double t = position - static_cast<double>(below);
  weights[below] = 1.0 - t;
  weights[below + 1] = t;
  return weights;
}

}  // namespace

std::array<double, kVariationCount> variation_weights(const Phenotype& p) {
  std::array<double, kVariationCount> all{};
  std::size_t next = 0;
  const auto append = [&](const auto& weights) {
    for (const double w : weights) all[next++] = w;
  };
  append(anchor_weights<2>(p.gender, 0.0, 1.0));
  append(anchor_weights<5>(p.age, -1.0 / 3.0, 1.0));
  append(anchor_weights<3>(p.muscle, 0.0, 1.0));
  append(anchor_weights<3>(p.weight, 0.0, 1.0));
  append(anchor_weights<2>(p.height, 0.0, 1.0));
  append(anchor_weights<2>(p.proportions, 0.0, 1.0));
  return all;
}

void validate(const BodyModelData& d, const std::string& what) {
  const auto refuse = [&](const std::string& why) {
    throw bad_input(what + ": " + why + "; build Tactus again to make the body model anew");
  };
  const auto vertices = d.template_vertices.rows();
  const auto bones = static_cast<Eigen::Index>(d.bones.size());
  geometry::validate({d.template_vertices, d.faces}, what);
  if (bones == 0 || d.template_heads.rows() != bones) refuse("the bones and their heads differ in number");
  for (Eigen::Index b = 0; b < bones; ++b) {
    const int parent = d.bones[static_cast<std::size_t>(b)].parent;
    if (parent >= b || parent < -1 || (b > 0 && parent < 0)) refuse("a bone stands before its parent");
  }
  const auto cells = static_cast<std::size_t>(vertices) * static_cast<std::size_t>(std::max(0, d.weights_per_vertex));
  if (d.weights_per_vertex < 1 || d.skin_bones.size() != cells || d.skin_weights.size() != cells)
    refuse("the skinning weights do not match the vertices");
  for (const auto bone : d.skin_bones)
    if (bone >= bones) refuse("a skinning weight names an unknown bone");
  const auto one = [](double sum) { return std::abs(sum - 1.0) < 1e-3; };   // false for NaN
  for (std::size_t first = 0; first < cells; first += static_cast<std::size_t>(d.weights_per_vertex)) {
    double sum = 0.0;
    for (std::size_t k = first; k < first + static_cast<std::size_t>(d.weights_per_vertex); ++k) {
      if (!(d.skin_weights[k] >= 0.0F)) refuse("a skinning weight is negative or not a number");
      sum += static_cast<double>(d.skin_weights[k]);
    }
    if (!one(sum)) refuse("the skinning weights of a vertex do not add up to 1");
  }
  if (!d.template_heads.allFinite()) refuse("the head of a bone is not a finite number");
  for (const auto& shape : d.shapes) {
    if (shape.vertices.rows() != vertices || shape.heads.rows() != bones) refuse("a blend shape has the wrong size");
    if (!shape.vertices.allFinite() || !shape.heads.allFinite()) refuse("a blend shape holds numbers that are not finite");
    for (const auto v : shape.variations)
      if (static_cast<int>(v) >= kVariationCount) refuse("a blend shape names an unknown variation");
  }
  for (const auto& keypoint : d.keypoints) {
    if (keypoint.empty()) refuse("a keypoint has no vertices");
    double sum = 0.0;
    for (const auto& [vertex, weight] : keypoint) {
      if (vertex < 0 || vertex >= vertices) refuse("a keypoint names an unknown vertex");
      sum += static_cast<double>(weight);
    }
    if (!one(sum)) refuse("the weights of a keypoint's vertices do not add up to 1");
  }
  if (d.vertex_parts.size() != static_cast<std::size_t>(vertices)) refuse("the parts do not match the vertices");
  for (const auto part : d.vertex_parts)
    if (part >= d.part_names.size()) refuse("a vertex names an unknown part");
}

struct BodyModel::Impl {
  BodyModelData data;
  std::unordered_map<std::string, int> bone_ids;
  std::once_flag skeleton_made;
  std::unique_ptr<KeypointSkeleton> skeleton;

  // Motion of each bone from rest to pose, frame body.
  std::vector<Eigen::Isometry3d> chain(const ShapedBody& body, const Pose& pose) const {
    if (pose.rotations.rows() != static_cast<Eigen::Index>(data.bones.size())) {
      throw bad_input("pose: it has " + std::to_string(pose.rotations.rows()) + " rotations but the body has " +
                      std::to_string(data.bones.size()) + " bones");
    }
    std::vector<Eigen::Isometry3d> posed(data.bones.size(), Eigen::Isometry3d::Identity());
    for (std::size_t b = 0; b < data.bones.size(); ++b) {
      const auto row = static_cast<Eigen::Index>(b);
      const Eigen::Vector3d head = body.rest_heads.row(row).transpose();
      const Eigen::Matrix3d rotation = rotation_of(pose.rotations.row(row).transpose());
      Eigen::Isometry3d turn = Eigen::Isometry3d::Identity();
      turn.linear() = rotation;
      turn.translation() = head - rotation * head;
      const int parent = data.bones[b].parent;
      posed[b] = parent < 0 ? turn : posed[static_cast<std::size_t>(parent)] * turn;
    }
    return posed;
  }

  Eigen::Vector3d skinned(int vertex, const ShapedBody& body, const std::vector<Eigen::Isometry3d>& posed) const {
    const Eigen::Vector3d rest = body.rest_vertices.row(vertex).transpose().cast<double>();
    Eigen::Vector3d sum = Eigen::Vector3d::Zero();
    const auto first = static_cast<std::size_t>(vertex) * static_cast<std::size_t>(data.weights_per_vertex);
    for (std::size_t k = first; k < first + static_cast<std::size_t>(data.weights_per_vertex); ++k) {
      const auto weight = static_cast<double>(data.skin_weights[k]);
      if (weight > 0.0) sum += weight * (posed[data.skin_bones[k]] * rest);
    }
    return sum;
  }

  Eigen::Matrix<double, kKeypointCount, 3, Eigen::RowMajor> keypoints(
      const ShapedBody& body, const std::vector<Eigen::Isometry3d>& posed) const {
    Eigen::Matrix<double, kKeypointCount, 3, Eigen::RowMajor> result;
    result.setZero();
    for (int k = 0; k < kKeypointCount; ++k)
      for (const auto& [vertex, weight] : data.keypoints[static_cast<std::size_t>(k)])
        result.row(k) += static_cast<double>(weight) * skinned(vertex, body, posed).transpose();
    return result;
  }
};

BodyModel::BodyModel(BodyModelData data) : impl_(new Impl) {
  validate(data, "body model");
  impl_->data = std::move(data);
  for (std::size_t b = 0; b < impl_->data.bones.size(); ++b)
    impl_->bone_ids[impl_->data.bones[b].name] = static_cast<int>(b);
}
BodyModel::~BodyModel() { delete impl_; }
BodyModel::BodyModel(BodyModel&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
BodyModel& BodyModel::operator=(BodyModel&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

int BodyModel::vertex_count() const { return static_cast<int>(impl_->data.template_vertices.rows()); }
const geometry::Faces& BodyModel::faces() const { return impl_->data.faces; }
const std::vector<Bone>& BodyModel::bones() const { return impl_->data.bones; }
const std::vector<std::string>& BodyModel::part_names() const { return impl_->data.part_names; }
const std::vector<std::uint8_t>& BodyModel::vertex_parts() const { return impl_->data.vertex_parts; }
const BodyModelData& BodyModel::data() const { return impl_->data; }

const KeypointSkeleton& BodyModel::keypoint_skeleton() const {
  std::call_once(impl_->skeleton_made, [this] {
    impl_->skeleton = std::make_unique<KeypointSkeleton>(impl_->data, surface_samples(impl_->data));
  });
  return *impl_->skeleton;
}

int BodyModel::bone_index(const std::string& name) const {
  const auto found = impl_->bone_ids.find(name);
  if (found == impl_->bone_ids.end()) throw bad_input(name + ": the body has no bone of this name");
  return found->second;
}

Pose BodyModel::rest_pose() const {
  Pose pose;
  pose.rotations.setZero(static_cast<Eigen::Index>(impl_->data.bones.size()), 3);
  return pose;
}

Pose BodyModel::vitruvian_pose() const {
  Pose pose = rest_pose();
  const double spread = 30.0 * std::numbers::pi / 180.0;
  pose.rotations(bone_index("upperleg01.L"), 2) = spread;
  pose.rotations(bone_index("upperleg01.R"), 2) = -spread;
  return pose;
}

ShapedBody BodyModel::shape(const Phenotype& phenotype) const {
  const auto& d = impl_->data;
  const auto weights = variation_weights(phenotype);
  Rows3 heads = d.template_heads.cast<double>();
  std::vector<std::pair<const BlendShape*, float>> active;
  for (const auto& shape : d.shapes) {
    double product = 1.0;
    for (const auto v : shape.variations) product *= weights[static_cast<std::size_t>(v)];
    if (product == 0.0) continue;
    active.emplace_back(&shape, static_cast<float>(product));
    heads += product * shape.heads.cast<double>();
  }
  ShapedBody body;
  body.rest_vertices = d.template_vertices;
  const Eigen::RowVector3d origin = heads.row(0);
  parallel_for(static_cast<std::size_t>(vertex_count()), 2048, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<Eigen::Index>(begin), count = static_cast<Eigen::Index>(end - begin);
    auto block = body.rest_vertices.middleRows(first, count);
    for (const auto& [shape, weight] : active) block += weight * shape->vertices.middleRows(first, count);
    block.rowwise() -= origin.cast<float>();
  });
  body.rest_heads = heads.rowwise() - origin;
  return body;
}

PosedBody BodyModel::pose(const ShapedBody& body, const Pose& pose) const {
  PosedBody result;
  result.posed_from_rest = impl_->chain(body, pose);
  result.vertices.resize(vertex_count(), 3);
  parallel_for(static_cast<std::size_t>(vertex_count()), 1024, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto vertex = static_cast<int>(i);
      result.vertices.row(vertex) = impl_->skinned(vertex, body, result.posed_from_rest).transpose().cast<float>();
    }
  });
  result.keypoints = impl_->keypoints(body, result.posed_from_rest);
  return result;
}

Eigen::Matrix<double, kKeypointCount, 3, Eigen::RowMajor> BodyModel::pose_keypoints(const ShapedBody& body,
                                                                                   const Pose& pose) const {
  return impl_->keypoints(body, impl_->chain(body, pose));
}

}  // namespace tactus::body
