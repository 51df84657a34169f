// METHOD.md §4 and §10.10: the values of §4.10, plain loops in double, finite differences.
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "tactus/training/losses.h"

namespace tactus::training {
namespace {

double value(const at::Tensor& loss) { return loss.item<double>(); }

MaskSample sample_of(std::vector<double> prediction, std::vector<double> target, at::IntArrayRef sizes, MaskKind kind) {
  return {at::tensor(prediction, at::kDouble).reshape(sizes), at::tensor(target, at::kDouble).reshape(sizes), kind};
}

// d loss / d x by central differences, against autograd.
void expect_gradient(const at::Tensor& start, const std::function<at::Tensor(const at::Tensor&)>& loss) {
  const at::Tensor x = start.clone().set_requires_grad(true);
  loss(x).backward();
  const at::Tensor gradient = x.grad().flatten();
  for (std::int64_t i = 0; i < start.numel(); ++i) {
    const auto at = [&](double step) {
      const at::Tensor moved = start.clone();
      moved.flatten()[i].add_(step);
      return value(loss(moved));
    };
    EXPECT_NEAR(gradient[i].item<double>(), (at(1e-6) - at(-1e-6)) / 2e-6, 1e-5) << i;
  }
}

TEST(Losses, HaveTheVerifiedValues) {
  const MaskSample human = sample_of({.5, -1, 2, 0}, {1, 0, 1, -1}, {1, 2, 2}, MaskKind::contact);
  const MaskSample heat = sample_of({.5, .1, .9, .3}, {.8, 0, 1, -1}, {1, 2, 2}, MaskKind::affordance);
  for (const LossForm form : {LossForm::official, LossForm::corrected}) {
    EXPECT_NEAR(value(focal_bce(human, 0.5, form)), 0.01533918, 1e-8);
    EXPECT_NEAR(value(mask_dice(human, 1.0, form)), 0.20298064, 1e-6);
    EXPECT_EQ(value(heat_map_mse(human, form)), 0.0);
    EXPECT_NEAR(value(focal_bce(heat, 0.5, form)), 0.02923233, 1e-8);
    EXPECT_NEAR(value(mask_dice(heat, 1.0, form)), 0.21212059, 1e-6);
    EXPECT_NEAR(value(heat_map_mse(heat, form)), 0.03666667, 1e-8);
  }
}

TEST(Losses, ViewsWithoutValidPixelsCountInTheOfficialMeanAlone) {
  const MaskSample one = sample_of({.5, -1, 2, 0}, {1, 0, 1, -1}, {1, 2, 2}, MaskKind::contact);
  const MaskSample two = sample_of({.5, -1, 2, 0, 1, 1, 1, 1}, {1, 0, 1, -1, -1, -1, -1, -1}, {2, 2, 2}, MaskKind::contact);
  EXPECT_NEAR(value(focal_bce(two, 0.5, LossForm::official)), 0.5 * 0.01533918, 1e-8);
  EXPECT_NEAR(value(focal_bce(two, 0.5, LossForm::corrected)), value(focal_bce(one, 0.5, LossForm::corrected)), 1e-12);
  EXPECT_NEAR(value(mask_dice(two, 1.0, LossForm::official)), 0.5 * 0.20298064, 1e-6);
  // A view whose truth is empty costs no Dice.
  EXPECT_EQ(value(mask_dice(sample_of({3, 3, 3, 3}, {0, 0, 0, -1}, {1, 2, 2}, MaskKind::contact), 1.0, LossForm::official)), 0.0);
}

TEST(Losses, OtherMasksAreTakenTogether) {
  const std::vector<double> x = {.5, -1, 2, 0, 1, -.5, .25, 3}, y = {1, 0, 1, -1, 0, 1, -1, 1};
  const MaskSample other = sample_of(x, y, {2, 2, 2}, MaskKind::other);
  double focal = 0, top = 0, sum = 0, official_top = 0, official_sum = 0;
  int count = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double p = 1 / (1 + std::exp(-x[i]));
    official_top += p * y[i];
    official_sum += p + y[i];
    if (y[i] < 0) continue;
    const double l = y[i] > 0 ? -std::log(p) : -std::log(1 - p);
    focal += 0.5 * std::pow(1 - std::exp(-l), 2) * l;
    top += p * y[i];
    sum += p + y[i];
    ++count;
  }
  EXPECT_NEAR(value(focal_bce(other, 0.5, LossForm::official)), focal / count, 1e-10);
  EXPECT_NEAR(value(mask_dice(other, 1.0, LossForm::corrected)), 1 - (2 * top + 1e-5) / (sum + 1e-5), 1e-10);
  EXPECT_NEAR(value(mask_dice(other, 1.0, LossForm::official)), 1 - (2 * official_top + 1e-5) / (official_sum + 1e-5), 1e-10);
}

TEST(Losses, SamplesWithoutMasksDiluteTheOfficialMeanAlone) {
  const MaskSample with = sample_of({.5, -1, 2, 0}, {1, 0, 1, -1}, {1, 2, 2}, MaskKind::contact);
  const MaskSample without{at::zeros({0, 2, 2}), at::zeros({0, 2, 2}), MaskKind::other};
  const LossWeights weights;
  EXPECT_NEAR(value(mask_losses({with, without}, weights, LossForm::official).bce), 2.0 * 0.01533918 / 2, 1e-8);
  EXPECT_NEAR(value(mask_losses({with, without}, weights, LossForm::corrected).bce), 2.0 * 0.01533918, 1e-8);
  EXPECT_NEAR(value(mask_losses({with, without}, weights, LossForm::official).dice), 0.20298064 / 2, 1e-6);
  EXPECT_EQ(value(mask_losses({}, weights, LossForm::official).bce), 0.0);
  const MaskSample heat = sample_of({.5, .1, .9, .3}, {.8, 0, 1, -1}, {1, 2, 2}, MaskKind::affordance);
  EXPECT_NEAR(value(mask_losses({with, heat}, weights, LossForm::official).mse), 2.0 * 0.03666667, 1e-7);
}

TEST(Losses, OnTheSurfaceMatchPlainLoops) {
  at::manual_seed(3);
  const at::Tensor p = at::rand({3, 17}, at::kDouble), y = (at::rand({3, 17}) < 0.3).to(at::kDouble);
  double focal = 0, sum = 0;
  for (std::int64_t i = 0; i < p.numel(); ++i) {
    const double q = p.flatten()[i].item<double>(), t = y.flatten()[i].item<double>();
    const double l = t > 0 ? -std::log(q) : -std::log(1 - q);
    focal += 0.25 * std::pow(1 - std::exp(-l), 2) * l;
    sum += q;
  }
  const double n = static_cast<double>(p.numel());
  EXPECT_NEAR(value(human_contact_3d(p, y)), focal / n + 0.01 * sum / n, 1e-9);
  EXPECT_NEAR(value(object_contact_3d({p[0], at::zeros({5}, at::kDouble), p[2]}, {y[0], at::zeros({5}, at::kDouble), y[2]})),
              0.5 * (value(human_contact_3d(p.narrow(0, 0, 1), y.narrow(0, 0, 1))) + value(human_contact_3d(p.narrow(0, 2, 1), y.narrow(0, 2, 1)))), 1e-12);
  EXPECT_EQ(value(object_contact_3d({at::zeros({5})}, {at::zeros({5})})), 0.0);
}

TEST(Losses, AffordanceMatchesPlainLoopsAndItsPublishedFormIsAConstant) {
  at::manual_seed(4);
  const at::Tensor p = at::rand({2, 50}, at::kDouble), y = at::rand({2, 50}, at::kDouble);
  double cross = 0, dice = 0, mse = 0, l1 = 0;
  for (std::int64_t b = 0; b < 2; ++b) {
    double py = 0, sp = 0, sy = 0, qz = 0, rest = 0;
    for (std::int64_t i = 0; i < 50; ++i) {
      const double q = p[b][i].item<double>(), t = y[b][i].item<double>();
      cross += -0.75 * q * q * (1 - t) * std::log(1 - q) - 0.25 * (1 - q) * (1 - q) * t * std::log(q);
      mse += (q - t) * (q - t);
      l1 += std::abs(q - t);
      py += q * t;
      sp += q;
      sy += t;
      qz += (1 - q) * (1 - t);
      rest += 2 - q - t;
    }
    dice += 1.5 - (py + 1e-6) / (sp + sy + 1e-6) - (qz + 1e-6) / (rest + 1e-6);
  }
  EXPECT_NEAR(value(object_affordance_3d(p, y, LossForm::corrected)), 0.5 * cross / 100 + 0.3 * dice / 2 + 0.8 * mse / 100 + 0.4 * l1 / 100, 1e-9);
  const at::Tensor tracked = p.clone().set_requires_grad(true);
  const at::Tensor published = object_affordance_3d(tracked, y, LossForm::official);
  EXPECT_FALSE(published.requires_grad());
  EXPECT_NEAR(value(published), value(object_affordance_3d(at::rand({2, 50}, at::kDouble), y, LossForm::official)), 1e-12);
  // §4.7: about 1.68 for truths uniform in [0, 1].
  const at::Tensor many = at::rand({4, 2048}, at::kDouble);
  const double constant = 0.3 * (1.5 - value((1.0 - many).sum() / (2.0 - many).sum())) + 1.73 * value(many.mean()) + 0.8 * value(many.square().mean()) + 0.4 * value(many.mean());
  EXPECT_NEAR(value(object_affordance_3d(at::zeros({4, 2048}, at::kDouble), many, LossForm::official)), constant, 0.01);
  EXPECT_NEAR(constant, 1.68, 0.03);
}

TEST(Losses, GradientsMatchFiniteDifferences) {
  at::manual_seed(6);
  const at::Tensor logits = at::randn({2, 3, 3}, at::kDouble), target = (at::rand({2, 3, 3}) < 0.4).to(at::kDouble);
  target[0][1][1] = -1;
  for (const LossForm form : {LossForm::official, LossForm::corrected}) {
    for (const MaskKind kind : {MaskKind::contact, MaskKind::other}) {
      expect_gradient(logits, [&](const at::Tensor& x) { return focal_bce({x, target, kind}, 0.5, form); });
      expect_gradient(logits, [&](const at::Tensor& x) { return mask_dice({x, target, kind}, 1.0, form); });
    }
  }
  const at::Tensor p = at::rand({2, 9}, at::kDouble) * 0.9 + 0.05, y = (at::rand({2, 9}) < 0.4).to(at::kDouble);
  expect_gradient(p, [&](const at::Tensor& x) { return human_contact_3d(x, y); });
  expect_gradient(p, [&](const at::Tensor& x) { return object_affordance_3d(x, y, LossForm::corrected); });
  expect_gradient(p[0], [&](const at::Tensor& x) { return object_contact_3d({x}, {y[0]}); });
  const at::Tensor map = at::rand({1, 3, 3}, at::kDouble) * 0.9 + 0.05, heat = at::rand({1, 3, 3}, at::kDouble);
  expect_gradient(map, [&](const at::Tensor& x) { return heat_map_mse({x, heat, MaskKind::affordance}, LossForm::official); });
}

TEST(Losses, TokenCrossEntropyCountsTheTaughtTokensAlone) {
  at::manual_seed(7);
  const at::Tensor logits = at::randn({2, 3, 5});
  const at::Tensor labels = at::tensor({std::int64_t{1}, std::int64_t{-100}, std::int64_t{4}, std::int64_t{-100}, std::int64_t{-100}, std::int64_t{0}}).reshape({2, 3});
  double sum = 0;
  for (const auto& [b, t, label] : {std::tuple{0, 0, 1}, std::tuple{0, 2, 4}, std::tuple{1, 2, 0}}) {
    double all = 0;
    for (int k = 0; k < 5; ++k) all += std::exp(logits[b][t][k].item<double>());
    sum += std::log(all) - logits[b][t][label].item<double>();
  }
  EXPECT_NEAR(value(token_cross_entropy(logits, labels, LossForm::corrected)), sum / 3, 1e-6);
  const at::Tensor half = logits.to(at::kBFloat16);
  EXPECT_EQ(token_cross_entropy(half, labels, LossForm::official).scalar_type(), at::kBFloat16);
  EXPECT_EQ(token_cross_entropy(half, labels, LossForm::corrected).scalar_type(), at::kFloat);
}

}  // namespace
}  // namespace tactus::training
