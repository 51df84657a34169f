// What `analyse` wrote, read back so that the joint fit can run again.
#pragma once

#include <filesystem>

#include "tactus/pipeline/analysis.h"

namespace tactus::io {

struct AnalysisFolder {
  pipeline::Analysis analysis;                // inputs and options of the project, body, object and contact as written
  reconstruct::ReconstructInput input;        // exactly what the joint fit was given
};

bool is_analysis_folder(const std::filesystem::path& folder);   // analysis.tactus and contacts.npz are there

// Error{bad_input} for damaged files, or when the project has no object mask.
AnalysisFolder read_analysis_folder(const std::filesystem::path& folder);

}  // namespace tactus::io
