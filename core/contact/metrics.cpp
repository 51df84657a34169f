#include "tactus/contact/lift.h"
#include "tactus/error.h"

namespace tactus::contact {

double contact_area(const VertexContact& contact, const Eigen::VectorXf& areas, float threshold) {
  if (areas.size() != contact.probability.size()) throw bad_input("contact area: one area a vertex is needed");
  double sum = 0.0;
  for (Eigen::Index i = 0; i < areas.size(); ++i)
    if (contact.probability[i] > threshold) sum += static_cast<double>(areas[i]);
  return sum;
}

ContactScore contact_score(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth) {
  if (predicted.size() != truth.size()) throw bad_input("contact score: prediction and truth differ in length");
  const auto p = (predicted.array() >= 0.5F).cast<double>();
  const auto t = (truth.array() > 0.0F).cast<double>();
  const double hits = (p * t).sum();
  ContactScore score;
  score.precision = hits / (p.sum() + 1e-10);
  score.recall = hits / (t.sum() + 1e-10);
  score.f1 = 2.0 * score.precision * score.recall / (score.precision + score.recall + 1e-10);
  return score;
}

}  // namespace tactus::contact
