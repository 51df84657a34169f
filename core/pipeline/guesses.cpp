#include "tactus/pipeline/guesses.h"

#include <algorithm>
#include <vector>

namespace tactus::pipeline {
namespace {

constexpr double kDoubtful = 0.5;   // more doubt of a guessed mask than this is told

body::Keypoint point_of(const std::optional<body::Keypoints>& points, std::size_t k) { return points ? (*points)[k] : body::Keypoint{}; }

}  // namespace

int Guessed::joint_count() const { return static_cast<int>(std::count(joints.begin(), joints.end(), true)); }

std::string category_of(const Inputs& inputs) {
  if (const auto named = objects::find_category(inputs.object_name)) return *named;
  return objects::find_category(inputs.prompt).value_or("");
}

bool lacks_marks(const Inputs& inputs) { return (!inputs.keypoints && !inputs.given_body) || !inputs.object_mask; }

void add_guesses(Inputs& inputs, const contact::Percept& percept, const GuessWhat& what) {
  contact::Marks found = contact::marks_of(percept);
  body::Keypoints own{};
  for (std::size_t k = 0; k < own.size(); ++k)
    if (!inputs.guessed.joints[k]) own[k] = point_of(inputs.keypoints, k);
  const bool person = what.person && !inputs.given_body && !body::count_marks(own).enough();
  if (person) {
    body::Keypoints points = inputs.keypoints.value_or(body::Keypoints{});
    for (std::size_t k = 0; k < points.size(); ++k) {
      bool& guessed = inputs.guessed.joints[k];
      if (!guessed && points[k].visibility != body::Visibility::unknown) continue;
      points[k] = point_of(found.keypoints, k);
      guessed = points[k].visibility != body::Visibility::unknown;
    }
    const bool none = std::all_of(points.begin(), points.end(), [](const auto& p) { return p.visibility == body::Visibility::unknown; });
    if (none) inputs.keypoints.reset();
    else inputs.keypoints = points;
  }
  const auto fill = [](std::optional<ImageU8>& mask, bool& guessed, std::optional<ImageU8>& from) {
    if (mask && !guessed) return;
    mask = std::move(from);
    guessed = mask.has_value();
  };
  if (person) fill(inputs.human_mask, inputs.guessed.human_mask, found.human_mask);
  if (what.object && (!inputs.object_mask || inputs.guessed.object_mask)) {
    fill(inputs.object_mask, inputs.guessed.object_mask, found.object_mask);
    inputs.guessed.object_doubt = found.object_doubt;
  }
}

double joints_guessed(const Inputs& inputs) {
  if (inputs.given_body || !inputs.keypoints) return 0.0;
  const int known = body::count_marks(*inputs.keypoints).all;
  int guessed = 0;
  for (std::size_t k = 0; k < body::kKeypointCount; ++k)
    guessed += inputs.guessed.joints[k] && (*inputs.keypoints)[k].visibility != body::Visibility::unknown ? 1 : 0;
  return known > 0 ? static_cast<double>(guessed) / known : 0.0;
}

bool object_mask_guessed(const Inputs& inputs) { return inputs.object_mask.has_value() && inputs.guessed.object_mask; }

contact::Marks marks_of(const Inputs& inputs) {
  return {inputs.keypoints, inputs.human_mask, inputs.object_mask, joints_guessed(inputs), object_mask_guessed(inputs),
          object_mask_guessed(inputs) ? inputs.guessed.object_doubt : 0.0};
}

void keep_changes(const Inputs& before, Inputs& after) {
  for (std::size_t k = 0; k < body::kKeypointCount; ++k) {
    const bool changed = point_of(before.keypoints, k) != point_of(after.keypoints, k);
    if (changed || !after.keypoints) after.guessed.joints[k] = false;
  }
  if (!after.human_mask || before.human_mask != after.human_mask) after.guessed.human_mask = false;
  if (!after.object_mask || before.object_mask != after.object_mask) {
    after.guessed.object_mask = false;
    after.guessed.object_doubt = 0.0;
  }
}

std::string guesses_in_words(const Inputs& inputs) {
  std::vector<std::string> parts;
  if (const int joints = inputs.guessed.joint_count(); joints > 0) parts.push_back(joints == 1 ? "one joint" : std::to_string(joints) + " joints");
  if (inputs.guessed.human_mask) parts.emplace_back("the person's mask");
  if (inputs.guessed.object_mask) {
    const std::string category = category_of(inputs);
    parts.push_back("the " + (category.empty() ? std::string("object") : category) + "'s mask" + (inputs.guessed.object_doubt > kDoubtful ? " (doubtful)" : ""));
  }
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

}  // namespace tactus::pipeline
