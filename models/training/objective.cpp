#include "objective.h"

#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>

namespace tactus::training {
namespace {

// [B, N] → [B]: mean over the points by their weights, positives counted `positive` times as much.
at::Tensor point_bce(const at::Tensor& logits, const at::Tensor& truth, double positive, const at::Tensor& weight = {}) {
  at::Tensor loss = at::binary_cross_entropy_with_logits(logits, truth, weight, at::full({}, positive, logits.options()), at::Reduction::None);
  if (!weight.defined()) return loss.mean(1);
  return loss.sum(1) / weight.sum(1).clamp_min(1e-6);
}

// [B]: 1 − 2·Σpy / (Σp + Σy); 0 where the truth is empty.
at::Tensor dice(const at::Tensor& logits, const at::Tensor& truth, const at::Tensor& weight = {}) {
  at::Tensor p = at::sigmoid(logits);
  at::Tensor y = truth;
  if (weight.defined()) {
    p = p * weight;
    y = truth * weight;
  }
  const at::Tensor sum = y.sum(1);
  const at::Tensor loss = 1.0 - (2.0 * (p * truth).sum(1) + 1e-5) / (p.sum(1) + sum + 1e-5);
  return loss * (sum > 0).to(loss.scalar_type());
}

}  // namespace

at::Tensor objective(const compact::Output& output, const Items& items, const TrainOptions::Loss& weights) {
  at::Tensor contact = weights.body_bce * point_bce(output.body, items.body, weights.positive);
  if (weights.body_dice > 0) contact = contact + weights.body_dice * dice(output.body, items.body);
  if (output.object.size(1) > 0) {
    if (weights.object_bce > 0) contact = contact + weights.object_bce * point_bce(output.object, items.object, weights.positive, items.object_weight);
    if (weights.object_dice > 0) contact = contact + weights.object_dice * dice(output.object, items.object, items.object_weight);
  }
  if (weights.presence > 0) {
    contact = contact + weights.presence * at::binary_cross_entropy_with_logits(output.presence, items.touched, {}, {}, at::Reduction::None);
  }
  at::Tensor loss = (contact * items.asks).sum();
  if (weights.words > 0) {
    const at::Tensor taught = (items.targets >= 0).to(output.words.scalar_type());
    const at::Tensor words = at::cross_entropy_loss(output.words.flatten(0, 1), items.targets.flatten(), {}, at::Reduction::None, -100);
    loss = loss + weights.words * (words.reshape(items.targets.sizes()).sum(1) / taught.sum(1).clamp_min(1.0)).sum();
  }
  return loss;
}

}  // namespace tactus::training
