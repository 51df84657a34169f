#include "scoring.h"

#include <algorithm>

#include "tactus/contact/decision.h"
#include "tactus/error.h"

namespace tactus::evaluation {

Eigen::VectorXf contact_on_body(const Policy& policy, const SamplePrediction& said) {
  if (said.presence < policy.presence) return Eigen::VectorXf::Zero(said.body.size());
  return (said.body.array() >= static_cast<float>(contact::contact_threshold(said.body, policy.body))).cast<float>();
}

bool says_contact(const Policy& policy, const SamplePrediction& said) { return contact_on_body(policy, said).any(); }

contact::ContactScore gated_score(const Policy& policy, const SamplePrediction& said, const Eigen::VectorXf& truth) {
  if (said.body.size() != truth.size())
    throw bad_input("evaluation: an answer on " + std::to_string(said.body.size()) + " points of the body; " + std::to_string(truth.size()) + " were asked for");
  if (said.presence < policy.presence) return {};
  return contact::contact_score_at(said.body, truth, contact::contact_threshold(said.body, policy.body));
}

double tolerant_f1(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth, const Surface& surface) {
  double said = 0, right = 0, there = 0, found = 0;
  for (Eigen::Index i = 0; i < predicted.size(); ++i) {
    const auto& near = surface.near[static_cast<std::size_t>(i)];
    if (predicted[i] > 0.0F) {
      said += 1;
      right += std::any_of(near.begin(), near.end(), [&](int j) { return truth[j] > 0.0F; }) ? 1 : 0;
    }
    if (truth[i] > 0.0F) {
      there += 1;
      found += std::any_of(near.begin(), near.end(), [&](int j) { return predicted[j] > 0.0F; }) ? 1 : 0;
    }
  }
  if (right == 0 || found == 0) return 0.0;
  const double precision = right / said, recall = found / there;
  return 2 * precision * recall / (precision + recall);
}

Answer score(const Policy& policy, const Prompt& prompt, const SamplePrediction& said, const Surface& surface) {
  Answer answer;
  answer.presence = said.presence;
  const Eigen::VectorXf points = contact_on_body(policy, said);
  answer.said = points.any();
  answer.body = gated_score(policy, said, prompt.body_truth);
  answer.tolerant_f1 = tolerant_f1(points, prompt.body_truth, surface);
  if (prompt.object_truth.sum() > 0.0F)
    answer.object_f1 = said.presence < policy.presence ? 0.0 : contact::contact_score_at(said.object, prompt.object_truth, contact::contact_threshold(said.object, policy.object)).f1;
  for (std::size_t i = 0; i < surface.hands.size(); ++i) {
    const auto p = static_cast<double>(said.body[static_cast<Eigen::Index>(i)]);
    if (surface.hands[i] == Surface::Hand::left) answer.left_mass += p;
    if (surface.hands[i] == Surface::Hand::right) answer.right_mass += p;
  }
  return answer;
}

}  // namespace tactus::evaluation
