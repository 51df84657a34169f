#include <algorithm>
#include <cmath>
#include <numbers>

#include "shapes.h"

namespace tactus::objects {

using std::numbers::pi;

namespace {

using Profile = std::vector<Eigen::Vector2d>;

// From a to b with level tangents: shoulders of bottles.
void ease(Profile& profile, const Eigen::Vector2d& a, const Eigen::Vector2d& b) {
  for (int i = 0; i <= 8; ++i) {
    const double t = i / 8.0;
    profile.emplace_back(a.x() + (b.x() - a.x()) * (0.5 - 0.5 * std::cos(pi * t)), a.y() + (b.y() - a.y()) * t);
  }
}

}  // namespace

void bottle(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.034, 0.15), h = v.around(0.24, 0.15);
  b.part("body");
  Profile body = {{0, 0}, {r * 0.9, 0}, {r, 0.006}};
  ease(body, {r, 0.62 * h}, {0.7 * r, 0.75 * h});
  body.emplace_back(0, 0.75 * h);
  b.lathe(0, 0, body);
  b.part("neck");
  Profile neck = {{0, 0.742 * h}, {0.68 * r, 0.742 * h}};
  ease(neck, {0.68 * r, 0.75 * h}, {0.4 * r, 0.85 * h});
  neck.insert(neck.end(), {{0.4 * r, 0.93 * h}, {0, 0.93 * h}});
  b.lathe(0, 0, neck);
  b.part("cap");
  b.lathe(0, 0, {{0, 0.925 * h}, {0.47 * r, 0.925 * h}, {0.47 * r, h}, {0, h}});
}

void cup(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.041, 0.12), h = v.around(0.095, 0.15);
  b.part("body");
  b.lathe(0, 0, {{0, 0}, {0.85 * r, 0}, {r, 0.2 * h}, {r, h}, {r - 0.004, h}, {r - 0.004, 0.2 * h}, {0.75 * r, 0.006}, {0, 0.006}});
  b.part("handle");
  std::vector<Point> arc;
  for (int i = 0; i <= 10; ++i) {
    const double a = -pi / 2 + pi * i / 10;
    arc.emplace_back(r - 0.003 + 0.026 * std::cos(a), h * 0.52 + 0.03 * std::sin(a), 0);
  }
  b.tube(arc, 0.0055);
}

void bowl(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.08, 0.2), h = v.around(0.065, 0.2);
  b.part("body");
  const auto at = [&](double angle, double wall) {   // a quarter of an ellipse, standing on a foot
    return Eigen::Vector2d((r - wall) * std::sin(angle), 0.008 + wall + (h - 0.008 - wall) * (1.0 - std::cos(angle)));
  };
  Profile profile = {{0, 0}, {0.42 * r, 0}};
  for (int i = 3; i <= 12; ++i) profile.push_back(at(pi / 2 * i / 12, 0.0));
  for (int i = 12; i >= 1; --i) profile.push_back(at(pi / 2 * i / 12, 0.004));
  profile.emplace_back(0, 0.0125);
  b.lathe(0, 0, profile);
}

void knife(MeshBuilder& b, const Variation& v) {
  const double blade = v.around(0.18, 0.25), grip = 0.12;
  b.part("handle");
  b.bar({0, 0, 0}, {0, grip, 0}, 0.011, 0.012);
  b.part("blade");
  b.slab({{-0.012, 0}, {0.016, 0}, {0.016, blade * 0.75}, {-0.01, blade}, {-0.012, blade * 0.9}}, {0, grip - 0.002, 0},
         Point::UnitX(), Point::UnitY(), 0.002);
}

void hammer(MeshBuilder& b, const Variation& v) {
  const double l = v.around(0.3, 0.15);
  b.part("handle");
  b.bar({0, 0, 0}, {0, l, 0}, 0.015, 0.011);
  b.part("head");
  b.bar({-0.055, l, 0}, {0.03, l, 0}, 0.014);
  b.bar({0.03, l, 0}, {0.06, l, 0}, 0.014, 0.006);
}

void broom(MeshBuilder& b, const Variation& v) {
  const double l = v.around(1.3, 0.1);
  b.part("stick");
  b.bar({0, 0.15, 0}, {0, l, 0}, 0.012);
  b.part("brush");
  b.box({0, 0.15, 0}, {0.34, 0.05, 0.055});
  b.box({0, 0.065, 0}, {0.32, 0.13, 0.05});
}

void umbrella(MeshBuilder& b, const Variation& v) {
  const double r = v.around(0.5, 0.12), h = v.around(0.85, 0.08);
  b.part("shaft");
  b.bar({0, 0.1, 0}, {0, h, 0}, 0.006);
  b.part("handle");
  std::vector<Point> hook;
  for (int i = 0; i <= 10; ++i) {
    const double a = -pi + pi * i / 10;
    hook.emplace_back(0.035 + 0.035 * std::cos(a), 0.04 + 0.035 * std::sin(a), 0);
  }
  hook.insert(hook.begin(), Point(0, 0.12, 0));
  b.tube(hook, 0.011);
  b.part("canopy");
  b.lathe(0, 0, {{0, h - 0.035}, {0.5 * r, h - 0.075}, {r - 0.004, h - 0.2}, {r, h - 0.2}, {0.5 * r, h - 0.06}, {0, h - 0.02}});
}

void book(MeshBuilder& b, const Variation& v) {
  const double w = v.around(0.15, 0.2), h = v.around(0.22, 0.15), t = v.around(0.025, 0.4);
  b.part("pages");
  b.box({0.003, 0, 0}, {w - 0.006, h - 0.008, t});
  b.part("cover");
  for (const double s : {-1.0, 1.0}) b.box({0, 0, s * (t / 2 + 0.0015)}, {w, h, 0.003});
  b.part("spine");
  b.box({-w / 2, 0, 0}, {0.003, h, t + 0.006});
}

void laptop(MeshBuilder& b, const Variation& v) {
  const double w = v.around(0.33, 0.12), d = v.around(0.23, 0.1);
  b.part("base");
  b.box({0, 0.008, 0}, {w, 0.016, d});
  b.part("keyboard");
  b.box({0, 0.0165, -0.02}, {w * 0.85, 0.003, d * 0.5});
  b.part("screen");
  const Eigen::Quaterniond open(Eigen::AngleAxisd(-0.3, Point::UnitX()));
  b.box({0, 0.018 + 0.48 * d, -d / 2 - 0.03}, {w, d * 0.96, 0.007}, open);
}

void phone(MeshBuilder& b, const Variation& v) {
  const double w = v.around(0.074, 0.06), h = v.around(0.152, 0.06);
  b.part("back");
  b.box({0, 0, -0.001}, {w, h, 0.007});
  b.part("screen");
  b.box({0, 0, 0.003}, {w - 0.006, h - 0.008, 0.0015});
}

void suitcase(MeshBuilder& b, const Variation& v) {
  const double w = v.around(0.42, 0.15), h = v.around(0.6, 0.15), d = v.around(0.24, 0.12);
  b.part("wheels");
  for (const double x : {-w / 2 + 0.05, w / 2 - 0.05})
    for (const double z : {-d / 2 + 0.04, d / 2 - 0.04}) b.bar({x - 0.012, 0.025, z}, {x + 0.012, 0.025, z}, 0.025);
  b.part("body");
  b.box({0, 0.05 + h / 2, 0}, {w, h, d});
  b.part("handle");
  b.tube({{-0.09, 0.045 + h, -0.06}, {-0.09, 0.4 + h, -0.06}, {0.09, 0.4 + h, -0.06}, {0.09, 0.045 + h, -0.06}}, 0.011);
  b.part("side handle");
  b.tube({{-0.07, 0.045 + h, 0.04}, {-0.06, 0.085 + h, 0.04}, {0.06, 0.085 + h, 0.04}, {0.07, 0.045 + h, 0.04}}, 0.009);
}

void backpack(MeshBuilder& b, const Variation& v) {
  const double w = v.around(0.3, 0.12), h = v.around(0.46, 0.12), d = v.around(0.16, 0.2);
  b.part("body");
  const auto rounded = [](double width, double depth) {
    std::vector<Eigen::Vector2d> outline;
    for (int i = 0; i < 32; ++i) {
      const double c = std::cos(2.0 * pi * i / 32), k = std::sin(2.0 * pi * i / 32);
      // A superellipse: a box with round corners.
      outline.emplace_back(depth / 2 * std::copysign(std::sqrt(std::abs(c)), c), width / 2 * std::copysign(std::sqrt(std::abs(k)), k));
    }
    return outline;
  };
  int first = b.mark();
  b.slab(rounded(w, d), {0, h / 2, 0}, Point::UnitZ(), Point::UnitX(), h);
  const auto dome = [](double from, double to, double y) {   // how wide it still is at height y
    const double t = std::clamp((y - from) / (to - from), 0.0, 1.0);
    return 0.35 + 0.65 * std::sqrt(1.0 - 0.98 * t * t);
  };
  b.warp(first, [&](const Point& p) { return Point(p.x() * dome(0.6 * h, h, p.y()), p.y(), p.z() * dome(0.6 * h, h, p.y())); });
  b.part("pocket");
  first = b.mark();
  b.slab(rounded(w * 0.8, 0.07), {0, h * 0.24, d / 2 + 0.005}, Point::UnitZ(), Point::UnitX(), h * 0.36);
  b.warp(first, [&](const Point& p) { return Point(p.x() * dome(0.3 * h, 0.43 * h, p.y()), p.y(), p.z()); });
  b.part("straps");
  for (const double x : {-w * 0.28, w * 0.28})
    b.tube({{x * 0.8, h * 0.86, -d / 2 + 0.01}, {x, h * 0.88, -d / 2 - 0.07}, {x * 1.1, h * 0.6, -d / 2 - 0.1},
            {x * 1.2, h * 0.3, -d / 2 - 0.06}, {x * 1.3, h * 0.1, -d / 2 + 0.01}}, 0.018);
  b.part("loop");
  b.tube({{-0.03, h * 0.94, -d / 2 + 0.045}, {-0.03, h * 1.03, -d / 2 + 0.035}, {0.03, h * 1.03, -d / 2 + 0.035}, {0.03, h * 0.94, -d / 2 + 0.045}}, 0.008);
}

void box_parcel(MeshBuilder& b, const Variation& v) {
  const double w = v.around(0.4, 0.3), h = v.around(0.3, 0.3), d = v.around(0.3, 0.3);
  b.part("sides");
  b.box({0, h / 2 - 0.01, 0}, {w, h - 0.02, d});
  b.part("lid");
  b.box({0, h - 0.01, 0}, {w + 0.004, 0.02, d + 0.004});
}

void guitar(MeshBuilder& b, const Variation& v) {
  const double s = v.around(1.0, 0.06);
  b.part("body");
  std::vector<Eigen::Vector2d> outline;
  for (int i = 0; i < 40; ++i) {
    const double a = 2.0 * pi * i / 40;
    // Two bouts and a waist; height 0.49 m.
    const double y = 0.245 * std::sin(a);
    const double width = 0.185 - 0.03 * std::sin(a) - 0.045 * std::exp(-std::pow((y - 0.04) / 0.07, 2.0));
    outline.emplace_back(s * width * std::cos(a), s * y);
  }
  b.slab(outline, {0, 0.245 * s, 0}, Point::UnitX(), Point::UnitY(), 0.1 * s);
  b.part("neck");
  b.box({0, 0.63 * s, 0.045 * s}, {0.055 * s, 0.4 * s, 0.022 * s});
  b.part("headstock");
  b.box({0, 0.91 * s, 0.035 * s}, {0.075 * s, 0.17 * s, 0.016 * s});
}

// A camcorder on a photo tripod, its eyepiece at the eyes of someone who stoops a little. Lens and one leg point
// forward, eyepiece and pan handle back (-z).
void camera_on_tripod(MeshBuilder& b, const Variation& v) {
  const double hub = v.around(1.12, 0.08), slope = v.around(0.53, 0.1);
  const double top = hub + v.around(0.268, 0.15), low = hub - 0.362;   // of the middle column
  b.part("legs");
  for (int i = 0; i < 3; ++i) {
    const double a = pi / 2 + 2.0 * pi * i / 3;
    const auto at = [&](double y) { return Point((0.028 + slope * (hub - y)) * std::cos(a), y, (0.028 + slope * (hub - y)) * std::sin(a)); };
    b.bar(at(0.0), at(low), 0.0075);
    b.bar(at(low - 0.025), at(low + 0.02), 0.015);
    b.bar(at(low), at(hub), 0.01);
    b.bar(at(low), {0, low, 0}, 0.004);
  }
  b.part("column");
  b.bar({0, low, 0}, {0, top, 0}, 0.012);
  b.bar({0, low - 0.015, 0}, {0, low + 0.02, 0}, 0.0155);
  b.part("hub");
  b.lathe(0, 0, {{0, hub - 0.045}, {0.016, hub - 0.045}, {0.018, hub - 0.022}, {0.036, hub - 0.012}, {0.036, hub + 0.016}, {0.03, hub + 0.024}, {0, hub + 0.024}});
  b.part("crank");
  b.bar({0.02, hub + 0.006, 0.02}, {0.02, hub + 0.042, 0.07}, 0.005);
  b.bar({0.02, hub + 0.042, 0.065}, {0.02, hub + 0.044, 0.1}, 0.008);
  b.part("head");
  b.box({0, top + 0.013, -0.01}, {0.036, 0.042, 0.037});
  b.box({0, top + 0.046, -0.013}, {0.046, 0.028, 0.065});
  b.part("pan handle");
  b.bar({0, top + 0.007, -0.023}, {0, top + 0.002, -0.13}, 0.0045);
  b.bar({0, top + 0.002, -0.125}, {0, top - 0.006, -0.22}, 0.011);
  const double base = top + 0.059;
  b.part("body");
  b.box({0, base + 0.011, 0.004}, {0.056, 0.022, 0.112});
  b.box({0, base + 0.043, -0.008}, {0.062, 0.05, 0.131});
  b.box({0, base + 0.078, 0.011}, {0.046, 0.028, 0.096});
  b.part("viewfinder");
  b.box({0, base + 0.084, -0.048}, {0.031, 0.024, 0.046});
  b.bar({0, base + 0.084, -0.066}, {0, base + 0.084, -0.091}, 0.012, 0.015);
  b.part("lens");
  b.bar({0, base + 0.077, 0.055}, {0, base + 0.077, 0.073}, 0.0165, 0.0185);
}

}  // namespace tactus::objects
