// What the readers of the formats find: where in which file each tensor lies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mapped_file.h"
#include "tactus/checkpoint/tensor_source.h"

namespace tactus::checkpoint {

struct StoredTensor {
  TensorInfo info;
  std::shared_ptr<const MappedFile> file;
  std::uint64_t offset = 0;             // bytes from the file's beginning
  std::vector<std::int64_t> strides;    // in elements; empty: contiguous
};

// Each checks that every tensor lies inside the file, so that reading cannot fail. Error{bad_input} otherwise.
std::vector<StoredTensor> read_safetensors(const std::shared_ptr<const MappedFile>& file);
std::vector<StoredTensor> read_torch_archive(const std::shared_ptr<const MappedFile>& file);
// By the file's contents.
std::vector<StoredTensor> read_tensor_file(const std::filesystem::path& path);

// The weights of a folder: an index, or one file.
struct FolderFiles {
  std::filesystem::path index;   // empty: there is none
  std::filesystem::path file;    // without an index
};
// Error{bad_input} when it is neither.
FolderFiles find_weights(const std::filesystem::path& folder);

// Σ shape products without overflow; -1 when it does not fit.
std::int64_t element_count(const std::vector<std::int64_t>& shape);
std::string shape_text(const std::vector<std::int64_t>& shape);   // "[3, 4]"

}  // namespace tactus::checkpoint
