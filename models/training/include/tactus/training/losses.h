// The losses of the published method (METHOD.md §4) as functions of tensors; for networks of any size.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace tactus::training {

// official: as the published code computes them, oddities included. corrected: cross entropy in float32; views and samples without a
// single valid pixel do not count in the means; -1 is left out of every Dice; the object's affordance reaches its predictor.
enum class LossForm { official, corrected };

// What a sample's masks are: contact on a body or an object (logits), affordance (probabilities), or masks of another kind (logits,
// all views taken together).
enum class MaskKind { contact, affordance, other };

struct MaskSample {
  at::Tensor prediction, target;      // [views, H, W]; target -1: not valid. No views: a sample without masks
  MaskKind kind = MaskKind::contact;
};

struct LossWeights {
  double token = 1.0, bce = 2.0, bce_alpha = 0.5, dice = 1.0, dice_scale = 1.0, human = 3.0, object = 3.0;
};

// §4.2: logits [.., T, vocabulary], labels int64 [.., T], already moved by one; -100 does not count. Mean over what counts.
at::Tensor token_cross_entropy(const at::Tensor& logits, const at::Tensor& labels, LossForm form);
// §4.3–4.5, of one sample; without weights.
at::Tensor focal_bce(const MaskSample& sample, double alpha, LossForm form);
at::Tensor mask_dice(const MaskSample& sample, double scale, LossForm form);
at::Tensor heat_map_mse(const MaskSample& sample, LossForm form);   // 0 for all but affordance

struct MaskLosses {
  at::Tensor bce, dice, mse;   // weighted, over the batch
};
MaskLosses mask_losses(const std::vector<MaskSample>& batch, const LossWeights& weights, LossForm form);

// §4.6: probabilities and truth [B, V].
at::Tensor human_contact_3d(const at::Tensor& probability, const at::Tensor& truth);
// §4.7: probabilities and truth [B, N]. official: the published call gives the predictor the wrong arguments, so that its answer is 0
// everywhere: a constant of the truth, without gradient.
at::Tensor object_affordance_3d(const at::Tensor& probability, const at::Tensor& truth, LossForm form);
// §4.8: one vector a sample; those whose probabilities are all 0 are left out.
at::Tensor object_contact_3d(const std::vector<at::Tensor>& probabilities, const std::vector<at::Tensor>& truths);

}  // namespace tactus::training
