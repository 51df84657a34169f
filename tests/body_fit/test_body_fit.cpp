// The fit of the body to marked joints, against people whose answer is known, and on the sample photograph.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "keypoint_skeleton.h"
#include "silhouette.h"
#include "synthetic.h"
#include "tactus/error.h"

namespace tactus::body {
namespace {

double angle_between(double a, double b) {
  return std::abs(std::remainder(a - b, 360.0));
}

// Mean distance of the joints (no face, no feet's edges) in metres after the pelvis is made to agree: depth and
// height cannot be told apart in one picture.
double joint_error_m(const Synthetic& truth, const BodyFit& fit) {
  const auto points = model().pose_keypoints(model().shape(fit.phenotype), fit.pose);
  Eigen::Matrix<double, 12, 3> a, b;
  for (int k = 5; k <= 16; ++k) {
    a.row(k - 5) = (fit.photo_from_body * points.row(k).transpose()).transpose();
    b.row(k - 5) = truth.keypoints_photo.row(k);
  }
  const Eigen::RowVector3d shift = 0.5 * (b.row(6) + b.row(7)) - 0.5 * (a.row(6) + a.row(7));
  return ((a.rowwise() + shift) - b).rowwise().norm().mean();
}

TEST(Silhouette, DistanceIsThatOfBruteForce) {
  Random random(5);
  ImageU8 mask(23, 17);
  for (int i = 0; i < 6; ++i)
    mask.at(static_cast<int>(random.below(23)), static_cast<int>(random.below(17))) = 255;
  const ImageF distance = distance_to_mask(mask);
  for (int y = 0; y < 17; ++y)
    for (int x = 0; x < 23; ++x) {
      double nearest = 1e9;
      for (int v = 0; v < 17; ++v)
        for (int u = 0; u < 23; ++u)
          if (mask.at(u, v) != 0) nearest = std::min(nearest, std::hypot(u - x, v - y));
      EXPECT_NEAR(distance.at(x, y), nearest, 1e-4) << x << ", " << y;
    }
}

TEST(Silhouette, FillsTheCentresInsideATriangle) {
  geometry::Mesh mesh;
  mesh.vertices.resize(3, 3);
  mesh.vertices << 0, 0, 1, 10, 0, 1, 0, 10, 1;
  mesh.faces.resize(1, 3);
  mesh.faces << 0, 1, 2;
  const ImageU8 filled = filled_silhouette(mesh, {12, 12, 1.0, 1.0, 0.25, 0.25});
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 12; ++x)
      EXPECT_EQ(filled.at(x, y) != 0, (x + 0.25) + (y + 0.25) < 10.0) << x << ", " << y;
  mesh.vertices(1, 2) = -1.0F;  // reaches behind the camera
  for (const auto pixel : filled_silhouette(mesh, {12, 12, 1.0, 1.0, 0.25, 0.25}).data) EXPECT_EQ(pixel, 0);
}

TEST(KeypointSkeleton, GivesThePointsOfTheSkinnedMesh) {
  Random random(6);
  const Synthetic s = synthetic(random, 0.0, 0.0, true);
  const std::vector<int> extra = {0, 777, model().vertex_count() - 1};
  const KeypointSkeleton skeleton(model().data(), extra);
  std::vector<Eigen::Matrix3d> rotations;
  for (Eigen::Index b = 0; b < s.pose.rotations.rows(); ++b) {
    const Eigen::Vector3d v = s.pose.rotations.row(b).transpose();
    rotations.emplace_back(
        Eigen::AngleAxisd(v.norm(), v.norm() > 0 ? v.normalized() : Eigen::Vector3d::UnitX()));
  }
  const auto points = skeleton.pose(skeleton.shape(s.phenotype, skeleton.point_count()), rotations).points;
  const PosedBody posed = model().pose(model().shape(s.phenotype), s.pose);
  ASSERT_EQ(points.rows(), kKeypointCount + 3);
  for (int k = 0; k < kKeypointCount; ++k)
    EXPECT_LT((points.row(k) - posed.keypoints.row(k)).norm(), 1e-5)
        << kKeypointNames[static_cast<std::size_t>(k)];
  for (std::size_t e = 0; e < extra.size(); ++e) {
    const Eigen::RowVector3d vertex = posed.vertices.row(extra[e]).cast<double>();
    EXPECT_LT((points.row(kKeypointCount + static_cast<Eigen::Index>(e)) - vertex).norm(), 1e-5);
  }
}

TEST(BodyFit, FindsStandingPeopleAtEveryFacing) {
  Random random(11);
  double sum = 0.0;
  int count = 0;
  for (int i = 0; i < 8; ++i) {
    const double yaw = -160.0 + 45.0 * i;
    const Synthetic s = synthetic(random, yaw, 1.5, false);
    const BodyFitSummary summary = fit_body(model(), s.input, {}, Progress());
    EXPECT_LT(summary.best.reprojection_rms_px, 4.0) << "yaw " << yaw;
    EXPECT_LT(angle_between(summary.best.facing_deg, yaw), 20.0) << "yaw " << yaw;
    ASSERT_TRUE(summary.runner_up.has_value()) << "yaw " << yaw;
    const double error = joint_error_m(s, summary.best);
    EXPECT_LT(error, 0.12) << "yaw " << yaw;
    sum += error;
    ++count;
    std::cout << "yaw " << yaw << ": rms " << summary.best.reprojection_rms_px << " px, joints "
              << 100.0 * error << " cm, facing " << summary.best.facing_deg << ", gap " << summary.objective_gap
              << ", " << summary.seconds << " s, " << summary.iterations << " iterations\n";
  }
  std::cout << "mean joint error " << 100.0 * sum / count << " cm\n";
}

TEST(BodyFit, FindsSeatedPeople) {
  Random random(12);
  for (const double yaw : {0.0, 50.0, -70.0}) {
    const Synthetic s = synthetic(random, yaw, 1.5, true);
    const BodyFitSummary summary = fit_body(model(), s.input, {}, Progress());
    EXPECT_LT(summary.best.reprojection_rms_px, 4.0) << "yaw " << yaw;
    EXPECT_LT(angle_between(summary.best.facing_deg, yaw), 20.0) << "yaw " << yaw;
    EXPECT_LT(joint_error_m(s, summary.best), 0.15) << "yaw " << yaw;
    std::cout << "seated, yaw " << yaw << ": joints " << 100.0 * joint_error_m(s, summary.best) << " cm\n";
  }
}

TEST(BodyFit, UnmarkedLegsStaySane) {
  Random random(13);
  Synthetic s = synthetic(random, 20.0, 1.0, false);
  for (std::size_t k = 13; k < kKeypointCount; ++k) s.input.keypoints[k] = {};
  const BodyFit fit = fit_body(model(), s.input, {}, Progress()).best;
  EXPECT_LT(fit.reprojection_rms_px, 4.0);
  for (const std::string side : {".L", ".R"}) {
    EXPECT_LT(fit.pose.rotations.row(model().bone_index("lowerleg01" + side)).norm(), 35.0 * kRadians);
    EXPECT_LT(fit.pose.rotations.row(model().bone_index("upperleg01" + side)).norm(), 40.0 * kRadians);
  }
  EXPECT_TRUE(std::isnan(fit.keypoint_error_px[15]));
  EXPECT_FALSE(std::isnan(fit.keypoint_error_px[5]));
}

TEST(BodyFit, KneesDoNotBendBackwards) {
  Random random(14);
  Synthetic s = synthetic(random, 90.0, 0.0, false);
  // Marks that only a knee bent the wrong way would meet: the person looks to the right, the shins go right
  // too.
  for (const std::size_t ankle : {15U, 16U}) s.input.keypoints[ankle].x += 120.0;
  for (std::size_t k = 17; k < kKeypointCount; ++k) s.input.keypoints[k].x += 120.0;
  const BodyFit fit = fit_body(model(), s.input, {}, Progress()).best;
  for (const std::string side : {".L", ".R"})
    EXPECT_GT(fit.pose.rotations(model().bone_index("lowerleg01" + side), 0), -15.0 * kRadians);
}

TEST(BodyFit, AWrongMarkIsOutvoted) {
  Random random(15);
  Synthetic s = synthetic(random, 30.0, 0.5, false);
  s.input.keypoints[3].x += 200.0;
  const BodyFit fit = fit_body(model(), s.input, {}, Progress()).best;
  EXPECT_GT(fit.keypoint_error_px[3], 100.0);
  EXPECT_LT(fit.keypoint_error_px[5], 8.0);
  EXPECT_LT(fit.keypoint_error_px[15], 8.0);
}

TEST(BodyFit, ADraggedJointIsFollowedFromTheLastFit) {
  Random random(16);
  Synthetic s = synthetic(random, 30.0, 0.5, false);
  const BodyFitSummary before = fit_body(model(), s.input, {}, Progress());
  const BodyFitSummary same = fit_body(model(), s.input, {}, Progress(), &before.best);
  EXPECT_EQ(same.starts, 1);
  EXPECT_LT(same.best.objective, before.best.objective * 1.05 + 0.1);
  s.input.keypoints[9].y -= 25.0;
  const BodyFitSummary after = fit_body(model(), s.input, {}, Progress(), &before.best);
  EXPECT_LT(after.best.keypoint_error_px[9], 10.0);
  EXPECT_LT(angle_between(after.best.facing_deg, before.best.facing_deg), 15.0);
  std::cout << "dragged: " << after.seconds << " s, from nothing " << before.seconds << " s\n";
}

TEST(BodyFit, TheMaskOfTheTruthIsCovered) {
  Random random(17);
  Synthetic s = synthetic(random, -30.0, 1.0, false);
  // The true body as splats of its vertices, 7 px wide.
  const auto posed = model().pose(model().shape(s.phenotype), s.pose);
  ImageU8 mask(800, 1000);
  for (Eigen::Index v = 0; v < posed.vertices.rows(); ++v) {
    const Eigen::Vector3d vertex = posed.vertices.row(v).transpose().cast<double>();
    const Eigen::Vector2d p = s.camera.project(s.photo_from_body * vertex);
    for (int y = -3; y <= 3; ++y)
      for (int x = -3; x <= 3; ++x) {
        const int column = static_cast<int>(p.x()) + x, row = static_cast<int>(p.y()) + y;
        if (column >= 0 && row >= 0 && column < 800 && row < 1000) mask.at(column, row) = 255;
      }
  }
  s.input.person_mask = mask;
  const BodyFit fit = fit_body(model(), s.input, {}, Progress()).best;
  ASSERT_TRUE(fit.mask_iou.has_value());
  EXPECT_GT(*fit.mask_iou, 0.75);
  std::cout << "mask overlap " << *fit.mask_iou << "\n";
}

TEST(BodyFit, SameInputsGiveTheSameBytes) {
  Random random(18);
  const Synthetic s = synthetic(random, 75.0, 2.0, false);
  const BodyFit a = fit_body(model(), s.input, {}, Progress()).best;
  const BodyFit b = fit_body(model(), s.input, {}, Progress()).best;
  EXPECT_EQ(a.objective, b.objective);
  EXPECT_TRUE((a.pose.rotations.array() == b.pose.rotations.array()).all());
  EXPECT_TRUE((a.photo_from_body.matrix().array() == b.photo_from_body.matrix().array()).all());
}

void expect_refused(const BodyFitInput& input, const std::string& word) {
  try {
    fit_body(model(), input, {}, Progress());
    FAIL() << "no error; expected one that says " << word;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
  }
}

TEST(BodyFit, BadInputIsRefusedInWords) {
  Random random(19);
  const Synthetic s = synthetic(random, 0.0, 0.0, false);
  BodyFitInput input = s.input;
  input.keypoints[7].x = std::numeric_limits<double>::quiet_NaN();
  expect_refused(input, "left_elbow");
  input = s.input;
  input.keypoints[16].y = 2500.0;
  expect_refused(input, "right_ankle");
  input = s.input;
  for (std::size_t k = 5; k < kKeypointCount; ++k) input.keypoints[k] = {};
  expect_refused(input, "only 5");
  input = s.input;
  for (const std::size_t k : {5U, 6U, 11U}) input.keypoints[k] = {};
  expect_refused(input, "torso");
  input = s.input;
  input.person_mask = ImageU8(10, 10);
  expect_refused(input, "mask");
  input = s.input;
  input.photo_width = 0;
  expect_refused(input, "photograph");
  input = s.input;
  input.focal_px = -1.0;
  expect_refused(input, "focal");
}

TEST(BodyFit, AStopIsHonoured) {
  Random random(20);
  const Synthetic s = synthetic(random, 0.0, 0.0, false);
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(fit_body(model(), s.input, {}, Progress({}, source.get_token())), Error);
}

TEST(BodyFit, ThePlacedSurfaceIsThatOfTheFit) {
  Random random(21);
  const Synthetic s = synthetic(random, 10.0, 0.0, false);
  const BodyFitSummary summary = fit_body(model(), s.input, {}, Progress());
  const PhotoBody body = photo_body_from_fit(model(), summary);
  EXPECT_EQ(body.mesh.vertices.rows(), model().vertex_count());
  EXPECT_EQ(body.canonical.vertices.rows(), model().vertex_count());
  EXPECT_EQ(body.vertex_parts.size(), static_cast<std::size_t>(model().vertex_count()));
  EXPECT_GT(body.mesh.vertices.col(2).minCoeff(), 1.0F);
  EXPECT_TRUE(body.fit.has_value());
}

TEST(BodyFit, TheManOfThePhotographStandsLeaningToTheRight) {
  const auto json =
      nlohmann::json::parse(std::ifstream(TACTUS_SOURCE_DIR "/resources/samples/camera/keypoints.json"));
  const auto marks = json.at("annotations").at(0).at("keypoints");
  BodyFitInput input;
  input.photo_width = input.photo_height = 512;
  for (std::size_t k = 0; k < kKeypointCount; ++k)
    input.keypoints[k] = {marks.at(3 * k).get<double>(), marks.at(3 * k + 1).get<double>(),
                          static_cast<Visibility>(marks.at(3 * k + 2).get<int>())};
  const BodyFitSummary summary = fit_body(model(), input, {}, Progress());
  std::cout << "photograph: rms " << summary.best.reprojection_rms_px << " px, facing "
            << summary.best.facing_deg << ", " << summary.seconds << " s\n";
  EXPECT_LT(summary.best.reprojection_rms_px, 15.0);
  EXPECT_GT(summary.best.facing_deg, 20.0);
  EXPECT_LT(summary.best.facing_deg, 110.0);
  // Upright, head above the pelvis, feet below.
  const auto points = model().pose_keypoints(model().shape(summary.best.phenotype), summary.best.pose);
  const auto height = [&](int k) { return (summary.best.photo_from_body * points.row(k).transpose()).y(); };
  EXPECT_LT(height(0), height(11) - 0.3);
  // No leg is marked: they hang down to the ground.
  EXPECT_GT(height(15), height(11) + 0.5);
  EXPECT_GT(height(16), height(12) + 0.5);
}

}  // namespace
}  // namespace tactus::body
