// The rule that says which points are in contact, against all sets that could be said.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tactus/contact/decision.h"
#include "tactus/random.h"

namespace tactus::contact {
namespace {

double expected_f1_of(const Eigen::VectorXf& p, unsigned set) {
  double sum = 0, size = 0;
  for (Eigen::Index i = 0; i < p.size(); ++i) {
    if (((set >> i) & 1U) == 0) continue;
    sum += static_cast<double>(p[i]);
    size += 1;
  }
  return size > 0 ? 2.0 * sum / (size + static_cast<double>(p.sum())) : 0.0;
}

TEST(Decision, NoSetCanBeExpectedToScoreBetter) {
  Random random(3);
  for (int round = 0; round < 40; ++round) {
    Eigen::VectorXf p(11);
    const double power = random.uniform(0.2, 6.0);
    for (float& x : p) x = static_cast<float>(std::pow(random.uniform(), power));
    double best = 0;
    for (unsigned set = 0; set < (1U << p.size()); ++set) best = std::max(best, expected_f1_of(p, set));
    ASSERT_NEAR(best_expected_f1(p), best, 1e-6);
    // The theorem: the points from half of it on are that set.
    unsigned chosen = 0;
    for (Eigen::Index i = 0; i < p.size(); ++i)
      if (static_cast<double>(p[i]) >= 0.5 * best) chosen |= 1U << i;
    EXPECT_NEAR(expected_f1_of(p, chosen), best, 1e-6);
  }
}

TEST(Decision, TellsTheSureFromTheUnsure) {
  const Eigen::VectorXf sure = Eigen::VectorXf::Unit(20, 4);
  EXPECT_NEAR(best_expected_f1(sure), 1.0, 1e-9);
  EXPECT_NEAR(contact_threshold(sure, 0.5), 0.5, 1e-9);
  const Eigen::VectorXf vague = Eigen::VectorXf::Constant(20, 0.2F);   // F1 of saying all of them: 2·4 / (20 + 4)
  EXPECT_NEAR(best_expected_f1(vague), 1.0 / 3.0, 1e-6);
  EXPECT_NEAR(contact_threshold(vague, 0.5), 1.0 / 6.0, 1e-6);
  EXPECT_EQ(best_expected_f1(Eigen::VectorXf::Zero(5)), 0.0);
  EXPECT_EQ(best_expected_f1(Eigen::VectorXf()), 0.0);
  EXPECT_EQ(contact_threshold(Eigen::VectorXf::Zero(5), 0.5), kLeastContact);   // nothing reaches it
  EXPECT_EQ(contact_threshold(Eigen::VectorXf(), 0.5), kLeastContact);
}

}  // namespace
}  // namespace tactus::contact
