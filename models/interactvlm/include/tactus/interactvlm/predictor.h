// The contact model of a checkpoint folder behind the port of the run.
#pragma once

#include <memory>
#include <string>

#include "tactus/contact/predictor.h"
#include "tactus/interactvlm/model.h"

namespace tactus::interactvlm {

// Asks the user's words about the body and the model's own question about the object, as far as the model was trained
// for each; the side that it does not know is left to `fallback` and a warning says so. When the user's words bring no
// contact token, the published question is asked. Takes no marks.
// `stages`, when given, receives every stage of the body's question, and of the object's with "object_" before the names.
std::unique_ptr<contact::ContactPredictor> make_predictor(std::shared_ptr<Model> model, PromptTemplates templates,
                                                          std::shared_ptr<const contact::ContactPredictor> fallback,
                                                          std::shared_ptr<Stages> stages = nullptr);

}  // namespace tactus::interactvlm
