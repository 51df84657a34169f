// The library's promises: closed outward surfaces, real sizes, named parts, found by everyday words.
#include <gtest/gtest.h>

#include <Eigen/Geometry>

#include <algorithm>
#include <array>
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

// The smallest height of any face over its longest side, and the least distance of two vertices that a face edge or
// chance brings together (sorted along x; equal positions are neighbours).
void expect_no_degenerate_faces_nor_twins(const geometry::Mesh& mesh) {
  for (int f = 0; f < mesh.face_count(); ++f) {
    const Eigen::Vector3d a = mesh.vertices.row(mesh.faces(f, 0)).transpose().cast<double>();
    const Eigen::Vector3d b = mesh.vertices.row(mesh.faces(f, 1)).transpose().cast<double>();
    const Eigen::Vector3d c = mesh.vertices.row(mesh.faces(f, 2)).transpose().cast<double>();
    const double longest = std::max({(a - b).norm(), (b - c).norm(), (c - a).norm()});
    const double height = (b - a).cross(c - a).norm() / longest;
    ASSERT_GT(height, 1e-4 * longest) << "face " << f;
    ASSERT_GT(height, 1e-5) << "face " << f;
  }
  std::vector<std::array<float, 3>> points;
  for (int i = 0; i < mesh.vertex_count(); ++i) points.push_back({mesh.vertices(i, 0), mesh.vertices(i, 1), mesh.vertices(i, 2)});
  std::sort(points.begin(), points.end());
  EXPECT_EQ(std::adjacent_find(points.begin(), points.end()), points.end()) << "two vertices at one place";
}

void expect_sound(const ObjectMesh& object) {
  SCOPED_TRACE(object.category);
  ASSERT_NO_THROW(geometry::validate(object.mesh, object.category));
  EXPECT_TRUE(geometry::is_closed_and_oriented(object.mesh));
  expect_no_degenerate_faces_nor_twins(object.mesh);
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
      {"motorcycle", 1.8, 2.3}, {"camera on a tripod", 1.2, 1.75}, {"skateboard", 0.7, 0.9}, {"bench", 1.1, 1.8}, {"couch", 1.5, 2.3},
      {"bowl", 0.12, 0.2}, {"knife", 0.2, 0.35}, {"hammer", 0.25, 0.4}, {"broom", 1.1, 1.5}, {"umbrella", 0.85, 1.2}, {"book", 0.18, 0.3},
      {"laptop", 0.28, 0.4}, {"suitcase", 0.8, 1.15}, {"backpack", 0.4, 0.6}, {"box", 0.3, 0.5}, {"snowboard", 1.4, 1.7},
      {"surfboard", 1.7, 2.8}, {"frisbee", 0.25, 0.29}, {"dumbbell", 0.2, 0.4}};
  EXPECT_EQ(std::size(sizes), categories().size());
  for (const auto& size : sizes) {
    SCOPED_TRACE(size.name);
    const double side = geometry::bounding_box(make_object(size.name).mesh.vertices).size().maxCoeff();
    EXPECT_GE(side, size.low);
    EXPECT_LE(side, size.high);
  }
}

TEST(Objects, LeftAndRightMirrorEachOther) {
  // Things that people face squarely are as wide to the left as to the right.
  for (const char* name : {"chair", "bench", "couch", "table", "bed", "backpack", "bicycle", "skateboard", "surfboard", "laptop", "racket", "guitar"}) {
    SCOPED_TRACE(name);
    const ObjectMesh object = make_object(name);
    const Eigen::VectorXf areas = geometry::vertex_areas(object.mesh);
    const double side = object.mesh.vertices.col(0).cast<double>().dot(areas.cast<double>()) / static_cast<double>(areas.sum());
    EXPECT_LT(std::abs(side), 0.01 * static_cast<double>(geometry::bounding_box(object.mesh.vertices).size().x()));
  }
}

TEST(Objects, PartsLieWhereTheyBelong) {
  const auto mean = [](const ObjectMesh& object, const std::string& part) {
    Eigen::Vector3d sum = Eigen::Vector3d::Zero();
    int count = 0;
    for (int i = 0; i < object.mesh.vertex_count(); ++i)
      if (object.part_names[object.vertex_parts[static_cast<std::size_t>(i)]] == part) {
        sum += object.mesh.vertices.row(i).transpose().cast<double>();
        ++count;
      }
    EXPECT_GT(count, 0) << part;
    return Eigen::Vector3d(sum / std::max(1, count));
  };
  const auto above = [&](const char* name, const char* high, const char* low) {
    SCOPED_TRACE(name);
    const ObjectMesh object = make_object(name);
    EXPECT_GT(mean(object, high).y(), mean(object, low).y() + 0.01) << high << " over " << low;
  };
  above("chair", "backrest", "seat");
  above("chair", "seat", "legs");
  above("couch", "seat", "legs");
  above("table", "top", "legs");
  above("bed", "mattress", "frame");
  above("bottle", "cap", "neck");
  above("hammer", "head", "handle");
  above("broom", "stick", "brush");
  above("umbrella", "canopy", "handle");
  above("laptop", "screen", "base");
  above("suitcase", "handle", "wheels");
  above("camera on a tripod", "body", "hub");
  above("bat", "barrel", "handle");
  above("racket", "frame", "handle");
  above("skateboard", "deck", "wheels");
  above("bicycle", "saddle", "pedals");
  above("motorcycle", "seat", "footrests");
  // Backs are behind (-z) what one sits on, handlebars and headlights ahead.
  for (const char* name : {"chair", "bench", "couch"}) EXPECT_LT(mean(make_object(name), "backrest").z(), mean(make_object(name), "seat").z()) << name;
  EXPECT_GT(mean(make_object("bicycle"), "grips").z(), mean(make_object("bicycle"), "saddle").z());
  EXPECT_GT(mean(make_object("motorcycle"), "headlight").z(), mean(make_object("motorcycle"), "tank").z());
  EXPECT_LT(mean(make_object("backpack"), "straps").z(), mean(make_object("backpack"), "body").z());
}

TEST(Objects, EdgesStayBelowTheLimit) {
  for (const Category& category : categories()) {
    SCOPED_TRACE(category.name);
    const ObjectMesh object = make_object(category.name);
    // A quad's diagonal is the longest edge: the limit holds for its sides. Rounding and bending stretch a few by a tenth.
    EXPECT_LE(longest_edge(object.mesh), 1.12 * 0.04 * std::sqrt(2.0));
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
