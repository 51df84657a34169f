#include <cmath>
#include <numbers>

#include "shapes.h"

namespace tactus::objects {

using std::numbers::pi;

namespace {

// Board with round ends in the plane (z along, x across), lifted to height y.
std::vector<Eigen::Vector2d> board(double length, double width) {
  std::vector<Eigen::Vector2d> outline;
  const double straight = length / 2 - width / 2;
  for (int i = 0; i <= 12; ++i) {
    const double a = pi * i / 12;
    outline.emplace_back(straight + width / 2 * std::sin(a), -width / 2 * std::cos(a));
  }
  for (int i = 0; i <= 12; ++i) {
    const double a = pi * i / 12;
    outline.emplace_back(-straight - width / 2 * std::sin(a), width / 2 * std::cos(a));
  }
  return outline;
}

void wheel(MeshBuilder& b, const Point& centre, double radius, double tyre, double hub) {
  b.part("wheels");
  std::vector<Point> circle;
  for (int i = 0; i < 28; ++i) {
    const double a = 2.0 * pi * i / 28;
    circle.emplace_back(centre + radius * Point(0, std::cos(a), std::sin(a)));
  }
  b.tube(circle, tyre, true);
  b.bar(centre - Point(0.035, 0, 0), centre + Point(0.035, 0, 0), hub);
  for (int i = 0; i < 6; ++i) {
    const double a = 2.0 * pi * i / 6;
    b.bar(centre, centre + radius * Point(0, std::cos(a), std::sin(a)), 0.003);
  }
}

}  // namespace

void ball(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.11, 0.12);
  b.part("surface");
  b.ellipsoid({0, 0, 0}, {r, r, r});
}

void tennis_ball(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.033, 0.03);
  b.part("surface");
  b.ellipsoid({0, 0, 0}, {r, r, r});
}

void bat(MeshBuilder& b, const Variation& v) {
  const double l = v.around(0.84, 0.08);
  b.part("handle");
  b.lathe(0, 0, {{0, 0}, {0.024, 0.002}, {0.024, 0.014}, {0.0135, 0.025}, {0.0125, 0.3 * l}, {0, 0.3 * l}});
  b.part("barrel");
  b.lathe(0, 0, {{0, 0.295 * l}, {0.0125, 0.295 * l}, {0.03, 0.65 * l}, {0.033, 0.9 * l}, {0.026, 0.985 * l}, {0.01, l}, {0, l}});
}

void racket(MeshBuilder& b, const Variation& v) {
  const double s = v.around(1.0, 0.05);
  b.part("handle");
  b.bar({0, 0, 0}, {0, 0.2 * s, 0}, 0.017, 0.015);
  b.part("throat");
  b.tube({{0, 0.19 * s, 0}, {0.045 * s, 0.32 * s, 0}, {0.085 * s, 0.4 * s, 0}}, 0.009);
  b.tube({{0, 0.19 * s, 0}, {-0.045 * s, 0.32 * s, 0}, {-0.085 * s, 0.4 * s, 0}}, 0.009);
  b.part("frame");
  std::vector<Point> oval;
  const Point middle(0, 0.51 * s, 0);
  for (int i = 0; i < 32; ++i) {
    const double a = 2.0 * pi * i / 32;
    oval.emplace_back(middle + s * Point(0.125 * std::cos(a), 0.17 * std::sin(a), 0));
  }
  b.tube(oval, 0.0095, true);
  b.part("strings");
  for (int i = -5; i <= 5; ++i) {
    const double x = 0.021 * i * s, reach = 0.17 * s * std::sqrt(std::max(0.0, 1.0 - std::pow(x / (0.125 * s), 2.0)));
    b.bar(middle + Point(x, -reach, 0), middle + Point(x, reach, 0), 0.0012);
  }
  for (int i = -7; i <= 7; ++i) {
    const double y = 0.021 * i * s, reach = 0.125 * s * std::sqrt(std::max(0.0, 1.0 - std::pow(y / (0.17 * s), 2.0)));
    b.bar(middle + Point(-reach, y, 0), middle + Point(reach, y, 0), 0.0012);
  }
}

void skateboard(MeshBuilder& b, const Variation& v) {
  const double l = v.around(0.8, 0.06), w = v.around(0.2, 0.06);
  b.part("deck");
  b.slab(board(l, w), {0, 0.095, 0}, Point::UnitZ(), Point::UnitX(), 0.012);
  b.part("trucks");
  for (const double z : {-0.3 * l, 0.3 * l}) {
    b.box({0, 0.068, z}, {0.06, 0.045, 0.05});
    b.bar({-0.09, 0.045, z}, {0.09, 0.045, z}, 0.012);
  }
  b.part("wheels");
  for (const double z : {-0.3 * l, 0.3 * l})
    for (const double x : {-0.08, 0.08}) b.bar({x - 0.016, 0.027, z}, {x + 0.016, 0.027, z}, 0.027);
}

void snowboard(MeshBuilder& b, const Variation& v) {
  b.part("deck");
  b.slab(board(v.around(1.55, 0.06), v.around(0.27, 0.05)), {0, 0.005, 0}, Point::UnitZ(), Point::UnitX(), 0.01);
  b.part("bindings");
  for (const double z : {-0.25, 0.25}) {
    b.box({0, 0.02, z}, {0.22, 0.025, 0.1});
    b.box({-0.12, 0.1, z}, {0.02, 0.18, 0.1});
  }
}

void surfboard(MeshBuilder& b, const Variation& v) {
  const double l = v.around(2.1, 0.15), w = v.around(0.52, 0.06);
  std::vector<Eigen::Vector2d> outline;
  for (int i = 0; i < 48; ++i) {
    const double a = 2.0 * pi * i / 48;
    outline.emplace_back(l / 2 * std::cos(a), w / 2 * std::sin(a) * (1.0 - 0.12 * std::cos(a)));
  }
  b.part("deck");
  b.slab(outline, {0, 0, 0}, Point::UnitZ(), Point::UnitX(), 0.06);
  b.part("fins");
  for (const double x : {-0.1, 0.0, 0.1}) b.box({x, -0.07, -l / 2 + 0.22}, {0.008, 0.1, 0.1});
}

void frisbee(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.137, 0.05);
  b.part("disc");
  b.lathe(0, 0, {{0, 0.024}, {r - 0.012, 0.022}, {r - 0.006, 0.0}, {r, 0.0}, {r, 0.018}, {r - 0.01, 0.027}, {0, 0.028}});
}

void dumbbell(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.06, 0.2);
  b.part("grip");
  b.bar({-0.075, 0, 0}, {0.075, 0, 0}, 0.015);
  b.part("weights");
  for (const double s : {-1.0, 1.0}) b.bar({s * 0.07, 0, 0}, {s * 0.15, 0, 0}, r);
}

void bicycle(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.33, 0.04), reach = v.around(1.02, 0.04);
  const Point rear(0, r, -reach / 2), front(0, r, reach / 2), crank(0, r - 0.06, -0.09);
  const Point seat_top(0, r + 0.55, -0.25), head(0, r + 0.52, 0.3), fork(0, r + 0.42, 0.34);
  wheel(b, rear, r - 0.017, 0.017, 0.022);
  wheel(b, front, r - 0.017, 0.017, 0.022);
  b.part("frame");
  b.bar(crank, seat_top, 0.016);
  b.bar(crank, fork, 0.019);
  b.bar(seat_top - Point(0, 0.06, -0.02), head, 0.016);
  for (const double x : {-0.045, 0.045}) {
    b.bar(crank, rear + Point(x, 0, 0), 0.009);
    b.bar(seat_top - Point(0, 0.08, -0.02), rear + Point(x, 0, 0), 0.008);
    b.bar(fork, front + Point(x, 0, 0), 0.011);
  }
  b.part("saddle");
  b.bar(seat_top, seat_top + Point(0, 0.1, -0.04), 0.012);
  const Point saddle = seat_top + Point(0, 0.13, -0.03);
  b.ellipsoid(saddle + Point(0, 0, -0.06), {0.075, 0.028, 0.09});
  b.ellipsoid(saddle + Point(0, 0, 0.07), {0.025, 0.02, 0.1});
  b.part("handlebar");
  b.bar(fork, head + Point(0, 0.1, -0.02), 0.017);
  const Point bar = head + Point(0, 0.11, -0.02);
  b.tube({bar + Point(-0.28, 0.02, -0.08), bar + Point(-0.12, 0.0, 0.01), bar + Point(0.12, 0.0, 0.01), bar + Point(0.28, 0.02, -0.08)}, 0.012);
  b.part("grips");
  for (const double s : {-1.0, 1.0}) b.bar(bar + Point(s * 0.2, 0.01, -0.035), bar + Point(s * 0.3, 0.022, -0.09), 0.017);
  b.part("pedals");
  b.bar(crank - Point(0.02, 0, 0), crank + Point(0.02, 0, 0), 0.085, 0.085);
  for (const double s : {-1.0, 1.0}) {
    const Point end = crank + Point(s * 0.07, s * 0.0, s * 0.17);
    b.bar(crank + Point(s * 0.06, 0, 0), end, 0.009);
    b.box(end + Point(s * 0.05, 0, 0), {0.09, 0.022, 0.085});
  }
}

void motorcycle(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.31, 0.04), reach = v.around(1.4, 0.05);
  const Point rear(0, r, -reach / 2), front(0, r, reach / 2);
  wheel(b, rear, r - 0.07, 0.07, 0.05);
  wheel(b, front, r - 0.055, 0.055, 0.045);
  b.part("engine");
  b.box({0, 0.42, -0.02}, {0.3, 0.34, 0.48});
  b.part("tank");
  b.ellipsoid({0, 0.78, 0.16}, {0.14, 0.13, 0.28});
  b.part("seat");
  b.box({0, 0.76, -0.34}, {0.26, 0.09, 0.62});
  b.part("frame");
  for (const double x : {-0.09, 0.09}) {
    b.bar({x, 0.35, -0.2}, rear + Point(x, 0, 0), 0.022);
    b.bar({x, 0.88, 0.48}, front + Point(x, 0, 0), 0.024);
    b.bar({x, 0.72, -0.5}, rear + Point(x, 0.05, 0.05), 0.018);
  }
  b.part("handlebar");
  b.tube({{-0.38, 1.0, 0.3}, {-0.16, 0.95, 0.47}, {0.16, 0.95, 0.47}, {0.38, 1.0, 0.3}}, 0.014);
  b.part("grips");
  for (const double s : {-1.0, 1.0}) b.bar({s * 0.3, 0.98, 0.36}, {s * 0.39, 1.004, 0.29}, 0.02);
  b.part("footrests");
  for (const double s : {-1.0, 1.0}) b.bar({s * 0.14, 0.32, -0.1}, {s * 0.27, 0.32, -0.1}, 0.014);
}

}  // namespace tactus::objects
