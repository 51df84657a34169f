// The fit over many synthetic people, and its parts: slopes, limits, facings, the person mask, cameras.
#include <gtest/gtest.h>

#include <iostream>

#include "fit_problem.h"
#include "silhouette.h"
#include "synthetic.h"
#include "tactus/error.h"

namespace tactus::body {
namespace {

double angle_between(double a, double b) { return std::abs(std::remainder(a - b, 360.0)); }

// Mean distance of the 12 joints in metres, after the depth and the size are made to agree: one picture cannot tell
// a small person nearby from a large one far off.
double joint_error_up_to_scale_m(const Synthetic& truth, const BodyFit& fit) {
  const auto points = model().pose_keypoints(model().shape(fit.phenotype), fit.pose);
  Eigen::Matrix<double, 12, 3> a, b;
  for (int k = 5; k <= 16; ++k) {
    a.row(k - 5) = (fit.photo_from_body * points.row(k).transpose()).transpose();
    b.row(k - 5) = truth.keypoints_photo.row(k);
  }
  a.rowwise() -= a.colwise().mean().eval();
  b.rowwise() -= b.colwise().mean().eval();
  const double scale = (a.array() * b.array()).sum() / a.squaredNorm();
  return (scale * a - b).rowwise().norm().mean();
}

ImageU8 mask_of(const Synthetic& s) {
  const PosedBody posed = model().pose(model().shape(s.phenotype), s.pose);
  return filled_silhouette({geometry::transform(s.photo_from_body, posed.vertices), model().faces()}, s.camera);
}

TEST(BodyFitSynthetic, FindsPeopleOfAllShapesInWidePoses) {
  Random random(61);
  double worst = 0.0, sum = 0.0, seconds = 0.0;
  constexpr int kPeople = 16;
  for (int i = 0; i < kPeople; ++i) {
    const Synthetic s = synthetic_wide(random);
    const BodyFitSummary summary = fit_body(model(), s.input, {}, Progress());
    const double error = joint_error_up_to_scale_m(s, summary.best);
    EXPECT_LT(summary.best.reprojection_rms_px, 6.0) << i;
    EXPECT_LT(angle_between(summary.best.facing_deg, s.yaw_deg), 25.0) << i;
    EXPECT_LT(error, 0.17) << i;
    ASSERT_TRUE(summary.runner_up.has_value()) << i;
    EXPECT_GT(angle_between(summary.best.facing_deg, summary.runner_up->facing_deg), 60.0) << i;
    EXPECT_GT(summary.objective_gap, 0.1) << i;
    EXPECT_NEAR(summary.objective_gap,
                (summary.runner_up->objective - summary.best.objective) / summary.best.objective, 1e-9);
    EXPECT_TRUE(summary.message.empty()) << summary.message;
    worst = std::max(worst, error);
    sum += error;
    seconds = std::max(seconds, summary.seconds);
  }
  EXPECT_LT(sum / kPeople, 0.08);
  std::cout << kPeople << " people: joints off by " << 100.0 * sum / kPeople << " cm on average, " << 100.0 * worst
            << " at most; " << seconds << " s at most\n";
}

TEST(BodyFitSynthetic, JointsMayBeMissing) {
  Random random(62);
  for (int i = 0; i < 8; ++i) {
    Synthetic s = synthetic_wide(random);
    // All but the torso, one knee and one wrist, by chance.
    int left_out = 0;
    for (std::size_t k = 0; k < kKeypointCount; ++k) {
      const bool needed = k == 5 || k == 6 || k == 11 || k == 12 || k == 9 || k == 14 || k == 0;
      if (needed || random.uniform() < 0.5) continue;
      s.input.keypoints[k] = {};
      ++left_out;
    }
    ASSERT_GT(left_out, 2);
    const BodyFitSummary summary = fit_body(model(), s.input, {}, Progress());
    EXPECT_LT(summary.best.reprojection_rms_px, 6.0) << i;
    EXPECT_LT(angle_between(summary.best.facing_deg, s.yaw_deg), 40.0) << i;
    for (std::size_t k = 0; k < kKeypointCount; ++k)
      EXPECT_EQ(std::isnan(summary.best.keypoint_error_px.at(k)),
                s.input.keypoints[k].visibility == Visibility::unknown);
  }
}

TEST(BodyFitSynthetic, UnmarkedLimbsKeepToThePrior) {
  Random random(63);
  Synthetic s = synthetic(random, 15.0, 0.5, false);
  // No arm of the right side below the shoulder.
  s.input.keypoints[8] = s.input.keypoints[10] = {};
  const FitProblem problem(model(), s.input, {});
  FitState state = problem.start(0.3, false);
  int iterations = 0;
  problem.minimise(state, {60, true, false}, iterations, Progress());
  for (std::size_t j = 0; j < problem.joints().size(); ++j) {
    const Joint& joint = problem.joints()[j];
    const std::string& bone = model().bones()[static_cast<std::size_t>(joint.bones.front())].name;
    if (bone == "lowerarm01.R" || bone == "upperarm01.R") {
      EXPECT_NEAR(state.angles[static_cast<Eigen::Index>(j)], joint.rest, 0.1 * joint.sigma) << bone;
    }
  }
}

TEST(BodyFitSynthetic, HiddenMarksPullLess) {
  Random random(64);
  Synthetic s = synthetic(random, 0.0, 0.0, false);
  s.input.keypoints[9].y -= 60.0;
  const double visible = fit_body(model(), s.input, {}, Progress()).best.keypoint_error_px[9];
  s.input.keypoints[9].visibility = Visibility::hidden;
  const double hidden = fit_body(model(), s.input, {}, Progress()).best.keypoint_error_px[9];
  BodyFitOptions options;
  options.hidden_keypoint_weight = 0.0;
  const double ignored = fit_body(model(), s.input, options, Progress()).best.keypoint_error_px[9];
  EXPECT_LT(visible, hidden);
  EXPECT_LT(hidden, ignored);
}

TEST(BodyFitSynthetic, LimitsAreNeverPassed) {
  Random random(65);
  for (int i = 0; i < 12; ++i) {
    // Marks without sense pull joints anywhere.
    BodyFitInput input;
    input.photo_width = input.photo_height = 600;
    for (auto& mark : input.keypoints) mark = {random.uniform(0, 600), random.uniform(0, 600), Visibility::visible};
    const FitProblem problem(model(), input, {});
    FitState state = i % 3 == 2 ? problem.chance(random) : problem.start(random.uniform(-3, 3), i % 3 == 1);
    const double before = problem.residuals(state, {0, true, false}).squaredNorm();
    int iterations = 0;
    const double after = problem.minimise(state, {40, true, false}, iterations, Progress());
    EXPECT_LT(after, before);
    int at_limit = 0;
    for (std::size_t j = 0; j < problem.joints().size(); ++j) {
      const double angle = state.angles[static_cast<Eigen::Index>(j)];
      EXPECT_GE(angle, problem.joints()[j].low);
      EXPECT_LE(angle, problem.joints()[j].high);
      at_limit += angle == problem.joints()[j].low || angle == problem.joints()[j].high ? 1 : 0;
    }
    EXPECT_GT(at_limit, 0);
    for (int k = 0; k < kPhenotypeCount; ++k) {
      EXPECT_GE(phenotype_field(state.phenotype, k), 0.0);
      EXPECT_LE(phenotype_field(state.phenotype, k), 1.0);
    }
    // The pose handed out says the same: knees bend backwards never, forward by at most 150°.
    const Pose pose = problem.pose_of(state);
    for (const std::string side : {".L", ".R"}) {
      const Eigen::RowVector3d knee = pose.rotations.row(model().bone_index("lowerleg01" + side));
      EXPECT_GE(knee.x(), -1e-9);
      EXPECT_LE(knee.x(), 150.0 * kRadians + 1e-9);
      EXPECT_LT(knee.tail<2>().norm(), 1e-9);
    }
  }
}

TEST(BodyFitSynthetic, SlopesAgreeWithDifferences) {
  Random random(66);
  double worst = 0.0;
  for (int i = 0; i < 6; ++i) {
    Synthetic s = synthetic_wide(random);
    if (i % 2 == 1) s.input.person_mask = mask_of(s);
    if (i % 3 == 2) s.input.keypoints[13] = s.input.keypoints[16] = {};   // shanks that hang
    s.input.keypoints[7].visibility = Visibility::hidden;
    const FitProblem problem(model(), s.input, {});
    FitState state = problem.chance(random);
    state.rotation = s.photo_from_body.rotation;
    for (int k = 0; k < kPhenotypeCount; ++k) phenotype_field(state.phenotype, k) = random.uniform(0.1, 0.4);
    for (std::size_t j = 0; j < problem.joints().size(); ++j) {
      const Joint& joint = problem.joints()[j];
      state.angles[static_cast<Eigen::Index>(j)] = joint.low + random.uniform(0.2, 0.8) * (joint.high - joint.low);
    }
    const FitProblem::Effort effort{0, i != 4, true};
    const Eigen::MatrixXd slopes = problem.jacobian(state, effort);
    ASSERT_EQ(slopes.cols(), problem.parameter_count(state, effort));
    for (Eigen::Index p = 0; p < slopes.cols(); ++p) {
      constexpr double kStep = 1e-7;
      Eigen::VectorXd step = Eigen::VectorXd::Zero(slopes.cols());
      step[p] = kStep;
      const Eigen::VectorXd difference = (problem.residuals(problem.moved(state, step, effort), effort) -
                                          problem.residuals(problem.moved(state, -step, effort), effort)) /
                                         (2.0 * kStep);
      const double scale = 1.0 + slopes.col(p).cwiseAbs().maxCoeff();
      const double off = (slopes.col(p) - difference).cwiseAbs().maxCoeff() / scale;
      EXPECT_LT(off, 1e-4) << "person " << i << ", parameter " << p;
      worst = std::max(worst, off);
    }
  }
  std::cout << "slopes off by at most " << worst << " of the largest\n";
}

TEST(BodyFitSynthetic, ThePersonMaskImprovesTheOverlap) {
  Random random(67);
  double with_sum = 0.0, without_sum = 0.0;
  constexpr int kPeople = 8;
  for (int i = 0; i < kPeople; ++i) {
    Synthetic s = synthetic_wide(random);
    s.phenotype.weight = 0.15;   // the default is wider than the mask
    photograph(s, random, 1.5);
    s.input.person_mask = mask_of(s);
    BodyFitOptions none;
    none.silhouette_weight = 0.0;
    const double with = fit_body(model(), s.input, {}, Progress()).best.mask_iou.value();
    const double without = fit_body(model(), s.input, none, Progress()).best.mask_iou.value();
    EXPECT_GT(with, without - 0.01) << i;
    EXPECT_GT(with, 0.8) << i;
    with_sum += with;
    without_sum += without;
  }
  EXPECT_GT(with_sum, without_sum + 0.01 * kPeople);
  std::cout << "overlap with the mask's term " << with_sum / kPeople << ", without " << without_sum / kPeople << "\n";
}

TEST(BodyFitSynthetic, AKnownFocalLengthGivesTheDepth) {
  Random random(68);
  for (int i = 0; i < 5; ++i) {
    Synthetic s = synthetic(random, random.uniform(-60, 60), 1.0, false);
    s.phenotype = {};   // people of the usual size, else height and depth cannot be told apart
    photograph(s, random, 1.0);
    const BodyFit known = fit_body(model(), s.input, {}, Progress()).best;
    const double depth = s.photo_from_body.translation.z();
    EXPECT_EQ(known.camera.focal_x, 1100.0);
    EXPECT_NEAR(known.photo_from_body.translation.z(), depth, 0.06 * depth) << i;
    s.input.focal_px.reset();
    const BodyFit assumed = fit_body(model(), s.input, {}, Progress()).best;
    const double focal = 0.5 * 1000.0 / std::tan(22.5 * kRadians);   // 45° over the longer side
    EXPECT_NEAR(assumed.camera.focal_x, focal, 1e-9);
    EXPECT_LT(assumed.reprojection_rms_px, 4.0) << i;
    EXPECT_NEAR(assumed.photo_from_body.translation.z(), depth * focal / 1100.0, 0.12 * depth) << i;
    BodyFitOptions narrow;
    narrow.vertical_fov_deg = 20.0;
    EXPECT_GT(fit_body(model(), s.input, narrow, Progress()).best.photo_from_body.translation.z(), 1.8 * depth) << i;
  }
}

TEST(BodyFitSynthetic, AnUncertainFacingIsSaid) {
  // From the side, joints of both sides marked at one place, nothing of face and feet: either profile will do.
  Random random(69);
  Synthetic s = synthetic(random, 90.0, 0.0, false);
  s.pose = model().rest_pose();
  photograph(s, random, 0.0);
  for (std::size_t k = 0; k < kKeypointCount; ++k)
    if (k < 5 || k > 16 || (k > 6 && k < 11)) s.input.keypoints[k] = {};
  double middle = 0.0;
  for (const std::size_t k : {5U, 6U, 11U, 12U, 13U, 14U, 15U, 16U}) middle += s.input.keypoints[k].x / 8.0;
  for (const std::size_t k : {5U, 11U, 13U, 15U}) {
    s.input.keypoints[k].x = s.input.keypoints[k + 1].x = middle;
    s.input.keypoints[k].y = s.input.keypoints[k + 1].y = 0.5 * (s.input.keypoints[k].y + s.input.keypoints[k + 1].y);
  }
  const BodyFitSummary summary = fit_body(model(), s.input, {}, Progress());
  ASSERT_TRUE(summary.runner_up.has_value());
  EXPECT_GT(angle_between(summary.best.facing_deg, summary.runner_up->facing_deg), 120.0);
  EXPECT_LT(summary.objective_gap, 0.1);
  EXPECT_NE(summary.message.find("uncertain"), std::string::npos) << summary.message;
}

TEST(BodyFitSynthetic, LyingPeopleAreFound) {
  Random random(70);
  for (const double roll : {90.0, -90.0, 180.0, 150.0}) {
    Synthetic s = synthetic(random, random.uniform(-40, 40), 1.0, false);
    s.photo_from_body.rotation =
        Eigen::AngleAxisd(roll * kRadians, Eigen::Vector3d::UnitZ()).toRotationMatrix() * s.photo_from_body.rotation;
    photograph(s, random, 1.0);
    const BodyFitSummary summary = fit_body(model(), s.input, {}, Progress());
    EXPECT_LT(summary.best.reprojection_rms_px, 8.0) << roll;
    EXPECT_LT(joint_error_up_to_scale_m(s, summary.best), 0.15) << roll;
  }
}

TEST(BodyFitSynthetic, TheSeedDrawsTheFurtherStarts) {
  Random random(71);
  BodyFitInput input;
  input.photo_width = input.photo_height = 600;
  for (auto& mark : input.keypoints) mark = {random.uniform(0, 600), random.uniform(0, 600), Visibility::visible};
  BodyFitOptions options;
  const BodyFitSummary a = fit_body(model(), input, options, Progress()), b = fit_body(model(), input, options, Progress());
  EXPECT_GT(a.starts, 16);
  EXPECT_EQ(a.iterations, b.iterations);
  EXPECT_EQ(a.best.objective, b.best.objective);
  EXPECT_TRUE((a.best.pose.rotations.array() == b.best.pose.rotations.array()).all());
  EXPECT_NE(a.message.find("poorly"), std::string::npos) << a.message;
  options.seed = 7;
  EXPECT_NE(fit_body(model(), input, options, Progress()).iterations, a.iterations);
}

TEST(BodyFitSynthetic, NoIterationsLeaveTheBestTrial) {
  Random random(72);
  const Synthetic s = synthetic(random, 20.0, 1.0, false);
  BodyFitOptions options;
  options.max_iterations = 0;
  const BodyFitSummary summary = fit_body(model(), s.input, options, Progress());
  EXPECT_GT(summary.best.objective, 0.0);
  EXPECT_LT(angle_between(summary.best.facing_deg, 20.0), 40.0);
}

}  // namespace
}  // namespace tactus::body
