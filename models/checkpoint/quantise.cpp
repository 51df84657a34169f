#include "tactus/checkpoint/quantise.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "stored_tensors.h"
#include "tactus/error.h"
#include "tactus/parallel.h"

namespace tactus::checkpoint {
namespace {

// Rows of one piece of work: about a quarter of a million values.
std::size_t rows_a_piece(std::int64_t columns) {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, (std::int64_t{1} << 18) / std::max<std::int64_t>(columns, 1)));
}

float to_float(at::BFloat16 value) { return static_cast<float>(value); }

// The least bfloat16 that is not below `value` ≥ 0: a scale that never makes the largest value clip.
at::BFloat16 rounded_up(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  bits = (bits + 0xffffU) >> 16U;
  return at::BFloat16(static_cast<std::uint16_t>(bits), at::BFloat16::from_bits());
}

// To the nearest whole number, ties to even, for |value| < 2²²; unlike std::nearbyint it needs no call.
float rounded(float value) {
  constexpr float kShift = 12582912.0F;   // 1.5 · 2²³
  return (value + kShift) - kShift;
}

// A matrix whose rows are read as float32.
class Rows {
 public:
  explicit Rows(const at::Tensor& weight) : weight_(weight.detach().cpu().contiguous()), columns_(weight.size(1)) {
    const auto dtype = weight_.scalar_type();
    if (dtype != at::kFloat && dtype != at::kBFloat16 && dtype != at::kHalf)
      throw bad_input(std::string("a matrix of type ") + c10::toString(dtype) + " cannot be quantised; it must be float32, bfloat16 or float16");
  }
  // The row's largest magnitude.
  float read(std::int64_t row, float* to) const {
    switch (weight_.scalar_type()) {
      case at::kFloat: copy<float>(row, to); break;
      case at::kHalf: copy<at::Half>(row, to); break;
      default: copy<at::BFloat16>(row, to);
    }
    // Magnitudes compare as their bits do; what is not finite lies above the rest.
    std::int32_t largest = 0;
    for (std::int64_t k = 0; k < columns_; ++k) {
      std::int32_t bits = 0;
      std::memcpy(&bits, to + k, sizeof bits);
      largest = std::max(largest, bits & 0x7fffffff);
    }
    if (largest >= 0x7f800000)
      throw bad_input("a matrix to be quantised holds values that are not finite (row " + std::to_string(row) + ")");
    float magnitude = 0.0F;
    std::memcpy(&magnitude, &largest, sizeof magnitude);
    return magnitude;
  }

 private:
  template <typename T>
  void copy(std::int64_t row, float* to) const {
    const T* from = weight_.const_data_ptr<T>() + row * columns_;
    for (std::int64_t k = 0; k < columns_; ++k) to[k] = static_cast<float>(from[k]);
  }
  at::Tensor weight_;
  std::int64_t columns_;
};

void check_matrix(const at::Tensor& weight, const char* who) {
  if (weight.dim() != 2) throw bad_input(std::string(who) + ": the weight must be a matrix, got " + shape_text(weight.sizes().vec()));
}

}  // namespace

Int8Weight quantise_int8(const at::Tensor& weight) {
  check_matrix(weight, "quantise_int8");
  const std::int64_t n = weight.size(0), columns = weight.size(1);
  const Rows rows(weight);
  Int8Weight result{at::empty({n, columns}, at::kChar), at::empty({n}, at::kBFloat16)};
  auto* values = result.values.mutable_data_ptr<std::int8_t>();
  auto* scales = result.scale.mutable_data_ptr<at::BFloat16>();
  parallel_for(static_cast<std::size_t>(n), rows_a_piece(columns), [&](std::size_t begin, std::size_t end) {
    std::vector<float> row(static_cast<std::size_t>(columns));
    for (auto i = static_cast<std::int64_t>(begin); i < static_cast<std::int64_t>(end); ++i) {
      scales[i] = rounded_up(rows.read(i, row.data()) / 127.0F);
      const float scale = to_float(scales[i]), inverse = scale > 0.0F ? scale : 1.0F;
      std::int8_t* out = values + i * columns;
      for (std::int64_t k = 0; k < columns; ++k)
        out[k] = static_cast<std::int8_t>(static_cast<int>(rounded(std::clamp(row[static_cast<std::size_t>(k)] / inverse, -127.0F, 127.0F))));
    }
  });
  return result;
}

at::Tensor dequantise(const Int8Weight& weight) {
  return weight.values.to(at::kFloat) * weight.scale.to(at::kFloat).unsqueeze(1);
}

Int4Weight quantise_int4(const at::Tensor& weight, int group) {
  check_matrix(weight, "quantise_int4");
  const std::int64_t n = weight.size(0), columns = weight.size(1);
  if (group < 2 || group % 2 != 0 || columns % group != 0 || columns == 0) {
    throw bad_input("quantise_int4: groups of " + std::to_string(group) + " do not divide the " + std::to_string(columns) +
                    " columns of the weight; an even divisor is needed, or int8");
  }
  const Rows rows(weight);
  const std::int64_t groups = columns / group;
  Int4Weight result{at::empty({n, columns / 2}, at::kByte), at::empty({groups, n, 2}, at::kBFloat16), group};
  auto* values = result.values.mutable_data_ptr<std::uint8_t>();
  auto* scales = result.scales_and_zeros.mutable_data_ptr<at::BFloat16>();
  parallel_for(static_cast<std::size_t>(n), rows_a_piece(columns), [&](std::size_t begin, std::size_t end) {
    std::vector<float> row(static_cast<std::size_t>(columns)), steps(static_cast<std::size_t>(group));
    for (auto i = static_cast<std::int64_t>(begin); i < static_cast<std::int64_t>(end); ++i) {
      rows.read(i, row.data());
      for (std::int64_t g = 0; g < groups; ++g) {
        const float* w = row.data() + g * group;
        const auto [low, high] = std::minmax_element(w, w + group);
        at::BFloat16* pair = scales + (g * n + i) * 2;
        pair[0] = rounded_up((*high - *low) / 15.0F);
        pair[1] = at::BFloat16(*low + 8.0F * to_float(pair[0]));
        const float scale = to_float(pair[0]), zero = to_float(pair[1]), inverse = scale > 0.0F ? scale : 1.0F;
        for (int k = 0; k < group; ++k)
          steps[static_cast<std::size_t>(k)] = std::clamp(rounded((w[k] - zero) / inverse) + 8.0F, 0.0F, 15.0F);
        std::uint8_t* out = values + (i * columns + g * group) / 2;
        for (std::size_t k = 0; k < steps.size(); k += 2)
          out[k / 2] = static_cast<std::uint8_t>(static_cast<unsigned>(steps[k]) | (static_cast<unsigned>(steps[k + 1]) << 4U));
      }
    }
  });
  return result;
}

at::Tensor dequantise(const Int4Weight& weight) {
  const std::int64_t n = weight.values.size(0), columns = weight.values.size(1) * 2, groups = columns / weight.group;
  const auto low = weight.values.bitwise_and(15), high = weight.values.bitwise_right_shift(4);
  const auto q = at::stack({low, high}, 2).view({n, groups, weight.group}).to(at::kFloat);
  const auto scales = weight.scales_and_zeros.to(at::kFloat).transpose(0, 1);   // [N, groups, 2]
  return ((q - 8.0) * scales.select(2, 0).unsqueeze(2) + scales.select(2, 1).unsqueeze(2)).view({n, columns});
}

}  // namespace tactus::checkpoint
