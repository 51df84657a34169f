// What the parity tests of the networks share: |a - b| ≤ atol + rtol·|b| (METHOD.md §10).
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include "scratch_folder.h"

namespace tactus::testing {

inline ::testing::AssertionResult near(const at::Tensor& a, const at::Tensor& b, double atol, double rtol) {
  if (a.sizes() != b.sizes()) {
    return ::testing::AssertionFailure() << "shapes differ: " << a.sizes() << " and " << b.sizes();
  }
  const at::Tensor x = a.detach().to(at::kDouble), y = b.detach().to(at::kDouble);
  if (!x.isfinite().all().item<bool>()) return ::testing::AssertionFailure() << "not all are finite numbers";
  const double excess = ((x - y).abs() - rtol * y.abs()).max().item<double>();
  const double worst = (x - y).abs().max().item<double>();
  if (excess <= atol) return ::testing::AssertionSuccess() << "largest difference " << worst;
  return ::testing::AssertionFailure() << "largest difference " << worst << ", allowed " << atol << " + " << rtol
                                       << "·|b|";
}

// bf16: 2e-2 of the largest value, and the same direction.
inline ::testing::AssertionResult near_bf16(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.detach().to(at::kDouble).flatten(), y = b.detach().to(at::kDouble).flatten();
  if (x.numel() != y.numel()) {
    return ::testing::AssertionFailure() << "shapes differ: " << a.sizes() << " and " << b.sizes();
  }
  const double cosine = (x.dot(y) / (x.norm() * y.norm())).item<double>();
  if (!(cosine > 0.999)) return ::testing::AssertionFailure() << "cosine " << cosine;
  return near(a, b, 2e-2 * y.abs().max().item<double>(), 0.0);
}

}  // namespace tactus::testing
