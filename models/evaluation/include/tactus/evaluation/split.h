// The fixed splits of made scenes, and a whole evaluation on one of them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "tactus/evaluation/photo_only.h"

namespace tactus::evaluation {

struct SplitOptions {
  std::shared_ptr<const body::BodyModel> body;
  synth::Split split = synth::Split::test;
  std::uint64_t seed = 2026;            // of the scenes; with the split's name it fixes every prompt
  int prior_scenes = 1500;              // of the training split, for the frequencies of prior and heuristic
  EvaluationOptions evaluation;
  synth::SceneMaker::Options pools;
  std::filesystem::path weights;        // of a compact model; empty: the prior stands in for the model
  std::filesystem::path perception;     // weights of a perception; empty: none, and nothing is asked of photographs alone
  int scored_photographs = 300;         // that the perception is scored on
  PhotoOnlyOptions photo_only;
};

struct SplitEvaluation {
  Evaluation evaluation;
  std::shared_ptr<const ScenePrompts> source;     // of the split
  std::shared_ptr<const SampleModel> model;       // that was evaluated
  Policy policy;
  std::optional<Policy> guessed;                  // of the model, for guesses
  std::shared_ptr<const SampleModel> prior;       // of the category
  Policy prior_policy;
  std::shared_ptr<const contact::Perceiver> perceiver;   // null: none
  PhotoOnlyOptions photo_only;
  std::array<Candidate, kWhoCount> candidates() const;   // the heuristic's place is empty
  std::string provenance = "{}";                  // JSON text of the weights
  std::uint64_t seed = 0;
};

// Counts the prior in training scenes, chooses its and the heuristic's thresholds on the validation split, evaluates.
// `model`, when given, is evaluated with `policy` instead of what `weights` names; `perceiver`, when given, is asked instead of
// the one of SplitOptions::perception, and has no scores of its own.
// Error{bad_input}: options out of range, a file that is no model.
SplitEvaluation evaluate(const SplitOptions& options, const Progress& progress,
                         std::shared_ptr<const SampleModel> model = nullptr, const Policy& policy = {},
                         std::shared_ptr<const contact::Perceiver> perceiver = nullptr);

// "train", "validation" or "test"; Error{bad_input} for another word.
synth::Split split_named(const std::string& name);

}  // namespace tactus::evaluation
