// The pickle inside a torch archive. Nothing is executed: a few constructors are known by name and built here, any
// other is refused.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tactus::checkpoint {

// One tensor of the saved dictionaries; nested names are joined with dots.
struct PickledTensor {
  std::string name;
  std::string storage;             // key of the entry data/<key>
  c10::ScalarType dtype = c10::ScalarType::Float;
  std::int64_t storage_bytes = 0;  // as the pickle says
  std::int64_t offset = 0;         // in elements
  std::vector<std::int64_t> shape, strides;
};

// What a torch.save of a state dict holds. Where the dictionary wraps one ("state_dict", "model", …) that one is
// taken; whatever is not a tensor is left out. Every tensor lies inside its storage.
// `what` begins the message of Error{bad_input}.
std::vector<PickledTensor> read_torch_pickle(std::span<const std::uint8_t> bytes, const std::string& what);

}  // namespace tactus::checkpoint
