// Meijster, Roerdink, Hesselink 2000, "A general algorithm for computing distance transforms in linear time": exact, integers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tactus/evidence/evidence.h"
#include "tactus/error.h"

namespace tactus::evidence {
namespace {

// Squared distance of every pixel to the nearest one that is `inside`; nothing is known when there is none.
class SquaredDistance {
 public:
  SquaredDistance(int width, int height)
      : width_(width), height_(height), to_nearest_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)),
        site_(static_cast<std::size_t>(width)), start_(static_cast<std::size_t>(width)) {}

  // Calls use(column, row, squared) for every pixel that is not itself inside.
  template <typename Use>
  void run(const ImageU8& mask, bool inside, const Use& use) {
    const std::int32_t none = width_ + height_;   // farther than any
    for (int r = 0; r < height_; ++r) {
      const std::uint8_t* m = mask.row(r);
      std::int32_t* g = row(r);
      const std::int32_t* above = r > 0 ? row(r - 1) : nullptr;
      for (int c = 0; c < width_; ++c) g[c] = (m[c] != 0) == inside ? 0 : above ? std::min(above[c] + 1, none) : none;
    }
    for (int r = height_ - 2; r >= 0; --r) {
      std::int32_t* g = row(r);
      const std::int32_t* below = row(r + 1);
      for (int c = 0; c < width_; ++c) g[c] = std::min(g[c], below[c] + 1);
    }
    for (int r = 0; r < height_; ++r) along_row(row(r), r, use);
  }

 private:
  std::int32_t* row(int r) { return to_nearest_.data() + static_cast<std::ptrdiff_t>(r) * width_; }

  template <typename Use>
  void along_row(const std::int32_t* g, int r, const Use& use) {
    const auto value = [&](int c, int from) { return (c - from) * (c - from) + g[from] * g[from]; };
    int last = 0;
    site_[0] = start_[0] = 0;
    for (int c = 1; c < width_; ++c) {
      while (last >= 0 && value(start_[static_cast<std::size_t>(last)], site_[static_cast<std::size_t>(last)]) >
                              value(start_[static_cast<std::size_t>(last)], c))
        --last;
      if (last < 0) {
        last = 0;
        site_[0] = c;
        start_[0] = 0;
        continue;
      }
      const int i = site_[static_cast<std::size_t>(last)];
      // The first column from which c is nearer than i; rounded towards minus infinity, which never matters below 0.
      const int numerator = c * c - i * i + g[c] * g[c] - g[i] * g[i];
      const int from = 1 + (numerator >= 0 ? numerator / (2 * (c - i)) : -1);
      if (from < width_) {
        ++last;
        site_[static_cast<std::size_t>(last)] = c;
        start_[static_cast<std::size_t>(last)] = from;
      }
    }
    for (int c = width_ - 1; c >= 0; --c) {
      if (g[c] != 0) use(c, r, value(c, site_[static_cast<std::size_t>(last)]));
      if (c == start_[static_cast<std::size_t>(last)]) --last;
    }
  }

  int width_, height_;
  std::vector<std::int32_t> to_nearest_;
  std::vector<int> site_, start_;
};

}  // namespace

ImageF signed_distance(const ImageU8& mask) {
  if (mask.channels != 1 || mask.width > 16384 || mask.height > 16384)   // squares stay within 32 bits
    throw bad_input("mask: " + std::to_string(mask.width) + "×" + std::to_string(mask.height) + " pixels in " +
                    std::to_string(mask.channels) + " channels; one channel of at most 16384 pixels a side is needed");
  ImageF distance(mask.width, mask.height);
  const auto inside = static_cast<std::size_t>(
      std::count_if(mask.data.begin(), mask.data.end(), [](std::uint8_t m) { return m != 0; }));
  if (inside == 0 || inside == mask.pixel_count()) {
    std::fill(distance.data.begin(), distance.data.end(), inside == 0 ? 1e6F : -1e6F);
    return distance;
  }
  SquaredDistance transform(mask.width, mask.height);
  transform.run(mask, true, [&](int c, int r, int squared) { distance.at(c, r) = std::sqrt(static_cast<float>(squared)); });
  transform.run(mask, false, [&](int c, int r, int squared) { distance.at(c, r) = -std::sqrt(static_cast<float>(squared)); });
  return distance;
}

}  // namespace tactus::evidence
