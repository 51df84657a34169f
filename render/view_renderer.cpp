// The hard rasteriser (METHOD.md §3.9): nearest face a pixel, strict inside test, several threads.
#include <array>
#include <cmath>
#include <limits>

#include "projection.h"
#include "raster_math.h"
#include "shading.h"
#include "tactus/parallel.h"
#include "tactus/render/cpu.h"

namespace tactus::render {
namespace {

constexpr int kBandRows = 16;

// A triangle to scan: a face of the mesh, or a piece of one that the near plane cut.
struct Triangle {
  std::array<Float2, 3> ndc;
  std::array<float, 3> z;
  int face = -1;
  int cut = -1;           // index into the table of cut corners, -1 for a whole face
  int row_begin = 0, row_end = 0, column_begin = 0, column_end = 0;
};

using CutCorners = std::array<Float3, 3>;   // barycentrics of the corners in the whole face

class HardRaster {
 public:
  HardRaster(const geometry::Mesh& mesh, const views::RasterCamera& camera) : mesh_(mesh), camera_(camera) {
    projected_ = project(mesh.vertices, camera);
    triangles_.reserve(static_cast<std::size_t>(mesh.face_count()));
    for (int f = 0; f < mesh.face_count(); ++f) add_face(f);
    bands_.resize(static_cast<std::size_t>((camera.height + kBandRows - 1) / kBandRows));
    for (std::size_t t = 0; t < triangles_.size(); ++t) {
      const Triangle& triangle = triangles_[t];
      for (int b = triangle.row_begin / kBandRows; b <= (triangle.row_end - 1) / kBandRows; ++b)
        bands_[static_cast<std::size_t>(b)].push_back(static_cast<int>(t));
    }
  }

  views::RasterMaps run() const {
    views::RasterMaps maps{ImageI32(camera_.width, camera_.height, 1, -1),
                           ImageI32(camera_.width, camera_.height, 3, -1),
                           ImageF(camera_.width, camera_.height, 3, -1.0F),
                           ImageF(camera_.width, camera_.height, 1, -1.0F)};
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
    Triangle triangle;
    triangle.face = face;
    triangle.z = z;
    for (int k = 0; k < 3; ++k)
      triangle.ndc[static_cast<std::size_t>(k)] = projected_.row(mesh_.faces(face, k)).head<2>().transpose();
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
      Triangle triangle;
      triangle.face = face;
      triangle.cut = static_cast<int>(cuts_.size());
      for (std::size_t k = 0; k < 3; ++k) {
        const Float3 point = whole.transpose() * piece[k];
        triangle.z[k] = point.z();
        triangle.ndc[k] = {static_cast<float>(camera_.scale_x) * point.x() / point.z() + static_cast<float>(camera_.offset_x),
                           static_cast<float>(camera_.scale_y) * point.y() / point.z() + static_cast<float>(camera_.offset_y)};
      }
      cuts_.push_back(piece);
      add(triangle);
    }
  }

  void add(Triangle& triangle) {
    const auto& v = triangle.ndc;
    const float area = edge_function(v[0], v[1], v[2]);
    if (!(std::abs(area) > kAreaEpsilon)) return;   // also refuses NaN
    const float x_low = std::min({v[0].x(), v[1].x(), v[2].x()}), x_high = std::max({v[0].x(), v[1].x(), v[2].x()});
    const float y_low = std::min({v[0].y(), v[1].y(), v[2].y()}), y_high = std::max({v[0].y(), v[1].y(), v[2].y()});
    const int w = camera_.width, h = camera_.height;
    // Generous by a pixel; the exact test is a pixel's own.
    const float unit = 0.5F * static_cast<float>(std::min(w, h));
    const auto column = [&](float x) { return 0.5F * static_cast<float>(w) - x * unit; };
    const auto row = [&](float y) { return 0.5F * static_cast<float>(h) - y * unit; };
    const auto clamp_to = [](float value, int limit) {
      return static_cast<int>(std::clamp(value, 0.0F, static_cast<float>(limit)));
    };
    triangle.column_begin = clamp_to(std::floor(column(x_high)) - 1.0F, w);
    triangle.column_end = clamp_to(std::ceil(column(x_low)) + 1.0F, w);
    triangle.row_begin = clamp_to(std::floor(row(y_high)) - 1.0F, h);
    triangle.row_end = clamp_to(std::ceil(row(y_low)) + 1.0F, h);
    if (triangle.column_begin < triangle.column_end && triangle.row_begin < triangle.row_end)
      triangles_.push_back(triangle);
  }

  void scan_band(int band, views::RasterMaps& maps) const {
    const int w = camera_.width, h = camera_.height;
    const int first = band * kBandRows, last = std::min(h, first + kBandRows);
    for (const int index : bands_[static_cast<std::size_t>(band)]) {
      const Triangle& t = triangles_[static_cast<std::size_t>(index)];
      const auto& v = t.ndc;
      for (int row = std::max(first, t.row_begin); row < std::min(last, t.row_end); ++row) {
        const float y = ndc_of_pixel(h - 1 - row, h, w);
        for (int column = t.column_begin; column < t.column_end; ++column) {
          const Float2 p(ndc_of_pixel(w - 1 - column, w, h), y);
          const Float3 flat = barycentrics(p, v[0], v[1], v[2]);
          // The perspective factors are positive, so a negative weight stays negative: leave early.
          if (!(flat.minCoeff() > 0.0F)) continue;
          Float3 weights = perspective_corrected(flat, t.z[0], t.z[1], t.z[2]);
          if (!(weights.minCoeff() > 0.0F)) continue;
          const float depth = weights.x() * t.z[0] + weights.y() * t.z[1] + weights.z() * t.z[2];
          float& nearest = maps.depth.at(column, row);
          if (depth < 0.0F || (nearest >= 0.0F && depth >= nearest)) continue;
          nearest = depth;
          if (t.cut >= 0) {
            const CutCorners& c = cuts_[static_cast<std::size_t>(t.cut)];
            weights = (weights.x() * c[0] + weights.y() * c[1] + weights.z() * c[2]).eval();
          }
          maps.face_ids.at(column, row) = t.face;
          for (int k = 0; k < 3; ++k) {
            maps.vertex_ids.at(column, row, k) = mesh_.faces(t.face, k);
            maps.barycentrics.at(column, row, k) = weights[k];
          }
        }
      }
    }
  }

  const geometry::Mesh& mesh_;
  const views::RasterCamera& camera_;
  geometry::Vertices projected_;
  std::vector<Triangle> triangles_;
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
