// The perception network: a small convolutional U-Net with attention at the bottom; the category asked for modulates the bottom
// and the way up.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "tactus/perception/weights_info.h"

namespace tactus::perception {

struct Output {                 // M = image / 2
  at::Tensor parts;             // [B, parts, M, M] logits
  at::Tensor object;            // [B, M, M] logits: the pixel shows a thing of the category asked for
  at::Tensor joints;            // [B, joints, M, M]: a softmax over the M·M places gives where a joint is, if it is seen
  at::Tensor seen;              // [B, joints] logits: the joint lies in the picture
  at::Tensor things;            // [B, categories, image / 16, image / 16] logits, one softmax a place: 0 no thing, else a row of the embedding;
                                // undefined where NetworkOptions::things is 0
};

class ConvolutionImpl;
class BlockImpl;
class AttentionImpl;

// Submodules: stem, down_4, down_8, down_16, things, attention.<i>, film, lateral_8, lateral_4, lateral_2, up_8, up_4, up_2, head, seen,
// category_embedding, position.
class NetworkImpl : public torch::nn::Module {
 public:
  // Nothing is initialised: initialise() or a file of weights does it. Error{bad_input}: sizes that do not fit.
  explicit NetworkImpl(const NetworkOptions& options);
  void initialise(std::uint64_t seed);
  // image float32 [B, 3, image, image], (value / 255 - 0.5) / 0.25; category int64 [B]. Keeps nothing, so that several threads may
  // call it at once when no gradient is wanted.
  Output forward(const at::Tensor& image, const at::Tensor& category);
  NetworkOptions options;

 private:
  std::shared_ptr<ConvolutionImpl> stem_, up_2_;
  torch::nn::Sequential down_4_{nullptr}, down_8_{nullptr}, down_16_{nullptr}, things_{nullptr};
  std::vector<std::shared_ptr<AttentionImpl>> attention_;
  std::shared_ptr<BlockImpl> up_8_, up_4_;
  torch::nn::Conv2d lateral_8_{nullptr}, lateral_4_{nullptr}, lateral_2_{nullptr}, head_{nullptr};
  torch::nn::Linear film_{nullptr}, seen_{nullptr};
  at::Tensor category_embedding_, position_;
};
TORCH_MODULE(Network);

}  // namespace tactus::perception
