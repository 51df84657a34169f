// Keys of the stages' outputs: everything a stage reads, nothing it does not.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tactus/pipeline/analysis.h"

namespace tactus::pipeline {

// One ingredient of a key, so that a stale stage can say why ("prompt changed").
struct Ingredients {
  std::uint64_t photo = 0, prompt = 0, predictor = 0, object = 0, marks = 0, masks = 0, guessed = 0, view_edits = 0, contact_edits = 0;
  std::uint64_t body_options = 0, view_options = 0, lift_options = 0, align_options = 0, fit_options = 0;
  bool predictor_reads_photo = true;
};

// `predictor`: a number of the model that is asked. `reads_photo`: whether it looks at the photograph and the marks
// (ContactPredictor::reads_photo).
Ingredients ingredients(const Inputs& inputs, const Options& options, std::uint64_t predictor, bool reads_photo);

// Key of each stage's output; a stage's key contains those of the stages it reads.
std::array<std::uint64_t, kStageCount> stage_keys(const Ingredients& parts);

// "prompt changed", "marks and masks changed": what differs between two runs, for stages up to `stage`.
std::string difference(const Ingredients& before, const Ingredients& now, Stage stage);

}  // namespace tactus::pipeline
