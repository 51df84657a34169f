// Sample folders of the published joint fit (METHOD.md §8.1).
#pragma once

#include <filesystem>
#include <string>

#include "tactus/pipeline/analysis.h"

namespace tactus::io {

struct OfficialSample {
  std::string photo_name;
  ImageU8 photo;
  reconstruct::ReconstructInput input;
};

// Accepts the fit's names and the demo's ({stem}_hcontact_vertices.npz, {stem}_oafford_vertices.npz, B32).
// Error{bad_input} names the missing file or the mismatch.
OfficialSample read_official_sample(const std::filesystem::path& folder);

// An analysis that holds the sample's inputs, for write_results.
pipeline::Analysis analysis_from_sample(const OfficialSample& sample, const pipeline::Options& options);

}  // namespace tactus::io
