#include "tactus/llama/decoder.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <torch/nn/modules/container/modulelist.h>

#include <algorithm>
#include <string>

#include "tactus/error.h"
#include "tactus/llama/blocks.h"

namespace tactus::llama {
namespace {

void check(const DecoderOptions& options) {
  const auto positive = [](std::int64_t value, const char* name) {
    if (value < 1) throw bad_input(std::string("the decoder's ") + name + " must be at least 1");
  };
  positive(options.vocab_size, "vocab_size");
  positive(options.hidden_size, "hidden_size");
  positive(options.layers, "num_hidden_layers");
  positive(options.heads, "num_attention_heads");
  positive(options.key_value_heads, "num_key_value_heads");
  positive(options.intermediate_size, "intermediate_size");
  if (options.hidden_size % options.heads != 0 || options.hidden_size / options.heads % 2 != 0) {
    throw bad_input("hidden_size " + std::to_string(options.hidden_size) + " must be an even multiple of the " +
                    std::to_string(options.heads) + " attention heads");
  }
  if (options.prefix < 0 || options.prefix > options.max_positions) throw bad_input("the decoder's prefix must be at least 0 and at most its positions");
  if (options.heads % options.key_value_heads != 0) {
    throw bad_input(std::to_string(options.heads) + " attention heads must be a multiple of the " +
                    std::to_string(options.key_value_heads) + " key and value heads");
  }
}

}  // namespace

// A table that is looked up; not initialised.
class EmbeddingImpl : public torch::nn::Module {
 public:
  EmbeddingImpl(std::int64_t count, std::int64_t size) {
    weight = register_parameter("weight", at::empty({count, size}));
  }
  at::Tensor weight;
};

KeyValueCache::KeyValueCache(const DecoderOptions& options, std::int64_t capacity, at::ScalarType dtype,
                             at::Device device)
    : capacity_(capacity) {
  const std::int64_t head_size = options.hidden_size / options.heads;
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    for (auto* side : {&keys, &values}) {
      side->push_back(at::empty({1, options.key_value_heads, capacity, head_size},
                                at::device(device).dtype(dtype)));
    }
  }
}

DecoderImpl::DecoderImpl(const DecoderOptions& options) : options(options) {
  check(options);
  embed_tokens_ = register_module("embed_tokens",
                                  std::make_shared<EmbeddingImpl>(options.vocab_size, options.hidden_size));
  layers_ = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t layer = 0; layer < options.layers; ++layer) layers_->push_back(DecoderLayer(options));
  norm_ = register_module("norm", std::make_shared<RmsNormImpl>(options.hidden_size, options.rms_norm_eps));
}

at::Tensor DecoderImpl::embed(const at::Tensor& ids) { return at::embedding(embed_tokens_->weight, ids); }

void DecoderImpl::fuse_projections() {
  for (const auto& layer : *layers_) {
    layer->as<DecoderLayerImpl>()->self_attn->fuse();
    layer->as<DecoderLayerImpl>()->mlp->fuse();
  }
}

std::pair<at::Tensor, at::Tensor> DecoderImpl::positions(std::int64_t begin, std::int64_t count,
                                                         const at::Tensor& like) {
  const std::int64_t end = begin + count;
  if (!cos_.defined() || cos_.size(0) < end || cos_.scalar_type() != like.scalar_type() ||
      cos_.device() != like.device()) {
    const std::int64_t rows = std::max(end, std::min<std::int64_t>(options.max_positions, 2 * end));
    std::tie(cos_, sin_) = rotary_tables(options, rows, like.scalar_type(), like.device());
  }
  return {cos_.narrow(0, begin, count), sin_.narrow(0, begin, count)};
}

at::Tensor DecoderImpl::forward(const at::Tensor& embeddings, KeyValueCache* cache, const Progress& progress) {
  TORCH_CHECK(embeddings.dim() == 3 && embeddings.size(2) == options.hidden_size,
              "embeddings should be [batch, count, ", options.hidden_size, "], got ", embeddings.sizes());
  const std::int64_t count = embeddings.size(1);
  Step step;
  step.cache = cache;
  step.past = cache ? cache->length() : 0;
  TORCH_CHECK(!cache || (embeddings.size(0) == 1 && step.past + count <= cache->capacity()),
              "the cache takes a batch of 1 and ", cache ? cache->capacity() : 0, " positions");
  std::tie(step.cos, step.sin) = positions(step.past, count, embeddings);
  const bool sees_ahead = step.past == 0 && options.prefix > 1;
  TORCH_CHECK(!sees_ahead || count >= options.prefix, "the first call takes the whole prefix, ", options.prefix, " positions, got ", count);
  step.causal = step.past == 0 && count > 1 && !sees_ahead;
  if (!step.causal && count > 1) {
    step.mask = at::ones({count, step.past + count}, embeddings.options().dtype(at::kBool)).tril(step.past);
    if (sees_ahead) step.mask.narrow(0, 0, options.prefix).narrow(1, 0, options.prefix).fill_(true);
  }
  at::Tensor x = embeddings;
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    progress.check();
    x = layers_[static_cast<std::size_t>(layer)]->as<DecoderLayerImpl>()->forward(x, step, layer);
  }
  if (cache) cache->length_ += count;
  return norm_->as<RmsNormImpl>()->forward(x);
}

}  // namespace tactus::llama
