// The compact model as a ContactPredictor. No torch types here.
#pragma once

#include <filesystem>
#include <memory>

#include "tactus/body/body_model.h"
#include "tactus/contact/predictor.h"

namespace tactus::compact {

// What the marks say on the body's own surface, then painted into the views. body_probability and object_probability are moved so
// that 0.5 is the threshold of the weights. A plain rule stands after the network: nothing touches farther from the object's mask
// than people were seen to (farthest_contact_m). Without joints, or without a mask of the object, the prior answers under its own
// name; an empty mask means that the object is not visible; a poor fit of the body gives the category's usual contact a part.
// Warnings say so.
//
// Reads the weights file (one safetensors file; options, vocabulary, thresholds, temperature and provenance in its metadata).
// Error{bad_input}: not a file of a compact model, or of another configuration (which tensor, expected and found shape).
std::unique_ptr<contact::ContactPredictor> make_predictor(const std::filesystem::path& weights,
                                                          std::shared_ptr<const body::BodyModel> body_model);

}  // namespace tactus::compact
