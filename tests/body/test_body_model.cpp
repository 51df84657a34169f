// The body against the Python package anny, whose results make_anny_fixtures.py wrote down, and its parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <numbers>

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

TEST(BodyModel, FixturesReachBothEndsOfEverySlider) {
  const auto phenotypes = io::Fixture("anny_poses.npz")["phenotype"];
  for (std::size_t field = 0; field < 6; ++field) {
    double low = 1e9, high = -1e9;
    for (std::size_t c = 0; c < static_cast<std::size_t>(phenotypes.shape.at(0)); ++c) {
      low = std::min(low, phenotypes.values.at(6 * c + field));
      high = std::max(high, phenotypes.values.at(6 * c + field));
    }
    EXPECT_LE(low, field == 1 ? -0.33 : 0.0) << field;
    EXPECT_GE(high, 1.0) << field;
  }
}

double stature(const ShapedBody& body) {
  return static_cast<double>(body.rest_vertices.col(1).maxCoeff() - body.rest_vertices.col(1).minCoeff());
}

double volume(const geometry::Vertices& vertices) {
  double sum = 0.0;
  for (Eigen::Index f = 0; f < model().faces().rows(); ++f) {
    const auto corner = [&](int k) -> Eigen::Vector3d {
      return vertices.row(model().faces()(f, k)).transpose().cast<double>();
    };
    sum += corner(0).dot(corner(1).cross(corner(2))) / 6.0;
  }
  return sum;
}

TEST(BodyModel, SlidersDoWhatTheirNamesSay) {
  const auto shape = [](double Phenotype::*field, double value) {
    Phenotype p;
    p.*field = value;
    return model().shape(p);
  };
  EXPECT_GT(stature(shape(&Phenotype::height, 1.0)), stature(shape(&Phenotype::height, 0.0)) + 0.2);
  const auto volume_at = [&](double Phenotype::*field, double value) { return volume(shape(field, value).rest_vertices); };
  EXPECT_GT(volume_at(&Phenotype::weight, 1.0), 1.2 * volume_at(&Phenotype::weight, 0.0));
  EXPECT_LT(volume_at(&Phenotype::muscle, 1.0), 0.95 * volume_at(&Phenotype::muscle, 0.0));   // leaner
  EXPECT_GT(stature(shape(&Phenotype::gender, 0.0)), stature(shape(&Phenotype::gender, 1.0)) + 0.05);   // 0 is male
  const double ages[] = {-1.0 / 3.0, 0.0, 1.0 / 3.0, 2.0 / 3.0};
  for (int i = 0; i < 3; ++i)
    EXPECT_GT(stature(shape(&Phenotype::age, ages[i + 1])), stature(shape(&Phenotype::age, ages[i])) + 0.1) << i;
  const auto ideal = shape(&Phenotype::proportions, 0.0), uncommon = shape(&Phenotype::proportions, 1.0);
  EXPECT_GT((ideal.rest_vertices - uncommon.rest_vertices).rowwise().norm().maxCoeff(), 0.01F);
  const ShapedBody adult = model().shape({});
  EXPECT_NEAR(stature(adult), 1.8, 0.1);
  EXPECT_NEAR(volume(adult.rest_vertices), 0.068, 0.02);   // m³; positive: the faces look outward
  EXPECT_LT(adult.rest_heads.row(0).norm(), 1e-9);
}

// Extremes of a part's vertices along an axis of frame body, in the rest pose.
struct Extent {
  int vertices = 0;
  Eigen::Vector3d low = Eigen::Vector3d::Constant(1e9), high = Eigen::Vector3d::Constant(-1e9),
                  mean = Eigen::Vector3d::Zero();
};

std::map<std::string, Extent> extents(const ShapedBody& body) {
  std::map<std::string, Extent> all;
  for (int v = 0; v < model().vertex_count(); ++v) {
    const Eigen::Vector3d p = body.rest_vertices.row(v).transpose().cast<double>();
    Extent& extent = all[model().part_names().at(model().vertex_parts().at(static_cast<std::size_t>(v)))];
    ++extent.vertices;
    extent.low = extent.low.cwiseMin(p);
    extent.high = extent.high.cwiseMax(p);
    extent.mean += p;
  }
  for (auto& [name, extent] : all) extent.mean /= extent.vertices;
  return all;
}

TEST(BodyParts, LieOnTheSideTheirNamesSay) {
  const auto parts = extents(model().shape({}));
  constexpr double kMiddle = 0.005;   // parts may meet in the middle
  int sided = 0;
  for (const auto& [name, extent] : parts) {
    if (name.starts_with("left ")) {
      EXPECT_GT(extent.low.x(), -kMiddle) << name;
      ++sided;
    } else if (name.starts_with("right ")) {
      EXPECT_LT(extent.high.x(), kMiddle) << name;
      ++sided;
    } else {
      EXPECT_LT(extent.low.x(), -0.02) << name;
      EXPECT_GT(extent.high.x(), 0.02) << name;
    }
  }
  EXPECT_GE(sided, 20);
  const auto at = [&](const std::string& name) -> Eigen::Vector3d {
    const auto found = parts.find(name);
    EXPECT_NE(found, parts.end()) << name;
    return found == parts.end() ? Eigen::Vector3d::Zero() : found->second.mean;
  };
  for (const std::string side : {"left ", "right "}) {
    // From the feet up, and from the shoulder out.
    const char* up[] = {"sole", "foot", "lower leg", "thigh", "buttock"};
    for (int i = 0; i + 1 < 5; ++i) EXPECT_LT(at(side + up[i]).y(), at(side + up[i + 1]).y()) << side << up[i];
    const char* out[] = {"shoulder", "upper arm", "forearm", "hand", "fingers"};
    for (int i = 0; i + 1 < 5; ++i)
      EXPECT_LT(std::abs(at(side + out[i]).x()), std::abs(at(side + out[i + 1]).x())) << side << out[i];
    EXPECT_GT(at(side + "hip").z(), at(side + "buttock").z() + 0.03);
  }
  EXPECT_GT(at("chest").z(), at("upper back").z() + 0.05);
  EXPECT_GT(at("abdomen").z(), at("lower back").z() + 0.05);
  EXPECT_GT(at("face").z(), at("head").z() + 0.03);
  EXPECT_GT(at("head").y(), at("neck").y());
  EXPECT_GT(at("neck").y(), at("chest").y());
  EXPECT_GT(at("chest").y(), at("abdomen").y());
}

TEST(BodyParts, AreMirrored) {
  const ShapedBody body = model().shape({});
  const auto counts = extents(body);
  for (const auto& [name, extent] : counts) {
    if (!name.starts_with("left ")) continue;
    const auto other = counts.find("right " + name.substr(5));
    ASSERT_NE(other, counts.end()) << name;
    EXPECT_EQ(extent.vertices, other->second.vertices) << name;
    EXPECT_LT((extent.mean - Eigen::Vector3d(-1, 1, 1).cwiseProduct(other->second.mean)).norm(), 0.002) << name;
  }
  // Vertex by vertex, on a sample: the nearest vertex to the mirror image bears the mirrored name.
  int right = 0, all = 0;
  for (int v = 0; v < model().vertex_count(); v += 7) {
    const Eigen::RowVector3f mirrored = body.rest_vertices.row(v).cwiseProduct(Eigen::RowVector3f(-1, 1, 1));
    Eigen::Index nearest = 0;
    (body.rest_vertices.rowwise() - mirrored).rowwise().squaredNorm().minCoeff(&nearest);
    const auto name_of = [&](Eigen::Index i) {
      return model().part_names()[model().vertex_parts()[static_cast<std::size_t>(i)]];
    };
    std::string wanted = name_of(v);
    if (wanted.starts_with("left ")) wanted = "right " + wanted.substr(5);
    else if (wanted.starts_with("right ")) wanted = "left " + wanted.substr(6);
    right += name_of(nearest) == wanted ? 1 : 0;
    ++all;
  }
  EXPECT_GT(right, 0.995 * all) << right << " of " << all;
}

TEST(Keypoints, LieWhereTheirNamesSay) {
  const ShapedBody body = model().shape({});
  const auto points = model().pose_keypoints(body, model().rest_pose());
  const auto index = [](const std::string& name) {
    const auto found = std::find(kKeypointNames.begin(), kKeypointNames.end(), name);
    EXPECT_NE(found, kKeypointNames.end()) << name;
    return static_cast<Eigen::Index>(found - kKeypointNames.begin());
  };
  for (Eigen::Index k = 0; k < kKeypointCount; ++k) {
    const std::string name(kKeypointNames[static_cast<std::size_t>(k)]);
    if (name == "nose") {
      EXPECT_NEAR(points(k, 0), 0.0, 0.005);
    } else if (name.starts_with("left_")) {
      const Eigen::Index other = index("right_" + name.substr(5));
      EXPECT_GT(points(k, 0), 0.02) << name;
      EXPECT_LT((points.row(k).cwiseProduct(Eigen::RowVector3d(-1, 1, 1)) - points.row(other)).norm(), 0.005) << name;
    }
  }
  const auto y = [&](const std::string& name) { return points(index(name), 1); };
  const auto z = [&](const std::string& name) { return points(index(name), 2); };
  const char* down[] = {"nose", "left_shoulder", "left_hip", "left_knee", "left_ankle", "left_heel"};
  for (int i = 0; i + 1 < 6; ++i) EXPECT_GT(y(down[i]), y(down[i + 1])) << down[i];
  EXPECT_GT(z("nose"), z("left_ear") + 0.05);
  EXPECT_GT(z("left_big_toe"), z("left_heel") + 0.1);
  EXPECT_LT(points(index("left_big_toe"), 0), points(index("left_small_toe"), 0));
}

TEST(Bones, OnTheLeftEndInL) {
  const ShapedBody body = model().shape({});
  int pairs = 0;
  for (std::size_t b = 0; b < model().bones().size(); ++b) {
    const std::string& name = model().bones()[b].name;
    if (!name.ends_with(".L")) continue;
    const Eigen::RowVector3d left = body.rest_heads.row(static_cast<Eigen::Index>(b));
    const Eigen::RowVector3d right = body.rest_heads.row(model().bone_index(name.substr(0, name.size() - 1) + "R"));
    EXPECT_GE(left.x(), -0.01) << name;
    EXPECT_LT((left.cwiseProduct(Eigen::RowVector3d(-1, 1, 1)) - right).norm(), 0.01) << name;
    ++pairs;
  }
  EXPECT_GT(pairs, 50);
  EXPECT_THROW(model().bone_index("tail"), Error);
}

TEST(BodyModel, PosesOfAnotherSizeAreRefused) {
  Pose pose = model().rest_pose();
  pose.rotations.conservativeResize(5, 3);
  EXPECT_THROW(model().pose(model().shape({}), pose), Error);
  EXPECT_THROW(model().pose_keypoints(model().shape({}), pose), Error);
}

TEST(BodyModel, VitruvianLegsSpreadByThirtyDegrees) {
  const ShapedBody body = model().shape({});
  const auto rest = model().pose_keypoints(body, model().rest_pose());
  const auto spread = model().pose_keypoints(body, model().vitruvian_pose());
  constexpr int kLeftHip = 11, kRightHip = 12, kLeftAnkle = 15, kRightAnkle = 16;
  const auto lean = [](const auto& points, int hip, int ankle) {
    return std::atan2(points(ankle, 0) - points(hip, 0), points(hip, 1) - points(ankle, 1)) * 180.0 / std::numbers::pi;
  };
  EXPECT_NEAR(lean(spread, kLeftHip, kLeftAnkle) - lean(rest, kLeftHip, kLeftAnkle), 30.0, 2.5);
  EXPECT_NEAR(lean(spread, kRightHip, kRightAnkle) - lean(rest, kRightHip, kRightAnkle), -30.0, 2.5);
  for (int k = 0; k < 11; ++k) EXPECT_LT((spread.row(k) - rest.row(k)).norm(), 1e-9) << k;
}

}  // namespace
}  // namespace tactus::body
