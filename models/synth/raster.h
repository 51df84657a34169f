// A small z-buffer that keeps what was hit, for pictures of made scenes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tactus/geometry/camera.h"
#include "tactus/geometry/mesh.h"

namespace tactus::synth {

struct Fragment {
  float depth = 0;                          // metres; 0 nothing
  std::int32_t surface = -1, face = -1;
  std::array<float, 2> weights{};           // of the face's first two corners, perspective-correct
};

struct Fragments {
  Fragments(int width_, int height_) : width(width_), height(height_), at(static_cast<std::size_t>(width_) * height_) {}
  int width, height;
  std::vector<Fragment> at;                 // row-major
};

// Nearest faces, both orientations; faces nearer than 5 cm are left out. Frame photo.
void rasterise(const geometry::Vertices& vertices, const geometry::Faces& faces, const geometry::PinholeCamera& camera,
               std::int32_t surface, Fragments& fragments);

}  // namespace tactus::synth
