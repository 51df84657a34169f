#include <ATen/ops/linear.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "near.h"
#include "tactus/error.h"
#include "tactus/layers/linear.h"

namespace tactus::layers {
namespace {

using checkpoint::Precision;
using testing::near;
using testing::near_bf16;

class MemorySource : public checkpoint::TensorSource {
 public:
  explicit MemorySource(std::map<std::string, at::Tensor> values) : values_(std::move(values)) {
    for (const auto& [name, value] : values_) {
      infos_.push_back({name, value.scalar_type(), value.sizes().vec(), "memory"});
    }
  }
  const std::vector<checkpoint::TensorInfo>& tensors() const override { return infos_; }
  at::Tensor read(const std::string& name) const override { return values_.at(name); }

 private:
  std::map<std::string, at::Tensor> values_;
  std::vector<checkpoint::TensorInfo> infos_;
};

MemorySource stored_as(Precision precision, const at::Tensor& weight, const at::Tensor& bias) {
  if (precision == Precision::int8) {
    const auto stored = checkpoint::quantise_int8(weight);
    return MemorySource({{"a.weight", stored.values}, {"a.weight.scale", stored.scale}, {"a.bias", bias}});
  }
  if (precision == Precision::int4) {
    const auto stored = checkpoint::quantise_int4(weight);
    return MemorySource(
        {{"a.weight", stored.values}, {"a.weight.scales_and_zeros", stored.scales_and_zeros}, {"a.bias", bias}});
  }
  return MemorySource({{"a.weight", weight}, {"a.bias", bias}});
}

struct Shape {
  std::int64_t in, out;
};

class Quantised : public ::testing::TestWithParam<std::tuple<Precision, Shape>> {};

// The stored form, loaded, gives the product with the weight that it stands for; in fp32 and in bf16.
TEST_P(Quantised, EqualsTheProductWithTheDequantisedWeight) {
  const auto [precision, shape] = GetParam();
  torch::manual_seed(5);
  const at::Tensor weight = torch::randn({shape.out, shape.in}) / 8, bias = torch::randn({shape.out});
  const MemorySource source = stored_as(precision, weight, bias);
  Linear linear(LinearOptions(shape.in, shape.out));
  const auto plan = linear->plan(source, "a.");
  EXPECT_TRUE(plan.problems.empty()) << plan.problems[0];
  EXPECT_EQ(plan.names.size(), 3U);
  linear->load(source, "a.", at::kFloat, at::kCPU);
  ASSERT_EQ(linear->precision(), precision);
  EXPECT_FALSE(linear->weight.defined());
  EXPECT_EQ(linear->parameters().size(), 1U);

  const at::Tensor meant = precision == Precision::int8 ? checkpoint::dequantise(checkpoint::quantise_int8(weight))
                                                        : checkpoint::dequantise(checkpoint::quantise_int4(weight));
  EXPECT_TRUE(near(linear->dequantised(), meant, 1e-6, 1e-6));
  EXPECT_GT((meant - weight).abs().max().item<float>(), 0.0F);
  EXPECT_TRUE(near(meant, weight, precision == Precision::int8 ? 0.01 : 0.1, 0.0));
  for (const std::int64_t rows : {1, 3, 40}) {
    const at::Tensor x = torch::randn({2, rows, shape.in});
    const at::Tensor expected = at::linear(x, meant, bias);
    EXPECT_TRUE(near_bf16(linear(x), expected));
    EXPECT_EQ(linear(x).scalar_type(), at::kFloat);
    const at::Tensor short_y = linear(x.to(at::kBFloat16));
    EXPECT_EQ(short_y.scalar_type(), at::kBFloat16);
    EXPECT_TRUE(near_bf16(short_y, expected));
  }
}

TEST_P(Quantised, QuantisesInPlaceLikeTheStoredForm) {
  const auto [precision, shape] = GetParam();
  torch::manual_seed(6);
  const at::Tensor weight = torch::randn({shape.out, shape.in}), bias = torch::randn({shape.out});
  const MemorySource plain = stored_as(Precision::fp32, weight, bias);
  const MemorySource stored = stored_as(precision, weight, bias);
  Linear one(LinearOptions(shape.in, shape.out)), other(LinearOptions(shape.in, shape.out));
  one->load(plain, "a.", at::kFloat, at::kCPU);
  EXPECT_EQ(one->precision(), Precision::fp32);
  one->quantise(precision);
  other->load(stored, "a.", at::kFloat, at::kCPU);
  const at::Tensor x = torch::randn({4, shape.in});
  EXPECT_TRUE(one(x).equal(other(x)));
  EXPECT_THROW(one->quantise(precision), Error);
  other->load(plain, "a.", at::kFloat, at::kCPU);   // and back to floats
  EXPECT_TRUE(other(x).equal(at::linear(x, weight, bias)));
}

// A frozen quantised layer passes the gradient on.
TEST_P(Quantised, PassesTheGradientOn) {
  const auto [precision, shape] = GetParam();
  const MemorySource source = stored_as(precision, torch::randn({shape.out, shape.in}), torch::zeros({shape.out}));
  Linear linear(LinearOptions(shape.in, shape.out));
  linear->load(source, "a.", at::kFloat, at::kCPU);
  const at::Tensor x = torch::randn({2, shape.in}).requires_grad_();
  linear(x).sum().backward();
  EXPECT_TRUE(near(x.grad()[0], linear->dequantised().sum(0), 1e-4, 1e-4));
}

// 97 and 7 rows are no multiple of what libtorch packs.
INSTANTIATE_TEST_SUITE_P(Shapes, Quantised,
                         ::testing::Combine(::testing::Values(Precision::int8, Precision::int4),
                                            ::testing::Values(Shape{128, 96}, Shape{64, 97}, Shape{192, 7},
                                                              Shape{320, 160})));

TEST(Linear, FloatsAreTakenAsTheyAre) {
  const at::Tensor weight = torch::randn({5, 6}), bias = torch::randn({5});
  const MemorySource source({{"a.weight", weight}, {"a.bias", bias}});
  Linear linear(LinearOptions(6, 5));
  linear->load(source, "a.", at::kFloat, at::kCPU);
  const at::Tensor x = torch::randn({2, 3, 6});
  EXPECT_TRUE(near(linear(x), x.matmul(weight.t()) + bias, 1e-5, 1e-5));
  EXPECT_EQ(linear->weight.data_ptr(), weight.data_ptr());   // mapped, not copied
  linear->load(source, "a.", at::kBFloat16, at::kCPU);
  EXPECT_EQ(linear->precision(), Precision::bf16);
  EXPECT_TRUE(near_bf16(linear(x.to(at::kBFloat16)), x.matmul(weight.t()) + bias));
}

TEST(Linear, Int4FallsBackToInt8WhereColumnsAreInNoGroups) {
  Linear linear(LinearOptions(48, 32).with_bias(false));
  linear->load(MemorySource({{"weight", torch::randn({32, 48})}}), "", at::kFloat, at::kCPU);
  linear->quantise(Precision::int4);
  EXPECT_EQ(linear->precision(), Precision::int8);
}

TEST(Linear, SaysWhatIsMissingOrMisshapen) {
  const Linear linear(LinearOptions(64, 32));
  const auto sentences = [&](const MemorySource& source) {
    std::string all;
    for (const std::string& problem : linear->plan(source, "a.").problems) all += problem + "\n";
    return all;
  };
  EXPECT_NE(sentences(MemorySource({})).find("a.weight is missing (expected [32, 64])"), std::string::npos);
  EXPECT_NE(sentences(MemorySource({})).find("a.bias is missing (expected [32])"), std::string::npos);
  EXPECT_NE(sentences(MemorySource({{"a.weight", torch::zeros({64, 32})}})).find("is [64, 32] (expected [32, 64])"),
            std::string::npos);
  EXPECT_NE(sentences(MemorySource({{"a.weight", torch::zeros({32, 64}, at::kChar)}})).find("a.weight.scale is missing"),
            std::string::npos);
  EXPECT_NE(sentences(MemorySource({{"a.weight", torch::zeros({32, 32}, at::kByte)}})).find("scales_and_zeros is missing"),
            std::string::npos);
  EXPECT_NE(sentences(MemorySource({{"a.weight", torch::zeros({32, 32}, at::kByte)},
                                    {"a.weight.scales_and_zeros", torch::zeros({5, 32, 2}, at::kBFloat16)}}))
                .find("equal groups"),
            std::string::npos);
  EXPECT_NE(sentences(MemorySource({{"a.weight", torch::zeros({32, 64}, at::kLong)}})).find("expected floats"),
            std::string::npos);
}

}  // namespace
}  // namespace tactus::layers
