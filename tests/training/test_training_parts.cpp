// The parts of the trainer: configuration, optimiser, schedule, objective, curve, event file.
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "objective.h"
#include "tactus/error.h"
#include "tactus/random.h"
#include "tactus/training/calibration.h"
#include "tactus/training/curve.h"
#include "tactus/training/event_file.h"
#include "tactus/training/optimiser.h"
#include "tactus/training/train.h"

namespace tactus::training {
namespace {

namespace fs = std::filesystem;

std::string refusal(const std::string& json) {
  try {
    parse_train_options(json, "config.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    return error.what();
  }
  return "";
}

TEST(Configuration, ComesBackAsItWasWritten) {
  const TrainOptions options = parse_train_options(
      R"({"scenes": 123, "seed": 9, "learning_rate": 0.001, "output": "w.safetensors", "loss": {"presence": 0.7}, "network": {"width": 64, "sample_size": 1200}, "batch": 16, "slice": 4})", "x");
  EXPECT_EQ(options.scenes, 123);
  EXPECT_EQ(options.network.sample_size, 1200);
  EXPECT_DOUBLE_EQ(options.loss.presence, 0.7);
  const TrainOptions again = parse_train_options(to_json(options), "x");
  EXPECT_EQ(to_json(again), to_json(options));
  EXPECT_EQ(to_json(parse_train_options("{}", "x")), to_json(TrainOptions{}));
}

TEST(Configuration, RefusesByName) {
  EXPECT_NE(refusal("{").find("not JSON"), std::string::npos);
  EXPECT_NE(refusal("[1]").find("JSON object"), std::string::npos);
  EXPECT_NE(refusal(R"({"model": "prior"})").find("it must be \"compact\" or \"perception\""), std::string::npos);
  EXPECT_NE(refusal(R"({"scense": 3})").find("\"scense\" is unknown; those that are known: "), std::string::npos);
  for (const char* known : {"scenes", "learning_rate", "loss", "network"})
    EXPECT_NE(refusal(R"({"scense": 3})").find(known), std::string::npos) << known;
  EXPECT_NE(refusal(R"({"loss": {"colour": 3}})").find("\"colour\" is unknown"), std::string::npos);
  EXPECT_NE(refusal(R"({"network": {"depth": 3}})").find("\"depth\" is unknown"), std::string::npos);
  EXPECT_NE(refusal(R"({"loss": 3})").find("\"loss\""), std::string::npos);
  EXPECT_NE(refusal(R"({"scenes": 0})").find("\"scenes\" is 0"), std::string::npos);
  EXPECT_NE(refusal(R"({"scenes": 2.5})").find("whole number"), std::string::npos);
  EXPECT_NE(refusal(R"({"scenes": "many"})").find("\"scenes\""), std::string::npos);
  EXPECT_NE(refusal(R"({"learning_rate": -1})").find("learning_rate"), std::string::npos);
  EXPECT_NE(refusal(R"({"bf16": 1})").find("true or false"), std::string::npos);
  EXPECT_NE(refusal(R"({"bf16": true})").find("GPU"), std::string::npos);
  EXPECT_NE(refusal(R"({"batch": 30, "slice": 8})").find("divide"), std::string::npos);
  EXPECT_NE(refusal(R"({"network": {"width": 97}})").find("heads"), std::string::npos);
  EXPECT_NE(refusal(R"({"network": {"object_decoder_width": 30}})").find("multiple of 4"), std::string::npos);
  EXPECT_NE(refusal(R"({"network": {"clusters": 4000}})").find("clusters"), std::string::npos);
  EXPECT_NE(refusal(R"({"body_points": 4000})").find("body_points"), std::string::npos);
  EXPECT_NE(refusal(R"({"device": "tpu"})").find("device"), std::string::npos);
  EXPECT_NE(refusal(R"({"output": ""})").find("output"), std::string::npos);
  EXPECT_THROW(read_train_options("/none/config.json"), Error);
}

TEST(Optimiser, StepsAsTheReference) {
  at::manual_seed(2);
  torch::nn::Linear mine(5, 3), other(5, 3);
  {
    const torch::NoGradGuard no_grad;
    other->weight.copy_(mine->weight);
    other->bias.copy_(mine->bias);
  }
  AdamOptions options;
  options.weight_decay = 0.1;
  options.clip = 0.0;
  AdamW adam(*mine, options);
  ASSERT_EQ(adam.names(), (std::vector<std::string>{"weight", "bias"}));
  torch::optim::AdamW weights({other->weight}, torch::optim::AdamWOptions(0.01).betas({0.9, 0.98}).weight_decay(0.1));
  torch::optim::AdamW biases({other->bias}, torch::optim::AdamWOptions(0.01).betas({0.9, 0.98}).weight_decay(0.0));
  for (int step = 0; step < 8; ++step) {
    const std::vector<at::Tensor> gradients = {at::randn({3, 5}), at::randn({3})};
    other->weight.mutable_grad() = gradients[0].clone();
    other->bias.mutable_grad() = gradients[1].clone();
    adam.step(gradients, 0.01);
    weights.step();
    biases.step();
  }
  EXPECT_LT((mine->weight - other->weight).abs().max().item<double>(), 1e-6);
  EXPECT_LT((mine->bias - other->bias).abs().max().item<double>(), 1e-6);
}

TEST(Optimiser, ClipsToTheNorm) {
  torch::nn::Linear one(4, 4), two(4, 4);
  {
    const torch::NoGradGuard no_grad;
    for (auto& p : one->parameters()) p.zero_();
    for (auto& p : two->parameters()) p.zero_();
  }
  AdamOptions options;
  options.weight_decay = 0;
  options.clip = 1.0;
  options.eps = 1.0;   // so that the length of a step shows the gradient's
  AdamW a(*one, options), b(*two, options);
  const at::Tensor w = at::randn({4, 4}), c = at::randn({4});
  const double norm = std::sqrt(w.square().sum().item<double>() + c.square().sum().item<double>());
  EXPECT_NEAR(a.step({w, c}, 0.1), norm, 1e-5);
  b.step({w / norm, c / norm}, 0.1);
  EXPECT_LT((one->weight - two->weight).abs().max().item<double>(), 1e-6);
}

TEST(Optimiser, TrainsTheNamedPartsAlone) {
  torch::nn::Linear layer(2, 2);
  AdamW adam(*layer, {}, {"bias"});
  EXPECT_EQ(adam.names(), std::vector<std::string>{"bias"});
  EXPECT_TRUE(AdamW(*layer, {}, {"bia"}).names().empty());
}

TEST(Schedule, RisesAndFalls) {
  EXPECT_DOUBLE_EQ(schedule(0.0, 0.1, 0.05), 0.0);
  EXPECT_DOUBLE_EQ(schedule(0.05, 0.1, 0.05), 0.5);
  EXPECT_DOUBLE_EQ(schedule(0.1, 0.1, 0.05), 1.0);
  EXPECT_NEAR(schedule(0.55, 0.1, 0.0), 0.5, 1e-12);
  EXPECT_NEAR(schedule(1.0, 0.1, 0.05), 0.05, 1e-12);
  EXPECT_NEAR(schedule(7.0, 0.1, 0.05), 0.05, 1e-12);
  EXPECT_DOUBLE_EQ(schedule(0.0, 0.0, 0.05), 1.0);
}

Items some_items(compact::Output& output) {
  at::manual_seed(8);
  output.body = at::randn({2, 6});
  output.object = at::randn({2, 4});
  output.presence = at::randn({2});
  output.words = at::randn({2, 3, 7});
  Items items;
  items.body = (at::rand({2, 6}) < 0.5).to(at::kFloat);
  items.body[1].zero_();
  items.object = at::zeros({2, 4});
  items.object[0][1] = 1;
  items.object_weight = at::ones({2, 4});
  items.object_weight[0][1] = 0.25;
  items.object_weight[0][2] = 1.5;
  items.object_weight[0][3] = 0;
  items.touched = at::zeros({2});
  items.touched[0] = 1;
  items.asks = at::ones({2});
  items.targets = at::full({2, 3}, -100, at::kLong);
  items.targets[0][1] = 4;
  items.targets[1][2] = 2;
  return items;
}

TEST(Objective, IsTheWeightedSumOfPlainLoops) {
  compact::Output output;
  const Items items = some_items(output);
  TrainOptions::Loss w;
  const auto log_loss = [](double x, double y, double positive) { const double p = 1 / (1 + std::exp(-x)); return -positive * y * std::log(p) - (1 - y) * std::log(1 - p); };
  double expected = 0;
  for (int b = 0; b < 2; ++b) {
    double bce = 0, top = 0, sum = 0, truth = 0;
    for (int i = 0; i < 6; ++i) {
      const double x = output.body[b][i].item<double>(), y = items.body[b][i].item<double>(), p = 1 / (1 + std::exp(-x));
      bce += log_loss(x, y, w.positive) / 6;
      top += p * y;
      sum += p + y;
      truth += y;
    }
    expected += w.body_bce * bce + (truth > 0 ? w.body_dice * (1 - (2 * top + 1e-5) / (sum + 1e-5)) : 0);
    double known = 0;
    bce = top = sum = truth = 0;
    for (int i = 0; i < 4; ++i) {
      const double x = output.object[b][i].item<double>(), y = items.object[b][i].item<double>(), p = 1 / (1 + std::exp(-x));
      const double weight = items.object_weight[b][i].item<double>();
      known += weight;
      bce += weight * log_loss(x, y, w.positive);
      top += weight * p * y;
      sum += weight * (p + y);
      truth += weight * y;
    }
    expected += w.object_bce * bce / known + (truth > 0 ? w.object_dice * (1 - (2 * top + 1e-5) / (sum + 1e-5)) : 0);
    expected += w.presence * log_loss(output.presence[b].item<double>(), items.touched[b].item<double>(), 1.0);
    const int place = b == 0 ? 1 : 2, word = b == 0 ? 4 : 2;
    double all = 0;
    for (int k = 0; k < 7; ++k) all += std::exp(output.words[b][place][k].item<double>());
    expected += w.words * (std::log(all) - output.words[b][place][word].item<double>());
  }
  EXPECT_NEAR(objective(output, items, w).item<double>(), expected, 1e-4);
}

TEST(Objective, AsksTheSurfaceOnlyWhereTheQuestionDoes) {
  compact::Output output;
  Items items = some_items(output);
  TrainOptions::Loss w;
  w.words = 0;
  items.asks.zero_();
  EXPECT_EQ(objective(output, items, w).item<double>(), 0.0);
}

// Answers that are right with the probability sigmoid(logit / temperature + bias).
std::vector<Judged> judged(double temperature, double bias) {
  Random random(5, 1);
  std::vector<Judged> all;
  for (int i = 0; i < 40000; ++i) {
    const double logit = 6.0 * random.uniform() - 2.0;
    all.push_back({logit, random.uniform() < 1.0 / (1.0 + std::exp(-(logit / temperature + bias)))});
  }
  return all;
}
double share_of_true(const std::vector<Judged>& all) {
  double count = 0;
  for (const Judged& j : all) count += j.is_true ? 1 : 0;
  return count / static_cast<double>(all.size());
}

TEST(Calibration, FindsTheTemperatureAndTheBiasThatAnswersWereDrawnWith) {
  const auto all = judged(1.6, -0.7);
  const Calibration found = calibrate(all, share_of_true(all));
  EXPECT_NEAR(found.temperature, 1.6, 0.08);
  EXPECT_NEAR(found.bias, -0.7, 0.06);
  EXPECT_NEAR(best_temperature(judged(2.0, 0.0)), 2.0, 0.15);
}

TEST(Calibration, AnotherMixOfQuestionsMovesTheBiasByItsOdds) {
  const auto all = judged(1.6, -0.7);
  const double is = share_of_true(all), wanted = 0.75;
  const Calibration found = calibrate(all, wanted);
  EXPECT_NEAR(found.temperature, 1.6, 0.12);
  EXPECT_NEAR(found.bias, -0.7 + std::log(wanted / (1 - wanted)) - std::log(is / (1 - is)), 0.08);
}

TEST(Calibration, LeavesProbabilitiesAloneWhenThereIsNothingToTellApart) {
  const Calibration found = calibrate({{1.0, true}, {-2.0, true}}, 0.5);
  EXPECT_EQ(found.temperature, 1.0);
  EXPECT_EQ(found.bias, 0.0);
  // Separable: finite all the same.
  const Calibration apart = calibrate({{1.0, true}, {-2.0, false}}, 0.5);
  EXPECT_GE(apart.temperature, 0.1 - 1e-9);
  EXPECT_TRUE(std::isfinite(apart.bias));
}

TEST(Curve, FallsFromFullToEmptyBlocks) {
  EXPECT_EQ(curve({}, 10), "");
  EXPECT_EQ(curve({4, 4, 2, 2, 0, 0}, 3), "█▅▁");
  EXPECT_EQ(curve({1, 1}, 5), "▁▁");
}

TEST(EventFile, HasTheKnownChecksums) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);             // RFC 3720's check value
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);   // RFC 3720, B.4
  EXPECT_EQ(masked_crc32c("123456789"), ((0xe3069283U >> 15U) | (0xe3069283U << 17U)) + 0xa282ead8U);
}

// A reader of its own for what TensorBoard reads.
struct Scalar {
  std::string tag;
  std::int64_t step = 0;
  float value = 0;
};
std::uint64_t varint(const std::string& bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.at(at++));
    value |= static_cast<std::uint64_t>(byte & 127U) << shift;
    if (byte < 128) return value;
  }
}
void fields(const std::string& bytes, const std::function<void(unsigned, const std::string&, std::uint64_t)>& visit) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint64_t key = varint(bytes, at);
    const auto field = static_cast<unsigned>(key >> 3U), wire = static_cast<unsigned>(key & 7U);
    if (wire == 0) {
      visit(field, "", varint(bytes, at));
    } else {
      const std::size_t size = wire == 1 ? 8 : wire == 5 ? 4 : varint(bytes, at);
      visit(field, bytes.substr(at, size), 0);
      at += size;
    }
  }
}

TEST(EventFile, CanBeReadBack) {
  const fs::path folder = fs::temp_directory_path() / ("tactus_events_" + std::to_string(::getpid()));
  fs::path path;
  {
    EventFile events(folder, 0);
    events.scalar("train/loss", 1, 2.5);
    events.scalar("train/loss", 300, 0.125);
    path = events.path();
  }
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string bytes = all.str();
  fs::remove_all(folder);
  EXPECT_NE(path.filename().string().find("tfevents"), std::string::npos);
  std::vector<Scalar> scalars;
  std::string version;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint64_t length;
    std::uint32_t of_length, of_data;
    std::memcpy(&length, bytes.data() + at, 8);
    std::memcpy(&of_length, bytes.data() + at + 8, 4);
    ASSERT_EQ(of_length, masked_crc32c(bytes.substr(at, 8)));
    const std::string event = bytes.substr(at + 12, length);
    std::memcpy(&of_data, bytes.data() + at + 12 + length, 4);
    ASSERT_EQ(of_data, masked_crc32c(event));
    at += 16 + length;
    Scalar scalar;
    bool has_value = false;
    fields(event, [&](unsigned field, const std::string& text, std::uint64_t number) {
      if (field == 2) scalar.step = static_cast<std::int64_t>(number);
      if (field == 3) version = text;
      if (field != 5) return;
      fields(text, [&](unsigned, const std::string& entry, std::uint64_t) {
        fields(entry, [&](unsigned inner, const std::string& content, std::uint64_t) {
          if (inner == 1) scalar.tag = content;
          if (inner == 2) std::memcpy(&scalar.value, content.data(), 4);
        });
      });
      has_value = true;
    });
    if (has_value) scalars.push_back(scalar);
  }
  EXPECT_EQ(version, "brain.Event:2");
  ASSERT_EQ(scalars.size(), 2U);
  EXPECT_EQ(scalars[0].tag, "train/loss");
  EXPECT_EQ(scalars[0].step, 1);
  EXPECT_EQ(scalars[0].value, 2.5F);
  EXPECT_EQ(scalars[1].step, 300);
  EXPECT_EQ(scalars[1].value, 0.125F);
}

TEST(EventFile, SaysWhereItCannotBeWritten) { EXPECT_THROW(EventFile("/proc/none", 0), Error); }

}  // namespace
}  // namespace tactus::training
