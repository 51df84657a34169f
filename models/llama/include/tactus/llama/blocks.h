// The parts of one LLaMA layer (METHOD.md §1.6). Submodule names equal the checkpoint's keys.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <utility>

#include "tactus/layers/linear.h"
#include "tactus/llama/decoder.h"

namespace tactus::llama {

// Statistics in fp32, cast back to the input's dtype, then times weight.
class RmsNormImpl : public torch::nn::Module {
 public:
  RmsNormImpl(std::int64_t size, double eps);
  at::Tensor forward(const at::Tensor& x);
  at::Tensor weight;   // [size]; not initialised

 private:
  double eps_;
};
TORCH_MODULE(RmsNorm);

// cos and sin, each [positions, head size]: fp32 angles position · theta^(-2j / head size), the second half of the
// columns a copy of the first; cast to `dtype` at the end.
std::pair<at::Tensor, at::Tensor> rotary_tables(const DecoderOptions& options, std::int64_t positions,
                                                at::ScalarType dtype, at::Device device);
// x [B, heads, T, head size]; cos and sin [T, head size]. Dimension d pairs with d + half.
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

// What one call of the decoder shares between its layers.
struct Step {
  at::Tensor cos, sin;           // [T, head size]: the rows of this call's positions
  at::Tensor mask;               // bool [T, past + T], true = seen; undefined where none is needed
  bool causal = false;           // no past, no prefix and T > 1: the kernel's own causal mask
  KeyValueCache* cache = nullptr;
  std::int64_t past = 0;
};

// q [B, heads, T, size]; k and v [B, key_value_heads, past + T, size] → [B, heads, T, size]. Softmax in fp32.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Step& step);

class AttentionImpl : public torch::nn::Module {
 public:
  explicit AttentionImpl(const DecoderOptions& options);
  at::Tensor forward(const at::Tensor& x, const Step& step, std::int64_t layer);
  void fuse();   // q, k and v in one product
  layers::Linear q_proj{nullptr}, k_proj{nullptr}, v_proj{nullptr}, o_proj{nullptr};

 private:
  std::int64_t heads_, key_value_heads_, head_size_;
  layers::Linear fused_{nullptr};
};
TORCH_MODULE(Attention);

class MlpImpl : public torch::nn::Module {
 public:
  explicit MlpImpl(const DecoderOptions& options);
  at::Tensor forward(const at::Tensor& x);
  void fuse();   // gate and up in one product
  layers::Linear gate_proj{nullptr}, up_proj{nullptr}, down_proj{nullptr};

 private:
  layers::Linear fused_{nullptr};
};
TORCH_MODULE(Mlp);

class DecoderLayerImpl : public torch::nn::Module {
 public:
  explicit DecoderLayerImpl(const DecoderOptions& options);
  at::Tensor forward(const at::Tensor& x, const Step& step, std::int64_t layer);
  Attention self_attn{nullptr};
  Mlp mlp{nullptr};
  RmsNorm input_layernorm{nullptr}, post_attention_layernorm{nullptr};
};
TORCH_MODULE(DecoderLayer);

}  // namespace tactus::llama
