#include "tactus/clip/vision_tower.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>
#include <torch/nn/modules/container/modulelist.h>

#include <string>

#include "tactus/error.h"
#include "tactus/layers/linear.h"

namespace tactus::clip {
namespace {

// A tensor under a name of its own ("patch_embedding.weight"); not initialised.
class TableImpl : public torch::nn::Module {
 public:
  explicit TableImpl(at::IntArrayRef shape) { weight = register_parameter("weight", at::empty(shape)); }
  at::Tensor weight;
};

class LayerNormImpl : public torch::nn::Module {
 public:
  LayerNormImpl(std::int64_t size, double eps) : size_(size), eps_(eps) {
    weight_ = register_parameter("weight", at::empty({size}));
    bias_ = register_parameter("bias", at::empty({size}));
  }
  at::Tensor forward(const at::Tensor& x) { return at::layer_norm(x, {size_}, weight_, bias_, eps_); }

 private:
  std::int64_t size_;
  double eps_;
  at::Tensor weight_, bias_;
};
TORCH_MODULE(LayerNorm);

class EmbeddingsImpl : public torch::nn::Module {
 public:
  explicit EmbeddingsImpl(const VisionTowerOptions& o) : stride_(o.patch_size) {
    class_embedding_ = register_parameter("class_embedding", at::empty({o.hidden_size}));
    patch_embedding_ = register_module(
        "patch_embedding",
        std::make_shared<TableImpl>(at::IntArrayRef{o.hidden_size, 3, o.patch_size, o.patch_size}));
    position_embedding_ = register_module(
        "position_embedding", std::make_shared<TableImpl>(at::IntArrayRef{o.patches() + 1, o.hidden_size}));
  }
  // [B, 3, S, S] → [B, 1 + patches, hidden]
  at::Tensor forward(const at::Tensor& pixels) {
    const at::Tensor patches =
        at::conv2d(pixels, patch_embedding_->weight, {}, stride_).flatten(2).transpose(1, 2);
    const at::Tensor first = class_embedding_.expand({pixels.size(0), 1, -1});
    return at::cat({first, patches}, 1) + position_embedding_->weight;
  }

 private:
  std::int64_t stride_;
  at::Tensor class_embedding_;
  std::shared_ptr<TableImpl> patch_embedding_, position_embedding_;
};
TORCH_MODULE(Embeddings);

class AttentionImpl : public torch::nn::Module {
 public:
  explicit AttentionImpl(const VisionTowerOptions& o) : heads_(o.heads) {
    const auto square = [&] { return layers::Linear(layers::LinearOptions(o.hidden_size, o.hidden_size)); };
    q_proj_ = register_module("q_proj", square());
    k_proj_ = register_module("k_proj", square());
    v_proj_ = register_module("v_proj", square());
    out_proj_ = register_module("out_proj", square());
  }
  at::Tensor forward(const at::Tensor& x) {
    const auto split = [&](const at::Tensor& y) {
      return y.view({y.size(0), y.size(1), heads_, -1}).transpose(1, 2);
    };
    const at::Tensor mixed =
        at::scaled_dot_product_attention(split(q_proj_(x)), split(k_proj_(x)), split(v_proj_(x)));
    return out_proj_(mixed.transpose(1, 2).reshape(x.sizes()));
  }

 private:
  std::int64_t heads_;
  layers::Linear q_proj_{nullptr}, k_proj_{nullptr}, v_proj_{nullptr}, out_proj_{nullptr};
};
TORCH_MODULE(Attention);

class MlpImpl : public torch::nn::Module {
 public:
  explicit MlpImpl(const VisionTowerOptions& o) {
    fc1_ = register_module("fc1", layers::Linear(layers::LinearOptions(o.hidden_size, o.mlp_size)));
    fc2_ = register_module("fc2", layers::Linear(layers::LinearOptions(o.mlp_size, o.hidden_size)));
  }
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = fc1_(x);
    return fc2_(y * at::sigmoid(1.702 * y));   // quick-GELU
  }

 private:
  layers::Linear fc1_{nullptr}, fc2_{nullptr};
};
TORCH_MODULE(Mlp);

class LayerImpl : public torch::nn::Module {
 public:
  explicit LayerImpl(const VisionTowerOptions& o) {
    self_attn_ = register_module("self_attn", Attention(o));
    layer_norm1_ = register_module("layer_norm1", LayerNorm(o.hidden_size, o.layer_norm_eps));
    mlp_ = register_module("mlp", Mlp(o));
    layer_norm2_ = register_module("layer_norm2", LayerNorm(o.hidden_size, o.layer_norm_eps));
  }
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor attended = x + self_attn_(layer_norm1_(x));
    return attended + mlp_(layer_norm2_(attended));
  }

 private:
  Attention self_attn_{nullptr};
  Mlp mlp_{nullptr};
  LayerNorm layer_norm1_{nullptr}, layer_norm2_{nullptr};
};
TORCH_MODULE(Layer);

class EncoderImpl : public torch::nn::Module {
 public:
  explicit EncoderImpl(const VisionTowerOptions& o) {
    layers = register_module("layers", torch::nn::ModuleList());
    for (std::int64_t i = 0; i < o.layers; ++i) layers->push_back(Layer(o));
  }
  torch::nn::ModuleList layers{nullptr};
};
TORCH_MODULE(Encoder);

}  // namespace

// Everything of the file lies under "vision_model."; post_layernorm is held because the file has it.
class VisionModelImpl : public torch::nn::Module {
 public:
  explicit VisionModelImpl(const VisionTowerOptions& o) {
    embeddings_ = register_module("embeddings", Embeddings(o));
    pre_layrnorm_ = register_module("pre_layrnorm", LayerNorm(o.hidden_size, o.layer_norm_eps));
    encoder_ = register_module("encoder", Encoder(o));
    register_module("post_layernorm", LayerNorm(o.hidden_size, o.layer_norm_eps));
  }
  // hidden_states[index], index 0 being what enters the first layer.
  at::Tensor forward(const at::Tensor& pixels, std::int64_t index) {
    at::Tensor x = pre_layrnorm_(embeddings_(pixels));
    for (std::int64_t i = 0; i < index; ++i) {
      x = encoder_->layers[static_cast<std::size_t>(i)]->as<LayerImpl>()->forward(x);
    }
    return x;
  }

 private:
  Embeddings embeddings_{nullptr};
  LayerNorm pre_layrnorm_{nullptr};
  Encoder encoder_{nullptr};
};

VisionTowerImpl::VisionTowerImpl(const VisionTowerOptions& options) : options(options) {
  vision_model_ = register_module("vision_model", std::make_shared<VisionModelImpl>(options));
}

at::Tensor VisionTowerImpl::forward(const at::Tensor& pixels, std::int64_t select_layer) {
  TORCH_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) == options.image_size &&
                  pixels.size(3) == options.image_size,
              "pixels should be [batch, 3, ", options.image_size, ", ", options.image_size, "], got ",
              pixels.sizes());
  const std::int64_t states = options.layers + 1;
  const std::int64_t index = select_layer < 0 ? select_layer + states : select_layer;
  if (index < 0 || index >= states) {
    throw bad_input("layer " + std::to_string(select_layer) + " of the vision tower was asked for, but it has " +
                    std::to_string(options.layers) + " layers");
  }
  return vision_model_->forward(pixels, index).narrow(1, 1, options.patches());
}

}  // namespace tactus::clip
