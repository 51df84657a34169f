#include "tactus/app/studio_models.h"

#include <cstdio>

#include "tactus/app/networks.h"
#include "tactus/io/body_files.h"

namespace tactus::app {
namespace {

namespace fs = std::filesystem;

std::string last_part(const fs::path& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", bytes / 1e9);
  return text;
}

}  // namespace

OpenedModel open_any_model(const ModelChoice& choice, const Progress& progress) {
  OpenedModel opened;
  if (!choice.is_folder()) {
    opened.predictor = built_in_model(choice.model, std::make_shared<body::BodyModel>(io::read_body_model(data_folder() / "body.tbm")));
    return opened;
  }
  const auto model = open_model(choice, progress);
  opened.precision = model->precision();
  opened.device = model->device();
  opened.weight_bytes = model->weight_bytes();
  if (model->marks_the_photograph()) {
    opened.segmenter = networks().make_word_segmenter(model, last_part(choice.model));
  } else {
    opened.predictor = networks().make_predictor(model, contact::make_prior_predictor(), nullptr);
  }
  return opened;
}

std::shared_ptr<contact::PhotoSegmenter> open_segmenter(const fs::path& file_or_folder, const Progress& progress) {
  std::error_code error;
  if (!fs::is_directory(file_or_folder, error)) return networks().open_click_segmenter(file_or_folder, "auto", progress);
  ModelChoice choice;
  choice.model = file_or_folder.string();
  const auto checkpoint = open_model(choice, progress);
  return networks().make_word_segmenter(checkpoint, last_part(file_or_folder));
}

std::string describe_model(const fs::path& folder) {
  const auto found = networks().describe_folder(folder);
  std::string text = found.name.empty() ? "unknown" : found.name;
  if (!found.stored_precision.empty()) text += ", stored as " + found.stored_precision + ", " + gigabytes(static_cast<double>(found.bytes));
  for (std::size_t i = 0; i < found.needs.size(); ++i) {
    text += (i == 0 ? "; takes " : ", ") + gigabytes(static_cast<double>(found.needs[i].bytes)) + " in " + found.needs[i].precision;
  }
  for (const auto& sentence : found.missing) text += "; " + sentence;
  return text;
}

}  // namespace tactus::app
