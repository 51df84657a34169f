#include "crop.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tactus/error.h"

namespace tactus::perception {
namespace {

// Which pixels of a row or column make a pixel of the crop. Weights sum to 1, less what lies beyond.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

std::vector<Taps> taps(double begin, double side, int size, int length) {
  const double scale = side / size, reach = std::max(1.0, scale);
  std::vector<Taps> all(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    const double centre = begin + (i + 0.5) * scale;
    const int low = static_cast<int>(std::floor(centre - reach - 0.5)) + 1, high = static_cast<int>(std::ceil(centre + reach - 0.5)) - 1;
    double sum = 0;
    for (int j = low; j <= high; ++j) sum += 1.0 - std::abs(j + 0.5 - centre) / reach;
    Taps& mine = all[static_cast<std::size_t>(i)];
    mine.first = std::clamp(low, 0, length);
    for (int j = mine.first; j <= std::min(high, length - 1); ++j)
      mine.weights.push_back(static_cast<float>((1.0 - std::abs(j + 0.5 - centre) / reach) / sum));
  }
  return all;
}

}  // namespace

Box whole_box(int width, int height) {
  const double side = std::max(width, height);
  return {0.5 * (width - side), 0.5 * (height - side), side};
}

void crop_picture(const ImageU8& rgb, const Box& box, int size, float* planes) {
  if (rgb.channels != 3 || rgb.empty()) {
    throw bad_input("the photograph has " + std::to_string(rgb.channels) + " channels and " + std::to_string(rgb.pixel_count()) +
                    " pixels; it must have three channels (RGB) and at least one pixel");
  }
  const auto columns = taps(box.x, box.side, size, rgb.width), rows = taps(box.y, box.side, size, rgb.height);
  const auto n = static_cast<std::size_t>(size);
  std::fill(planes, planes + 3 * n * n, 0.0F);
  std::vector<float> line(3 * n);   // a row of the photograph, at the crop's columns
  int low = rgb.height, high = 0;
  for (const Taps& row : rows) {
    if (row.weights.empty()) continue;
    low = std::min(low, row.first);
    high = std::max(high, row.first + static_cast<int>(row.weights.size()));
  }
  for (int y = low; y < high; ++y) {
    const std::uint8_t* from = rgb.row(y);
    for (std::size_t i = 0; i < n; ++i) {
      float sum[3] = {};
      for (std::size_t k = 0; k < columns[i].weights.size(); ++k) {
        const std::uint8_t* pixel = from + 3 * (static_cast<std::size_t>(columns[i].first) + k);
        const float weight = columns[i].weights[k];
        for (int c = 0; c < 3; ++c) sum[c] += weight * (static_cast<float>(pixel[c]) - 127.5F);
      }
      for (std::size_t c = 0; c < 3; ++c) line[c * n + i] = sum[c] / 63.75F;
    }
    for (std::size_t r = 0; r < n; ++r) {
      const auto k = static_cast<std::size_t>(y - rows[r].first);
      if (y < rows[r].first || k >= rows[r].weights.size()) continue;
      const float weight = rows[r].weights[k];
      for (std::size_t c = 0; c < 3; ++c) {
        float* out = planes + (c * n + r) * n;
        for (std::size_t i = 0; i < n; ++i) out[i] += weight * line[c * n + i];
      }
    }
  }
}

float value_at(const float* map, int size, const Box& box, double x, double y) {
  const Eigen::Vector2d at = box.to_crop({x, y}, size);
  const double u = std::clamp(at.x() - 0.5, 0.0, size - 1.0), v = std::clamp(at.y() - 0.5, 0.0, size - 1.0);
  const int column = std::min(static_cast<int>(u), size - 2), row = std::min(static_cast<int>(v), size - 2);
  const auto a = static_cast<float>(u - column), b = static_cast<float>(v - row);
  const float* p = map + static_cast<std::ptrdiff_t>(row) * size + column;
  return (1 - b) * ((1 - a) * p[0] + a * p[1]) + b * ((1 - a) * p[size] + a * p[size + 1]);
}

}  // namespace tactus::perception
