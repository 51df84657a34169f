// The small learned parts of the compact network.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include <cstdint>
#include <vector>

#include "tactus/compact/weights_info.h"
#include "tactus/layers/linear.h"

namespace tactus::compact {

// Linear layers with an activation between them, numbered as in a Sequential: "0", "2", …
class HeadImpl : public torch::nn::Module {
 public:
  enum class Activation { relu, silu };
  HeadImpl(const std::vector<std::int64_t>& sizes, Activation activation);
  at::Tensor forward(const at::Tensor& x);

 private:
  std::vector<layers::Linear> layers_;
  Activation activation_;
};

// Values on points, one a point, from the point's features, what is near it, and the contact token, which scales and shifts two
// hidden layers. The scales are multiplied into the weights: nothing of [B, S, hidden] is touched for it.
class SurfaceDecoderImpl : public torch::nn::Module {
 public:
  // What the states of the scene's clusters say reaches the points by fixed weights (the body's points, which lie among the clusters),
  // or by attention (an object's, whose place among them is not known; `hidden` is a multiple of kReachHeads). An object's points are
  // few: they have a third hidden layer.
  enum class Reach { spread, attention };
  // states: width of the clusters' states; fixed: of features that all prompts share, 0: none.
  SurfaceDecoderImpl(std::int64_t features, Reach reach, std::int64_t states, std::int64_t fixed, std::int64_t token, std::int64_t hidden);
  void start_at_zero();   // the last layer: the first answer is the prior

  // points [B, S, features], token [B, token], states [B, C, states] → [B, S]. Reach::spread: `spread` [S, C], rows add up to 1;
  // with fixed: `shared` [S, fixed].
  at::Tensor forward(const at::Tensor& points, const at::Tensor& token, const at::Tensor& states, const at::Tensor& spread = {},
                     const at::Tensor& shared = {});

 private:
  std::int64_t hidden_;
  at::Tensor points_weight_, hidden_weight_, hidden_bias_;   // [features, H], [H, H], [H]
  layers::Linear film_{nullptr}, near_in_{nullptr}, near_token_{nullptr}, near_out_{nullptr}, fixed_{nullptr}, query_{nullptr},
      key_{nullptr}, more_{nullptr}, out_{nullptr};
};

}  // namespace tactus::compact
