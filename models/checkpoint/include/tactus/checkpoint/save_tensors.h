// Writes safetensors files (METHOD.md §9.9), whole or tensor by tensor.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tactus/checkpoint/tensor_source.h"
#include "tactus/progress.h"

namespace tactus::checkpoint {

// Names, dtypes and shapes are known first; the data comes later, in any order, from any thread. Until finish() the
// file stands beside its place as "<file>.part", and a writer that never finishes removes it.
class SafetensorsWriter {
 public:
  // The room on the disk is taken here. Error{cannot_run}: the disk is full or the folder cannot be written to;
  // Error{bad_input}: a name twice, a dtype that the format does not have.
  SafetensorsWriter(const std::filesystem::path& file, std::vector<TensorInfo> tensors,
                    const std::map<std::string, std::string>& metadata = {});
  ~SafetensorsWriter();
  SafetensorsWriter(const SafetensorsWriter&) = delete;
  SafetensorsWriter& operator=(const SafetensorsWriter&) = delete;

  // Throws std::logic_error when the name, dtype or shape is not one that was announced.
  void write(const std::string& name, const at::Tensor& tensor, const Progress& stop = {});
  // Throws std::logic_error when a tensor was never written.
  void finish();
  std::uint64_t file_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

void write_safetensors(const std::filesystem::path& file, const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace tactus::checkpoint
