#include "tactus/training/optimiser.h"

#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tactus::training {

AdamW::AdamW(torch::nn::Module& module, const AdamOptions& options, const std::vector<std::string>& trained) : options_(options) {
  for (const auto& item : module.named_parameters()) {
    const std::string& name = item.key();
    const bool learns = trained.empty() || std::any_of(trained.begin(), trained.end(), [&](const std::string& prefix) {
                          return name == prefix || name.starts_with(prefix + ".");
                        });
    if (!learns) continue;
    names_.push_back(name);
    parameters_.push_back(item.value());
    first_.push_back(at::zeros_like(item.value()));
    second_.push_back(at::zeros_like(item.value()));
    const bool table = name.find("embed") != std::string::npos || name.find("position") != std::string::npos;
    decays_.push_back(item.value().dim() >= 2 && !table);
  }
}

double AdamW::step(const std::vector<at::Tensor>& gradients, double learning_rate) {
  const torch::NoGradGuard no_grad;
  double squares = 0.0;
  for (const at::Tensor& gradient : gradients) {
    if (!gradient.defined()) continue;
    const double norm = gradient.norm().item<double>();
    squares += norm * norm;
  }
  const double norm = std::sqrt(squares);
  const double scale = options_.clip > 0 && norm > options_.clip ? options_.clip / norm : 1.0;
  ++steps;
  const double correction1 = 1.0 - std::pow(options_.beta1, static_cast<double>(steps));
  const double correction2 = std::sqrt(1.0 - std::pow(options_.beta2, static_cast<double>(steps)));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (decays_[i]) parameters_[i].mul_(1.0 - learning_rate * options_.weight_decay);
    if (gradients[i].defined()) {
      first_[i].mul_(options_.beta1).add_(gradients[i], scale * (1.0 - options_.beta1));
      second_[i].mul_(options_.beta2).addcmul_(gradients[i], gradients[i], scale * scale * (1.0 - options_.beta2));
    } else {
      first_[i].mul_(options_.beta1);
      second_[i].mul_(options_.beta2);
    }
    parameters_[i].addcdiv_(first_[i], (second_[i].sqrt() / correction2).add_(options_.eps), -learning_rate / correction1);
  }
  return norm;
}

std::map<std::string, at::Tensor> AdamW::state() const {
  std::map<std::string, at::Tensor> tensors;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    tensors["m." + names_[i]] = first_[i];
    tensors["v." + names_[i]] = second_[i];
  }
  return tensors;
}

double schedule(double progress, double warmup, double final_rate) {
  const double at = std::clamp(progress, 0.0, 1.0);
  if (at < warmup) return at / warmup;
  if (warmup >= 1.0) return 1.0;
  const double fall = (at - warmup) / (1.0 - warmup);
  return final_rate + (1.0 - final_rate) * 0.5 * (1.0 + std::cos(std::numbers::pi * fall));
}

}  // namespace tactus::training
