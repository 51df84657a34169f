// The soft silhouette and its gradient (METHOD.md §8.9).
//
// A pixel's alpha is 1 - Π(1 - sigmoid(-d/σ)) over the faces near it, d the squared NDC distance to the face's
// border, negative inside. dα/dd_k = -(1 - α)·p_k/σ, so the backward pass needs no division by 1 - p_k; the
// distance's own gradient runs through the nearest point of the nearest edge.
//
// The picture is cut into bands of rows, each a piece of work of its own. Nothing of a face at a pixel is kept for
// the backward pass: computing it again costs less than reading it back.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "raster_math.h"
#include "simd.h"
#include "soft_kernels.h"
#include "tactus/parallel.h"
#include "tactus/render/cpu.h"
#include "tactus/views/view_camera.h"

namespace tactus::render {
namespace {

using reconstruct::SilhouetteOptions;
using reconstruct::VerticesD;

constexpr int kRowsOfABand = 8;

// A pixel index from a coordinate that may be far outside, or not a number: then the wide side.
int bounded(float value, int limit, bool upper) {
  if (std::isnan(value)) return upper ? limit : 0;
  return static_cast<int>(std::clamp(value, 0.0F, static_cast<float>(limit)));
}

class CpuSilhouetteRenderer : public reconstruct::SilhouetteRenderer {
 public:
  const ImageF& forward(const VerticesD& vertices, const geometry::Faces& faces,
                        const geometry::PinholeCamera& camera, const SilhouetteOptions& options) override {
    camera_ = camera;
    options_ = options;
    vertices_ = vertices;
    blur_ = static_cast<float>(std::log(1.0 / 1e-4 - 1.0) * options.sigma_ndc2);
    if (!alpha_.same_size(camera.width, camera.height)) alpha_ = ImageF(camera.width, camera.height);
    place_pixels();
    place_faces(faces);
    limits_.resize(band_faces_.size());
    parallel_for(band_faces_.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t b = begin; b < end; ++b) render_band(b);
    });
    return alpha_;
  }

  VerticesD backward(const ImageF& gradient_of_alpha) override {
    std::vector<std::vector<float>> of_corners(band_faces_.size());   // a band: [faces of its list][3 corners][x, y]
    parallel_for(band_faces_.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t b = begin; b < end; ++b) band_gradient(b, gradient_of_alpha, of_corners[b]);
    });
    // In the bands' order, so that the sum does not depend on the threads.
    VerticesD of_ndc = VerticesD::Zero(vertices_.rows(), 3);
    for (std::size_t b = 0; b < band_faces_.size(); ++b) {
      const float* corner = of_corners[b].data();
      for (const int index : band_faces_[b]) {
        for (const int vertex : soft_faces_[static_cast<std::size_t>(index)].vertices) {
          of_ndc(vertex, 0) += static_cast<double>(corner[0]);
          of_ndc(vertex, 1) += static_cast<double>(corner[1]);
          corner += 2;
        }
      }
    }
    // x_ndc = -(focal_x·X/Z + …)/unit, y alike.
    const double unit = 0.5 * std::min(camera_.width, camera_.height);
    const double sx = -camera_.focal_x / unit, sy = -camera_.focal_y / unit;
    VerticesD gradient(vertices_.rows(), 3);
    for (Eigen::Index i = 0; i < vertices_.rows(); ++i) {
      const double x = vertices_(i, 0), y = vertices_(i, 1), z = vertices_(i, 2);
      const double gx = sx * of_ndc(i, 0), gy = sy * of_ndc(i, 1);
      if (gx == 0.0 && gy == 0.0) {
        gradient.row(i).setZero();   // also where z is not usable
      } else {
        gradient.row(i) << gx / z, gy / z, -(gx * x + gy * y) / (z * z);
      }
    }
    return gradient;
  }

 private:
  int rows_of(std::size_t band) const { return std::min(kRowsOfABand, camera_.height - static_cast<int>(band) * kRowsOfABand); }
  std::size_t buffer_size(std::size_t band) const { return static_cast<std::size_t>(rows_of(band) * stride_); }

  SoftBand band_of(std::size_t band) const {
    const int first = static_cast<int>(band) * kRowsOfABand;
    return {soft_faces_.data(), band_faces_[band].data(), static_cast<int>(band_faces_[band].size()), first,
            first + rows_of(band), stride_, pixel_x_.data(), pixel_y_.data(), blur_,
            1.0F / static_cast<float>(options_.sigma_ndc2)};
  }

  void place_pixels() {
    const int w = camera_.width, h = camera_.height;
    stride_ = (w / kLanes + 2) * kLanes;
    pixel_x_.assign(static_cast<std::size_t>(stride_), 0.0F);
    pixel_y_.resize(static_cast<std::size_t>(h));
    for (int column = 0; column < stride_; ++column)
      pixel_x_[static_cast<std::size_t>(column)] = ndc_of_pixel(w - 1 - column, w, h);
    for (int row = 0; row < h; ++row) pixel_y_[static_cast<std::size_t>(row)] = ndc_of_pixel(h - 1 - row, h, w);
  }

  void place_faces(const geometry::Faces& faces) {
    const views::RasterCamera raster = views::raster_camera(camera_);
    ndc_.resize(vertices_.rows(), 3);
    for (Eigen::Index i = 0; i < vertices_.rows(); ++i) {
      const double z = vertices_(i, 2);
      ndc_(i, 0) = static_cast<float>(-raster.scale_x * vertices_(i, 0) / z + raster.offset_x);
      ndc_(i, 1) = static_cast<float>(-raster.scale_y * vertices_(i, 1) / z + raster.offset_y);
      ndc_(i, 2) = static_cast<float>(z);
    }
    soft_faces_.clear();
    band_faces_.resize(static_cast<std::size_t>((camera_.height + kRowsOfABand - 1) / kRowsOfABand));
    for (auto& list : band_faces_) list.clear();
    for (Eigen::Index f = 0; f < faces.rows(); ++f) place_face({faces(f, 0), faces(f, 1), faces(f, 2)});
  }

  void place_face(const std::array<int, 3>& vertices) {
    std::array<Float2, 3> v;
    SoftFace face;
    face.vertices = vertices;
    for (std::size_t k = 0; k < 3; ++k) {
      const int vertex = vertices[k];
      v[k] = ndc_.row(vertex).head<2>().transpose();
      if (!(ndc_(vertex, 2) >= 1e-8F)) return;
      face.corner_x[k] = v[k].x();
      face.corner_y[k] = v[k].y();
      face.z[k] = ndc_(vertex, 2);
    }
    const float area = edge_function(v[2], v[0], v[1]);
    if (!(std::abs(area) > kAreaEpsilon) || std::isinf(area)) return;   // NaN neither
    face.area = area + kAreaEpsilon;
    face.orientation = face.area > 0.0F ? 1.0F : -1.0F;
    for (std::size_t e = 0; e < 3; ++e) {
      const Float2& a = v[static_cast<std::size_t>(kSoftEdges[e][0])];
      const Float2& b = v[static_cast<std::size_t>(kSoftEdges[e][1])];
      const Float2 along = b - a;
      const float length2 = along.squaredNorm();
      const bool point = length2 <= kAreaEpsilon;
      const Float2& start = point ? b : a;
      face.edges[e] = {start.x(), start.y(), along.x(), along.y(), point ? 0.0F : 1.0F / length2};
    }
    if (!place_window(v, face)) return;
    const auto index = static_cast<int>(soft_faces_.size());
    soft_faces_.push_back(face);
    for (int b = face.row_begin / kRowsOfABand; b <= (face.row_end - 1) / kRowsOfABand; ++b)
      band_faces_[static_cast<std::size_t>(b)].push_back(index);
  }

  // The pixels that the face can reach: its bounding box and its three sides, moved out by the blur. False if none.
  bool place_window(const std::array<Float2, 3>& v, SoftFace& face) const {
    const int w = camera_.width, h = camera_.height;
    const float unit = 0.5F * static_cast<float>(std::min(w, h));
    const float reach = std::sqrt(blur_) * unit;
    std::array<Float2, 3> pixel;
    for (std::size_t k = 0; k < 3; ++k)
      pixel[k] = {0.5F * static_cast<float>(w) - v[k].x() * unit, 0.5F * static_cast<float>(h) - v[k].y() * unit};
    const Float2 low = pixel[0].cwiseMin(pixel[1]).cwiseMin(pixel[2]), high = pixel[0].cwiseMax(pixel[1]).cwiseMax(pixel[2]);
    face.column_begin = bounded(std::floor(low.x() - reach - 1.0F), w, false);
    face.column_end = bounded(std::ceil(high.x() + reach + 1.0F), w, true);
    face.row_begin = bounded(std::floor(low.y() - reach - 1.0F), h, false);
    face.row_end = bounded(std::ceil(high.y() + reach + 1.0F), h, true);
    if (face.column_begin >= face.column_end || face.row_begin >= face.row_end) return false;
    face.lower.fill({static_cast<float>(face.column_begin), 0.0F});
    face.upper.fill({static_cast<float>(face.column_end), 0.0F});
    // Single precision places the sides to a small part of a pixel only where the corners are not far out.
    if (!(low.minCoeff() > -1e4F && high.maxCoeff() < 1e4F)) return true;
    const float turn = edge_function(pixel[2], pixel[0], pixel[1]) > 0.0F ? 1.0F : -1.0F;
    std::size_t lower_count = 0, upper_count = 0;
    for (std::size_t e = 0; e < 3; ++e) {
      const Float2& a = pixel[e];
      const Float2 along = pixel[(e + 1) % 3] - a;
      const Float2 outward = turn * Float2(-along.y(), along.x()).normalized();
      if (!(std::abs(outward.x()) > 0.02F)) continue;   // nearly level: the rows bound it
      const SoftFace::Line line = {a.x() + (reach + 0.25F + outward.y() * a.y()) / outward.x(), -outward.y() / outward.x()};
      if (outward.x() > 0.0F && upper_count < 2) face.upper[upper_count++] = line;
      if (outward.x() < 0.0F && lower_count < 2) face.lower[lower_count++] = line;
    }
    return true;
  }

  void render_band(std::size_t index) {
    DepthLimits& limits = limits_[index];
    limits.depth.clear();
    limits.order.clear();
    const SoftBand band = band_of(index);
    thread_local std::vector<float> through;
    thread_local std::vector<std::int32_t> count;
    through.assign(buffer_size(index), 1.0F);
    if (options_.faces_per_pixel > 0) {
      count.assign(buffer_size(index), 0);
      soft_forward(band, through.data(), count.data());
      keep_nearest(band, count, through, limits);
    } else {
      soft_forward(band, through.data(), nullptr);
    }
    for (int row = band.first_row; row < band.last_row; ++row) {
      const float* from = through.data() + (row - band.first_row) * stride_;
      float* to = alpha_.row(row);
      for (int column = 0; column < camera_.width; ++column) to[column] = 1.0F - from[column];
    }
  }

  // Where more faces meet a pixel than count, multiplies anew over the nearest (the earlier face on a tie).
  void keep_nearest(const SoftBand& band, std::vector<std::int32_t>& count, std::vector<float>& through, DepthLimits& limits) const {
    const std::int32_t cap = options_.faces_per_pixel;
    thread_local std::vector<std::int32_t> at;
    thread_local std::vector<CappedFragment> fragments;
    thread_local std::vector<std::uint64_t> keys;
    at.assign(count.size(), 0);
    std::int32_t total = 0;
    for (std::size_t i = 0; i < count.size(); ++i) {
      const bool capped = count[i] > cap && static_cast<int>(i) % stride_ < camera_.width;
      at[i] = total;
      total += capped ? count[i] : 0;
      count[i] = capped ? -1 : 0;   // now a mask
    }
    if (total == 0) return;
    fragments.resize(static_cast<std::size_t>(total));
    soft_collect(band, count.data(), at.data(), fragments.data());
    limits.depth.assign(count.size(), std::numeric_limits<float>::infinity());
    limits.order.assign(count.size(), 0);
    std::int32_t begin = 0;
    for (std::size_t i = 0; i < count.size(); ++i) {
      if (count[i] == 0) continue;
      const std::int32_t end = at[i];
      keys.clear();
      for (std::int32_t f = begin; f < end; ++f) keys.push_back(fragments[static_cast<std::size_t>(f)].key);
      std::nth_element(keys.begin(), keys.begin() + (cap - 1), keys.end());
      const std::uint64_t last = keys[static_cast<std::size_t>(cap) - 1];
      through[i] = 1.0F;
      for (std::int32_t f = begin; f < end; ++f)
        if (fragments[static_cast<std::size_t>(f)].key <= last) through[i] *= fragments[static_cast<std::size_t>(f)].through;
      const auto depth_bits = static_cast<std::uint32_t>(last >> 32);
      std::memcpy(&limits.depth[i], &depth_bits, sizeof depth_bits);
      limits.order[i] = static_cast<std::int32_t>(last & 0xFFFFFFFFU);
      begin = end;
    }
  }

  void band_gradient(std::size_t index, const ImageF& gradient_of_alpha, std::vector<float>& of_corners) const {
    const SoftBand band = band_of(index);
    of_corners.resize(6 * band_faces_[index].size());
    thread_local std::vector<float> upstream;
    upstream.assign(buffer_size(index), 0.0F);
    const float scale = 2.0F / static_cast<float>(options_.sigma_ndc2);
    for (int row = band.first_row; row < band.last_row; ++row) {
      const float* alpha = alpha_.row(row);
      const float* gradient = gradient_of_alpha.row(row);
      float* to = upstream.data() + (row - band.first_row) * stride_;
      for (int column = 0; column < camera_.width; ++column) to[column] = scale * gradient[column] * (1.0F - alpha[column]);
    }
    soft_backward(band, upstream.data(), limits_[index], of_corners.data());
  }

  geometry::PinholeCamera camera_;
  SilhouetteOptions options_;
  float blur_ = 0.0F;
  VerticesD vertices_;
  geometry::Vertices ndc_;
  int stride_ = 0;
  std::vector<float> pixel_x_, pixel_y_;
  std::vector<SoftFace> soft_faces_;
  std::vector<std::vector<int>> band_faces_;
  std::vector<DepthLimits> limits_;
  ImageF alpha_;
};

}  // namespace

std::unique_ptr<reconstruct::SilhouetteRenderer> make_cpu_silhouette_renderer() {
  return std::make_unique<CpuSilhouetteRenderer>();
}

}  // namespace tactus::render
