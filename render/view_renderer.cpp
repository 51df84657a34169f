// The hard rasteriser (METHOD.md §3.9): nearest face a pixel, strict inside test, several threads.
//
// The picture is cut into bands of rows. A band is first scanned for the nearest triangle of each pixel, then its ids
// and weights are written once.
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "hard_kernels.h"
#include "projection.h"
#include "raster_math.h"
#include "shading.h"
#include "simd.h"
#include "tactus/parallel.h"
#include "tactus/render/cpu.h"

namespace tactus::render {
namespace {

constexpr int kBandRows = 16;

using CutCorners = std::array<Float3, 3>;   // barycentrics of the corners in the whole face

class HardRaster {
 public:
  HardRaster(const geometry::Mesh& mesh, const views::RasterCamera& camera) : mesh_(mesh), camera_(camera) {
    projected_ = project(mesh.vertices, camera);
    place_pixels();
    triangles_.reserve(static_cast<std::size_t>(mesh.face_count()));
    for (int f = 0; f < mesh.face_count(); ++f) add_face(f);
    bands_.resize(static_cast<std::size_t>((camera.height + kBandRows - 1) / kBandRows));
    for (std::size_t t = 0; t < triangles_.size(); ++t) {
      const HardTriangle& triangle = triangles_[t];
      for (int b = triangle.row_begin / kBandRows; b <= (triangle.row_end - 1) / kBandRows; ++b)
        bands_[static_cast<std::size_t>(b)].push_back(static_cast<int>(t));
    }
  }

  views::RasterMaps run() const {
    // Blank maps are 32 bytes a pixel, and most of their time is the system handing out the memory: in parallel.
    views::RasterMaps maps;
    const int w = camera_.width, h = camera_.height;
    parallel_for(4, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        if (i == 0) maps.vertex_ids = ImageI32(w, h, 3, -1);
        if (i == 1) maps.barycentrics = ImageF(w, h, 3, -1.0F);
        if (i == 2) maps.face_ids = ImageI32(w, h, 1, -1);
        if (i == 3) maps.depth = ImageF(w, h, 1, -1.0F);
      }
    });
    parallel_for(bands_.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t b = begin; b < end; ++b) scan_band(static_cast<int>(b), maps);
    });
    return maps;
  }

 private:
  void add_face(int face) {
    std::array<float, 3> z{};
    for (int k = 0; k < 3; ++k) z[static_cast<std::size_t>(k)] = projected_(mesh_.faces(face, k), 2);
    const float nearest = std::min({z[0], z[1], z[2]});
    if (!camera_.clip) {
      if (!(nearest >= 1e-8F)) return;
      add_whole(face, z);
      return;
    }
    const auto plane = static_cast<float>(camera_.z_clip);
    if (nearest >= plane) {
      add_whole(face, z);
    } else if (std::max({z[0], z[1], z[2]}) > plane) {
      add_cut(face, z, plane);
    }
  }

  void add_whole(int face, const std::array<float, 3>& z) {
    HardTriangle triangle;
    triangle.face = face;
    triangle.z = z;
    for (std::size_t k = 0; k < 3; ++k) {
      triangle.x[k] = projected_(mesh_.faces(face, static_cast<Eigen::Index>(k)), 0);
      triangle.y[k] = projected_(mesh_.faces(face, static_cast<Eigen::Index>(k)), 1);
    }
    add(triangle);
  }

  // The part of the face in front of the plane: one or two triangles whose corners remember where they lie in it.
  void add_cut(int face, const std::array<float, 3>& z, float plane) {
    std::array<Float3, 4> corners;
    std::size_t count = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const std::size_t next = (k + 1) % 3;
      const bool in = z[k] >= plane, next_in = z[next] >= plane;
      if (in) corners[count++] = Float3::Unit(static_cast<Eigen::Index>(k));
      if (in != next_in) {
        const float t = (plane - z[k]) / (z[next] - z[k]);
        Float3 w = Float3::Zero();
        w[static_cast<Eigen::Index>(k)] = 1.0F - t;
        w[static_cast<Eigen::Index>(next)] = t;
        corners[count++] = w;
      }
    }
    Eigen::Matrix3f whole;   // view-space corners of the face
    const Eigen::Matrix3f rotation = camera_.rotation.cast<float>();
    for (int k = 0; k < 3; ++k)
      whole.row(k) = mesh_.vertices.row(mesh_.faces(face, k)) * rotation + camera_.translation.cast<float>().transpose();
    for (std::size_t i = 1; i + 1 < count; ++i) {
      const CutCorners piece = {corners[0], corners[i], corners[i + 1]};
      HardTriangle triangle;
      triangle.face = face;
      triangle.cut = static_cast<int>(cuts_.size());
      for (std::size_t k = 0; k < 3; ++k) {
        const Float3 point = whole.transpose() * piece[k];
        triangle.z[k] = point.z();
        triangle.x[k] = static_cast<float>(camera_.scale_x) * point.x() / point.z() + static_cast<float>(camera_.offset_x);
        triangle.y[k] = static_cast<float>(camera_.scale_y) * point.y() / point.z() + static_cast<float>(camera_.offset_y);
      }
      cuts_.push_back(piece);
      add(triangle);
    }
  }

  void add(HardTriangle& t) {
    const float area = edge_function({t.x[0], t.y[0]}, {t.x[1], t.y[1]}, {t.x[2], t.y[2]});
    if (!(std::abs(area) > kAreaEpsilon) || std::isinf(area)) return;   // NaN neither
    t.area = edge_function({t.x[2], t.y[2]}, {t.x[0], t.y[0]}, {t.x[1], t.y[1]}) + kAreaEpsilon;
    const auto [x_low, x_high] = std::minmax({t.x[0], t.x[1], t.x[2]});
    const auto [y_low, y_high] = std::minmax({t.y[0], t.y[1], t.y[2]});
    const int w = camera_.width, h = camera_.height;
    const float unit = 0.5F * static_cast<float>(std::min(w, h));
    // The pixels whose centres lie between two coordinates, with room for rounding.
    const auto first = [](float value, int limit) {
      const float room = 0.01F + 1e-6F * std::abs(value);
      return static_cast<int>(std::clamp(std::ceil(value - 0.5F - room), 0.0F, static_cast<float>(limit)));
    };
    const auto last = [](float value, int limit) {
      const float room = 0.01F + 1e-6F * std::abs(value);
      return static_cast<int>(std::clamp(std::floor(value - 0.5F + room) + 1.0F, 0.0F, static_cast<float>(limit)));
    };
    t.column_begin = first(0.5F * static_cast<float>(w) - x_high * unit, w);
    t.column_end = last(0.5F * static_cast<float>(w) - x_low * unit, w);
    t.row_begin = first(0.5F * static_cast<float>(h) - y_high * unit, h);
    t.row_end = last(0.5F * static_cast<float>(h) - y_low * unit, h);
    if (t.column_begin < t.column_end && t.row_begin < t.row_end) triangles_.push_back(t);
  }

  void place_pixels() {
    const int w = camera_.width, h = camera_.height;
    stride_ = (w / kLanes + 2) * kLanes;
    pixel_x_.resize(static_cast<std::size_t>(stride_));
    pixel_y_.resize(static_cast<std::size_t>(h));
    for (int column = 0; column < stride_; ++column)
      pixel_x_[static_cast<std::size_t>(column)] = ndc_of_pixel(w - 1 - column, w, h);
    for (int row = 0; row < h; ++row) pixel_y_[static_cast<std::size_t>(row)] = ndc_of_pixel(h - 1 - row, h, w);
  }

  void scan_band(int index, views::RasterMaps& maps) const {
    const auto& list = bands_[static_cast<std::size_t>(index)];
    if (list.empty()) return;
    const int first = index * kBandRows, last = std::min(camera_.height, first + kBandRows);
    thread_local std::vector<float> depth;
    thread_local std::vector<std::int32_t> winner;
    const auto size = static_cast<std::size_t>((last - first) * stride_);
    depth.assign(size, std::numeric_limits<float>::infinity());
    winner.assign(size, -1);
    hard_nearest({triangles_.data(), list.data(), static_cast<int>(list.size()), first, last, stride_, pixel_x_.data(), pixel_y_.data()},
                 depth.data(), winner.data());
    for (int row = first; row < last; ++row) {
      const std::size_t line = static_cast<std::size_t>((row - first) * stride_);
      for (int column = 0; column < camera_.width; ++column) {
        const std::int32_t who = winner[line + static_cast<std::size_t>(column)];
        if (who < 0) continue;
        const HardTriangle& t = triangles_[static_cast<std::size_t>(who)];
        const Float2 p(pixel_x_[static_cast<std::size_t>(column)], pixel_y_[static_cast<std::size_t>(row)]);
        const Float3 flat = barycentrics(p, {t.x[0], t.y[0]}, {t.x[1], t.y[1]}, {t.x[2], t.y[2]});
        Float3 weights = perspective_corrected(flat, t.z[0], t.z[1], t.z[2]);
        if (t.cut >= 0) {
          const CutCorners& c = cuts_[static_cast<std::size_t>(t.cut)];
          weights = (weights.x() * c[0] + weights.y() * c[1] + weights.z() * c[2]).eval();
        }
        const std::size_t pixel = maps.depth.index(column, row);
        maps.depth.data[pixel] = depth[line + static_cast<std::size_t>(column)];
        maps.face_ids.data[pixel] = t.face;
        for (std::size_t k = 0; k < 3; ++k) {
          maps.vertex_ids.data[3 * pixel + k] = mesh_.faces(t.face, static_cast<Eigen::Index>(k));
          maps.barycentrics.data[3 * pixel + k] = weights[static_cast<Eigen::Index>(k)];
        }
      }
    }
  }

  const geometry::Mesh& mesh_;
  const views::RasterCamera& camera_;
  geometry::Vertices projected_;
  int stride_ = 0;
  std::vector<float> pixel_x_, pixel_y_;
  std::vector<HardTriangle> triangles_;
  std::vector<CutCorners> cuts_;
  std::vector<std::vector<int>> bands_;   // triangles that reach into each band of rows, by face index
};

class CpuViewRenderer : public views::ViewRenderer {
 public:
  views::RasterMaps rasterise(const geometry::Mesh& mesh, const views::RasterCamera& camera) const override {
    return HardRaster(mesh, camera).run();
  }
  ImageU8 shade(const geometry::Mesh& mesh, const geometry::Colours& colours, const views::RasterCamera& camera,
                const views::RasterMaps& maps, const views::PhongLight& light) const override {
    return phong_picture(mesh, colours, camera, maps, light);
  }
};

}  // namespace

std::unique_ptr<views::ViewRenderer> make_cpu_view_renderer() { return std::make_unique<CpuViewRenderer>(); }

}  // namespace tactus::render
