// Mesh files: what is read, what is refused, and round trips to the bit.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "helpers.h"
#include "tactus/io/glb.h"
#include "tactus/io/mesh_files.h"
#include "tactus/random.h"

namespace tactus::io {
namespace {

const std::string kTriangle = "v 0 0 0\nv 1 0 0\nv 0 1 0\n";

geometry::Mesh read_text(const Folder& folder, const std::string& name, const std::string& text) { return read_mesh(folder.file(name, text)).mesh; }

// Duplicates, unused vertices, numbers that need all their digits, huge and tiny ones.
geometry::Mesh awkward_mesh() {
  Random random(5);
  geometry::Mesh mesh;
  mesh.vertices.resize(60, 3);
  for (int i = 0; i < 60; ++i)
    for (int k = 0; k < 3; ++k) mesh.vertices(i, k) = static_cast<float>(random.normal() * std::pow(10.0, random.uniform(-8.0, 8.0)));
  mesh.vertices.row(7) = mesh.vertices.row(3);
  mesh.vertices.row(8) << -0.0F, 1e-42F, 3.4e38F;
  mesh.faces.resize(40, 3);
  for (int f = 0; f < 40; ++f) mesh.faces.row(f) << (f * 7) % 50, (f * 11 + 3) % 50, (f * 13 + 5) % 50;
  mesh.faces.row(4) << 3, 7, 9;
  return mesh;
}

bool same_bits(const geometry::Mesh& a, const geometry::Mesh& b) {
  return a.vertices.rows() == b.vertices.rows() && a.faces.rows() == b.faces.rows() &&
         std::memcmp(a.vertices.data(), b.vertices.data(), static_cast<std::size_t>(a.vertices.size()) * 4) == 0 && a.faces == b.faces;
}

TEST(Obj, PolygonsBecomeFansAndNegativeIndicesCountBack) {
  const Folder folder;
  const auto mesh = read_text(folder, "m.obj", "# comment\nvn 0 0 1\nvt 0 0\n" + kTriangle + "v 1 1 0\nv .5 1.5 0\n"
                                               "f 1/1/1 2//1 4 3\nf 1 2 4 5 3\nf -1 -2 -3\ng name\ns off\nl 1 2\n");
  geometry::Faces wanted(6, 3);
  wanted << 0, 1, 3, 0, 3, 2, 0, 1, 3, 0, 3, 4, 0, 4, 2, 4, 3, 2;
  EXPECT_EQ(mesh.faces, wanted);
  EXPECT_EQ(mesh.vertex_count(), 5);
}

TEST(Obj, LineEndsContinuationsAndColours) {
  const Folder folder;
  const auto file = read_mesh(folder.file("m.OBJ", "v 0 0 0 1 0.5 0\r\nv 1 0 0 0 0 0\r\nv 0 1 \\\r\n0 1 1 1\r\nf 1 2 \\\r\n3\r\n"));
  ASSERT_TRUE(file.colours.has_value());
  EXPECT_FLOAT_EQ((*file.colours)(0, 1), 0.5F);
  EXPECT_EQ(file.mesh.face_count(), 1);
  EXPECT_FALSE(read_mesh(folder.file("n.obj", kTriangle + "f 1 2 3")).colours.has_value());
}

TEST(Obj, RefusesWhatCannotBeAMesh) {
  const Folder folder;
  const auto refused = [&](const std::string& text, const std::vector<std::string>& words) {
    expect_refused([&] { read_text(folder, "bad.obj", text); }, words);
  };
  refused("", {"bad.obj", "no vertices"});
  refused(kTriangle, {"bad.obj", "no faces"});
  refused("f 1 2 3\n", {"bad.obj", "no vertices"});
  refused("v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", {"line 1", "finite"});
  refused("v 0 0 0\nv 1 inf 0\nv 0 1 0\nf 1 2 3\n", {"line 2", "finite"});
  refused("v 0 0 1e60\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", {"line 1", "finite"});
  refused("v 0 0\n", {"line 1", "three coordinates"});
  refused("v 0 zero 0\n", {"line 1", "zero", "coordinate"});
  refused(kTriangle + "f 1 2 9\n", {"bad.obj", "vertex 9"});
  refused(kTriangle + "f 1 2 -9\n", {"line 4", "does not exist"});
  refused(kTriangle + "f 0 1 2\n", {"line 4", "vertex 0"});
  refused(kTriangle + "f 1 2\n", {"line 4", "fewer than three"});
  refused(kTriangle + "f 1 2 x\n", {"line 4", "\"x\""});
  refused(kTriangle + "f 1 2 99999999999999999999\n", {"line 4"});
  refused(kTriangle + "f 1 2 3000000000\n", {"line 4", "does not exist"});
  refused(std::string(1000, '\0'), {"bad.obj"});
  expect_refused([&] { read_mesh(folder / "absent.obj"); }, {"absent.obj", "no such file"});
  expect_refused([&] { read_mesh(folder.file("scan.stl", "solid")); }, {"scan.stl", ".obj, .ply and .glb"});
  expect_refused([&] { read_mesh(folder.path()); }, {"no such file"});
}

TEST(Obj, FiveMillionTriangles) {
  const Folder folder;
  std::string text;
  text.reserve(80'000'000);
  for (int i = 0; i < 2000; ++i) text += "v " + std::to_string(i % 50) + " " + std::to_string(i / 50) + " 0.5\n";
  for (int f = 0; f < 5'000'000; ++f) {
    const int at = f % 1997;
    text += "f " + std::to_string(at + 1) + " " + std::to_string(at + 2) + " " + std::to_string(at + 3) + "\n";
  }
  const auto mesh = read_text(folder, "large.obj", text);
  EXPECT_EQ(mesh.vertex_count(), 2000);
  EXPECT_EQ(mesh.face_count(), 5'000'000);
  EXPECT_EQ(mesh.faces(4'999'999, 2), 4'999'999 % 1997 + 2);
}

TEST(Obj, RoundTripIsExactAndNothingIsMerged) {
  const Folder folder;
  const auto mesh = awkward_mesh();
  geometry::Colours colours(60, 3);
  for (int i = 0; i < 180; ++i) colours.data()[i] = static_cast<float>(i) / 179.0F;
  write_obj(folder / "a.obj", mesh, &colours);
  write_obj(folder / "b.obj", mesh, &colours);
  const auto back = read_mesh(folder / "a.obj");
  EXPECT_TRUE(same_bits(back.mesh, mesh));
  ASSERT_TRUE(back.colours.has_value());
  EXPECT_EQ(*back.colours, colours);
  EXPECT_EQ(content(folder / "a.obj"), content(folder / "b.obj"));
}

const std::string kPlyHeader = "element vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
                               "element face 1\nproperty list uchar int vertex_indices\nend_header\n";

TEST(Ply, AsciiAndBothByteOrdersAreTheSame) {
  const Folder folder;
  const auto mesh = awkward_mesh();
  const auto binary = [&](bool big) {
    std::string text = std::string("ply\nformat binary_") + (big ? "big" : "little") + "_endian 1.0\ncomment x\nelement vertex 60\n" +
                       "property float x\nproperty float y\nproperty float z\nproperty double weight\n"
                       "element face 40\nproperty uchar flag\nproperty list uchar int vertex_index\nend_header\n";
    const auto put = [&](const void* value, std::size_t size) {
      std::string bytes(static_cast<const char*>(value), size);
      if (big) std::reverse(bytes.begin(), bytes.end());
      text += bytes;
    };
    const double weight = 0.5;
    for (int i = 0; i < 60; ++i) {
      for (int k = 0; k < 3; ++k) put(&mesh.vertices(i, k), 4);
      put(&weight, 8);
    }
    for (int f = 0; f < 40; ++f) {
      text += std::string("\7\3", 2);
      for (int k = 0; k < 3; ++k) put(&mesh.faces(f, k), 4);
    }
    return text;
  };
  EXPECT_TRUE(same_bits(read_text(folder, "little.ply", binary(false)), mesh));
  EXPECT_TRUE(same_bits(read_text(folder, "big.ply", binary(true)), mesh));
  const auto polygon = read_text(folder, "ascii.ply", "ply\r\nformat ascii 1.0\r\nelement vertex 4\r\nproperty float x\r\nproperty float y\r\nproperty float z\r\n"
                                                      "property uchar red\r\nproperty uchar green\r\nproperty uchar blue\r\nelement face 1\r\n"
                                                      "property list uchar int vertex_indices\r\nend_header\r\n0 0 0 255 0 0\r\n1 0 0 0 0 0\r\n1 1 0 0 0 0\r\n0 1 0 0 51 0\r\n4 0 1 2 3\r\n");
  EXPECT_EQ(polygon.face_count(), 2);
  const auto file = read_mesh(folder / "ascii.ply");
  ASSERT_TRUE(file.colours.has_value());
  EXPECT_FLOAT_EQ((*file.colours)(3, 1), 0.2F);
}

TEST(Ply, RefusesDamage) {
  const Folder folder;
  const auto refused = [&](const std::string& text, const std::vector<std::string>& words) {
    expect_refused([&] { read_text(folder, "bad.ply", text); }, words);
  };
  refused("", {"bad.ply", "not a PLY file"});
  refused("solid\n", {"not a PLY file"});
  refused("ply\nformat ascii 1.0\nelement vertex 3\n", {"header is cut off"});
  refused("ply\nformat binary_middle_endian 1.0\n" + kPlyHeader, {"binary_middle_endian", "not known"});
  refused("ply\nformat ascii 1.0\nelement vertex many\n" + kPlyHeader, {"header is damaged"});
  refused("ply\nformat ascii 1.0\nelement vertex 4000000000\nproperty float x\nproperty float y\nproperty float z\nend_header\n0 0 0\n", {"more elements"});
  refused("ply\nformat ascii 1.0\nelement vertex 1\nproperty quaternion x\nend_header\n", {"unknown type"});
  refused("ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n0\n", {"no x, y and z"});
  refused("ply\nformat ascii 1.0\n" + kPlyHeader + "0 0 0 1 0 0 0 1", {"cut off"});
  refused("ply\nformat ascii 1.0\n" + kPlyHeader + "0 0 0 1 0 0 0 one 0\n3 0 1 2\n", {"\"one\""});
  refused("ply\nformat ascii 1.0\n" + kPlyHeader + "0 0 0 1 0 0 0 nan 0\n3 0 1 2\n", {"bad.ply", "finite"});
  refused("ply\nformat ascii 1.0\n" + kPlyHeader + "0 0 0 1 0 0 0 1 0\n3 0 1 5\n", {"bad.ply", "vertex 6"});
  refused("ply\nformat ascii 1.0\n" + kPlyHeader + "0 0 0 1 0 0 0 1 0\n3 0 1 -1\n", {"does not exist"});
  refused("ply\nformat binary_little_endian 1.0\n" + kPlyHeader + std::string(30, 'x'), {"cut off"});
}

std::string glb_of(const std::string& json) {
  std::string text = json;
  while (text.size() % 4 != 0) text += ' ';
  const auto little = [](std::uint32_t v) { return std::string{static_cast<char>(v), static_cast<char>(v >> 8U), static_cast<char>(v >> 16U), static_cast<char>(v >> 24U)}; };
  return "glTF" + little(2) + little(static_cast<std::uint32_t>(20 + text.size())) + little(static_cast<std::uint32_t>(text.size())) + "JSON" + text;
}

SceneExport small_scene() {
  SceneExport scene;
  scene.body = awkward_mesh();
  scene.body.vertices.row(8) << 0, 1, 2;
  scene.body.vertices = scene.body.vertices.cwiseMin(100.0F).cwiseMax(-100.0F);
  scene.body_colours = geometry::Colours::Constant(60, 3, 0.25F);
  scene.object = tetrahedron();
  scene.object_colours = geometry::Colours::Constant(4, 3, 0.75F);
  geometry::SimilarityTransform pose;
  scene.photo_from_object = {pose, pose};
  scene.camera = geometry::camera_with_field_of_view(640, 480, 45.0);
  return scene;
}

TEST(Glb, RoundTripKeepsVerticesFacesAndColours) {
  const Folder folder;
  const auto scene = small_scene();
  write_scene_glb(folder / "a.glb", scene);
  write_scene_glb(folder / "b.glb", scene);
  EXPECT_EQ(content(folder / "a.glb"), content(folder / "b.glb"));
  const auto back = read_mesh(folder / "a.glb");
  ASSERT_EQ(back.mesh.vertex_count(), 64);
  ASSERT_EQ(back.mesh.face_count(), 44);
  EXPECT_EQ(back.mesh.faces.topRows(40), scene.body.faces);
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(back.mesh.vertices(i, 0), scene.body.vertices(i, 0));
    EXPECT_EQ(back.mesh.vertices(i, 1), -scene.body.vertices(i, 1));   // y up
    EXPECT_EQ(back.mesh.vertices(i, 2), -scene.body.vertices(i, 2));
  }
  EXPECT_LT((back.mesh.vertices.bottomRows(4) - scene.object->vertices * Eigen::Vector3f(1, -1, -1).asDiagonal()).cwiseAbs().maxCoeff(), 1e-6F);
  ASSERT_TRUE(back.colours.has_value());
  EXPECT_NEAR((*back.colours)(3, 1), 0.25F, 1e-5F);
  EXPECT_NEAR((*back.colours)(62, 2), 0.75F, 1e-5F);
}

TEST(Glb, RefusesDamage) {
  const Folder folder;
  const auto refused = [&](const std::string& bytes, const std::vector<std::string>& words) {
    expect_refused([&] { read_text(folder, "bad.glb", bytes); }, words);
  };
  const auto scene = small_scene();
  write_scene_glb(folder / "good.glb", scene);
  const std::string good = content(folder / "good.glb");
  refused("", {"bad.glb", "not a GLB file"});
  refused("nothing at all, but long enough", {"not a GLB file"});
  for (std::size_t size = 0; size < good.size(); size += 37) refused(good.substr(0, size), {"bad.glb"});
  refused(glb_of("{\"asset\":{\"version\":\"2.0\"}}"), {"bad.glb"});
  refused(glb_of("{\"asset\":{\"version\":\"2.0\"},\"scene\":0,\"scenes\":[{\"nodes\":[0]}],\"nodes\":[{\"children\":[0]}]}"), {"bad.glb"});
  refused(glb_of("{\"asset\":{\"version\":\"2.0\"},\"scene\":7,\"scenes\":[{\"nodes\":[99]}],\"nodes\":[{}]}"), {"bad.glb"});
  refused(glb_of("{\"asset\":{\"version\":\"2.0\"},\"extensionsUsed\":[\"KHR_draco_mesh_compression\"],"
                 "\"extensionsRequired\":[\"KHR_draco_mesh_compression\"]}"), {"KHR_draco_mesh_compression", "uncompressed"});
  // Nested until a recursive reader would run out of stack.
  refused(glb_of("{\"asset\":{\"version\":\"2.0\",\"extras\":" + std::string(2'000'000, '[') + std::string(2'000'000, ']') + "}}"), {"bad.glb"});
}

}  // namespace
}  // namespace tactus::io
