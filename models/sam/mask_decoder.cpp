#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>

#include <cmath>
#include <string>

#include "layer_norm_2d.h"
#include "parts.h"
#include "tactus/sam/sam.h"

namespace tactus::sam {
namespace {

class AttentionImpl : public torch::nn::Module {
 public:
  AttentionImpl(std::int64_t channels, std::int64_t inner, std::int64_t heads)
      : heads_(heads),
        q_proj_(register_module("q_proj", linear(channels, inner))),
        k_proj_(register_module("k_proj", linear(channels, inner))),
        v_proj_(register_module("v_proj", linear(channels, inner))),
        out_proj_(register_module("out_proj", linear(inner, channels))) {}

  // [B, Nq, C], [B, Nk, C], [B, Nk, C] → [B, Nq, C].
  at::Tensor forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    // Step by step, each rounded to the type of the activations, as the published network does (§2.17): the fused
    // call rounds less, which in bf16 shows in the masks.
    const at::Tensor queries = split(q_proj_(q)), keys = split(k_proj_(k));
    const at::Tensor scores = at::matmul(queries, keys.transpose(2, 3)) / std::sqrt(static_cast<double>(queries.size(3)));
    const at::Tensor mixed = at::matmul(at::softmax(scores, -1), split(v_proj_(v)));
    return out_proj_(mixed.transpose(1, 2).flatten(2));
  }

 private:
  at::Tensor split(const at::Tensor& x) const { return x.unflatten(2, {heads_, -1}).transpose(1, 2); }

  std::int64_t heads_;
  layers::Linear q_proj_, k_proj_, v_proj_, out_proj_;
};
TORCH_MODULE(Attention);

class MlpImpl : public torch::nn::Module {
 public:
  MlpImpl(std::int64_t channels, std::int64_t hidden)
      : lin1_(register_module("lin1", linear(channels, hidden))),
        lin2_(register_module("lin2", linear(hidden, channels))) {}
  at::Tensor forward(const at::Tensor& x) { return lin2_(at::relu(lin1_(x))); }

 private:
  layers::Linear lin1_, lin2_;
};
TORCH_MODULE(Mlp);

// One layer of the transformer: tokens look at each other and at the image, then the image looks at the tokens.
class TwoWayBlockImpl : public torch::nn::Module {
 public:
  TwoWayBlockImpl(const MaskDecoderOptions& o, bool first)
      : first_(first),
        self_attn_(register_module("self_attn", Attention(o.channels, o.channels, o.heads))),
        norm1_(register_module("norm1", norm(o))),
        to_image_(register_module("cross_attn_token_to_image", Attention(o.channels, o.channels / 2, o.heads))),
        norm2_(register_module("norm2", norm(o))),
        mlp_(register_module("mlp", Mlp(o.channels, o.mlp_size))),
        norm3_(register_module("norm3", norm(o))),
        norm4_(register_module("norm4", norm(o))),
        to_token_(register_module("cross_attn_image_to_token", Attention(o.channels, o.channels / 2, o.heads))) {}

  // tokens [V, T, C], image [V, g², C] with their positional codes; both are replaced.
  void forward(at::Tensor& tokens, at::Tensor& image, const at::Tensor& token_codes, const at::Tensor& image_codes) {
    if (first_) {
      tokens = norm1_(self_attn_(tokens, tokens, tokens));   // no residual: the tokens are their own codes here
    } else {
      const at::Tensor q = tokens + token_codes;
      tokens = norm1_(tokens + self_attn_(q, q, tokens));
    }
    tokens = norm2_(tokens + to_image_(tokens + token_codes, image + image_codes, image));
    tokens = norm3_(tokens + mlp_(tokens));
    image = norm4_(image + to_token_(image + image_codes, tokens + token_codes, tokens));
  }

  static torch::nn::LayerNorm norm(const MaskDecoderOptions& o) {
    return torch::nn::LayerNorm(torch::nn::LayerNormOptions({o.channels}).eps(1e-5));
  }

 private:
  bool first_;
  Attention self_attn_;
  torch::nn::LayerNorm norm1_;
  Attention to_image_;
  torch::nn::LayerNorm norm2_;
  Mlp mlp_;
  torch::nn::LayerNorm norm3_, norm4_;
  Attention to_token_;
};
TORCH_MODULE(TwoWayBlock);

class TwoWayTransformerImpl : public torch::nn::Module {
 public:
  explicit TwoWayTransformerImpl(const MaskDecoderOptions& o) {
    torch::nn::ModuleList layers;
    for (std::int64_t i = 0; i < o.layers; ++i) {
      layers_.emplace_back(o, i == 0);
      layers->push_back(layers_.back());
    }
    register_module("layers", layers);
    final_ = register_module("final_attn_token_to_image", Attention(o.channels, o.channels / 2, o.heads));
    norm_ = register_module("norm_final_attn", TwoWayBlockImpl::norm(o));
  }

  void forward(at::Tensor& tokens, at::Tensor& image, const at::Tensor& image_codes) {
    const at::Tensor token_codes = tokens;
    for (TwoWayBlock& layer : layers_) layer->forward(tokens, image, token_codes, image_codes);
    tokens = norm_(tokens + final_(tokens + token_codes, image + image_codes, image));
  }

 private:
  std::vector<TwoWayBlock> layers_;
  Attention final_{nullptr};
  torch::nn::LayerNorm norm_{nullptr};
};
TORCH_MODULE(TwoWayTransformer);

class UpscalingImpl : public torch::nn::Module {
 public:
  explicit UpscalingImpl(std::int64_t channels)
      : conv0_(register_module("0", doubling(channels, channels / 4))),
        norm1_(register_module("1", LayerNorm2d(channels / 4))),
        conv3_(register_module("3", doubling(channels / 4, channels / 8))) {}
  at::Tensor forward(const at::Tensor& x) { return at::gelu(conv3_(at::gelu(norm1_(conv0_(x))))); }

 private:
  static torch::nn::ConvTranspose2d doubling(std::int64_t in, std::int64_t out) {
    return torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 2).stride(2));
  }
  torch::nn::ConvTranspose2d conv0_;
  LayerNorm2d norm1_;
  torch::nn::ConvTranspose2d conv3_;
};
TORCH_MODULE(Upscaling);

// Three layers with ReLU between.
class HeadImpl : public torch::nn::Module {
 public:
  HeadImpl(std::int64_t in, std::int64_t hidden, std::int64_t out) {
    torch::nn::ModuleList layers;
    for (int i = 0; i < 3; ++i) {
      layers_.push_back(linear(i == 0 ? in : hidden, i == 2 ? out : hidden));
      layers->push_back(layers_.back());
    }
    register_module("layers", layers);
  }
  at::Tensor forward(const at::Tensor& x) { return layers_[2](at::relu(layers_[1](at::relu(layers_[0](x))))); }

 private:
  std::vector<layers::Linear> layers_;
};
TORCH_MODULE(Head);

std::string shape(const at::Tensor& t) {
  std::string text;
  for (const std::int64_t size : t.sizes()) text += (text.empty() ? "[" : ", ") + std::to_string(size);
  return text + "]";
}

}  // namespace

struct MaskDecoderImpl::Parts {
  TwoWayTransformer transformer;
  Rows iou_token, mask_tokens;
  Upscaling output_upscaling;
  std::vector<Head> hypernetworks;
  Head iou_head;
};

MaskDecoderImpl::MaskDecoderImpl(const MaskDecoderOptions& o) : options(o) {
  TORCH_CHECK_VALUE(o.channels % 8 == 0 && o.heads > 0 && (o.channels / 2) % o.heads == 0,
                    "the mask decoder's channels should be a multiple of 8 and of twice its heads, got ", o.channels,
                    " channels and ", o.heads, " heads");
  parts_ = std::make_shared<Parts>(Parts{TwoWayTransformer(o), Rows(1, o.channels), Rows(o.mask_tokens, o.channels),
                                         Upscaling(o.channels), {}, Head(o.channels, o.iou_hidden, o.mask_tokens)});
  register_module("transformer", parts_->transformer);
  register_module("iou_token", parts_->iou_token);
  register_module("mask_tokens", parts_->mask_tokens);
  register_module("output_upscaling", parts_->output_upscaling);
  torch::nn::ModuleList hypernetworks;
  for (std::int64_t i = 0; i < o.mask_tokens; ++i) {
    parts_->hypernetworks.emplace_back(o.channels, o.channels, o.channels / 8);
    hypernetworks->push_back(parts_->hypernetworks.back());
  }
  register_module("output_hypernetworks_mlps", hypernetworks);
  register_module("iou_prediction_head", parts_->iou_head);
}

MaskDecoderImpl::Masks MaskDecoderImpl::forward(const at::Tensor& image_embeddings,
                                                const at::Tensor& dense_positions, const Prompts& prompts) {
  const std::int64_t views = image_embeddings.size(0), channels = options.channels;
  const std::int64_t height = image_embeddings.size(2), width = image_embeddings.size(3);
  const std::int64_t count = prompts.sparse.size(0);
  TORCH_CHECK_VALUE(image_embeddings.size(1) == channels && prompts.sparse.size(2) == channels,
                    "embeddings and prompts should have ", channels, " channels, got ", image_embeddings.sizes(),
                    " and ", prompts.sparse.sizes());
  if (count == 0) {
    return {image_embeddings.new_empty({0, options.mask_tokens, 4 * height, 4 * width}),
            image_embeddings.new_empty({0, options.mask_tokens})};
  }
  if (count > 1 && views > 1) {
    throw bad_input("the mask decoder takes several prompts for one picture or one prompt for several pictures, not " +
                    shape(prompts.sparse) + " for " + shape(image_embeddings));
  }
  const std::int64_t batch = std::max(count, views);
  const auto dtype = image_embeddings.scalar_type();

  const at::Tensor fixed = at::cat({parts_->iou_token->weight, parts_->mask_tokens->weight}, 0);
  at::Tensor tokens = at::cat({fixed.unsqueeze(0).expand({count, -1, -1}), prompts.sparse.to(dtype)}, 1)
                          .expand({batch, -1, -1});
  at::Tensor image = (image_embeddings + prompts.dense.to(dtype)).flatten(2).transpose(1, 2).contiguous();
  const at::Tensor image_codes = dense_positions.to(dtype).flatten(2).transpose(1, 2).contiguous();
  parts_->transformer->forward(tokens, image, image_codes);

  const at::Tensor upscaled =
      parts_->output_upscaling(image.transpose(1, 2).reshape({batch, channels, height, width}));
  std::vector<at::Tensor> weights;
  for (std::int64_t i = 0; i < options.mask_tokens; ++i) {
    weights.push_back(parts_->hypernetworks[static_cast<std::size_t>(i)](tokens.select(1, 1 + i)));
  }
  const at::Tensor logits = at::matmul(at::stack(weights, 1), upscaled.flatten(2))
                                .view({batch, options.mask_tokens, 4 * height, 4 * width});
  return {logits, parts_->iou_head(tokens.select(1, 0))};
}

at::Tensor upscale_masks(const at::Tensor& logits, int image_size, int resized_width, int resized_height, int width,
                         int height) {
  TORCH_CHECK_VALUE(logits.dim() == 4 && logits.size(1) == 1 && resized_width <= image_size &&
                        resized_height <= image_size,
                    "logits should be [V, 1, h, w] and the resized picture within ", image_size, ", got ",
                    logits.sizes(), " and ", resized_width, "×", resized_height);
  const at::Tensor square =
      at::upsample_bilinear2d(logits.to(at::kFloat).contiguous(), {image_size, image_size}, false);
  const at::Tensor cropped = square.narrow(2, 0, resized_height).narrow(3, 0, resized_width);
  if (resized_width == width && resized_height == height) return cropped.squeeze(1).contiguous();
  return at::upsample_bilinear2d(cropped.contiguous(), {height, width}, false).squeeze(1);
}

}  // namespace tactus::sam
