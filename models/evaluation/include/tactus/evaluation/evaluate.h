// Scores of a contact model on a split of made scenes, always beside its controls: the category prior, a heuristic
// without learning, marks shuffled within the category, the prompt swapped to the other touched object.
// METHOD.md §7.2 on the sample of the body's surface, averaged over the prompts whose object is touched.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tactus/contact/metrics.h"
#include "tactus/evaluation/sample_model.h"
#include "tactus/progress.h"

namespace tactus::evaluation {

struct EvaluationOptions {
  int prompts = 2922;
  double untouched_part = 775.0 / 2922.0;   // of the prompts: about objects that nobody touches
  int validation_prompts = 600;             // for the thresholds of prior and heuristic
  int most_scenes_a_prompt = 20;            // gives up after that many scenes (Error{cannot_run})
};

// Error{bad_input}: a value out of range.
void validate(const EvaluationOptions& options);

// One answer to one prompt, on honest marks. Scores after the gate.
struct Answer {
  double presence = 0;
  bool said = false;                        // the gate is passed and some point is above the threshold
  contact::ContactScore body;
  double tolerant_f1 = 0;
  std::optional<double> object_f1;          // none where no vertex of the object is touched
  double left_mass = 0, right_mass = 0;     // sums of probability on each hand, before the gate
  std::optional<double> swap_own, swap_other;   // F1 against this object's truth and that of the scene's other one (mean over them)
  bool said_empty = false;                  // the same with an empty mask
};

enum Who { model = 0, prior = 1, heuristic = 2 };
inline constexpr int kWhoCount = 3;

struct PromptResult {
  std::uint64_t scene = 0;
  int object = 0;
  std::string category;
  synth::Interaction interaction = synth::Interaction::none;
  synth::Placement placement = synth::Placement::touched;
  synth::MaskState mask = synth::MaskState::good;
  bool touched = false;                     // by the scene's truth and with a usable mask: what the answer should be
  bool scored = false;                      // touched, and on some point of the sample: counts in F1
  std::array<Answer, kWhoCount> answers;
  // The model alone; none where there is nothing to score.
  std::optional<double> doubled_f1, clean_f1, shuffled_f1;
  // §7.3 and §7.4 on the object, in the corrected and the official form.
  std::optional<contact::AffordanceScore> affordance;
};

// One row of the table. Values are 0 where no prompt counts.
struct Row {
  std::string name;
  Policy policy;
  double f1 = 0, precision = 0, recall = 0, tolerant_f1 = 0, object_f1 = 0;
  double left_right = 0, one_hand_f1 = 0;
  double swap_own = 0, swap_other = 0, swap_follow = 0;
  double false_contact = 0, near_miss_false_contact = 0, empty_mask_false_contact = 0, wrong_mask_false_contact = 0, missed = 0;
  double presence_auc = 0.5, ece = 0;
  std::map<std::string, double> mode_f1;    // by interaction_name
};

// One answer to a prompt without any mark by hand (photo_only.h).
struct PhotoAnswer {
  std::size_t prompt = 0;                   // in Evaluation::prompts
  bool joints_found = false, object_found = false;   // marks that the perception gave; without both the prior answers
  bool denied = false;                      // found both, and answered that nothing touches
  bool said = false;                        // whoever answered found contact
  double f1 = 0;
  double prior_f1 = 0, marked_f1 = 0;       // of the same prompt: the category prior, the model on honest simulated marks
  double fit_error_m = 0;                   // of the body, evidence::Observation's; 0 where the prior answered
};

// Means over the prompts; 0 without any.
struct PhotoOnly {
  std::vector<PhotoAnswer> answers;         // in order of scenes; the means are theirs
  std::vector<PhotoAnswer> untouched;       // about things that nobody touches
  double f1 = 0, prior_f1 = 0, marked_f1 = 0;
  double answered_from_photo = 0, joints_found = 0, object_found = 0, denied = 0;   // shares of all
  double false_contact = 0;                 // share of the untouched
};

struct Evaluation {
  std::vector<PromptResult> prompts;        // in order of scenes
  std::array<Row, kWhoCount> rows;          // by Who
  double doubled_f1 = 0, clean_f1 = 0, shuffled_f1 = 0;
  std::map<std::string, int> mode_count;
  int scored = 0, untouched = 0, near_misses = 0, swaps = 0, one_hand = 0, shuffled = 0, unusable_masks = 0, scenes = 0;
  std::vector<contact::ReliabilityBin> reliability;   // of the model's presence
  contact::AffordanceMeans affordance, affordance_official;
  std::map<std::string, double> perception; // the scores of perception/score.h; empty: no weights were given
  std::optional<PhotoOnly> photo_only;      // none without a perception
};

// For each model the best body and object threshold for mean F1 over touched prompts with honest marks; the gate stays open.
std::vector<Policy> choose_thresholds(const std::vector<const SampleModel*>& models, const PromptSource& source, int prompts,
                                      const Progress& progress);

struct Candidate {
  const SampleModel* model = nullptr;
  Policy policy;
  std::optional<Policy> guessed = {};       // where the marks are a network's guesses; none: the same
};
// Scenes from index 0 on until there are enough prompts of both kinds, several threads, the same numbers whatever their count.
// Error{bad_input}: options out of range.
Evaluation evaluate(const std::array<Candidate, kWhoCount>& candidates, const PromptSource& source, const EvaluationOptions& options,
                    const Progress& progress);

// Fills rows and the sums from the prompts.
void summarise(Evaluation& evaluation, const std::array<Candidate, kWhoCount>& candidates);

// What has to be reached; of the perception only where it was scored.
struct Target {
  std::string key, words;                   // key of the JSON object
  double bound = 0;
  bool at_most = false;
  double reached = 0;
  bool met() const { return at_most ? reached <= bound : reached >= bound; }
};
std::vector<Target> targets(const Evaluation& evaluation);

// One object, the keys in the order of the help; text of JSON. "perception" and "photo_only_f1": {"trained": false} and null
// without a perception.
std::string to_json(const Evaluation& evaluation, std::uint64_t seed, int indent = 2);

}  // namespace tactus::evaluation
