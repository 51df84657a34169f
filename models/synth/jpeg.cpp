// What JPEG loses, without its files: transform, rounding, and back.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "tactus/error.h"
#include "tactus/synth/pictures.h"

namespace tactus::synth {
namespace {

using Block = std::array<float, 64>;

// ITU-T T.81, tables K.1 and K.2.
constexpr std::array<int, 64> kLuminance = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,  14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,  49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr std::array<int, 64> kChrominance = {
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

Block steps_of(const std::array<int, 64>& table, int quality) {
  const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  Block steps;
  for (std::size_t i = 0; i < 64; ++i) steps[i] = static_cast<float>(std::clamp((table[i] * scale + 50) / 100, 1, 255));
  return steps;
}

// basis[k][x]: orthonormal cosine transform of 8 samples.
const std::array<std::array<float, 8>, 8>& basis() {
  static const auto table = [] {
    std::array<std::array<float, 8>, 8> b{};
    for (int k = 0; k < 8; ++k)
      for (int x = 0; x < 8; ++x)
        b[static_cast<std::size_t>(k)][static_cast<std::size_t>(x)] =
            static_cast<float>(std::sqrt(k == 0 ? 0.125 : 0.25) * std::cos((2 * x + 1) * k * std::numbers::pi / 16.0));
    return b;
  }();
  return table;
}

void round_in_frequency(Block& block, const Block& steps) {
  const auto& b = basis();
  Block rows, spectrum;
  for (std::size_t y = 0; y < 8; ++y)
    for (std::size_t k = 0; k < 8; ++k) {
      float sum = 0;
      for (std::size_t x = 0; x < 8; ++x) sum += b[k][x] * block[8 * y + x];
      rows[8 * y + k] = sum;
    }
  for (std::size_t l = 0; l < 8; ++l)
    for (std::size_t k = 0; k < 8; ++k) {
      float sum = 0;
      for (std::size_t y = 0; y < 8; ++y) sum += b[l][y] * rows[8 * y + k];
      spectrum[8 * l + k] = std::round(sum / steps[8 * l + k]) * steps[8 * l + k];
    }
  for (std::size_t y = 0; y < 8; ++y)
    for (std::size_t k = 0; k < 8; ++k) {
      float sum = 0;
      for (std::size_t l = 0; l < 8; ++l) sum += b[l][y] * spectrum[8 * l + k];
      rows[8 * y + k] = sum;
    }
  for (std::size_t y = 0; y < 8; ++y)
    for (std::size_t x = 0; x < 8; ++x) {
      float sum = 0;
      for (std::size_t k = 0; k < 8; ++k) sum += b[k][x] * rows[8 * y + k];
      block[8 * y + x] = sum;
    }
}

// Blocks over the border repeat the last pixels.
void degrade(ImageF& channel, const Block& steps) {
  for (int top = 0; top < channel.height; top += 8) {
    for (int left = 0; left < channel.width; left += 8) {
      Block block;
      for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x)
          block[static_cast<std::size_t>(8 * y + x)] = channel.at(std::min(left + x, channel.width - 1), std::min(top + y, channel.height - 1));
      round_in_frequency(block, steps);
      for (int y = 0; y < 8 && top + y < channel.height; ++y)
        for (int x = 0; x < 8 && left + x < channel.width; ++x) channel.at(left + x, top + y) = block[static_cast<std::size_t>(8 * y + x)];
    }
  }
}

}  // namespace

ImageU8 jpeg_artefacts(const ImageU8& rgb, int quality) {
  if (quality < 1 || quality > 100) throw bad_input("JPEG: a quality of " + std::to_string(quality) + " is outside 1 to 100");
  if (rgb.channels != 3) throw bad_input("JPEG: the picture has " + std::to_string(rgb.channels) + " channels; it must have 3");
  ImageF luminance(rgb.width, rgb.height);
  ImageF blue((rgb.width + 1) / 2, (rgb.height + 1) / 2), red(blue.width, blue.height), count(blue.width, blue.height);
  for (int row = 0; row < rgb.height; ++row) {
    for (int column = 0; column < rgb.width; ++column) {
      const float r = rgb.at(column, row, 0), g = rgb.at(column, row, 1), b = rgb.at(column, row, 2);
      luminance.at(column, row) = 0.299F * r + 0.587F * g + 0.114F * b - 128.0F;
      blue.at(column / 2, row / 2) += -0.168736F * r - 0.331264F * g + 0.5F * b;
      red.at(column / 2, row / 2) += 0.5F * r - 0.418688F * g - 0.081312F * b;
      count.at(column / 2, row / 2) += 1.0F;
    }
  }
  for (std::size_t i = 0; i < count.data.size(); ++i) {
    blue.data[i] /= count.data[i];
    red.data[i] /= count.data[i];
  }
  degrade(luminance, steps_of(kLuminance, quality));
  degrade(blue, steps_of(kChrominance, quality));
  degrade(red, steps_of(kChrominance, quality));
  ImageU8 result(rgb.width, rgb.height, 3);
  const auto byte = [](float v) { return static_cast<std::uint8_t>(std::clamp(std::round(v), 0.0F, 255.0F)); };
  for (int row = 0; row < rgb.height; ++row) {
    for (int column = 0; column < rgb.width; ++column) {
      const float y = luminance.at(column, row) + 128.0F, cb = blue.at(column / 2, row / 2), cr = red.at(column / 2, row / 2);
      result.at(column, row, 0) = byte(y + 1.402F * cr);
      result.at(column, row, 1) = byte(y - 0.344136F * cb - 0.714136F * cr);
      result.at(column, row, 2) = byte(y + 1.772F * cb);
    }
  }
  return result;
}

}  // namespace tactus::synth
