// The library's promises: closed outward surfaces, real sizes, named parts, found by everyday words.
#include <gtest/gtest.h>

#include <Eigen/Geometry>

#include <algorithm>
#include <set>

#include "tactus/error.h"
#include "tactus/objects/library.h"

namespace tactus::objects {
namespace {

double longest_edge(const geometry::Mesh& mesh) {
  double longest = 0.0;
  for (int f = 0; f < mesh.face_count(); ++f)
    for (int k = 0; k < 3; ++k)
      longest = std::max<double>(longest, (mesh.vertices.row(mesh.faces(f, k)) -
                                           mesh.vertices.row(mesh.faces(f, (k + 1) % 3))).norm());
  return longest;
}

// Volume of every connected piece: one piece turned inside out must not hide behind the others.
std::vector<double> piece_volumes(const geometry::Mesh& mesh) {
  std::vector<int> root(static_cast<std::size_t>(mesh.vertex_count()));
  for (std::size_t i = 0; i < root.size(); ++i) root[i] = static_cast<int>(i);
  const auto find = [&](int i) {
    while (root[static_cast<std::size_t>(i)] != i) i = root[static_cast<std::size_t>(i)] = root[static_cast<std::size_t>(root[static_cast<std::size_t>(i)])];
    return i;
  };
  for (int f = 0; f < mesh.face_count(); ++f)
    for (int k = 1; k < 3; ++k) root[static_cast<std::size_t>(find(mesh.faces(f, k)))] = find(mesh.faces(f, 0));
  std::vector<double> volume(root.size(), 0.0);
  std::set<int> pieces;
  for (int f = 0; f < mesh.face_count(); ++f) {
    const Eigen::Vector3d a = mesh.vertices.row(mesh.faces(f, 0)).transpose().cast<double>();
    const Eigen::Vector3d b = mesh.vertices.row(mesh.faces(f, 1)).transpose().cast<double>();
    const Eigen::Vector3d c = mesh.vertices.row(mesh.faces(f, 2)).transpose().cast<double>();
    const int piece = find(mesh.faces(f, 0));
    pieces.insert(piece);
    volume[static_cast<std::size_t>(piece)] += a.dot(b.cross(c)) / 6.0;
  }
  std::vector<double> list;
  for (const int piece : pieces) list.push_back(volume[static_cast<std::size_t>(piece)]);
  return list;
}

void expect_sound(const ObjectMesh& object) {
  SCOPED_TRACE(object.category);
  ASSERT_NO_THROW(geometry::validate(object.mesh, object.category));
  EXPECT_TRUE(geometry::is_closed_and_oriented(object.mesh));
  for (const double volume : piece_volumes(object.mesh)) EXPECT_GT(volume, 0.0);
  EXPECT_LT(geometry::bounding_box(object.mesh.vertices).centre().norm(), 1e-5);
  EXPECT_TRUE(object.metric);
  ASSERT_EQ(object.vertex_parts.size(), static_cast<std::size_t>(object.mesh.vertex_count()));
  const std::set<std::uint8_t> used(object.vertex_parts.begin(), object.vertex_parts.end());
  EXPECT_EQ(used.size(), object.part_names.size());
  EXPECT_LT(*used.rbegin(), object.part_names.size());
  std::vector<bool> in_face(object.vertex_parts.size(), false);
  for (int f = 0; f < object.mesh.face_count(); ++f)
    for (int k = 0; k < 3; ++k) in_face[static_cast<std::size_t>(object.mesh.faces(f, k))] = true;
  EXPECT_EQ(std::count(in_face.begin(), in_face.end(), false), 0) << "vertices of no face";
}

TEST(Objects, EveryCategoryIsSound) {
  EXPECT_GE(categories().size(), 30U);
  for (const Category& category : categories()) expect_sound(make_object(category.name));
}

TEST(Objects, EveryVariationIsSound) {
  for (const Category& category : categories())
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      Random random(seed);
      expect_sound(make_object(category.name, {.variation = &random}));
    }
}

TEST(Objects, CategoriesDescribeTheirMeshes) {
  for (const Category& category : categories()) {
    SCOPED_TRACE(category.name);
    const ObjectMesh object = make_object(category.name);
    EXPECT_EQ(object.category, category.name);
    EXPECT_EQ(object.part_names, category.part_names);
    const double side = geometry::bounding_box(object.mesh.vertices).size().maxCoeff();
    EXPECT_NEAR(side, category.typical_size_m, 0.03 * side);
  }
}

TEST(Objects, SizesAreThoseOfRealThings) {
  const struct { const char* name; double low, high; } sizes[] = {
      {"chair", 0.75, 1.1}, {"stool", 0.4, 0.8}, {"table", 0.9, 1.8}, {"bed", 1.9, 2.2}, {"bottle", 0.18, 0.33},
      {"cup", 0.08, 0.13}, {"phone", 0.13, 0.17}, {"bat", 0.7, 1.07}, {"racket", 0.66, 0.74},
      {"tennis ball", 0.0654, 0.0686}, {"ball", 0.2, 0.25}, {"guitar", 0.9, 1.1}, {"bicycle", 1.5, 1.9},
      {"motorcycle", 1.8, 2.3}, {"camera on a tripod", 1.0, 1.75}, {"skateboard", 0.7, 0.9}};
  for (const auto& size : sizes) {
    SCOPED_TRACE(size.name);
    const double side = geometry::bounding_box(make_object(size.name).mesh.vertices).size().maxCoeff();
    EXPECT_GE(side, size.low);
    EXPECT_LE(side, size.high);
  }
}

TEST(Objects, EdgesStayBelowTheLimit) {
  for (const Category& category : categories()) {
    SCOPED_TRACE(category.name);
    const ObjectMesh object = make_object(category.name);
    // A quad's diagonal is the longest edge: the limit holds for its sides.
    EXPECT_LE(longest_edge(object.mesh), 0.04 * std::sqrt(2.0) + 1e-4);
    RecordProperty(category.name, object.mesh.vertex_count());
    EXPECT_GE(object.mesh.vertex_count(), 400);
    EXPECT_LE(object.mesh.vertex_count(), 12000);
  }
}

TEST(Objects, SameSeedSameBytesOtherSeedOtherShape) {
  for (const Category& category : categories()) {
    SCOPED_TRACE(category.name);
    Random a(7), b(7), c(8);
    const auto first = make_object(category.name, {.variation = &a});
    const auto again = make_object(category.name, {.variation = &b});
    const auto other = make_object(category.name, {.variation = &c});
    EXPECT_EQ(first.mesh.vertices, again.mesh.vertices);
    EXPECT_EQ(first.mesh.faces, again.mesh.faces);
    EXPECT_FALSE(first.mesh.vertices.rows() == other.mesh.vertices.rows() && first.mesh.vertices == other.mesh.vertices);
  }
}

TEST(Objects, FoundByEverydayWords) {
  for (const Category& category : categories()) {
    EXPECT_EQ(find_category(category.name), category.name);
    EXPECT_EQ(find_category("Which body parts touch the " + category.name + "?"), category.name);
    for (const auto& synonym : category.synonyms) EXPECT_EQ(find_category("a " + synonym), category.name) << synonym;
  }
  EXPECT_EQ(find_category("Camera"), "camera on a tripod");
  EXPECT_EQ(find_category("the wooden CHAIRS"), "chair");
  EXPECT_EQ(find_category("two knives"), "knife");
  EXPECT_EQ(find_category("benches"), "bench");
  EXPECT_EQ(find_category("a tennis ball"), "tennis ball");
  EXPECT_EQ(find_category("tennis racket"), "racket");
  EXPECT_EQ(find_category("batteries"), std::nullopt);
  EXPECT_EQ(find_category("a horse"), std::nullopt);
  EXPECT_EQ(find_category(""), std::nullopt);
}

TEST(Objects, UnknownNamesGetTheClosest) {
  try {
    make_object("bottel");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("bottle"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tactus::objects
