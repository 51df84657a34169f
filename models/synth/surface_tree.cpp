#include "surface_tree.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

namespace tactus::synth {
namespace {

constexpr int kLeaf = 4;

struct Nearest {
  Eigen::Vector3f point;
  int feature = 6;   // 0–2 corner, 3–5 edge (0,1), (1,2), (2,0), 6 inside
};

// Ericson 2004, Real-Time Collision Detection, §5.1.5: the region of the plane that the point falls in.
Nearest nearest_on_triangle(const Eigen::Vector3f& p, const Eigen::Vector3f& a, const Eigen::Vector3f& b, const Eigen::Vector3f& c) {
  const Eigen::Vector3f ab = b - a, ac = c - a, ap = p - a;
  const float d1 = ab.dot(ap), d2 = ac.dot(ap);
  if (d1 <= 0 && d2 <= 0) return {a, 0};
  const Eigen::Vector3f bp = p - b;
  const float d3 = ab.dot(bp), d4 = ac.dot(bp);
  if (d3 >= 0 && d4 <= d3) return {b, 1};
  const float vc = d1 * d4 - d3 * d2;
  if (vc <= 0 && d1 >= 0 && d3 <= 0) return {a + d1 / (d1 - d3) * ab, 3};
  const Eigen::Vector3f cp = p - c;
  const float d5 = ab.dot(cp), d6 = ac.dot(cp);
  if (d6 >= 0 && d5 <= d6) return {c, 2};
  const float vb = d5 * d2 - d1 * d6;
  if (vb <= 0 && d2 >= 0 && d6 <= 0) return {a + d2 / (d2 - d6) * ac, 5};
  const float va = d3 * d6 - d5 * d4;
  if (va <= 0 && d4 - d3 >= 0 && d5 - d6 >= 0) return {b + (d4 - d3) / ((d4 - d3) + (d5 - d6)) * (c - b), 4};
  const float sum = va + vb + vc;
  return {a + (vb * ab + vc * ac) / sum, 6};
}

}  // namespace

SurfaceTopology::SurfaceTopology(const geometry::Vertices& vertices, const geometry::Faces& all, bool pieces) : faces(all), angles(pieces) {
  const auto count = static_cast<std::size_t>(faces.rows());
  std::vector<Eigen::Vector3f> centres(count);
  std::unordered_map<std::uint64_t, int> edges;
  edges.reserve(3 * count);
  neighbours.assign(count, {-1, -1, -1});
  for (int f = 0; f < static_cast<int>(count); ++f) {
    centres[static_cast<std::size_t>(f)] =
        (vertices.row(faces(f, 0)) + vertices.row(faces(f, 1)) + vertices.row(faces(f, 2))).transpose() / 3.0F;
    for (int k = 0; k < 3; ++k) {
      const auto a = static_cast<std::uint32_t>(faces(f, k)), b = static_cast<std::uint32_t>(faces(f, (k + 1) % 3));
      const auto twin = edges.find((static_cast<std::uint64_t>(b) << 32U) | a);
      if (twin != edges.end()) {
        neighbours[static_cast<std::size_t>(f)][static_cast<std::size_t>(k)] = twin->second / 3;
        neighbours[static_cast<std::size_t>(twin->second / 3)][static_cast<std::size_t>(twin->second % 3)] = f;
      } else {
        edges.emplace((static_cast<std::uint64_t>(a) << 32U) | b, 3 * f + k);
      }
    }
  }
  order.resize(count);
  std::iota(order.begin(), order.end(), 0);
  buried.assign(static_cast<std::size_t>(vertices.rows()), 0);
  split(centres, 0, static_cast<int>(count));
  if (!pieces) return;
  const SurfaceTree whole(std::shared_ptr<const SurfaceTopology>(this, [](const SurfaceTopology*) {}), vertices);
  for (Eigen::Index v = 0; v < vertices.rows(); ++v) {
    const Eigen::Vector3f outside = (vertices.row(v) + 2e-4F * whole.normals().row(v)).transpose();
    buried[static_cast<std::size_t>(v)] = whole.winding(outside) > 0 ? 1 : 0;
  }
  std::erase_if(order, [&](int f) {
    return buried[static_cast<std::size_t>(faces(f, 0))] != 0 && buried[static_cast<std::size_t>(faces(f, 1))] != 0 &&
           buried[static_cast<std::size_t>(faces(f, 2))] != 0;
  });
  nodes.clear();
  split(centres, 0, static_cast<int>(order.size()));
}

int SurfaceTopology::split(std::vector<Eigen::Vector3f>& centres, int begin, int end) {
  const int id = static_cast<int>(nodes.size());
  nodes.emplace_back();
  if (end - begin <= kLeaf) {
    nodes.back() = {begin, end - begin, 0, 0};
    return id;
  }
  Eigen::Vector3f lower = centres[static_cast<std::size_t>(order[static_cast<std::size_t>(begin)])], upper = lower;
  for (int i = begin; i < end; ++i) {
    const auto& c = centres[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])];
    lower = lower.cwiseMin(c);
    upper = upper.cwiseMax(c);
  }
  Eigen::Index axis = 0;
  (upper - lower).maxCoeff(&axis);
  const int middle = (begin + end) / 2;
  std::nth_element(order.begin() + begin, order.begin() + middle, order.begin() + end, [&](int a, int b) {
    const float x = centres[static_cast<std::size_t>(a)][axis], y = centres[static_cast<std::size_t>(b)][axis];
    return x < y || (x == y && a < b);
  });
  const int left = split(centres, begin, middle), right = split(centres, middle, end);
  nodes[static_cast<std::size_t>(id)] = {0, 0, left, right};
  return id;
}

SurfaceTree::SurfaceTree(std::shared_ptr<const SurfaceTopology> topology, geometry::Vertices vertices)
    : topology_(std::move(topology)), vertices_(std::move(vertices)) {
  const auto& t = *topology_;
  normals_.setZero(vertices_.rows(), 3);
  for (Eigen::Index f = 0; f < t.faces.rows(); ++f) {
    std::array<Eigen::Vector3f, 3> p;
    for (int k = 0; k < 3; ++k) p[static_cast<std::size_t>(k)] = vertices_.row(t.faces(f, k)).transpose();
    const Eigen::Vector3f cross = (p[1] - p[0]).cross(p[2] - p[0]);
    if (!t.angles) {
      for (std::size_t k = 0; k < 3; ++k) normals_.row(t.faces(f, static_cast<Eigen::Index>(k))) += cross.transpose();
      continue;
    }
    const Eigen::Vector3f n = cross.stableNormalized();
    for (std::size_t k = 0; k < 3; ++k) {
      const Eigen::Vector3f u = p[(k + 1) % 3] - p[k], v = p[(k + 2) % 3] - p[k];
      const float angle = std::atan2(u.cross(v).norm(), u.dot(v));
      normals_.row(t.faces(f, static_cast<Eigen::Index>(k))) += angle * n.transpose();
    }
  }
  for (Eigen::Index v = 0; v < normals_.rows(); ++v) normals_.row(v).stableNormalize();
  boxes_.resize(t.nodes.size());
  for (std::size_t i = t.nodes.size(); i-- > 0;) {
    const auto& node = t.nodes[i];
    Box box{Eigen::Array4f(1e30F, 1e30F, 1e30F, 0.0F), Eigen::Array4f(-1e30F, -1e30F, -1e30F, 0.0F)};
    for (int k = node.first; k < node.first + node.count; ++k)
      for (int c = 0; c < 3; ++c) {
        const float* v = vertices_.data() + 3 * static_cast<std::ptrdiff_t>(t.faces(t.order[static_cast<std::size_t>(k)], c));
        const Eigen::Array4f p(v[0], v[1], v[2], 0.0F);
        box.lower = box.lower.min(p);
        box.upper = box.upper.max(p);
      }
    if (node.count == 0 && node.left > 0) {
      const Box &l = boxes_[static_cast<std::size_t>(node.left)], &r = boxes_[static_cast<std::size_t>(node.right)];
      box = {l.lower.min(r.lower), l.upper.max(r.upper)};
    }
    boxes_[i] = box;
  }
}

Eigen::Vector3f SurfaceTree::face_normal(int face) const {
  const auto& f = topology_->faces;
  const Eigen::Vector3f a = vertices_.row(f(face, 0)).transpose(), b = vertices_.row(f(face, 1)).transpose(),
                        c = vertices_.row(f(face, 2)).transpose();
  return (b - a).cross(c - a).stableNormalized();
}

SurfaceHit SurfaceTree::nearest(const Eigen::Vector3f& point, float radius) const {
  const auto& t = *topology_;
  SurfaceHit hit;
  float best = radius * radius;
  int feature = 6;
  std::array<std::pair<float, int>, 64> stack;
  int depth = 0;
  const Eigen::Array4f wide(point.x(), point.y(), point.z(), 0.0F);
  const auto box_distance = [&](int node) {
    const Box& b = boxes_[static_cast<std::size_t>(node)];
    return (b.lower - wide).max(wide - b.upper).max(0.0F).matrix().squaredNorm();
  };
  stack[static_cast<std::size_t>(depth++)] = {box_distance(0), 0};
  while (depth > 0) {
    const auto [away, id] = stack[static_cast<std::size_t>(--depth)];
    if (away >= best) continue;
    const auto& node = t.nodes[static_cast<std::size_t>(id)];
    if (node.count == 0) {
      if (node.left == 0) continue;   // an empty tree
      const std::pair<float, int> l{box_distance(node.left), node.left}, r{box_distance(node.right), node.right};
      stack[static_cast<std::size_t>(depth++)] = l.first < r.first ? r : l;
      stack[static_cast<std::size_t>(depth++)] = l.first < r.first ? l : r;
      continue;
    }
    for (int k = node.first; k < node.first + node.count; ++k) {
      const int f = t.order[static_cast<std::size_t>(k)];
      const Nearest n = nearest_on_triangle(point, vertices_.row(t.faces(f, 0)).transpose(), vertices_.row(t.faces(f, 1)).transpose(),
                                            vertices_.row(t.faces(f, 2)).transpose());
      const float d = (point - n.point).squaredNorm();
      if (d < best) {
        best = d;
        hit.face = f;
        hit.point = n.point;
        feature = n.feature;
      }
    }
  }
  if (hit.face < 0) return hit;
  if (feature < 3) {
    hit.normal = normals_.row(t.faces(hit.face, feature)).transpose();
  } else {
    hit.normal = face_normal(hit.face);
    const int other = feature == 6 ? -1 : t.neighbours[static_cast<std::size_t>(hit.face)][static_cast<std::size_t>(feature - 3)];
    if (other >= 0) hit.normal = (hit.normal + face_normal(other)).stableNormalized();
  }
  hit.distance = std::copysign(std::sqrt(best), (point - hit.point).dot(hit.normal));
  return hit;
}

int SurfaceTree::winding(const Eigen::Vector3f& point) const {
  // No axis of a made thing lies along this direction.
  static const Eigen::Vector3f along = Eigen::Vector3f(0.3713F, 0.8147F, 0.4453F).normalized();
  const auto& t = *topology_;
  int crossings = 0;
  std::array<int, 64> stack;
  int depth = 0;
  stack[static_cast<std::size_t>(depth++)] = 0;
  const Eigen::Vector3f inverse = along.cwiseInverse();
  while (depth > 0) {
    const int id = stack[static_cast<std::size_t>(--depth)];
    const Box& b = boxes_[static_cast<std::size_t>(id)];
    const Eigen::Vector3f near = (b.lower.head<3>().matrix() - point).cwiseProduct(inverse), far = (b.upper.head<3>().matrix() - point).cwiseProduct(inverse);
    if (far.minCoeff() < std::max(0.0F, near.maxCoeff())) continue;
    const auto& node = t.nodes[static_cast<std::size_t>(id)];
    if (node.count == 0) {
      if (node.left == 0) continue;
      stack[static_cast<std::size_t>(depth++)] = node.left;
      stack[static_cast<std::size_t>(depth++)] = node.right;
      continue;
    }
    for (int k = node.first; k < node.first + node.count; ++k) {
      const int f = t.order[static_cast<std::size_t>(k)];
      const Eigen::Vector3f a = vertices_.row(t.faces(f, 0)).transpose(), e1 = vertices_.row(t.faces(f, 1)).transpose() - a,
                            e2 = vertices_.row(t.faces(f, 2)).transpose() - a;
      const Eigen::Vector3f h = along.cross(e2);
      const float det = e1.dot(h);   // positive: the ray enters
      if (std::abs(det) < 1e-12F) continue;
      const Eigen::Vector3f s = point - a;
      const float u = s.dot(h) / det;
      if (u < 0 || u > 1) continue;
      const Eigen::Vector3f q = s.cross(e1);
      const float v = along.dot(q) / det;
      if (v < 0 || u + v > 1 || e2.dot(q) / det <= 0) continue;
      crossings += det > 0 ? -1 : 1;
    }
  }
  return crossings;
}

}  // namespace tactus::synth
