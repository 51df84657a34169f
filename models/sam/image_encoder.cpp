#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/upsample_linear1d.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>
#include <cmath>

#include "layer_norm_2d.h"
#include "parts.h"
#include "tactus/sam/sam.h"

namespace tactus::sam {
namespace {

// Applies `f`, which treats rows independently, to x [N, C] some rows at a time: a stop is then noticed soon, and
// what lies between two layers of an MLP stays small. Whole where that gains nothing: on a GPU, or under autograd,
// which keeps everything anyway.
template <typename F>
at::Tensor by_rows(const at::Tensor& x, const Progress& progress, F f) {
  constexpr std::int64_t kRows = 512;
  if (!x.is_cpu() || at::GradMode::is_enabled() || x.size(0) <= kRows) return f(x);
  at::Tensor result;
  for (std::int64_t begin = 0; begin < x.size(0); begin += kRows) {
    progress.check();
    const std::int64_t rows = std::min(kRows, x.size(0) - begin);
    const at::Tensor piece = f(x.narrow(0, begin, rows));
    if (!result.defined()) result = at::empty({x.size(0), piece.size(1)}, piece.options());
    result.narrow(0, begin, rows).copy_(piece);
  }
  return result;
}

// The codes of all pairs of positions on an axis of `size`: [size (query), size (key), D].
at::Tensor pair_codes(const at::Tensor& table, std::int64_t size) {
  at::Tensor rows = table;
  if (table.size(0) != 2 * size - 1) {
    rows = at::upsample_linear1d(table.t().unsqueeze(0), {2 * size - 1}, false).squeeze(0).t();
  }
  const at::Tensor position = at::arange(size, table.options().dtype(at::kLong));
  const at::Tensor distance = position.unsqueeze(1) - position.unsqueeze(0) + (size - 1);
  return rows.index_select(0, distance.flatten()).view({size, size, table.size(1)});
}

class AttentionImpl : public torch::nn::Module {
 public:
  AttentionImpl(std::int64_t channels, std::int64_t heads, std::int64_t table)
      : heads_(heads),
        qkv_(register_module("qkv", linear(channels, 3 * channels))),
        proj_(register_module("proj", linear(channels, channels))),
        rel_pos_h_(register_parameter("rel_pos_h", at::zeros({table, channels / heads}))),
        rel_pos_w_(register_parameter("rel_pos_w", at::zeros({table, channels / heads}))) {}

  // x [n, S, S, C]: n windows or whole grids.
  at::Tensor forward(const at::Tensor& x, const Progress& progress) {
    const std::int64_t n = x.size(0), size = x.size(1), channels = x.size(3), positions = size * size;
    const at::Tensor qkv = by_rows(x.reshape({-1, channels}), progress, [&](const at::Tensor& t) { return qkv_(t); })
                               .view({n, positions, 3, heads_, channels / heads_})
                               .permute({2, 0, 3, 1, 4})
                               .reshape({3, n * heads_, positions, channels / heads_});
    const at::Tensor mixed = attend(qkv[0], qkv[1], qkv[2], size, progress)
                                 .reshape({n, heads_, positions, channels / heads_})
                                 .transpose(1, 2)
                                 .reshape({-1, channels});
    return by_rows(mixed, progress, [&](const at::Tensor& t) { return proj_(t); }).view(x.sizes());
  }

 private:
  // q, k, v [heads of all windows, positions, D]. The scores' bias would be as large as the scores (1 GiB a view at
  // ViT-H's global blocks), so it is made for some heads, or some rows of the grid, at a time.
  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t size,
                    const Progress& progress) {
    const std::int64_t count = q.size(0), positions = q.size(1), width = q.size(2);
    const std::int64_t limit = q.is_cpu() ? std::int64_t{1} << 24 : std::int64_t{1} << 29;   // elements
    const std::int64_t heads = std::clamp<std::int64_t>(limit / (positions * positions), 1, count);
    const std::int64_t rows = std::clamp<std::int64_t>(limit / (heads * size * positions), 1, size);
    const at::Tensor codes_h = pair_codes(rel_pos_h_, size), codes_w = pair_codes(rel_pos_w_, size);
    const double scale = 1.0 / std::sqrt(static_cast<double>(width));
    std::vector<at::Tensor> done;
    for (std::int64_t h = 0; h < count; h += heads) {
      const std::int64_t g = std::min(heads, count - h);
      std::vector<at::Tensor> pieces;
      for (std::int64_t r = 0; r < size; r += rows) {
        progress.check();
        const std::int64_t m = std::min(rows, size - r);
        const at::Tensor some = q.narrow(0, h, g).narrow(1, r * size, m * size);
        const at::Tensor grid = some.reshape({g, m, size, width});
        // The published bias uses the query before scaling.
        const at::Tensor bias = (at::einsum("grwc,rkc->grwk", {grid, codes_h.narrow(0, r, m)}).unsqueeze(4) +
                                 at::einsum("grwc,wkc->grwk", {grid, codes_w}).unsqueeze(3))
                                    .reshape({1, g, m * size, positions});
        pieces.push_back(at::scaled_dot_product_attention(some.unsqueeze(0), k.narrow(0, h, g).unsqueeze(0),
                                                          v.narrow(0, h, g).unsqueeze(0), bias, 0.0, false, scale)
                             .squeeze(0));
      }
      done.push_back(pieces.size() == 1 ? pieces[0] : at::cat(pieces, 1));
    }
    return done.size() == 1 ? done[0] : at::cat(done, 0);
  }

  std::int64_t heads_;
  layers::Linear qkv_, proj_;
  at::Tensor rel_pos_h_, rel_pos_w_;
};
TORCH_MODULE(Attention);

class MlpImpl : public torch::nn::Module {
 public:
  MlpImpl(std::int64_t channels, std::int64_t hidden)
      : lin1_(register_module("lin1", linear(channels, hidden))),
        lin2_(register_module("lin2", linear(hidden, channels))) {}
  at::Tensor forward(const at::Tensor& x) { return lin2_(at::gelu(lin1_(x))); }

 private:
  layers::Linear lin1_, lin2_;
};
TORCH_MODULE(Mlp);

torch::nn::LayerNorm norm(std::int64_t channels) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({channels}).eps(1e-6));
}

class BlockImpl : public torch::nn::Module {
 public:
  BlockImpl(const ImageEncoderOptions& o, std::int64_t window, std::int64_t table)
      : window_(window),
        norm1_(register_module("norm1", norm(o.embed_dim))),
        norm2_(register_module("norm2", norm(o.embed_dim))),
        attn_(register_module("attn", Attention(o.embed_dim, o.heads, table))),
        mlp_(register_module("mlp", Mlp(o.embed_dim, o.embed_dim * o.mlp_ratio))) {}

  at::Tensor forward(const at::Tensor& x, const Progress& progress) {
    const at::Tensor normed = norm1_(x);
    const at::Tensor seen = x + (window_ > 0 ? windowed(normed, progress) : attn_->forward(normed, progress));
    const at::Tensor more = by_rows(seen.reshape({-1, x.size(3)}), progress,
                                    [&](const at::Tensor& t) { return mlp_(norm2_(t)); });
    return seen + more.view(seen.sizes());
  }

 private:
  // Zero tokens fill the grid up to whole windows; they take part in the attention.
  at::Tensor windowed(const at::Tensor& x, const Progress& progress) {
    const std::int64_t pictures = x.size(0), grid = x.size(1), channels = x.size(3);
    const std::int64_t across = (grid + window_ - 1) / window_, missing = across * window_ - grid;
    const at::Tensor padded = missing > 0 ? at::constant_pad_nd(x, {0, 0, 0, missing, 0, missing}) : x;
    const at::Tensor windows = padded.view({pictures, across, window_, across, window_, channels})
                                   .transpose(2, 3)
                                   .reshape({-1, window_, window_, channels});
    return attn_->forward(windows, progress)
        .view({pictures, across, across, window_, window_, channels})
        .transpose(2, 3)
        .reshape({pictures, across * window_, across * window_, channels})
        .narrow(1, 0, grid)
        .narrow(2, 0, grid);
  }

  std::int64_t window_;   // 0: all positions see each other
  torch::nn::LayerNorm norm1_, norm2_;
  Attention attn_;
  Mlp mlp_;
};
TORCH_MODULE(Block);

class PatchEmbedImpl : public torch::nn::Module {
 public:
  explicit PatchEmbedImpl(const ImageEncoderOptions& o)
      : proj_(register_module(
            "proj", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, o.embed_dim, o.patch_size).stride(o.patch_size)))) {}
  at::Tensor forward(const at::Tensor& pixels) { return proj_(pixels).permute({0, 2, 3, 1}); }

 private:
  torch::nn::Conv2d proj_;
};
TORCH_MODULE(PatchEmbed);

class NeckImpl : public torch::nn::Module {
 public:
  NeckImpl(std::int64_t in, std::int64_t out)
      : conv0_(register_module("0", torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1).bias(false)))),
        norm1_(register_module("1", LayerNorm2d(out))),
        conv2_(register_module("2", torch::nn::Conv2d(torch::nn::Conv2dOptions(out, out, 3).padding(1).bias(false)))),
        norm3_(register_module("3", LayerNorm2d(out))) {}
  at::Tensor forward(const at::Tensor& x) { return norm3_(conv2_(norm1_(conv0_(x)))); }

 private:
  torch::nn::Conv2d conv0_;
  LayerNorm2d norm1_;
  torch::nn::Conv2d conv2_;
  LayerNorm2d norm3_;
};
TORCH_MODULE(Neck);

}  // namespace

struct ImageEncoderImpl::Parts {
  PatchEmbed patch_embed;
  std::vector<Block> blocks;
  Neck neck;
};

ImageEncoderImpl::ImageEncoderImpl(const ImageEncoderOptions& o) : options(o) {
  pos_embed_ = register_parameter("pos_embed", at::zeros({1, o.grid(), o.grid(), o.embed_dim}));
  parts_ = std::make_shared<Parts>(Parts{PatchEmbed(o), {}, Neck(o.embed_dim, o.out_channels)});
  register_module("patch_embed", parts_->patch_embed);
  torch::nn::ModuleList blocks;
  for (std::int64_t i = 0; i < o.depth; ++i) {
    const bool global = std::find(o.global_blocks.begin(), o.global_blocks.end(), i) != o.global_blocks.end();
    const std::int64_t global_table = o.global_table > 0 ? o.global_table : 2 * o.grid() - 1;
    parts_->blocks.emplace_back(o, global ? 0 : o.window_size, global ? global_table : 2 * o.window_size - 1);
    blocks->push_back(parts_->blocks.back());
  }
  register_module("blocks", blocks);
  register_module("neck", parts_->neck);
}

at::Tensor ImageEncoderImpl::tokens(const at::Tensor& pixels) {
  TORCH_CHECK_VALUE(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) == options.image_size &&
                        pixels.size(3) == options.image_size,
                    "pixels should be [B, 3, ", options.image_size, ", ", options.image_size, "], got ",
                    pixels.sizes());
  return (parts_->patch_embed(pixels) + pos_embed_).contiguous();
}

at::Tensor ImageEncoderImpl::block(std::int64_t index, const at::Tensor& tokens, const Progress& progress) {
  return parts_->blocks.at(static_cast<std::size_t>(index))->forward(tokens, progress);
}

at::Tensor ImageEncoderImpl::neck(const at::Tensor& tokens) { return parts_->neck(tokens.permute({0, 3, 1, 2})); }

at::Tensor ImageEncoderImpl::forward(const at::Tensor& pixels, const Progress& progress) {
  const bool singly = pixels.is_cpu() && !at::GradMode::is_enabled() && pixels.size(0) > 1;
  const std::int64_t pictures = singly ? pixels.size(0) : 1;
  std::vector<at::Tensor> embeddings;
  for (std::int64_t p = 0; p < pictures; ++p) {
    at::Tensor x = tokens(singly ? pixels.narrow(0, p, 1) : pixels);
    for (std::int64_t i = 0; i < options.depth; ++i) {
      progress.check();
      progress.report(static_cast<double>(p * options.depth + i) / static_cast<double>(pictures * options.depth));
      x = block(i, x, progress);
    }
    embeddings.push_back(neck(x));
  }
  progress.report(1.0);
  return singly ? at::cat(embeddings, 0) : embeddings[0];
}

}  // namespace tactus::sam
