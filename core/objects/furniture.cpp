// Sizes in metres after common furniture: seats at 45 cm, tables at 74 cm.
#include <cmath>

#include "shapes.h"

namespace tactus::objects {
namespace {

void four_legs(MeshBuilder& b, double half_width, double half_depth, double height, double radius) {
  b.part("legs");
  for (const double x : {-half_width, half_width})
    for (const double z : {-half_depth, half_depth}) b.bar({x, 0, z}, {x, height, z}, radius * 0.85, radius);
}

}  // namespace

void chair(MeshBuilder& b, const Variation& v) {
  const double w = v.around(0.44, 0.12), d = v.around(0.43, 0.1), h = v.around(0.45, 0.06), back = v.around(0.45, 0.15);
  four_legs(b, w / 2 - 0.025, d / 2 - 0.025, h - 0.035, 0.019);
  b.part("seat");
  b.box({0, h - 0.0175, 0}, {w, 0.035, d});
  b.part("backrest");
  const Eigen::Quaterniond lean(Eigen::AngleAxisd(-0.12, Point::UnitX()));
  b.box({0, h + 0.14 + back / 2, -d / 2 - 0.02}, {w * 0.95, back * 0.62, 0.025}, lean);
  for (const double x : {-w / 2 + 0.03, w / 2 - 0.03}) b.bar({x, h, -d / 2 + 0.02}, {x, h + back + 0.05, -d / 2 - 0.05}, 0.015);
}

void stool(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.17, 0.15), h = v.around(0.62, 0.2);
  b.part("seat");
  b.lathe(0, 0, {{0, h - 0.04}, {r, h - 0.035}, {r, h - 0.005}, {r - 0.01, h}, {0, h}});
  b.part("legs");
  for (int i = 0; i < 4; ++i) {
    const double a = 0.785 + 1.5708 * i;
    b.bar({1.15 * r * std::cos(a), 0, 1.15 * r * std::sin(a)}, {0.7 * r * std::cos(a), h - 0.038, 0.7 * r * std::sin(a)}, 0.014);
  }
  std::vector<Point> ring;
  for (int i = 0; i < 4; ++i) {
    const double a = 0.785 + 1.5708 * i;
    ring.emplace_back(0.99 * r * std::cos(a), h * 0.35, 0.99 * r * std::sin(a));
  }
  b.part("footrest");
  b.tube(ring, 0.009, true);
}

void bench(MeshBuilder& b, const Variation& v) {
  const double w = v.around(1.4, 0.2), d = 0.42, h = v.around(0.45, 0.05);
  four_legs(b, w / 2 - 0.1, d / 2 - 0.04, h - 0.03, 0.028);
  b.part("seat");
  for (int i = 0; i < 3; ++i) b.box({0, h - 0.015, -d / 2 + 0.07 + 0.14 * i}, {w, 0.03, 0.12});
  b.part("backrest");
  const Eigen::Quaterniond lean(Eigen::AngleAxisd(-0.2, Point::UnitX()));
  for (int i = 0; i < 2; ++i) b.box({0, h + 0.19 + 0.16 * i, -d / 2 - 0.02 - 0.03 * i}, {w, 0.11, 0.025}, lean);
  for (const double x : {-w / 2 + 0.1, w / 2 - 0.1}) b.bar({x, h, -d / 2 + 0.01}, {x, h + 0.42, -d / 2 - 0.075}, 0.02);
}

void couch(MeshBuilder& b, const Variation& v) {
  const double w = v.around(1.8, 0.2), d = v.around(0.85, 0.08), h = 0.43;
  const double inner = w - 0.36, cushion = inner / 2;
  b.part("seat");
  b.box({0, 0.19, 0.03}, {inner + 0.04, 0.2, d - 0.08});
  const auto soft = [&](const Point& centre, const Point& size) {   // a box with its edges pressed in
    const int first = b.mark();
    b.box(centre, size);
    b.warp(first, [&](const Point& p) {
      const Point t = (p - centre).cwiseQuotient(size / 2);
      const auto press = [](double along, double u, double v) { return -0.012 * along * (std::pow(u, 8) + std::pow(v, 8)); };
      return Point(p + Point(press(t.x(), t.y(), t.z()), press(t.y(), t.x(), t.z()), press(t.z(), t.x(), t.y())));
    });
  };
  for (const double s : {-0.5, 0.5}) soft({s * cushion, h - 0.075, 0.05}, {cushion - 0.008, 0.15, d - 0.1});
  b.part("backrest");
  b.box({0, 0.45, -d / 2 + 0.06}, {inner + 0.04, 0.7, 0.12});
  for (const double s : {-0.5, 0.5}) soft({s * cushion, h + 0.2, -d / 2 + 0.17}, {cushion - 0.008, 0.42, 0.16});
  b.part("armrests");
  for (const double s : {-1.0, 1.0}) soft({s * (w / 2 - 0.09), 0.35, 0.02}, {0.18, 0.54, d});
  b.part("legs");
  for (const double x : {-w / 2 + 0.1, w / 2 - 0.1})
    for (const double z : {-d / 2 + 0.1, d / 2 - 0.08}) b.bar({x, 0, z}, {x, 0.1, z}, 0.018, 0.024);
}

void table(MeshBuilder& b, const Variation& v) {
  const double w = v.around(1.2, 0.25), d = v.around(0.75, 0.15), h = v.around(0.74, 0.04);
  four_legs(b, w / 2 - 0.06, d / 2 - 0.06, h - 0.03, 0.03);
  b.part("top");
  b.box({0, h - 0.015, 0}, {w, 0.03, d});
}

void bed(MeshBuilder& b, const Variation& v) {
  const double w = v.around(1.4, 0.3), l = v.around(2.0, 0.04), h = v.around(0.5, 0.1);
  four_legs(b, w / 2 - 0.06, l / 2 - 0.06, h - 0.28, 0.035);
  b.part("frame");
  b.box({0, h - 0.235, 0}, {w, 0.09, l});
  b.part("mattress");
  b.box({0, h - 0.095, 0.01}, {w - 0.06, 0.19, l - 0.08});
  b.part("headboard");
  b.box({0, h + 0.02, -l / 2 - 0.02}, {w, 0.8, 0.04});
}

}  // namespace tactus::objects
