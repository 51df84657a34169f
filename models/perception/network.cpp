#include "tactus/perception/network.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/nn/modules/normalization.h>

#include <cmath>
#include <string>

#include "network_options.h"
#include "tactus/error.h"

namespace tactus::perception {
namespace {

constexpr std::int64_t kGroups = 8;

torch::nn::Conv2d convolution(std::int64_t from, std::int64_t to, std::int64_t size, std::int64_t stride, bool bias) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(from, to, size).stride(stride).padding(size / 2).bias(bias));
}
torch::nn::GroupNorm norm(std::int64_t channels) { return torch::nn::GroupNorm(torch::nn::GroupNormOptions(kGroups, channels)); }

// Twice the size, each value four times.
at::Tensor doubled(const at::Tensor& x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); }

// A convolution of 1 × 1 as the matrix product that it is: on one thread libtorch has no fast kernel for it.
at::Tensor mixed(torch::nn::Conv2d& layer, const at::Tensor& x) {
  return at::linear(x.permute({0, 2, 3, 1}), layer->weight.flatten(1), layer->bias).permute({0, 3, 1, 2});
}

// One scale and one shift a channel: `film` [B, 2C].
at::Tensor modulated(const at::Tensor& x, const at::Tensor& film) {
  const auto halves = film.unsqueeze(2).unsqueeze(3).chunk(2, 1);
  return x * (halves[0] + 1.0) + halves[1];
}

void check(const NetworkOptions& options) {
  visit_sizes(options, [](const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
    if (value < low || value > high) {
      throw bad_input(std::string("the perception network's ") + name + " is " + std::to_string(value) + "; it must be between " +
                      std::to_string(low) + " and " + std::to_string(high));
    }
  });
  if (options.image % 16 != 0) throw bad_input("the perception network's image is " + std::to_string(options.image) + "; it must be a multiple of 16");
  for (const std::int64_t width : {options.width_2, options.width_4, options.width_8, options.width_16})
    if (width % kGroups != 0) throw bad_input("the perception network's widths must be multiples of 8; " + std::to_string(width) + " is not");
  if (options.width_16 % options.heads != 0) {
    throw bad_input("the perception network's width_16 " + std::to_string(options.width_16) + " must be a multiple of its " + std::to_string(options.heads) + " heads");
  }
}

}  // namespace

// Convolution, norm (or bias), rectifier.
class ConvolutionImpl : public torch::nn::Module {
 public:
  ConvolutionImpl(std::int64_t from, std::int64_t to, std::int64_t size, std::int64_t stride, bool normed = true)
      : conv_(register_module("conv", convolution(from, to, size, stride, !normed))) {
    if (normed) norm_ = register_module("norm", perception::norm(to));
  }
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = conv_->forward(x);
    return norm_.is_empty() ? at::relu(y) : norm_->forward(y).relu_();
  }

 private:
  torch::nn::Conv2d conv_;
  torch::nn::GroupNorm norm_{nullptr};
};
TORCH_MODULE(Convolution);

// Residual block of two convolutions (He et al. 2016, "Deep Residual Learning for Image Recognition").
class BlockImpl : public torch::nn::Module {
 public:
  explicit BlockImpl(std::int64_t width)
      : conv1_(register_module("conv1", convolution(width, width, 3, 1, false))),
        conv2_(register_module("conv2", convolution(width, width, 3, 1, false))),
        norm1_(register_module("norm1", perception::norm(width))),
        norm2_(register_module("last_norm", perception::norm(width))) {}
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor inner = norm1_->forward(conv1_->forward(x)).relu_();
    return (x + norm2_->forward(conv2_->forward(inner))).relu_();
  }

 private:
  torch::nn::Conv2d conv1_, conv2_;
  torch::nn::GroupNorm norm1_, norm2_;
};
TORCH_MODULE(Block);

// Self-attention over the places of the smallest map, then two linear layers; norms before both.
class AttentionImpl : public torch::nn::Module {
 public:
  AttentionImpl(std::int64_t width, std::int64_t heads)
      : heads_(heads),
        norm1_(register_module("norm1", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})))),
        norm2_(register_module("norm2", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})))),
        qkv_(register_module("qkv", torch::nn::Linear(width, 3 * width))),
        out_(register_module("out", torch::nn::Linear(width, width))),
        wide_(register_module("wide", torch::nn::Linear(width, 2 * width))),
        narrow_(register_module("narrow", torch::nn::Linear(2 * width, width))) {}
  // tokens [B, T, width]
  at::Tensor forward(const at::Tensor& tokens) {
    const std::int64_t count = tokens.size(0), places = tokens.size(1), width = tokens.size(2);
    const auto parts = qkv_->forward(norm1_->forward(tokens)).reshape({count, places, 3, heads_, width / heads_}).permute({2, 0, 3, 1, 4}).unbind(0);
    const double scale = 1.0 / std::sqrt(static_cast<double>(width / heads_));
    const at::Tensor weights = at::softmax(at::matmul(parts[0] * scale, parts[1].transpose(2, 3)), -1);
    const at::Tensor values = at::matmul(weights, parts[2]).transpose(1, 2).reshape({count, places, width});
    const at::Tensor attended = tokens + out_->forward(values);
    return attended + narrow_->forward(at::relu(wide_->forward(norm2_->forward(attended))));
  }

 private:
  std::int64_t heads_;
  torch::nn::LayerNorm norm1_, norm2_;
  torch::nn::Linear qkv_, out_, wide_, narrow_;
};

namespace {

torch::nn::Sequential way_down(std::int64_t from, std::int64_t to, std::int64_t blocks) {
  torch::nn::Sequential way{Convolution(from, to, 3, 2)};
  for (std::int64_t i = 0; i < blocks; ++i) way->push_back(Block(to));
  return way;
}

}  // namespace

NetworkImpl::NetworkImpl(const NetworkOptions& given) : options(given) {
  check(options);
  const NetworkOptions& o = options;
  stem_ = register_module("stem", std::make_shared<ConvolutionImpl>(3, o.width_2, 5, 2, false));   // norms at this size cost more than they bring
  down_4_ = register_module("down_4", way_down(o.width_2, o.width_4, o.blocks_4));
  down_8_ = register_module("down_8", way_down(o.width_4, o.width_8, o.blocks_8));
  down_16_ = register_module("down_16", way_down(o.width_8, o.width_16, o.blocks_16));
  if (o.things > 0) things_ = register_module("things", torch::nn::Sequential(Convolution(o.width_16, o.width_16, 3, 1), convolution(o.width_16, o.categories, 1, 1, true)));
  for (std::int64_t i = 0; i < o.attention_layers; ++i)
    attention_.push_back(register_module("attention_" + std::to_string(i), std::make_shared<AttentionImpl>(o.width_16, o.heads)));
  film_ = register_module("film", torch::nn::Linear(o.category_width, 2 * (o.width_16 + o.width_8 + o.width_4 + o.width_2)));
  lateral_8_ = register_module("lateral_8", convolution(o.width_16, o.width_8, 1, 1, true));
  lateral_4_ = register_module("lateral_4", convolution(o.width_8, o.width_4, 1, 1, true));
  lateral_2_ = register_module("lateral_2", convolution(o.width_4, o.width_2, 1, 1, true));
  up_8_ = register_module("up_8", std::make_shared<BlockImpl>(o.width_8));
  up_4_ = register_module("up_4", std::make_shared<BlockImpl>(o.width_4));
  up_2_ = register_module("up_2", std::make_shared<ConvolutionImpl>(o.width_2, o.width_2, 3, 1, false));
  head_ = register_module("head", convolution(o.width_2, o.parts + 1 + o.joints, 1, 1, true));
  seen_ = register_module("seen", torch::nn::Linear(2 * o.width_16, o.joints));
  const std::int64_t side = o.image / 16;
  category_embedding_ = register_parameter("category_embedding", at::empty({o.categories, o.category_width}));
  position_ = register_parameter("position", at::empty({1, side * side, o.width_16}));
}

void NetworkImpl::initialise(std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  for (auto& item : named_parameters()) {
    const std::string& name = item.key();
    at::Tensor& tensor = item.value();
    const auto has = [&](const char* text) { return name.find(text) != std::string::npos; };
    if (name.ends_with("bias")) {
      tensor.zero_();
    } else if (has("norm")) {
      tensor.fill_(has("last_norm") ? 0.0 : 1.0);   // residual blocks begin as the identity
    } else if (has("category_embedding")) {
      tensor.normal_(0.0, 1.0, generator);
    } else if (has("position")) {
      tensor.normal_(0.0, 0.1, generator);
    } else {
      const auto inputs = static_cast<double>(tensor.numel() / tensor.size(0));
      double deviation = std::sqrt((tensor.dim() == 4 ? 2.0 : 1.0) / inputs);
      if (has("film") || has("head") || has("seen") || has("narrow") || has(".out")) deviation *= 0.1;
      tensor.normal_(0.0, deviation, generator);
    }
  }
  // Most of a picture is background and most of it is not the thing asked for.
  head_->bias.narrow(0, 0, 1).fill_(2.0);
  head_->bias.narrow(0, options.parts, 1).fill_(-2.0);
}

Output NetworkImpl::forward(const at::Tensor& image, const at::Tensor& category) {
  const NetworkOptions& o = options;
  TORCH_CHECK(image.dim() == 4 && image.size(1) == 3 && image.size(2) == o.image && image.size(3) == o.image, "the picture should be [B, 3, ", o.image,
              ", ", o.image, "], got ", image.sizes());
  TORCH_CHECK(category.dim() == 1 && category.size(0) == image.size(0), "one category a picture, got ", category.sizes());
  const std::int64_t count = image.size(0), side = o.image / 16;
  const auto films = film_->forward(at::embedding(category_embedding_, category)).split_with_sizes({2 * o.width_16, 2 * o.width_8, 2 * o.width_4, 2 * o.width_2}, 1);

  const at::Tensor at_2 = stem_->forward(image.contiguous(at::MemoryFormat::ChannelsLast));
  const at::Tensor at_4 = down_4_->forward(at_2), at_8 = down_8_->forward(at_4);
  const at::Tensor at_16 = down_16_->forward(at_8);
  at::Tensor bottom = modulated(at_16, films[0]);
  at::Tensor tokens = bottom.flatten(2).transpose(1, 2) + position_;
  for (const auto& layer : attention_) tokens = layer->forward(tokens);
  bottom = tokens.transpose(1, 2).reshape({count, o.width_16, side, side}).contiguous(at::MemoryFormat::ChannelsLast);

  // Modulated before it is enlarged, where that is four times cheaper.
  at::Tensor up = up_8_->forward(at_8 + doubled(modulated(mixed(lateral_8_, bottom), films[1])));
  up = up_4_->forward(at_4 + doubled(modulated(mixed(lateral_4_, up), films[2])));
  up = up_2_->forward(at_2 + doubled(modulated(mixed(lateral_2_, up), films[3])));
  const auto maps = mixed(head_, up).contiguous().split_with_sizes({o.parts, 1, o.joints}, 1);   // each map on its own
  Output output;
  if (!things_.is_empty()) output.things = things_->forward(at_16);   // the same whatever is asked
  output.parts = maps[0];
  output.object = maps[1].squeeze(1);
  output.joints = maps[2];
  output.seen = seen_->forward(at::cat({tokens.mean(1), tokens.amax(1)}, 1));
  return output;
}

}  // namespace tactus::perception
