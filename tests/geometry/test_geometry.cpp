// J1, J9 of METHOD.md §10.13 and the helpers of core/geometry.
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>
#include <numbers>

#include "tactus/error.h"
#include "tactus/geometry/camera.h"
#include "tactus/geometry/mesh.h"
#include "tactus/geometry/transform.h"
#include "tactus/random.h"

namespace tactus::geometry {
namespace {

Mesh tetrahedron() {
  Mesh mesh;
  mesh.vertices.resize(4, 3);
  mesh.vertices << 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1;
  mesh.faces.resize(4, 3);
  mesh.faces << 0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3;
  return mesh;
}

Eigen::Matrix3d random_rotation(Random& random) {
  return Eigen::Quaterniond(random.normal(), random.normal(), random.normal(), random.normal())
      .normalized()
      .toRotationMatrix();
}

TEST(Rotation6, InterleavesTheFirstTwoColumns) {
  Random random(1);
  const Eigen::Matrix3d m = random_rotation(random);
  const Rotation6 r = rotation6_from_matrix(m);
  EXPECT_DOUBLE_EQ(r[1], m(0, 1));
  EXPECT_DOUBLE_EQ(r[2], m(1, 0));
  EXPECT_DOUBLE_EQ(r[5], m(2, 1));
}

TEST(Rotation6, RoundTripIsExactToRounding) {
  Random random(2);
  for (int i = 0; i < 50; ++i) {
    const Eigen::Matrix3d m = random_rotation(random);
    EXPECT_LT((matrix_from_rotation6(rotation6_from_matrix(m)) - m).norm(), 1e-12);
    Rotation6 r;
    for (int k = 0; k < 6; ++k) r[k] = random.normal();
    const Eigen::Matrix3d n = matrix_from_rotation6(r);
    EXPECT_LT((n * n.transpose() - Eigen::Matrix3d::Identity()).norm(), 1e-12);
    EXPECT_NEAR(n.determinant(), 1.0, 1e-12);
  }
}

TEST(Rotation6, GradientAgreesWithFiniteDifferences) {
  Random random(3);
  for (int trial = 0; trial < 10; ++trial) {
    Rotation6 r;
    for (int k = 0; k < 6; ++k) r[k] = random.normal();
    Eigen::Matrix3d weights;
    for (int k = 0; k < 9; ++k) weights(k / 3, k % 3) = random.normal();
    const Rotation6 gradient = rotation6_gradient(r, weights);
    for (int k = 0; k < 6; ++k) {
      Rotation6 high = r, low = r;
      high[k] += 1e-6;
      low[k] -= 1e-6;
      const double difference = (matrix_from_rotation6(high).cwiseProduct(weights).sum() -
                                 matrix_from_rotation6(low).cwiseProduct(weights).sum()) /
                                2e-6;
      EXPECT_NEAR(gradient[k], difference, 1e-6 * (1.0 + std::abs(difference)));
    }
  }
}

TEST(RotationAngle, IsAccurateNearZeroAndPi) {
  for (const double angle : {0.0, 1e-7, 0.5, 3.0, std::numbers::pi - 1e-7}) {
    const Eigen::Matrix3d m = Eigen::AngleAxisd(angle, Eigen::Vector3d(1, 2, 3).normalized()).toRotationMatrix();
    EXPECT_NEAR(rotation_angle(Eigen::Matrix3d::Identity(), m), angle, 1e-9);
  }
}

TEST(SimilarityTransform, ComposesAndInverts) {
  Random random(4);
  const SimilarityTransform a{random_rotation(random), {1, 2, 3}, 2.0}, b{random_rotation(random), {-1, 0, 4}, 0.5};
  const Eigen::Vector3d p(0.3, -0.7, 1.1);
  EXPECT_LT(((a * b) * p - a * (b * p)).norm(), 1e-12);
  EXPECT_LT((a.inverse() * (a * p) - p).norm(), 1e-12);
  EXPECT_LT(((a.matrix() * p.homogeneous()).head<3>() - a * p).norm(), 1e-12);
}

TEST(Mesh, CentroidWeighsTrianglesByArea) {
  // Two triangles of areas 0.5 and 2 with centroids (1/3, 1/3, 0) and (10 + 2/3, 2/3, 0).
  Mesh mesh;
  mesh.vertices.resize(6, 3);
  mesh.vertices << 0, 0, 0, 1, 0, 0, 0, 1, 0, 10, 0, 0, 12, 0, 0, 10, 2, 0;
  mesh.faces.resize(2, 3);
  mesh.faces << 0, 1, 2, 3, 4, 5;
  const Eigen::Vector3d expected((0.5 / 3 + 2 * (10 + 2.0 / 3)) / 2.5, (0.5 / 3 + 2 * 2.0 / 3) / 2.5, 0);
  EXPECT_LT((area_weighted_centroid(mesh) - expected).norm(), 1e-6);
}

TEST(Mesh, VolumeOrientationAndAreas) {
  Mesh mesh = tetrahedron();
  EXPECT_TRUE(is_closed_and_oriented(mesh));
  EXPECT_NEAR(signed_volume(mesh), 1.0 / 6.0, 1e-9);
  EXPECT_NEAR(vertex_areas(mesh).sum(), 1.5 + std::sqrt(3.0) / 2.0, 1e-6);
  std::swap(mesh.faces(0, 0), mesh.faces(0, 1));
  EXPECT_FALSE(is_closed_and_oriented(mesh));
}

TEST(Mesh, NormalsAreAreaWeighted) {
  const Vertices normals = vertex_normals(tetrahedron());
  // At the origin the three axis faces have equal area.
  EXPECT_LT((normals.row(0).transpose() - Eigen::Vector3f::Constant(-1 / std::sqrt(3.0F))).norm(), 1e-6F);
  EXPECT_NEAR(normals.row(1).norm(), 1.0F, 1e-6F);
}

TEST(Mesh, ValidateNamesTheFault) {
  Mesh mesh = tetrahedron();
  EXPECT_NO_THROW(validate(mesh, "a.obj"));
  mesh.faces(2, 1) = 9;
  try {
    validate(mesh, "a.obj");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("a.obj: face 3 names vertex 10"), std::string::npos) << error.what();
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
  }
  mesh = tetrahedron();
  mesh.vertices(1, 1) = std::nanf("");
  EXPECT_THROW(validate(mesh, "a.obj"), Error);
  EXPECT_THROW(validate(Mesh{}, "a.obj"), Error);
}

TEST(Camera, OsxCameraFollowsThePersonBox) {
  const PinholeCamera camera = osx_camera(640, 480, {100, 50, 192, 256});
  EXPECT_DOUBLE_EQ(camera.focal_x, 5000.0);
  EXPECT_DOUBLE_EQ(camera.focal_y, 5000.0);
  EXPECT_DOUBLE_EQ(camera.centre_x, 196.0);
  EXPECT_DOUBLE_EQ(camera.centre_y, 178.0);
}

TEST(Camera, UnprojectInvertsProject) {
  const PinholeCamera camera = camera_with_field_of_view(640, 480, 45.0);
  const Eigen::Vector3d p(0.2, -0.4, 3.0);
  EXPECT_LT((camera.unproject(camera.project(p), 3.0) - p).norm(), 1e-12);
  // The upper edge of the picture is seen under half the field of view.
  EXPECT_NEAR(camera.project({0, -std::tan(22.5 * std::numbers::pi / 180.0), 1}).y(), 0.0, 1e-9);
}

}  // namespace
}  // namespace tactus::geometry
