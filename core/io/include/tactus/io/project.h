// The project file (.tactus): a zip of project.json and the pictures and arrays it names. Everything that a run needs
// comes back exactly as it was; results are computed again, to the same bytes.
#pragma once

#include <filesystem>

#include "tactus/pipeline/analysis.h"

namespace tactus::io {

struct Project {
  pipeline::Inputs inputs;
  pipeline::Options options;
};

void write_project(const std::filesystem::path& file, const pipeline::Inputs& inputs, const pipeline::Options& options);
// Error{bad_input} for another kind of file, a damaged one, or one of a later version.
Project read_project(const std::filesystem::path& file);

}  // namespace tactus::io
