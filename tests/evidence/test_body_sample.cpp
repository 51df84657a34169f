#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "standing.h"
#include "tactus/error.h"
#include "tactus/random.h"

namespace tactus::evidence {
namespace {

std::string part_of(int s) { return sample().part_names[sample().parts[static_cast<std::size_t>(s)]]; }
bool is_side(const std::string& part, const char* side) { return part.rfind(side, 0) == 0; }

TEST(BodySample, HasTheAskedNumberOfDifferentVertices) {
  const BodySample& s = sample();
  EXPECT_EQ(s.size(), 2400);
  EXPECT_EQ(std::set<int>(s.vertices.begin(), s.vertices.end()).size(), 2400u);
  EXPECT_EQ(s.cluster_count, 64);
  const BodySample small = make_body_sample(model(), {301, 1.0, 17});
  EXPECT_EQ(small.size(), 301);
  EXPECT_EQ(small.cluster_count, 17);
}

TEST(BodySample, IsTheSameEachTime) {
  const BodySample again = make_body_sample(model());
  EXPECT_EQ(again.vertices, sample().vertices);
  EXPECT_EQ(again.cluster, sample().cluster);
  EXPECT_EQ(again.near_weights, sample().near_weights);
  EXPECT_EQ(again.full_weights, sample().full_weights);
}

TEST(BodySample, CoversTheSkinAndHandsMoreDensely) {
  double worst_hand = 0.0, worst_rest = 0.0;
  const geometry::Vertices rest = model().shape({}).rest_vertices;
  for (int v = 0; v < model().vertex_count(); ++v) {
    const std::string& part = model().part_names()[model().vertex_parts()[static_cast<std::size_t>(v)]];
    const double d = std::sqrt((sample().rest.rowwise() - rest.row(v)).rowwise().squaredNorm().minCoeff());
    double& worst = part.find("hand") != std::string::npos || part.find("finger") != std::string::npos ? worst_hand : worst_rest;
    worst = std::max(worst, d);
  }
  EXPECT_LT(worst_rest, 0.045);
  EXPECT_LT(worst_hand, 0.8 * worst_rest);
}

TEST(BodySample, MirroredPairsLieOnBothSides) {
  const BodySample& s = sample();
  int alone = 0;
  for (int i = 0; i < s.size(); ++i) {
    const int m = s.mirror[static_cast<std::size_t>(i)];
    ASSERT_EQ(s.mirror[static_cast<std::size_t>(m)], i);
    const Eigen::RowVector3f wanted(-s.rest(i, 0), s.rest(i, 1), s.rest(i, 2));
    if (m != i) {
      ASSERT_LT((s.rest.row(m) - wanted).norm(), 2e-3F);
    } else if (std::abs(s.rest(i, 0)) > 2e-3F) {
      ++alone;
    }
    if (is_side(part_of(i), "left ")) { ASSERT_EQ(part_of(m), "right " + part_of(i).substr(5)); }
  }
  EXPECT_LE(alone, 5);
}

TEST(BodySample, ClustersHaveMembersAndSmallerOnesOnTheHands) {
  const BodySample& s = sample();
  std::vector<int> members(64, 0), of_hands(64, 0);
  for (int i = 0; i < s.size(); ++i) {
    const auto c = static_cast<std::size_t>(s.cluster[static_cast<std::size_t>(i)]);
    ASSERT_LT(c, 64u);
    ++members[c];
    of_hands[c] += part_of(i).find("hand") != std::string::npos || part_of(i).find("finger") != std::string::npos;
    ASSERT_NEAR(s.near_weights.row(i).sum(), 1.0F, 1e-5F);
    ASSERT_GE(s.near_weights.row(i).minCoeff(), 0.0F);
    for (int k = 0; k < 3; ++k) ASSERT_TRUE(s.near_clusters(i, k) >= 0 && s.near_clusters(i, k) < 64);
    ASSERT_NE(s.near_clusters(i, 0), s.near_clusters(i, 1));
  }
  int hands = 0;
  for (std::size_t c = 0; c < 64; ++c) {
    EXPECT_GT(members[c], 0);
    hands += 2 * of_hands[c] > members[c];
  }
  EXPECT_GE(hands, 8);
}

TEST(BodySample, KnowsTheNearestKeypoint) {
  for (int i = 0; i < sample().size(); ++i) {
    const std::string name(body::kKeypointNames[sample().keypoint[static_cast<std::size_t>(i)]]);
    if (part_of(i) == "left fingers") { ASSERT_EQ(name, "left_wrist"); }
    if (part_of(i) == "right lower leg") { ASSERT_TRUE(name == "right_knee" || name == "right_ankle" || name == "right_heel") << name; }
  }
}

TEST(BodySample, ConstantsStayConstant) {
  const Eigen::VectorXf all = to_all_vertices(sample(), Eigen::VectorXf::Constant(sample().size(), 0.7F));
  ASSERT_EQ(all.size(), model().vertex_count());
  EXPECT_NEAR(all.minCoeff(), 0.7F, 1e-5F);
  EXPECT_NEAR(all.maxCoeff(), 0.7F, 1e-5F);
  EXPECT_THROW(to_all_vertices(sample(), Eigen::VectorXf::Zero(7)), Error);
}

TEST(BodySample, SmoothValuesComeOutClose) {
  const geometry::Vertices rest = model().shape({}).rest_vertices;
  const auto value = [](const Eigen::RowVector3f& p) { return std::sin(3.0F * p.x()) + std::cos(4.0F * p.y()) * p.z(); };
  Eigen::VectorXf values(sample().size());
  for (int i = 0; i < sample().size(); ++i) values[i] = value(sample().rest.row(i));
  const Eigen::VectorXf all = to_all_vertices(sample(), values);
  double squared = 0.0;
  for (int v = 0; v < model().vertex_count(); ++v) squared += std::pow(all[v] - value(rest.row(v)), 2);
  EXPECT_LT(std::sqrt(squared / model().vertex_count()), 0.035);
  for (int i = 0; i < sample().size(); ++i)   // and at its own points they are the values
    ASSERT_NEAR(all[sample().vertices[static_cast<std::size_t>(i)]], values[i], 2e-2F);
}

TEST(BodySample, OneSideNeverSpeaksForTheOther) {
  Eigen::VectorXf left(sample().size());
  for (int i = 0; i < sample().size(); ++i) left[i] = is_side(part_of(i), "left ") ? 1.0F : 0.0F;
  const Eigen::VectorXf all = to_all_vertices(sample(), left);
  for (int v = 0; v < model().vertex_count(); ++v) {
    const std::string& part = model().part_names()[model().vertex_parts()[static_cast<std::size_t>(v)]];
    if (is_side(part, "right ")) { ASSERT_EQ(all[v], 0.0F) << part; }
    if (part == "left hand" || part == "left fingers") { ASSERT_NEAR(all[v], 1.0F, 1e-5F); }
  }
}

TEST(BodySample, IsItselfOnItsOwnBody) { EXPECT_EQ(sample_on(sample(), model(), standing()), sample().vertices); }

// Another order, fewer vertices, 10 % taller.
TEST(BodySample, FindsItsPointsOnAnotherMesh) {
  body::PhotoBody body = standing();
  const int count = model().vertex_count();
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Random random(3);
  for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(static_cast<std::uint32_t>(i + 1))]);
  std::vector<int> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) place[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  geometry::Mesh& mesh = body.canonical;
  const geometry::Vertices before = mesh.vertices;
  for (int v = 0; v < count; ++v) mesh.vertices.row(place[static_cast<std::size_t>(v)]) = 1.1F * before.row(v);
  for (Eigen::Index f = 0; f < mesh.faces.rows(); ++f)
    for (int k = 0; k < 3; ++k) mesh.faces(f, k) = place[static_cast<std::size_t>(mesh.faces(f, k))];
  const std::vector<int> found = sample_on(sample(), model(), body);
  ASSERT_EQ(found.size(), sample().vertices.size());
  int exact = 0;
  for (std::size_t i = 0; i < found.size(); ++i) exact += found[i] == place[static_cast<std::size_t>(sample().vertices[i])];
  EXPECT_GT(exact, 2350);   // vertices of eyes and lips coincide
}

// Arms level, as other makes hold them: hands are still found on hands.
TEST(BodySample, FindsHandsOfABodyWithLevelArms) {
  body::Pose pose = model().vitruvian_pose();
  pose.rotations(model().bone_index("upperarm01.L"), 2) = 0.75;
  pose.rotations(model().bone_index("upperarm01.R"), 2) = -0.75;
  body::PhotoBody body = standing();
  body.canonical.vertices = model().pose(model().shape({}), pose).vertices;
  body.canonical.faces = body.canonical.faces.colwise().reverse().eval();   // not the model's own mesh
  const std::vector<int> found = sample_on(sample(), model(), body);
  int right_part = 0, all = 0;
  for (int i = 0; i < sample().size(); ++i) {
    if (part_of(i) != "left fingers" && part_of(i) != "right hand") continue;
    ++all;
    const std::string& part = model().part_names()[model().vertex_parts()[static_cast<std::size_t>(found[static_cast<std::size_t>(i)])]];
    right_part += part.substr(0, part.find(' ')) == part_of(i).substr(0, part_of(i).find(' ')) &&
                  (part.find("hand") != std::string::npos || part.find("finger") != std::string::npos);
  }
  EXPECT_GT(right_part, 0.9 * all);
}

TEST(BodySample, RefusesImpossibleNumbers) {
  EXPECT_THROW(make_body_sample(model(), {2, 1.0, 2}), Error);
  EXPECT_THROW(make_body_sample(model(), {100000, 1.0, 64}), Error);
  EXPECT_THROW(make_body_sample(model(), {100, 1.0, 101}), Error);
  EXPECT_THROW(make_body_sample(model(), {100, 0.0, 10}), Error);
}

}  // namespace
}  // namespace tactus::evidence
