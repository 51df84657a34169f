// Fills a module's parameters and buffers from named tensors, strictly.
#pragma once

#include <torch/nn/module.h>

#include <optional>
#include <string>
#include <vector>

#include "tactus/checkpoint/tensor_source.h"
#include "tactus/progress.h"

namespace tactus::checkpoint {

// Implemented by modules whose weight may be stored in more than one form (layers::Linear: float, int8, int4).
// load_module calls it with the module's own prefix ("model.layers.0.self_attn.q_proj.") instead of matching its
// parameters one by one.
class SelfLoading {
 public:
  virtual ~SelfLoading() = default;
  struct Plan {
    std::vector<std::string> names;      // the stored tensors it will read
    std::vector<std::string> problems;   // sentences: missing or misshapen, with expected and found shape
  };
  virtual Plan plan(const TensorSource& source, const std::string& prefix) const = 0;
  virtual void load(const TensorSource& source, const std::string& prefix, at::ScalarType dtype, at::Device device) = 0;
};

struct LoadOptions {
  std::string prefix;                          // "model.visual_model." : stored name = prefix + the module's own
  at::ScalarType dtype = at::kFloat;           // floating tensors become this; same as stored = no copy, mapped
  at::Device device = at::kCPU;
  std::vector<std::string> ignored;            // stored names that start with prefix + one of these are not "extra"
  bool extra_is_error = true;
  bool writable = false;                       // parameters own their memory: an optimiser may change them
};

// Tensors are read in parallel; `progress` counts bytes, those that stay mapped included: they are in memory
// afterwards. Parameters are replaced (set_data), so a module need not have allocated or initialised them in that
// dtype. Every registered buffer counts as stored; integer tensors keep the module's dtype.
// On any problem nothing of the module is changed and one Error{bad_input} lists every missing, extra and misshapen
// tensor (at most 20 in the sentence, then a count). After a stop no parameter or buffer has changed, but some
// SelfLoading modules may have loaded: drop the module.
void load_module(torch::nn::Module& module, const TensorSource& source, const LoadOptions& options,
                 const Progress& progress = {});

}  // namespace tactus::checkpoint
