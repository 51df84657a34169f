#include "tactus/llama/blocks.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>

#include <vector>

#include "tactus/layers/fused.h"

namespace tactus::llama {

RmsNormImpl::RmsNormImpl(std::int64_t size, double eps) : eps_(eps) {
  weight = register_parameter("weight", at::empty({size}));
}

at::Tensor RmsNormImpl::forward(const at::Tensor& x) {
  const at::Tensor full = x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(full.square().mean(-1, /*keepdim=*/true) + eps_);
  return weight * (full * scale).to(x.scalar_type());
}

std::pair<at::Tensor, at::Tensor> rotary_tables(const DecoderOptions& options, std::int64_t positions,
                                                at::ScalarType dtype, at::Device device) {
  const std::int64_t head_size = options.hidden_size / options.heads;
  const at::Tensor exponents = at::arange(0, head_size, 2, at::kFloat) / static_cast<double>(head_size);
  const at::Tensor frequencies = at::pow(options.rope_theta, exponents).reciprocal();
  const at::Tensor half = at::outer(at::arange(positions, at::kFloat), frequencies);
  const at::Tensor angles = at::cat({half, half}, -1);
  return {angles.cos().to(device, dtype), angles.sin().to(device, dtype)};
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::int64_t half = x.size(-1) / 2;
  const at::Tensor turned = at::cat({-x.narrow(-1, half, half), x.narrow(-1, 0, half)}, -1);
  return x * cos + turned * sin;
}

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Step& step) {
  const std::int64_t groups = q.size(1) / k.size(1);
  if (groups > 1 && q.size(2) == 1) {
    // The queries that share a key head are rows of one product; nothing is repeated.
    const at::Tensor rows = q.reshape({q.size(0), k.size(1), groups, q.size(3)});
    return at::scaled_dot_product_attention(rows, k, v).reshape(q.sizes());
  }
  const at::Tensor keys = groups > 1 ? k.repeat_interleave(groups, 1) : k;
  const at::Tensor values = groups > 1 ? v.repeat_interleave(groups, 1) : v;
  if (step.mask.defined()) return at::scaled_dot_product_attention(q, keys, values, step.mask);
  return at::scaled_dot_product_attention(q, keys, values, {}, 0.0, step.causal);
}

AttentionImpl::AttentionImpl(const DecoderOptions& options)
    : heads_(options.heads),
      key_value_heads_(options.key_value_heads),
      head_size_(options.hidden_size / options.heads) {
  const auto projection = [](std::int64_t in, std::int64_t out) {
    return layers::Linear(layers::LinearOptions(in, out).with_bias(false));
  };
  const std::int64_t hidden = options.hidden_size, narrow = key_value_heads_ * head_size_;
  q_proj = register_module("q_proj", projection(hidden, heads_ * head_size_));
  k_proj = register_module("k_proj", projection(hidden, narrow));
  v_proj = register_module("v_proj", projection(hidden, narrow));
  o_proj = register_module("o_proj", projection(heads_ * head_size_, hidden));
}

at::Tensor AttentionImpl::forward(const at::Tensor& x, const Step& step, std::int64_t layer) {
  const std::int64_t batch = x.size(0), count = x.size(1);
  const auto split = [&](const at::Tensor& y, std::int64_t heads) {
    return y.reshape({batch, count, heads, head_size_}).transpose(1, 2);
  };
  const std::vector<at::Tensor> y = layers::apply({&*q_proj, &*k_proj, &*v_proj}, fused_, x);
  const at::Tensor q = rotate(split(y[0], heads_), step.cos, step.sin);
  at::Tensor k = rotate(split(y[1], key_value_heads_), step.cos, step.sin);
  at::Tensor v = split(y[2], key_value_heads_);
  if (step.cache) {
    const auto index = static_cast<std::size_t>(layer);
    const at::Tensor &keys = step.cache->keys[index], &values = step.cache->values[index];
    keys.narrow(2, step.past, count).copy_(k);
    values.narrow(2, step.past, count).copy_(v);
    k = keys.narrow(2, 0, step.past + count);
    v = values.narrow(2, 0, step.past + count);
  }
  const at::Tensor mixed = attend(q, k, v, step);
  return o_proj(mixed.transpose(1, 2).reshape({batch, count, heads_ * head_size_}));
}

void AttentionImpl::fuse() { fused_ = layers::fuse({&*q_proj, &*k_proj, &*v_proj}); }

MlpImpl::MlpImpl(const DecoderOptions& options) {
  const auto projection = [](std::int64_t in, std::int64_t out) {
    return layers::Linear(layers::LinearOptions(in, out).with_bias(false));
  };
  gate_proj = register_module("gate_proj", projection(options.hidden_size, options.intermediate_size));
  up_proj = register_module("up_proj", projection(options.hidden_size, options.intermediate_size));
  down_proj = register_module("down_proj", projection(options.intermediate_size, options.hidden_size));
}

at::Tensor MlpImpl::forward(const at::Tensor& x) {
  const std::vector<at::Tensor> y = layers::apply({&*gate_proj, &*up_proj}, fused_, x);
  return down_proj(at::silu(y[0]) * y[1]);
}

void MlpImpl::fuse() { fused_ = layers::fuse({&*gate_proj, &*up_proj}); }

DecoderLayerImpl::DecoderLayerImpl(const DecoderOptions& options) {
  self_attn = register_module("self_attn", Attention(options));
  mlp = register_module("mlp", Mlp(options));
  input_layernorm = register_module("input_layernorm", RmsNorm(options.hidden_size, options.rms_norm_eps));
  post_attention_layernorm =
      register_module("post_attention_layernorm", RmsNorm(options.hidden_size, options.rms_norm_eps));
}

at::Tensor DecoderLayerImpl::forward(const at::Tensor& x, const Step& step, std::int64_t layer) {
  const at::Tensor attended = x + self_attn(input_layernorm(x), step, layer);
  return attended + mlp(post_attention_layernorm(attended));
}

}  // namespace tactus::llama
