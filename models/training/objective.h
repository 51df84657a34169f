// What the trainer minimises.
#pragma once

#include "data_set.h"
#include "tactus/compact/network.h"
#include "tactus/training/train.h"

namespace tactus::training {

// Sum over the prompts (each prompt's own means), to be divided by the prompts of a step.
at::Tensor objective(const compact::Output& output, const Items& items, const TrainOptions::Loss& weights);

}  // namespace tactus::training
