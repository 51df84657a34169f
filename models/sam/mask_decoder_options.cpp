#include "tactus/error.h"
#include "tactus/sam/sam.h"

namespace tactus::sam {

MaskDecoderOptions mask_decoder_options_of(const checkpoint::TensorSource& source, const std::string& prefix) {
  const auto rows_and_columns = [&](const std::string& name) {
    const auto* info = source.find(prefix + "mask_decoder." + name);
    if (info == nullptr || info->shape.size() != 2) {
      throw bad_input(prefix + "mask_decoder." + name + ": this tensor " +
                      (info == nullptr ? "is missing" : "must have two dimensions") +
                      "; the file holds no whole mask decoder of Segment Anything");
    }
    return info->shape;
  };
  MaskDecoderOptions options;
  const auto tokens = rows_and_columns("mask_tokens.weight");
  options.mask_tokens = tokens[0];
  options.channels = tokens[1];
  options.mlp_size = rows_and_columns("transformer.layers.0.mlp.lin1.weight")[0];
  options.iou_hidden = rows_and_columns("iou_prediction_head.layers.0.weight")[0];
  options.layers = 1;
  while (source.find(prefix + "mask_decoder.transformer.layers." + std::to_string(options.layers) + ".mlp.lin1.weight") != nullptr) {
    ++options.layers;
  }
  return options;
}

}  // namespace tactus::sam
