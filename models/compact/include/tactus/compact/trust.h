// How far the model's answer is believed when the body fits its marks badly: its evidence is then in the wrong place.
#pragma once

#include <Eigen/Core>
#include <algorithm>

namespace tactus::compact {

// From 5 cm on (evidence::Observation::fit_error_m) the category's usual contact has a part in the answer, at 15 cm nearly all:
// the answer is trust · said + (1 − trust) · usual, the presence trust · said + (1 − trust) · 0.5.
inline double trust_in_fit(double fit_error_m) {
  constexpr double kPoorFit = 0.05, kHopelessFit = 0.15;
  return fit_error_m <= kPoorFit ? 1.0 : std::clamp((kHopelessFit - fit_error_m) / (kHopelessFit - kPoorFit), 0.1, 1.0);
}

// What is too far from the mask (0) stays so, since what is usual knows no distance.
inline void lean_on_usual(Eigen::VectorXf& body, double& presence, const Eigen::VectorXf& usual, double trust) {
  if (trust >= 1.0) return;
  for (Eigen::Index i = 0; i < body.size(); ++i)
    if (body[i] > 0.0F) body[i] = static_cast<float>(trust) * body[i] + static_cast<float>(1.0 - trust) * usual[i];
  presence = trust * presence + (1.0 - trust) * 0.5;
}

}  // namespace tactus::compact
