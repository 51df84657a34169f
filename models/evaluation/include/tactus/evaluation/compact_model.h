// The compact model as something to evaluate.
#pragma once

#include "tactus/evaluation/sample_model.h"

namespace tactus::evaluation {

struct LoadedModel {
  std::unique_ptr<SampleModel> model;
  Policy policy, guessed;        // the shipped thresholds, for a user's marks and for a network's guesses
  std::string provenance;        // JSON text
};
// Error{bad_input} as compact::Model's, and when it was made for another sample of the body.
LoadedModel load_compact_model(const std::filesystem::path& weights, const body::BodyModel& body_model, const evidence::BodySample& sample);

}  // namespace tactus::evaluation
