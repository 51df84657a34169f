// --dump-tensors: every stage of the network as it was computed, for comparison with other implementations.
#pragma once

#include <filesystem>

#include "tactus/app/networks.h"

namespace tactus::cli {

// One array a stage, float32 or int64. Error{bad_input} unless the name ends in .npz.
void dump_stages(const std::filesystem::path& file, const app::Stages& stages);

}  // namespace tactus::cli
