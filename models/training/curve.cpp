#include "tactus/training/curve.h"

#include <algorithm>
#include <cstddef>

namespace tactus::training {

std::string curve(const std::vector<float>& values, int columns) {
  static const char* const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t count = std::min(values.size(), static_cast<std::size_t>(std::max(columns, 0)));
  std::vector<double> means;
  for (std::size_t c = 0; c < count; ++c) {
    const std::size_t begin = c * values.size() / count, end = (c + 1) * values.size() / count;
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += values[i];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  std::string text;
  if (means.empty()) return text;
  const auto [low, high] = std::minmax_element(means.begin(), means.end());
  for (const double mean : means) {
    const double height = *high > *low ? (mean - *low) / (*high - *low) : 0.0;
    text += blocks[std::clamp(static_cast<int>(height * 8.0), 0, 7)];
  }
  return text;
}

}  // namespace tactus::training
