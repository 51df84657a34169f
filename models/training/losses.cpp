#include "tactus/training/losses.h"

#include <ATen/ops/binary_cross_entropy.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/nan_to_num.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <utility>

namespace tactus::training {
namespace {

constexpr double kGamma = 2.0, kDiceEps = 1e-5, kProbabilityEps = 1e-6, kSparse = 0.01;

at::Tensor nothing(const MaskSample& sample) {
  return sample.prediction.defined() ? sample.prediction.sum() * 0.0 : at::zeros({});
}

bool has_pixels(const MaskSample& sample) { return sample.prediction.defined() && sample.prediction.numel() > 0; }

// The pixels that are taken together: those of a view, or of all views of other masks. `masked`: valid ones alone.
std::vector<std::pair<at::Tensor, at::Tensor>> groups(const MaskSample& sample, bool masked) {
  std::vector<std::pair<at::Tensor, at::Tensor>> result;
  const auto add = [&](const at::Tensor& x, const at::Tensor& y) {
    if (!masked) {
      result.emplace_back(x.flatten(), y.flatten());
      return;
    }
    const at::Tensor valid = y != -1;
    result.emplace_back(x.masked_select(valid), y.masked_select(valid));
  };
  if (sample.kind == MaskKind::other) {
    add(sample.prediction, sample.target);
  } else {
    for (std::int64_t view = 0; view < sample.prediction.size(0); ++view) add(sample.prediction.select(0, view), sample.target.select(0, view));
  }
  return result;
}

// Mean over the views; in the corrected form over those that have a valid pixel.
template <typename OfView>
at::Tensor mean_over_views(const MaskSample& sample, bool masked, LossForm form, OfView&& of_view) {
  if (!has_pixels(sample)) return nothing(sample);
  std::vector<at::Tensor> values;
  for (const auto& [x, y] : groups(sample, masked)) {
    if (x.numel() > 0) {
      values.push_back(of_view(x, y));
    } else if (form == LossForm::official) {
      values.push_back(x.sum());
    }
  }
  return values.empty() ? nothing(sample) : at::stack(values).mean();
}

at::Tensor focal(const at::Tensor& bce, double alpha) { return alpha * (1.0 - (-bce).exp()).pow(kGamma) * bce; }

}  // namespace

at::Tensor token_cross_entropy(const at::Tensor& logits, const at::Tensor& labels, LossForm form) {
  const at::Tensor rows = logits.flatten(0, -2);
  return at::cross_entropy_loss(form == LossForm::corrected ? rows.to(at::kFloat) : rows, labels.flatten(), {}, at::Reduction::Mean, -100);
}

at::Tensor focal_bce(const MaskSample& sample, double alpha, LossForm form) {
  return mean_over_views(sample, true, form, [&](const at::Tensor& x, const at::Tensor& y) {
    const at::Tensor truth = y.to(x.scalar_type());
    const at::Tensor bce = sample.kind == MaskKind::affordance
                               ? at::binary_cross_entropy(x, truth, {}, at::Reduction::None)
                               : at::binary_cross_entropy_with_logits(x, truth, {}, {}, at::Reduction::None);
    return focal(bce, alpha).mean();
  });
}

at::Tensor mask_dice(const MaskSample& sample, double scale, LossForm form) {
  const bool masked = sample.kind != MaskKind::other || form == LossForm::corrected;
  return mean_over_views(sample, masked, form, [&](const at::Tensor& x, const at::Tensor& y) {
    const at::Tensor truth = y.to(x.scalar_type());
    const at::Tensor p = sample.kind == MaskKind::affordance ? x : at::sigmoid(x);
    if (sample.kind != MaskKind::other && truth.sum().template item<double>() == 0.0) return (p * 0.0).sum();
    const at::Tensor value = 1.0 - (2.0 * (p / scale * truth).sum() + kDiceEps) / ((p / scale).sum() + (truth / scale).sum() + kDiceEps);
    return at::nan_to_num(value, 0.0);
  });
}

at::Tensor heat_map_mse(const MaskSample& sample, LossForm form) {
  if (sample.kind != MaskKind::affordance) return nothing(sample);
  return mean_over_views(sample, true, form, [](const at::Tensor& x, const at::Tensor& y) { return (x - y.to(x.scalar_type())).square().mean(); });
}

MaskLosses mask_losses(const std::vector<MaskSample>& batch, const LossWeights& weights, LossForm form) {
  MaskLosses sums{at::zeros({}), at::zeros({}), at::zeros({})};
  double count = 0, heat_maps = 0;
  for (const MaskSample& sample : batch) {
    if (form == LossForm::corrected && !has_pixels(sample)) continue;
    sums.bce = sums.bce + focal_bce(sample, weights.bce_alpha, form);
    sums.dice = sums.dice + mask_dice(sample, weights.dice_scale, form);
    sums.mse = sums.mse + heat_map_mse(sample, form);
    count += 1;
    heat_maps += sample.kind == MaskKind::affordance ? 1 : 0;
  }
  return {weights.bce * sums.bce / (count + 1e-8), weights.dice * sums.dice / (count + 1e-8), weights.bce * sums.mse / (heat_maps + 1e-8)};
}

at::Tensor human_contact_3d(const at::Tensor& probability, const at::Tensor& truth) {
  const at::Tensor p = probability.clamp(kProbabilityEps, 1.0 - kProbabilityEps);
  return focal(at::binary_cross_entropy(p, truth.to(p.scalar_type()), {}, at::Reduction::None), 0.25).mean() + kSparse * p.mean();
}

at::Tensor object_affordance_3d(const at::Tensor& probability, const at::Tensor& truth, LossForm form) {
  const at::Tensor given = form == LossForm::official ? at::zeros_like(probability.detach()) : probability;
  const at::Tensor p = given.clamp(kProbabilityEps, 1.0 - kProbabilityEps), y = truth.to(p.scalar_type());
  const at::Tensor cross = -0.75 * p.square() * (1.0 - y) * (1.0 - p).log() - 0.25 * (1.0 - p).square() * y * p.log();
  const at::Tensor inside = ((p * y).sum(1) + kProbabilityEps) / (p.abs().sum(1) + y.abs().sum(1) + kProbabilityEps);
  const at::Tensor outside = (((1.0 - p) * (1.0 - y)).sum(1) + kProbabilityEps) / ((2.0 - p.abs() - y.abs()).sum(1) + kProbabilityEps);
  return 0.5 * cross.mean() + 0.3 * (1.5 - inside - outside).mean() + 0.8 * (p - y).square().mean() + 0.4 * (p - y).abs().mean();
}

at::Tensor object_contact_3d(const std::vector<at::Tensor>& probabilities, const std::vector<at::Tensor>& truths) {
  TORCH_CHECK(probabilities.size() == truths.size(), "one truth a sample");
  std::vector<at::Tensor> values;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i].sum().item<double>() == 0.0) continue;
    values.push_back(human_contact_3d(probabilities[i].unsqueeze(0), truths[i].unsqueeze(0)));
  }
  return values.empty() ? at::zeros({}) : at::stack(values).mean();
}

}  // namespace tactus::training
