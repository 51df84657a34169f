#include "tactus/preprocess/picture_tensor.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "tactus/error.h"
#include "tactus/parallel.h"

namespace tactus::preprocess {
namespace {

// Weights are integers of 22 fractional bits: 8 bits of a sample and 2 of headroom then fit into 32.
constexpr int kFraction = 22;

double bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

// The input samples that one output sample mixes: [first, first + weights.size()).
struct Mix {
  int first = 0;
  std::vector<std::int32_t> weights;
};

// For outputs [begin, end) of an axis shrunk or stretched from `in` to `out` samples.
std::vector<Mix> mixes(int in, std::int64_t out, std::int64_t begin, std::int64_t end, Filter filter) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = std::max(scale, 1.0);
  const double support = (filter == Filter::bilinear ? 1.0 : 2.0) * stretch;
  std::vector<Mix> result(static_cast<std::size_t>(end - begin));
  std::vector<double> weights;
  for (std::int64_t i = begin; i < end; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int last = std::min(static_cast<int>(centre + support + 0.5), in);
    weights.assign(static_cast<std::size_t>(last - first), 0.0);
    double sum = 0.0;
    for (int j = first; j < last; ++j) {
      const double x = (j - centre + 0.5) / stretch;
      const double weight = filter == Filter::bilinear ? bilinear(x) : bicubic(x);
      weights[static_cast<std::size_t>(j - first)] = weight;
      sum += weight;
    }
    Mix& mix = result[static_cast<std::size_t>(i - begin)];
    mix.first = first;
    mix.weights.reserve(weights.size());
    for (const double weight : weights) {
      const double scaled = (sum != 0.0 ? weight / sum : weight) * (1 << kFraction);
      mix.weights.push_back(static_cast<std::int32_t>(scaled + (scaled < 0.0 ? -0.5 : 0.5)));
    }
  }
  return result;
}

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kFraction, 0, 255));
}

// The rectangle (column, row, width, height) of the picture resized to full_width × full_height.
struct Window {
  std::int64_t full_width, full_height, column, row;
  int width, height;
};

ImageU8 resize_window(const ImageU8& picture, const Window& window, Filter filter) {
  if (picture.empty() || picture.width < 1 || picture.height < 1) {
    throw bad_input("the picture is empty; a picture of at least one pixel is needed");
  }
  if (window.width < 1 || window.height < 1) {
    throw bad_input("cannot resize a picture to " + std::to_string(window.width) + "×" +
                    std::to_string(window.height) + " pixels; each side must be at least 1");
  }
  const int channels = picture.channels;
  const auto columns =
      mixes(picture.width, window.full_width, window.column, window.column + window.width, filter);
  const auto rows = mixes(picture.height, window.full_height, window.row, window.row + window.height, filter);
  int first_row = picture.height, last_row = 0;
  for (const Mix& mix : rows) {
    first_row = std::min(first_row, mix.first);
    last_row = std::max(last_row, mix.first + static_cast<int>(mix.weights.size()));
  }

  ImageU8 narrow(window.width, last_row - first_row, channels);
  parallel_for(static_cast<std::size_t>(narrow.height), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const std::uint8_t* from = picture.row(first_row + static_cast<int>(r));
      std::uint8_t* to = narrow.row(static_cast<int>(r));
      for (const Mix& mix : columns) {
        for (int c = 0; c < channels; ++c, ++to) {
          const std::uint8_t* sample = from + static_cast<std::ptrdiff_t>(mix.first) * channels + c;
          std::int32_t sum = 1 << (kFraction - 1);
          for (const std::int32_t weight : mix.weights) {
            sum += weight * *sample;
            sample += channels;
          }
          *to = rounded(sum);
        }
      }
    }
  });

  ImageU8 result(window.width, window.height, channels);
  const int width = window.width * channels;
  parallel_for(static_cast<std::size_t>(window.height), 16, [&](std::size_t begin, std::size_t end) {
    std::vector<std::int32_t> sums(static_cast<std::size_t>(width));
    for (std::size_t r = begin; r < end; ++r) {
      std::fill(sums.begin(), sums.end(), 1 << (kFraction - 1));
      const Mix& mix = rows[r];
      for (std::size_t k = 0; k < mix.weights.size(); ++k) {
        const std::uint8_t* from = narrow.row(mix.first - first_row + static_cast<int>(k));
        const std::int32_t weight = mix.weights[k];
        for (int i = 0; i < width; ++i) sums[static_cast<std::size_t>(i)] += weight * from[i];
      }
      std::uint8_t* to = result.row(static_cast<int>(r));
      for (int i = 0; i < width; ++i) to[i] = rounded(sums[static_cast<std::size_t>(i)]);
    }
  });
  return result;
}

void check_rgb(const ImageU8& picture) {
  if (picture.empty() || picture.channels != 3) {
    throw bad_input("a network takes RGB pictures of at least one pixel, not " + std::to_string(picture.width) +
                    "×" + std::to_string(picture.height) + " with " + std::to_string(picture.channels) +
                    " channels");
  }
}

}  // namespace

ImageU8 resize(const ImageU8& picture, int width, int height, Filter filter) {
  return resize_window(picture, {width, height, 0, 0, width, height}, filter);
}

ImageU8 clip_crop(const ImageU8& rgb, int size) {
  check_rgb(rgb);
  const std::int64_t shorter = std::min(rgb.width, rgb.height);
  const std::int64_t width = static_cast<std::int64_t>(size) * rgb.width / shorter;
  const std::int64_t height = static_cast<std::int64_t>(size) * rgb.height / shorter;
  return resize_window(rgb, {width, height, (width - size) / 2, (height - size) / 2, size, size}, Filter::bicubic);
}

at::Tensor clip_pixels(const ImageU8& rgb, int size, const std::array<float, 3>& mean,
                       const std::array<float, 3>& std) {
  const ImageU8 crop = clip_crop(rgb, size);
  at::Tensor pixels = at::empty({1, 3, size, size}, at::kFloat);
  float* to = pixels.data_ptr<float>();
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < crop.pixel_count(); ++i) {
      *to++ = (static_cast<float>(crop.data[3 * i + c] * (1.0 / 255.0)) - mean[c]) / std[c];
    }
  }
  return pixels;
}

SamPixels sam_pixels(const ImageU8& rgb, int size) {
  check_rgb(rgb);
  constexpr float kMean[3] = {123.675F, 116.28F, 103.53F}, kStd[3] = {58.395F, 57.12F, 57.375F};
  const double scale = static_cast<double>(size) / std::max(rgb.width, rgb.height);
  SamPixels result;
  // A side that would round to nothing keeps one pixel, so that pictures of extreme ratio have an answer too.
  result.resized_width = std::max(static_cast<int>(rgb.width * scale + 0.5), 1);
  result.resized_height = std::max(static_cast<int>(rgb.height * scale + 0.5), 1);
  const ImageU8 resized = resize(rgb, result.resized_width, result.resized_height, Filter::bilinear);
  result.pixels = at::zeros({1, 3, size, size}, at::kFloat);
  float* to = result.pixels.data_ptr<float>();
  for (int c = 0; c < 3; ++c) {
    for (int r = 0; r < resized.height; ++r) {
      float* row = to + (static_cast<std::size_t>(c) * size + r) * size;
      const std::uint8_t* from = resized.row(r) + c;
      for (int i = 0; i < resized.width; ++i, from += 3) row[i] = (*from - kMean[c]) / kStd[c];
    }
  }
  return result;
}

}  // namespace tactus::preprocess
