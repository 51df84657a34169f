// Pixel rasters. Row-major, pixel (column, row), channels interleaved; the centre of a pixel lies at +0.5.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tactus/error.h"

namespace tactus {

template <typename T>
struct Image {
  int width = 0;
  int height = 0;
  int channels = 1;
  std::vector<T> data;  // size width·height·channels

  Image() = default;
  Image(int width_px, int height_px, int channel_count = 1, T fill = T{})
      : width(width_px),
        height(height_px),
        channels(channel_count),
        data(static_cast<std::size_t>(width_px) * height_px * channel_count, fill) {}

  bool empty() const { return data.empty(); }
  std::size_t pixel_count() const { return static_cast<std::size_t>(width) * height; }
  std::size_t index(int column, int row, int channel = 0) const {
    return (static_cast<std::size_t>(row) * width + column) * channels + channel;
  }
  T& at(int column, int row, int channel = 0) { return data[index(column, row, channel)]; }
  const T& at(int column, int row, int channel = 0) const { return data[index(column, row, channel)]; }
  T* row(int r) { return data.data() + index(0, r); }
  const T* row(int r) const { return data.data() + index(0, r); }
  bool same_size(int w, int h) const { return width == w && height == h; }
  friend bool operator==(const Image&, const Image&) = default;
};

using ImageU8 = Image<std::uint8_t>;    // pictures: 3 channels RGB or 4 RGBA; masks: 1 channel, non-zero = inside
using ImageF = Image<float>;
using ImageI32 = Image<std::int32_t>;

}  // namespace tactus
