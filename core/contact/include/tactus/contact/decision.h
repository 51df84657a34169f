// Which points are in contact, where their probabilities are known.
#pragma once

#include <Eigen/Core>

namespace tactus::contact {

// The best F1 that a set of these points can be expected to have, 2·Σ_set p / (|set| + Σ p); 0 where no point has a chance. The points
// with at least half of it as their probability are that set (Lipton, Elkan and Naryanaswamy 2014, "Optimal Thresholding of Classifiers
// to Maximize F1 Measure", theorem 1). Values in [0, 1].
double best_expected_f1(const Eigen::VectorXf& probability);

// Below this probability no point is in contact, however little is known.
inline constexpr double kLeastContact = 0.05;

// From this probability on a point is in contact: a share of the F1 that can be expected, so that an answer that is sure of little
// shows the likeliest places, and one that is sure of much only what it is sure of. The theorem's share is 0.5; validation may find
// that another is better, where the probabilities are not quite right.
double contact_threshold(const Eigen::VectorXf& probability, double share);
double contact_threshold(double best_expected_f1, double share);   // where that is known already

}  // namespace tactus::contact
