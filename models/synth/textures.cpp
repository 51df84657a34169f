#include "textures.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tactus::synth {
namespace {

float lattice(int x, int y, int z, std::uint32_t seed) {
  auto h = static_cast<std::uint32_t>(x) * 0x9E3779B1U ^ static_cast<std::uint32_t>(y) * 0x85EBCA77U ^ static_cast<std::uint32_t>(z) * 0xC2B2AE3DU ^ seed * 0x27D4EB2FU;
  h ^= h >> 15U;
  h *= 0x2C1B3C6DU;
  h ^= h >> 12U;
  h *= 0x297A2D39U;
  h ^= h >> 15U;
  return static_cast<float>(h >> 8U) * 0x1p-24F;
}

float smooth_noise(const Eigen::Vector3f& p, std::uint32_t seed) {
  const Eigen::Vector3f cell(std::floor(p.x()), std::floor(p.y()), std::floor(p.z()));
  const Eigen::Vector3f t = p - cell;
  const Eigen::Vector3f s = t.cwiseProduct(t).cwiseProduct(Eigen::Vector3f::Constant(3.0F) - 2.0F * t);
  const int x = static_cast<int>(cell.x()), y = static_cast<int>(cell.y()), z = static_cast<int>(cell.z());
  float sum = 0;
  for (int corner = 0; corner < 8; ++corner) {
    const int dx = corner & 1, dy = (corner >> 1) & 1, dz = corner >> 2;
    sum += (dx != 0 ? s.x() : 1.0F - s.x()) * (dy != 0 ? s.y() : 1.0F - s.y()) * (dz != 0 ? s.z() : 1.0F - s.z()) * lattice(x + dx, y + dy, z + dz, seed);
  }
  return sum;
}

}  // namespace

float noise(const Eigen::Vector3f& point, std::uint32_t seed) {
  return (4.0F * smooth_noise(point, seed) + 2.0F * smooth_noise(2.0F * point, seed + 1) + smooth_noise(4.0F * point, seed + 2)) / 7.0F;
}

Colour Look::at(const Eigen::Vector3f& point) const {
  if (pattern == Pattern::plain) return first;
  const Eigen::Vector3f p = frequency * point;
  float t = 0;
  switch (pattern) {
    case Pattern::plain: break;
    case Pattern::cloudy: t = std::clamp(2.0F * noise(0.5F * p, seed) - 0.5F, 0.0F, 1.0F); break;
    case Pattern::stripes: t = p[axis] - std::floor(p[axis]) < 0.5F ? 0.0F : 1.0F; break;
    case Pattern::checks: {
      int odd = 0;
      for (int k = 0; k < 3; ++k) odd += static_cast<int>(std::floor(p[k] + 0.25F)) & 1;
      t = static_cast<float>(odd & 1);
      break;
    }
    case Pattern::dots: {
      const Eigen::Vector3f q(p.x() - std::floor(p.x()) - 0.5F, p.y() - std::floor(p.y()) - 0.5F, p.z() - std::floor(p.z()) - 0.5F);
      t = q.norm() < 0.38F ? 1.0F : 0.0F;
      break;
    }
    case Pattern::planks: {
      Eigen::Vector3f q = 2.0F * p;
      q[axis] *= 0.08F;
      t = std::clamp(1.6F * noise(q, seed) - 0.3F, 0.0F, 1.0F);
      break;
    }
  }
  return first + t * (second - first);
}

Colour any_colour(Random& random) {
  // Even in hue, most of them not vivid, as things are.
  const double hue = 6.0 * random.uniform(), saturation = std::pow(random.uniform(), 1.5), value = random.uniform(0.06, 0.95);
  Colour c;
  for (int k = 0; k < 3; ++k) {
    const double part = std::abs(std::fmod(hue + 2.0 * k, 6.0) - 3.0) - 1.0;
    c[k] = static_cast<float>(value * (1.0 - saturation * (1.0 - std::clamp(part, 0.0, 1.0))));
  }
  return c;
}

Colour skin_colour(Random& random) {
  static const std::array<Colour, 6> tones = {Colour(0.96F, 0.84F, 0.76F), Colour(0.91F, 0.74F, 0.62F), Colour(0.80F, 0.60F, 0.46F),
                                              Colour(0.64F, 0.44F, 0.32F), Colour(0.46F, 0.30F, 0.21F), Colour(0.28F, 0.18F, 0.13F)};
  const double place = random.uniform() * 4.999;
  const auto low = static_cast<std::size_t>(place);
  const auto t = static_cast<float>(place - static_cast<double>(low));
  return (1.0F - t) * tones[low] + t * tones[low + 1];
}

Colour hair_colour(Random& random) {
  static const std::array<Colour, 6> colours = {Colour(0.07F, 0.06F, 0.05F), Colour(0.20F, 0.13F, 0.08F), Colour(0.38F, 0.25F, 0.14F),
                                                Colour(0.72F, 0.57F, 0.34F), Colour(0.55F, 0.22F, 0.10F), Colour(0.75F, 0.74F, 0.72F)};
  return colours[random.below(static_cast<std::uint32_t>(colours.size()))];
}

Look any_look(Random& random, double variation) {
  // The same numbers are drawn whatever the variation, so that it changes nothing else in a picture.
  Look look;
  look.pattern = static_cast<Look::Pattern>(random.below(6));
  look.first = any_colour(random);
  look.second = any_colour(random);
  const auto likeness = static_cast<float>(random.uniform());
  look.second = likeness * look.first + (1.0F - likeness) * look.second;
  look.frequency = static_cast<float>(std::exp(random.uniform(std::log(3.0), std::log(40.0))));
  look.axis = static_cast<int>(random.below(3));
  look.shine = static_cast<float>(0.5 * std::pow(random.uniform(), 3.0));
  look.seed = random.next();
  if (variation <= 0.0) {
    look.pattern = Look::Pattern::plain;
    look.first = Colour::Constant(0.6F);
    look.shine = 0.0F;
  }
  return look;
}

}  // namespace tactus::synth
