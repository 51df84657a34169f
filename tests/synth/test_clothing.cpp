// Clothes of made people: how far they stand off the skin, and where not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "clothing.h"
#include "few_people.h"

namespace tactus::synth {
namespace {

const SceneMaker& people() {
  static const SceneMaker m = few_people(2);
  return m;
}

TEST(Clothes, AreThinOrThickAndLeaveFacesAndHandsBare) {
  const Scene scene = people().make(4);
  const body::BodyModel& model = people().body_model();
  int thin = 0, coats = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const Clothes clothes = dress(model, *scene.shaped, 1.0, random);
    ASSERT_EQ(clothes.thickness.size(), static_cast<std::size_t>(scene.vertices.rows()));
    std::size_t thick = 0;
    for (std::size_t v = 0; v < clothes.thickness.size(); ++v) {
      EXPECT_GE(clothes.thickness[v], 0.0F);
      EXPECT_LE(clothes.thickness[v], 0.08F);
      thick += clothes.thickness[v] > 0.015F ? 1 : 0;
      EXPECT_TRUE(clothes.layer[v] != 0 || clothes.thickness[v] == 0.0F);
      EXPECT_TRUE(clothes.layer[v] == 0 || model.part_names()[model.vertex_parts()[v]] != "face");
    }
    const double share = static_cast<double>(thick) / static_cast<double>(clothes.thickness.size());
    thin += share < 0.02 ? 1 : 0;
    coats += share > 0.15 ? 1 : 0;
  }
  EXPECT_GT(thin, 15);
  EXPECT_GT(coats, 5);
  Random random(1);
  const Clothes plain = dress(model, *scene.shaped, 0.0, random);
  EXPECT_EQ(*std::max_element(plain.thickness.begin(), plain.thickness.end()), 0.0F);
}

TEST(Clothes, StandOffTheSkinButLieOnItWhereSomethingTouches) {
  const Scene scene = people().make(4);
  const geometry::Faces& faces = people().body_model().faces();
  Clothes clothes;
  clothes.thickness.assign(static_cast<std::size_t>(scene.vertices.rows()), 0.03F);
  std::vector<std::uint8_t> touched(clothes.thickness.size(), 0);
  const geometry::Vertices free = dressed(scene.vertices, faces, clothes, touched), normals = geometry::vertex_normals({scene.vertices, faces});
  EXPECT_LT((free - scene.vertices - 0.03F * normals).cwiseAbs().maxCoeff(), 1e-5F);
  const Eigen::Index at = scene.vertices.rows() / 2;
  touched[static_cast<std::size_t>(at)] = 1;
  const geometry::Vertices pressed = dressed(scene.vertices, faces, clothes, touched);
  double before = -1;
  std::vector<std::pair<float, float>> moved;   // distance from what is touched, length of the way
  for (Eigen::Index v = 0; v < scene.vertices.rows(); ++v)
    moved.emplace_back((scene.vertices.row(v) - scene.vertices.row(at)).norm(), (pressed.row(v) - scene.vertices.row(v)).norm());
  std::sort(moved.begin(), moved.end());
  EXPECT_EQ(moved.front().second, 0.0F);
  for (const auto& [distance, way] : moved) {
    EXPECT_GE(static_cast<double>(way), before - 1e-6);   // further off, the further away
    before = static_cast<double>(way);
    EXPECT_TRUE(distance < 0.101F || std::abs(way - 0.03F) < 1e-5F) << distance << " " << way;
  }
}

}  // namespace
}  // namespace tactus::synth
