#include "tactus/layers/fused.h"

#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace tactus::layers {
namespace {

using checkpoint::Precision;

// libtorch packs int4 rows in blocks of at most this many, each independent of the others.
constexpr std::int64_t kLargestBlock = 64;

bool fit_together(const std::vector<LinearImpl*>& parts) {
  return std::all_of(parts.begin(), parts.end(), [&](const LinearImpl* part) {
    return part->precision() == parts[0]->precision() && !part->bias.defined() &&
           part->options.in_features == parts[0]->options.in_features &&
           (part->precision() != Precision::int4 || part->options.out_features % kLargestBlock == 0);
  });
}

}  // namespace

Linear fuse(const std::vector<LinearImpl*>& parts) {
  const at::NoGradGuard no_grad;
  if (!fit_together(parts)) return Linear(nullptr);
  LinearOptions options(parts[0]->options.in_features, 0);
  std::vector<at::Tensor> weights, values, scales;
  for (const LinearImpl* part : parts) {
    if (part->group_ != parts[0]->group_) return Linear(nullptr);
    options.out_features += part->options.out_features;
    weights.push_back(part->weight);
    values.push_back(part->values_);
    scales.push_back(part->scales_);
  }
  const bool floats = parts[0]->weight.defined();
  const std::int64_t scale_rows = parts[0]->group_ ? 1 : 0;   // which dimension of the scales runs over rows
  Linear fused(LinearOptions(0, 0).with_bias(false));
  fused->options = options.with_bias(false);
  fused->group_ = parts[0]->group_;
  if (floats) {
    fused->weight.set_data(at::cat(weights, 0));
  } else {
    fused->drop_weight();
    fused->values_ = at::cat(values, 0);
    fused->scales_ = at::cat(scales, scale_rows);
  }
  std::int64_t begin = 0;
  for (LinearImpl* part : parts) {
    const std::int64_t rows = part->options.out_features;
    if (floats) {
      part->weight.set_data(fused->weight.narrow(0, begin, rows));
    } else {
      part->values_ = fused->values_.narrow(0, begin, rows);
      part->scales_ = fused->scales_.narrow(scale_rows, begin, rows);
    }
    begin += rows;
  }
  return fused;
}

bool is_part(const LinearImpl& part, const LinearImpl& whole) {
  const auto held = [](const LinearImpl& layer) { return layer.weight.defined() ? layer.weight : layer.values_; };
  return part.weight.defined() == whole.weight.defined() && held(part).is_alias_of(held(whole));
}

std::vector<at::Tensor> apply(const std::vector<LinearImpl*>& parts, Linear& fused, const at::Tensor& x) {
  std::vector<at::Tensor> results;
  if (!fused.is_empty() && !c10::GradMode::is_enabled() &&
      std::all_of(parts.begin(), parts.end(), [&](const LinearImpl* part) { return is_part(*part, *fused); })) {
    const at::Tensor all = fused(x);
    std::int64_t begin = 0;
    for (const LinearImpl* part : parts) {
      results.push_back(all.narrow(-1, begin, part->options.out_features));
      begin += part->options.out_features;
    }
    return results;
  }
  for (LinearImpl* part : parts) results.push_back(part->forward(x));
  return results;
}

}  // namespace tactus::layers
