// Every reader fed damaged bytes: it loads or throws Error; it neither crashes nor hangs. Seeded, so a failure repeats.
#include "helpers.h"
#include "tactus/io/given_body.h"
#include "tactus/io/glb.h"
#include "tactus/io/keypoints_json.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tactus/io/project.h"
#include "tactus/random.h"

namespace tactus::io {
namespace {

std::string damaged(std::string bytes, Random& random) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  if (size < 8) return bytes;
  switch (random.below(6)) {
    case 0: {   // a few bits
      for (std::uint32_t n = 1 + random.below(4); n > 0; --n) bytes[random.below(size)] ^= static_cast<char>(1U << random.below(8));
      break;
    }
    case 1: {   // a few bytes, extremes preferred
      static constexpr char kValues[] = {0, 1, 127, -128, -1, ' ', '9', '-'};
      for (std::uint32_t n = 1 + random.below(8); n > 0; --n) bytes[random.below(size)] = kValues[random.below(8)];
      break;
    }
    case 2: {   // four bytes as a huge number
      const auto at = random.below(size - 4);
      bytes.replace(at, 4, random.below(2) == 0 ? std::string(4, '\xff') : std::string("\0\0\0\x80", 4));
      break;
    }
    case 3: bytes.resize(random.below(size)); break;
    case 4: {   // a piece twice
      const auto at = random.below(size), length = random.below(std::min(64U, size - at));
      bytes.insert(at, bytes.substr(at, length));
      break;
    }
    default: {   // a piece gone
      const auto at = random.below(size);
      bytes.erase(at, random.below(64));
      break;
    }
  }
  return bytes;
}

struct Outcome {
  int loaded = 0, refused = 0;
};

Outcome fuzz(const std::string& name, const std::string& good, int rounds, const std::function<void(const fs::path&)>& read) {
  const Folder folder;
  Random random(std::hash<std::string>{}(name));
  Outcome outcome;
  for (int i = 0; i < rounds; ++i) {
    std::string bytes = damaged(good, random);
    if (random.below(4) == 0) bytes = damaged(bytes, random);
    const auto file = folder.file(name, bytes);
    (loads_or_refuses([&] { read(file); }, name + " round " + std::to_string(i)) ? outcome.loaded : outcome.refused) += 1;
  }
  return outcome;
}

TEST(Fuzz, Pictures) {
  for (const char* name : {"rgb16.png", "palette.png", "rgba16.png", "orientation6.jpg", "progressive.jpg", "cmyk.jpg", "small.webp", "small.tiff", "small.bmp"}) {
    const auto outcome = fuzz(name, content(data(name)), 250, [](const fs::path& file) {
      const auto picture = read_picture(file);
      EXPECT_EQ(picture.channels, 3);
      EXPECT_EQ(picture.data.size(), picture.pixel_count() * 3);
    });
    EXPECT_GT(outcome.refused + outcome.loaded, 0) << name;
  }
}

void check_mesh(const fs::path& file) {
  const auto mesh = read_mesh(file).mesh;
  geometry::validate(mesh, "what was accepted");
}

TEST(Fuzz, Obj) {
  const Folder folder;
  write_obj(folder / "good.obj", tetrahedron(), nullptr);
  const auto outcome = fuzz("m.obj", content(folder / "good.obj") + "f 1 2 3 4\nf -1/1/1 -2 -3\nv 0 0 0 1 1 1\n", 3000, check_mesh);
  EXPECT_GT(outcome.loaded, 100);
  EXPECT_GT(outcome.refused, 100);
}

TEST(Fuzz, Ply) {
  const std::string properties = "property float x\nproperty float y\nproperty float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n";
  const std::string ascii = "ply\nformat ascii 1.0\ncomment c\nelement vertex 3\n" + properties +
                            "element face 2\nproperty list uchar int vertex_indices\nend_header\n0 0 0 1 2 3\n1 0 0 1 2 3\n0 1 0 1 2 3\n3 0 1 2\n3 2 1 0\n";
  std::string binary = "ply\nformat binary_big_endian 1.0\nelement vertex 3\n" + properties + "element face 1\nproperty list uchar int vertex_indices\nend_header\n";
  for (int i = 0; i < 3; ++i) binary += std::string("\x3f\x80\0\0\x3f\0\0\0\0\0\0\0\1\2\3", 15);
  binary += std::string("\3\0\0\0\0\0\0\0\1\0\0\0\2", 13);
  EXPECT_GT(fuzz("a.ply", ascii, 3000, check_mesh).loaded, 50);
  EXPECT_GT(fuzz("b.ply", binary, 3000, check_mesh).loaded, 50);
}

TEST(Fuzz, Glb) {
  const Folder folder;
  SceneExport scene;
  scene.body = tetrahedron();
  scene.body_colours = geometry::Colours::Constant(4, 3, 0.5F);
  scene.object = tetrahedron();
  scene.object_colours = scene.body_colours;
  scene.photo_from_object.resize(3);
  scene.camera = geometry::camera_with_field_of_view(64, 48, 45.0);
  write_scene_glb(folder / "good.glb", scene);
  const auto outcome = fuzz("m.glb", content(folder / "good.glb"), 4000, check_mesh);
  EXPECT_GT(outcome.refused, 100);
}

TEST(Fuzz, Npz) {
  const auto read = [](const fs::path& file) {
    const NpzFile npz(file);
    for (const auto& [key, array] : npz.arrays()) {
      loads_or_refuses([&] { npz.at(key).as_doubles(); }, key);
      loads_or_refuses([&] { npz.at(key).as_int32(); }, key);
    }
  };
  EXPECT_GT(fuzz("numpy.npz", content(data("numpy.npz")), 1500, read).refused, 100);
  EXPECT_GT(fuzz("deflated.npz", content(data("deflated.npz")), 3000, read).refused, 100);
  EXPECT_GT(fuzz("osx.npz", content(data("osx_human2.npz")), 1500, [](const fs::path& file) { read_osx(file, 640, 480); }).refused, 100);
}

TEST(Fuzz, Json) {
  const std::string keypoints = content(fs::path(TACTUS_SOURCE_DIR) / "resources/samples/camera/keypoints.json");
  ASSERT_FALSE(keypoints.empty());
  fuzz("k.json", keypoints, 3000, [](const fs::path& file) { read_coco_keypoints(file, "camera.png", 512, 512, std::nullopt); });
  const std::string masks = R"({"annotations": [{"id": 1, "keypoints": [)" + [] {
    std::string flat = "1,2,2";
    for (int k = 1; k < 17; ++k) flat += ",1,2,2";
    return flat;
  }() + R"(], "bbox": [1, 2, 3, 4], "segmentation": {"size": [8, 8], "counts": [10, 20, 34]}}]})";
  EXPECT_GT(fuzz("m.json", masks, 4000, [](const fs::path& file) { read_coco_keypoints(file, "a.png", 8, 8, std::nullopt); }).refused, 100);
  EXPECT_GT(fuzz("d.json", R"({"bbox": [1, 2, 3, 4], "mask": [[0, 1, 1], [true, false, 1]]})", 4000,
                 [](const fs::path& file) { read_detection(file, 3, 2); }).refused, 100);
}

TEST(Fuzz, Projects) {
  const Folder folder;
  pipeline::Inputs in;
  in.photo = ImageU8(32, 32, 3, 7);
  in.photo_name = "a.png";
  in.prompt = "cup";
  in.object_mesh = tetrahedron();
  in.keypoints = body::Keypoints{};
  in.object_mask = ImageU8(32, 32, 1, 255);
  in.body_view_edit[0] = ImageF(4, 4);
  in.body_contact_edit = Eigen::VectorXf::Zero(4);
  write_project(folder / "good.tactus", in, {});
  EXPECT_GT(fuzz("p.tactus", content(folder / "good.tactus"), 2500, [](const fs::path& file) { read_project(file); }).refused, 100);
}

}  // namespace
}  // namespace tactus::io
