// Which contact model, and what opening it gave; filled in by the composition root.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tactus/contact/photo_segmenter.h"
#include "tactus/contact/predictor.h"
#include "tactus/progress.h"

namespace tactus::ui {

// The models that need no folder, the default first.
inline constexpr std::array<const char*, 2> kBuiltInModels = {"compact", "prior"};

struct ModelChoice {
  std::string model = kBuiltInModels.front();      // a built-in one's name, or a checkpoint's folder
  std::string clip_folder;                         // of a checkpoint; empty: looked for beside it
  std::string precision = "auto", device = "auto"; // auto, fp32, bf16, int8, int4; auto, cpu, cuda
  bool is_folder() const { return std::find(kBuiltInModels.begin(), kBuiltInModels.end(), model) == kBuiltInModels.end(); }
  friend bool operator==(const ModelChoice&, const ModelChoice&) = default;
};

struct OpenedModel {
  std::shared_ptr<const contact::ContactPredictor> predictor;   // null: it does not know contact (LISA)
  std::shared_ptr<contact::PhotoSegmenter> segmenter;           // null: it outlines nothing in the photograph
  std::string precision, device;                                // what it runs in and on; empty for built-in ones
  std::int64_t weight_bytes = 0;
};

// All may throw tactus::Error and are called off the window's thread.
struct ModelServices {
  std::function<OpenedModel(const ModelChoice&, const Progress&)> open_model;
  std::function<std::shared_ptr<contact::PhotoSegmenter>(const std::string& file, const Progress&)> open_segmenter;
  // One line: what the folder is, its size, what is missing.
  std::function<std::string(const ModelChoice&)> inspect;
};

}  // namespace tactus::ui
