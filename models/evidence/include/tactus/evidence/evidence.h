// Numbers a body vertex and numbers a photograph that speak for or against contact, all in the person's metric scale.
// Which features work and why: the measurements of the prototypes are summarised in models/evidence/README.md.
#pragma once

#include <Eigen/Core>
#include <array>
#include <string_view>

#include "tactus/evidence/observation.h"

namespace tactus::evidence {

using FeatureRows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Columns of Evidence::vertex. Distances are from the vertex's place in the photograph to the object's mask, in metres at
// the pelvis' depth, positive outside.
inline constexpr std::array<std::string_view, 22> kVertexFeatures = {
    "distance",            // signed square root of the distance clipped at 0.8 m, over sqrt(0.8)
    "near_3cm",            // exp(-d/3 cm), d = distance outside, 0 inside
    "near_10cm",           // exp(-d/10 cm)
    "inside",              // place inside the object's mask
    "inside_person",       // place inside the person's mask; 0.5 where none is known
    "density_small",       // part of a box of 6 cm around the place that is object
    "density_large",       // … of 20 cm
    "visible",
    "inside_visible",      // inside × visible
    "covered",             // inside the object's mask, outside the person's: the object is before this vertex
    "depth",               // z relative to the pelvis, metres
    "facing",              // normal towards the camera, in [-1, 1]
    "normal_x", "normal_y",
    "x", "y",              // relative to the pelvis, metres
    "depth_gap",           // depth of the object (from its size, see globals) minus depth of the vertex over the tolerance of that
                           // estimate, clipped to [-3, 3], over 3; 0 when unknown
    "border_normal",       // cosine between the normal and the direction in the picture to the nearest mask pixel
    "person_border",       // exp(-d/5 cm) of the distance to the border shared by both masks; 0 without either
    "joint_confidence",    // of the nearest keypoint
    "mask_x", "mask_y"};   // place in the object mask's box: -1 and 1 at its sides, clipped to [-2, 2]; 0 without a mask
inline constexpr int kVertexFeatureCount = static_cast<int>(kVertexFeatures.size());

inline constexpr std::array<std::string_view, 22> kGlobalFeatures = {
    "has_mask", "mask_area",          // log of object over person area, clipped to [-4, 3], over 4
    "mask_outside", "nearest",        // smallest distance of any visible vertex, clipped at 0.8 m, over 0.8
    "overlap",                        // part of the object's mask inside the body's projection
    "size_ratio",                     // log of the depth of the object from its size over the pelvis' depth, clipped to ±1.5
    "size_spread",                    // uncertainty of that logarithm
    "bottom_gap",                     // lowest row of the mask minus that of the feet, metres, clipped to ±1
    "top_gap",                        // highest row of the mask minus that of the head, metres, clipped to ±2, over 2
    "object_before", "person_before", // see README; along the shared border: part where the object covers the body, and the reverse; 0 unknown
    "fit_error",                      // metres, clipped at 0.2, over 0.2
    "facing_gap", "has_person_mask", "joints_marked", "facing_yaw",
    "joints_guessed", "object_mask_guessed",   // part of the joints, and 0 or 1: marks of a network, not of a user
    "object_doubt",                   // of a guessed mask, in [0, 1]: 1 - the perceiver's confidence
    "mask_width",                     // of the object mask's box, metres, clipped to 3, over 3
    "mask_upright", "mask_slant"};    // of the mask's pixels, by their variances: (yy - xx) and 2·xy over (xx + yy); a thin upright thing 1, 0
inline constexpr int kGlobalFeatureCount = static_cast<int>(kGlobalFeatures.size());

// What changes its sign when the photograph is mirrored. All else stays, with the body's left and right exchanged (BodySample::mirror).
inline constexpr std::array<std::string_view, 3> kTurnedVertexFeatures = {"normal_x", "x", "mask_x"};
inline constexpr std::array<std::string_view, 2> kTurnedGlobalFeatures = {"facing_yaw", "mask_slant"};

struct Evidence {
  FeatureRows vertex;                                    // [S, kVertexFeatureCount], all within [-3, 3]
  Eigen::Matrix<float, kGlobalFeatureCount, 1> global;
  Eigen::VectorXf distance_m;                            // [S] signed distance to the mask, metres at the vertex's depth, for the
                                                         // plain rule; +10 where there is no mask
  bool guessed = false;                                  // the object's mask or most of the joints are a network's guesses
  bool mask_empty = true;                                // no mask, or one without a pixel inside the crop
};

// Deterministic, one thread, about 3 ms.
Evidence gather(const Observation& observation, const BodySample& sample);

// Middle of the skin around the pelvis, frame photo.
Eigen::Vector3d pelvis(const BodySample& sample, const geometry::Vertices& points);

// Exact Euclidean distance in pixels from every pixel centre to the nearest non-zero pixel's centre; negative inside (to the nearest
// zero pixel). A mask without pixels gives +1e6 everywhere, a full one -1e6. Error{bad_input}: more than one channel.
ImageF signed_distance(const ImageU8& mask);

}  // namespace tactus::evidence
