#include "tactus/contact/decision.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace tactus::contact {

double best_expected_f1(const Eigen::VectorXf& probability) {
  std::vector<float> sorted(probability.data(), probability.data() + probability.size());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  double all = 0;
  for (const float p : sorted) all += static_cast<double>(p);
  double sum = 0, best = 0;
  for (std::size_t k = 0; k < sorted.size() && sorted[k] > 0.0F; ++k) {
    sum += static_cast<double>(sorted[k]);
    best = std::max(best, 2.0 * sum / (static_cast<double>(k + 1) + all));
  }
  return best;
}

double contact_threshold(const Eigen::VectorXf& probability, double share) { return contact_threshold(best_expected_f1(probability), share); }

double contact_threshold(double best_expected_f1, double share) { return std::max(share * best_expected_f1, kLeastContact); }

}  // namespace tactus::contact
