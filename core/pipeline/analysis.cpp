#include "tactus/pipeline/analysis.h"

#include <algorithm>
#include <fstream>

namespace tactus::pipeline {

const char* stage_name(Stage stage) {
  switch (stage) {
    case Stage::photograph: return "Photograph";
    case Stage::body_pose: return "Body";
    case Stage::views: return "Views";
    case Stage::predict: return "Masks";
    case Stage::lift: return "Lift";
    case Stage::align: return "Align";
    case Stage::fit: return "Fit";
    case Stage::result: return "Result";
  }
  return "";
}

double peak_memory_mb() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "VmHWM:") {
      double kb = 0;
      status >> kb;
      return kb / 1024.0;
    }
  }
  return 0.0;
}

Options official_options() {
  Options options;
  options.mode = Mode::official;
  options.view_size = 1024;
  options.lift.mode = Mode::official;
  options.align.mode = Mode::official;
  options.fit = reconstruct::official_fit_options();
  return options;
}

int step_count(const Analysis& analysis, Stage stage) {
  const auto views = [&] {
    return (analysis.body_views ? static_cast<int>(analysis.body_views->size()) : 0) +
           (analysis.object_views ? static_cast<int>(analysis.object_views->size()) : 0);
  };
  switch (stage) {
    case Stage::photograph: return analysis.inputs ? 1 : 0;
    case Stage::body_pose: return analysis.body ? 1 : 0;
    case Stage::views: return views();
    case Stage::predict: return analysis.prediction ? views() : 0;
    case Stage::lift: return analysis.body_contact ? 1 : 0;
    case Stage::align:
      if (!analysis.align || analysis.align->candidates.empty()) return 0;
      return std::max(1, static_cast<int>(shown_candidate(analysis).records.size()));
    case Stage::fit: return analysis.fit ? static_cast<int>(analysis.fit->records.size()) : 0;
    case Stage::result: {
      const auto state = analysis.report(Stage::result).state;
      return analysis.fit && (state == StageState::done || state == StageState::stale) ? 1 : 0;
    }
  }
  return 0;
}

const reconstruct::AlignCandidate& shown_candidate(const Analysis& analysis) {
  const auto& candidates = analysis.align->candidates;
  // The fit may have chosen another start than the one with the smallest rmse; its first record begins where
  // that start's ICP ended.
  if (analysis.fit && !analysis.fit->records.empty()) {
    const auto& first = analysis.fit->records.front().photo_from_object;
    for (const auto& candidate : candidates) {
      if (geometry::rotation_angle(candidate.photo_from_object.rotation, first.rotation) < 1e-6 &&
          (candidate.photo_from_object.translation - first.translation).norm() < 1e-6)
        return candidate;
    }
  }
  return candidates.front();
}

std::optional<geometry::SimilarityTransform> object_pose(const Analysis& analysis, const TimelinePosition& at) {
  if (at.stage < Stage::align || !analysis.align || analysis.align->candidates.empty()) return std::nullopt;
  if (at.stage == Stage::align) {
    const auto& candidate = shown_candidate(analysis);
    if (candidate.records.empty()) return candidate.photo_from_object;
    const auto last = static_cast<int>(candidate.records.size()) - 1;
    return candidate.records[static_cast<std::size_t>(std::clamp(at.step, 0, last))].photo_from_object;
  }
  if (!analysis.fit) return shown_candidate(analysis).photo_from_object;
  if (at.stage == Stage::fit && !analysis.fit->records.empty()) {
    const auto last = static_cast<int>(analysis.fit->records.size()) - 1;
    return analysis.fit->records[static_cast<std::size_t>(std::clamp(at.step, 0, last))].photo_from_object;
  }
  return analysis.fit->photo_from_object;
}

}  // namespace tactus::pipeline
