// Quasi-Newton descent on a placement, for the last millimetres: along a valley that is flat in depth and steep across
// the picture, Adam creeps.
#pragma once

#include <functional>

#include "contact_loss.h"
#include "tactus/progress.h"

namespace tactus::reconstruct {

struct PolishOptions {
  int most_iterations = 20;      // accepted steps; at most three times as many evaluations follow the first curvature
  bool optimise_scale = false;
  double radius = 1.0;           // of the object about its centre, metres: makes turns and sizes comparable with shifts
};

// The loss at a placement; its gradient is added to the one given.
using PlacementLoss = std::function<double(const Placement&, PlacementGradient&)>;
// Called with each accepted placement, right after `loss` was evaluated there; return false to end.
using PlacementAccepted = std::function<bool(const Placement&)>;

// BFGS from the absolute curvature at the start (differences of gradients a millimetre apart), with backtracking. The
// loss never rises. Ends early when three steps in a row gain less than 1e-5 of it, or when no step along the
// direction gains anything with fresh curvature. Returns the last accepted placement, which is `from` if there is none.
Placement polish(const Placement& from, const PolishOptions& options, const PlacementLoss& loss, const PlacementAccepted& accepted,
                 const Progress& progress);

}  // namespace tactus::reconstruct
