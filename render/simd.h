// Eight floats at once, written with the compiler's vector types: the same operations in the same order on every
// processor, so results do not depend on how wide its registers are.
//
// Functions here are always inlined and take vectors by reference, because how vectors are passed differs between
// instruction sets.
#pragma once

#include <cstdint>
#include <cstring>

// A function compiled once for any processor and once for those with AVX2, chosen at start.
#if defined(__x86_64__) && defined(__linux__)
#define TACTUS_FOR_EACH_PROCESSOR __attribute__((target_clones("default", "avx2")))
#else
#define TACTUS_FOR_EACH_PROCESSOR
#endif
#define TACTUS_INLINE __attribute__((always_inline)) inline

namespace tactus::render {

inline constexpr int kLanes = 8;
using Float8 = float __attribute__((vector_size(32)));
using Int8 = std::int32_t __attribute__((vector_size(32)));   // also masks: -1 true, 0 false

TACTUS_INLINE void load(const float* from, Float8& to) { std::memcpy(&to, from, sizeof to); }
TACTUS_INLINE void load(const std::int32_t* from, Int8& to) { std::memcpy(&to, from, sizeof to); }
TACTUS_INLINE void store(const Float8& from, float* to) { std::memcpy(to, &from, sizeof from); }
TACTUS_INLINE void store(const Int8& from, std::int32_t* to) { std::memcpy(to, &from, sizeof from); }

TACTUS_INLINE bool any(const Int8& mask) {
  std::uint64_t words[4];
  std::memcpy(words, &mask, sizeof words);
  return (words[0] | words[1] | words[2] | words[3]) != 0;
}

// exp to 3e-7 of its value for |x| up to 87; beyond, the value there.
TACTUS_INLINE void exponential(const Float8& x, Float8& result) {
  constexpr float kLimit = 87.0F, kLog2e = 1.44269504F, kRound = 12582912.0F;   // 1.5·2^23: adding it rounds
  constexpr float kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  Float8 t = x < kLimit ? x : Float8{} + kLimit;
  t = t > -kLimit ? t : Float8{} - kLimit;
  const Float8 shifted = t * kLog2e + kRound;
  const Float8 n = shifted - kRound;
  const Float8 r = (t - n * kLn2High) - n * kLn2Low;
  // Taylor's series to the sixth power, |r| ≤ ln 2 / 2: the remainder is below 1.3e-7. Summed in pairs, so that the
  // steps need not wait for each other.
  const Float8 r2 = r * r;
  const Float8 low = (r + 1.0F) + r2 * (r * (1.0F / 6.0F) + 0.5F);
  const Float8 high = (r * (1.0F / 120.0F) + 1.0F / 24.0F) + r2 * (1.0F / 720.0F);
  const Float8 sum = low + (r2 * r2) * high;
  Int8 bits, power;
  std::memcpy(&bits, &shifted, sizeof bits);
  power = ((bits - 0x4B400000) + 127) << 23;   // the low bits of `shifted` hold n
  Float8 scale;
  std::memcpy(&scale, &power, sizeof scale);
  result = sum * scale;
}

}  // namespace tactus::render
