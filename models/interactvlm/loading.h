// From a model folder to networks in memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "network.h"
#include "tactus/clip/vision_tower.h"
#include "tactus/interactvlm/model.h"
#include "tactus/tokenizer/tokenizer.h"

namespace tactus::interactvlm {

struct Loaded {
  ModelConfig config;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  clip::VisionTower vision_tower{nullptr};
  Network network{nullptr};
  at::ScalarType dtype = at::kFloat;      // of activations and of every weight that is not quantised
  at::Device device = at::kCPU;
  std::string precision;                  // fp32, bf16, int8, int4
  std::int64_t weight_bytes = 0;
  std::vector<std::string> warnings;
};

Loaded load_folder(const OpenOptions& options, const Progress& progress);

}  // namespace tactus::interactvlm
