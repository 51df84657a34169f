// R1–R3 of METHOD.md §10.9 and the photograph's camera (J8).
#include <gtest/gtest.h>

#include <cmath>

#include "tactus/views/view_renderer.h"

namespace tactus::views {
namespace {

Eigen::Matrix3d rows(std::initializer_list<double> values) {
  Eigen::Matrix3d m;
  int i = 0;
  for (const double v : values) {
    m(i / 3, i % 3) = v;
    ++i;
  }
  return m;
}

TEST(Views, RotationsAndTranslationsOfTheTables) {
  constexpr double a = 0.707107, b = 0.353553, c = 0.612372, d = 0.866025;
  const auto near = [](const Eigen::Matrix3d& x, const Eigen::Matrix3d& y) { return (x - y).cwiseAbs().maxCoeff(); };
  EXPECT_LT(near(look_at(body_views()[0]).rotation, rows({-a, .5, .5, 0, a, -a, -a, -.5, -.5})), 1e-5);
  EXPECT_LT(near(look_at(body_views()[1]).rotation, rows({-a, -.5, .5, 0, a, a, -a, .5, -.5})), 1e-5);
  EXPECT_LT(near(look_at(body_views()[2]).rotation, rows({a, -.5, -.5, 0, a, -a, a, .5, .5})), 1e-5);
  EXPECT_LT(near(look_at(body_views()[3]).rotation, rows({a, .5, -.5, 0, a, a, a, -.5, .5})), 1e-5);
  EXPECT_LT(near(look_at(object_views()[1]).rotation, rows({-a, -.5, -.5, 0, a, -a, a, -.5, -.5})), 1e-5);
  EXPECT_LT(near(look_at(object_views()[2]).rotation, rows({a, b, -c, 0, d, .5, a, -b, c})), 1e-5);
  EXPECT_LT(near(look_at(object_views()[3]).rotation, rows({a, -b, c, 0, d, .5, -a, -b, c})), 1e-5);
  EXPECT_LT((look_at(body_views()[1]).translation - Eigen::Vector3d(0, .3, 2)).norm(), 1e-5);
  EXPECT_LT((look_at(object_mesh_views()[0]).translation - Eigen::Vector3d(0, 0, 1.5)).norm(), 1e-5);
  ASSERT_EQ(ten_views().size(), 10U);
  EXPECT_TRUE(look_at(ten_views()[2]).rotation.allFinite());   // straight down
}

TEST(Views, NormalisedParameters) {
  const auto p = normalised_parameters(body_views()[1]);
  const std::array<float, 5> expected = {.2F, .875F, .875F, .5F, .65F};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(p[i], expected[i], 1e-7);
}

TEST(Views, TablesAreThePublishedOnes) {
  const auto expect_table = [](const std::vector<ViewCamera>& table, const std::vector<std::pair<std::string, std::array<double, 5>>>& rows) {
    ASSERT_EQ(table.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      SCOPED_TRACE(rows[i].first);
      EXPECT_EQ(table[i].name, rows[i].first);
      const auto values = normalised_parameters(table[i]);
      for (std::size_t k = 0; k < 5; ++k) EXPECT_NEAR(values[k], rows[i].second[k], 1e-7);
    }
  };
  expect_table(body_views(), {{"topfront", {.2, .125, .875, .5, .5}}, {"bottomfront", {.2, .875, .875, .5, .65}},
                              {"topback", {.2, .125, .375, .5, .5}}, {"bottomback", {.2, .875, .375, .5, .65}}});
  expect_table(object_views(), {{"frontleft", {.2, .125, .875, .5, .5}}, {"frontright", {.2, .125, .125, .5, .5}},
                                {"backleft", {.2, 330. / 360., .375, .5, .5}}, {"backright", {.2, 330. / 360., .625, .5, .5}}});
  expect_table(object_mesh_views(), {{"frontleft", {.15, .125, .875, .5, .5}}, {"frontright", {.15, .125, .125, .5, .5}},
                                     {"backleft", {.15, 330. / 360., .375, .5, .5}}, {"backright", {.15, 330. / 360., .625, .5, .5}}});
  expect_table(ten_views(), {{"frontleft", {.2, .125, .875, .5, .5}}, {"frontright", {.2, .125, .125, .5, .5}}, {"top", {.2, .25, 0, .5, .5}},
                             {"front", {.2, 0, 0, .5, .5}}, {"left", {.2, 0, .75, .5, .5}}, {"backleft", {.2, 330. / 360., .375, .5, .5}},
                             {"backright", {.2, 330. / 360., .625, .5, .5}}, {"bottom", {.2, .75, 0, .5, .5}}, {"back", {.2, 0, .5, .5, .5}},
                             {"right", {.2, 0, .25, .5, .5}}});
}

TEST(Views, RotationsAreRotationsThatLookAtTheOrigin) {
  for (const auto* table : {&body_views(), &object_views(), &object_mesh_views(), &ten_views()}) {
    for (const auto& view : *table) {
      SCOPED_TRACE(view.name);
      const LookAt look = look_at(view);
      EXPECT_LT((look.rotation.transpose() * look.rotation - Eigen::Matrix3d::Identity()).norm(), 1e-9);
      EXPECT_NEAR(look.rotation.determinant(), 1.0, 1e-9);
      // The origin lies on the axis, shifted by the table's translation only.
      EXPECT_LT((look.translation - Eigen::Vector3d(view.x_trans, view.y_trans, view.distance)).norm(), 1e-9);
    }
  }
}

TEST(Views, StraightDownAndUpAreAsInSinglePrecision) {
  // PyTorch3D's look_at_view_transform in float32: columns x, y, z.
  EXPECT_LT((look_at(ten_views()[2]).rotation - rows({1, 0, 0, 0, 0, -1, 0, 1, 0})).norm(), 1e-6);
  EXPECT_LT((look_at(ten_views()[7]).rotation - rows({-1, 0, 0, 0, 0, 1, 0, 1, 0})).norm(), 1e-6);
}

TEST(Views, ProjectionOfTheCheckPoint) {
  const RasterCamera camera = raster_camera(body_views()[0], 1024);
  const Eigen::RowVector3d view = Eigen::RowVector3d(0, 1, 0) * camera.rotation + camera.translation.transpose();
  EXPECT_NEAR(view.z(), 1.292893, 1e-5);
  EXPECT_NEAR(camera.scale_x * view.x() / view.z(), 0.0, 1e-5);
  EXPECT_NEAR(camera.scale_y * view.y() / view.z(), 0.94729, 1e-5);
}

TEST(Views, PhotoCameraAgreesWithTheProjection) {
  const geometry::PinholeCamera pinhole{640, 480, 700, 650, 300, 250};
  const RasterCamera camera = raster_camera(pinhole);
  const Eigen::Vector3d p(0.3, -0.2, 2.5);
  const Eigen::RowVector3d view = p.transpose() * camera.rotation;
  const double unit = 240.0;
  EXPECT_NEAR(320.0 - unit * (camera.scale_x * view.x() / view.z() + camera.offset_x), pinhole.project(p).x(), 1e-9);
  EXPECT_NEAR(240.0 - unit * (camera.scale_y * view.y() / view.z() + camera.offset_y), pinhole.project(p).y(), 1e-9);
}

}  // namespace
}  // namespace tactus::views
