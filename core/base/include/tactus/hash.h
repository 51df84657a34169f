// Content keys: the same bytes give the same key on every machine.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace tactus {

// FNV-1a over 64-bit words, finished by a mixing step. Not cryptographic: keys of a cache, not of a vault.
class Hasher {
 public:
  void bytes(const void* data, std::size_t size) {
    const auto* p = static_cast<const unsigned char*>(data);
    while (size >= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, 8);
      mix(word);
      p += 8;
      size -= 8;
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, p, size);
    mix(rest ^ (static_cast<std::uint64_t>(size) << 56U));
  }
  template <typename T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  void value(T v) {
    bytes(&v, sizeof v);
  }
  void text(std::string_view t) {
    value(t.size());
    bytes(t.data(), t.size());
  }
  std::uint64_t key() const {
    std::uint64_t h = state_;
    h ^= h >> 33U;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33U;
    return h;
  }

 private:
  void mix(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x100000001b3ULL;
    state_ ^= state_ >> 29U;
  }
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

}  // namespace tactus
