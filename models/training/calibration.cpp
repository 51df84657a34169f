#include "tactus/training/calibration.h"

#include <algorithm>
#include <cmath>

namespace tactus::training {
namespace {

// −log of the probability that `logit` gives to what is.
double loss_of(double logit, bool is_true) {
  return std::log1p(std::exp(-std::abs(logit))) + std::max(logit, 0.0) - (is_true ? logit : 0.0);
}

}  // namespace

double best_temperature(const std::vector<Judged>& judged) {
  double best = 1.0, least = 1e300;
  for (double t = 0.4; t < 5.0; t *= 1.07) {
    double loss = 0.0;
    for (const Judged& j : judged) loss += loss_of(j.logit / t, j.is_true);
    if (loss < least) {
      least = loss;
      best = t;
    }
  }
  return best;
}

Calibration calibrate(const std::vector<Judged>& judged, double true_share) {
  const auto all = static_cast<double>(judged.size());
  const auto are = static_cast<double>(std::count_if(judged.begin(), judged.end(), [](const Judged& j) { return j.is_true; }));
  if (are == 0.0 || are == all) return {};
  const double weight_true = true_share / are, weight_false = (1.0 - true_share) / (all - are);
  const auto loss = [&](double slope, double bias) {
    double sum = 0.0;
    for (const Judged& j : judged) sum += (j.is_true ? weight_true : weight_false) * loss_of(slope * j.logit + bias, j.is_true);
    return sum;
  };
  // Newton's steps on a convex function of two numbers, shortened until they descend.
  double slope = 1.0, bias = 0.0, now = loss(slope, bias);
  for (int step = 0; step < 100; ++step) {
    double gs = 0, gb = 0, ss = 1e-9, sb = 0, bb = 1e-9;
    for (const Judged& j : judged) {
      const double weight = j.is_true ? weight_true : weight_false;
      const double p = 1.0 / (1.0 + std::exp(-(slope * j.logit + bias)));
      const double error = weight * (p - (j.is_true ? 1.0 : 0.0)), curve = weight * p * (1.0 - p);
      gs += error * j.logit;
      gb += error;
      ss += curve * j.logit * j.logit;
      sb += curve * j.logit;
      bb += curve;
    }
    const double det = ss * bb - sb * sb;
    if (!(det > 0.0)) break;
    const double ds = -(bb * gs - sb * gb) / det, db = -(ss * gb - sb * gs) / det;
    double length = 1.0, next = now, new_slope = slope, new_bias = bias;
    for (; length > 1e-6; length *= 0.5) {
      new_slope = std::clamp(slope + length * ds, 0.01, 10.0);
      new_bias = bias + length * db;
      next = loss(new_slope, new_bias);
      if (next < now) break;
    }
    if (!(next < now - 1e-13)) break;
    slope = new_slope;
    bias = new_bias;
    now = next;
  }
  return {1.0 / slope, bias};
}

}  // namespace tactus::training
