// The LLaMA decoder (METHOD.md §1.6) with a KV cache. Submodule names equal the checkpoint's keys.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "tactus/checkpoint/quantise.h"
#include "tactus/progress.h"

namespace tactus::llama {

struct DecoderOptions {
  std::int64_t vocab_size = 32003, hidden_size = 5120, layers = 40, heads = 40, key_value_heads = 40;
  std::int64_t intermediate_size = 13824, max_positions = 4096;
  double rms_norm_eps = 1e-5, rope_theta = 10000.0;
  std::int64_t prefix = 0;   // so many positions at the start see each other; those after them see what is before them, as usual
};

// Preallocated keys and values of every layer.
class KeyValueCache {
 public:
  // [layers][batch 1, key_value_heads, capacity, head size]
  KeyValueCache(const DecoderOptions& options, std::int64_t capacity, at::ScalarType dtype, at::Device device);
  std::int64_t length() const { return length_; }
  std::int64_t capacity() const { return capacity_; }
  void reset() { length_ = 0; }
  std::vector<at::Tensor> keys, values;
  std::int64_t length_ = 0, capacity_ = 0;
};

class EmbeddingImpl;
class RmsNormImpl;

// `model.embed_tokens`, `model.layers.i.*`, `model.norm`: the part below lm_head.
class DecoderImpl : public torch::nn::Module {
 public:
  explicit DecoderImpl(const DecoderOptions& options);
  at::Tensor embed(const at::Tensor& ids);    // int64 [B, T] → [B, T, hidden]
  // embeddings [B, T, hidden] at positions cache.length()…; causal but for the prefix, which comes in the first call as a whole.
  // → hidden states after the final norm.
  // With no cache: positions 0…T-1. With one: a batch of 1, and the cache grows by T. A stop of `progress` is
  // honoured between layers; the cache then stays as long as it was.
  at::Tensor forward(const at::Tensor& embeddings, KeyValueCache* cache = nullptr, const Progress& progress = {});
  // For inference, after loading: query, key and value, and gate and up, become one product each. Names and
  // parameters stay; the weights move into shared memory layer by layer (mapped ones are copied).
  void fuse_projections();
  DecoderOptions options;

 private:
  // cos and sin [count, head size] in the dtype and on the device of `like`; the tables are kept between calls.
  std::pair<at::Tensor, at::Tensor> positions(std::int64_t begin, std::int64_t count, const at::Tensor& like);

  std::shared_ptr<EmbeddingImpl> embed_tokens_;
  torch::nn::ModuleList layers_;
  std::shared_ptr<RmsNormImpl> norm_;
  at::Tensor cos_, sin_;
};
TORCH_MODULE(Decoder);

struct GenerateOptions {
  std::int64_t max_new_tokens = 512;
  std::int64_t eos = 2;
};

struct GeneratedToken {
  std::int64_t id = 0;
  double probability = 1.0;      // softmax in fp32 of the logits at the step that chose it
  at::Tensor hidden;             // [hidden]: the normalised last state whose logits chose it (§2.7)
};

struct Generation {
  std::vector<GeneratedToken> tokens;   // eos included when it came
  bool reached_limit = false;
};

// Greedy. `embeddings` [1, T, hidden] is the spliced prompt; `lm_head` maps hidden → logits.
// `on_token` is called after every token; a stop of `progress` is honoured between tokens and between layers.
Generation generate_greedy(DecoderImpl& decoder, const std::function<at::Tensor(const at::Tensor&)>& lm_head,
                           const at::Tensor& embeddings, const GenerateOptions& options, const Progress& progress = {},
                           const std::function<void(const GeneratedToken&)>& on_token = {});

}  // namespace tactus::llama
