// The file of perception weights: one safetensors file, fp16, its description in the metadata.
#pragma once

#include <filesystem>

#include "tactus/perception/network.h"
#include "tactus/perception/weights_info.h"

namespace tactus::perception {

// Written beside and renamed. Error{cannot_run}: it cannot be written, or a weight is not finite in fp16.
void save_weights(const std::filesystem::path& file, Network& network, const WeightsInfo& info);

// float32. Error{bad_input} names the tensor, its expected and found shape.
Network load_weights(const std::filesystem::path& file, const WeightsInfo& info);

}  // namespace tactus::perception
