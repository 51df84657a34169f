// Named tensors in files: safetensors, torch zip archives, shards with an index. Files are mapped into memory;
// nothing in a pickle is ever executed.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace tactus::checkpoint {

struct TensorInfo {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> shape;
  std::string file;                  // which file holds it
  std::int64_t bytes() const;
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  // Sorted by name.
  virtual const std::vector<TensorInfo>& tensors() const = 0;
  // Null when there is no such name.
  const TensorInfo* find(const std::string& name) const;
  // As stored: on the CPU, of the file's dtype, contiguous; where the file allows it a view of the mapped bytes,
  // which keeps the mapping alive and must not be written to. Safe from several threads.
  // Throws Error{bad_input} for an unknown name.
  virtual at::Tensor read(const std::string& name) const = 0;
};

// One file: ".safetensors", or a torch zip archive (".bin", ".pt", ".pth") told by its contents. Or a folder with
// "*.index.json" and its shards, or with exactly one weight file ("model.safetensors", "pytorch_model.bin").
// Throws Error{bad_input}: missing, truncated, a foreign constructor in a pickle (by its name), an index that names
// a missing file.
std::shared_ptr<const TensorSource> open_tensors(const std::filesystem::path& file_or_folder);

}  // namespace tactus::checkpoint
