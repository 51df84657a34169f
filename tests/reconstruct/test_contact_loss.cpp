// Contact losses against their definitions and against finite differences.
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>

#include "contact_loss.h"
#include "tactus/random.h"

namespace tactus::reconstruct {
namespace {

VerticesD random_points(int count, double spread, Random& random) {
  VerticesD points(count, 3);
  for (Eigen::Index i = 0; i < points.size(); ++i) points.data()[i] = spread * random.normal();
  return points;
}

TEST(PairwiseContact, EqualsTheDoubleSum) {
  Random random(1);
  const VerticesD object = random_points(40, 0.3, random), human = random_points(70, 0.3, random);
  Eigen::VectorXf p(40), q(70);
  for (auto& v : p) v = random.uniform() < 0.3 ? 0.0F : static_cast<float>(random.uniform());
  for (auto& v : q) v = static_cast<float>(random.uniform());
  double sum = 0.0, norm = 0.0;
  for (int i = 0; i < 40; ++i)
    for (int j = 0; j < 70; ++j) {
      const double w = static_cast<double>(p[i]) * static_cast<double>(q[j]);
      sum += w * (object.row(i) - human.row(j)).norm();
      norm += w;
    }
  VerticesD gradient;
  EXPECT_NEAR(pairwise_contact_loss(object, p, human, q, gradient), sum / norm, 1e-5 * sum / norm);
  for (const auto& [row, column] : {std::pair{3, 0}, {17, 1}, {39, 2}}) {
    VerticesD up = object, down = object, ignored;
    up(row, column) += 1e-3;
    down(row, column) -= 1e-3;
    const double slope = (pairwise_contact_loss(up, p, human, q, ignored) - pairwise_contact_loss(down, p, human, q, ignored)) / 2e-3;
    EXPECT_NEAR(gradient(row, column), slope, 1e-4);
  }
}

TEST(PairwiseContact, IsZeroWithoutContactOnOneSide) {
  Random random(2);
  const VerticesD object = random_points(5, 1, random), human = random_points(6, 1, random);
  VerticesD gradient;
  EXPECT_EQ(pairwise_contact_loss(object, Eigen::VectorXf::Zero(5), human, Eigen::VectorXf::Ones(6), gradient), 0.0);
  EXPECT_EQ(gradient.norm(), 0.0);
}

// The gradient of a placement, number by number, in the order rotation (row by row), place, log scale.
template <typename Loss>
void expect_gradient(const Placement& at, const Loss& loss, double step, double tolerance) {
  PlacementGradient gradient, ignored;
  loss(at, gradient);
  const auto slope = [&](const auto& change) {
    Placement up = at, down = at;
    change(up, step);
    change(down, -step);
    return (loss(up, ignored) - loss(down, ignored)) / (2.0 * step);
  };
  for (int k = 0; k < 3; ++k)
    EXPECT_NEAR(gradient.place[k], slope([&](Placement& p, double h) { p.place[k] += h; }), tolerance) << "place " << k;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(gradient.rotation(r, c), slope([&](Placement& p, double h) { p.rotation(r, c) += h; }), tolerance) << "rotation " << r << c;
  EXPECT_NEAR(gradient.log_scale, slope([&](Placement& p, double h) { p.scale *= std::exp(h); }), tolerance) << "scale";
}

Placement some_placement() {
  Placement at;
  at.rotation = Eigen::AngleAxisd(0.7, Eigen::Vector3d(1, 2, -1).normalized()).toRotationMatrix();
  at.place = {0.1, -0.05, 2.0};
  at.scale = 1.1;
  return at;
}

TEST(NearestContact, EqualsASearchOfAllPairs) {
  Random random(3);
  const VerticesD rest = random_points(30, 0.2, random);
  const Placement at = some_placement();
  const VerticesD human = random_points(50, 0.2, random).rowwise() + at.place.transpose();
  Eigen::VectorXd wo(30), wh(50);
  for (auto& w : wo) w = random.uniform();
  for (auto& w : wh) w = random.uniform();
  const NearestContactLoss loss(rest, wo, human, wh);
  const VerticesD posed = (at.scale * rest * at.rotation.transpose()).rowwise() + at.place.transpose();
  const auto rho = [](double d) {
    const double f = std::sqrt(d * d + 0.05 * 0.05) - 0.05;
    return f / (1.0 + f / 0.3);
  };
  double expected = 0.0;
  for (int i = 0; i < 30; ++i) expected += 0.5 * wo[i] / wo.sum() * rho((human.rowwise() - posed.row(i)).rowwise().norm().minCoeff());
  for (int j = 0; j < 50; ++j) expected += 0.5 * wh[j] / wh.sum() * rho((posed.rowwise() - human.row(j)).rowwise().norm().minCoeff());
  PlacementGradient gradient;
  EXPECT_NEAR(loss.evaluate(at, 1.0, gradient), expected, 1e-12);
}

TEST(NearestContact, GradientAgreesWithFiniteDifferences) {
  Random random(4);
  const Placement at = some_placement();
  const VerticesD rest = random_points(25, 0.2, random), human = random_points(25, 0.2, random).rowwise() + at.place.transpose();
  const NearestContactLoss loss(rest, Eigen::VectorXd::Ones(25), human, Eigen::VectorXd::Ones(25));
  expect_gradient(at, [&](const Placement& p, PlacementGradient& g) {
    // Three times the loss: the factor scales the gradient, not the value.
    return 3.0 * loss.evaluate(p, 3.0, g);
  }, 1e-6, 1e-5);
}

TEST(NearestContact, AFarPointPullsLessThanANearOne) {
  const VerticesD one = VerticesD::Zero(1, 3);
  const auto pull = [&](double distance) {
    VerticesD human(1, 3);
    human << distance, 0, 0;
    PlacementGradient g;
    NearestContactLoss(one, Eigen::VectorXd::Ones(1), human, Eigen::VectorXd::Ones(1)).evaluate({}, 1.0, g);
    return -g.place.x();
  };
  EXPECT_GT(pull(0.1), 0.3);
  EXPECT_LT(pull(3.0), 0.02);
  EXPECT_EQ(pull(0.0), 0.0);
}

// A bumpy sheet of n×n vertices with the side in metres; closed it is not, which the losses do not need.
geometry::Mesh sheet(int n, double side, double bump, double z) {
  geometry::Mesh mesh;
  mesh.vertices.resize(n * n, 3);
  mesh.faces.resize(2 * (n - 1) * (n - 1), 3);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const double x = side * (i / (n - 1.0) - 0.5), y = side * (j / (n - 1.0) - 0.5);
      mesh.vertices.row(i * n + j) << static_cast<float>(x), static_cast<float>(y), static_cast<float>(z + bump * (x * x + y * y));
    }
  int f = 0;
  for (int i = 0; i + 1 < n; ++i)
    for (int j = 0; j + 1 < n; ++j) {
      mesh.faces.row(f++) << i * n + j, (i + 1) * n + j, (i + 1) * n + j + 1;
      mesh.faces.row(f++) << i * n + j, (i + 1) * n + j + 1, i * n + j + 1;
    }
  return mesh;
}

struct TwoSheets {
  geometry::Mesh object = sheet(17, 0.3, 0.2, 0.0), human = sheet(21, 0.4, -2.0, 2.0);   // a plate under a dome
  Eigen::VectorXf p, q;
  Placement truth;
  explicit TwoSheets(double gap = 0.005) {
    truth.place = {0.03, -0.02, 2.0 + gap};
    truth.rotation = Eigen::AngleAxisd(0.1, Eigen::Vector3d::UnitX()).toRotationMatrix();
    geometry::Mesh posed = object;
    for (Eigen::Index i = 0; i < posed.vertices.rows(); ++i)
      posed.vertices.row(i) = (truth.rotation * object.vertices.row(i).transpose().cast<double>() + truth.place).cast<float>().transpose();
    const auto contact = [](const geometry::Mesh& of, const geometry::Mesh& to) {
      const SurfaceDistance surface(to.vertices.cast<double>(), to.faces);
      Eigen::VectorXf result(of.vertices.rows());
      for (Eigen::Index i = 0; i < result.size(); ++i) {
        const Eigen::Vector3d v = of.vertices.row(i).transpose().cast<double>();
        result[i] = static_cast<float>(1.0 / (1.0 + std::exp(((v - surface.nearest(v)).norm() - 0.02) / 0.006)));
      }
      return result;
    };
    p = contact(posed, human);
    q = contact(human, posed);
  }
};

TEST(ContactBand, IsLeastAtTheTruthAndFindsItsReach) {
  const TwoSheets scene;
  const ContactBandLoss loss(scene.object, scene.p, scene.human, scene.q);
  PlacementGradient ignored;
  const auto settled = [&](const Placement& at) {
    ContactBandLoss::Band band;
    double value = 0.0;
    for (int i = 0; i < 30; ++i) value = loss.evaluate(at, 1.0, ignored, band);
    return std::pair{value, band};
  };
  const auto [least, band] = settled(scene.truth);
  EXPECT_LT(least, 1e-5);
  for (int side = 0; side < 2; ++side) {
    EXPECT_NEAR(band.reach[side], 0.02, 5e-4);
    EXPECT_NEAR(band.width[side], 0.006, 5e-4);
  }
  for (int k = 0; k < 3; ++k)
    for (const double step : {-0.01, 0.01}) {
      Placement off = scene.truth;
      off.place[k] += step;
      EXPECT_GT(settled(off).first, 10.0 * least) << k << " " << step;
    }
}

TEST(ContactBand, GradientAgreesWithFiniteDifferences) {
  const TwoSheets scene;
  const ContactBandLoss loss(scene.object, scene.p, scene.human, scene.q);
  Placement at = scene.truth;
  at.place += Eigen::Vector3d(0.006, 0.004, -0.003);
  at.scale = 1.03;
  expect_gradient(at, [&](const Placement& p, PlacementGradient& g) {
    ContactBandLoss::Band band;
    PlacementGradient last;
    double value = 0.0;
    for (int i = 0; i < 60; ++i) {   // at the band's optimum the pose's gradient is whole
      last = {};
      value = loss.evaluate(p, 1.0, last, band);
    }
    g = last;
    return value;
  }, 2e-5, 2e-2);
}

TEST(ContactBand, IsBoundedWhateverTheProbabilitiesSay) {
  TwoSheets scene;
  scene.p.setConstant(1.0F);
  scene.q.setConstant(1.0F);
  const ContactBandLoss loss(scene.object, scene.p, scene.human, scene.q);
  Placement far = scene.truth;
  far.place.z() += 5.0;
  PlacementGradient gradient;
  ContactBandLoss::Band band;
  EXPECT_LE(loss.evaluate(far, 1.0, gradient, band), 1.0 + 1e-9);
  EXPECT_LT(gradient.place.norm(), 1e-6);
  const ContactBandLoss none(scene.object, Eigen::VectorXf::Zero(scene.p.size()), scene.human, scene.q);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.evaluate(far, 1.0, gradient, band), 0.0);
}

TEST(SurfaceDistance, TriangleAgreesWithDenseSampling) {
  Random random(6);
  for (int trial = 0; trial < 200; ++trial) {
    const VerticesD t = random_points(4, 1.0, random);
    const Eigen::Vector3d p = t.row(3).transpose(), a = t.row(0).transpose(), b = t.row(1).transpose(), c = t.row(2).transpose();
    double least = 1e300;
    constexpr int kSteps = 120;
    for (int i = 0; i <= kSteps; ++i)
      for (int j = 0; i + j <= kSteps; ++j)
        least = std::min(least, (p - (a + (b - a) * i / kSteps + (c - a) * j / kSteps)).norm());
    const double found = (p - nearest_on_triangle(p, a, b, c)).norm();
    EXPECT_LE(found, least + 1e-12);
    EXPECT_GT(found, least - 0.03);
  }
  // A triangle that is a point.
  EXPECT_EQ(nearest_on_triangle({1, 2, 3}, {0, 0, 1}, {0, 0, 1}, {0, 0, 1}), Eigen::Vector3d(0, 0, 1));
}

TEST(SurfaceDistance, MeshAgreesWithAllItsTriangles) {
  Random random(7);
  const geometry::Mesh mesh = sheet(12, 0.5, 1.5, 0.0);
  const VerticesD vertices = mesh.vertices.cast<double>();
  const SurfaceDistance surface(vertices, mesh.faces);
  for (int trial = 0; trial < 300; ++trial) {
    const Eigen::Vector3d p = 0.2 * random_points(1, 1.0, random).row(0).transpose();
    double least = 1e300;
    for (Eigen::Index f = 0; f < mesh.faces.rows(); ++f)
      least = std::min(least, (p - nearest_on_triangle(p, vertices.row(mesh.faces(f, 0)).transpose(), vertices.row(mesh.faces(f, 1)).transpose(),
                                                       vertices.row(mesh.faces(f, 2)).transpose())).norm());
    EXPECT_NEAR((p - surface.nearest(p)).norm(), least, 1e-3);
  }
}

}  // namespace
}  // namespace tactus::reconstruct
