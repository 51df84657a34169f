// The one linear layer of all networks here: float, or weight-only quantised.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tactus/checkpoint/load_module.h"
#include "tactus/checkpoint/quantise.h"

namespace tactus::layers {

struct LinearOptions {
  LinearOptions(std::int64_t in, std::int64_t out) : in_features(in), out_features(out) {}
  LinearOptions& with_bias(bool value) { bias = value; return *this; }
  std::int64_t in_features, out_features;
  bool bias = true;
};

class Linear;

// y = x·Wᵀ + b; W [out, in]. Parameters are not initialised (a checkpoint or an initialiser fills them), so that a
// 13B model can be built without touching its memory.
class LinearImpl : public torch::nn::Module, public checkpoint::SelfLoading {
 public:
  explicit LinearImpl(const LinearOptions& options);
  at::Tensor forward(const at::Tensor& x);

  // Precision of the weight now; fp32 and bf16 are the parameter's dtype.
  checkpoint::Precision precision() const;
  // Replaces the float weight by a quantised one. int4 needs columns in groups of 64 and the CPU; int8 is taken
  // otherwise. Quantised products are computed in bf16 whatever the dtype of x.
  void quantise(checkpoint::Precision precision);

  Plan plan(const checkpoint::TensorSource& source, const std::string& prefix) const override;
  void load(const checkpoint::TensorSource& source, const std::string& prefix, at::ScalarType dtype,
            at::Device device) override;

  LinearOptions options;
  at::Tensor weight, bias;   // parameters; weight is undefined while quantised
  // load() leaves a float weight in the type that it is stored in, mapped: it will be quantised and is not worth a copy.
  bool keep_stored_dtype = false;

  // The weight as a product sees it, float32 [out, in], whatever form it is held in.
  at::Tensor dequantised() const;

  // The packed forms move with the module; only their dtype is fixed.
  void to(torch::Device device, torch::Dtype dtype, bool non_blocking = false) override;
  void to(torch::Dtype dtype, bool non_blocking = false) override;
  void to(torch::Device device, bool non_blocking = false) override;

 private:
  friend Linear fuse(const std::vector<LinearImpl*>& parts);
  friend bool is_part(const LinearImpl& part, const LinearImpl& whole);

  at::Tensor product(const at::Tensor& x, at::ScalarType dtype) const;   // with the whole weight in that dtype
  void move(at::Device device);
  void hold(const checkpoint::Int8Weight& stored, at::Device device);
  void hold(const checkpoint::Int4Weight& stored, at::Device device);
  void drop_weight();

  at::Tensor values_, scales_;   // int8 [N,K] and bf16 [N]; or libtorch's packed int4 form and its scales
  int group_ = 0;                // 0: not int4
};
TORCH_MODULE(Linear);

}  // namespace tactus::layers
