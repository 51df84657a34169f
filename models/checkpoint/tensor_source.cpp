#include "tactus/checkpoint/tensor_source.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "stored_tensors.h"
#include "tactus/error.h"

namespace tactus::checkpoint {
namespace {

namespace fs = std::filesystem;

// Small tensors share their pages with others.
constexpr std::uint64_t kWorthForgetting = std::uint64_t{1} << 20U;

class StoredSource : public TensorSource {
 public:
  explicit StoredSource(std::vector<StoredTensor> tensors) : stored_(std::move(tensors)) {
    std::sort(stored_.begin(), stored_.end(),
              [](const StoredTensor& a, const StoredTensor& b) { return a.info.name < b.info.name; });
    for (const StoredTensor& tensor : stored_) infos_.push_back(tensor.info);
  }

  const std::vector<TensorInfo>& tensors() const override { return infos_; }

  at::Tensor read(const std::string& name) const override {
    const TensorInfo* info = find(name);
    if (info == nullptr) throw bad_input("there is no tensor " + name + " in the files");
    return view(stored_[static_cast<std::size_t>(info - infos_.data())]);
  }

 private:
  static at::Tensor view(const StoredTensor& stored) {
    const auto options = at::TensorOptions().dtype(stored.info.dtype);
    const auto* data = stored.file->bytes().data() + stored.offset;
    const auto count = static_cast<std::uint64_t>(stored.info.bytes());
    if (count == 0) return at::empty(stored.info.shape, options);
    if (reinterpret_cast<std::uintptr_t>(data) % c10::elementSize(stored.info.dtype) != 0) return aligned(stored);
    auto* place = const_cast<std::uint8_t*>(data);
    if (!stored.strides.empty())
      return at::from_blob(place, stored.info.shape, stored.strides, options).clone(at::MemoryFormat::Contiguous);
    const auto forget = [file = stored.file, offset = stored.offset, count](void*) {
      if (count >= kWorthForgetting) file->forget(offset, count);
    };
    return at::from_blob(place, stored.info.shape, forget, options);
  }

  // A copy of what does not begin at a multiple of its element's size.
  static at::Tensor aligned(const StoredTensor& stored) {
    const auto item = c10::elementSize(stored.info.dtype);
    std::int64_t extent = 1;
    if (stored.strides.empty()) {
      extent = element_count(stored.info.shape);
    } else {
      for (std::size_t d = 0; d < stored.strides.size(); ++d) extent += (stored.info.shape[d] - 1) * stored.strides[d];
    }
    const auto options = at::TensorOptions().dtype(stored.info.dtype);
    at::Tensor copy = at::empty({extent}, options);
    std::memcpy(copy.mutable_data_ptr(), stored.file->bytes().data() + stored.offset, static_cast<std::size_t>(extent) * item);
    if (stored.strides.empty()) return copy.view(stored.info.shape);
    return copy.as_strided(stored.info.shape, stored.strides).clone(at::MemoryFormat::Contiguous);
  }

  std::vector<StoredTensor> stored_;
  std::vector<TensorInfo> infos_;
};

bool begins_with(std::span<const std::uint8_t> bytes, std::string_view start) {
  return bytes.size() >= start.size() && std::memcmp(bytes.data(), start.data(), start.size()) == 0;
}

std::vector<StoredTensor> read_shards(const fs::path& index) {
  const std::string name = index.string();
  std::ifstream stream(index);
  const auto parsed = nlohmann::json::parse(stream, nullptr, false);
  if (!parsed.is_object()) throw bad_input(name + ": the index is not JSON; fetch it again");
  const auto map = parsed.find("weight_map");
  if (map == parsed.end() || !map->is_object() || map->empty())
    throw bad_input(name + ": the index has no weight_map from tensor names to files");
  std::map<std::string, std::vector<std::string>> wanted;   // by shard
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string()) throw bad_input(name + ": the file of " + tensor + " is not a name");
    wanted[shard.get<std::string>()].push_back(tensor);
  }
  std::vector<StoredTensor> all;
  for (const auto& [shard, tensors] : wanted) {
    if (shard.empty() || fs::path(shard).filename() != shard)
      throw bad_input(name + ": the index names \"" + shard + "\", which is not a file of its folder");
    const fs::path path = index.parent_path() / shard;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      throw bad_input(name + ": the index names " + shard + ", which is not in the folder; fetch that file");
    }
    std::map<std::string, StoredTensor> found;
    for (StoredTensor& tensor : read_tensor_file(path)) found.emplace(tensor.info.name, std::move(tensor));
    for (const std::string& tensor : tensors) {
      const auto at = found.find(tensor);
      if (at == found.end()) throw bad_input(path.string() + ": the tensor " + tensor + " is not in it, as the index says");
      all.push_back(std::move(at->second));
    }
  }
  return all;
}

}  // namespace

std::int64_t TensorInfo::bytes() const {
  return element_count(shape) * static_cast<std::int64_t>(c10::elementSize(dtype));
}

const TensorInfo* TensorSource::find(const std::string& name) const {
  const auto& all = tensors();
  const auto at = std::lower_bound(all.begin(), all.end(), name,
                                   [](const TensorInfo& info, const std::string& wanted) { return info.name < wanted; });
  return at == all.end() || at->name != name ? nullptr : &*at;
}

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t size : shape) {
    if (size == 0) empty = true;
    else if (count > INT64_MAX / size) return -1;
    else count *= size;
  }
  return empty ? 0 : count;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t d = 0; d < shape.size(); ++d) text += (d == 0 ? "" : ", ") + std::to_string(shape[d]);
  return text + "]";
}

std::vector<StoredTensor> read_tensor_file(const fs::path& path) {
  const auto file = std::make_shared<const MappedFile>(path);
  const auto bytes = file->bytes();
  if (begins_with(bytes, "PK")) return read_torch_archive(file);
  if (begins_with(bytes, "version https://git-lfs")) {
    throw bad_input(path.string() + ": this is the note that Git LFS leaves in the file's place; fetch the file itself "
                                    "(git lfs pull)");
  }
  if (begins_with(bytes, "\x80\x02\x8a\x0a") || begins_with(bytes, std::string_view("\x80\x02}q\0", 5)) ||
      begins_with(bytes, "\x80\x02" "ccollections")) {
    throw bad_input(path.string() +
                    ": this is written the way PyTorch did before 1.6, which Tactus does not read; write it again "
                    "with torch.save(torch.load(FILE, map_location=\"cpu\"), FILE) in a newer one");
  }
  return read_safetensors(file);
}

FolderFiles find_weights(const fs::path& folder) {
  std::vector<fs::path> safe_indices, indices, files;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
    const std::string name = entry->path().filename().string(), extension = entry->path().extension().string();
    if (name.ends_with(".safetensors.index.json")) safe_indices.push_back(entry->path());
    else if (name.ends_with(".index.json")) indices.push_back(entry->path());
    const bool weights = extension == ".safetensors" || extension == ".bin" || extension == ".pt" || extension == ".pth";
    if (weights && name != "training_args.bin") files.push_back(entry->path());
  }
  if (problem) throw bad_input(folder.string() + ": the folder could not be read (" + problem.message() + ")");
  const auto named = [](const std::vector<fs::path>& from, const char* name) {
    const auto at = std::find_if(from.begin(), from.end(), [&](const fs::path& path) { return path.filename() == name; });
    return at == from.end() ? fs::path() : *at;
  };
  // What Hugging Face's loader would take, in its order; then whatever is the only one.
  if (const auto index = named(safe_indices, "model.safetensors.index.json"); !index.empty()) return {index, {}};
  if (const auto file = named(files, "model.safetensors"); !file.empty()) return {{}, file};
  if (const auto index = named(indices, "pytorch_model.bin.index.json"); !index.empty()) return {index, {}};
  if (const auto file = named(files, "pytorch_model.bin"); !file.empty()) return {{}, file};
  indices.insert(indices.end(), safe_indices.begin(), safe_indices.end());
  if (indices.size() == 1) return {indices[0], {}};
  if (indices.size() > 1) throw bad_input(folder.string() + ": there are several *.index.json; keep one model a folder");
  if (files.size() == 1) return {{}, files[0]};
  if (files.empty()) {
    throw bad_input(folder.string() + ": there are no weights in this folder (*.safetensors, *.bin, *.pth, with an "
                                      "*.index.json where they are several)");
  }
  throw bad_input(folder.string() + ": there are " + std::to_string(files.size()) +
                  " weight files and no *.index.json that says what each holds; fetch the index, or name one file");
}

std::shared_ptr<const TensorSource> open_tensors(const fs::path& file_or_folder) {
  std::error_code ignored;
  if (!fs::is_directory(file_or_folder, ignored)) return std::make_shared<StoredSource>(read_tensor_file(file_or_folder));
  const FolderFiles found = find_weights(file_or_folder);
  return std::make_shared<StoredSource>(found.index.empty() ? read_tensor_file(found.file) : read_shards(found.index));
}

}  // namespace tactus::checkpoint
