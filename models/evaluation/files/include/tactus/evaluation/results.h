// The files of an evaluation.
#pragma once

#include <filesystem>

#include "tactus/evaluation/split.h"

namespace tactus::evaluation {

struct ResultOptions {
  int worst = 6, median = 3, best = 3, false_contacts = 3;   // cases shown with pictures
};

// Into `folder`, all at once or not at all: evaluation.json, prompts.npz (one row a prompt), report.html (self-contained) and
// pictures/*.png of the cases, and of the best, the median and the worst answer from a photograph alone where those were asked
// for. Error as io::StagedFolder's.
void write_results(const std::filesystem::path& folder, const SplitEvaluation& evaluated, const ResultOptions& options, const Progress& progress);

}  // namespace tactus::evaluation
