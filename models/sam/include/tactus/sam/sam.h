// Segment Anything (METHOD.md §1.10) with the text path of LISA. Submodule names equal the checkpoint's keys.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tactus/checkpoint/tensor_source.h"
#include "tactus/image.h"
#include "tactus/progress.h"

namespace tactus::sam {

struct ImageEncoderOptions {
  std::int64_t embed_dim = 1280, depth = 32, heads = 16, mlp_ratio = 4, patch_size = 16, image_size = 1024;
  std::int64_t out_channels = 256, window_size = 14;
  std::vector<std::int64_t> global_blocks{7, 15, 23, 31};
  // Rows of the global blocks' relative-position tables; 0: 2·grid - 1. Others are interpolated linearly.
  std::int64_t global_table = 0;
  std::int64_t grid() const { return image_size / patch_size; }
};
ImageEncoderOptions vit_b(), vit_l(), vit_h();
// The sizes that the stored tensors under `prefix` ("", "model.visual_model.") have; every one is read off a shape,
// so tiny folders work too. Throws Error{bad_input} when they are not a SAM image encoder's.
ImageEncoderOptions options_of(const checkpoint::TensorSource& source, const std::string& prefix);

class ImageEncoderImpl : public torch::nn::Module {
 public:
  explicit ImageEncoderImpl(const ImageEncoderOptions& options);
  // pixels [B, 3, S, S] → [B, out_channels, grid, grid]. On the CPU without autograd the pictures go one after the
  // other and a stop is noticed within a fraction of a block; elsewhere between blocks.
  at::Tensor forward(const at::Tensor& pixels, const Progress& progress = {});

  // The steps of forward; tokens are [B, grid, grid, embed_dim].
  at::Tensor tokens(const at::Tensor& pixels);
  at::Tensor block(std::int64_t index, const at::Tensor& tokens, const Progress& progress = {});
  at::Tensor neck(const at::Tensor& tokens);

  ImageEncoderOptions options;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
  at::Tensor pos_embed_;
};
TORCH_MODULE(ImageEncoder);

struct Prompts {
  at::Tensor sparse;   // [n, N, C]
  at::Tensor dense;    // [n, C, grid, grid]
};

// In pixels of the resized picture (longest side = image_size).
struct PointPrompt {
  double x = 0, y = 0;
  bool inside = true;
};
struct BoxPrompt {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

struct PromptEncoderOptions {
  std::int64_t channels = 256, grid = 64, image_size = 1024;
  std::int64_t mask_channels = 16;   // a multiple of 4
};
// As options_of: what stands under prefix + "prompt_encoder."; the grid is that of the image encoder.
PromptEncoderOptions prompt_encoder_options_of(const checkpoint::TensorSource& source, const std::string& prefix,
                                               const ImageEncoderOptions& encoder);

class PromptEncoderImpl : public torch::nn::Module {
 public:
  explicit PromptEncoderImpl(const PromptEncoderOptions& options = {});
  // text_embeds [n, N, C]: sparse = them, dense = "no mask". Keeps their dtype.
  Prompts encode_text(const at::Tensor& text_embeds);
  // mask_logits [1, 1, 4·grid, 4·grid] from an earlier answer.
  // Points without a box get the padding point that the network was trained with.
  Prompts encode_marks(const std::vector<PointPrompt>& points, const std::optional<BoxPrompt>& box,
                       const std::optional<at::Tensor>& mask_logits);
  at::Tensor dense_positions();   // [1, C, grid, grid], in the dtype of the stored matrix

  PromptEncoderOptions options;

 private:
  struct Parts;
  at::Tensor point_codes(const std::vector<float>& xy) const;   // [1, points, C] of x, y in [0, 1]
  std::shared_ptr<Parts> parts_;
};
TORCH_MODULE(PromptEncoder);

struct MaskDecoderOptions {
  // heads cannot be told from the stored shapes; channels/2 is a multiple of it.
  std::int64_t channels = 256, layers = 2, heads = 8, mlp_size = 2048, mask_tokens = 4, iou_hidden = 256;
};

// The sizes that the stored tensors under `prefix` have (the heads are 8 in every release and no shape tells them).
// Throws Error{bad_input} when a tensor is missing or has a wrong number of dimensions.
MaskDecoderOptions mask_decoder_options_of(const checkpoint::TensorSource& source, const std::string& prefix);

class MaskDecoderImpl : public torch::nn::Module {
 public:
  explicit MaskDecoderImpl(const MaskDecoderOptions& options = {});
  struct Masks {
    at::Tensor logits;   // [V, 4, 4·grid, 4·grid]; index 0 is the single-mask answer
    at::Tensor iou;      // [V, 4]
  };
  // image_embeddings [V, C, g, g]; prompts of n = 1 (every view receives all N tokens, §1.10) or n ≥ 2 for V = 1
  // (an answer each).
  // n = 0: [0, 4, …]. Prompts are taken in the dtype of the embeddings. Throws Error{bad_input} for n ≥ 2 with
  // V > 1, which the published network cannot take either.
  Masks forward(const at::Tensor& image_embeddings, const at::Tensor& dense_positions, const Prompts& prompts);

  MaskDecoderOptions options;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};
TORCH_MODULE(MaskDecoder);

// §2.9, 4: float, bilinear to image_size², crop to the resized size, bilinear to the target. logits [V, 1, g4, g4]
// → float32 [V, height, width].
at::Tensor upscale_masks(const at::Tensor& logits, int image_size, int resized_width, int resized_height, int width,
                         int height);

// A whole SAM file (.pth of ViT-B/L/H, or such tensors in another container): clicks and boxes → a mask.
class Segmenter {
 public:
  static std::shared_ptr<Segmenter> open(const std::filesystem::path& file, at::ScalarType dtype, at::Device device,
                                         const Progress& progress);
  virtual ~Segmenter() = default;
  // Slow, once a photograph.
  virtual void set_photo(const ImageU8& rgb, const Progress& progress) = 0;
  struct Answer {
    ImageF logits;       // the photograph's size; > 0 is inside
    double iou = 0;      // as the network estimates it
  };
  // Points and box in pixels of the photograph; at least one of them. One click alone takes the best of the three
  // masks by estimated IoU. Further marks refine as the network was trained to: the box (or the first point) is
  // answered first, then every point in turn with the mask before it as a prompt too, by the single-mask answer.
  // The answer depends on the marks alone; what earlier calls had in common with these is not computed again.
  virtual Answer segment(const std::vector<PointPrompt>& points, const std::optional<BoxPrompt>& box) = 0;
};

}  // namespace tactus::sam
