// The answer to a dragged joint or a brush stroke at once, at interactive quality. A full run follows and replaces it.
#pragma once

#include <memory>

#include "tactus/pipeline/runner.h"

namespace tactus::pipeline {

struct PreviewOptions {
  double fit_seconds = 0.25;     // the object's pose goes on from the known one for at most this long …
  int fit_iterations = 10;       // … or this many iterations
  bool place_object = true;
};

// `known` with what the changed inputs make different: joints move the body (one warm start), painted contact and masks
// change the vertices' contact, either moves the object from its known pose. The views and the prediction stay.
// Depends on `known`, so it is for display alone: it never enters a Runner's cache. Needs known.body and
// known.body_contact; changes other than joints, masks and painted contact are not looked at.
Analysis preview(const Ports& ports, const Analysis& known, std::shared_ptr<const Inputs> inputs,
                 const PreviewOptions& options, const Progress& progress);

// `now`, a run under way, filled up with outputs of `before` that it does not have yet; those stages are marked stale.
Analysis with_known(Analysis now, const Analysis& before);

}  // namespace tactus::pipeline
