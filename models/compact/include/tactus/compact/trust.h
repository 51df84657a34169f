// How far the model's answer is believed when the body fits its marks badly: its evidence is then in the wrong place.
#pragma once

#include <algorithm>

namespace tactus::compact {

// From 5 cm on (evidence::Observation::fit_error_m) the category's usual contact has a part in the answer, at 15 cm nearly all:
// the answer is trust · said + (1 − trust) · usual, the presence trust · said + (1 − trust) · 0.5.
inline double trust_in_fit(double fit_error_m) {
  constexpr double kPoorFit = 0.05, kHopelessFit = 0.15;
  return fit_error_m <= kPoorFit ? 1.0 : std::clamp((kHopelessFit - fit_error_m) / (kHopelessFit - kPoorFit), 0.1, 1.0);
}

}  // namespace tactus::compact
