#pragma once

#include <string_view>

#include "tactus/checkpoint/tensor_source.h"

namespace tactus::checkpoint {

// The matrices that are stored quantised: the projections of the decoder's layers, and lm_head.
inline bool is_decoder_matrix(const TensorInfo& info) {
  if (info.shape.size() != 2) return false;
  if (info.name == "lm_head.weight") return true;
  if (!info.name.starts_with("model.layers.")) return false;
  for (const std::string_view part : {"q", "k", "v", "o", "gate", "up", "down"})
    if (info.name.ends_with("." + std::string(part) + "_proj.weight")) return true;
  return false;
}

inline bool is_scale(const TensorInfo& info) {
  return info.name.ends_with(".weight.scale") || info.name.ends_with(".weight.scales_and_zeros");
}

}  // namespace tactus::checkpoint
