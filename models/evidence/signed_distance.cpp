// Meijster, Roerdink, Hesselink 2000, "A general algorithm for computing distance transforms in linear time": exact, in integers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tactus/evidence/evidence.h"
#include "tactus/error.h"

namespace tactus::evidence {
namespace {

// Squared distances of pixels to the nearest one that is `inside`.
class SquaredDistance {
 public:
  SquaredDistance(int width, int height)
      : width_(width), height_(height), to_nearest_(scratch()), sites_(static_cast<std::size_t>(width)) {
    to_nearest_.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  }

  // Calls use(column, row, squared) for every pixel of rows [r0, r1) and columns [c0, c1) that is not itself inside. Pixels
  // outside of those columns are not looked at.
  template <typename Use>
  void run(const ImageU8& mask, bool inside, int c0, int c1, int r0, int r1, const Use& use) {
    for (int r = 0; r < height_; ++r) {
      const std::uint8_t* m = mask.row(r);
      std::int32_t* g = row(r);
      if (r == 0) {
        for (int c = c0; c < c1; ++c) g[c] = (m[c] != 0) == inside ? 0 : kNone;
      } else {
        const std::int32_t* above = row(r - 1);
        for (int c = c0; c < c1; ++c) g[c] = (m[c] != 0) == inside ? 0 : above[c] + 1;
      }
    }
    for (int r = height_ - 2; r >= 0; --r) {
      std::int32_t* g = row(r);
      const std::int32_t* below = row(r + 1);
      for (int c = c0; c < c1; ++c) g[c] = std::min(g[c], below[c] + 1);
    }
    for (int r = r0; r < r1; ++r) along_row(row(r), c0, c1, r, use);
  }

 private:
  static constexpr std::int32_t kNone = 1 << 20;   // no such pixel in the column
  struct Site {
    std::int32_t column, squared, start;           // nearest of all from column `start` on
  };
  // Kept by the thread: fresh pages cost as much as a pass over them.
  static std::vector<std::int32_t>& scratch() {
    thread_local std::vector<std::int32_t> kept;
    return kept;
  }
  std::int32_t* row(int r) { return to_nearest_.data() + static_cast<std::ptrdiff_t>(r) * width_; }

  template <typename Use>
  void along_row(const std::int32_t* g, int c0, int c1, int r, const Use& use) {
    int last = -1;
    for (int c = c0; c < c1; ++c) {
      if (g[c] >= kNone) continue;
      const std::int32_t squared = g[c] * g[c];
      std::int32_t start = c0;
      for (; last >= 0; --last) {
        const Site& s = sites_[static_cast<std::size_t>(last)];
        const std::int32_t to_old = (s.start - s.column) * (s.start - s.column) + s.squared;
        const std::int32_t to_new = (s.start - c) * (s.start - c) + squared;
        if (to_old > to_new) continue;   // the new column is nearer from the start on: the old one is never nearest
        // The first column where the new one is nearer; the quotient is not negative there.
        start = 1 + (c * c - s.column * s.column + squared - s.squared) / (2 * (c - s.column));
        break;
      }
      if (start < c1) sites_[static_cast<std::size_t>(++last)] = {c, squared, start};
    }
    if (last < 0) return;
    for (int c = c1 - 1; c >= c0; --c) {
      const Site& s = sites_[static_cast<std::size_t>(last)];
      if (g[c] != 0) use(c, r, (c - s.column) * (c - s.column) + s.squared);
      if (c == s.start) --last;
    }
  }

  int width_, height_;
  std::vector<std::int32_t>& to_nearest_;
  std::vector<Site> sites_;
};

}  // namespace

ImageF signed_distance(const ImageU8& mask) {
  if (mask.channels != 1 || mask.width > 16384 || mask.height > 16384)   // squares stay within 32 bits
    throw bad_input("mask: " + std::to_string(mask.width) + "×" + std::to_string(mask.height) + " pixels in " +
                    std::to_string(mask.channels) + " channels; one channel of at most 16384 pixels a side is needed");
  ImageF distance(mask.width, mask.height);
  int left = mask.width, right = -1, top = mask.height, bottom = -1;
  std::size_t inside = 0;
  for (int r = 0; r < mask.height; ++r) {
    const std::uint8_t* m = mask.row(r);
    for (int c = 0; c < mask.width; ++c) {
      if (m[c] == 0) continue;
      ++inside;
      left = std::min(left, c);
      right = std::max(right, c);
      top = std::min(top, r);
      bottom = r;
    }
  }
  if (inside == 0 || inside == mask.pixel_count()) {
    std::fill(distance.data.begin(), distance.data.end(), inside == 0 ? 1e6F : -1e6F);
    return distance;
  }
  SquaredDistance transform(mask.width, mask.height);
  transform.run(mask, true, 0, mask.width, 0, mask.height,
                [&](int c, int r, int squared) { distance.at(c, r) = std::sqrt(static_cast<float>(squared)); });
  // From inside, nothing beyond the columns beside the mask is nearer than those.
  transform.run(mask, false, std::max(left - 1, 0), std::min(right + 2, mask.width), top, bottom + 1,
                [&](int c, int r, int squared) { distance.at(c, r) = -std::sqrt(static_cast<float>(squared)); });
  return distance;
}

}  // namespace tactus::evidence
