#include "tactus/perception/weights.h"

#include <map>

#include "tactus/checkpoint/load_module.h"
#include "tactus/checkpoint/save_tensors.h"
#include "tactus/checkpoint/tensor_source.h"
#include "tactus/error.h"

namespace tactus::perception {

void save_weights(const std::filesystem::path& file, Network& network, const WeightsInfo& info) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> tensors;
  for (const auto& item : network->named_parameters()) {
    at::Tensor half = item.value().detach().to(at::kHalf).contiguous();
    if (!at::isfinite(half).all().item<bool>()) {
      throw cannot_run(file.string() + ": the weight " + item.key() + " is not finite; it was not written, and what was there stays");
    }
    tensors[item.key()] = half;
  }
  checkpoint::write_safetensors(file, tensors, to_metadata(info));
}

Network load_weights(const std::filesystem::path& file, const WeightsInfo& info) {
  Network network(info.options);
  checkpoint::LoadOptions options;
  options.writable = true;
  checkpoint::load_module(*network, *checkpoint::open_tensors(file), options);
  network->eval();
  return network;
}

}  // namespace tactus::perception
