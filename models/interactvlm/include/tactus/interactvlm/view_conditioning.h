// What stands between the contact token and the mask decoder: camera encoders (METHOD.md §1.12, §2.8), the splitter
// of human and object embeddings (§1.13), and the two modules that released models leave off (§1.14, §1.15).
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "tactus/layers/linear.h"

namespace tactus::interactvlm {

// Base of the three; `cam_pose_encoder` in the state dict.
class CameraEncoderImpl : public torch::nn::Module {
 public:
  // embeddings [n, V, C], cameras [V, 5] normalised (§3.2) → [n, V, C]: multiplied by the gates, or the sum (simple).
  virtual at::Tensor condition(const at::Tensor& embeddings, const at::Tensor& cameras) = 0;
};
// type: "simple", "view_index", "vi_v1". `hidden`: width of the layers that all views share; 0 takes the published one
// (vi_v1 128, view_index as many as channels). Throws Error{bad_input} for another type.
std::shared_ptr<CameraEncoderImpl> make_camera_encoder(const std::string& type, std::int64_t views,
                                                       std::int64_t channels, std::int64_t hidden = 0);

class AttentionSplitterImpl : public torch::nn::Module {
 public:
  explicit AttentionSplitterImpl(std::int64_t channels = 256, std::int64_t hidden = 128);
  // [n, V, C] → {human, object}, each [n, V, C].
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& embeddings);

 private:
  at::Tensor attend(layers::Linear& query, const at::Tensor& p, const at::Tensor& key, const at::Tensor& value);
  layers::Linear input_proj_, query_human_, query_object_, key_, value_, output_proj_;
};
TORCH_MODULE(AttentionSplitter);

class FusionImpl : public torch::nn::Module {
 public:
  FusionImpl(std::int64_t sam_channels, std::int64_t language_size, std::int64_t hidden = 128, std::int64_t heads = 8);
  // sam [V, C, g, g], language [1, T, hidden] → [V, C, g, g].
  at::Tensor forward(const at::Tensor& sam, const at::Tensor& language);

 private:
  struct Parts;
  layers::Linear sam_proj_, llava_proj_, output_proj_;
  std::shared_ptr<Parts> parts_;
};
TORCH_MODULE(Fusion);

class UncertaintyImpl : public torch::nn::Module {
 public:
  explicit UncertaintyImpl(std::int64_t channels = 256);
  // [V, C, g, g] → [V, 1, g, g], positive.
  at::Tensor forward(const at::Tensor& sam);

 private:
  layers::Linear linear1_, linear2_, linear3_;
};
TORCH_MODULE(Uncertainty);

// Start values for training: Xavier uniform weights (gain 0.1 in the splitter, otherwise 1), zero biases. Reproducible
// from the seed.
void initialise(torch::nn::Module& module, std::uint64_t seed);

}  // namespace tactus::interactvlm
