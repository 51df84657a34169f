// The arrays of body.tbm. Frame body, metres, but with the origin of the source mesh.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tactus/body/body_model.h"

namespace tactus::body {

// The values that the sliders are interpolated between; a blend shape's weight is the product of those it names.
enum class Variation : std::uint8_t {
  male, female,
  newborn, baby, child, young, old,
  min_muscle, average_muscle, max_muscle,
  min_weight, average_weight, max_weight,
  min_height, max_height,
  ideal_proportions, uncommon_proportions,
};
inline constexpr int kVariationCount = 17;

using BoneHeads = Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>;

struct BlendShape {
  std::vector<Variation> variations;
  geometry::Vertices vertices;    // [V, 3] offsets
  BoneHeads heads;                // [bones, 3] offsets
};

struct BodyModelData {
  geometry::Vertices template_vertices;        // [V, 3]
  geometry::Faces faces;                       // [F, 3]
  std::vector<Bone> bones;
  BoneHeads template_heads;                    // [bones, 3]
  std::vector<BlendShape> shapes;
  int weights_per_vertex = 0;                  // K
  std::vector<std::uint16_t> skin_bones;       // [V, K]
  std::vector<float> skin_weights;             // [V, K], rows sum to 1
  // For each keypoint its vertices and their weights, which sum to 1.
  std::array<std::vector<std::pair<std::int32_t, float>>, kKeypointCount> keypoints;
  std::vector<std::string> part_names;
  std::vector<std::uint8_t> vertex_parts;      // [V]
};

// Throws Error{bad_input} naming `what` when sizes or indices do not belong together.
void validate(const BodyModelData& data, const std::string& what);

// The product weights of the blend shapes for a phenotype.
std::array<double, kVariationCount> variation_weights(const Phenotype& phenotype);

}  // namespace tactus::body
