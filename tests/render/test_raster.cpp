// R4–R7 of METHOD.md §10.9 against literal, slow versions of the rules.
#include <gtest/gtest.h>

#include <cmath>

#include "tactus/random.h"
#include "tactus/render/cpu.h"

namespace tactus::render {
namespace {

using views::RasterCamera;

geometry::Mesh random_triangles(int count, std::uint64_t seed) {
  Random random(seed);
  geometry::Mesh mesh;
  mesh.vertices.resize(3 * count, 3);
  mesh.faces.resize(count, 3);
  for (int f = 0; f < count; ++f) {
    const Eigen::RowVector3f c(static_cast<float>(random.uniform(-.6, .6)), static_cast<float>(random.uniform(-.6, .6)), static_cast<float>(random.uniform(-.3, .3)));
    for (int k = 0; k < 3; ++k) {
      mesh.faces(f, k) = 3 * f + k;
      for (int a = 0; a < 3; ++a) mesh.vertices(3 * f + k, a) = c[a] + static_cast<float>(random.uniform(-.4, .4));
    }
  }
  return mesh;
}

TEST(Raster, EqualsTheLiteralRule) {
  const geometry::Mesh mesh = random_triangles(40, 5);
  const RasterCamera camera = views::raster_camera(views::body_views()[0], 48);
  const auto maps = make_cpu_view_renderer()->rasterise(mesh, camera);
  int covered = 0, different = 0;
  for (int row = 0; row < 48; ++row) {
    for (int column = 0; column < 48; ++column) {
      const double px = 1.0 - (2.0 * column + 1.0) / 48.0, py = 1.0 - (2.0 * row + 1.0) / 48.0;
      int best = -1;
      double nearest = 1e9;
      Eigen::Vector3d weights = Eigen::Vector3d::Zero();
      for (int f = 0; f < mesh.face_count(); ++f) {
        Eigen::Vector3d v[3];
        for (int k = 0; k < 3; ++k) {
          v[k] = (mesh.vertices.row(mesh.faces(f, k)).cast<double>() * camera.rotation).transpose() + camera.translation;
          v[k].x() *= camera.scale_x / v[k].z();
          v[k].y() *= camera.scale_y / v[k].z();
        }
        const auto edge = [](double x, double y, const Eigen::Vector3d& a, const Eigen::Vector3d& b) { return (x - a.x()) * (b.y() - a.y()) - (y - a.y()) * (b.x() - a.x()); };
        const double area = edge(v[2].x(), v[2].y(), v[0], v[1]);
        if (std::abs(area) <= 1e-8) continue;
        Eigen::Vector3d w(edge(px, py, v[1], v[2]), edge(px, py, v[2], v[0]), edge(px, py, v[0], v[1]));
        w /= area + 1e-8;
        Eigen::Vector3d p(w[0] * v[1].z() * v[2].z(), w[1] * v[0].z() * v[2].z(), w[2] * v[0].z() * v[1].z());
        p /= std::max(p.sum(), 1e-8);
        if (!(p.minCoeff() > 0.0)) continue;
        const double z = p[0] * v[0].z() + p[1] * v[1].z() + p[2] * v[2].z();
        if (z < nearest) {
          nearest = z;
          best = f;
          weights = p;
        }
      }
      covered += best >= 0 ? 1 : 0;
      if (maps.face_ids.at(column, row) != best) {
        ++different;   // float against double on an edge
      } else if (best >= 0) {
        EXPECT_NEAR(maps.depth.at(column, row), nearest, 1e-5);
        for (int k = 0; k < 3; ++k) {
          EXPECT_EQ(maps.vertex_ids.at(column, row, k), mesh.faces(best, k));
          EXPECT_NEAR(maps.barycentrics.at(column, row, k), weights[k], 2e-4);
        }
      } else {
        EXPECT_EQ(maps.vertex_ids.at(column, row, 0), -1);
        EXPECT_EQ(maps.barycentrics.at(column, row, 2), -1.0F);
      }
    }
  }
  EXPECT_GT(covered, 400);   // of 2304: the scene is not empty
  EXPECT_LE(different, 1);
}

TEST(Raster, NearPlaneCutsInsteadOfDropping) {
  // A floor that runs under the camera: its far part must stay.
  geometry::Mesh floor;
  floor.vertices.resize(3, 3);
  floor.vertices << -9, -.5F, 9, 9, -.5F, 9, 0, -.5F, -9;
  floor.faces.resize(1, 3);
  floor.faces << 0, 1, 2;
  RasterCamera camera = views::raster_camera(views::ViewCamera{"front", 2, 0, 0, 0, 0}, 32);
  const auto maps = make_cpu_view_renderer()->rasterise(floor, camera);
  EXPECT_EQ(maps.face_ids.at(16, 28), 0);
  const float sum = maps.barycentrics.at(16, 28, 0) + maps.barycentrics.at(16, 28, 1) + maps.barycentrics.at(16, 28, 2);
  EXPECT_NEAR(sum, 1.0F, 1e-4F);
}

TEST(Shading, LitFaceHasThePublishedColour) {
  // A square that faces the light and the camera: (0.5 + 0.3)·texel + 0.2 at the glint.
  geometry::Mesh square;
  square.vertices.resize(4, 3);
  square.vertices << -1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0;
  square.faces.resize(2, 3);
  square.faces << 0, 1, 2, 0, 2, 3;
  geometry::Colours colours = geometry::Colours::Constant(4, 3, 0.5F);
  const RasterCamera camera = views::raster_camera(views::ViewCamera{"front", 2, 0, 0, 0, 0}, 33);
  const auto renderer = make_cpu_view_renderer();
  const auto maps = renderer->rasterise(square, camera);
  const auto picture = renderer->shade(square, colours, camera, maps, {});
  // Two pixels beside the middle (the diagonal between the faces runs through it and stays uncovered).
  const double x = 2.0 * (4.0 / 33.0) / camera.scale_x;   // depth 2, NDC offset 4/33
  const Eigen::Vector3d point(x, 0, 0), l = (Eigen::Vector3d(0, 0, 3) - point).normalized(), v = (Eigen::Vector3d(0, 0, 2) - point).normalized();
  const Eigen::Vector3d r = -l + 2.0 * l.z() * Eigen::Vector3d::UnitZ();
  const double expected = (0.5 + 0.3 * l.z()) * 0.5 + 0.2 * std::pow(v.dot(r), 64.0);
  EXPECT_NEAR(picture.at(18, 16, 0), static_cast<int>(expected * 255.0), 1);
  EXPECT_EQ(picture.at(16, 16, 0), 255);
  EXPECT_LT(picture.at(2, 4, 0), picture.at(18, 16, 0));
}

TEST(Splats, NearestPointAndCompositingAgreeWithBruteForce) {
  Random random(9);
  geometry::Vertices points(200, 3);
  geometry::Colours colours(200, 3);
  for (int i = 0; i < 200; ++i)
    for (int a = 0; a < 3; ++a) {
      points(i, a) = static_cast<float>(random.uniform(-.5, .5));
      colours(i, a) = static_cast<float>(random.uniform());
    }
  const RasterCamera camera = views::raster_camera(views::object_views()[0], 64);
  const auto splats = splat_points(points, colours, camera, {});
  for (int row = 0; row < 64; ++row) {
    for (int column = 0; column < 64; ++column) {
      const float px = 1.0F - (2.0F * static_cast<float>(column) + 1.0F) / 64.0F, py = 1.0F - (2.0F * static_cast<float>(row) + 1.0F) / 64.0F;
      std::vector<std::tuple<float, int, float>> hits;
      for (int i = 0; i < 200; ++i) {
        const Eigen::RowVector3f v = points.row(i) * camera.rotation.cast<float>() + camera.translation.cast<float>().transpose();
        const float dx = static_cast<float>(camera.scale_x) * v.x() / v.z() - px, dy = static_cast<float>(camera.scale_y) * v.y() / v.z() - py;
        if (dx * dx + dy * dy < 0.05F * 0.05F) hits.emplace_back(v.z(), i, dx * dx + dy * dy);
      }
      std::sort(hits.begin(), hits.end());
      EXPECT_EQ(splats.point_ids.at(column, row), hits.empty() ? -1 : std::get<1>(hits[0]));
      float red = 0, through = 1;
      for (std::size_t h = 0; h < std::min<std::size_t>(10, hits.size()); ++h) {
        const float alpha = 1.0F - std::get<2>(hits[h]) / (0.05F * 0.05F);
        red += alpha * through * colours(std::get<1>(hits[h]), 0);
        through *= 1.0F - alpha;
      }
      EXPECT_NEAR(splats.picture.at(column, row, 0), hits.empty() ? 255 : static_cast<int>(red * 255.0F), 1);
    }
  }
}

}  // namespace
}  // namespace tactus::render
