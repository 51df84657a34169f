#include "view_embeddings.h"

#include <algorithm>
#include <cstdio>

#include "tactus/checkpoint/save_tensors.h"
#include "tactus/checkpoint/tensor_source.h"
#include "tactus/error.h"
#include "tactus/hash.h"
#include "tactus/parallel.h"
#include "tactus/preprocess/picture_tensor.h"

namespace tactus::interactvlm {
namespace {

constexpr std::size_t kRecent = 16;   // four views of the body, of two objects, the photograph

std::uint64_t weights_key(const torch::nn::Module& module) {
  const auto parameters = module.parameters();
  std::vector<std::uint64_t> keys(parameters.size());
  parallel_for(keys.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const at::Tensor values = parameters[i].detach().to(at::kCPU).contiguous();
      Hasher hasher;
      hasher.bytes(values.data_ptr(), values.nbytes());
      keys[i] = hasher.key();
    }
  });
  Hasher all;
  for (const auto key : keys) all.value(key);
  return all.key();
}

}  // namespace

ViewEmbeddings::ViewEmbeddings(sam::ImageEncoder encoder, at::ScalarType dtype, at::Device device,
                               std::filesystem::path cache_folder)
    : encoder_(std::move(encoder)), dtype_(dtype), device_(device), cache_folder_(std::move(cache_folder)) {}

std::uint64_t ViewEmbeddings::key_of(const ImageU8& picture) {
  if (weights_key_ == 0) weights_key_ = weights_key(*encoder_);
  Hasher hasher;
  hasher.value(weights_key_);
  hasher.value(static_cast<int>(dtype_));
  hasher.value(picture.width);
  hasher.value(picture.height);
  hasher.bytes(picture.data.data(), picture.data.size());
  return hasher.key();
}

at::Tensor ViewEmbeddings::from_disk(std::uint64_t key) const {
  char name[40];
  std::snprintf(name, sizeof name, "sam-%016llx.safetensors", static_cast<unsigned long long>(key));
  std::error_code error;
  const auto file = cache_folder_ / name;
  if (!std::filesystem::exists(file, error)) return {};
  try {
    const at::Tensor stored = checkpoint::open_tensors(file)->read("embedding");
    const auto& o = encoder_->options;
    if (stored.sizes() != at::IntArrayRef({1, o.out_channels, o.grid(), o.grid()}) || stored.scalar_type() != dtype_) return {};
    return stored.clone().to(device_);
  } catch (const Error&) {
    return {};   // damaged: it is made again and written over
  }
}

void ViewEmbeddings::to_disk(std::uint64_t key, const at::Tensor& embedding) const {
  char name[40];
  std::snprintf(name, sizeof name, "sam-%016llx.safetensors", static_cast<unsigned long long>(key));
  try {
    std::filesystem::create_directories(cache_folder_);
    checkpoint::write_safetensors(cache_folder_ / name, {{"embedding", embedding.cpu()}});
  } catch (const std::exception&) {
    // A cache that cannot be written costs time only.
  }
}

ViewEmbeddings::Seen ViewEmbeddings::of(const std::vector<const ImageU8*>& pictures, bool on_disk, const Progress& progress) {
  Seen seen;
  std::vector<at::Tensor> rows;
  const double count = static_cast<double>(pictures.size());
  for (std::size_t v = 0; v < pictures.size(); ++v) {
    const Progress part = progress.part(static_cast<double>(v) / count, static_cast<double>(v + 1) / count);
    part.report(0.0, "view " + std::to_string(v + 1) + " of " + std::to_string(pictures.size()));
    const auto sam = preprocess::sam_pixels(*pictures[v], static_cast<int>(encoder_->options.image_size));
    seen.resized_width = sam.resized_width;
    seen.resized_height = sam.resized_height;

    const std::uint64_t key = key_of(*pictures[v]);
    const auto known = std::find_if(recent_.begin(), recent_.end(), [&](const auto& entry) { return entry.first == key; });
    if (known != recent_.end()) {
      recent_.splice(recent_.begin(), recent_, known);
    } else {
      const bool disk = on_disk && !cache_folder_.empty();
      at::Tensor embedding = disk ? from_disk(key) : at::Tensor();
      if (!embedding.defined()) {
        embedding = encoder_->forward(sam.pixels.to(device_, dtype_), part);
        if (disk) to_disk(key, embedding);
      }
      recent_.emplace_front(key, embedding);
      if (recent_.size() > kRecent) recent_.pop_back();
    }
    rows.push_back(recent_.front().second);
  }
  seen.embeddings = at::cat(rows);
  return seen;
}

}  // namespace tactus::interactvlm
