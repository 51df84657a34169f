#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>

#include <numbers>

#include "layer_norm_2d.h"
#include "parts.h"
#include "tactus/sam/sam.h"

namespace tactus::sam {
namespace {

class PositionCodeImpl : public torch::nn::Module {
 public:
  explicit PositionCodeImpl(std::int64_t channels)
      : matrix(register_buffer("positional_encoding_gaussian_matrix", at::zeros({2, channels / 2}))) {}

  // x, y in [0, 1] in the last dimension → C codes, computed in the dtype of `positions`.
  at::Tensor forward(const at::Tensor& positions) const {
    const at::Tensor angles =
        at::matmul(2 * positions - 1, matrix.to(positions.scalar_type())) * (2.0 * std::numbers::pi);
    return at::cat({at::sin(angles), at::cos(angles)}, -1);
  }
  at::Tensor matrix;
};
TORCH_MODULE(PositionCode);

class MaskDownscalingImpl : public torch::nn::Module {
 public:
  MaskDownscalingImpl(std::int64_t channels, std::int64_t inner)
      : conv0_(register_module("0", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, inner / 4, 2).stride(2)))),
        norm1_(register_module("1", LayerNorm2d(inner / 4))),
        conv3_(register_module("3", torch::nn::Conv2d(torch::nn::Conv2dOptions(inner / 4, inner, 2).stride(2)))),
        norm4_(register_module("4", LayerNorm2d(inner))),
        conv6_(register_module("6", torch::nn::Conv2d(torch::nn::Conv2dOptions(inner, channels, 1)))) {}

  at::Tensor forward(const at::Tensor& x) {
    return conv6_(at::gelu(norm4_(conv3_(at::gelu(norm1_(conv0_(x)))))));
  }

 private:
  torch::nn::Conv2d conv0_;
  LayerNorm2d norm1_;
  torch::nn::Conv2d conv3_;
  LayerNorm2d norm4_;
  torch::nn::Conv2d conv6_;
};
TORCH_MODULE(MaskDownscaling);

}  // namespace

struct PromptEncoderImpl::Parts {
  PositionCode pe_layer;
  std::vector<Rows> point_embeddings;   // a row each: outside, inside, first corner, second corner
  Rows not_a_point, no_mask;
  MaskDownscaling mask_downscaling;
};

PromptEncoderImpl::PromptEncoderImpl(const PromptEncoderOptions& o) : options(o) {
  parts_ = std::make_shared<Parts>(Parts{PositionCode(o.channels),
                                         {},
                                         Rows(1, o.channels),
                                         Rows(1, o.channels),
                                         MaskDownscaling(o.channels, o.mask_channels)});
  register_module("pe_layer", parts_->pe_layer);
  torch::nn::ModuleList points;
  for (int i = 0; i < 4; ++i) {
    parts_->point_embeddings.emplace_back(1, o.channels);
    points->push_back(parts_->point_embeddings.back());
  }
  register_module("point_embeddings", points);
  register_module("not_a_point_embed", parts_->not_a_point);
  register_module("no_mask_embed", parts_->no_mask);
  register_module("mask_downscaling", parts_->mask_downscaling);
}

Prompts PromptEncoderImpl::encode_text(const at::Tensor& text_embeds) {
  TORCH_CHECK_VALUE(text_embeds.dim() == 3 && text_embeds.size(2) == options.channels,
                    "text_embeds should be [n, N, ", options.channels, "], got ", text_embeds.sizes());
  const at::Tensor dense = parts_->no_mask->weight.view({1, options.channels, 1, 1})
                               .expand({text_embeds.size(0), options.channels, options.grid, options.grid});
  return {text_embeds, dense};
}

Prompts PromptEncoderImpl::encode_marks(const std::vector<PointPrompt>& points, const std::optional<BoxPrompt>& box,
                                        const std::optional<at::Tensor>& mask_logits) {
  // Marks name pixels; the half step to a pixel's centre is part of the published encoding.
  const auto size = static_cast<double>(options.image_size);
  std::vector<float> places;
  std::vector<at::Tensor> kinds;   // what is added to each code
  const auto place = [&](double x, double y, const at::Tensor& kind) {
    places.push_back((static_cast<float>(x) + 0.5F) / static_cast<float>(size));
    places.push_back((static_cast<float>(y) + 0.5F) / static_cast<float>(size));
    kinds.push_back(kind);
  };
  for (const PointPrompt& p : points) place(p.x, p.y, parts_->point_embeddings[p.inside ? 1 : 0]->weight);
  if (box) {
    place(box->x0, box->y0, parts_->point_embeddings[2]->weight);
    place(box->x1, box->y1, parts_->point_embeddings[3]->weight);
  }
  std::vector<at::Tensor> sparse;
  if (!kinds.empty()) sparse.push_back(point_codes(places) + at::stack(kinds, 1));
  // The padding point has no place, only its kind; it follows the points.
  if (!points.empty() && !box) sparse.push_back(parts_->not_a_point->weight.unsqueeze(0));

  Prompts prompts = encode_text(parts_->no_mask->weight.new_zeros({1, 0, options.channels}));
  if (!sparse.empty()) prompts.sparse = at::cat(sparse, 1);
  if (mask_logits) {
    const std::int64_t side = 4 * options.grid;
    TORCH_CHECK_VALUE(mask_logits->sizes() == at::IntArrayRef({1, 1, side, side}), "mask_logits should be [1, 1, ",
                      side, ", ", side, "], got ", mask_logits->sizes());
    prompts.dense = parts_->mask_downscaling(mask_logits->to(parts_->no_mask->weight.options()));
  }
  return prompts;
}

at::Tensor PromptEncoderImpl::point_codes(const std::vector<float>& xy) const {
  const at::Tensor& matrix = parts_->pe_layer->matrix;
  const at::Tensor positions =
      at::tensor(xy).view({1, static_cast<std::int64_t>(xy.size() / 2), 2}).to(matrix.device());
  return parts_->pe_layer(positions).to(matrix.scalar_type());
}

at::Tensor PromptEncoderImpl::dense_positions() {
  // Every step in the dtype of the matrix, the grid too: a bf16 network was trained with bf16 codes.
  const at::Tensor& matrix = parts_->pe_layer->matrix;
  const std::int64_t g = options.grid;
  const at::Tensor steps = (at::ones({g}, matrix.options()).cumsum(0) - 0.5) / g;
  const at::Tensor grid = at::stack({steps.unsqueeze(0).expand({g, g}), steps.unsqueeze(1).expand({g, g})}, -1);
  return parts_->pe_layer(grid).permute({2, 0, 1}).unsqueeze(0);
}

}  // namespace tactus::sam
