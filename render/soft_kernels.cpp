#include "soft_kernels.h"

#include <algorithm>

#include "simd.h"

namespace tactus::render {
namespace {

// Beyond this a pixel's alpha is 1 in single precision whatever follows.
constexpr float kOpaque = 0x1p-25F;
// Where products become zero, before they turn into denormal numbers, which are slow.
constexpr float kNothing = 0x1p-100F;

// Eight neighbouring pixels against one face.
struct Distance8 {
  Float8 squared;                    // to the nearest point of the border
  Int8 inside;
  Int8 hit;                          // inside or within the blur
  std::array<Float8, 3> away_x, away_y, along;   // pixel minus nearest point of each edge, and where on it
  Int8 second, third;                // which edge is nearest: neither = the first
};

TACTUS_INLINE void measure(const SoftFace& face, const Float8& x, float y, float blur, Distance8& d) {
  std::array<Float8, 3> squared, cross;
#pragma GCC unroll 3
  for (std::size_t e = 0; e < 3; ++e) {
    const SoftFace::Edge& edge = face.edges[e];
    const Float8 from_x = x - edge.start_x;
    const float from_y = y - edge.start_y;
    cross[e] = from_x * edge.along_y - from_y * edge.along_x;
    Float8 t = (from_x * edge.along_x + from_y * edge.along_y) * edge.inverse_length2;
    t = t > 0.0F ? t : Float8{};
    t = t < 1.0F ? t : Float8{} + 1.0F;
    d.along[e] = t;
    d.away_x[e] = from_x - t * edge.along_x;
    d.away_y[e] = from_y - t * edge.along_y;
    squared[e] = d.away_x[e] * d.away_x[e] + d.away_y[e] * d.away_y[e];
  }
  d.second = squared[1] < squared[0];
  d.squared = d.second ? squared[1] : squared[0];
  d.third = squared[2] < d.squared;
  d.squared = d.third ? squared[2] : d.squared;
  cross[0] *= face.orientation;
  cross[1] *= -face.orientation;   // this edge runs against the face's orientation
  cross[2] *= face.orientation;
  d.inside = (cross[0] > 0.0F) & (cross[1] > 0.0F) & (cross[2] > 0.0F);
  d.hit = d.inside | (d.squared < blur);
}

// sigmoid(-d/σ) with d negative inside.
TACTUS_INLINE void probability(const Distance8& d, float inverse_sigma, Float8& p) {
  const Float8 outside = d.squared * inverse_sigma;
  Float8 e;
  exponential(d.inside ? -outside : outside, e);
  p = 1.0F / (1.0F + e);
}

// Depth at the pixel by perspective-correct weights clipped to the face, in the published order of operations:
// neighbours often lie at the same depth there, and rounding decides which counts.
TACTUS_INLINE void clipped_depth(const SoftFace& face, const Float8& x, float y, Float8& depth) {
  const auto area_against = [&](std::size_t a, std::size_t b, Float8& area) {
    area = (x - face.corner_x[a]) * (face.corner_y[b] - face.corner_y[a]) - (y - face.corner_y[a]) * (face.corner_x[b] - face.corner_x[a]);
  };
  std::array<Float8, 3> w;
  area_against(1, 2, w[0]);
  area_against(2, 0, w[1]);
  area_against(0, 1, w[2]);
  const auto& z = face.z;
  w[0] = w[0] / face.area * z[1] * z[2];
  w[1] = z[0] * (w[1] / face.area) * z[2];
  w[2] = z[0] * z[1] * (w[2] / face.area);
  Float8 sum = w[0] + w[1] + w[2];
  sum = sum > 1e-8F ? sum : Float8{} + 1e-8F;
  for (auto& weight : w) {
    weight /= sum;
    weight = weight > 0.0F ? weight : Float8{};
  }
  sum = w[0] + w[1] + w[2];
  sum = sum > 1e-5F ? sum : Float8{} + 1e-5F;
  depth = w[0] / sum * z[0] + w[1] / sum * z[1] + w[2] / sum * z[2];
}

TACTUS_INLINE int column_bound(float value, int low, int high) {
  if (!(value > static_cast<float>(low))) return low;
  return value < static_cast<float>(high) ? static_cast<int>(value) : high;
}

// The columns of a row that the face can reach.
TACTUS_INLINE void columns_of(const SoftFace& face, int row, int& begin, int& end) {
  const auto v = static_cast<float>(row) + 0.5F;
  const float low = std::max(face.lower[0].offset + face.lower[0].slope * v, face.lower[1].offset + face.lower[1].slope * v);
  const float high = std::min(face.upper[0].offset + face.upper[0].slope * v, face.upper[1].offset + face.upper[1].slope * v);
  begin = column_bound(low - 0.5F, face.column_begin, face.column_end);
  end = column_bound(high + 0.5F, face.column_begin, face.column_end);
}

TACTUS_INLINE float lane_sum(const Float8& v) {
  return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

}  // namespace

TACTUS_FOR_EACH_PROCESSOR
void soft_forward(const SoftBand& band, float* through, std::int32_t* count) {
  for (int i = 0; i < band.list_size; ++i) {
    const SoftFace& face = band.faces[band.list[i]];
    for (int row = std::max(band.first_row, face.row_begin); row < std::min(band.last_row, face.row_end); ++row) {
      int begin, end;
      columns_of(face, row, begin, end);
      const int line = (row - band.first_row) * band.stride;
      for (int column = begin; column < end; column += kLanes) {
        Float8 product;
        load(through + line + column, product);
        if (count == nullptr && !any(product >= kOpaque)) continue;
        Float8 x;
        load(band.pixel_x + column, x);
        Distance8 d;
        measure(face, x, band.pixel_y[row], band.blur_ndc2, d);
        Float8 p;
        probability(d, band.inverse_sigma, p);   // most eights have a hit: looking first would cost more
        product = d.hit ? product * (1.0F - p) : product;
        product = product > kNothing ? product : Float8{};
        store(product, through + line + column);
        if (count != nullptr) {
          Int8 faces_here;
          load(count + line + column, faces_here);
          faces_here -= d.hit;
          store(faces_here, count + line + column);
        }
      }
    }
  }
}

TACTUS_FOR_EACH_PROCESSOR
void soft_collect(const SoftBand& band, const std::int32_t* capped, std::int32_t* at, CappedFragment* fragments) {
  for (int i = 0; i < band.list_size; ++i) {
    const SoftFace& face = band.faces[band.list[i]];
    for (int row = std::max(band.first_row, face.row_begin); row < std::min(band.last_row, face.row_end); ++row) {
      int begin, end;
      columns_of(face, row, begin, end);
      const int line = (row - band.first_row) * band.stride;
      for (int column = begin; column < end; column += kLanes) {
        Int8 wanted;
        load(capped + line + column, wanted);
        if (!any(wanted)) continue;
        Float8 x;
        load(band.pixel_x + column, x);
        Distance8 d;
        measure(face, x, band.pixel_y[row], band.blur_ndc2, d);
        wanted &= d.hit;
        if (!any(wanted)) continue;
        Float8 p, depth;
        probability(d, band.inverse_sigma, p);
        clipped_depth(face, x, band.pixel_y[row], depth);
        Int8 depth_bits;   // of positive floats, so they order as the depths do
        std::memcpy(&depth_bits, &depth, sizeof depth_bits);
        for (int lane = 0; lane < kLanes; ++lane) {
          if (wanted[lane] == 0) continue;
          const auto key = static_cast<std::uint64_t>(static_cast<std::uint32_t>(depth_bits[lane])) << 32 | static_cast<std::uint32_t>(i);
          fragments[at[line + column + lane]++] = {key, 1.0F - p[lane]};
        }
      }
    }
  }
}

TACTUS_FOR_EACH_PROCESSOR
void soft_backward(const SoftBand& band, const float* upstream, const DepthLimits& limits, float* of_corners) {
  for (int i = 0; i < band.list_size; ++i) {
    const SoftFace& face = band.faces[band.list[i]];
    // A sum an edge: gradient, and gradient times the place along it.
    std::array<Float8, 3> sum_x{}, sum_y{}, along_x{}, along_y{};
    for (int row = std::max(band.first_row, face.row_begin); row < std::min(band.last_row, face.row_end); ++row) {
      int begin, end;
      columns_of(face, row, begin, end);
      const int line = (row - band.first_row) * band.stride;
      for (int column = begin; column < end; column += kLanes) {
        Float8 factor;
        load(upstream + line + column, factor);
        if (!any(factor != 0.0F)) continue;
        Float8 x;
        load(band.pixel_x + column, x);
        Distance8 d;
        measure(face, x, band.pixel_y[row], band.blur_ndc2, d);
        if (!limits.depth.empty()) {
          Float8 depth, last_depth;
          Int8 last_order;
          clipped_depth(face, x, band.pixel_y[row], depth);
          load(limits.depth.data() + line + column, last_depth);
          load(limits.order.data() + line + column, last_order);
          d.hit &= (depth < last_depth) | ((depth == last_depth) & (last_order >= i));
        }
        Float8 p;
        probability(d, band.inverse_sigma, p);
        Float8 weight = d.hit ? factor * p : Float8{};
        weight = d.inside ? -weight : weight;
        const Float8 of_third = d.third ? weight : Float8{};
        const Float8 of_second = d.third ? Float8{} : (d.second ? weight : Float8{});
        const std::array<Float8, 3> of_edge = {weight - of_second - of_third, of_second, of_third};
#pragma GCC unroll 3
        for (std::size_t e = 0; e < 3; ++e) {
          const Float8 gx = of_edge[e] * d.away_x[e], gy = of_edge[e] * d.away_y[e];
          sum_x[e] += gx;
          sum_y[e] += gy;
          along_x[e] += gx * d.along[e];
          along_y[e] += gy * d.along[e];
        }
      }
    }
    float* corner = of_corners + 6 * i;
    std::fill(corner, corner + 6, 0.0F);
    for (std::size_t e = 0; e < 3; ++e) {
      const auto first = static_cast<std::size_t>(2 * kSoftEdges[e][0]), second = static_cast<std::size_t>(2 * kSoftEdges[e][1]);
      const float whole_x = lane_sum(sum_x[e]), whole_y = lane_sum(sum_y[e]);
      const bool point = face.edges[e].inverse_length2 == 0.0F;   // all of it belongs to the second corner
      const float to_second_x = point ? whole_x : lane_sum(along_x[e]), to_second_y = point ? whole_y : lane_sum(along_y[e]);
      corner[first] += whole_x - to_second_x;
      corner[first + 1] += whole_y - to_second_y;
      corner[second] += to_second_x;
      corner[second + 1] += to_second_y;
    }
  }
}

}  // namespace tactus::render
