// The compact model as a ContactPredictor. No torch types here.
#pragma once

#include <filesystem>
#include <memory>

#include "tactus/body/body_model.h"
#include "tactus/contact/predictor.h"

namespace tactus::compact {

// Reads the weights file (one safetensors file; options, vocabulary, thresholds, temperature and provenance in its metadata).
// Error{bad_input}: not a file of a compact model, or of another configuration (which tensor, expected and found shape).
std::unique_ptr<contact::ContactPredictor> make_predictor(const std::filesystem::path& weights,
                                                          std::shared_ptr<const body::BodyModel> body_model);

}  // namespace tactus::compact
