// The loops of the soft silhouette over the pixels of one band of rows, eight pixels at a time (METHOD.md §8.9).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace tactus::render {

// A face in NDC with what every pixel near it needs. Edges in PyTorch3D's order, which decides ties:
// 0: corners 0-1, 1: 0-2, 2: 1-2.
struct SoftFace {
  struct Edge {
    float start_x, start_y;          // where the segment begins: its first corner, or the second where it is a point
    float along_x, along_y;          // second corner minus first
    float inverse_length2;           // 0 where the segment counts as a point
  };
  // column ≥ or ≤ offset + slope·row (pixel centres): the face's sides moved out by the blur.
  struct Line {
    float offset, slope;
  };
  std::array<Edge, 3> edges;
  std::array<float, 3> corner_x, corner_y, z;
  float area;                        // signed and doubled, as the published barycentric weights have it
  float orientation;                 // its sign
  std::array<int, 3> vertices;       // in the mesh
  int row_begin, row_end, column_begin, column_end;   // window, grown by the blur
  std::array<Line, 2> lower, upper;
};

inline constexpr std::array<std::array<int, 2>, 3> kSoftEdges = {{{0, 1}, {0, 2}, {1, 2}}};

// The pixels of a band that more faces reach than count, and the last face that does: by depth, then by face order.
struct DepthLimits {
  std::vector<float> depth;          // [rows, stride]; infinite where all faces count; empty where the band has no cap
  std::vector<std::int32_t> order;
};

struct SoftBand {
  const SoftFace* faces;
  const int* list;                   // faces that reach into the band, ascending
  int list_size;
  int first_row, last_row;
  int stride;                        // of the band's buffers: the picture's width rounded up, with room to read past
  const float* pixel_x;              // [stride] NDC of the columns' centres
  const float* pixel_y;              // [height]
  float blur_ndc2, inverse_sigma;
};

// One face at one pixel that lies under a cap.
struct CappedFragment {
  std::uint64_t key;                 // orders by depth, then by face
  float through;                     // 1 - probability
};

// Multiplies `through` [rows, stride] by 1 - probability of every face; with `count` not null, counts them there.
void soft_forward(const SoftBand& band, float* through, std::int32_t* count);
// Appends each face at each pixel with capped ≠ 0 to fragments[at[pixel]++], in face order.
void soft_collect(const SoftBand& band, const std::int32_t* capped, std::int32_t* at, CappedFragment* fragments);
// The gradient of the corners' NDC from this band's pixels, of_corners [list_size][3 corners][x, y];
// upstream [rows, stride] holds 2·∂L/∂alpha·(1 − alpha)/σ, zero beyond the picture.
void soft_backward(const SoftBand& band, const float* upstream, const DepthLimits& limits, float* of_corners);

}  // namespace tactus::render
