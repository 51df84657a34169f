// The loop of the hard rasteriser over the pixels of one band of rows, eight pixels at a time (METHOD.md §3.9).
#pragma once

#include <array>
#include <cstdint>

namespace tactus::render {

// A triangle to scan, in NDC: a face of the mesh, or a piece of one that the near plane cut.
struct HardTriangle {
  std::array<float, 3> x, y, z;
  float area;                        // signed and doubled, plus the published epsilon
  int face = -1;
  int cut = -1;                      // index into the table of cut corners, -1 for a whole face
  int row_begin = 0, row_end = 0, column_begin = 0, column_end = 0;   // all pixels inside lie in this window
};

struct HardBand {
  const HardTriangle* triangles;
  const int* list;                   // triangles that reach into the band, ascending
  int list_size;
  int first_row, last_row;
  int stride;                        // of the buffers: the picture's width rounded up, with room to read past
  const float* pixel_x;              // [stride] NDC of the columns' centres
  const float* pixel_y;              // [height]
};

// Sets depth and winner [rows, stride] of every pixel that a triangle covers nearer than the depth there; the
// earlier triangle keeps a tie.
void hard_nearest(const HardBand& band, float* depth, std::int32_t* winner);

}  // namespace tactus::render
