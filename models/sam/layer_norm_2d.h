// Layer normalisation of every pixel over its channels, with an affine part (METHOD.md §1.10).
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace tactus::sam {

class LayerNorm2dImpl : public torch::nn::Module {
 public:
  explicit LayerNorm2dImpl(std::int64_t channels);
  // [B, C, h, w] → the same.
  at::Tensor forward(const at::Tensor& x);
  at::Tensor weight, bias;
};
TORCH_MODULE(LayerNorm2d);

}  // namespace tactus::sam
