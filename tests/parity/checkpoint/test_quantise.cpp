// Quantised matrices against the definition, value by value.
#include <cmath>
#include <limits>

#include <torch/types.h>
#include <torch/utils.h>

#include "scratch.h"
#include "tactus/checkpoint/quantise.h"

namespace tactus::checkpoint {
namespace {

at::Tensor matrix(std::int64_t n, std::int64_t k, at::ScalarType dtype) {
  torch::manual_seed(11);
  at::Tensor w = torch::randn({n, k}) * 0.02;
  w[0].mul_(1000.0);                     // a loud row
  w[1].zero_();
  w[2].fill_(0.37);
  if (k > 70) w[3][70] = 5.0;            // an outlier
  w[4].abs_();
  w[5].mul_(1e-30);
  return w.to(dtype);
}

double value(const at::Tensor& t, std::int64_t i, std::int64_t j) { return t[i][j].item<double>(); }

class Quantise : public testing::TestWithParam<at::ScalarType> {};

TEST_P(Quantise, Int8KeepsEveryValueWithinHalfAStep) {
  const at::Tensor w = matrix(9, 130, GetParam());
  const Int8Weight q = quantise_int8(w);
  ASSERT_EQ(q.values.scalar_type(), at::kChar);
  ASSERT_EQ(q.scale.scalar_type(), at::kBFloat16);
  const at::Tensor back = dequantise(q), exact = w.to(at::kDouble);
  EXPECT_EQ(back.scalar_type(), at::kFloat);
  for (std::int64_t i = 0; i < 9; ++i) {
    const double scale = q.scale[i].item<double>(), largest = exact[i].abs().max().item<double>();
    EXPECT_GE(scale * 127.0, largest * (1 - 1e-6));            // nothing clips
    EXPECT_LE(scale * 127.0, largest * (1 + 1.0 / 128) + 1e-37);
    for (std::int64_t k = 0; k < 130; ++k) {
      const int v = q.values[i][k].item<int>();
      EXPECT_NEAR(back[i][k].item<double>(), v * scale, std::abs(v * scale) * 1e-6);
      EXPECT_LE(std::abs(v * scale - value(exact, i, k)), 0.5 * scale * (1 + 1e-5)) << i << ' ' << k;
    }
  }
}

TEST_P(Quantise, Int4KeepsEveryValueWithinHalfAStepAndTheRoundedZero) {
  for (const int group : {32, 64}) {
    const at::Tensor w = matrix(9, 192, GetParam());
    const Int4Weight q = quantise_int4(w, group);
    ASSERT_EQ(q.values.sizes(), at::IntArrayRef({9, 96}));
    ASSERT_EQ(q.scales_and_zeros.sizes(), at::IntArrayRef({192 / group, 9, 2}));
    const at::Tensor back = dequantise(q), exact = w.to(at::kDouble);
    for (std::int64_t i = 0; i < 9; ++i) {
      for (std::int64_t k = 0; k < 192; ++k) {
        const int byte = q.values[i][k / 2].item<int>(), v = k % 2 == 0 ? byte & 15 : byte >> 4;
        const at::Tensor pair = q.scales_and_zeros[k / group][i];
        const double scale = pair[0].item<double>(), zero = pair[1].item<double>();
        const double expected = (v - 8) * scale + zero;
        EXPECT_NEAR(back[i][k].item<double>(), expected, 1e-6 * (std::abs(zero) + 8 * scale));
        EXPECT_LE(std::abs(expected - value(exact, i, k)), (0.5 * scale + std::abs(zero) / 256) * (1 + 1e-5)) << i << ' ' << k;
      }
      const auto part = exact[i].slice(0, 0, group);
      const double range = (part.max() - part.min()).item<double>(), scale = q.scales_and_zeros[0][i][0].item<double>();
      EXPECT_GE(scale * 15, range * (1 - 1e-6));
      EXPECT_LE(scale * 15, range * (1 + 1.0 / 128) + 1e-37);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(From, Quantise, testing::Values(at::kFloat, at::kBFloat16, at::kHalf));

TEST(QuantiseMatrices, SameBitsEveryTime) {
  const at::Tensor w = torch::randn({700, 1024});
  const Int4Weight a = quantise_int4(w), b = quantise_int4(w);
  EXPECT_TRUE(torch::equal(a.values, b.values));
  EXPECT_TRUE(torch::equal(a.scales_and_zeros, b.scales_and_zeros));
  // A part of the rows gives that part of the result.
  EXPECT_TRUE(torch::equal(quantise_int4(w.slice(0, 300, 310)).values, a.values.slice(0, 300, 310)));
  EXPECT_TRUE(torch::equal(quantise_int8(w.slice(0, 300, 310)).values, quantise_int8(w).values.slice(0, 300, 310)));
  // A transposed matrix is one too.
  EXPECT_TRUE(torch::equal(quantise_int8(w.t()).values, quantise_int8(w.t().contiguous()).values));
}

// Relative error of a normal matrix: about 0.4 % of the largest value for int8, a fifteenth of the range for int4.
TEST(QuantiseMatrices, ErrorOfANormalMatrix) {
  torch::manual_seed(2);
  const at::Tensor w = torch::randn({256, 1024});
  const auto relative = [&](const at::Tensor& back) { return ((back - w).norm() / w.norm()).item<double>(); };
  EXPECT_NEAR(relative(dequantise(quantise_int8(w))), 0.0074, 0.0006);
  EXPECT_NEAR(relative(dequantise(quantise_int4(w))), 0.090, 0.006);
}

TEST(QuantiseMatrices, RefusesWhatIsNoMatrixOfNumbers) {
  EXPECT_SAYS(refusal([] { quantise_int8(torch::zeros({3})); }), "must be a matrix, got [3]");
  EXPECT_SAYS(refusal([] { quantise_int4(torch::zeros({3, 100})); }), "groups of 64 do not divide the 100 columns");
  EXPECT_SAYS(refusal([] { quantise_int8(torch::zeros({3, 4}, torch::kInt)); }), "type Int");
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    at::Tensor w = torch::zeros({3, 64});
    w[2][5] = bad;
    EXPECT_SAYS(refusal([&] { quantise_int8(w); }), "not finite (row 2)");
    EXPECT_SAYS(refusal([&] { quantise_int4(w); }), "not finite (row 2)");
  }
}

}  // namespace
}  // namespace tactus::checkpoint
