// The compact contact network: evidence of the marks and the words of the prompt → answer, contact token, contact on body
// and object. A miniature of the published scheme: a language decoder reads tokens of the scene and the question, writes
// the answer, and the state of its contact token conditions a decoder on the surface.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

#include "tactus/compact/weights_info.h"
#include "tactus/llama/decoder.h"

namespace tactus::compact {

// B prompts. Everything float32 or int64 on one device. Each `words` row begins with <question>, and <answer> ends the question.
struct Batch {
  at::Tensor vertex;            // [B, S, vertex_features]
  at::Tensor global;            // [B, global_features]
  at::Tensor category;          // int64 [B], 0 unknown
  at::Tensor words;             // int64 [B, L]: question, then the answer where it is taught, padded with 0 (on the right)
  at::Tensor question_length;   // int64 [B]: words of the question with its opening and closing marks
  at::Tensor object;            // [B, P, object_features], padded with zero rows
  at::Tensor object_part;       // int64 [B, P]: the word of the part's name, 0 unknown
  at::Tensor points;            // int64 [K] in [0, S): the points that are decoded; undefined: all. What is read are all of them.
};

struct Output {
  at::Tensor body;              // [B, S] logits of contact; with Batch::points [B, K]
  at::Tensor object;            // [B, P] logits
  at::Tensor presence;          // [B] logit: anything touches at all
  at::Tensor words;             // [B, L, vocabulary] logits of the next word at each place of Batch::words
  at::Tensor contact_token;     // [B, width]: the state that conditioned both decoders: the decoder's output at the last word of
                                // the question, whose next word is the contact token (or not)
};

// The decoder on a surface: two layers, modulated by the contact token (a scale and a shift a layer).
class SurfaceDecoderImpl;
class HeadImpl;

// Submodules: evidence_proj, global_proj, vertex_embedding, prior (buffer [categories, S] of log-odds), language (llama::Decoder),
// lm_head, contact_hidden_fcs, vertex_decoder, object_decoder, presence_head.
class NetworkImpl : public torch::nn::Module {
 public:
  // The cluster tables are BodySample's: cluster int64 [S], near_clusters int64 [S, 3], near_weights float [S, 3].
  // Nothing is initialised: initialise() or a file of weights does it. Error{bad_input}: sizes that do not fit.
  NetworkImpl(const NetworkOptions& options, const at::Tensor& cluster, const at::Tensor& near_clusters, const at::Tensor& near_weights);
  void initialise(std::uint64_t seed);
  Output forward(const Batch& batch);
  // The scene and the words so far as the decoder reads them: [B, 1 + clusters + L, width]. For llama::generate_greedy.
  at::Tensor embeddings(const Batch& batch);
  llama::DecoderImpl& language() { return *language_; }
  at::Tensor lm_head(const at::Tensor& states);   // → [.., vocabulary]
  at::Tensor prior(const at::Tensor& category) const { return prior_.index_select(0, category); }   // [B, S]
  void set_prior(const at::Tensor& log_odds);     // [categories, S]
  NetworkOptions options;

 private:
  struct Tables {
    at::Tensor mean;        // [C, S]: the mean of a cluster's points
    at::Tensor members;     // int64 [C · largest], members of each cluster, the first one repeated
    at::Tensor spread;      // [S, C]: the three nearest clusters' weights
  };
  const Tables& tables(const at::Tensor& like);   // on its device, of its dtype
  at::Tensor scene(const Batch& batch, const at::Tensor& prior);

  Tables tables_;
  at::Tensor vertex_embedding_, cluster_position_, category_embedding_, prior_;
  std::shared_ptr<HeadImpl> evidence_proj_, global_proj_, lm_head_, contact_hidden_fcs_, presence_head_;
  std::shared_ptr<SurfaceDecoderImpl> vertex_decoder_, object_decoder_;
  at::Tensor part_embedding_;
  llama::Decoder language_{nullptr};
};
TORCH_MODULE(Network);

}  // namespace tactus::compact
