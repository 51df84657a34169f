// One seeded generator, handed in wherever chance is wanted. The same numbers on every platform, which
// std::*_distribution does not promise.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace tactus {

// PCG32 (O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms").
class Random {
 public:
  explicit Random(std::uint64_t seed = 42, std::uint64_t stream = 54) : increment_((stream << 1U) | 1U) {
    next();
    state_ += seed;
    next();
  }

  std::uint32_t next() {
    const std::uint64_t old = state_;
    state_ = old * 6364136223846793005ULL + increment_;
    const auto xorshifted = static_cast<std::uint32_t>(((old >> 18U) ^ old) >> 27U);
    const auto rotation = static_cast<std::uint32_t>(old >> 59U);
    return (xorshifted >> rotation) | (xorshifted << ((32U - rotation) & 31U));
  }
  // In [0, 1).
  double uniform() { return next() * 0x1p-32; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // In [0, count); count > 0.
  std::uint32_t below(std::uint32_t count) { return static_cast<std::uint32_t>(uniform() * count); }
  // Standard normal (Box–Muller; one of the pair is dropped so that a call always uses two numbers).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_ = 0;
  std::uint64_t increment_;
};

}  // namespace tactus
