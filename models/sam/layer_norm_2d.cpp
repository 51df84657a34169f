#include "layer_norm_2d.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <vector>

namespace tactus::sam {

LayerNorm2dImpl::LayerNorm2dImpl(std::int64_t channels)
    : weight(register_parameter("weight", at::ones({channels}))),
      bias(register_parameter("bias", at::zeros({channels}))) {}

at::Tensor LayerNorm2dImpl::forward(const at::Tensor& x) {
  // Step by step, each rounded to the type of the activations, as the published network does.
  const at::Tensor centred = x - x.mean(1, true);
  const at::Tensor variance = centred.pow(2).mean(1, true);
  const std::vector<std::int64_t> across = {-1, 1, 1};
  return weight.view(across) * (centred / at::sqrt(variance + 1e-6)) + bias.view(across);
}

}  // namespace tactus::sam
