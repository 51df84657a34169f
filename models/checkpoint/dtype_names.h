// The names that the formats give to element types.
#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <string>
#include <string_view>

namespace tactus::checkpoint {

std::optional<c10::ScalarType> dtype_of_safetensors(std::string_view name);   // "BF16"
std::string safetensors_name(c10::ScalarType dtype);                          // empty: the format has none
std::optional<c10::ScalarType> dtype_of_storage(std::string_view name);       // "BFloat16Storage"
std::optional<c10::ScalarType> dtype_of_torch(std::string_view name);         // "bfloat16", as in torch.bfloat16

}  // namespace tactus::checkpoint
