// The body that a fit to noisy joints would have found, made from the true one without running a fit.
#pragma once

#include <array>

#include "tactus/body/keypoints.h"
#include "tactus/synth/marks.h"

namespace tactus::synth {

struct SimulatedFit {
  geometry::Vertices vertices;                                     // [V, 3] frame photo
  std::array<float, body::kKeypointCount> joint_confidence{};      // 0 unmarked, 0.5 hidden, 1 visible
  double fit_error_m = 0, facing_gap = 1;
  double hand_error_m = 0, joint_error_m = 0;   // with the size along the ray undone, which no picture could tell
};

// Error of a mark across the view, metres rms in each direction, at scale 1: 0.5 % of the photograph's diagonal at the body's depth,
// and 1.2 cm because people do not agree where a joint is.
double mark_sigma(const Scene& scene);

SimulatedFit simulate_fit(const Scene& scene, const body::BodyModel& model, const MarkNoise& noise, Random& random);

}  // namespace tactus::synth
