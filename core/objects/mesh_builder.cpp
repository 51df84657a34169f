#include "mesh_builder.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <tuple>

namespace tactus::objects {

using std::numbers::pi;

void MeshBuilder::part(const std::string& name) {
  const auto found = std::find(part_names_.begin(), part_names_.end(), name);
  current_ = static_cast<std::uint8_t>(found - part_names_.begin());
  if (found == part_names_.end()) part_names_.push_back(name);
}

int MeshBuilder::vertex(const Point& p) {
  if (part_names_.empty()) part("body");
  vertices_.push_back(p);
  vertex_parts_.push_back(current_);
  return static_cast<int>(vertices_.size()) - 1;
}

void MeshBuilder::face(int a, int b, int c) { faces_.emplace_back(a, b, c); }

int MeshBuilder::around(double radius) const {
  return std::clamp(static_cast<int>(std::ceil(2.0 * pi * radius / max_edge_)), 16, 96);
}

int MeshBuilder::along(double length) const {
  return std::clamp(static_cast<int>(std::ceil(length / max_edge_)), 1, 60);
}

void MeshBuilder::box(const Point& centre, const Point& size, const Eigen::Quaterniond& turn) {
  const std::array<int, 3> n = {along(size.x()), along(size.y()), along(size.z())};
  std::map<std::array<int, 3>, int> ids;   // corners shared by the faces of this box
  const auto at = [&](const std::array<int, 3>& cell) {
    const auto found = ids.find(cell);
    if (found != ids.end()) return found->second;
    Point p;
    for (std::size_t k = 0; k < 3; ++k)
      p[static_cast<Eigen::Index>(k)] = (static_cast<double>(cell[k]) / n[k] - 0.5) * size[static_cast<Eigen::Index>(k)];
    return ids[cell] = vertex(centre + turn * p);
  };
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t u = (axis + 1) % 3, v = (axis + 2) % 3;
    for (int side = 0; side < 2; ++side) {
      for (int i = 0; i < n[u]; ++i) {
        for (int j = 0; j < n[v]; ++j) {
          const auto cell = [&](int di, int dj) {
            std::array<int, 3> c{};
            c[axis] = side * n[axis];
            c[u] = i + di;
            c[v] = j + dj;
            return at(c);
          };
          if (side == 1) quad(cell(0, 0), cell(1, 0), cell(1, 1), cell(0, 1));
          else quad(cell(0, 0), cell(0, 1), cell(1, 1), cell(1, 0));
        }
      }
    }
  }
}

void MeshBuilder::skin(const std::vector<std::vector<int>>& rings, bool closed) {
  const std::size_t count = rings.size();
  for (std::size_t r = 0; r + (closed ? 0 : 1) < count; ++r) {
    const auto& a = rings[r];
    const auto& b = rings[(r + 1) % count];
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::size_t j = (i + 1) % a.size();
      quad(a[i], a[j], b[j], b[i]);
    }
  }
  if (closed) return;
  const auto cap = [&](const std::vector<int>& ring, bool first) {
    Point centre = Point::Zero();
    for (const int id : ring) centre += vertices_[static_cast<std::size_t>(id)];
    centre /= static_cast<double>(ring.size());
    double reach = 0.0;
    for (const int id : ring) reach = std::max(reach, (vertices_[static_cast<std::size_t>(id)] - centre).norm());
    // Rings towards the middle where a single fan would have long edges.
    std::vector<int> outer = ring;
    const int steps = along(reach);
    for (int s = steps - 1; s >= 1; --s) {
      std::vector<int> inner;
      for (const int id : ring) inner.push_back(vertex(centre + (vertices_[static_cast<std::size_t>(id)] - centre) * s / steps));
      for (std::size_t i = 0; i < outer.size(); ++i) {
        const std::size_t j = (i + 1) % outer.size();
        if (first) quad(outer[i], inner[i], inner[j], outer[j]);
        else quad(outer[i], outer[j], inner[j], inner[i]);
      }
      outer = std::move(inner);
    }
    const int middle = vertex(centre);
    cap_middles_[first ? 0 : 1] = middle;
    for (std::size_t i = 0; i < outer.size(); ++i) {
      const std::size_t j = (i + 1) % outer.size();
      if (first) face(middle, outer[j], outer[i]);
      else face(middle, outer[i], outer[j]);
    }
  };
  cap(rings.front(), true);
  cap(rings.back(), false);
}

void MeshBuilder::bar(const Point& a, const Point& b, double radius_a, double radius_b) {
  if (radius_b < 0.0) radius_b = radius_a;
  const Point axis = (b - a).normalized();
  const Point u = axis.unitOrthogonal(), v = axis.cross(u);
  const int n = around(std::max(radius_a, radius_b)), pieces = along((b - a).norm());
  std::vector<std::vector<int>> rings;
  for (int k = 0; k <= pieces; ++k) {
    const double t = static_cast<double>(k) / pieces, radius = radius_a + t * (radius_b - radius_a);
    std::vector<int> ring;
    for (int i = 0; i < n; ++i) {
      const double angle = 2.0 * pi * i / n;
      ring.push_back(vertex(a + t * (b - a) + radius * (std::cos(angle) * u + std::sin(angle) * v)));
    }
    rings.push_back(std::move(ring));
  }
  skin(rings, false);
}

void MeshBuilder::tube(const std::vector<Point>& corners, double radius, bool closed) {
  std::vector<Point> path;
  const std::size_t count = corners.size();
  for (std::size_t i = 0; i + (closed ? 0 : 1) < count; ++i) {
    const Point& a = corners[i];
    const Point& b = corners[(i + 1) % count];
    const int pieces = along((b - a).norm());
    for (int k = 0; k < pieces; ++k) path.push_back(a + (b - a) * k / pieces);
  }
  if (!closed) path.push_back(corners.back());
  const int n = around(radius);
  const std::size_t m = path.size();
  // The frame is carried along by the smallest turn; a closed tube unwinds what is left over.
  std::vector<Point> tangents(m), sides(m);
  for (std::size_t i = 0; i < m; ++i) {
    const Point& before = closed ? path[(i + m - 1) % m] : path[i == 0 ? 0 : i - 1];
    const Point& after = closed ? path[(i + 1) % m] : path[std::min(i + 1, m - 1)];
    tangents[i] = (after - before).normalized();
  }
  sides[0] = tangents[0].unitOrthogonal();
  for (std::size_t i = 1; i < m; ++i)
    sides[i] = (Eigen::Quaterniond::FromTwoVectors(tangents[i - 1], tangents[i]) * sides[i - 1]).normalized();
  double twist = 0.0;
  if (closed) {
    const Point back = Eigen::Quaterniond::FromTwoVectors(tangents[m - 1], tangents[0]) * sides[m - 1];
    twist = std::atan2(tangents[0].dot(sides[0].cross(back)), sides[0].dot(back));
  }
  std::vector<std::vector<int>> rings;
  for (std::size_t i = 0; i < m; ++i) {
    const Point v = tangents[i].cross(sides[i]);
    const double undo = -twist * static_cast<double>(i) / static_cast<double>(m);
    std::vector<int> ring;
    for (int k = 0; k < n; ++k) {
      const double angle = 2.0 * pi * k / n + undo;
      ring.push_back(vertex(path[i] + radius * (std::cos(angle) * sides[i] + std::sin(angle) * v)));
    }
    rings.push_back(std::move(ring));
  }
  skin(rings, closed);
}

void MeshBuilder::lathe(double x, double z, const std::vector<Eigen::Vector2d>& corners) {
  std::vector<Eigen::Vector2d> profile;
  for (std::size_t i = 0; i + 1 < corners.size(); ++i) {
    const int pieces = along((corners[i + 1] - corners[i]).norm());
    for (int k = 0; k < pieces; ++k) profile.push_back(corners[i] + (corners[i + 1] - corners[i]) * k / pieces);
  }
  profile.push_back(corners.back());
  double widest = 0.0;
  for (const auto& p : profile) widest = std::max(widest, p.x());
  const int n = around(widest);
  // Points on the axis would collapse: the caps close there instead.
  std::vector<std::vector<int>> rings;
  for (const auto& p : profile) {
    if (p.x() < 1e-6) continue;
    std::vector<int> ring;
    for (int k = 0; k < n; ++k) {
      const double angle = -2.0 * pi * k / n;   // counter-clockwise seen from above is -angle in (x, z)
      ring.push_back(vertex({x + p.x() * std::cos(angle), p.y(), z + p.x() * std::sin(angle)}));
    }
    rings.push_back(std::move(ring));
  }
  skin(rings, false);
}

void MeshBuilder::ellipsoid(const Point& centre, const Point& radii) {
  const double widest = radii.maxCoeff();
  const int n = around(widest), stacks = std::max(6, n / 2);
  std::vector<std::vector<int>> rings;
  for (int s = 1; s < stacks; ++s) {
    const double polar = pi * s / stacks - pi / 2.0;
    std::vector<int> ring;
    for (int k = 0; k < n; ++k) {
      const double angle = -2.0 * pi * k / n;
      const Point unit(std::cos(polar) * std::cos(angle), std::sin(polar), std::cos(polar) * std::sin(angle));
      ring.push_back(vertex(centre + radii.cwiseProduct(unit)));
    }
    rings.push_back(std::move(ring));
  }
  skin(rings, false);
  // The caps' middles lie on the axis: pull them out to the poles.
  vertices_[static_cast<std::size_t>(cap_middles_[0])] = centre - Point(0, radii.y(), 0);
  vertices_[static_cast<std::size_t>(cap_middles_[1])] = centre + Point(0, radii.y(), 0);
}

void MeshBuilder::slab(const std::vector<Eigen::Vector2d>& corners, const Point& origin, const Point& u,
                       const Point& v, double thickness) {
  std::vector<Eigen::Vector2d> outline;
  Eigen::Vector2d mean = Eigen::Vector2d::Zero();
  double reach = 0.0;
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const Eigen::Vector2d &a = corners[i], &b = corners[(i + 1) % corners.size()];
    const int pieces = along(1.26 * (b - a).norm());
    for (int k = 0; k < pieces; ++k) outline.push_back(a + (b - a) * k / pieces);
    mean += a;
  }
  mean /= static_cast<double>(corners.size());
  for (const auto& p : outline) reach = std::max(reach, (p - mean).norm());
  const Point w = u.cross(v).normalized() * (thickness / 2.0);
  // Bottom from its middle outwards, over the rim, top back to its middle.
  // Quads of a board are skewed: a quarter smaller keeps their diagonals short.
  const int steps = along(1.26 * reach), rim = along(thickness);
  std::vector<std::vector<int>> rings;
  const auto ring_at = [&](double t, double lift) {
    std::vector<int> ring;
    for (const auto& p : outline) {
      const Eigen::Vector2d q = mean + t * (p - mean);
      ring.push_back(vertex(origin + q.x() * u + q.y() * v + lift * w));
    }
    rings.push_back(std::move(ring));
  };
  for (int s = 1; s <= steps; ++s) ring_at(static_cast<double>(s) / (steps + 0.0), -1.0);
  for (int r = 1; r < rim; ++r) ring_at(1.0, -1.0 + 2.0 * r / rim);
  for (int s = steps; s >= 1; --s) ring_at(static_cast<double>(s) / (steps + 0.0), 1.0);
  skin(rings, false);
}

void MeshBuilder::warp(int first, const std::function<Point(const Point&)>& move) {
  for (auto v = vertices_.begin() + first; v != vertices_.end(); ++v) *v = move(*v);
}

// Pieces that begin at one point have twin vertices there, which readers of mesh files like to merge: a hair apart.
void MeshBuilder::part_twins() {
  std::map<std::tuple<long, long, long>, int> there;
  for (auto& p : vertices_) {
    // Cells of 10 µm; the odd offset keeps round numbers off their walls.
    const auto cell = [](double x) { return std::lround(x * 1e5 + 0.137); };
    const int twins = there[{cell(p.x()), cell(p.y()), cell(p.z())}]++;
    if (twins > 0) p += 3e-5 * twins * Point(0.6, 0.8, 0.3);
  }
}

ObjectMesh MeshBuilder::finish(const std::string& category) {
  part_twins();
  ObjectMesh object;
  object.category = object.name = category;
  object.part_names = part_names_;
  object.vertex_parts = vertex_parts_;
  Point lower = vertices_.front(), upper = vertices_.front();
  for (const auto& p : vertices_) {
    lower = lower.cwiseMin(p);
    upper = upper.cwiseMax(p);
  }
  const Point centre = 0.5 * (lower + upper);
  object.mesh.vertices.resize(static_cast<Eigen::Index>(vertices_.size()), 3);
  for (std::size_t i = 0; i < vertices_.size(); ++i)
    object.mesh.vertices.row(static_cast<Eigen::Index>(i)) = (vertices_[i] - centre).transpose().cast<float>();
  object.mesh.faces.resize(static_cast<Eigen::Index>(faces_.size()), 3);
  for (std::size_t f = 0; f < faces_.size(); ++f)
    object.mesh.faces.row(static_cast<Eigen::Index>(f)) = faces_[f].transpose();
  return object;
}

}  // namespace tactus::objects
