#include "tactus/interactvlm/view_conditioning.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/stack.h>
#include <torch/nn/modules/container/modulelist.h>

#include <cmath>
#include <vector>

#include "tactus/error.h"

namespace tactus::interactvlm {
namespace {

layers::Linear linear(std::int64_t in, std::int64_t out) { return layers::Linear(layers::LinearOptions(in, out)); }

void check_cameras(const at::Tensor& embeddings, const at::Tensor& cameras, std::int64_t views) {
  TORCH_CHECK_VALUE(embeddings.dim() == 3 && cameras.dim() == 2 && cameras.size(1) == 5 &&
                        cameras.size(0) == embeddings.size(1) && (views == 0 || cameras.size(0) == views),
                    "embeddings should be [n, V, C] and cameras [V, 5]", views > 0 ? " with V = " : "",
                    views > 0 ? std::to_string(views) : "", ", got ", embeddings.sizes(), " and ", cameras.sizes());
}

// One layer, added to the embedding.
class SimpleEncoderImpl : public CameraEncoderImpl {
 public:
  explicit SimpleEncoderImpl(std::int64_t channels) : linear1_(register_module("linear1", linear(5, channels))) {}

  at::Tensor condition(const at::Tensor& embeddings, const at::Tensor& cameras) override {
    check_cameras(embeddings, cameras, 0);
    return embeddings + at::relu(linear1_(cameras));
  }

 private:
  layers::Linear linear1_;
};

// Two layers for all views, then one of each view's own; the embedding is multiplied by what comes out.
class GatedEncoderImpl : public CameraEncoderImpl {
 public:
  // Where the squashing function stands: before the view's own layer (view_index) or after it (vi_v1).
  enum class Gate { before, after };
  GatedEncoderImpl(std::int64_t views, std::int64_t hidden, std::int64_t channels, Gate gate)
      : gate_(gate), first_(linear(5, hidden)), second_(linear(hidden, hidden)) {
    auto shared = std::make_shared<torch::nn::Module>();
    shared->register_module("0", first_);
    shared->register_module("2", second_);
    register_module("spatial_encoder", shared);
    torch::nn::ModuleList own;
    for (std::int64_t v = 0; v < views; ++v) {
      own_.push_back(linear(hidden, channels));
      own->push_back(own_.back());
    }
    register_module("view_transforms", own);
  }

  at::Tensor condition(const at::Tensor& embeddings, const at::Tensor& cameras) override {
    check_cameras(embeddings, cameras, static_cast<std::int64_t>(own_.size()));
    at::Tensor x = second_(at::relu(first_(cameras)));
    x = gate_ == Gate::before ? at::sigmoid(x) : at::relu(x);
    std::vector<at::Tensor> gates;
    for (std::size_t v = 0; v < own_.size(); ++v) gates.push_back(own_[v](x[static_cast<std::int64_t>(v)]));
    const at::Tensor all = at::stack(gates);
    return embeddings * (gate_ == Gate::after ? at::sigmoid(all) : all);
  }

 private:
  Gate gate_;
  layers::Linear first_, second_;
  std::vector<layers::Linear> own_;
};

}  // namespace

std::shared_ptr<CameraEncoderImpl> make_camera_encoder(const std::string& type, std::int64_t views,
                                                       std::int64_t channels, std::int64_t hidden) {
  using Gate = GatedEncoderImpl::Gate;
  if (type == "simple") return std::make_shared<SimpleEncoderImpl>(channels);
  if (type == "view_index") return std::make_shared<GatedEncoderImpl>(views, hidden > 0 ? hidden : channels, channels, Gate::before);
  if (type == "vi_v1") return std::make_shared<GatedEncoderImpl>(views, hidden > 0 ? hidden : 128, channels, Gate::after);
  throw bad_input("there is no camera encoder called \"" + type + "\"; known are simple, view_index, vi_v1");
}

AttentionSplitterImpl::AttentionSplitterImpl(std::int64_t channels, std::int64_t hidden)
    : input_proj_(register_module("input_proj", linear(channels, hidden))),
      query_human_(register_module("query_human", linear(hidden, hidden))),
      query_object_(register_module("query_object", linear(hidden, hidden))),
      key_(register_module("key", linear(hidden, hidden))),
      value_(register_module("value", linear(hidden, hidden))),
      output_proj_(register_module("output_proj", linear(hidden, channels))) {}

at::Tensor AttentionSplitterImpl::attend(layers::Linear& query, const at::Tensor& p, const at::Tensor& key,
                                         const at::Tensor& value) {
  return output_proj_(at::scaled_dot_product_attention(query(p), key, value));
}

std::pair<at::Tensor, at::Tensor> AttentionSplitterImpl::forward(const at::Tensor& embeddings) {
  const at::Tensor p = input_proj_(embeddings);
  const at::Tensor key = key_(p), value = value_(p);
  return {attend(query_human_, p, key, value), attend(query_object_, p, key, value)};
}

namespace {

class CrossAttentionImpl : public torch::nn::Module {
 public:
  CrossAttentionImpl(std::int64_t hidden, std::int64_t heads)
      : heads_(heads),
        q_proj_(register_module("q_proj", linear(hidden, hidden))),
        k_proj_(register_module("k_proj", linear(hidden, hidden))),
        v_proj_(register_module("v_proj", linear(hidden, hidden))),
        out_proj_(register_module("out_proj", linear(hidden, hidden))) {}

  // [V, Nq, hidden], [1, Nk, hidden] → [V, Nq, hidden].
  at::Tensor forward(const at::Tensor& q, const at::Tensor& kv) {
    const at::Tensor k = split(k_proj_(kv)).expand({q.size(0), -1, -1, -1});
    const at::Tensor v = split(v_proj_(kv)).expand({q.size(0), -1, -1, -1});
    return out_proj_(at::scaled_dot_product_attention(split(q_proj_(q)), k, v).transpose(1, 2).flatten(2));
  }

 private:
  at::Tensor split(const at::Tensor& x) const { return x.unflatten(2, {heads_, -1}).transpose(1, 2); }

  std::int64_t heads_;
  layers::Linear q_proj_, k_proj_, v_proj_, out_proj_;
};
TORCH_MODULE(CrossAttention);

}  // namespace

struct FusionImpl::Parts {
  CrossAttention attention;
};

FusionImpl::FusionImpl(std::int64_t sam_channels, std::int64_t language_size, std::int64_t hidden, std::int64_t heads)
    : sam_proj_(register_module("sam_proj", linear(sam_channels, hidden))),
      llava_proj_(register_module("llava_proj", linear(language_size, hidden))),
      output_proj_(register_module("output_proj", linear(hidden, sam_channels))),
      parts_(std::make_shared<Parts>(Parts{CrossAttention(hidden, heads)})) {
  register_module("fusion", parts_->attention);
}

at::Tensor FusionImpl::forward(const at::Tensor& sam, const at::Tensor& language) {
  const at::Tensor positions = sam.flatten(2).transpose(1, 2);
  const at::Tensor mixed = parts_->attention(sam_proj_(positions), llava_proj_(language));
  return sam + output_proj_(mixed).transpose(1, 2).view(sam.sizes());
}

UncertaintyImpl::UncertaintyImpl(std::int64_t channels)
    : linear1_(register_module("linear1", linear(channels, channels / 4))),
      linear2_(register_module("linear2", linear(channels / 4, channels / 16))),
      linear3_(register_module("linear3", linear(channels / 16, 1))) {}

at::Tensor UncertaintyImpl::forward(const at::Tensor& sam) {
  const at::Tensor x = at::relu(linear2_(at::relu(linear1_(sam.permute({0, 2, 3, 1})))));
  return at::softplus(linear3_(x)).permute({0, 3, 1, 2});
}

void initialise(torch::nn::Module& module, std::uint64_t seed) {
  const double gain = dynamic_cast<AttentionSplitterImpl*>(&module) != nullptr ? 0.1 : 1.0;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const at::NoGradGuard no_grad;
  for (const auto& child : module.modules()) {
    auto* layer = dynamic_cast<layers::LinearImpl*>(child.get());
    if (layer == nullptr) continue;
    const double bound = gain * std::sqrt(6.0 / static_cast<double>(layer->weight.size(0) + layer->weight.size(1)));
    layer->weight.uniform_(-bound, bound, generator);
    if (layer->bias.defined()) layer->bias.zero_();
  }
}

}  // namespace tactus::interactvlm
