#include "surface_decoder.h"

#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <string>

namespace tactus::compact {

HeadImpl::HeadImpl(const std::vector<std::int64_t>& sizes, Activation activation) : activation_(activation) {
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    layers_.push_back(register_module(std::to_string(2 * i), layers::Linear(layers::LinearOptions(sizes[i], sizes[i + 1]))));
  }
}

at::Tensor HeadImpl::forward(const at::Tensor& x) {
  at::Tensor y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (i > 0) y = activation_ == Activation::relu ? at::relu(y) : at::silu(y);
    y = layers_[i](y);
  }
  return y;
}

SurfaceDecoderImpl::SurfaceDecoderImpl(std::int64_t features, Reach reach, std::int64_t states, std::int64_t fixed, std::int64_t token,
                                       std::int64_t hidden)
    : hidden_(hidden) {
  const auto linear = [&](const char* name, std::int64_t in, std::int64_t out, bool bias = true) {
    return register_module(name, layers::Linear(layers::LinearOptions(in, out).with_bias(bias)));
  };
  points_weight_ = register_parameter("points_weight", at::empty({features, hidden}));
  hidden_weight_ = register_parameter("hidden_weight", at::empty({hidden, hidden}));
  hidden_bias_ = register_parameter("hidden_bias", at::empty({hidden}));
  film_ = linear("film", token, 4 * hidden);
  near_in_ = linear("near_in", states, hidden);
  near_token_ = linear("near_token", token, hidden, false);
  near_out_ = linear("near_out", hidden, hidden);
  if (reach == Reach::attention) {
    query_ = linear("query", features, hidden);
    key_ = linear("key", states, hidden);
    more_ = linear("more", hidden, hidden);
  }
  if (fixed > 0) fixed_ = linear("fixed", fixed, hidden);
  out_ = linear("out", hidden, 1);
}

void SurfaceDecoderImpl::start_at_zero() {
  const torch::NoGradGuard no_grad;
  out_->weight.zero_();
  out_->bias.zero_();
}

at::Tensor SurfaceDecoderImpl::forward(const at::Tensor& points, const at::Tensor& token, const at::Tensor& states,
                                       const at::Tensor& spread, const at::Tensor& shared) {
  const std::int64_t batch = points.size(0), count = points.size(1);
  const at::Tensor film = film_(token).unsqueeze(1);   // [B, 1, 4H]
  const auto part = [&](std::int64_t i) { return film.narrow(2, i * hidden_, hidden_); };

  const at::Tensor first = points_weight_ * (1.0 + part(0));   // [B, features, H]
  // The weights of a point add up to 1: a shift of every cluster is a shift of every point.
  at::Tensor near = at::silu(near_in_(states) + near_token_(token).unsqueeze(1));
  near = near_out_(near) + part(1);
  at::Tensor x;
  if (query_.is_empty()) {
    const at::Tensor weights = spread.unsqueeze(0).expand({batch, count, spread.size(1)});
    x = fixed_.is_empty() ? at::bmm(weights, near) : at::baddbmm(fixed_(shared).expand({batch, count, hidden_}), weights, near);
  } else {
    const auto heads = [&](const at::Tensor& y) { return y.reshape({batch, y.size(1), kReachHeads, hidden_ / kReachHeads}).transpose(1, 2); };
    x = at::scaled_dot_product_attention(heads(query_(points)), heads(key_(states)), heads(near)).transpose(1, 2).reshape({batch, count, hidden_});
    if (!fixed_.is_empty()) x = x + fixed_(shared);
  }
  x = at::baddbmm(x, points, first);
  x = at::silu(x);
  x = at::silu(at::baddbmm(part(3) + hidden_bias_, x, hidden_weight_ * (1.0 + part(2))));
  if (!more_.is_empty()) x = x + at::silu(more_(x));
  return out_(x).squeeze(-1);
}

}  // namespace tactus::compact
