// The CLIP vision transformer (METHOD.md §1.7). Submodule names equal the keys of a Hugging Face CLIP file.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace tactus::clip {

struct VisionTowerOptions {
  std::int64_t hidden_size = 1024, layers = 24, heads = 16, mlp_size = 4096;
  std::int64_t image_size = 224, patch_size = 14;
  double layer_norm_eps = 1e-5;
  std::array<float, 3> mean{0.48145466f, 0.4578275f, 0.40821073f};
  std::array<float, 3> std{0.26862954f, 0.26130258f, 0.27577711f};
  std::int64_t patches() const { return (image_size / patch_size) * (image_size / patch_size); }
};

// A CLIP folder's config.json (the whole CLIP's or the vision part's) and preprocessor_config.json; missing keys
// take the ViT-L/14 values. Throws Error{bad_input} on another architecture or impossible sizes.
VisionTowerOptions read_options(const std::filesystem::path& folder);

class VisionModelImpl;

class VisionTowerImpl : public torch::nn::Module {
 public:
  explicit VisionTowerImpl(const VisionTowerOptions& options);
  // pixels [B, 3, S, S] → hidden_states[select_layer] without the class token, [B, patches, hidden].
  // select_layer counts as in Python: -2 is the output of the last layer but one.
  at::Tensor forward(const at::Tensor& pixels, std::int64_t select_layer = -2);
  VisionTowerOptions options;

 private:
  std::shared_ptr<VisionModelImpl> vision_model_;
};
TORCH_MODULE(VisionTower);

}  // namespace tactus::clip
