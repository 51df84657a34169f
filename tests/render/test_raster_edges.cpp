// The hard rasteriser against rays cast through the pixels, on shapes that break rasterisers.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tactus/parallel.h"
#include "tactus/random.h"
#include "tactus/render/cpu.h"

namespace tactus::render {
namespace {

using views::RasterCamera;

geometry::Mesh soup(int triangles) {
  geometry::Mesh mesh;
  mesh.vertices.resize(3 * triangles, 3);
  mesh.faces.resize(triangles, 3);
  for (int i = 0; i < 3 * triangles; ++i) mesh.faces(i / 3, i % 3) = i;
  return mesh;
}

// Triangles around the origin, seen from a distance of 2: some behind the camera, some through its plane.
geometry::Mesh random_soup(int triangles, double size, double reach, std::uint64_t seed) {
  Random random(seed);
  geometry::Mesh mesh = soup(triangles);
  for (int t = 0; t < triangles; ++t) {
    const Eigen::Vector3d middle(random.uniform(-reach, reach), random.uniform(-reach, reach), random.uniform(-reach, reach));
    for (int k = 0; k < 3; ++k)
      for (int a = 0; a < 3; ++a) mesh.vertices(3 * t + k, a) = static_cast<float>(middle[a] + size * random.uniform(-1, 1));
  }
  return mesh;
}

struct Ray {
  int face = -1;
  double depth = 1e300;
  bool sure = true;          // no edge and no second surface so near that rounding may decide
};

// Solves origin + s·direction = the triangle's plane, in double precision; direction has unit depth.
Ray cast(const geometry::Mesh& mesh, const RasterCamera& camera, int column, int row) {
  const double unit = 0.5 * std::min(camera.width, camera.height);
  const double x = ((0.5 * camera.width - column - 0.5) / unit - camera.offset_x) / camera.scale_x;
  const double y = ((0.5 * camera.height - row - 0.5) / unit - camera.offset_y) / camera.scale_y;
  const Eigen::Vector3d direction(x, y, 1.0);
  Ray hit;
  double second = 1e300;
  for (int f = 0; f < mesh.face_count(); ++f) {
    Eigen::Matrix3d v;   // columns: corners in the camera's frame
    for (int k = 0; k < 3; ++k)
      v.col(k) = (mesh.vertices.row(mesh.faces(f, k)).cast<double>() * camera.rotation).transpose() + camera.translation;
    if (!camera.clip && !(v.row(2).minCoeff() >= 1e-8)) continue;
    // direction·s = Σ w_k v_k with Σ w_k = 1: w = v⁻¹·direction·s.
    if (std::abs(v.determinant()) < 1e-14) continue;
    const Eigen::Vector3d w0 = v.inverse() * direction;
    const double s = 1.0 / w0.sum();
    const Eigen::Vector3d w = w0 * s;
    const double nearest_allowed = camera.clip ? camera.z_clip : 0.0;
    if (!(s > 0.0)) continue;
    const double margin = std::min(w.minCoeff(), (s - nearest_allowed) * (camera.clip ? 1.0 : 1e9));
    const double corner = v.colwise().norm().maxCoeff();
    if (std::abs(margin) < 2e-4 * std::max(1.0, corner)) hit.sure = false;
    if (margin <= 0.0) continue;
    if (s < hit.depth) {
      second = hit.depth;
      hit.depth = s;
      hit.face = f;
    } else {
      second = std::min(second, s);
    }
  }
  if (hit.face >= 0 && second - hit.depth < 1e-4 * hit.depth) hit.sure = false;
  return hit;
}

// Pixels compared, in per cent of all; ids equal wherever the ray is sure.
double expect_rays(const geometry::Mesh& mesh, const RasterCamera& camera, const char* what) {
  SCOPED_TRACE(what);
  const auto maps = make_cpu_view_renderer()->rasterise(mesh, camera);
  int sure = 0, wrong = 0, covered = 0;
  for (int row = 0; row < camera.height; ++row) {
    for (int column = 0; column < camera.width; ++column) {
      const Ray ray = cast(mesh, camera, column, row);
      if (!ray.sure) continue;
      ++sure;
      covered += ray.face >= 0 ? 1 : 0;
      const int face = maps.face_ids.at(column, row);
      if (face != ray.face) {
        ++wrong;
        continue;
      }
      if (face < 0) continue;
      EXPECT_NEAR(maps.depth.at(column, row), ray.depth, 2e-3 * ray.depth);
      float sum = 0;
      for (int k = 0; k < 3; ++k) {
        EXPECT_EQ(maps.vertex_ids.at(column, row, k), mesh.faces(face, k));
        sum += maps.barycentrics.at(column, row, k);
      }
      EXPECT_NEAR(sum, 1.0F, 1e-3F);
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(covered, 0);
  return 100.0 * sure / (camera.width * camera.height);
}

RasterCamera front(int size) { return views::raster_camera(views::ViewCamera{"front", 2, 0, 0, 0, 0}, size); }

TEST(RasterEdges, RandomSoupsAgreeWithRays) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    EXPECT_GT(expect_rays(random_soup(60, 0.3, 0.6, seed), front(61), "in front of the camera"), 90.0);
    EXPECT_GT(expect_rays(random_soup(40, 1.5, 2.0, seed), front(48), "through the camera's plane"), 60.0);
    EXPECT_GT(expect_rays(random_soup(3000, 0.01, 0.6, seed), front(40), "smaller than a pixel"), 40.0);
  }
}

TEST(RasterEdges, PhotographCameraAgreesWithRays) {
  const RasterCamera camera = views::raster_camera(geometry::PinholeCamera{70, 45, 60, 64, 30, 25});
  geometry::Mesh mesh = random_soup(80, 0.4, 0.8, 9);
  mesh.vertices.col(2).array() += 1.0F;   // some corners lie behind: those faces are dropped whole
  EXPECT_GT(expect_rays(mesh, camera, "wider than high"), 60.0);
}

TEST(RasterEdges, ATriangleFarLargerThanThePictureCoversIt) {
  geometry::Mesh mesh = soup(1);
  mesh.vertices << -900, -800, 0, 900, -800, 0, 0, 900, 0;
  const auto maps = make_cpu_view_renderer()->rasterise(mesh, front(33));
  for (const int face : maps.face_ids.data) EXPECT_EQ(face, 0);
  for (const float depth : maps.depth.data) EXPECT_NEAR(depth, 2.0F, 1e-3F);
}

TEST(RasterEdges, NothingBehindTheCameraIsDrawn) {
  geometry::Mesh mesh = soup(1);
  mesh.vertices << -1, -1, 3, 1, -1, 3, 0, 1, 3;
  const auto maps = make_cpu_view_renderer()->rasterise(mesh, front(16));
  for (const int face : maps.face_ids.data) EXPECT_EQ(face, -1);
  for (const float depth : maps.depth.data) EXPECT_EQ(depth, -1.0F);
}

TEST(RasterEdges, DegenerateAndUnusableFacesLeaveNoTrace) {
  geometry::Mesh mesh = random_soup(20, 0.4, 0.5, 3);
  const auto renderer = make_cpu_view_renderer();
  const auto expected = renderer->rasterise(mesh, front(40));
  const int first = mesh.vertex_count();
  mesh.vertices.conservativeResize(first + 5, 3);
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN(), kFar = std::numeric_limits<float>::infinity();
  mesh.vertices.row(first) << kNone, 0, 0;
  mesh.vertices.row(first + 1) << 0, 0, kNone;
  mesh.vertices.row(first + 2) << kFar, 0, 0;
  mesh.vertices.row(first + 3) << 0.25F, 0.25F, 0;   // on the line through the next one and the origin
  mesh.vertices.row(first + 4) << 0.5F, 0.5F, 0;
  geometry::Faces faces(20 + 6, 3);
  faces.topRows(20) = mesh.faces;
  faces.row(20) << 0, 0, 1;
  faces.row(21) << 2, 2, 2;
  faces.row(22) << 0, 1, first;
  faces.row(23) << 0, 1, first + 1;
  faces.row(24) << 0, 1, first + 2;
  faces.row(25) << first + 3, first + 4, first + 3;
  mesh.faces = faces;
  const auto maps = renderer->rasterise(mesh, front(40));
  EXPECT_EQ(maps.face_ids, expected.face_ids);
  EXPECT_EQ(maps.depth, expected.depth);
  EXPECT_EQ(maps.barycentrics, expected.barycentrics);
}

TEST(RasterEdges, EmptyMeshesAndSinglePixels) {
  const auto renderer = make_cpu_view_renderer();
  geometry::Mesh nothing;
  nothing.vertices.resize(0, 3);
  nothing.faces.resize(0, 3);
  const auto maps = renderer->rasterise(nothing, front(8));
  for (const int face : maps.face_ids.data) EXPECT_EQ(face, -1);
  const auto picture = renderer->shade(nothing, geometry::Colours(0, 3), front(8), maps, {});
  for (const auto level : picture.data) EXPECT_EQ(level, 255);

  geometry::Mesh one = soup(1);
  one.vertices << -1, -1, 0, 1, -1, 0, 0.1F, 1, 0;
  const auto pixel = renderer->rasterise(one, front(1));
  EXPECT_EQ(pixel.face_ids.data, std::vector<std::int32_t>{0});
  EXPECT_NEAR(pixel.depth.data[0], 2.0F, 1e-5F);
}

TEST(RasterEdges, TheEarlierFaceKeepsATie) {
  geometry::Mesh mesh = soup(2);
  mesh.vertices << -1, -1, 0, 1, -1, 0, 0.1F, 1, 0, -1, -1, 0, 1, -1, 0, 0.1F, 1, 0;
  const auto maps = make_cpu_view_renderer()->rasterise(mesh, front(20));
  for (const int face : maps.face_ids.data) EXPECT_LE(face, 0);
}

TEST(RasterEdges, ThreadsDoNotChangeABit) {
  const geometry::Mesh mesh = random_soup(400, 0.4, 0.9, 12);
  const auto renderer = make_cpu_view_renderer();
  const auto camera = front(150);
  const auto colours = views::normal_colours(mesh);
  const auto all = renderer->rasterise(mesh, camera);
  const auto picture = renderer->shade(mesh, colours, camera, all, {});
  const auto splats = splat_points(mesh.vertices, colours, camera, {});
  parallel_for(1, 1, [&](std::size_t, std::size_t) {   // from inside a loop it runs on this thread alone
    const auto one = renderer->rasterise(mesh, camera);
    EXPECT_EQ(one.face_ids, all.face_ids);
    EXPECT_EQ(one.vertex_ids, all.vertex_ids);
    EXPECT_EQ(one.barycentrics, all.barycentrics);
    EXPECT_EQ(one.depth, all.depth);
    EXPECT_EQ(renderer->shade(mesh, colours, camera, one, {}), picture);
    const auto again = splat_points(mesh.vertices, colours, camera, {});
    EXPECT_EQ(again.picture, splats.picture);
    EXPECT_EQ(again.point_ids, splats.point_ids);
  });
}

TEST(SplatEdges, EmptyCloudsTiesAndPointsBehind) {
  const geometry::Vertices none(0, 3);
  const auto blank = splat_points(none, geometry::Colours(0, 3), front(8), {});
  for (const auto level : blank.picture.data) EXPECT_EQ(level, 255);
  // Thirteen points at one place: the first is the nearest, and the first ten are blended.
  geometry::Vertices points = geometry::Vertices::Zero(14, 3);
  points(13, 2) = 5.0F;   // behind the camera
  geometry::Colours colours = geometry::Colours::Zero(14, 3);
  colours.row(0) << 1, 0, 0;
  colours.bottomRows(4).setOnes();   // past the tenth: must not show
  const auto splats = splat_points(points, colours, front(65), {});
  EXPECT_EQ(splats.point_ids.at(32, 32), 0);
  EXPECT_EQ(splats.picture.at(32, 32, 1), 0);
  const double alpha = 1.0 - std::pow(2.0 / 65.0 / 0.05, 2.0);   // one pixel beside: red shows through by its alpha
  EXPECT_NEAR(splats.picture.at(33, 32, 0), 255.0 * alpha, 1.0);
  EXPECT_EQ(splats.picture.at(33, 32, 1), 0);
  EXPECT_EQ(splats.point_ids.at(0, 0), -1);
}

}  // namespace
}  // namespace tactus::render
