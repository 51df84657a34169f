#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/where.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <torch/optim/adamw.h>

#include "small_network.h"
#include "tactus/error.h"

namespace tactus::compact {
namespace {

using testing::random_batch;
using testing::small_info;
using testing::small_sample;

Network small_network(std::uint64_t seed = 1) {
  Network network = make_network(small_info().options, small_sample());
  network->initialise(seed);
  return network;
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

class CompactNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    at::manual_seed(5);
  }
};

TEST_F(CompactNetwork, AnswersInTheShapesOfTheHeader) {
  Network network = small_network();
  const Output output = network->forward(random_batch(network->options, 3));
  EXPECT_EQ(output.body.sizes(), at::IntArrayRef({3, 120}));
  EXPECT_EQ(output.object.sizes(), at::IntArrayRef({3, 20}));
  EXPECT_EQ(output.presence.sizes(), at::IntArrayRef({3}));
  EXPECT_EQ(output.words.sizes(), at::IntArrayRef({3, 9, 15}));
  EXPECT_EQ(output.contact_token.sizes(), at::IntArrayRef({3, 32}));
  EXPECT_TRUE(output.body.isfinite().all().item<bool>());
}

TEST_F(CompactNetwork, BeginsAsTheCategorysPrior) {
  Network network = small_network();
  const at::Tensor prior = at::randn({3, 120});
  network->set_prior(prior);
  const Batch batch = random_batch(network->options, 4);
  EXPECT_LT(difference(network->forward(batch).body, prior.index_select(0, batch.category)), 1e-6);
}

TEST_F(CompactNetwork, IsTheSameForTheSameSeed) {
  const Batch batch = random_batch(small_info().options, 2);
  const at::Tensor first = small_network(7)->forward(batch).words, second = small_network(7)->forward(batch).words;
  EXPECT_EQ(difference(first, second), 0.0);
  EXPECT_GT(difference(first, small_network(8)->forward(batch).words), 1e-3);
}

TEST_F(CompactNetwork, AnswersEachPromptByItself) {
  Network network = small_network();
  { const torch::NoGradGuard no_grad; for (auto& p : network->parameters()) p.add_(0.05 * at::randn_like(p)); }
  const Batch both = random_batch(network->options, 2);
  Batch one = both;
  for (at::Tensor* t : {&one.vertex, &one.global, &one.category, &one.words, &one.question_length, &one.object, &one.object_part}) *t = t->narrow(0, 1, 1);
  const Output all = network->forward(both), alone = network->forward(one);
  EXPECT_LT(difference(all.body.narrow(0, 1, 1), alone.body), 1e-5);
  EXPECT_LT(difference(all.object.narrow(0, 1, 1), alone.object), 1e-5);
  EXPECT_LT(difference(all.words.narrow(0, 1, 1), alone.words), 1e-5);
}

// The points that are decoded are answered as among all.
TEST_F(CompactNetwork, SomeOfTheBodysPointsAnswerAsAll) {
  Network network = small_network();
  network->set_prior(at::randn({3, 120}));
  { const torch::NoGradGuard no_grad; for (auto& p : network->parameters()) p.add_(0.05 * at::randn_like(p)); }
  Batch batch = random_batch(network->options, 3);
  const Output all = network->forward(batch);
  batch.points = at::randperm(120, at::kLong).narrow(0, 0, 31);
  const Output some = network->forward(batch);
  EXPECT_LT(difference(some.body, all.body.index_select(1, batch.points)), 1e-5);
  EXPECT_LT(difference(some.object, all.object), 1e-6);
  EXPECT_LT(difference(some.presence, all.presence), 1e-6);
}

// Each point of an object asks the scene by itself, whatever other points there are; and what it hears depends on the body.
TEST_F(CompactNetwork, AnObjectsPointsAnswerByThemselves) {
  Network network = small_network();
  { const torch::NoGradGuard no_grad; for (auto& p : network->parameters()) p.add_(0.05 * at::randn_like(p)); }
  Batch batch = random_batch(network->options, 2);
  const at::Tensor all = network->forward(batch).object;
  Batch some = batch;
  some.object = batch.object.narrow(1, 4, 7).flip({1});
  some.object_part = batch.object_part.narrow(1, 4, 7).flip({1});
  EXPECT_LT(difference(network->forward(some).object.flip({1}), all.narrow(1, 4, 7)), 1e-5);
  batch.vertex = at::randn_like(batch.vertex);
  const at::Tensor change = network->forward(batch).object - all;
  EXPECT_GT(change.std(1).min().item<double>(), 1e-5);   // not the same for every point
}

// Sines and cosines of the place, without which a network of this depth hardly tells a place from a direction.
TEST_F(CompactNetwork, AnObjectsPlacesAreToldApart) {
  NetworkOptions without = small_info().options;
  without.object_waves = 0;
  Batch batch = random_batch(without, 1, 9, 21);
  batch.object.zero_();
  batch.object_part.zero_();
  batch.object.select(2, 0).copy_(at::linspace(-1.0, 1.0, 21).unsqueeze(0));
  const at::Tensor truth = (at::arange(21).remainder(5) == 2).to(at::kFloat).unsqueeze(0);   // four single points
  const auto learned = [&](const NetworkOptions& options) {
    Network network = make_network(options, small_sample());
    network->initialise(3);
    torch::optim::AdamW optimiser(network->parameters(), torch::optim::AdamWOptions(3e-3).weight_decay(0.0));
    double loss = 0;
    for (int step = 0; step < 150; ++step) {
      const at::Tensor total = at::binary_cross_entropy_with_logits(network->forward(batch).object, truth);
      optimiser.zero_grad();
      total.backward();
      optimiser.step();
      loss = total.item<double>();
    }
    return loss;
  };
  const double with_waves = learned(small_info().options), none = learned(without);
  EXPECT_LT(with_waves, 0.02);
  EXPECT_GT(none, 5.0 * with_waves);
}

TEST_F(CompactNetwork, ContactDoesNotDependOnTheAnswersWords) {
  Network network = small_network();
  { const torch::NoGradGuard no_grad; for (auto& p : network->parameters()) p.add_(0.05 * at::randn_like(p)); }
  Batch batch = random_batch(network->options, 1);
  batch.question_length.fill_(5);
  const Output taught = network->forward(batch);
  batch.words = batch.words.narrow(1, 0, 5);
  const Output asked = network->forward(batch);
  EXPECT_LT(difference(taught.body, asked.body), 1e-5);
  EXPECT_LT(difference(taught.presence, asked.presence), 1e-5);
  // … but on those of the question, and on the evidence.
  Batch other = batch;
  other.words = batch.words.clone();
  other.words.select(1, 1).copy_(at::where(batch.words.select(1, 1) == 8, 9, 8));
  EXPECT_GT(difference(network->forward(other).body, asked.body), 1e-6);
}

TEST_F(CompactNetwork, GradientsMatchFiniteDifferences) {
  at::manual_seed(1);   // with 5 a rectifier of contact_hidden_fcs stands at its kink, where there is no slope to compare
  Network network = small_network();
  { const torch::NoGradGuard no_grad; for (auto& p : network->parameters()) p.add_(0.05 * at::randn_like(p)); }
  network->to(at::kDouble);
  Batch batch = random_batch(network->options, 2);
  batch.vertex = batch.vertex.to(at::kDouble);
  batch.global = batch.global.to(at::kDouble);
  batch.object = batch.object.to(at::kDouble);
  const at::Tensor weights = at::randn({2, 120}, at::kDouble), object_weights = at::randn({2, 20}, at::kDouble);
  const auto value = [&] {
    const Output o = network->forward(batch);
    return (o.body * weights).sum() + (o.object * object_weights).sum() + o.presence.square().sum() + o.words.square().mean();
  };
  value().backward();
  for (const auto& item : network->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key() << " has no part in the answer";
    const torch::NoGradGuard no_grad;
    const at::Tensor direction = at::randn_like(item.value());
    const double slope = (item.value().grad() * direction).sum().item<double>();
    // A large step passes kinks of rectifiers, a small one shows the norms' statistics in fp32: one of them must agree.
    double slope_nearby = 0.0;
    for (const double step : {2e-4, 1e-4, 5e-5}) {
      item.value().add_(direction, step);
      const double after = value().item<double>();
      item.value().add_(direction, -2 * step);
      const double before = value().item<double>();
      item.value().add_(direction, step);
      slope_nearby = (after - before) / (2 * step);
      if (std::abs(slope - slope_nearby) < 3e-3 * (1.0 + std::abs(slope))) break;
    }
    EXPECT_NEAR(slope, slope_nearby, 3e-3 * (1.0 + std::abs(slope))) << item.key();
  }
}

TEST_F(CompactNetwork, LearnsAFewRandomPromptsByHeart) {
  Network network = small_network();
  const Batch batch = random_batch(network->options, 6);
  const at::Tensor body = (at::rand({6, 120}) < 0.2).to(at::kFloat), object = (at::rand({6, 20}) < 0.3).to(at::kFloat);
  const at::Tensor presence = (at::rand({6}) < 0.5).to(at::kFloat);
  torch::optim::AdamW optimiser(network->parameters(), torch::optim::AdamWOptions(3e-3).weight_decay(0.0));
  double loss = 0;
  for (int step = 0; step < 600; ++step) {
    const Output o = network->forward(batch);
    const at::Tensor words = at::cross_entropy_loss(o.words.narrow(1, 0, 8).flatten(0, 1), batch.words.narrow(1, 1, 8).flatten());
    const at::Tensor total = at::binary_cross_entropy_with_logits(o.body, body) + at::binary_cross_entropy_with_logits(o.object, object) +
                             at::binary_cross_entropy_with_logits(o.presence, presence) + words;
    optimiser.zero_grad();
    total.backward();
    optimiser.step();
    loss = total.item<double>();
  }
  EXPECT_LT(loss, 0.15);
  const Output o = network->forward(batch);
  EXPECT_GT(((o.body > 0).to(at::kFloat) == body).to(at::kFloat).mean().item<double>(), 0.99);
}

TEST_F(CompactNetwork, RefusesSizesThatDoNotFit) {
  WeightsInfo info = small_info();
  info.options.sample_size = 119;
  EXPECT_THROW(make_network(info.options, small_sample()), Error);
  info = small_info();
  info.options.width = 33;
  EXPECT_THROW(make_network(info.options, small_sample()), Error);
  info = small_info();
  info.options.layers = 0;
  EXPECT_THROW(make_network(info.options, small_sample()), Error);
  info = small_info();
  info.options.clusters = 4;
  EXPECT_THROW(make_network(info.options, small_sample()), Error);
  info = small_info();
  info.options.object_decoder_width = 30;   // not a multiple of kReachHeads
  EXPECT_THROW(make_network(info.options, small_sample()), Error);
}

}  // namespace
}  // namespace tactus::compact
