// Bodies estimated elsewhere: osx_human2.npz (METHOD.md §8.1) and its camera (§8.2).
#include <gtest/gtest.h>

#include <limits>

#include "expect_refused.h"
#include "npz_writer.h"
#include "scratch_folder.h"
#include "tactus/io/given_body.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;

// Two persons of four vertices.
std::map<std::string, NpyArray> arrays() {
  std::map<std::string, NpyArray> all = {{"smpl_vertices", {{2, 4, 3}, {}}},
                                         {"smpl_faces", {{2, 3}, {0, 1, 2, 1, 2, 3}}},
                                         {"bbox_2", {{2, 4}, {100, 50, 192, 512, 1, 2, 3, 4}}}};
  for (int i = 0; i < 24; ++i) all["smpl_vertices"].values.push_back(0.125 * i);
  return all;
}

class GivenBody : public testing::Test {
 protected:
  GivenBody() : folder_("given_body"), file_(folder_ / "osx_human2.npz") {}
  pipeline::GivenBody read(const std::map<std::string, NpyArray>& all) {
    write_npz(file_, all);
    return read_osx(file_, 640, 480);
  }
  template <typename Spoil>
  void refused(const Spoil& spoil, const std::string& word) {
    auto all = arrays();
    spoil(all);
    SCOPED_TRACE(word);
    expect_refused([&] { read(all); }, word);
  }
  ScratchFolder folder_;
  fs::path file_;
};

TEST_F(GivenBody, TheFirstPersonIsTaken) {
  const auto body = read(arrays());
  EXPECT_EQ(body.source, "osx_human2.npz");
  ASSERT_EQ(body.mesh.vertices.rows(), 4);
  EXPECT_EQ(body.mesh.vertices(1, 2), 0.625F);
  EXPECT_EQ(body.mesh.faces(1, 2), 3);
  // Focal 5000 for a 192 × 256 crop (w × h), moved to the box: fx = 5000/192·w, px = w/2 + x.
  EXPECT_NEAR(body.camera.focal_x, 5000.0, 1e-9);
  EXPECT_NEAR(body.camera.focal_y, 10000.0, 1e-9);
  EXPECT_NEAR(body.camera.centre_x, 196.0, 1e-9);
  EXPECT_NEAR(body.camera.centre_y, 306.0, 1e-9);
  EXPECT_EQ(body.camera.width, 640);
  EXPECT_EQ(body.camera.height, 480);
  const Eigen::Vector2d pixel = body.camera.project({0.02, -0.01, 4.0});
  EXPECT_NEAR(pixel.x(), 5000.0 * 0.02 / 4.0 + 196.0, 1e-9);
  EXPECT_NEAR(pixel.y(), 10000.0 * -0.01 / 4.0 + 306.0, 1e-9);
}

TEST_F(GivenBody, OnePersonWithoutTheFirstAxisIsRead) {
  auto all = arrays();
  all["smpl_vertices"].shape = {4, 3};
  all["smpl_vertices"].values.resize(12);
  all["bbox_2"] = {{4}, {100, 50, 192, 512}};
  EXPECT_EQ(read(all).mesh.vertices.rows(), 4);
}

TEST_F(GivenBody, DamageIsRefusedInWords) {
  for (const char* key : {"smpl_vertices", "smpl_faces", "bbox_2"}) refused([&](auto& all) { all.erase(key); }, key);
  refused([](auto& all) { all["smpl_vertices"].shape = {2, 3, 4}; }, "smpl_vertices");
  refused([](auto& all) { all["smpl_vertices"].shape = {24}; }, "smpl_vertices");
  refused([](auto& all) { all["smpl_vertices"] = {{0, 4, 3}, {}}; }, "no person");
  refused([](auto& all) { all["smpl_faces"].values[5] = 4; }, "names vertex");
  refused([](auto& all) { all["smpl_faces"].values[5] = -1; }, "names vertex");
  refused([](auto& all) { all["bbox_2"] = {{3}, {1, 2, 3}}; }, "bbox_2");
  refused([](auto& all) { all["bbox_2"].values[2] = 0; }, "bbox_2");
  refused([](auto& all) { all["bbox_2"].values[3] = -5; }, "bbox_2");
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    refused([&](auto& all) { all["smpl_vertices"].values[7] = value; }, "finite");
    for (std::size_t i = 0; i < 4; ++i) refused([&](auto& all) { all["bbox_2"].values[i] = value; }, "bbox_2");
  }
  write_bytes(file_, "no archive at all, but long enough to be one");
  expect_refused([&] { read_osx(file_, 640, 480); }, "osx_human2.npz");
}

// The samples of the joint fit: the projected body lies in its box.
TEST(GivenBodySamples, AreReadWhole) {
  int read = 0;
  for (const char* name : {"chair", "chair_cut", "racket"}) {
    const fs::path file = fs::path(TACTUS_SOURCE_DIR) / "tests/reconstruct/data" / name / "osx_human2.npz";
    if (!fs::exists(file)) continue;
    const auto body = read_osx(file, 640, 480);
    EXPECT_GT(body.mesh.vertices.rows(), 1000) << name;
    EXPECT_GT(body.mesh.vertices.col(2).minCoeff(), 0.5F) << name;
    Eigen::Vector2d low(1e9, 1e9), high(-1e9, -1e9);
    for (Eigen::Index v = 0; v < body.mesh.vertices.rows(); ++v) {
      const Eigen::Vector2d pixel = body.camera.project(body.mesh.vertices.row(v).transpose().cast<double>());
      low = low.cwiseMin(pixel);
      high = high.cwiseMax(pixel);
    }
    // px = w/2 + x and fx = 5000/192·w give the box back.
    const double w = body.camera.focal_x * 192.0 / 5000.0, h = body.camera.focal_y * 256.0 / 5000.0;
    const double x = body.camera.centre_x - 0.5 * w, y = body.camera.centre_y - 0.5 * h;
    EXPECT_GT(low.x(), x - 0.25 * w) << name;
    EXPECT_LT(high.x(), x + 1.25 * w) << name;
    EXPECT_GT(low.y(), y - 0.25 * h) << name;
    EXPECT_LT(high.y(), y + 1.25 * h) << name;
    ++read;
  }
  if (read == 0) GTEST_SKIP() << "tests/reconstruct/data is not there";
  EXPECT_EQ(read, 3);
}

}  // namespace
}  // namespace tactus::io
