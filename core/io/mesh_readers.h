// One reader a format; read_mesh chooses and checks the result. Errors name `name`.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tactus/io/mesh_files.h"

namespace tactus::io {

MeshFile read_obj(const std::vector<std::uint8_t>& bytes, const std::string& name);
MeshFile read_ply(const std::vector<std::uint8_t>& bytes, const std::string& name);
MeshFile read_glb(const std::vector<std::uint8_t>& bytes, const std::string& name);

// Eigen's matrices of what the readers collect.
inline geometry::Vertices rows_of(const std::vector<float>& values) {
  return Eigen::Map<const geometry::Vertices>(values.data(), static_cast<Eigen::Index>(values.size() / 3), 3);
}
inline geometry::Faces rows_of(const std::vector<std::int32_t>& values) {
  return Eigen::Map<const geometry::Faces>(values.data(), static_cast<Eigen::Index>(values.size() / 3), 3);
}

// The next word of a line or file, empty at the end; `text` moves past it.
inline std::string_view next_word(std::string_view& text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; };
  std::size_t begin = 0;
  while (begin < text.size() && space(text[begin])) ++begin;
  std::size_t end = begin;
  while (end < text.size() && !space(text[end])) ++end;
  const auto word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

// A whole word as a number, correctly rounded whatever the locale; false when it is not one. What is too small for a
// float is zero, what is too large infinite.
inline bool parse_number(std::string_view word, float& value) {
  if (!word.empty() && word[0] == '+') word.remove_prefix(1);
  const char* end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data(), end, value);
  if (parsed.ptr != end || word.empty()) return false;
  if (parsed.ec == std::errc::result_out_of_range) {
    double wide = 1.0;
    const bool fits = std::from_chars(word.data(), end, wide).ec == std::errc();
    const auto exponent = word.find_first_of("eE");
    const bool small = fits ? std::abs(wide) < 1.0 : exponent != std::string_view::npos && exponent + 1 < word.size() && word[exponent + 1] == '-';
    value = small ? 0.0F : std::numeric_limits<float>::infinity();
    return true;
  }
  return parsed.ec == std::errc();
}

}  // namespace tactus::io
