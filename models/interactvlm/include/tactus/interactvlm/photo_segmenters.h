// Networks that outline things in the photograph, behind the port of the run. No libtorch type here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tactus/contact/photo_segmenter.h"
#include "tactus/interactvlm/model.h"

namespace tactus::interactvlm {

// Clicks and boxes, with the weights of Segment Anything (ViT-B, -L, -H) in `file`. float32 on the CPU.
// Error{bad_input} for what is wrong in the file, Error{cannot_run} for a device that is not there.
std::unique_ptr<contact::PhotoSegmenter> open_click_segmenter(const std::filesystem::path& file, const std::string& device,
                                                              const Progress& progress);

// Words, with a model that marks the photograph (LISA). A name ("the red kite") is put into the model's own question;
// a sentence, with its full stop or question mark, is asked as it is. Several masks are laid together.
std::unique_ptr<contact::PhotoSegmenter> make_word_segmenter(std::shared_ptr<Model> model, PromptTemplates templates,
                                                             const std::string& name);

// Whether the model marks the photograph instead of the views of body and object, so that it is no contact model.
bool marks_the_photograph(const ModelConfig& config);

}  // namespace tactus::interactvlm
