// Procedural surfaces.
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "tactus/random.h"

namespace tactus::synth {

using Colour = Eigen::Vector3f;   // RGB in [0, 1], as displayed

// Smooth noise in [0, 1] at a point, the same everywhere for one seed; three octaves.
float noise(const Eigen::Vector3f& point, std::uint32_t seed);

struct Look {
  enum class Pattern { plain, cloudy, stripes, checks, dots, planks } pattern = Pattern::plain;
  Colour first = Colour::Constant(0.6F), second = Colour::Constant(0.4F);
  float frequency = 8.0F;          // 1/m
  int axis = 1;                    // of stripes and planks
  float shine = 0.1F;
  std::uint32_t seed = 0;
  Colour at(const Eigen::Vector3f& point) const;   // metres, on the surface at rest
};

Colour any_colour(Random& random);
Colour skin_colour(Random& random);
Colour hair_colour(Random& random);
// Any pattern; `variation` 0 gives plain grey.
Look any_look(Random& random, double variation);

}  // namespace tactus::synth
