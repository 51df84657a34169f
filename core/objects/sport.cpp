#include <algorithm>
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

// How far a board's end is bent up at z: a parabola beyond ±from.
double rise(double z, double from, double strength) {
  const double past = std::max(0.0, std::abs(z) - from);
  return strength * 4.0 * past * past;
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
  std::vector<Eigen::Vector2d> profile = {{0, 0.297 * l}};
  for (int i = 0; i <= 14; ++i) {
    const double t = i / 14.0, swell = t * t * (3.0 - 2.0 * t);   // from the handle's thickness to the barrel's
    profile.emplace_back(0.0125 + 0.0205 * swell, (0.297 + 0.5 * t) * l);
  }
  for (int i = 0; i <= 8; ++i) {
    const double a = pi / 2 * i / 8;
    profile.emplace_back(0.033 * std::cos(a), 0.96 * l + 0.04 * l * std::sin(a));
  }
  profile.back().x() = 0.0;
  b.lathe(0, 0, profile);
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
  const int first = b.mark();
  b.slab(board(l, w), {0, 0.095, 0}, Point::UnitZ(), Point::UnitX(), 0.012);
  // Nose and tail rise, the middle is hollow across.
  b.warp(first, [&](const Point& p) { return Point(p.x(), p.y() + rise(p.z(), 0.34 * l, 0.35) + 0.012 * std::pow(p.x() / (w / 2), 2.0), p.z()); });
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
  const double l = v.around(1.55, 0.06), w = v.around(0.27, 0.05);
  b.part("deck");
  const int first = b.mark();
  b.slab(board(l, w), {0, 0.005, 0}, Point::UnitZ(), Point::UnitX(), 0.01);
  b.warp(first, [&](const Point& p) {   // narrower in the middle, nose and tail raised
    const double waist = 0.9 + 0.1 * std::min(1.0, std::pow(p.z() / (0.36 * l), 2.0));
    return Point(p.x() * waist, p.y() + rise(p.z(), 0.38 * l, 0.5), p.z());
  });
  b.part("bindings");
  for (const double z : {-0.25, 0.25}) {
    b.box({0, 0.016, z}, {0.24, 0.012, 0.11});
    // The highback stands behind the heel; straps over instep and toes have room for a shoe.
    b.box({-0.16, 0.11, z}, {0.02, 0.17, 0.1}, Eigen::Quaterniond(Eigen::AngleAxisd(0.15, Point::UnitZ())));
    b.box({-0.13, 0.022, z}, {0.04, 0.008, 0.08});
    for (const double x : {-0.02, 0.065}) {
      const double high = x < 0.0 ? 0.135 : 0.1, out = 0.068;
      b.tube({{x, 0.014, z - out}, {x, 0.75 * high, z - 0.85 * out}, {x, high, z - 0.35 * out}, {x, high, z + 0.35 * out}, {x, 0.75 * high, z + 0.85 * out}, {x, 0.014, z + out}}, 0.008);
    }
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
  const int first = b.mark();
  b.slab(outline, {0, 0, 0}, Point::UnitZ(), Point::UnitX(), 0.06);
  b.warp(first, [&](const Point& p) {   // thin at the rails and tips, the nose lifted
    const double out = std::pow(2.0 * p.x() / w, 2.0) + std::pow(2.0 * p.z() / l, 2.0);
    return Point(p.x(), p.y() * (1.0 - 0.7 * std::min(1.0, out)) + rise(std::max(0.0, p.z()), 0.15 * l, 0.05), p.z());
  });
  b.part("fins");
  for (const double x : {-0.1, 0.0, 0.1}) b.box({x, -0.065, -l / 2 + 0.24}, {0.008, 0.1, 0.1}, Eigen::Quaterniond(Eigen::AngleAxisd(0.3, Point::UnitX())));
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
  b.box({0, 0.36, 0.0}, {0.3, 0.2, 0.42});
  for (const double z : {-0.1, 0.12}) b.bar({0, 0.42, z}, {0, 0.66, z + 0.5 * (z - 0.01)}, 0.085, 0.075);   // cylinders
  for (const double x : {-0.15, 0.15}) b.bar({0.6 * x, 0.36, 0.05}, {1.2 * x, 0.36, 0.05}, 0.11);            // covers
  b.part("exhaust");
  b.tube({{0.1, 0.5, 0.2}, {0.15, 0.36, 0.26}, {0.17, 0.25, 0.1}, {0.18, 0.25, -0.35}}, 0.022);
  b.bar({0.18, 0.25, -0.3}, {0.18, 0.29, -0.85}, 0.04, 0.048);
  b.part("tank");
  int first = b.mark();
  b.ellipsoid({0, 0.8, 0.16}, {0.15, 0.13, 0.3});
  b.warp(first, [](const Point& p) { return Point(p.x() * (0.75 + 0.7 * std::clamp(p.z(), 0.0, 0.4)), std::max(p.y(), 0.715 + 0.02 * (p.y() - 0.67)), p.z()); });
  b.part("seat");
  first = b.mark();
  b.box({0, 0.77, -0.34}, {0.28, 0.1, 0.64});
  b.warp(first, [](const Point& p) {   // hollow for the rider, narrow in front, a step up behind
    const double t = p.z() + 0.34;
    return Point(p.x() * (1.0 - 0.8 * std::max(0.0, t)), p.y() + (t < -0.05 ? 0.05 * std::min(1.0, (-0.05 - t) / 0.1) : 0.0), p.z());
  });
  b.part("frame");
  b.tube({{0, 0.86, 0.46}, {0, 0.62, 0.36}, {0, 0.26, 0.26}, {0, 0.24, -0.26}, {0, 0.5, -0.3}, {0, 0.72, -0.28}}, 0.022);
  b.bar({0, 0.83, 0.45}, {0, 0.7, -0.6}, 0.02);
  for (const double x : {-0.1, 0.1}) {
    b.bar({x, 0.35, -0.2}, rear + Point(x, 0, 0), 0.022);
    b.bar({x, 0.9, 0.44}, front + Point(x, 0, 0), 0.024);
    b.bar({x, 0.72, -0.5}, rear + Point(x, 0.05, 0.05), 0.022, 0.03);
    b.bar({0.85 * x, 0.24, -0.2}, {2.2 * x, 0.32, -0.1}, 0.012);   // to the footrests
  }
  b.bar({-0.12, 0.9, 0.44}, {0.12, 0.9, 0.44}, 0.025);
  b.part("fenders");
  const auto fender = [&](const Point& hub, double from, double to, double width) {
    first = b.mark();
    b.box({0, 0, 0}, {width, 0.012, (to - from) * (r + 0.035)});
    b.warp(first, [&](const Point& p) {
      const double a = 0.5 * (from + to) + p.z() / (r + 0.035), out = r + 0.035 + p.y() - 0.6 * p.x() * p.x() / width;
      return Point(p.x(), hub.y() + out * std::cos(a), hub.z() + out * std::sin(a));
    });
  };
  fender(front, -1.0, 0.7, 0.13);
  fender(rear, -1.2, 0.5, 0.17);
  b.part("headlight");
  b.ellipsoid({0, 0.86, 0.53}, {0.085, 0.085, 0.07});
  b.part("handlebar");
  b.tube({{-0.38, 1.0, 0.3}, {-0.16, 0.95, 0.47}, {0.16, 0.95, 0.47}, {0.38, 1.0, 0.3}}, 0.014);
  b.part("grips");
  for (const double s : {-1.0, 1.0}) b.bar({s * 0.3, 0.98, 0.36}, {s * 0.39, 1.004, 0.29}, 0.02);
  b.part("footrests");
  for (const double s : {-1.0, 1.0}) b.bar({s * 0.14, 0.32, -0.1}, {s * 0.27, 0.32, -0.1}, 0.014);
}

}  // namespace tactus::objects
