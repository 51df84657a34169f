#include "scoring.h"

#include <algorithm>

#include "tactus/error.h"

namespace tactus::evaluation {
namespace {

// 1 where the answer is contact; nowhere behind a closed gate.
std::vector<std::uint8_t> contact_points(const Policy& policy, const SamplePrediction& said) {
  std::vector<std::uint8_t> points(static_cast<std::size_t>(said.body.size()), 0);
  if (said.presence < policy.presence) return points;
  const auto threshold = static_cast<float>(policy.body);
  for (std::size_t i = 0; i < points.size(); ++i) points[i] = said.body[static_cast<Eigen::Index>(i)] >= threshold ? 1 : 0;
  return points;
}

}  // namespace

bool says_contact(const Policy& policy, const SamplePrediction& said) {
  return said.presence >= policy.presence && said.body.size() > 0 && said.body.maxCoeff() >= static_cast<float>(policy.body);
}

contact::ContactScore gated_score(const Policy& policy, const SamplePrediction& said, const Eigen::VectorXf& truth) {
  if (said.body.size() != truth.size())
    throw bad_input("evaluation: an answer on " + std::to_string(said.body.size()) + " points of the body; " + std::to_string(truth.size()) + " were asked for");
  if (said.presence < policy.presence) return {};
  return contact::contact_score_at(said.body, truth, policy.body);
}

double tolerant_f1(const std::vector<std::uint8_t>& predicted, const Eigen::VectorXf& truth, const Surface& surface) {
  double said = 0, right = 0, there = 0, found = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const auto& near = surface.near[i];
    if (predicted[i] != 0) {
      said += 1;
      right += std::any_of(near.begin(), near.end(), [&](int j) { return truth[j] > 0.0F; }) ? 1 : 0;
    }
    if (truth[static_cast<Eigen::Index>(i)] > 0.0F) {
      there += 1;
      found += std::any_of(near.begin(), near.end(), [&](int j) { return predicted[static_cast<std::size_t>(j)] != 0; }) ? 1 : 0;
    }
  }
  if (right == 0 || found == 0) return 0.0;
  const double precision = right / said, recall = found / there;
  return 2 * precision * recall / (precision + recall);
}

Answer score(const Policy& policy, const Prompt& prompt, const SamplePrediction& said, const Surface& surface) {
  Answer answer;
  answer.presence = said.presence;
  answer.said = says_contact(policy, said);
  answer.body = gated_score(policy, said, prompt.body_truth);
  answer.tolerant_f1 = tolerant_f1(contact_points(policy, said), prompt.body_truth, surface);
  if (prompt.object_truth.sum() > 0.0F)
    answer.object_f1 = said.presence < policy.presence ? 0.0 : contact::contact_score_at(said.object, prompt.object_truth, policy.object).f1;
  for (std::size_t i = 0; i < surface.hands.size(); ++i) {
    const auto p = static_cast<double>(said.body[static_cast<Eigen::Index>(i)]);
    if (surface.hands[i] == Surface::Hand::left) answer.left_mass += p;
    if (surface.hands[i] == Surface::Hand::right) answer.right_mass += p;
  }
  return answer;
}

}  // namespace tactus::evaluation
