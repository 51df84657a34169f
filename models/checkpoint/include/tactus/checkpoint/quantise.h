// Weight-only quantisation of matrices [N, K] (out, in): what is stored, and back.
#pragma once

#include <torch/types.h>

namespace tactus::checkpoint {

enum class Precision { fp32, bf16, int8, int4 };

// Symmetric, one scale a row: W ≈ values · scale. Stored as "<name>" (int8) and "<name>.scale" (bf16).
struct Int8Weight {
  at::Tensor values;   // int8 [N, K]
  at::Tensor scale;    // bf16 [N]
};
Int8Weight quantise_int8(const at::Tensor& weight);
at::Tensor dequantise(const Int8Weight& weight);      // float32 [N, K]

// Asymmetric in groups of `group` along K (the last may be shorter only if K is not divisible: then int8 is used
// instead by the caller): W ≈ (q − 8)·scale + zero, q in 0…15, two values a byte, even column in the low half.
// Stored as "<name>" (uint8) and "<name>.scales_and_zeros" (bf16).
struct Int4Weight {
  at::Tensor values;             // uint8 [N, K/2]
  at::Tensor scales_and_zeros;   // bf16 [K/group, N, 2]
  int group = 64;
};
Int4Weight quantise_int4(const at::Tensor& weight, int group = 64);
at::Tensor dequantise(const Int4Weight& weight);      // float32 [N, K]

}  // namespace tactus::checkpoint
