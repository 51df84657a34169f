// The body against the Python package anny, whose results make_anny_fixtures.py wrote down, and its parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "fixture.h"
#include "tactus/body/body_model.h"
#include "tactus/body/body_model_data.h"
#include "tactus/error.h"
#include "tactus/io/body_files.h"

namespace tactus::body {
namespace {

const BodyModel& model() {
  static const BodyModel the_model(
      io::read_body_model(std::filesystem::path(TACTUS_BINARY_DIR) / "share/tactus/body.tbm"));
  return the_model;
}

// Largest distance in metres from `points`, rows 3 · first … of the fixture's array.
double farthest(const io::NumericArray& wanted, std::size_t first, const Eigen::MatrixX3d& points) {
  double most = 0.0;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const double* p = wanted.values.data() + 3 * (first + static_cast<std::size_t>(i));
    most = std::max(most, (points.row(i) - Eigen::RowVector3d(p[0], p[1], p[2])).norm());
  }
  return most;
}

TEST(BodyModel, PosesAsThePythonPackageDoes) {
  const io::Fixture fixture("anny_poses.npz");
  const auto phenotypes = fixture["phenotype"], poses = fixture["pose"], vertices = fixture["vertices"],
             heads = fixture["heads"], keypoints = fixture["keypoints"], sample = fixture["sample"],
             names = fixture["bone_names"];
  ASSERT_EQ(fixture["vertex_count"].values.at(0), model().vertex_count());
  const std::string all_names(names.values.begin(), names.values.end());
  std::string ours;
  for (const auto& bone : model().bones()) ours += (ours.empty() ? "" : "\n") + bone.name;
  ASSERT_EQ(std::count(all_names.begin(), all_names.end(), '\n'), std::count(ours.begin(), ours.end(), '\n'));

  // The same bones, not always in the same order.
  std::vector<int> bone_of_row;
  for (std::size_t at = 0; at < all_names.size();) {
    const auto end = std::min(all_names.find('\n', at), all_names.size());
    bone_of_row.push_back(model().bone_index(all_names.substr(at, end - at)));
    at = end + 1;
  }
  const std::size_t cases = static_cast<std::size_t>(phenotypes.shape.at(0)), bones = bone_of_row.size(),
                    samples = sample.values.size();
  ASSERT_GE(cases, 12U);
  ASSERT_EQ(bones, model().bones().size());
  double vertex_worst = 0.0, head_worst = 0.0, keypoint_worst = 0.0;
  for (std::size_t c = 0; c < cases; ++c) {
    const double* p = phenotypes.values.data() + 6 * c;
    const ShapedBody shaped = model().shape({p[0], p[1], p[2], p[3], p[4], p[5]});
    Pose pose = model().rest_pose();
    for (std::size_t b = 0; b < bones; ++b) {
      const double* r = poses.values.data() + 3 * (c * bones + b);
      pose.rotations.row(bone_of_row[b]) = Eigen::RowVector3d(r[0], r[1], r[2]);
    }
    const PosedBody posed = model().pose(shaped, pose);
    Eigen::MatrixX3d sampled(static_cast<Eigen::Index>(samples), 3), posed_heads(static_cast<Eigen::Index>(bones), 3);
    for (std::size_t s = 0; s < samples; ++s)
      sampled.row(static_cast<Eigen::Index>(s)) =
          posed.vertices.row(static_cast<Eigen::Index>(sample.values[s])).cast<double>();
    for (std::size_t b = 0; b < bones; ++b) {
      const auto bone = static_cast<std::size_t>(bone_of_row[b]);
      const Eigen::Vector3d rest = shaped.rest_heads.row(bone_of_row[b]).transpose();
      posed_heads.row(static_cast<Eigen::Index>(b)) = (posed.posed_from_rest[bone] * rest).transpose();
    }
    const double v = farthest(vertices, c * samples, sampled), h = farthest(heads, c * bones, posed_heads),
                 k = farthest(keypoints, c * kKeypointCount, posed.keypoints);
    EXPECT_LT(v, 1e-4) << "vertices of case " << c;
    EXPECT_LT(h, 1e-4) << "bone heads of case " << c;
    EXPECT_LT(k, 1e-4) << "keypoints of case " << c;
    EXPECT_LT((model().pose_keypoints(shaped, pose) - posed.keypoints).cwiseAbs().maxCoeff(), 1e-9);
    vertex_worst = std::max(vertex_worst, v);
    head_worst = std::max(head_worst, h);
    keypoint_worst = std::max(keypoint_worst, k);
  }
  std::cout << cases << " cases: vertices off by at most " << vertex_worst << " m, bone heads " << head_worst
            << " m, keypoints " << keypoint_worst << " m\n";
}

}  // namespace
}  // namespace tactus::body
