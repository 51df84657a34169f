// One example of a batch: a crop of a made photograph, a question about a category, and the truth on the network's maps.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "crop.h"
#include "data_set.h"
#include "tactus/random.h"

namespace tactus::perception {

struct View {
  Box box;
  bool mirrored = false;   // after cropping; left and right change their names
};

// size: of the picture; maps have half of it.
struct Example {
  int size = 0, category = 0;
  std::vector<float> image;                     // [3, size, size]
  std::vector<std::uint8_t> parts, object;      // [size / 2, size / 2]; object: 1 where things of the category are seen
  std::vector<int> things;                      // [size / 16, size / 16] the category of what fills most of a place, a sixteenth at least; else 0
  std::array<std::array<float, 2>, body::kKeypointCount> joints{};   // in pixels of the maps
  std::array<std::uint8_t, body::kKeypointCount> seen{};             // within both the crop and the photograph
};

Example example(const Photograph& photograph, const View& view, int category, int size);

// Draws the view (the whole photograph, the person, half of the person, elsewhere), the category (mostly one that is there) and
// mild changes of colour. `flat`: how often the picture is a plain colour that shows nothing.
Example draw_example(const Photograph& photograph, int size, int categories, double flat, Random& random);

// The box around the person's pixels and joints in the photograph, `margin` times its larger side; the whole where there is none.
Box person_box(const Photograph& photograph, double margin);

}  // namespace tactus::perception
