// Modules filled from files: names, shapes, types, and what is said when they do not fit.
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include <mutex>
#include <stop_token>

#include "scratch.h"
#include "tactus/checkpoint/load_module.h"
#include "tactus/checkpoint/save_tensors.h"

namespace tactus::checkpoint {
namespace {

using torch::nn::LinearOptions;

struct BlockImpl : torch::nn::Module {
  BlockImpl() {
    fc = register_module("fc", torch::nn::Linear(LinearOptions(6, 4)));
    gain = register_buffer("gain", torch::zeros({4}));
    steps = register_buffer("steps", torch::zeros({}, torch::kLong));
  }
  torch::nn::Linear fc{nullptr};
  at::Tensor gain, steps;
};
TORCH_MODULE(Block);

// Its weight is stored doubled.
struct DoubledImpl : torch::nn::Module, SelfLoading {
  explicit DoubledImpl(std::int64_t size) : size(size) { weight = register_parameter("weight", torch::empty({size})); }
  Plan plan(const TensorSource& source, const std::string& prefix) const override {
    const TensorInfo* info = source.find(prefix + "doubled");
    Plan plan{{prefix + "doubled"}, {}};
    if (info == nullptr || info->shape != std::vector{size}) plan.problems.push_back(prefix + "doubled is not as it should be");
    return plan;
  }
  void load(const TensorSource& source, const std::string& prefix, at::ScalarType dtype, at::Device) override {
    weight.set_data(source.read(prefix + "doubled").to(dtype) / 2);
  }
  std::int64_t size;
  at::Tensor weight;
};
TORCH_MODULE(Doubled);

struct NetImpl : torch::nn::Module {
  NetImpl() {
    blocks = register_module("blocks", torch::nn::ModuleList());
    for (int i = 0; i < 3; ++i) blocks->push_back(Block());
    head = register_module("head", torch::nn::Sequential(torch::nn::Linear(LinearOptions(4, 3)), torch::nn::Linear(LinearOptions(3, 2).bias(false))));
    doubled = register_module("doubled_one", Doubled(5));
    token = register_parameter("token", torch::zeros({1, 7}));
  }
  torch::nn::ModuleList blocks{nullptr};
  torch::nn::Sequential head{nullptr};
  Doubled doubled{nullptr};
  at::Tensor token;
};
TORCH_MODULE(Net);

std::map<std::string, at::Tensor> weights(const std::string& prefix, at::ScalarType dtype) {
  torch::manual_seed(7);
  std::map<std::string, at::Tensor> all;
  const auto add = [&](const std::string& name, at::IntArrayRef shape) { all[prefix + name] = torch::randn(shape).to(dtype); };
  for (int i = 0; i < 3; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    add(block + "fc.weight", {4, 6});
    add(block + "fc.bias", {4});
    add(block + "gain", {4});
    all[prefix + block + "steps"] = torch::tensor(10 + i);
  }
  add("head.0.weight", {3, 4});
  add("head.0.bias", {3});
  add("head.1.weight", {2, 3});
  add("doubled_one.doubled", {5});
  add("token", {1, 7});
  return all;
}

class LoadModule : public testing::Test {
 protected:
  std::shared_ptr<const TensorSource> source(const std::map<std::string, at::Tensor>& tensors) {
    const auto file = scratch_ / ("weights" + std::to_string(count_++) + ".safetensors");
    write_safetensors(file, tensors);
    return open_tensors(file);
  }
  Scratch scratch_;
  int count_ = 0;
};

void expect_equal(const at::Tensor& found, const at::Tensor& stored, at::ScalarType dtype) {
  EXPECT_EQ(found.scalar_type(), dtype);
  EXPECT_TRUE(torch::equal(found, stored.to(dtype)));
}

TEST_F(LoadModule, FillsEveryNameInEveryDtype) {
  for (const auto stored : {at::kFloat, at::kBFloat16, at::kHalf}) {
    for (const auto wanted : {at::kFloat, at::kBFloat16}) {
      for (const bool writable : {false, true}) {
        const auto tensors = weights("model.net.", stored);
        Net net;
        LoadOptions options;
        options.prefix = "model.net.";
        options.dtype = wanted;
        options.writable = writable;
        load_module(*net, *source(tensors), options);
        for (int i = 0; i < 3; ++i) {
          const auto& block = net->blocks->at<BlockImpl>(static_cast<std::size_t>(i));
          const std::string name = "model.net.blocks." + std::to_string(i) + ".";
          expect_equal(block.fc->weight, tensors.at(name + "fc.weight"), wanted);
          expect_equal(block.fc->bias, tensors.at(name + "fc.bias"), wanted);
          expect_equal(block.gain, tensors.at(name + "gain"), wanted);
          EXPECT_EQ(block.steps.scalar_type(), at::kLong);
          EXPECT_EQ(block.steps.item<std::int64_t>(), 10 + i);
        }
        expect_equal(net->head->at<torch::nn::LinearImpl>(1).weight, tensors.at("model.net.head.1.weight"), wanted);
        expect_equal(net->token, tensors.at("model.net.token"), wanted);
        EXPECT_TRUE(torch::equal(net->doubled->weight, tensors.at("model.net.doubled_one.doubled").to(wanted) / 2));
        EXPECT_TRUE(net->token.requires_grad());
        if (writable) {   // an optimiser's step
          const torch::NoGradGuard none;
          net->token.add_(1.0);
        }
      }
    }
  }
}

TEST_F(LoadModule, OutlivesItsSource) {
  const auto tensors = weights("", at::kFloat);
  Net net;
  load_module(*net, *source(tensors), {});
  EXPECT_TRUE(torch::equal(net->token, tensors.at("token")));   // the mapping is kept by the tensors
}

TEST_F(LoadModule, WorksUnderInferenceMode) {
  const auto tensors = weights("", at::kBFloat16);
  const c10::InferenceMode guard;
  Net net;
  load_module(*net, *source(tensors), {});
  EXPECT_TRUE(torch::equal(net->token, tensors.at("token").to(at::kFloat)));
}

TEST_F(LoadModule, ListsMissingExtraAndMisshapenAndChangesNothing) {
  auto tensors = weights("", at::kFloat);
  tensors.erase("blocks.1.fc.bias");
  tensors["blocks.2.fc.weight"] = torch::zeros({6, 4});
  tensors["head.0.bias"] = torch::zeros({3}, torch::kInt);
  tensors["unheard.of"] = torch::zeros({2, 2});
  tensors["doubled_one.doubled"] = torch::zeros({9});
  Net net;
  const auto before = net->blocks->at<BlockImpl>(0).fc->weight.clone();
  const auto said = refusal([&] { load_module(*net, *source(tensors), {}); });
  EXPECT_SAYS(said, "weights0.safetensors: the weights do not fit the network");
  EXPECT_SAYS(said, "blocks.1.fc.bias [4] is missing");
  EXPECT_SAYS(said, "blocks.2.fc.weight is [6, 4] instead of [4, 6]");
  EXPECT_SAYS(said, "head.0.bias is of type Int instead of a floating one");
  EXPECT_SAYS(said, "unheard.of [2, 2] is not part of the network");
  EXPECT_SAYS(said, "doubled_one.doubled is not as it should be");
  EXPECT_TRUE(torch::equal(net->blocks->at<BlockImpl>(0).fc->weight, before));
}

TEST_F(LoadModule, CountsWhatItDoesNotList) {
  std::map<std::string, at::Tensor> tensors = weights("", at::kFloat);
  for (int i = 0; i < 30; ++i) tensors["more." + std::to_string(i)] = torch::zeros({1});
  Net net;
  EXPECT_SAYS(refusal([&] { load_module(*net, *source(tensors), {}); }), "; and 10 more");
  LoadOptions options;
  options.ignored = {"more."};
  load_module(*net, *source(tensors), options);
  options.ignored.clear();
  options.extra_is_error = false;
  load_module(*net, *source(tensors), options);
}

TEST_F(LoadModule, ReportsBytesAndStops) {
  auto tensors = weights("", at::kFloat);
  tensors["token"] = torch::rand({1, 7});
  const auto from = source(tensors);
  Net net;
  double last = 0.0;
  std::string message;
  load_module(*net, *from, {}, Progress([&](double fraction, std::string_view, std::string_view text) {
    EXPECT_GE(fraction, last);
    last = fraction;
    message = text;
  }));
  EXPECT_EQ(last, 1.0);
  EXPECT_EQ(message, "0.00 of 0.00 GB");

  Net other;
  const auto before = other->token.clone();
  std::stop_source stop;
  int reports = 0;
  const Progress stopping([&](double, std::string_view, std::string_view) { if (++reports == 3) stop.request_stop(); }, stop.get_token());
  refusal([&] { load_module(*other, *from, {}, stopping); }, ErrorKind::cancelled);
  EXPECT_TRUE(torch::equal(other->token, before));
}

}  // namespace
}  // namespace tactus::checkpoint
