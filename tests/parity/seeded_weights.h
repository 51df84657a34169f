// What make_sam.py and make_conditioning.py draw instead of storing, and how answers are compared.
#pragma once

#include <gtest/gtest.h>

#include <ATen/Context.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <torch/nn/module.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tactus/checkpoint/tensor_source.h"
#include "tactus/image.h"

namespace tactus::parity {

inline at::Tensor drawn(at::IntArrayRef shape, std::uint64_t seed) {
  at::manual_seed(seed);
  return at::randn(shape);
}

// Parameters and buffers in the order of their names; a name that differs from the reference's shifts the seeds.
inline void seed_weights(torch::nn::Module& module, std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> tensors;
  for (const auto& item : module.named_parameters()) tensors[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) tensors[item.key()] = item.value();
  for (auto& [name, tensor] : tensors) {
    at::Tensor values = drawn(tensor.sizes(), seed++);
    if (tensor.dim() > 1) {
      values = values / std::sqrt(static_cast<double>(tensor.numel()) / static_cast<double>(tensor.size(0)));
    } else {
      values = values * 0.1 + (name.ends_with("weight") ? 1.0 : 0.0);
    }
    tensor.copy_(values);
  }
  module.eval();
}

// Smooth waves with some grain.
inline ImageU8 picture(int width, int height) {
  ImageU8 image(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.at(x, y, c) = static_cast<std::uint8_t>((x * (c + 2) + y * 3) / 2 % 160 +
                                                      (x * 73 + y * 151 + c * 199 + x * y * 7) % 96);
      }
    }
  }
  return image;
}

inline std::int64_t checksum(const ImageU8& image) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < image.data.size(); ++i) sum += static_cast<std::int64_t>(i % 65521 + 1) * image.data[i];
  return sum;
}

inline std::shared_ptr<const checkpoint::TensorSource> fixture(const std::string& file) {
  return checkpoint::open_tensors(std::string(TACTUS_TEST_DATA) + "/" + file);
}

// |a - b| ≤ tolerance + tolerance·|b|, element by element.
inline void expect_near(const at::Tensor& a, const at::Tensor& b, double tolerance, const std::string& what) {
  ASSERT_EQ(a.sizes(), b.sizes()) << what;
  const at::Tensor x = a.detach().to(at::kDouble), y = b.detach().to(at::kDouble);
  const double excess = ((x - y).abs() - tolerance * (1.0 + y.abs())).max().item<double>();
  EXPECT_LE(excess, 0.0) << what << ": largest difference " << (x - y).abs().max().item<double>();
}

// bf16 (METHOD.md §10): within 2 % of the largest value, and of the same direction.
inline void expect_alike(const at::Tensor& a, const at::Tensor& b, const std::string& what) {
  ASSERT_EQ(a.sizes(), b.sizes()) << what;
  const at::Tensor x = a.detach().to(at::kDouble).flatten(), y = b.detach().to(at::kDouble).flatten();
  EXPECT_LE((x - y).abs().max().item<double>(), 2e-2 * y.abs().max().item<double>()) << what;
  EXPECT_GT((at::dot(x, y) / (x.norm() * y.norm())).item<double>(), 0.999) << what;
}

// a[..., ::step, ::step, …] over the last dimensions.
inline at::Tensor thinned(at::Tensor a, const std::vector<std::int64_t>& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    a = a.slice(a.dim() - static_cast<std::int64_t>(steps.size() - i), 0, std::nullopt, steps[i]);
  }
  return a;
}

}  // namespace tactus::parity
