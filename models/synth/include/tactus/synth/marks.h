// What a user, or a network, would mark in the photograph of a made scene: the truth with honest noise.
#pragma once

#include "tactus/evidence/observation.h"
#include "tactus/synth/scene.h"

namespace tactus::synth {

struct MarkNoise {
  double scale = 1.0;             // 0: clean marks and the true body (with the fingers as posed); 1: honest; 2: doubled
  double damage = 1.0;            // how often masks are empty, partial or of another thing, joints missing; 0: never
  // One fixed case instead of a drawn one, for controls and tests.
  enum class Mask { drawn, as_it_is, empty, wrong_object } mask = Mask::drawn;
};

enum class MaskState { good, partial, empty, wrong };

struct MarkedScene {
  evidence::Observation observation;      // of the fitted (wrong) body, asked about objects[object]
  MaskState mask = MaskState::good;
  // What the answer should be: the truth, but nothing where the mask is empty or belongs to another thing.
  bool touched = false;
  double hand_error_m = 0, joint_error_m = 0;   // of the simulated fit, mean over the wrists and over all keypoints, its size
                                                // (which no picture tells) undone
};

// The fitted body is the true one as a fit to noisy joints would have it: size along the viewing ray, trunk, head and
// limbs wrong; elbows, wrists, knees and ankles on the rays of marks 1.5–3 cm off, at the depths that the bones' lengths leave
// (about 10 cm off along the view, now and then the wrong one of two); hands and fingers in rest pose. README.md compares
// it with body::fit_body. Joints outside the picture are unmarked. Masks are those of the visible surfaces on the crop around
// the fitted body, then eroded, dilated, cut, shifted.
MarkedScene mark(const Scene& scene, int object, const SceneMaker& maker, const evidence::BodySample& sample, const MarkNoise& noise,
                 Random& random);

}  // namespace tactus::synth
