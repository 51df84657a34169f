// The file of compact weights: one safetensors file, fp16, its description in the metadata.
#pragma once

#include <filesystem>

#include "tactus/compact/network.h"
#include "tactus/compact/weights_info.h"
#include "tactus/evidence/body_sample.h"

namespace tactus::compact {

// A network on the points of `sample`, not initialised. Error{bad_input}: sizes that do not fit.
Network make_network(const NetworkOptions& options, const evidence::BodySample& sample);

// Written beside and renamed: a full disk or a kill leaves the file that was there. Error{cannot_run}: it cannot be written, or a
// weight is not finite in fp16.
void save_weights(const std::filesystem::path& file, Network& network, const WeightsInfo& info);

// float32, for inference and for further training. Error{bad_input} names the tensor, its expected and found shape.
Network load_weights(const std::filesystem::path& file, const WeightsInfo& info, const evidence::BodySample& sample);

// A network of its own with the same weights.
Network copy_of(const Network& network, const evidence::BodySample& sample);

}  // namespace tactus::compact
