// The soft silhouette and its gradient (METHOD.md §8.9).
//
// A pixel's alpha is 1 - Π(1 - sigmoid(-d/σ)) over the faces near it, d the squared NDC distance to the face's
// border, negative inside. dα/dd_k = -(1 - α)·p_k/σ, so the backward pass needs no division; the distance's own
// gradient runs through the nearest point of the nearest edge.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "raster_math.h"
#include "tactus/parallel.h"
#include "tactus/render/cpu.h"
#include "tactus/views/view_camera.h"

namespace tactus::render {
namespace {

using reconstruct::SilhouetteOptions;
using reconstruct::VerticesD;

constexpr int kBandRows = 8;

struct ProjectedFace {
  std::array<Float2, 3> ndc;
  std::array<float, 3> z;
  int face;
  int row_begin, row_end, column_begin, column_end;   // window, grown by the blur
};

// One face near one pixel.
struct Fragment {
  int pixel;            // in the image
  float probability;
  float depth;          // for the cap alone
  float sign;           // -1 inside, +1 outside
  Float2 towards;       // pixel centre minus nearest point of the border, NDC
  float weight_b;       // of the edge's second corner at the nearest point
  std::uint8_t edge;    // 0: corners 0-1, 1: 0-2, 2: 1-2
  bool kept;
};

struct Run {            // fragments of one face in one band
  int projected;
  int begin, end;
};

struct Band {
  std::vector<Fragment> fragments;
  std::vector<Run> runs;
};

// PyTorch3D's order of the edges, which decides ties: v0v1, v0v2, v1v2.
constexpr std::array<std::array<std::size_t, 2>, 3> kEdges = {{{0, 1}, {0, 2}, {1, 2}}};

class CpuSilhouetteRenderer : public reconstruct::SilhouetteRenderer {
 public:
  const ImageF& forward(const VerticesD& vertices, const geometry::Faces& faces,
                        const geometry::PinholeCamera& camera, const SilhouetteOptions& options) override {
    camera_ = camera;
    options_ = options;
    vertices_ = vertices;
    faces_ = &faces;
    blur_ = static_cast<float>(std::log(1.0 / 1e-4 - 1.0) * options.sigma_ndc2);
    if (!alpha_.same_size(camera.width, camera.height)) alpha_ = ImageF(camera.width, camera.height);
    std::fill(alpha_.data.begin(), alpha_.data.end(), 0.0F);
    setup();
    bands_.resize(band_faces_.size());
    parallel_for(bands_.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t b = begin; b < end; ++b) render_band(static_cast<int>(b));
    });
    return alpha_;
  }

  VerticesD backward(const ImageF& gradient_of_alpha) override {
    // Gradients of the projected corners, a run at a time; summed in the bands' order so that the result does not
    // depend on the threads.
    std::vector<std::vector<std::array<Eigen::Vector2d, 3>>> of_runs(bands_.size());
    parallel_for(bands_.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t b = begin; b < end; ++b) {
        of_runs[b].reserve(bands_[b].runs.size());
        for (const Run& run : bands_[b].runs) of_runs[b].push_back(run_gradient(bands_[b], run, gradient_of_alpha));
      }
    });
    VerticesD of_ndc = VerticesD::Zero(vertices_.rows(), 3);
    for (std::size_t b = 0; b < bands_.size(); ++b) {
      for (std::size_t r = 0; r < bands_[b].runs.size(); ++r) {
        const int face = projected_[static_cast<std::size_t>(bands_[b].runs[r].projected)].face;
        for (int k = 0; k < 3; ++k)
          of_ndc.row((*faces_)(face, k)).head<2>() += of_runs[b][r][static_cast<std::size_t>(k)].transpose();
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
  void setup() {
    const views::RasterCamera raster = views::raster_camera(camera_);
    const int w = camera_.width, h = camera_.height;
    ndc_.resize(vertices_.rows(), 3);
    for (Eigen::Index i = 0; i < vertices_.rows(); ++i) {
      const double z = vertices_(i, 2);
      ndc_(i, 0) = static_cast<float>(-raster.scale_x * vertices_(i, 0) / z + raster.offset_x);
      ndc_(i, 1) = static_cast<float>(-raster.scale_y * vertices_(i, 1) / z + raster.offset_y);
      ndc_(i, 2) = static_cast<float>(z);
    }
    const float unit = 0.5F * static_cast<float>(std::min(w, h));
    const float reach = std::sqrt(blur_) * unit + 1.0F;
    const auto bounded = [](float value, int limit) {
      return static_cast<int>(std::clamp(value, 0.0F, static_cast<float>(limit)));
    };
    projected_.clear();
    band_faces_.assign(static_cast<std::size_t>((h + kBandRows - 1) / kBandRows), {});
    for (int f = 0; f < static_cast<int>(faces_->rows()); ++f) {
      ProjectedFace face;
      face.face = f;
      for (int k = 0; k < 3; ++k) {
        const auto vertex = (*faces_)(f, k);
        face.ndc[static_cast<std::size_t>(k)] = ndc_.row(vertex).head<2>().transpose();
        face.z[static_cast<std::size_t>(k)] = ndc_(vertex, 2);
      }
      if (!(std::min({face.z[0], face.z[1], face.z[2]}) >= 1e-8F)) continue;
      const auto& v = face.ndc;
      if (!(std::abs(edge_function(v[0], v[1], v[2])) > kAreaEpsilon)) continue;
      const auto [x_low, x_high] = std::minmax({v[0].x(), v[1].x(), v[2].x()});
      const auto [y_low, y_high] = std::minmax({v[0].y(), v[1].y(), v[2].y()});
      face.column_begin = bounded(std::floor(0.5F * static_cast<float>(w) - x_high * unit - reach), w);
      face.column_end = bounded(std::ceil(0.5F * static_cast<float>(w) - x_low * unit + reach), w);
      face.row_begin = bounded(std::floor(0.5F * static_cast<float>(h) - y_high * unit - reach), h);
      face.row_end = bounded(std::ceil(0.5F * static_cast<float>(h) - y_low * unit + reach), h);
      if (face.column_begin >= face.column_end || face.row_begin >= face.row_end) continue;
      const auto index = static_cast<int>(projected_.size());
      projected_.push_back(face);
      for (int b = face.row_begin / kBandRows; b <= (face.row_end - 1) / kBandRows; ++b)
        band_faces_[static_cast<std::size_t>(b)].push_back(index);
    }
  }

  void render_band(int index) {
    Band& band = bands_[static_cast<std::size_t>(index)];
    band.fragments.clear();
    band.runs.clear();
    const int first = index * kBandRows, last = std::min(camera_.height, first + kBandRows);
    for (const int projected : band_faces_[static_cast<std::size_t>(index)]) {
      const auto begin = static_cast<int>(band.fragments.size());
      scan_face(projected_[static_cast<std::size_t>(projected)], first, last, band.fragments);
      const auto end = static_cast<int>(band.fragments.size());
      if (end > begin) band.runs.push_back({projected, begin, end});
    }
    if (options_.faces_per_pixel > 0) keep_nearest(band, first);
    // 1 - alpha, built up in face order.
    const std::size_t origin = alpha_.index(0, first);
    const std::size_t count = static_cast<std::size_t>(last - first) * static_cast<std::size_t>(camera_.width);
    std::fill_n(alpha_.data.begin() + static_cast<std::ptrdiff_t>(origin), count, 1.0F);
    for (const Fragment& f : band.fragments)
      if (f.kept) alpha_.data[static_cast<std::size_t>(f.pixel)] *= 1.0F - f.probability;
    for (std::size_t i = origin; i < origin + count; ++i) alpha_.data[i] = 1.0F - alpha_.data[i];
  }

  void scan_face(const ProjectedFace& face, int first, int last, std::vector<Fragment>& out) const {
    const int w = camera_.width, h = camera_.height;
    const float inverse_sigma = 1.0F / static_cast<float>(options_.sigma_ndc2);
    const auto& v = face.ndc;
    for (int row = std::max(first, face.row_begin); row < std::min(last, face.row_end); ++row) {
      const float y = ndc_of_pixel(h - 1 - row, h, w);
      for (int column = face.column_begin; column < face.column_end; ++column) {
        const Float2 p(ndc_of_pixel(w - 1 - column, w, h), y);
        const Float3 flat = barycentrics(p, v[0], v[1], v[2]);
        SegmentDistance nearest = segment_distance(p, v[0], v[1]);
        std::uint8_t edge = 0;
        for (std::uint8_t e = 1; e < 3; ++e) {
          const SegmentDistance other = segment_distance(p, v[kEdges[e][0]], v[kEdges[e][1]]);
          if (other.squared < nearest.squared) {
            nearest = other;
            edge = e;
          }
        }
        const Float3 weights = perspective_corrected(flat, face.z[0], face.z[1], face.z[2]);
        const bool inside = weights.minCoeff() > 0.0F;
        if (!inside && nearest.squared >= blur_) continue;
        const Float3 clipped = clipped_barycentrics(weights);
        const float depth = clipped.x() * face.z[0] + clipped.y() * face.z[1] + clipped.z() * face.z[2];
        if (depth < 0.0F) continue;
        Fragment f;
        f.pixel = static_cast<int>(alpha_.index(column, row));
        f.sign = inside ? -1.0F : 1.0F;
        f.probability = 1.0F / (1.0F + std::exp(f.sign * nearest.squared * inverse_sigma));
        f.depth = depth;
        const Float2& a = v[kEdges[edge][0]];
        const Float2& b = v[kEdges[edge][1]];
        f.towards = p - ((1.0F - nearest.weight_b) * a + nearest.weight_b * b);
        f.weight_b = nearest.weight_b;
        f.edge = edge;
        f.kept = true;
        out.push_back(f);
      }
    }
  }

  // Drops all but the nearest K fragments of each pixel (the earlier face on a tie).
  void keep_nearest(Band& band, int first_row) const {
    const std::size_t cap = static_cast<std::size_t>(options_.faces_per_pixel);
    const std::size_t origin = alpha_.index(0, first_row);
    std::vector<int> count(static_cast<std::size_t>(kBandRows) * static_cast<std::size_t>(camera_.width), 0);
    for (const Fragment& f : band.fragments) ++count[static_cast<std::size_t>(f.pixel) - origin];
    std::vector<int> list_of(count.size(), -1);
    std::vector<std::vector<int>> lists;
    for (std::size_t i = 0; i < count.size(); ++i) {
      if (static_cast<std::size_t>(count[i]) > cap) {
        list_of[i] = static_cast<int>(lists.size());
        lists.emplace_back().reserve(static_cast<std::size_t>(count[i]));
      }
    }
    if (lists.empty()) return;
    for (std::size_t i = 0; i < band.fragments.size(); ++i) {
      const int list = list_of[static_cast<std::size_t>(band.fragments[i].pixel) - origin];
      if (list >= 0) lists[static_cast<std::size_t>(list)].push_back(static_cast<int>(i));
    }
    for (auto& list : lists) {
      const auto nearer = [&](int a, int b) {
        const float za = band.fragments[static_cast<std::size_t>(a)].depth, zb = band.fragments[static_cast<std::size_t>(b)].depth;
        return za != zb ? za < zb : a < b;
      };
      std::nth_element(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(cap), list.end(), nearer);
      for (std::size_t i = cap; i < list.size(); ++i) band.fragments[static_cast<std::size_t>(list[i])].kept = false;
    }
  }

  std::array<Eigen::Vector2d, 3> run_gradient(const Band& band, const Run& run, const ImageF& gradient_of_alpha) const {
    std::array<Eigen::Vector2d, 3> corners = {Eigen::Vector2d::Zero(), Eigen::Vector2d::Zero(), Eigen::Vector2d::Zero()};
    const double inverse_sigma = 1.0 / options_.sigma_ndc2;
    for (int i = run.begin; i < run.end; ++i) {
      const Fragment& f = band.fragments[static_cast<std::size_t>(i)];
      if (!f.kept) continue;
      const auto pixel = static_cast<std::size_t>(f.pixel);
      const double upstream = gradient_of_alpha.data[pixel];
      if (upstream == 0.0) continue;
      const double of_distance = -upstream * (1.0 - alpha_.data[pixel]) * f.probability * inverse_sigma * f.sign;
      const Eigen::Vector2d step = -2.0 * of_distance * f.towards.cast<double>();
      corners[kEdges[f.edge][0]] += (1.0 - f.weight_b) * step;
      corners[kEdges[f.edge][1]] += f.weight_b * step;
    }
    return corners;
  }

  geometry::PinholeCamera camera_;
  SilhouetteOptions options_;
  float blur_ = 0.0F;
  VerticesD vertices_;
  const geometry::Faces* faces_ = nullptr;
  geometry::Vertices ndc_;
  std::vector<ProjectedFace> projected_;
  std::vector<std::vector<int>> band_faces_;
  std::vector<Band> bands_;
  ImageF alpha_;
};

}  // namespace

std::unique_ptr<reconstruct::SilhouetteRenderer> make_cpu_silhouette_renderer() {
  return std::make_unique<CpuSilhouetteRenderer>();
}

}  // namespace tactus::render
