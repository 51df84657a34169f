#include "sample.h"

#include <algorithm>
#include <cmath>

#include "parts.h"

namespace tactus::perception {
namespace {

View draw_view(const Photograph& p, Random& random) {
  View view;
  view.mirrored = random.uniform() < 0.5;
  const double kind = random.uniform(), scale = random.uniform(), dx = random.uniform(-1.0, 1.0), dy = random.uniform(-1.0, 1.0);
  const auto moved = [&](Box box, double factor, double reach) {
    const double side = box.side * factor;
    return Box{box.x + 0.5 * (box.side - side) + dx * reach * side, box.y + 0.5 * (box.side - side) + dy * reach * side, side};
  };
  if (!p.person || kind < 0.3) {
    view.box = moved(whole_box(p.rgb.width, p.rgb.height), 0.8 + 0.5 * scale, 0.15);
  } else if (kind < 0.7) {
    view.box = moved(person_box(p, 1.0), 1.05 + 0.5 * scale, 0.1);
  } else if (kind < 0.95) {   // half of the person, as the closer looks see it
    view.box = moved(person_box(p, 1.0), 0.55 + 0.4 * scale, 0.3);
  } else {                    // perhaps nobody in it
    view.box = moved(whole_box(p.rgb.width, p.rgb.height), 0.25 + 0.4 * scale, 0.6);
  }
  return view;
}

// Brightness, contrast, colour cast and saturation, as another camera or light would have them.
void recolour(std::vector<float>& image, Random& random) {
  const float gain = static_cast<float>(std::exp(0.15 * random.normal())), offset = static_cast<float>(0.15 * random.normal());
  float cast[3];
  for (float& c : cast) c = gain * static_cast<float>(std::exp(0.06 * random.normal()));
  const float saturation = static_cast<float>(random.uniform() < 0.1 ? 0.0 : random.uniform(0.6, 1.3));
  const std::size_t plane = image.size() / 3;
  for (std::size_t i = 0; i < plane; ++i) {
    const float grey = (image[i] + image[plane + i] + image[2 * plane + i]) / 3.0F;
    for (std::size_t c = 0; c < 3; ++c) {
      float& v = image[c * plane + i];
      v = std::clamp((grey + saturation * (v - grey)) * cast[c] + offset, -2.0F, 2.0F);
    }
  }
}

}  // namespace

Box person_box(const Photograph& p, double margin) {
  double low_x = 1e9, low_y = 1e9, high_x = -1e9, high_y = -1e9;
  const auto add = [&](double x0, double y0, double x1, double y1) {
    low_x = std::min(low_x, x0);
    low_y = std::min(low_y, y0);
    high_x = std::max(high_x, x1);
    high_y = std::max(high_y, y1);
  };
  for (int row = 0; row < p.what.height; ++row)
    for (int column = 0; column < p.what.width; ++column)
      if (p.shows_person(p.what.index(column, row))) add(column, row, column + 1, row + 1);
  for (int j = 0; j < body::kKeypointCount; ++j) {
    const auto& at = p.joints[static_cast<std::size_t>(j)];
    if (p.in_picture(j)) add(static_cast<double>(at[0]), static_cast<double>(at[1]), static_cast<double>(at[0]), static_cast<double>(at[1]));
  }
  if (high_x <= low_x || high_y <= low_y) return whole_box(p.rgb.width, p.rgb.height);
  const double side = margin * std::max(high_x - low_x, high_y - low_y);
  return {0.5 * (low_x + high_x - side), 0.5 * (low_y + high_y - side), side};
}

Example example(const Photograph& p, const View& view, int category, int size) {
  Example e;
  e.size = size;
  e.category = category;
  const auto n = static_cast<std::size_t>(size);
  const int half = size / 2;
  e.image.resize(3 * n * n);
  crop_picture(p.rgb, view.box, size, e.image.data());
  e.parts.assign(n * n / 4, 0);
  e.object.assign(n * n / 4, 0);
  constexpr int kPlace = 8;            // pixels of the maps a side of a place that things are named at
  constexpr int kSmallestThing = 16;   // a place shows what fills one in so many of its pixels
  std::vector<std::array<int, kLargestObjects>> pixels(n / 16 * (n / 16));
  for (int row = 0; row < half; ++row) {
    for (int column = 0; column < half; ++column) {
      const Eigen::Vector2d at = view.box.to_photo({column + 0.5, row + 0.5}, half);
      const int x = static_cast<int>(std::floor(at.x())), y = static_cast<int>(std::floor(at.y()));
      if (x < 0 || y < 0 || x >= p.what.width || y >= p.what.height) continue;
      const std::size_t from = p.what.index(x, y), to = static_cast<std::size_t>(row * half + column);
      if (p.shows_person(from)) e.parts[to] = p.what.data[from];
      if (p.what.data[from] >= kObjectBase) ++pixels[static_cast<std::size_t>(row / kPlace * (size / 16) + column / kPlace)][p.what.data[from] - kObjectBase];
      e.object[to] = category > 0 && p.shows(from, category) ? 1 : 0;
    }
  }
  for (const auto& of : pixels) {
    const auto most = std::max_element(of.begin(), of.end());
    e.things.push_back(*most * kSmallestThing >= kPlace * kPlace ? p.categories[static_cast<std::size_t>(most - of.begin())] : 0);
  }
  for (int j = 0; j < body::kKeypointCount; ++j) {
    const auto& from = p.joints[static_cast<std::size_t>(j)];
    const Eigen::Vector2d at = view.box.to_crop({static_cast<double>(from[0]), static_cast<double>(from[1])}, half);
    const auto joint = static_cast<std::size_t>(j);
    e.joints[joint] = {static_cast<float>(at.x()), static_cast<float>(at.y())};
    e.seen[joint] = p.in_picture(j) && at.x() >= 0 && at.y() >= 0 && at.x() < half && at.y() < half ? 1 : 0;
  }
  if (!view.mirrored) return e;
  for (std::size_t row = 0; row < 3 * n; ++row) std::reverse(e.image.begin() + static_cast<std::ptrdiff_t>(row * n), e.image.begin() + static_cast<std::ptrdiff_t>((row + 1) * n));
  for (auto* map : {&e.parts, &e.object})
    for (int row = 0; row < half; ++row) std::reverse(map->begin() + static_cast<std::ptrdiff_t>(row) * half, map->begin() + static_cast<std::ptrdiff_t>(row + 1) * half);
  for (auto row = e.things.begin(); row != e.things.end(); row += size / 16) std::reverse(row, row + size / 16);
  std::array<std::uint8_t, kPartClasses> other{};
  for (int c = 0; c < kPartClasses; ++c) other[static_cast<std::size_t>(c)] = static_cast<std::uint8_t>(mirrored_class(c));
  for (std::uint8_t& part : e.parts) part = other[part];
  const auto joints = e.joints;
  const auto seen = e.seen;
  for (int j = 0; j < body::kKeypointCount; ++j) {
    const auto to = static_cast<std::size_t>(j), from = static_cast<std::size_t>(mirrored_joint(j));
    e.joints[to] = {static_cast<float>(half) - joints[from][0], joints[from][1]};
    e.seen[to] = seen[from];
  }
  return e;
}

Example draw_example(const Photograph& p, int size, int categories, double flat, Random& random) {
  const View view = draw_view(p, random);
  const double which = random.uniform();
  const auto any = random.next();
  int category = 0;
  if (which < 0.65 && !p.categories.empty()) {
    category = p.categories[any % p.categories.size()];
  } else if (which < 0.97 && categories > 1) {
    category = 1 + static_cast<int>(any % static_cast<std::uint32_t>(categories - 1));   // most likely not there
  }
  Example e = example(p, view, category, size);
  if (random.uniform() < flat) {
    const std::size_t plane = e.image.size() / 3;
    for (std::size_t c = 0; c < 3; ++c)
      std::fill_n(e.image.begin() + static_cast<std::ptrdiff_t>(c * plane), plane, static_cast<float>(random.uniform(-2.0, 2.0)));
    if (random.uniform() < 0.5) std::fill(e.image.begin(), e.image.end(), e.image.front());
    std::fill(e.parts.begin(), e.parts.end(), std::uint8_t{0});
    std::fill(e.object.begin(), e.object.end(), std::uint8_t{0});
    std::fill(e.things.begin(), e.things.end(), 0);
    e.seen.fill(0);
  }
  recolour(e.image, random);
  return e;
}

}  // namespace tactus::perception
