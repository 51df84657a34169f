#include "mark_masks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "tactus/evidence/evidence.h"

namespace tactus::synth {
namespace {

struct Box {
  int left, top, right, bottom;   // the last ones included; left > right: nothing
};

Box box_of(const ImageU8& mask) {
  Box box{mask.width, mask.height, -1, -1};
  for (int r = 0; r < mask.height; ++r) {
    const std::uint8_t* row = mask.row(r);
    for (int c = 0; c < mask.width; ++c) {
      if (row[c] == 0) continue;
      box.left = std::min(box.left, c);
      box.right = std::max(box.right, c);
      box.top = std::min(box.top, r);
      box.bottom = r;
    }
  }
  return box;
}

}  // namespace

int count_inside(const ImageU8& mask) {
  return static_cast<int>(std::count_if(mask.data.begin(), mask.data.end(), [](std::uint8_t m) { return m != 0; }));
}

ImageU8 worn(const ImageU8& mask, double scale, Random& random) {
  // Drawn in any case, so that what follows does not depend on this mask.
  const double offset_drawn = random.uniform(-1.0, 1.0), shift_x = random.uniform(-2.0, 2.0), shift_y = random.uniform(-2.0, 2.0);
  const int bites = random.uniform() < 0.35 ? 1 + static_cast<int>(random.below(2)) : 0;
  std::array<double, 5> draw{};
  for (double& d : draw) d = random.uniform();
  constexpr int kWaves = 3;   // the outline's unevenness, on a grid of 4 × 4 values
  std::array<float, 16> wave{};
  for (float& w : wave) w = static_cast<float>(random.normal());
  const Box box = box_of(mask);
  if (scale == 0.0 || box.left > box.right) return mask;

  const double size = std::sqrt(static_cast<double>((box.right - box.left + 1) * (box.bottom - box.top + 1)));
  // Not more than a small thing survives.
  const double most = std::min(3.0 * scale, 0.12 * size);
  const auto offset = static_cast<float>(most * offset_drawn);
  const int margin = static_cast<int>(std::ceil(most * 1.8)) + 1;
  const int width = box.right - box.left + 1 + 2 * margin, height = box.bottom - box.top + 1 + 2 * margin;
  ImageU8 part(width, height);
  for (int r = box.top; r <= box.bottom; ++r)
    std::copy(mask.row(r) + box.left, mask.row(r) + box.right + 1, part.row(r - box.top + margin) + margin);
  const ImageF distance = evidence::signed_distance(part);
  const int dx = static_cast<int>(std::lround(shift_x * scale)), dy = static_cast<int>(std::lround(shift_y * scale));
  struct Bite {
    float x, y, squared;
  };
  std::vector<Bite> bitten;
  for (int b = 0; b < bites; ++b) {
    const double angle = 2.0 * std::numbers::pi * draw[static_cast<std::size_t>(2 * b)];
    const double radius = (0.08 + 0.16 * draw[static_cast<std::size_t>(2 * b + 1)]) * size * std::min(scale, 1.5) * 0.7;
    bitten.push_back({static_cast<float>(0.5 * width + 0.5 * (width - 2 * margin) * std::cos(angle)),
                      static_cast<float>(0.5 * height + 0.5 * (height - 2 * margin) * std::sin(angle)),
                      static_cast<float>(radius * radius)});
  }
  ImageU8 result(mask.width, mask.height);
  const auto uneven = static_cast<float>(0.35 * most);
  for (int r = 0; r < height; ++r) {
    const int to_row = r - margin + box.top + dy;
    if (to_row < 0 || to_row >= mask.height) continue;
    const float y = static_cast<float>(r) * kWaves / static_cast<float>(height);
    const int j = std::min(static_cast<int>(y), kWaves - 1);
    const float b = y - static_cast<float>(j);
    for (int c = 0; c < width; ++c) {
      const int to_column = c - margin + box.left + dx;
      if (to_column < 0 || to_column >= mask.width) continue;
      const float x = static_cast<float>(c) * kWaves / static_cast<float>(width);
      const int i = std::min(static_cast<int>(x), kWaves - 1);
      const float a = x - static_cast<float>(i);
      const auto at = [&](int p, int q) { return wave[static_cast<std::size_t>(q * 4 + p)]; };
      const float rough = (1 - b) * ((1 - a) * at(i, j) + a * at(i + 1, j)) + b * ((1 - a) * at(i, j + 1) + a * at(i + 1, j + 1));
      // Half a pixel: distances jump from -1 to 1 at the outline.
      const float limit = offset + uneven * std::clamp(rough, -2.0F, 2.0F);
      const float d = distance.at(c, r);
      bool inside = (d > 0.0F ? d - 0.5F : d + 0.5F) < limit;
      for (const Bite& bite : bitten) {
        const float ex = static_cast<float>(c) - bite.x, ey = static_cast<float>(r) - bite.y;
        if (ex * ex + ey * ey < bite.squared) inside = false;
      }
      result.at(to_column, to_row) = inside ? 1 : 0;
    }
  }
  return box_of(result).left > box_of(result).right ? mask : result;   // a thing of a few pixels does not vanish
}

ImageU8 cut_in_part(const ImageU8& mask, Random& random) {
  const double angle = random.uniform(0.0, 2.0 * std::numbers::pi), kept = random.uniform(0.3, 0.6);
  const double c = std::cos(angle), s = std::sin(angle);
  std::vector<float> along;
  for (int r = 0; r < mask.height; ++r)
    for (int k = 0; k < mask.width; ++k)
      if (mask.at(k, r) != 0) along.push_back(static_cast<float>(c * k + s * r));
  if (along.empty()) return mask;
  const auto limit = along.begin() + static_cast<std::ptrdiff_t>(kept * static_cast<double>(along.size() - 1));
  std::nth_element(along.begin(), limit, along.end());
  ImageU8 result = mask;
  for (int r = 0; r < mask.height; ++r)
    for (int k = 0; k < mask.width; ++k)
      if (static_cast<float>(c * k + s * r) > *limit) result.at(k, r) = 0;
  return result;
}

ImageU8 blob(const ImageU8& person, Random& random) {
  const Box body = box_of(person);
  const bool over = random.uniform() < 0.5 && body.left <= body.right;
  const double x = over ? random.uniform(body.left, body.right + 1) : random.uniform(0.0, person.width);
  const double y = over ? random.uniform(body.top, body.bottom + 1) : random.uniform(0.0, person.height);
  const double a = random.uniform(4.0, 40.0), b = a * random.uniform(0.3, 1.0), angle = random.uniform(0.0, std::numbers::pi);
  const double c = std::cos(angle), s = std::sin(angle);
  ImageU8 result(person.width, person.height);
  for (int r = 0; r < person.height; ++r)
    for (int k = 0; k < person.width; ++k) {
      const double dx = k + 0.5 - x, dy = r + 0.5 - y;
      const double u = (c * dx + s * dy) / a, v = (c * dy - s * dx) / b;
      result.at(k, r) = u * u + v * v < 1.0 ? 1 : 0;
    }
  return result;
}

}  // namespace tactus::synth
