// The run: chains the stages and keeps their outputs under the keys of their inputs.
#pragma once

#include <functional>
#include <memory>

#include "tactus/body/body_model.h"
#include "tactus/pipeline/analysis.h"

namespace tactus::pipeline {

// The implementations that a composition root chose. Shared because runs outlive the window's settings.
struct Ports {
  std::shared_ptr<const body::BodyModel> body_model;
  std::shared_ptr<const views::ViewRenderer> view_renderer;
  std::shared_ptr<const contact::ContactPredictor> predictor;
  std::function<std::unique_ptr<reconstruct::SilhouetteRenderer>()> make_silhouette_renderer;
};

// Told on the run's thread after each change of a stage, with everything known so far, and after each iteration
// of the fit (then `analysis.fit` holds the iterations up to it) and, about 20 times a second, as the answer grows
// (Analysis::tokens_so_far). Must return quickly.
using Observer = std::function<void(const Analysis& analysis, Stage stage)>;

class Runner {
 public:
  explicit Runner(Ports ports);
  ~Runner();

  // Another model for the runs to come. What it is not asked for stays known; what an earlier one answered is found
  // again when that one comes back. Not while a run is under way.
  void set_predictor(std::shared_ptr<const contact::ContactPredictor> predictor);

  // Runs what is not already known. Throws the first stage's Error after marking that stage failed; what was
  // known before stays in the cache. Not for two threads at once.
  Analysis run(std::shared_ptr<const Inputs> inputs, const Options& options, const Progress& progress,
               const Observer& observer = {});

  // The stages that a run with these would have to compute anew, with the reason ("prompt changed").
  std::array<StageReport, kStageCount> preview(const Inputs& inputs, const Options& options) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::pipeline
