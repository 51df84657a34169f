#include "layer_norm_2d.h"

#include <ATen/ops/layer_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

namespace tactus::sam {

LayerNorm2dImpl::LayerNorm2dImpl(std::int64_t channels)
    : weight(register_parameter("weight", at::ones({channels}))),
      bias(register_parameter("bias", at::zeros({channels}))) {}

at::Tensor LayerNorm2dImpl::forward(const at::Tensor& x) {
  // Kept channels-last in memory: the convolutions around take that layout as it is.
  return at::layer_norm(x.permute({0, 2, 3, 1}), weight.sizes(), weight, bias, 1e-6).permute({0, 3, 1, 2});
}

}  // namespace tactus::sam
