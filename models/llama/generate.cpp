#include <ATen/ops/full.h>
#include <ATen/ops/softmax.h>
#include <c10/core/InferenceMode.h>

#include <cmath>

#include "tactus/error.h"
#include "tactus/llama/decoder.h"

namespace tactus::llama {

Generation generate_greedy(DecoderImpl& decoder, const std::function<at::Tensor(const at::Tensor&)>& lm_head,
                           const at::Tensor& embeddings, const GenerateOptions& options, const Progress& progress,
                           const std::function<void(const GeneratedToken&)>& on_token) {
  const c10::InferenceMode inference;
  TORCH_CHECK(embeddings.dim() == 3 && embeddings.size(0) == 1 && embeddings.size(1) > 0,
              "the prompt should be [1, count, hidden], got ", embeddings.sizes());
  Generation result;
  if (options.max_new_tokens < 1) {
    result.reached_limit = true;
    return result;
  }
  // The last token that is made is never fed.
  KeyValueCache cache(decoder.options, embeddings.size(1) + options.max_new_tokens - 1, embeddings.scalar_type(),
                      embeddings.device());
  at::Tensor next = embeddings;
  for (std::int64_t step = 0; step < options.max_new_tokens; ++step) {
    progress.check();
    const at::Tensor states = decoder.forward(next, &cache, progress);
    GeneratedToken token;
    token.hidden = states.select(0, 0).select(0, states.size(1) - 1).clone();
    const at::Tensor logits = lm_head(token.hidden.unsqueeze(0)).squeeze(0);
    const at::Tensor id = logits.argmax();
    token.id = id.item<std::int64_t>();
    token.probability = logits.to(at::kFloat).softmax(0)[token.id].item<double>();
    if (!std::isfinite(token.probability)) {
      throw bad_input("the decoder computes values that are not finite: its weights are damaged; fetch the model again");
    }
    result.tokens.push_back(token);
    progress.report(static_cast<double>(step + 1) / static_cast<double>(options.max_new_tokens));
    if (on_token) on_token(token);
    if (token.id == options.eos) return result;
    next = decoder.embed(id.view({1, 1}));
  }
  result.reached_limit = true;
  return result;
}

}  // namespace tactus::llama
