// J4, J5 of METHOD.md §10.13: alpha against the formula, gradients against finite differences, the cap of nearest faces.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "tactus/parallel.h"
#include "tactus/random.h"
#include "tactus/render/cpu.h"

namespace tactus::render {
namespace {

using reconstruct::VerticesD;

struct Slow {
  double distance2;
  bool inside;
  double depth;
};

// One face at one pixel, in double.
Slow slow(const Eigen::Vector3d v[3], double px, double py) {
  const Eigen::Vector2d p(px, py);
  Slow s{1e300, false, 0.0};
  for (const auto& [i, j] : {std::pair{0, 1}, {0, 2}, {1, 2}}) {
    const Eigen::Vector2d a = v[i].head<2>(), b = v[j].head<2>();
    const double t = std::clamp((b - a).dot(p - a) / (b - a).squaredNorm(), 0.0, 1.0);
    s.distance2 = std::min(s.distance2, (a + t * (b - a) - p).squaredNorm());
  }
  const auto edge = [](const Eigen::Vector2d& q, const Eigen::Vector3d& a, const Eigen::Vector3d& b) { return (q.x() - a.x()) * (b.y() - a.y()) - (q.y() - a.y()) * (b.x() - a.x()); };
  const double area = edge(v[2].head<2>(), v[0], v[1]) + 1e-8;
  Eigen::Vector3d w(edge(p, v[1], v[2]) / area, edge(p, v[2], v[0]) / area, edge(p, v[0], v[1]) / area);
  Eigen::Vector3d c(w[0] * v[1].z() * v[2].z(), w[1] * v[0].z() * v[2].z(), w[2] * v[0].z() * v[1].z());
  c /= std::max(c.sum(), 1e-8);
  s.inside = c.minCoeff() > 0.0;
  Eigen::Vector3d clipped = c.cwiseMax(0.0);
  clipped /= std::max(clipped.sum(), 1e-5);
  s.depth = clipped[0] * v[0].z() + clipped[1] * v[1].z() + clipped[2] * v[2].z();
  return s;
}

ImageF slow_alpha(const VerticesD& vertices, const geometry::Faces& faces, const geometry::PinholeCamera& camera, double sigma, int cap) {
  ImageF alpha(camera.width, camera.height);
  const double unit = 0.5 * std::min(camera.width, camera.height), blur = std::log(1.0 / 1e-4 - 1.0) * sigma;
  for (int row = 0; row < camera.height; ++row) {
    for (int column = 0; column < camera.width; ++column) {
      std::vector<std::pair<double, double>> found;   // depth, probability
      for (Eigen::Index f = 0; f < faces.rows(); ++f) {
        Eigen::Vector3d v[3];
        for (int k = 0; k < 3; ++k) {
          const Eigen::Vector3d p = vertices.row(faces(f, k)).transpose();
          const Eigen::Vector2d u = camera.project(p);
          v[k] = {(0.5 * camera.width - u.x()) / unit, (0.5 * camera.height - u.y()) / unit, p.z()};
        }
        const Slow s = slow(v, (0.5 * camera.width - column - 0.5) / unit, (0.5 * camera.height - row - 0.5) / unit);
        if (!s.inside && s.distance2 >= blur) continue;
        found.emplace_back(s.depth, 1.0 / (1.0 + std::exp((s.inside ? -1.0 : 1.0) * s.distance2 / sigma)));
      }
      std::sort(found.begin(), found.end());
      double through = 1.0;
      for (std::size_t i = 0; i < found.size() && (cap == 0 || i < static_cast<std::size_t>(cap)); ++i) through *= 1.0 - found[i].second;
      alpha.at(column, row) = static_cast<float>(1.0 - through);
    }
  }
  return alpha;
}

struct Case {
  VerticesD vertices;
  geometry::Faces faces;
};

Case random_case(int triangles, std::uint64_t seed) {
  Random random(seed);
  Case c;
  c.vertices.resize(3 * triangles, 3);
  c.faces.resize(triangles, 3);
  for (int f = 0; f < triangles; ++f) {
    const Eigen::RowVector3d middle(random.uniform(-.4, .4), random.uniform(-.3, .3), random.uniform(1.8, 2.4));
    for (int k = 0; k < 3; ++k) {
      c.faces(f, k) = 3 * f + k;
      c.vertices.row(3 * f + k) = middle + Eigen::RowVector3d(random.uniform(-.35, .35), random.uniform(-.35, .35), random.uniform(-.1, .1));
    }
  }
  return c;
}

const geometry::PinholeCamera kCamera{40, 32, 40, 42, 19, 17};

TEST(Silhouette, OneTriangleFollowsTheFormula) {
  const Case c = random_case(1, 3);
  for (const double sigma : {1e-2, 1e-3, 1e-4}) {
    const auto renderer = make_cpu_silhouette_renderer();
    const ImageF& alpha = renderer->forward(c.vertices, c.faces, kCamera, {sigma, 100});
    const ImageF expected = slow_alpha(c.vertices, c.faces, kCamera, sigma, 100);
    for (std::size_t i = 0; i < alpha.data.size(); ++i) EXPECT_NEAR(alpha.data[i], expected.data[i], 2e-4) << sigma;
  }
}

TEST(Silhouette, CapKeepsTheNearestFaces) {
  const Case c = random_case(30, 4);
  const auto renderer = make_cpu_silhouette_renderer();
  for (const int cap : {0, 2, 5}) {
    const ImageF alpha = renderer->forward(c.vertices, c.faces, kCamera, {3e-3, cap});
    const ImageF expected = slow_alpha(c.vertices, c.faces, kCamera, 3e-3, cap);
    int off = 0;
    for (std::size_t i = 0; i < alpha.data.size(); ++i) off += std::abs(alpha.data[i] - expected.data[i]) > 1e-3F ? 1 : 0;
    EXPECT_LE(off, 1) << cap;   // two faces at nearly one depth may change places
  }
  const ImageF all = renderer->forward(c.vertices, c.faces, kCamera, {3e-3, 0});
  const ImageF two = renderer->forward(c.vertices, c.faces, kCamera, {3e-3, 2});
  EXPECT_NE(all, two);   // the cap binds here
}

TEST(Silhouette, GradientAgreesWithFiniteDifferences) {
  const Case c = random_case(4, 8);
  Random random(11);
  ImageF weights(kCamera.width, kCamera.height);
  for (auto& w : weights.data) w = static_cast<float>(random.normal());
  const auto renderer = make_cpu_silhouette_renderer();
  constexpr double sigma = 2e-3;
  renderer->forward(c.vertices, c.faces, kCamera, {sigma, 0});
  const VerticesD gradient = renderer->backward(weights);
  // The slow version in double gives clean differences.
  const auto value = [&](const VerticesD& v) {
    const ImageF a = slow_alpha(v, c.faces, kCamera, sigma, 0);
    double sum = 0.0;
    for (std::size_t i = 0; i < a.data.size(); ++i) sum += static_cast<double>(a.data[i]) * static_cast<double>(weights.data[i]);
    return sum;
  };
  const double largest = gradient.cwiseAbs().maxCoeff();
  for (Eigen::Index i = 0; i < gradient.size(); ++i) {
    VerticesD high = c.vertices, low = c.vertices;
    high.data()[i] += 1e-3;
    low.data()[i] -= 1e-3;
    EXPECT_NEAR(gradient.data()[i], (value(high) - value(low)) / 2e-3, 2e-2 * largest) << i;
  }
}

// Σ alpha·weights of the slow version, in double.
double slow_sum(const VerticesD& vertices, const geometry::Faces& faces, const geometry::PinholeCamera& camera, double sigma, int cap, const ImageF& weights) {
  const ImageF alpha = slow_alpha(vertices, faces, camera, sigma, cap);
  double sum = 0.0;
  for (std::size_t i = 0; i < alpha.data.size(); ++i) sum += static_cast<double>(alpha.data[i]) * static_cast<double>(weights.data[i]);
  return sum;
}

void expect_gradient(const Case& c, const geometry::PinholeCamera& camera, double sigma, int cap, double step) {
  Random random(23);
  ImageF weights(camera.width, camera.height);
  for (auto& w : weights.data) w = static_cast<float>(random.normal());
  const auto renderer = make_cpu_silhouette_renderer();
  renderer->forward(c.vertices, c.faces, camera, {sigma, cap});
  const VerticesD gradient = renderer->backward(weights);
  const double largest = gradient.cwiseAbs().maxCoeff();
  ASSERT_GT(largest, 0.0);
  for (Eigen::Index i = 0; i < gradient.size(); ++i) {
    VerticesD high = c.vertices, low = c.vertices;
    high.data()[i] += step;
    low.data()[i] -= step;
    const double expected = (slow_sum(high, c.faces, camera, sigma, cap, weights) - slow_sum(low, c.faces, camera, sigma, cap, weights)) / (2.0 * step);
    EXPECT_NEAR(gradient.data()[i], expected, 2e-2 * largest) << i;
  }
}

TEST(Silhouette, GradientOfFacesThatReachOutOfThePicture) {
  Case c = random_case(6, 31);
  for (int f = 0; f < 6; ++f)   // to the four sides, and one wholly outside
    for (int k = 0; k < 3; ++k) {
      c.vertices(3 * f + k, 0) += f == 0 ? 0.9 : f == 1 ? -0.9 : f == 4 ? 4.0 : 0.0;
      c.vertices(3 * f + k, 1) += f == 2 ? 0.75 : f == 3 ? -0.75 : 0.0;
    }
  expect_gradient(c, kCamera, 2e-3, 0, 1e-3);
  const auto renderer = make_cpu_silhouette_renderer();
  renderer->forward(c.vertices, c.faces, kCamera, {2e-3, 0});
  const VerticesD gradient = renderer->backward(ImageF(kCamera.width, kCamera.height, 1, 1.0F));
  EXPECT_EQ(gradient.middleRows(12, 3), VerticesD::Zero(3, 3));   // wholly outside: no say
}

TEST(Silhouette, GradientUnderACapThatBinds) {
  // Faces at clearly different depths, so that a small step does not change which of them count.
  Case c = random_case(7, 5);
  for (int f = 0; f < 7; ++f)
    for (int k = 0; k < 3; ++k) c.vertices(3 * f + k, 2) = 1.7 + 0.15 * f + 0.004 * k;
  expect_gradient(c, kCamera, 3e-3, 2, 2e-4);
}

TEST(Silhouette, FacesBehindTheCameraAreDropped) {
  Case c = random_case(1, 3);
  c.vertices(0, 2) = -0.1;
  const auto renderer = make_cpu_silhouette_renderer();
  const ImageF alpha = renderer->forward(c.vertices, c.faces, kCamera, {1e-3, 100});
  EXPECT_EQ(*std::max_element(alpha.data.begin(), alpha.data.end()), 0.0F);
  EXPECT_EQ(renderer->backward(alpha).cwiseAbs().maxCoeff(), 0.0);
}

void expect_formula(const Case& c, const geometry::PinholeCamera& camera, double sigma, int cap, const char* what) {
  const auto renderer = make_cpu_silhouette_renderer();
  const ImageF& alpha = renderer->forward(c.vertices, c.faces, camera, {sigma, cap});
  const ImageF expected = slow_alpha(c.vertices, c.faces, camera, sigma, cap);
  float worst = 0.0F;
  for (std::size_t i = 0; i < alpha.data.size(); ++i) worst = std::max(worst, std::abs(alpha.data[i] - expected.data[i]));
  EXPECT_LT(worst, 1e-3F) << what << " sigma " << sigma;
}

// The pixels that a face may reach are guessed before the formula is asked: no guess may leave one out.
TEST(Silhouette, NoPixelIsLeftOutWhateverTheShape) {
  const geometry::PinholeCamera camera{75, 50, 60, 60, 37.5, 25};   // a width that eight does not divide
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    Case c;
    c.vertices.resize(3, 3);
    c.faces.resize(1, 3);
    c.faces << 0, 1, 2;
    const double spread = seed % 4 == 0 ? 30.0 : seed % 4 == 1 ? 0.05 : 1.0;   // far wider than the picture, tiny, as wide
    for (int k = 0; k < 3; ++k)
      c.vertices.row(k) << random.uniform(-1, 1) * spread, random.uniform(-1, 1) * spread, random.uniform(1.5, 2.5);
    if (seed % 4 == 3) c.vertices.row(2) = 0.5 * (c.vertices.row(0) + c.vertices.row(1)) + Eigen::RowVector3d(0, 0.004, 0);   // a sliver
    for (const double sigma : {1e-2, 1e-4, 1e-6}) expect_formula(c, camera, sigma, 0, ("seed " + std::to_string(seed)).c_str());
  }
}

TEST(Silhouette, AnObjectWiderThanThePictureFillsIt) {
  Case c;
  c.vertices.resize(4, 3);
  c.vertices << -500, -400, 1, 500, -400, 1, 500, 400, 1, -500, 400, 1;
  c.faces.resize(2, 3);
  c.faces << 0, 1, 2, 0, 2, 3;
  const auto renderer = make_cpu_silhouette_renderer();
  for (const double sigma : {1e-4, 1e-6}) {
    const ImageF& alpha = renderer->forward(c.vertices, c.faces, kCamera, {sigma, 0});
    const auto [low, high] = std::minmax_element(alpha.data.begin(), alpha.data.end());
    EXPECT_GE(*low, 0.49F);    // the seam runs through the picture: each side gives a half there
    EXPECT_EQ(*high, 1.0F);
    EXPECT_TRUE(renderer->backward(ImageF(kCamera.width, kCamera.height, 1, 1.0F)).allFinite());
  }
}

TEST(Silhouette, DegenerateAndUnusableFacesAreSkipped) {
  Case c = random_case(3, 21);
  const auto renderer = make_cpu_silhouette_renderer();
  const geometry::Faces good = c.faces;
  const ImageF expected = renderer->forward(c.vertices, good, kCamera, {1e-3, 100});
  const VerticesD expected_gradient = renderer->backward(expected);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN(), kFar = std::numeric_limits<double>::infinity();
  c.vertices.conservativeResize(14, 3);
  c.vertices.row(9) << kNone, 0, 2;
  c.vertices.row(10) << 0, 0, kNone;
  c.vertices.row(11) << 0.1, 0.1, -2;          // behind the camera
  c.vertices.row(12) << 0.1, 0.2, 0;           // in its plane
  c.vertices.row(13) << kFar, 0, 2;
  c.faces.resize(3 + 8, 3);
  c.faces << good, 0, 0, 1, 2, 2, 2,           // twice a corner, a point
      0, 1, 9, 1, 2, 10, 3, 4, 11, 3, 4, 12, 5, 6, 13, 9, 10, 13;
  const ImageF alpha = renderer->forward(c.vertices, c.faces, kCamera, {1e-3, 100});
  EXPECT_EQ(alpha, expected);
  const VerticesD gradient = renderer->backward(alpha);
  EXPECT_EQ(gradient.topRows(9), expected_gradient);
  EXPECT_EQ(gradient.bottomRows(5), VerticesD::Zero(5, 3));
  // Nothing at all is a blank picture.
  const geometry::Faces none(0, 3);
  const ImageF blank = renderer->forward(c.vertices, none, kCamera, {1e-3, 100});
  EXPECT_EQ(*std::max_element(blank.data.begin(), blank.data.end()), 0.0F);
  EXPECT_EQ(renderer->backward(blank), VerticesD::Zero(14, 3));
}

TEST(Silhouette, CapInTheGradientKeepsTheSameFaces) {
  // Of two squares one behind the other, a cap of one face leaves the rear one without a gradient.
  Case c;
  c.vertices.resize(6, 3);
  c.vertices << -.3, -.2, 2, .3, -.2, 2, 0, .3, 2, -.3, -.2, 2.2, .3, -.2, 2.2, 0, .3, 2.2;
  c.faces.resize(2, 3);
  c.faces << 3, 4, 5, 0, 1, 2;
  const auto renderer = make_cpu_silhouette_renderer();
  const ImageF ones(kCamera.width, kCamera.height, 1, 1.0F);
  renderer->forward(c.vertices, c.faces, kCamera, {1e-2, 1});
  const VerticesD capped = renderer->backward(ones);
  renderer->forward(c.vertices.topRows(3), c.faces.bottomRows(1), kCamera, {1e-2, 1});
  const VerticesD alone = renderer->backward(ones);
  // Where only the rear one reaches (the front one looks larger) there is none; both lie within each other's blur.
  EXPECT_LT((capped.topRows(3) - alone).cwiseAbs().maxCoeff(), 1e-6 * alone.cwiseAbs().maxCoeff());
  EXPECT_LT(capped.bottomRows(3).cwiseAbs().maxCoeff(), 1e-3 * alone.cwiseAbs().maxCoeff());
}

TEST(Silhouette, ThreadsDoNotChangeABit) {
  const Case c = random_case(200, 5);
  const geometry::PinholeCamera camera{160, 120, 150, 150, 80, 60};
  for (const int cap : {0, 3}) {
    const auto all = make_cpu_silhouette_renderer();
    const ImageF alpha = all->forward(c.vertices, c.faces, camera, {1e-3, cap});
    const VerticesD gradient = all->backward(alpha);
    ImageF alpha_of_one;
    VerticesD gradient_of_one;
    parallel_for(1, 1, [&](std::size_t, std::size_t) {   // from inside a loop it runs on this thread alone
      const auto one = make_cpu_silhouette_renderer();
      alpha_of_one = one->forward(c.vertices, c.faces, camera, {1e-3, cap});
      gradient_of_one = one->backward(alpha);
    });
    EXPECT_EQ(alpha, alpha_of_one);
    EXPECT_EQ(gradient, gradient_of_one);
  }
}

}  // namespace
}  // namespace tactus::render
