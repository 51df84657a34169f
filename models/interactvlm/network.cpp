#include "network.h"

#include <torch/nn/modules/container/modulelist.h>

namespace tactus::interactvlm {

TextProjectionImpl::TextProjectionImpl(std::int64_t hidden_size, std::int64_t out_dim) {
  first_ = register_module("0", layers::Linear(layers::LinearOptions(hidden_size, hidden_size)));
  second_ = register_module("2", layers::Linear(layers::LinearOptions(hidden_size, out_dim)));
}

at::Tensor TextProjectionImpl::forward(const at::Tensor& hidden) { return second_(at::relu(first_(hidden))); }

VisualModelImpl::VisualModelImpl(const ModelConfig& config, const StoredSizes& sizes) {
  image_encoder = register_module("image_encoder", sam::ImageEncoder(sizes.encoder));
  prompt_encoder = register_module("prompt_encoder", sam::PromptEncoder(sizes.prompts));
  mask_decoder = register_module("mask_decoder", sam::MaskDecoder(sizes.decoder));
  if (config.separate_decoders) {
    human_mask_decoder = register_module("human_mask_decoder", sam::MaskDecoder(sizes.decoder));
    object_mask_decoder = register_module("object_mask_decoder", sam::MaskDecoder(sizes.decoder));
  }
  if (config.use_fusion) fusion = register_module("fusion", Fusion(sizes.encoder.out_channels, config.hidden_size));
  if (config.use_uncertainty) uncertainty = register_module("uncertainty", Uncertainty(sizes.encoder.out_channels));
}

llama::DecoderOptions decoder_options(const ModelConfig& config) {
  llama::DecoderOptions options;
  options.vocab_size = config.vocab_size;
  options.hidden_size = config.hidden_size;
  options.layers = config.layers;
  options.heads = config.heads;
  options.key_value_heads = config.key_value_heads;
  options.intermediate_size = config.intermediate_size;
  options.max_positions = config.max_positions;
  options.rms_norm_eps = config.rms_norm_eps;
  options.rope_theta = config.rope_theta;
  return options;
}

LanguageModelImpl::LanguageModelImpl(const ModelConfig& config, const StoredSizes& sizes)
    : llama::DecoderImpl(decoder_options(config)) {
  mm_projector = register_module("mm_projector",
                                 layers::Linear(layers::LinearOptions(config.mm_hidden_size, config.hidden_size)));
  text_projection = TextProjection(config.hidden_size, config.out_dim);
  register_module("text_hidden_fcs", torch::nn::ModuleList(text_projection));
  visual_model = register_module("visual_model", VisualModel(config, sizes));
}

NetworkImpl::NetworkImpl(const ModelConfig& config, const StoredSizes& sizes) {
  model = register_module("model", LanguageModel(config, sizes));
  lm_head = register_module(
      "lm_head", layers::Linear(layers::LinearOptions(config.hidden_size, config.vocab_size).with_bias(false)));
  if (config.camera_conditioning) {
    cam_pose_encoder = register_module(
        "cam_pose_encoder", make_camera_encoder(config.camera_encoder, config.views, config.out_dim, sizes.camera_hidden));
  }
  if (config.has_splitter()) {
    attention_splitter = register_module("attention_splitter", AttentionSplitter(config.out_dim, sizes.splitter_hidden));
  }
}

}  // namespace tactus::interactvlm
