#include "tactus/training/checkpoint.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <map>
#include <string>

#include "tactus/checkpoint/save_tensors.h"
#include "tactus/checkpoint/tensor_source.h"
#include "tactus/error.h"

namespace tactus::training {
namespace {

// Everything that the file holds besides the position, by name; the tensors are the live ones.
std::map<std::string, at::Tensor> live(torch::nn::Module& network, const AdamW& optimiser) {
  std::map<std::string, at::Tensor> tensors = optimiser.state();
  for (const auto& item : network.named_parameters()) tensors["model." + item.key()] = item.value().detach();
  for (const auto& item : network.named_buffers()) tensors["model." + item.key()] = item.value();
  return tensors;
}

}  // namespace

void save_checkpoint(const std::filesystem::path& file, std::uint64_t key, torch::nn::Module& network, const AdamW& optimiser,
                     const Position& position) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] : live(network, optimiser)) tensors[name] = tensor.cpu().contiguous();
  tensors["position"] = at::empty({3}, at::kLong);
  tensors["position"].data_ptr<std::int64_t>()[0] = static_cast<std::int64_t>(key);
  tensors["position"].data_ptr<std::int64_t>()[1] = position.step;
  tensors["position"].data_ptr<std::int64_t>()[2] = optimiser.steps;
  tensors["seconds"] = at::empty({1}, at::kDouble).fill_(position.seconds);
  const auto count = static_cast<std::int64_t>(position.losses.size());
  tensors["losses"] = at::empty({count});
  std::copy(position.losses.begin(), position.losses.end(), tensors["losses"].data_ptr<float>());
  checkpoint::write_safetensors(file, tensors, {{"format", "tactus training 1"}});
}

std::optional<Position> load_checkpoint(const std::filesystem::path& file, std::uint64_t key, torch::nn::Module& network, AdamW& optimiser) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  const auto source = checkpoint::open_tensors(file);
  const auto foreign = [&](const std::string& what) {
    return bad_input(file.string() + ": " + what + "; delete it to begin anew, or name another file");
  };
  const checkpoint::TensorInfo* place = source->find("position");
  if (place == nullptr || place->dtype != at::kLong || place->shape != std::vector<std::int64_t>{3} || source->find("losses") == nullptr ||
      source->find("seconds") == nullptr) {
    throw foreign("this is not a checkpoint of a training");
  }
  const at::Tensor numbers = source->read("position");
  if (static_cast<std::uint64_t>(numbers.const_data_ptr<std::int64_t>()[0]) != key) throw foreign("this checkpoint is of another configuration");
  const auto tensors = live(network, optimiser);
  for (const auto& [name, tensor] : tensors) {
    const checkpoint::TensorInfo* info = source->find(name);
    if (info == nullptr || info->shape != tensor.sizes().vec()) throw foreign("this checkpoint is of another network (" + name + ")");
  }
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors) {
    at::Tensor target = tensor;
    target.copy_(source->read(name));
  }
  Position position;
  position.step = numbers.const_data_ptr<std::int64_t>()[1];
  optimiser.steps = numbers.const_data_ptr<std::int64_t>()[2];
  position.seconds = source->read("seconds").item<double>();
  const at::Tensor losses = source->read("losses").to(at::kFloat).contiguous();
  position.losses.assign(losses.const_data_ptr<float>(), losses.const_data_ptr<float>() + losses.numel());
  return position;
}

}  // namespace tactus::training
