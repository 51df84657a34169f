// What more than one of Segment Anything's three networks is made of.
#pragma once

#include <ATen/ops/zeros.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "tactus/layers/linear.h"

namespace tactus::sam {

inline layers::Linear linear(std::int64_t in, std::int64_t out) { return layers::Linear(layers::LinearOptions(in, out)); }

// Learned rows [rows, C], stored as an embedding table is.
class RowsImpl : public torch::nn::Module {
 public:
  RowsImpl(std::int64_t rows, std::int64_t channels)
      : weight(register_parameter("weight", at::zeros({rows, channels}))) {}
  at::Tensor weight;
};
TORCH_MODULE(Rows);

}  // namespace tactus::sam
