// Quasi-Newton descent on losses of known minimum.
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>

#include "polish.h"

namespace tactus::reconstruct {
namespace {

// A cloud carried onto itself posed elsewhere, seen a thousand times more sharply across the picture than in depth.
struct Valley {
  VerticesD points = VerticesD(8, 3);
  Placement truth;

  Valley() {
    for (int i = 0; i < 8; ++i) points.row(i) << (i & 1 ? 0.2 : -0.2), (i & 2 ? 0.5 : -0.5), (i & 4 ? 0.1 : -0.1);
    truth.rotation = Eigen::AngleAxisd(0.7, Eigen::Vector3d(1, 2, -1).normalized()).toRotationMatrix();
    truth.place = {0.3, -0.2, 4.0};
    truth.scale = 1.1;
  }
  double operator()(const Placement& at, PlacementGradient& gradient) const {
    const Eigen::Vector3d weight(1000.0, 1000.0, 1.0);
    double loss = 0.0;
    for (Eigen::Index i = 0; i < points.rows(); ++i) {
      const Eigen::Vector3d p = points.row(i).transpose();
      const Eigen::Vector3d apart = at.scale * at.rotation * p + at.place - truth.scale * truth.rotation * p - truth.place;
      loss += apart.dot(weight.cwiseProduct(apart));
      gradient.add(at, p, 2.0 * weight.cwiseProduct(apart));
    }
    return loss;
  }
  Placement away() const {
    Placement from = truth;
    from.rotation = Eigen::AngleAxisd(0.1, Eigen::Vector3d(1, -1, 1).normalized()).toRotationMatrix() * truth.rotation;
    from.place += Eigen::Vector3d(0.004, -0.003, 0.05);
    return from;
  }
};

TEST(Polish, ReachesTheBottomOfANarrowValleyWithoutEverRising) {
  const Valley valley;
  PlacementGradient unused;
  double before = valley(valley.away(), unused);
  int steps = 0;
  const auto found = polish(valley.away(), {40, false, 0.5}, valley, [&](const Placement& at) {
    const double now = valley(at, unused);
    EXPECT_LE(now, before);
    before = now;
    ++steps;
    return true;
  }, {});
  EXPECT_LE(steps, 40);
  EXPECT_LT((found.place - valley.truth.place).norm(), 1e-4);
  EXPECT_LT((found.rotation - valley.truth.rotation).norm(), 1e-3);
  EXPECT_EQ(found.scale, valley.truth.scale);
}

TEST(Polish, FindsTheSizeTooWhenAsked) {
  const Valley valley;
  Placement from = valley.away();
  from.scale = 1.04;
  const auto found = polish(from, {60, true, 0.5}, valley, [](const Placement&) { return true; }, {});
  EXPECT_NEAR(found.scale, valley.truth.scale, 1e-3);
  EXPECT_LT((found.place - valley.truth.place).norm(), 1e-3);
}

TEST(Polish, StopsWhenToldAndStaysWhenThereIsNothingToGain) {
  const Valley valley;
  int steps = 0;
  polish(valley.away(), {40, false, 0.5}, valley, [&](const Placement&) { return ++steps < 3; }, {});
  EXPECT_EQ(steps, 3);
  const auto flat = polish(valley.away(), {40, false, 0.5}, [](const Placement&, PlacementGradient&) { return 1.0; },
                           [](const Placement&) { ADD_FAILURE() << "a step on a plain"; return true; }, {});
  EXPECT_EQ(flat.place, valley.away().place);
  EXPECT_EQ(flat.rotation, valley.away().rotation);
}

}  // namespace
}  // namespace tactus::reconstruct
