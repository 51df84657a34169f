// Closed, outward-facing primitives, tessellated, gathered into one mesh with a part id a vertex.
#pragma once

#include <Eigen/Geometry>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tactus/objects/library.h"

namespace tactus::objects {

using Point = Eigen::Vector3d;

class MeshBuilder {
 public:
  explicit MeshBuilder(double max_edge_m) : max_edge_(max_edge_m) {}

  // What follows belongs to this part.
  void part(const std::string& name);

  // Axis-aligned box around `centre`, turned by `turn` about it.
  void box(const Point& centre, const Point& size, const Eigen::Quaterniond& turn = Eigen::Quaterniond::Identity());
  void ellipsoid(const Point& centre, const Point& radii);
  // Straight round bar from a to b, radii at its ends, closed by flat caps.
  void bar(const Point& a, const Point& b, double radius_a, double radius_b = -1.0);
  // Round tube along a polyline; `closed` joins its ends.
  void tube(const std::vector<Point>& path, double radius, bool closed = false);
  // Solid of revolution about the vertical line through (x, z): (radius, height) pairs from bottom to top; radii at
  // the ends may be 0.
  void lathe(double x, double z, const std::vector<Eigen::Vector2d>& profile);
  // Flat outline in the plane of two axes at `origin`, pulled out by `thickness` along their cross product, centred.
  // Counter-clockwise and star-shaped about its mean.
  void slab(const std::vector<Eigen::Vector2d>& outline, const Point& origin, const Point& u, const Point& v,
            double thickness);

  // Moves every vertex made since `first` (a value of `mark`): bends boards, rounds boxes.
  int mark() const { return static_cast<int>(vertices_.size()); }
  void warp(int first, const std::function<Point(const Point&)>& move);

  // Centred on its bounding box.
  ObjectMesh finish(const std::string& category);

 private:
  void part_twins();
  int vertex(const Point& p);
  void face(int a, int b, int c);
  void quad(int a, int b, int c, int d) {
    face(a, b, c);
    face(a, c, d);
  }
  // Rings of equal length, each counter-clockwise seen against the direction of travel; caps are fans.
  void skin(const std::vector<std::vector<int>>& rings, bool closed);
  int around(double radius) const;      // vertices of a ring
  int along(double length) const;       // pieces of a length

  double max_edge_;
  std::vector<Point> vertices_;
  std::vector<Eigen::Vector3i> faces_;
  std::vector<std::string> part_names_;
  std::vector<std::uint8_t> vertex_parts_;
  std::uint8_t current_ = 0;
  std::array<int, 2> cap_middles_ = {-1, -1};   // of the last skin that was capped
};

}  // namespace tactus::objects
