// Contact by geometry.
#pragma once

#include "surface_tree.h"
#include "tactus/synth/scene.h"
#include "thing.h"

namespace tactus::synth {

inline constexpr float kContactDistance = 0.02F;   // metres

// Fills contacts, distance and part names. The body's surface may be of any frame that body_from_thing leads to.
// Vertices of the object that lie inside of another of its pieces are never touched.
void label(SceneObject& object, const Thing& thing, const SurfaceTree& body, const Eigen::Isometry3d& body_from_thing,
           const body::BodyModel& model);

// Names of the parts with at least 3 % or 5 of their vertices set.
std::vector<std::string> touched_parts(const std::vector<std::uint8_t>& contact, const std::vector<std::uint8_t>& parts,
                                       const std::vector<std::string>& names);

// Smallest signed distance between a surface of frame A and a thing, metres; exact up to the vertices of both.
float gap_between(const SurfaceTree& body, const Thing& thing, const Eigen::Isometry3d& body_from_thing, float most);

}  // namespace tactus::synth
