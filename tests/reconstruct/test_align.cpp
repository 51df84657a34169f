// Rigid alignment and ICP.
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <Eigen/LU>
#include <limits>
#include <stop_token>

#include "rigid_alignment.h"
#include "tactus/error.h"
#include "tactus/random.h"
#include "tactus/reconstruct/reconstruct.h"

namespace tactus::reconstruct {
namespace {

VerticesD random_points(int count, Random& random) {
  VerticesD points(count, 3);
  for (Eigen::Index i = 0; i < points.size(); ++i) points.data()[i] = random.normal();
  return points;
}

TEST(RigidAlignment, RecoversAMotion) {
  Random random(21);
  for (int trial = 0; trial < 30; ++trial) {
    const VerticesD source = random_points(trial % 5 + 3, random);
    const Eigen::Quaterniond q(random.normal(), random.normal(), random.normal(), random.normal());
    const Eigen::Matrix3d rotation = q.normalized().toRotationMatrix();
    const Eigen::Vector3d translation(random.normal(), random.normal(), random.normal());
    const VerticesD target = (source * rotation.transpose()).rowwise() + translation.transpose();
    const auto found = rigid_alignment(source, target);
    EXPECT_NEAR((found.rotation - rotation).norm(), 0.0, 1e-9);
    EXPECT_NEAR((found.translation - translation).norm(), 0.0, 1e-9);
  }
}

TEST(RigidAlignment, NeverReflects) {
  Random random(22);
  const VerticesD source = random_points(20, random);
  VerticesD mirrored = source;
  mirrored.col(0) *= -1.0;
  const auto found = rigid_alignment(source, mirrored);
  EXPECT_NEAR(found.rotation.determinant(), 1.0, 1e-9);
  EXPECT_NEAR((found.rotation * found.rotation.transpose() - Eigen::Matrix3d::Identity()).norm(), 0.0, 1e-9);
  // No small rotation away from it is better.
  const auto cost = [&](const Eigen::Matrix3d& r) {
    const VerticesD a = source.rowwise() - source.colwise().mean(), b = mirrored.rowwise() - mirrored.colwise().mean();
    return (a * r.transpose() - b).squaredNorm();
  };
  for (int k = 0; k < 3; ++k)
    for (const double angle : {-0.05, 0.05})
      EXPECT_GE(cost(Eigen::AngleAxisd(angle, Eigen::Vector3d::Unit(k)).toRotationMatrix() * found.rotation), cost(found.rotation));
}

TEST(RigidAlignment, WeightsCountAsRepeatedPoints) {
  Random random(23);
  const VerticesD source = random_points(6, random), target = random_points(6, random);
  Eigen::VectorXd weights(6);
  weights << 1, 2, 1, 3, 0, 1;
  std::vector<int> rows = {0, 1, 1, 2, 3, 3, 3, 5};
  VerticesD a(8, 3), b(8, 3);
  for (std::size_t i = 0; i < rows.size(); ++i) a.row(static_cast<Eigen::Index>(i)) = source.row(rows[i]), b.row(static_cast<Eigen::Index>(i)) = target.row(rows[i]);
  const auto weighted = rigid_alignment(source, target, weights), repeated = rigid_alignment(a, b);
  EXPECT_NEAR((weighted.rotation - repeated.rotation).norm() + (weighted.translation - repeated.translation).norm(), 0.0, 1e-9);
}

// An L-shaped slab of two boxes; the person is a slab around the truth's image of the L.
geometry::Mesh box(const Eigen::Vector3d& size, const Eigen::Vector3d& centre, int n) {
  geometry::Mesh mesh;
  std::vector<Eigen::RowVector3f> vertices;
  std::vector<Eigen::RowVector3i> faces;
  for (int axis = 0; axis < 3; ++axis)
    for (const int sign : {-1, 1}) {
      const int u = (axis + 1) % 3, v = (axis + 2) % 3, first = static_cast<int>(vertices.size());
      for (int i = 0; i <= n; ++i)
        for (int j = 0; j <= n; ++j) {
          Eigen::Vector3d p = centre;
          p[u] += size[u] * (static_cast<double>(i) / n - 0.5);
          p[v] += size[v] * (static_cast<double>(j) / n - 0.5);
          p[axis] += 0.5 * sign * size[axis];
          vertices.push_back(p.cast<float>().transpose());
        }
      for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) {
          const int a = first + i * (n + 1) + j, b = a + n + 1;
          if (sign > 0) faces.insert(faces.end(), {{a, b, b + 1}, {a, b + 1, a + 1}});
          else faces.insert(faces.end(), {{a, b + 1, b}, {a, a + 1, b + 1}});
        }
    }
  mesh.vertices.resize(static_cast<Eigen::Index>(vertices.size()), 3);
  mesh.faces.resize(static_cast<Eigen::Index>(faces.size()), 3);
  for (std::size_t i = 0; i < vertices.size(); ++i) mesh.vertices.row(static_cast<Eigen::Index>(i)) = vertices[i];
  for (std::size_t i = 0; i < faces.size(); ++i) mesh.faces.row(static_cast<Eigen::Index>(i)) = faces[i];
  return mesh;
}

// A person of one box above, an object of one box below, touching; contact on the two facing sides.
ReconstructInput two_boxes() {
  ReconstructInput input;
  input.camera = {160, 120, 200, 200, 80, 60};
  input.human = box({0.3, 0.2, 0.5}, {0, -0.1, 3}, 8);
  input.object = box({0.4, 0.3, 0.25}, {0.2, 0.1, 0}, 8);
  input.human_contact.setZero(input.human.vertices.rows());
  input.object_contact.setZero(input.object.vertices.rows());
  for (Eigen::Index i = 0; i < input.human.vertices.rows(); ++i)
    if (input.human.vertices(i, 1) > -0.0001F) input.human_contact[i] = 0.9F;
  for (Eigen::Index i = 0; i < input.object.vertices.rows(); ++i)
    if (input.object.vertices(i, 1) > 0.2499F) input.object_contact[i] = 0.9F;
  input.object_mask = ImageU8(160, 120);
  for (int row = 62; row < 90; ++row)
    for (int column = 60; column < 100; ++column) input.object_mask.at(column, row) = 255;
  return input;
}

TEST(Align, OfficialStopsAfterTwoIterationsAndEqualsASingleFit) {
  const ReconstructInput input = two_boxes();
  AlignOptions options;
  options.mode = Mode::official;
  const auto result = align(input, options, {});
  ASSERT_EQ(result.candidates.size(), 1U);
  ASSERT_EQ(result.candidates[0].records.size(), 2U);
  const auto& records = result.candidates[0].records;
  EXPECT_NEAR(records[0].rmse, records[1].rmse, 1e-12);   // the frozen correspondences give the same fit again
  EXPECT_NEAR((records[1].photo_from_object.matrix() - result.candidates[0].photo_from_object.matrix()).norm(), 0.0, 1e-12);
  options.max_iterations = 1;
  const auto once = align(input, options, {});
  EXPECT_NEAR((once.candidates[0].photo_from_object.matrix() - result.candidates[0].photo_from_object.matrix()).norm(), 0.0, 1e-9);
}

TEST(Align, CorrectedBringsThePatchesTogetherFromAnyRotation) {
  const ReconstructInput input = two_boxes();
  const auto result = align(input, {}, {});
  ASSERT_FALSE(result.candidates.empty());
  EXPECT_LE(result.candidates.size(), static_cast<std::size_t>(AlignOptions{}.kept_starts));
  const auto& best = result.candidates.front();
  EXPECT_LT(best.rmse, 0.06);   // the patches differ in size
  // The contact side of the object (its +y) looks against the person's (also +y).
  EXPECT_LT((best.photo_from_object.rotation * Eigen::Vector3d::UnitY()).y(), -0.9);
  for (std::size_t i = 1; i < result.candidates.size(); ++i) {
    const double angle = geometry::rotation_angle(best.photo_from_object.rotation, result.candidates[i].photo_from_object.rotation);
    const Eigen::Vector3d centre(0.2, 0.1, 0);
    EXPECT_TRUE(angle > 0.2 || (best.photo_from_object * centre - result.candidates[i].photo_from_object * centre).norm() > 0.05);
  }
}

TEST(Align, SameSeedSameBytes) {
  const ReconstructInput input = two_boxes();
  const auto a = align(input, {}, {}), b = align(input, {}, {});
  ASSERT_EQ(a.candidates.size(), b.candidates.size());
  for (std::size_t i = 0; i < a.candidates.size(); ++i)
    EXPECT_EQ(a.candidates[i].photo_from_object.matrix(), b.candidates[i].photo_from_object.matrix());
}

TEST(Align, WithoutContactTheOutlinePlacesTheObjectAndSaysSo) {
  for (const Mode mode : {Mode::official, Mode::corrected}) {
    ReconstructInput input = two_boxes();
    input.object_contact.setZero();
    AlignOptions options;
    options.mode = mode;
    const auto result = align(input, options, {});
    ASSERT_FALSE(result.candidates.empty());
    ASSERT_EQ(result.warnings.size(), 1U);
    EXPECT_NE(result.warnings[0].find("object vertex"), std::string::npos);
    EXPECT_TRUE(result.candidates[0].photo_from_object.matrix().allFinite());
  }
}

TEST(Align, RefusesInputsThatDoNotFitTogether) {
  const auto sentence = [](ReconstructInput input) -> std::string {
    try {
      align(input, {}, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  ReconstructInput input = two_boxes();
  input.human_contact.conservativeResize(10);
  EXPECT_NE(sentence(input).find("body contact: it has 10 values"), std::string::npos);
  input = two_boxes();
  input.object_mask = ImageU8(80, 60);
  EXPECT_NE(sentence(input).find("object mask"), std::string::npos);
  input = two_boxes();
  input.object.vertices(3, 1) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(sentence(input).find("object"), std::string::npos);
}

TEST(Align, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  try {
    align(two_boxes(), {}, Progress({}, stop.get_token()));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
  }
}

}  // namespace
}  // namespace tactus::reconstruct
