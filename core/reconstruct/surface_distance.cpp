#include "surface_distance.h"

#include <algorithm>
#include <cstdint>
#include <nanoflann.hpp>

namespace tactus::reconstruct {
namespace {

struct Rows {
  const VerticesD& points;
  std::size_t kdtree_get_point_count() const { return static_cast<std::size_t>(points.rows()); }
  double kdtree_get_pt(std::size_t i, std::size_t d) const { return points(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(d)); }
  template <typename Box>
  bool kdtree_get_bbox(Box&) const {
    return false;
  }
};

}  // namespace

struct SurfaceDistance::Tree {
  explicit Tree(const VerticesD& points) : rows{points}, index(3, rows, nanoflann::KDTreeSingleIndexAdaptorParams(12)) {
    index.buildIndex();
  }
  Rows rows;
  nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, Rows>, Rows, 3> index;
};

Eigen::Vector3d nearest_on_triangle(const Eigen::Vector3d& p, const Eigen::Vector3d& a, const Eigen::Vector3d& b,
                                    const Eigen::Vector3d& c) {
  const Eigen::Vector3d ab = b - a, ac = c - a, ap = p - a, bp = p - b, cp = p - c;
  const double d1 = ab.dot(ap), d2 = ac.dot(ap), d3 = ab.dot(bp), d4 = ac.dot(bp), d5 = ab.dot(cp), d6 = ac.dot(cp);
  if (d1 <= 0.0 && d2 <= 0.0) return a;
  if (d3 >= 0.0 && d4 <= d3) return b;
  if (d6 >= 0.0 && d5 <= d6) return c;
  const double vc = d1 * d4 - d3 * d2, vb = d5 * d2 - d1 * d6, va = d3 * d6 - d5 * d4;
  if (vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0) return a + ab * (d1 > d3 ? d1 / (d1 - d3) : 0.0);
  if (vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0) return a + ac * (d2 > d6 ? d2 / (d2 - d6) : 0.0);
  const double along = d4 - d3, back = d5 - d6;
  if (va <= 0.0 && along >= 0.0 && back >= 0.0) return b + (c - b) * (along + back > 0.0 ? along / (along + back) : 0.0);
  const double area = va + vb + vc;
  return a + ab * (vb / area) + ac * (vc / area);
}

SurfaceDistance::SurfaceDistance(VerticesD vertices, const geometry::Faces& faces)
    : vertices_(std::move(vertices)), faces_(faces), first_face_(static_cast<std::size_t>(vertices_.rows()) + 1, 0) {
  for (Eigen::Index f = 0; f < faces_.size(); ++f) ++first_face_[static_cast<std::size_t>(faces_.data()[f]) + 1];
  for (std::size_t i = 1; i < first_face_.size(); ++i) first_face_[i] += first_face_[i - 1];
  face_of_.resize(static_cast<std::size_t>(faces_.size()));
  std::vector<std::int32_t> next(first_face_.begin(), first_face_.end() - 1);
  for (Eigen::Index f = 0; f < faces_.rows(); ++f)
    for (int k = 0; k < 3; ++k) face_of_[static_cast<std::size_t>(next[static_cast<std::size_t>(faces_(f, k))]++)] = static_cast<std::int32_t>(f);
  tree_ = std::make_unique<Tree>(vertices_);
}

SurfaceDistance::~SurfaceDistance() = default;

Eigen::Vector3d SurfaceDistance::nearest(const Eigen::Vector3d& point) const {
  std::uint32_t ids[3] = {0, 0, 0};
  double distances[3] = {0.0, 0.0, 0.0};
  const std::size_t found = tree_->index.knnSearch(point.data(), 3, ids, distances);
  Eigen::Vector3d best = vertices_.row(ids[0]).transpose();
  double least = distances[0];
  for (std::size_t n = 0; n < found; ++n) {
    const std::size_t vertex = ids[n];
    for (auto k = static_cast<std::size_t>(first_face_[vertex]); k < static_cast<std::size_t>(first_face_[vertex + 1]); ++k) {
      const auto f = face_of_[k];
      const Eigen::Vector3d on = nearest_on_triangle(point, vertices_.row(faces_(f, 0)).transpose(), vertices_.row(faces_(f, 1)).transpose(),
                                                     vertices_.row(faces_(f, 2)).transpose());
      const double squared = (point - on).squaredNorm();
      if (squared < least) {
        least = squared;
        best = on;
      }
    }
  }
  return best;
}

}  // namespace tactus::reconstruct
