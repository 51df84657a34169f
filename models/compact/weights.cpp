#include "tactus/compact/weights.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>

#include <map>

#include "tactus/checkpoint/load_module.h"
#include "tactus/checkpoint/save_tensors.h"
#include "tactus/checkpoint/tensor_source.h"
#include "tactus/error.h"
#include "weights_json.h"

namespace tactus::compact {

Network make_network(const NetworkOptions& options, const evidence::BodySample& sample) {
  const std::int64_t points = sample.size();
  const at::Tensor cluster = at::empty({points}, at::kLong), near = at::empty({points, 3}, at::kLong), weights = at::empty({points, 3});
  for (std::int64_t i = 0; i < points; ++i) {
    cluster.data_ptr<std::int64_t>()[i] = sample.cluster[static_cast<std::size_t>(i)];
    for (std::int64_t k = 0; k < 3; ++k) {
      near.data_ptr<std::int64_t>()[3 * i + k] = sample.near_clusters(i, k);
      weights.data_ptr<float>()[3 * i + k] = sample.near_weights(i, k);
    }
  }
  return Network(options, cluster, near, weights);
}

void save_weights(const std::filesystem::path& file, Network& network, const WeightsInfo& info) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> tensors;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    at::Tensor half = tensor.detach().cpu().to(at::kHalf).contiguous();
    if (!at::isfinite(half).all().item<bool>()) {
      throw cannot_run(file.string() + ": the weight " + name + " is not finite; it was not written, and what was there stays");
    }
    tensors[name] = half;
  };
  for (const auto& item : network->named_parameters()) add(item.key(), item.value());
  for (const auto& item : network->named_buffers()) add(item.key(), item.value());
  checkpoint::write_safetensors(file, tensors, to_metadata(info));
}

Network load_weights(const std::filesystem::path& file, const WeightsInfo& info, const evidence::BodySample& sample) {
  Network network = make_network(info.options, sample);
  checkpoint::LoadOptions options;
  options.writable = true;
  checkpoint::load_module(*network, *checkpoint::open_tensors(file), options);
  return network;
}

Network copy_of(const Network& network, const evidence::BodySample& sample) {
  const torch::NoGradGuard no_grad;
  Network copy = make_network(network->options, sample);
  const auto parameters = network->named_parameters(), buffers = network->named_buffers();
  for (auto& item : copy->named_parameters()) item.value().copy_(parameters[item.key()]);
  for (auto& item : copy->named_buffers()) item.value().copy_(buffers[item.key()]);
  return copy;
}

}  // namespace tactus::compact
