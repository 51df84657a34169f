// The module tree of a model folder: names equal the state dict's (METHOD.md §1.5).
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "tactus/interactvlm/config.h"
#include "tactus/interactvlm/view_conditioning.h"
#include "tactus/layers/linear.h"
#include "tactus/llama/decoder.h"
#include "tactus/sam/sam.h"

namespace tactus::interactvlm {

// text_hidden_fcs.0: Linear, ReLU, Linear (§1.9); the state dict counts the ReLU, so its children are "0" and "2".
class TextProjectionImpl : public torch::nn::Module {
 public:
  TextProjectionImpl(std::int64_t hidden_size, std::int64_t out_dim);
  at::Tensor forward(const at::Tensor& hidden);   // [n, hidden] → [n, out_dim]

 private:
  layers::Linear first_{nullptr}, second_{nullptr};
};
TORCH_MODULE(TextProjection);

// Sizes that no configuration names: read off the stored shapes.
struct StoredSizes {
  sam::ImageEncoderOptions encoder;
  sam::PromptEncoderOptions prompts;
  sam::MaskDecoderOptions decoder;
  std::int64_t camera_hidden = 0, splitter_hidden = 128;
};

// model.visual_model (§1.10, §1.11).
class VisualModelImpl : public torch::nn::Module {
 public:
  VisualModelImpl(const ModelConfig& config, const StoredSizes& sizes);
  sam::ImageEncoder image_encoder{nullptr};
  sam::PromptEncoder prompt_encoder{nullptr};
  sam::MaskDecoder mask_decoder{nullptr}, human_mask_decoder{nullptr}, object_mask_decoder{nullptr};
  Fusion fusion{nullptr};
  Uncertainty uncertainty{nullptr};
};
TORCH_MODULE(VisualModel);

// model: the decoder with what LLaVA and LISA hang on it.
class LanguageModelImpl : public llama::DecoderImpl {
 public:
  LanguageModelImpl(const ModelConfig& config, const StoredSizes& sizes);
  layers::Linear mm_projector{nullptr};
  TextProjection text_projection{nullptr};
  VisualModel visual_model{nullptr};
};
TORCH_MODULE(LanguageModel);

class NetworkImpl : public torch::nn::Module {
 public:
  NetworkImpl(const ModelConfig& config, const StoredSizes& sizes);
  LanguageModel model{nullptr};
  layers::Linear lm_head{nullptr};
  std::shared_ptr<CameraEncoderImpl> cam_pose_encoder;   // null without camera conditioning
  AttentionSplitter attention_splitter{nullptr};         // null for TokenType::gen
};
TORCH_MODULE(Network);

llama::DecoderOptions decoder_options(const ModelConfig& config);

}  // namespace tactus::interactvlm
