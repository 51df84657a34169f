// Models that a window opens while it runs: a folder's contact model or its outlines by words, weights for clicks.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tactus/app/ports.h"
#include "tactus/contact/photo_segmenter.h"

namespace tactus::app {

struct OpenedModel {
  std::shared_ptr<const contact::ContactPredictor> predictor;   // null: the folder's model marks the photograph alone
  std::shared_ptr<contact::PhotoSegmenter> segmenter;           // null: it is a contact model
  std::string precision, device;                                // empty for built-in models
  std::int64_t weight_bytes = 0;
};

// A built-in model by name or what a folder holds. Errors as make_ports.
OpenedModel open_any_model(const ModelChoice& choice, const Progress& progress);

// A file of Segment Anything understands clicks and boxes, a LISA folder words.
std::shared_ptr<contact::PhotoSegmenter> open_segmenter(const std::filesystem::path& file_or_folder, const Progress& progress);

// One line about a folder: what it is, in which precision it lies there, what memory each precision takes, what is
// missing. Error{bad_input} when there is nothing at that path.
std::string describe_model(const std::filesystem::path& folder);

}  // namespace tactus::app
