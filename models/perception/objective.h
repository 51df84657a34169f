// What the trainer minimises.
#pragma once

#include <vector>

#include "sample.h"
#include "tactus/perception/network.h"
#include "tactus/perception/train.h"

namespace tactus::perception {

struct Items {                // M = image / 2
  at::Tensor image;           // float [B, 3, image, image]
  at::Tensor category;        // int64 [B]
  at::Tensor parts;           // int64 [B, M, M]
  at::Tensor object;          // float [B, M, M], 0 or 1
  at::Tensor asks;            // float [B]: a category is asked for
  at::Tensor things;          // int64 [B, image / 16, image / 16]
  at::Tensor joints;          // float [B, J, 2], pixels of the maps
  at::Tensor seen;            // float [B, J], 0 or 1
};
Items collate(const std::vector<Example>& examples);

// [B]: mean over the seen joints of the cross entropy between the softmax of logits [B, J, M, M] and a Gaussian of `sigma` map
// pixels at joints [B, J, 2]; 0 where none is seen.
at::Tensor joint_loss(const at::Tensor& logits, const at::Tensor& joints, const at::Tensor& seen, double sigma);

// [classes]: how much a pixel of each class counts.
at::Tensor class_weights(const TrainOptions::Loss& weights);

// Sum over the examples (each example's own means), to be divided by the examples of a step.
at::Tensor objective(const Output& output, const Items& items, const TrainOptions::Loss& weights);

}  // namespace tactus::perception
