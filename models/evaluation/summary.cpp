// From answers to the table and its JSON.
#include <cmath>
#include <nlohmann/json.hpp>

#include "tactus/evaluation/evaluate.h"

namespace tactus::evaluation {
namespace {

class Mean {
 public:
  void add(double value) { sum_ += value, ++count_; }
  void add(const std::optional<double>& value) {
    if (value) add(*value);
  }
  double value() const { return count_ == 0 ? 0.0 : sum_ / count_; }
  int count() const { return count_; }

 private:
  double sum_ = 0;
  int count_ = 0;
};

bool is_one_hand(synth::Interaction interaction) {
  return interaction == synth::Interaction::hold_left || interaction == synth::Interaction::hold_right;
}

bool is_near_miss(synth::Placement placement) {
  return placement == synth::Placement::near_miss || placement == synth::Placement::in_front || placement == synth::Placement::behind;
}

// Whether there is more contact on the hand that holds; equal masses are half right.
double side_is_right(const Answer& answer, synth::Interaction interaction) {
  if (answer.left_mass == answer.right_mass) return 0.5;
  return (answer.left_mass > answer.right_mass) == (interaction == synth::Interaction::hold_left) ? 1.0 : 0.0;
}

Row row_of(const Evaluation& evaluation, std::size_t who, const Candidate& candidate) {
  Row row;
  row.name = candidate.model->name();
  row.policy = candidate.policy;
  Mean f1, precision, recall, tolerant, object, sides, one_hand, own, other, follow, untouched, near_miss, empty, wrong, missed;
  std::map<std::string, Mean> modes;
  std::vector<float> presence;
  std::vector<std::uint8_t> touched;
  for (const auto& prompt : evaluation.prompts) {
    const Answer& answer = prompt.answers[who];
    presence.push_back(static_cast<float>(std::min(1.0, std::max(0.0, answer.presence))));
    touched.push_back(prompt.touched ? 1 : 0);
    const double said = answer.said ? 1 : 0;
    if (prompt.placement != synth::Placement::touched) {
      (is_near_miss(prompt.placement) ? near_miss : untouched).add(said);
    } else if (!prompt.touched) {
      (prompt.mask == synth::MaskState::empty ? empty : wrong).add(said);
    } else {
      missed.add(1 - said);
      empty.add(answer.said_empty ? 1 : 0);
      object.add(answer.object_f1);
    }
    if (!prompt.scored) continue;
    f1.add(answer.body.f1);
    precision.add(answer.body.precision);
    recall.add(answer.body.recall);
    tolerant.add(answer.tolerant_f1);
    modes[std::string(synth::interaction_name(prompt.interaction))].add(answer.body.f1);
    if (is_one_hand(prompt.interaction)) {
      sides.add(side_is_right(answer, prompt.interaction));
      one_hand.add(answer.body.f1);
    }
    if (answer.swap_own) {
      own.add(answer.swap_own);
      other.add(answer.swap_other);
      follow.add(*answer.swap_own > *answer.swap_other ? 1 : 0);
    }
  }
  row.f1 = f1.value();
  row.precision = precision.value();
  row.recall = recall.value();
  row.tolerant_f1 = tolerant.value();
  row.object_f1 = object.value();
  row.left_right = sides.value();
  row.one_hand_f1 = one_hand.value();
  row.swap_own = own.value();
  row.swap_other = other.value();
  row.swap_follow = follow.value();
  row.false_contact = untouched.value();
  row.near_miss_false_contact = near_miss.value();
  row.empty_mask_false_contact = empty.value();
  row.wrong_mask_false_contact = wrong.value();
  row.missed = missed.value();
  for (const auto& [mode, mean] : modes) row.mode_f1[mode] = mean.value();
  row.presence_auc = contact::roc_auc(presence, touched).value_or(0.5);
  row.ece = contact::expected_calibration_error(contact::reliability(presence, touched));
  return row;
}

// "iou_hands" → "hands_iou"; all others as they are.
std::string perception_key(const std::string& score) { return score.starts_with("iou_") ? score.substr(4) + "_iou" : score; }

}  // namespace

void summarise(Evaluation& evaluation, const std::array<Candidate, kWhoCount>& candidates) {
  for (std::size_t who = 0; who < kWhoCount; ++who) evaluation.rows[who] = row_of(evaluation, who, candidates[who]);
  Mean doubled, clean, shuffled;
  std::vector<float> presence;
  std::vector<std::uint8_t> touched;
  std::vector<contact::AffordanceScore> affordance;
  evaluation.mode_count.clear();
  evaluation.scored = evaluation.untouched = evaluation.near_misses = evaluation.swaps = evaluation.one_hand = evaluation.unusable_masks = 0;
  for (const auto& prompt : evaluation.prompts) {
    doubled.add(prompt.doubled_f1);
    clean.add(prompt.clean_f1);
    shuffled.add(prompt.shuffled_f1);
    if (prompt.affordance) affordance.push_back(*prompt.affordance);
    presence.push_back(static_cast<float>(std::min(1.0, std::max(0.0, prompt.answers[model].presence))));
    touched.push_back(prompt.touched ? 1 : 0);
    const bool is_placed = prompt.placement == synth::Placement::touched;
    evaluation.untouched += is_placed ? 0 : 1;
    evaluation.near_misses += is_near_miss(prompt.placement) ? 1 : 0;
    evaluation.unusable_masks += is_placed && !prompt.touched ? 1 : 0;
    if (!prompt.scored) continue;
    ++evaluation.scored;
    ++evaluation.mode_count[std::string(synth::interaction_name(prompt.interaction))];
    evaluation.one_hand += is_one_hand(prompt.interaction) ? 1 : 0;
    evaluation.swaps += prompt.answers[model].swap_own ? 1 : 0;
  }
  evaluation.doubled_f1 = doubled.value();
  evaluation.clean_f1 = clean.value();
  evaluation.shuffled_f1 = shuffled.value();
  evaluation.shuffled = shuffled.count();
  evaluation.reliability = contact::reliability(presence, touched);
  evaluation.affordance = contact::affordance_means(affordance, Mode::corrected);
  evaluation.affordance_official = contact::affordance_means(affordance, Mode::official);
}

std::vector<Target> targets(const Evaluation& e) {
  const Row& m = e.rows[model];
  std::vector<Target> list = {
      {"human_f1", "human contact F1", 0.70, false, m.f1},
      {"human_precision", "… precision", 0.66, false, m.precision},
      {"human_recall", "… recall", 0.76, false, m.recall},
      {"human_f1 - prior_f1", "above the category prior", 0.22, false, m.f1 - e.rows[prior].f1},
      {"human_f1 - heuristic_f1", "above the heuristic", 0.12, false, m.f1 - e.rows[heuristic].f1},
      {"left_right_accuracy", "one-hand holds: left or right", 0.94, false, m.left_right},
      {"one_hand_f1", "one-hand holds: F1", 0.80, false, m.one_hand_f1},
  };
  for (const auto& [mode, f1] : m.mode_f1)
    list.push_back({"mode_f1." + mode, "F1, " + mode, mode == "stand" ? 0.87 : mode == "sit" ? 0.64 : mode == "carry on back" ? 0.80 : 0.40, false, f1});
  const std::vector<Target> rest = {
      {"swap_own_f1", "prompt swapped: own F1", 0.70, false, m.swap_own},
      {"swap_other_f1", "… the other's F1", 0.04, true, m.swap_other},
      {"swap_follow", "… follows the prompt", 0.93, false, m.swap_follow},
      {"false_contact", "false contact: untouched objects", 0.15, true, m.false_contact},
      {"near_miss_false_contact", "… near misses and overlaps at another depth", 0.35, true, m.near_miss_false_contact},
      {"empty_mask_false_contact", "… empty masks", 0.02, true, m.empty_mask_false_contact},
      {"missed", "touched objects denied", 0.06, true, m.missed},
      {"presence_auc", "presence AUC", 0.95, false, m.presence_auc},
      {"ece", "expected calibration error of presence", 0.05, true, m.ece},
      {"noise2_f1", "F1, noise of the marks doubled", 0.62, false, e.doubled_f1},
      {"clean_f1", "F1, clean marks", 0.72, false, e.clean_f1},
      {"tolerant_4cm_f1", "F1 within 4 cm", 0.80, false, m.tolerant_f1},
      {"shuffled_f1", "F1, marks shuffled within the category (control)", 0.35, true, e.shuffled_f1},
      {"object_f1", "object contact F1", 0.50, false, m.object_f1},
  };
  list.insert(list.end(), rest.begin(), rest.end());
  const auto of_perception = [&](const char* key, const char* words, double bound, bool at_most) {
    if (const auto found = e.perception.find(key); found != e.perception.end())
      list.push_back({"perception." + perception_key(key), words, bound, at_most, found->second});
  };
  of_perception("iou_hands", "found in photographs: hands, IoU", 0.30, false);
  of_perception("iou_arms", "… arms, IoU", 0.50, false);
  of_perception("left_right", "… joints on their own side", 0.80, false);
  of_perception("joint_error", "… error of joints over the person's size", 0.05, true);
  if (e.photo_only)
    list.push_back({"photo_only_f1 - prior_f1", "photographs alone: F1 above the category prior", 0.05, false, e.photo_only->f1 - e.photo_only->prior_f1});
  return list;
}

namespace {

using Json = nlohmann::ordered_json;

Json perception_json(const Evaluation& e) {
  if (e.perception.empty() && !e.photo_only) return Json{{"trained", false}};
  Json json = {{"trained", true}};
  for (const char* first : {"iou_hands", "iou_arms", "left_right", "joint_error"})
    if (const auto found = e.perception.find(first); found != e.perception.end()) json[perception_key(first)] = found->second;
  for (const auto& [name, value] : e.perception) json[perception_key(name)] = value;
  if (const auto& p = e.photo_only)
    json["photo_only"] = {{"f1", p->f1}, {"prior_f1", p->prior_f1}, {"answered_from_photo", p->answered_from_photo}, {"joints_found", p->joints_found},
                          {"object_found", p->object_found}, {"denied", p->denied}, {"false_contact", p->false_contact}, {"marked_f1", p->marked_f1}, {"prompts", p->answers.size()}, {"untouched", p->untouched.size()}};
  return json;
}

}  // namespace

std::string to_json(const Evaluation& e, std::uint64_t seed, int indent) {
  const Row& m = e.rows[model];
  const auto row_json = [](const Row& row) {
    return Json{{"name", row.name}, {"f1", row.f1}, {"precision", row.precision}, {"recall", row.recall},
                {"tolerant_4cm_f1", row.tolerant_f1}, {"object_f1", row.object_f1}, {"left_right_accuracy", row.left_right},
                {"one_hand_f1", row.one_hand_f1}, {"swap_own_f1", row.swap_own}, {"swap_other_f1", row.swap_other},
                {"swap_follow", row.swap_follow}, {"false_contact", row.false_contact},
                {"near_miss_false_contact", row.near_miss_false_contact}, {"empty_mask_false_contact", row.empty_mask_false_contact},
                {"wrong_mask_false_contact", row.wrong_mask_false_contact}, {"missed", row.missed}, {"presence_auc", row.presence_auc},
                {"ece", row.ece}, {"mode_f1", row.mode_f1},
                {"thresholds", {{"body", row.policy.body}, {"object", row.policy.object}, {"presence", row.policy.presence}}}};
  };
  const auto means_json = [](const contact::AffordanceMeans& means) {
    return Json{{"sim", means.sim}, {"mae", means.mae}, {"auc", means.auc}, {"aiou", means.aiou}, {"samples", means.samples}};
  };
  Json json = {
      {"prompts", e.prompts.size()},
      {"human_f1", m.f1},
      {"human_precision", m.precision},
      {"human_recall", m.recall},
      {"prior_f1", e.rows[prior].f1},
      {"heuristic_f1", e.rows[heuristic].f1},
      {"left_right_accuracy", m.left_right},
      {"one_hand_f1", m.one_hand_f1},
      {"mode_f1", m.mode_f1},
      {"swap_own_f1", m.swap_own},
      {"swap_other_f1", m.swap_other},
      {"swap_follow", m.swap_follow},
      {"false_contact", m.false_contact},
      {"near_miss_false_contact", m.near_miss_false_contact},
      {"empty_mask_false_contact", m.empty_mask_false_contact},
      {"missed", m.missed},
      {"presence_auc", m.presence_auc},
      {"ece", m.ece},
      {"noise2_f1", e.doubled_f1},
      {"clean_f1", e.clean_f1},
      {"tolerant_4cm_f1", m.tolerant_f1},
      {"shuffled_f1", e.shuffled_f1},
      {"object_f1", m.object_f1},
      {"perception", perception_json(e)},
      {"photo_only_f1", e.photo_only ? Json(e.photo_only->f1) : Json(nullptr)},
      {"threshold", m.policy.body},
      {"presence_threshold", m.policy.presence},
      {"seed", seed},
      {"model", m.name},
      {"counts",
       {{"scenes", e.scenes}, {"scored", e.scored}, {"untouched", e.untouched}, {"near_misses", e.near_misses}, {"swaps", e.swaps},
        {"one_hand", e.one_hand}, {"shuffled", e.shuffled}, {"unusable_masks", e.unusable_masks}, {"modes", e.mode_count}}},
      {"rows", Json::array()},
      {"object_metrics", {{"corrected", means_json(e.affordance)}, {"official", means_json(e.affordance_official)}}},
  };
  for (const auto& row : e.rows) json["rows"].push_back(row_json(row));
  return json.dump(indent);
}

}  // namespace tactus::evaluation
