// What the network is told about the cameras of its views, by the name that a model's config.json gives (METHOD.md
// §3.2, §3.3).
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tactus/views/view_camera.h"

namespace tactus::interactvlm {

// Keys of the published tables, old names and aliases included, sorted.
const std::vector<std::string>& view_types();

// The table's cameras; empty where it says nothing about them. Throws Error{bad_input} for an unknown name.
const std::vector<views::ViewCamera>& view_cameras(const std::string& view_type);

// float32 [views, 5], normalised, in the table's order; zeros where the table says nothing about cameras. Throws
// Error{bad_input}: an unknown name (listing the known ones), another number of views than the table's.
at::Tensor camera_vectors(const std::string& view_type, std::int64_t views);

}  // namespace tactus::interactvlm
