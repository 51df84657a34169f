#include "dtype_names.h"

#include <array>

namespace tactus::checkpoint {
namespace {

using c10::ScalarType;

struct Names {
  ScalarType dtype;
  std::string_view safetensors, storage, torch;
};
constexpr std::array<Names, 17> kNames{{
    {ScalarType::Float, "F32", "FloatStorage", "float32"},
    {ScalarType::BFloat16, "BF16", "BFloat16Storage", "bfloat16"},
    {ScalarType::Half, "F16", "HalfStorage", "float16"},
    {ScalarType::Double, "F64", "DoubleStorage", "float64"},
    {ScalarType::Long, "I64", "LongStorage", "int64"},
    {ScalarType::Int, "I32", "IntStorage", "int32"},
    {ScalarType::Short, "I16", "ShortStorage", "int16"},
    {ScalarType::Char, "I8", "CharStorage", "int8"},
    {ScalarType::Byte, "U8", "ByteStorage", "uint8"},
    {ScalarType::Bool, "BOOL", "BoolStorage", "bool"},
    {ScalarType::UInt16, "U16", "", "uint16"},
    {ScalarType::UInt32, "U32", "", "uint32"},
    {ScalarType::UInt64, "U64", "", "uint64"},
    {ScalarType::Float8_e4m3fn, "F8_E4M3", "", "float8_e4m3fn"},
    {ScalarType::Float8_e5m2, "F8_E5M2", "", "float8_e5m2"},
    {ScalarType::ComplexFloat, "", "ComplexFloatStorage", "complex64"},
    {ScalarType::ComplexDouble, "", "ComplexDoubleStorage", "complex128"},
}};

std::optional<ScalarType> find(std::string_view name, std::string_view Names::*column) {
  if (name.empty()) return std::nullopt;
  for (const Names& names : kNames)
    if (names.*column == name) return names.dtype;
  return std::nullopt;
}

}  // namespace

std::optional<ScalarType> dtype_of_safetensors(std::string_view name) { return find(name, &Names::safetensors); }
std::optional<ScalarType> dtype_of_storage(std::string_view name) { return find(name, &Names::storage); }
std::optional<ScalarType> dtype_of_torch(std::string_view name) { return find(name, &Names::torch); }

std::string safetensors_name(ScalarType dtype) {
  for (const Names& names : kNames)
    if (names.dtype == dtype) return std::string(names.safetensors);
  return {};
}

}  // namespace tactus::checkpoint
