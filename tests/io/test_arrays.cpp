// NumPy archives, bodies from OSX, official sample folders.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "helpers.h"
#include "tactus/io/given_body.h"
#include "tactus/io/npz.h"
#include "tactus/io/official_sample.h"

namespace tactus::io {
namespace {

TEST(Npz, ReadsWhatNumpyWrote) {
  const NpzFile npz(data("numpy.npz"));
  const std::vector<std::size_t> shape = {2, 3, 4};
  const auto check = [&](const char* key, double factor, double offset) {
    const auto& array = npz.at(key).expect({2, -1, 4});
    EXPECT_EQ(array.shape, shape) << key;
    const auto values = array.as_doubles();
    ASSERT_EQ(values.size(), 24U) << key;
    for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ(values[i], factor * static_cast<double>(i) + offset) << key << " " << i;
  };
  check("f4", 0.5, 0);
  check("f8", 0.25, 0);
  check("i8", 1, -5);
  check("u1", 1, 0);
  check("big", 1.5, 0);
  check("big_i2", 1, -9);
  check("fortran", 1, 0);
  EXPECT_EQ(npz.at("truth").as_int32()[0], 1);
  EXPECT_EQ(npz.at("truth").as_int32()[1], 0);
  EXPECT_EQ(npz.at("scalar").expect({}).as_doubles(), std::vector<double>{7.5});
  EXPECT_TRUE(npz.at("empty").expect({0, 3}).as_floats().empty());
  EXPECT_TRUE(std::isnan(npz.at("broken").as_doubles()[1]));
  EXPECT_EQ(NpzFile(data("deflated.npz")).at("values").as_floats()[23], 23.0F);
}

TEST(Npz, SaysWhatIsWrong) {
  const Folder folder;
  const NpzFile npz(data("numpy.npz"));
  expect_refused([&] { npz.at("nothing"); }, {"numpy.npz", "nothing is missing", "scalar"});
  expect_refused([&] { npz.at("f4").expect({3, 2, 4}); }, {"f4", "[2, 3, 4]", "[3, 2, 4]"});
  expect_refused([&] { npz.at("f4").expect({-1}); }, {"[2, 3, 4]", "[any]"});
  expect_refused([&] { npz.at("objects"); }, {"objects", "not supported"});
  expect_refused([&] { npz.at("records"); }, {"records", "not supported"});
  expect_refused([&] { npz.at("text").as_floats(); }, {"text", "not numbers"});
  expect_refused([&] { npz.at("f4").as_int32(); }, {"f4", "element 1", "whole number"});
  expect_refused([&] { npz.at("broken").as_int32(); }, {"broken"});
  expect_refused([&] { NpzFile(folder / "absent.npz"); }, {"absent.npz", "could not be opened"});
  expect_refused([&] { NpzFile(folder.file("text.npz", "this is a text, not an archive")); }, {"text.npz", "not a zip archive"});
  expect_refused([&] { NpzFile(folder.file("short.npz", "PK")); }, {"short.npz"});
}

TEST(Npz, EveryCutIsRefused) {
  const Folder folder;
  const std::string whole = content(data("deflated.npz"));
  for (std::size_t size = 0; size < whole.size(); ++size)
    expect_refused([&] { NpzFile(folder.file("cut.npz", whole.substr(0, size))); }, {"cut.npz"});
}

TEST(Npz, RoundTripIsExactAndTheSameTwice) {
  const Folder folder;
  const std::vector<float> f = {1.5F, -0.0F, 1e-42F, 3.4e38F, 1.0F / 3.0F, std::nanf("")};
  const std::vector<double> d = {1.0 / 3.0, -1e308};
  const std::vector<std::int32_t> i = {-2147483647, 0, 2147483647};
  const std::vector<std::uint8_t> u = {0, 255};
  for (const char* name : {"a.npz", "b.npz"}) {
    NpzWriter npz(folder / name);
    npz.add("floats", {2, 3}, std::span(f));
    npz.add("doubles", {2}, std::span(d));
    npz.add("ints", {3, 1}, std::span(i));
    npz.add("bytes", {2}, std::span(u));
    npz.add("scalar", {}, std::span(d.data(), 1));
    EXPECT_FALSE(fs::exists(folder / name));
    npz.finish();
  }
  EXPECT_EQ(content(folder / "a.npz"), content(folder / "b.npz"));
  const NpzFile back(folder / "a.npz");
  EXPECT_EQ(back.at("floats").dtype, "<f4");
  EXPECT_EQ(std::memcmp(back.at("floats").data.data(), f.data(), 24), 0);
  EXPECT_EQ(back.at("doubles").as_doubles(), d);
  EXPECT_EQ(back.at("ints").expect({3, 1}).as_int32(), i);
  EXPECT_EQ(back.at("bytes").as_int32()[1], 255);
  EXPECT_EQ(back.at("scalar").expect({}).as_doubles()[0], d[0]);
}

TEST(Npz, AStopWhileWritingLeavesNothing) {
  const Folder folder;
  std::stop_source stop;
  stop.request_stop();
  NpzWriter npz(folder / "a.npz");
  npz.add("zeros", {1000}, std::span<const double>(std::vector<double>(1000)));
  try {
    npz.finish(Progress({}, stop.get_token()));
    ADD_FAILURE() << "it was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
  }
  EXPECT_EQ(folder.count(), 0U);
}

TEST(Osx, TheFirstPersonIsReadWithItsCamera) {
  const auto body = read_osx(data("osx_human2.npz"), 400, 300);
  EXPECT_EQ(body.mesh.vertex_count(), 12);
  EXPECT_EQ(body.mesh.face_count(), 12);
  EXPECT_EQ(body.camera, geometry::osx_camera(400, 300, {30.0, 10.0, 96.0, 128.0}));
  EXPECT_EQ(body.source, "osx_human2.npz");
}

void write_osx(const fs::path& file, std::vector<float> vertices, std::vector<std::int32_t> faces, std::vector<double> box) {
  NpzWriter npz(file);
  npz.add("smpl_vertices", {vertices.size() / 3, 3}, std::span<const float>(vertices));
  npz.add("smpl_faces", {faces.size() / 3, 3}, std::span<const std::int32_t>(faces));
  npz.add("bbox_2", {box.size()}, std::span<const double>(box));
  npz.finish();
}

TEST(Osx, RefusesWhatIsWrong) {
  const Folder folder;
  const auto file = folder / "osx.npz";
  const std::vector<float> points = {0, 0, 3, 1, 0, 3, 0, 1, 3};
  const auto refused = [&](const std::vector<std::string>& words) { expect_refused([&] { read_osx(file, 100, 100); }, words); };
  write_osx(file, points, {0, 1, 2}, {1, 2, 3, 4});
  EXPECT_EQ(read_osx(file, 100, 100).mesh.face_count(), 1);
  write_osx(file, points, {0, 1, 7}, {1, 2, 3, 4});
  refused({"osx.npz", "vertex 8"});
  write_osx(file, {0, 0, 3, 1, 0, std::nanf(""), 0, 1, 3}, {0, 1, 2}, {1, 2, 3, 4});
  refused({"osx.npz", "finite"});
  write_osx(file, points, {0, 1, 2}, {1, 2, 3});
  refused({"bbox_2", "x, y, w, h"});
  write_osx(file, points, {0, 1, 2}, {1, 2, 0, 4});
  refused({"bbox_2", "no size"});
  NpzWriter npz(file);
  npz.add("smpl_vertices", {3, 3}, std::span<const float>(points));
  npz.finish();
  refused({"osx.npz", "smpl_faces is missing"});
}

// A copy of the official chair sample that can be damaged.
class Sample : public ::testing::Test {
 protected:
  void SetUp() override {
    source_ = fs::path(TACTUS_SOURCE_DIR) / "tests/reconstruct/data/chair";
    if (!fs::exists(source_)) GTEST_SKIP() << source_ << " is not there";
    fs::copy(source_, path(), fs::copy_options::recursive);
  }
  fs::path path() const { return folder_ / "chair"; }
  void refused(const std::vector<std::string>& words) { expect_refused([&] { read_official_sample(path()); }, words); }
  void write_contact(const std::string& name, const std::string& key, std::size_t count) {
    const std::vector<float> values(count, 0.5F);
    NpzWriter npz(path() / name);
    npz.add(key, {count}, std::span<const float>(values));
    npz.finish();
  }
  Folder folder_;
  fs::path source_;
};

TEST_F(Sample, IsReadAndBecomesAnAnalysis) {
  const auto sample = read_official_sample(path());
  EXPECT_EQ(sample.photo_name, "chair.png");
  EXPECT_EQ(sample.input.human_contact.size(), sample.input.human.vertex_count());
  EXPECT_EQ(sample.input.object_contact.size(), sample.input.object.vertex_count());
  EXPECT_TRUE(sample.input.object_mask.same_size(sample.photo.width, sample.photo.height));
  const auto analysis = analysis_from_sample(sample, pipeline::official_options());
  EXPECT_EQ(analysis.body->mesh.vertices, sample.input.human.vertices);
  EXPECT_EQ(analysis.options.mode, Mode::official);
}

TEST_F(Sample, TheMaskInTheDetectionServesToo) {
  const auto with_picture = read_official_sample(path());
  fs::remove(path() / "object_mask.png");
  try {
    EXPECT_EQ(read_official_sample(path()).input.object_mask, with_picture.input.object_mask);
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("object_mask.png"), std::string::npos) << error.what();
  }
}

TEST_F(Sample, NamesEveryMissingFile) {
  for (const char* name : {"osx_human2.npz", "hcontact_vertices.npz", "object_mesh.obj", "ocontact_vertices.npz"}) {
    fs::rename(path() / name, folder_ / "aside");
    refused({name, "missing"});
    fs::rename(folder_ / "aside", path() / name);
  }
  fs::remove(path() / "object_mask.png");
  fs::remove(path() / "object_detection.json");
  refused({"object_detection.json", "missing"});
  fs::remove(path() / "chair.png");
  refused({"no photograph"});
  expect_refused([&] { read_official_sample(folder_ / "absent"); }, {"absent", "not a folder"});
}

TEST_F(Sample, RefusesLengthsAndSizesThatDoNotFit) {
  const auto good = read_official_sample(path());
  write_contact("hcontact_vertices.npz", "pred_contact_3d_smplx", 6890);
  refused({"hcontact_vertices.npz", "6890", std::to_string(good.input.human.vertex_count())});
  write_contact("hcontact_vertices.npz", "another_key", static_cast<std::size_t>(good.input.human.vertex_count()));
  refused({"pred_contact_3d_smplx is missing", "another_key"});
  fs::copy_file(source_ / "hcontact_vertices.npz", path() / "hcontact_vertices.npz", fs::copy_options::overwrite_existing);
  write_contact("ocontact_vertices.npz", "pred_contact_3d", 12);
  refused({"ocontact_vertices.npz", "12", std::to_string(good.input.object.vertex_count())});
  fs::copy_file(source_ / "ocontact_vertices.npz", path() / "ocontact_vertices.npz", fs::copy_options::overwrite_existing);
  folder_.file("chair/object_mesh.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n");
  refused({"ocontact_vertices.npz", "the mesh has 3 vertices"});
  fs::copy_file(source_ / "object_mesh.obj", path() / "object_mesh.obj", fs::copy_options::overwrite_existing);
  fs::copy_file(data("rgb16.png"), path() / "object_mask.png", fs::copy_options::overwrite_existing);
  refused({"object_mask.png", "40×32", "photograph's size"});
  const std::string whole = content(source_ / "osx_human2.npz");
  folder_.file("chair/osx_human2.npz", whole.substr(0, whole.size() / 2));
  refused({"osx_human2.npz"});
}

}  // namespace
}  // namespace tactus::io
