// Copies of one network for the slices of a batch.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tactus::training {

// One network a slice: they share the weights' memory and have gradients of their own, so that slices run side by side and
// the sum of their gradients has one order. `Network`: a module holder; `make` gives one of the master's sizes.
template <typename Network>
class Replicas {
 public:
  Replicas(Network master, std::size_t count, const std::function<Network()>& make) : all_{std::move(master)} {
    const auto weights = all_[0]->parameters();
    const auto buffers = all_[0]->buffers();
    for (std::size_t i = 1; i < count; ++i) {
      Network copy = make();
      copy->to(weights.front().device());
      auto own = copy->parameters();
      for (std::size_t p = 0; p < own.size(); ++p) own[p].set_data(weights[p].detach());
      auto own_buffers = copy->buffers();
      for (std::size_t p = 0; p < own_buffers.size(); ++p) own_buffers[p].set_data(buffers[p]);
      all_.push_back(copy);
    }
    for (auto& network : all_) {
      std::map<std::string, at::Tensor> named;
      for (auto& item : network->named_parameters()) named[item.key()] = item.value();
      named_.push_back(std::move(named));
    }
  }
  Network& operator[](std::size_t i) { return all_[i]; }
  const std::vector<Network>& all() const { return all_; }
  void clear_gradients() {
    for (auto& network : all_)
      for (auto& p : network->parameters()) p.mutable_grad() = at::Tensor();
  }
  // In the order of the slices.
  std::vector<at::Tensor> sum(const std::vector<std::string>& names) {
    const torch::NoGradGuard no_grad;
    std::vector<at::Tensor> sums;
    for (const std::string& name : names) {
      at::Tensor total;
      for (auto& named : named_) {
        const at::Tensor gradient = named.at(name).grad();
        if (!gradient.defined()) continue;
        total = total.defined() ? total.add_(gradient) : gradient;
      }
      sums.push_back(total);
    }
    return sums;
  }

 private:
  std::vector<Network> all_;
  std::vector<std::map<std::string, at::Tensor>> named_;
};

}  // namespace tactus::training
