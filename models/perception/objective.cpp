#include "objective.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "parts.h"

namespace tactus::perception {
namespace {

// Soft Dice (Milletari et al. 2016, "V-Net"), 1 - 2|PT| / (|P| + |T|) over the last two dimensions.
at::Tensor dice(const at::Tensor& probability, const at::Tensor& truth) {
  const at::Tensor both = (probability * truth).sum({-2, -1}), sizes = probability.sum({-2, -1}) + truth.sum({-2, -1});
  return 1.0 - (2.0 * both + 1.0) / (sizes + 1.0);
}

}  // namespace

at::Tensor class_weights(const TrainOptions::Loss& weights) {
  at::Tensor table = at::ones({kPartClasses});
  float* w = table.data_ptr<float>();
  w[0] = static_cast<float>(weights.background);
  for (const PartGroup& group : kPartGroups) {
    const double weight = group.name == "hands" ? weights.hands : group.name == "feet" ? weights.feet : group.name == "arms" ? weights.arms : 1.0;
    for (const int c : group.classes)
      if (c >= 0) w[c] = static_cast<float>(weight);
  }
  return table;
}

Items collate(const std::vector<Example>& examples) {
  const auto count = static_cast<std::int64_t>(examples.size());
  const std::int64_t size = examples.front().size, half = size / 2;
  Items items;
  items.image = at::empty({count, 3, size, size});
  items.category = at::empty({count}, at::kLong);
  items.parts = at::empty({count, half, half}, at::kLong);
  items.object = at::empty({count, half, half});
  items.asks = at::empty({count});
  items.things = at::empty({count, size / 16, size / 16}, at::kLong);
  items.joints = at::empty({count, body::kKeypointCount, 2});
  items.seen = at::empty({count, body::kKeypointCount});
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Example& e = examples[i];
    std::copy(e.image.begin(), e.image.end(), items.image.data_ptr<float>() + i * e.image.size());
    std::copy(e.parts.begin(), e.parts.end(), items.parts.data_ptr<std::int64_t>() + i * e.parts.size());
    std::copy(e.object.begin(), e.object.end(), items.object.data_ptr<float>() + i * e.object.size());
    std::copy(e.things.begin(), e.things.end(), items.things.data_ptr<std::int64_t>() + i * e.things.size());
    std::copy(e.seen.begin(), e.seen.end(), items.seen.data_ptr<float>() + i * e.seen.size());
    std::memcpy(items.joints.data_ptr<float>() + i * 2 * e.joints.size(), e.joints.data(), sizeof e.joints);
    items.category.data_ptr<std::int64_t>()[i] = e.category;
    items.asks.data_ptr<float>()[i] = e.category > 0 ? 1.0F : 0.0F;
  }
  return items;
}

at::Tensor joint_loss(const at::Tensor& logits, const at::Tensor& joints, const at::Tensor& seen, double sigma) {
  const std::int64_t side = logits.size(-1);
  at::Tensor weights;   // of a place along x and y, [B, J, 2, M], each summing to 1
  {
    const torch::NoGradGuard no_grad;
    const at::Tensor centres = at::arange(side, joints.options()) + 0.5;
    weights = at::softmax((centres - joints.unsqueeze(-1)).square() * (-0.5 / (sigma * sigma)), -1);
  }
  const at::Tensor expected = at::matmul(weights.select(2, 1).unsqueeze(2), at::matmul(logits, weights.select(2, 0).unsqueeze(3))).squeeze(3).squeeze(2);
  const at::Tensor entropies = at::logsumexp(logits.flatten(2), {2}) - expected;
  return (entropies * seen).sum(1) / seen.sum(1).clamp_min(1.0);
}

at::Tensor objective(const Output& output, const Items& items, const TrainOptions::Loss& weights) {
  const at::Tensor table = class_weights(weights);
  const at::Tensor log_parts = at::log_softmax(output.parts, 1), pixel_weights = table.index({items.parts});
  const at::Tensor entropy = -log_parts.gather(1, items.parts.unsqueeze(1)).squeeze(1);
  const at::Tensor parts = (entropy * pixel_weights).sum({1, 2}) / pixel_weights.sum({1, 2});
  // Over the classes that the crop shows.
  const at::Tensor truth = at::zeros(output.parts.sizes()).scatter_(1, items.parts.unsqueeze(1), 1.0);
  const at::Tensor shown = (truth.sum({2, 3}) > 0).to(at::kFloat);
  const at::Tensor overlap = (dice(log_parts.exp(), truth) * shown).sum(1) / shown.sum(1);

  const at::Tensor object = at::binary_cross_entropy_with_logits(output.object, items.object, {}, {}, at::Reduction::None).mean({1, 2});
  const at::Tensor there = (items.object.sum({1, 2}) > 0).to(at::kFloat);
  const at::Tensor object_overlap = dice(at::sigmoid(output.object), items.object) * there;
  const at::Tensor seen = at::binary_cross_entropy_with_logits(output.seen, items.seen, {}, {}, at::Reduction::None).mean(1);
  const at::Tensor joints = joint_loss(output.joints, items.joints, items.seen, weights.joint_sigma);
  at::Tensor named = at::zeros({});
  if (output.things.defined()) {
    constexpr double kNothing = 0.2;   // how much a place without a thing counts
    const at::Tensor counts = (items.things > 0).to(at::kFloat) * (1.0 - kNothing) + kNothing;
    const at::Tensor surprise = -at::log_softmax(output.things, 1).gather(1, items.things.unsqueeze(1)).squeeze(1);
    named = (surprise * counts).sum({1, 2}) / counts.sum({1, 2});
  }
  return (weights.things * named + weights.parts * parts + weights.parts_dice * overlap + items.asks * (weights.object * object + weights.object_dice * object_overlap) +
          weights.seen * seen + weights.joints * joints)
      .sum();
}

}  // namespace tactus::perception
