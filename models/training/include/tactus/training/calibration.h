// From logits to probabilities that mean what they say (Platt 1999; Guo et al. 2017). No torch types here.
#pragma once

#include <vector>

namespace tactus::training {

struct Judged {
  double logit = 0.0;
  bool is_true = false;
};

// The temperature in [0.4, 5] whose probabilities sigmoid(logit / temperature) have the smallest mean negative log-likelihood.
double best_temperature(const std::vector<Judged>& judged);

// sigmoid(logit / temperature + bias). The data's own share of true ones is weighted to `true_share`, since networks learn from more
// hard negatives than people ask about. Temperature in [0.1, 100]; (1, 0) when all are true or none is.
struct Calibration {
  double temperature = 1.0, bias = 0.0;
};
Calibration calibrate(const std::vector<Judged>& judged, double true_share);

}  // namespace tactus::training
