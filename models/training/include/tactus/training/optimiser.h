// AdamW (Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization"), its state in plain tensors.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tactus::training {

struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.98, eps = 1e-8, weight_decay = 0.02, clip = 1.0;   // clip: largest norm of all gradients; 0: none
};

class AdamW {
 public:
  // `trained`: prefixes of the parameters that learn; empty: all. Matrices decay; biases, norms and tables do not.
  AdamW(torch::nn::Module& module, const AdamOptions& options, const std::vector<std::string>& trained = {});
  // `gradients` in the order of names(); undefined ones count as zero. → the norm before clipping.
  double step(const std::vector<at::Tensor>& gradients, double learning_rate);
  const std::vector<std::string>& names() const { return names_; }
  // For the checkpoint: "m.<name>", "v.<name>".
  std::map<std::string, at::Tensor> state() const;
  std::int64_t steps = 0;

 private:
  AdamOptions options_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_, first_, second_;
  std::vector<bool> decays_;
};

// Rises over the first `warmup` of the way, then falls as a cosine to `final_rate` of the peak. Both in [0, 1].
double schedule(double progress, double warmup, double final_rate);

}  // namespace tactus::training
