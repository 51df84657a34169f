// One answer against its truth.
#pragma once

#include "tactus/evaluation/evaluate.h"

namespace tactus::evaluation {

// Some point of the body is in contact.
bool says_contact(const Policy& policy, const SamplePrediction& said);

// §7.2 after the gate: a denied object has no contact anywhere.
contact::ContactScore gated_score(const Policy& policy, const SamplePrediction& said, const Eigen::VectorXf& truth);

// predicted: contact_on_body. F1 where a predicted point counts as right with a true one near it, and a true one as found with a predicted one near it.
double tolerant_f1(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth, const Surface& surface);

Answer score(const Policy& policy, const Prompt& prompt, const SamplePrediction& said, const Surface& surface);

}  // namespace tactus::evaluation
