// Project files, folders of results, and what stays when writing fails.
#include <cmath>
#include <cstring>

#include "helpers.h"
#include "tactus/io/npz.h"
#include "tactus/io/project.h"
#include "tactus/io/results.h"
#include "tactus/io/staged_folder.h"
#include "tactus/io/zip_reader.h"
#include "zip_writer.h"

namespace tactus::io {
namespace {

pipeline::Inputs full_inputs() {
  pipeline::Inputs in;
  in.photo_name = "photo.png";
  in.photo = ImageU8(48, 40, 3);
  for (std::size_t i = 0; i < in.photo.data.size(); ++i) in.photo.data[i] = static_cast<std::uint8_t>(i * 31);
  in.prompt = "Which body parts touch the “cup”?";
  in.object_name = "my scan.obj";
  in.object_mesh = tetrahedron();
  in.object_size_m = 1.0 / 3.0;
  body::Keypoints points;
  for (std::size_t k = 0; k < points.size(); ++k) points[k] = {static_cast<double>(k) / 7.0, 40.0 - static_cast<double>(k), static_cast<body::Visibility>(k % 3)};
  in.keypoints = points;
  in.human_mask = ImageU8(48, 40, 1, 255);
  in.object_mask = ImageU8(48, 40, 1, 0);
  in.object_mask->at(3, 4) = 255;
  in.guessed.joints[4] = in.guessed.joints[20] = in.guessed.object_mask = true;
  in.guessed.object_doubt = 0.25;
  in.object_box = pipeline::Box{1.5, 2.5, 30.25, 20.125};
  in.person_box = pipeline::Box{0, 0, 48, 40};
  in.given_body = pipeline::GivenBody{tetrahedron(), geometry::camera_with_field_of_view(48, 40, 50.0), "osx_human2.npz"};
  in.body_contact_edit = Eigen::VectorXf::Constant(4, std::nanf(""));
  (*in.body_contact_edit)[2] = 0.75F;
  in.object_contact_edit = Eigen::VectorXf::LinSpaced(4, 0.0F, 1.0F);
  in.body_view_edit[1] = ImageF(8, 8, 1, std::nanf(""));
  in.object_view_edit[3] = ImageF(8, 8, 1, -4.5F);
  return in;
}

// Every option away from its default.
pipeline::Options full_options() {
  pipeline::Options o;
  o.seed = 18446744073709551615ULL;
  o.view_size = 256;
  o.body_fit.vertical_fov_deg = 33.3;
  o.body_fit.keypoint_sigma_px_rel = 0.011;
  o.body_fit.hidden_keypoint_weight = 0.4;
  o.body_fit.silhouette_weight = 0.7;
  o.body_fit.max_iterations = 41;
  o.lift.object_pixel_threshold = 0.21F;
  o.align.max_iterations = 17;
  o.align.relative_rmse_threshold = 1e-5;
  o.align.human_threshold = 0.6;
  o.align.object_threshold = 0.41;
  o.align.normal_weight = 0.2;
  o.align.starts = 12;
  o.align.kept_starts = 3;
  o.fit.max_iterations = 77;
  o.fit.mask_weight = 4.0;
  o.fit.centroid_weight = 2e-4;
  o.fit.contact_weight = 9.0;
  o.fit.rotation_rate = 0.04;
  o.fit.translation_rate = 0.02;
  o.fit.scale_rate = 0.03;
  o.fit.optimise_scale = true;
  o.fit.sigma_start_ndc2 = 2e-4;
  o.fit.sigma_end_ndc2 = 2e-6;
  o.fit.faces_per_pixel = 50;
  o.fit.early_stop = false;
  return o;
}

bool same_bits(const ImageF& a, const ImageF& b) {
  return a.width == b.width && a.height == b.height && std::memcmp(a.data.data(), b.data.data(), a.data.size() * 4) == 0;
}

TEST(ProjectFile, EverythingComesBack) {
  const Folder folder;
  const auto in = full_inputs();
  write_project(folder / "a.tactus", in, full_options());
  const auto back = read_project(folder / "a.tactus");
  const auto& out = back.inputs;
  EXPECT_EQ(out.photo_name, in.photo_name);
  EXPECT_EQ(out.photo, in.photo);
  EXPECT_EQ(out.prompt, in.prompt);
  EXPECT_EQ(out.object_name, in.object_name);
  EXPECT_EQ(out.object_mesh->vertices, in.object_mesh->vertices);
  EXPECT_EQ(out.object_mesh->faces, in.object_mesh->faces);
  EXPECT_EQ(out.object_size_m, in.object_size_m);
  EXPECT_EQ(*out.keypoints, *in.keypoints);
  EXPECT_EQ(out.human_mask, in.human_mask);
  EXPECT_EQ(out.object_mask, in.object_mask);
  EXPECT_TRUE(out.guessed == in.guessed);
  EXPECT_EQ(out.object_box, in.object_box);
  EXPECT_EQ(out.person_box, in.person_box);
  EXPECT_EQ(out.given_body->mesh.vertices, in.given_body->mesh.vertices);
  EXPECT_EQ(out.given_body->camera, in.given_body->camera);
  EXPECT_EQ(out.given_body->source, in.given_body->source);
  EXPECT_EQ(std::memcmp(out.body_contact_edit->data(), in.body_contact_edit->data(), 16), 0);
  EXPECT_EQ(*out.object_contact_edit, *in.object_contact_edit);
  ASSERT_EQ(out.body_view_edit.size(), 1U);
  EXPECT_TRUE(same_bits(out.body_view_edit.at(1), in.body_view_edit.at(1)));
  EXPECT_TRUE(same_bits(out.object_view_edit.at(3), in.object_view_edit.at(3)));
  // The options: what is written of them again is the same, and none of it is a default.
  write_project(folder / "b.tactus", out, back.options);
  EXPECT_EQ(content(folder / "a.tactus"), content(folder / "b.tactus"));
  EXPECT_EQ(back.options.seed, 18446744073709551615ULL);
  EXPECT_EQ(back.options.align.normal_weight, 0.2);
  EXPECT_EQ(back.options.fit.sigma_end_ndc2, 2e-6);
  EXPECT_FALSE(back.options.fit.early_stop);
  EXPECT_EQ(back.options.lift.object_pixel_threshold, 0.21F);
}

TEST(ProjectFile, TheModeReachesEveryStage) {
  const Folder folder;
  write_project(folder / "a.tactus", full_inputs(), pipeline::official_options());
  const auto o = read_project(folder / "a.tactus").options;
  EXPECT_EQ(o.mode, Mode::official);
  EXPECT_EQ(o.lift.mode, Mode::official);
  EXPECT_EQ(o.align.mode, Mode::official);
  EXPECT_EQ(o.fit.mode, Mode::official);
}

TEST(ProjectFile, LittleIsEnough) {
  const Folder folder;
  pipeline::Inputs in;
  in.photo = ImageU8(32, 32, 3);
  in.prompt = "caf\xe9";   // no UTF-8: a terminal of another time
  write_project(folder / "a.tactus", in, {});
  const auto out = read_project(folder / "a.tactus").inputs;
  EXPECT_FALSE(out.object_mesh || out.keypoints || out.human_mask || out.object_mask || out.given_body || out.object_size_m);
  EXPECT_EQ(out.prompt.substr(0, 3), "caf");
}

// The project with its description changed by `change`.
void rewrite(const fs::path& from, const fs::path& to, const std::function<void(std::string&)>& change) {
  const ZipReader archive(from);
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& name : archive.names()) {
    const auto bytes = archive.read(name);
    entries.emplace_back(name, std::string(bytes.begin(), bytes.end()));
    if (name == "project.json") change(entries.back().second);
  }
  write_zip(to, entries);
}

TEST(ProjectFile, RefusesDamageAndTheFuture) {
  const Folder folder;
  const auto good = folder / "good.tactus", bad = folder / "bad.tactus";
  write_project(good, full_inputs(), full_options());
  const auto replaced = [&](const std::string& what, const std::string& with, const std::vector<std::string>& words) {
    bool found = false;
    rewrite(good, bad, [&](std::string& text) {
      const auto at = text.find(what);
      found = at != std::string::npos;
      if (found) text.replace(at, what.size(), with);
    });
    ASSERT_TRUE(found) << what;
    expect_refused([&] { read_project(bad); }, words);
  };
  replaced("\"version\": 1", "\"version\": 2", {"bad.tactus", "later version", "update"});
  replaced("\"version\": 1", "\"version\": \"one\"", {"bad.tactus", "damaged"});
  replaced("\"format\": \"tactus\"", "\"format\": \"other\"", {"bad.tactus", "not a project of Tactus"});
  replaced("\"width\": 48", "\"width\": 49", {"bad.tactus", "damaged"});
  replaced("\"width\": 48", "\"width\": -48", {"damaged"});
  replaced("\"width\": 48", "\"width\": 4000000000", {"damaged"});
  replaced("\"rows\": 4", "\"rows\": 5", {"damaged"});
  replaced("\"rows\": 4", "\"rows\": 6148914691236517206", {"damaged"});
  replaced("\"rows\": 4", "\"rows\": -1", {"damaged"});
  replaced("\"prompt\"", "\"question\"", {"damaged"});
  replaced("\"entry\": \"photo.rgb\"", "\"entry\": \"nothing\"", {"bad.tactus", "nothing", "missing"});
  replaced("\"mode\": \"corrected\"", "\"mode\": \"odd\"", {"bad.tactus", "odd", "corrected or official"});
  replaced("\"view_size\": 256", "\"view_size\": 1000000", {"bad.tactus", "view size"});
  replaced("\"starts\": 12", "\"starts\": 0", {"starts", "1 to"});
  replaced("\"mask_weight\": 4.0", "\"mask_weight\": -4.0", {"mask_weight", "0 or more"});
  replaced("\"object_doubt\": 0.25", "\"object_doubt\": 2.5", {"damaged"});
  replaced("\"kept_starts\": 3", "\"kept_starts\": [3]", {"damaged"});
  replaced("{", "[", {"bad.tactus", "damaged"});
  expect_refused([&] { read_project(folder.file("text.tactus", "a letter, long enough to be something")); }, {"text.tactus", "not a zip archive"});
  expect_refused([&] { read_project(folder / "absent.tactus"); }, {"absent.tactus", "could not be opened"});
  expect_refused([&] { read_project(folder.path()); }, {"this is a folder"});
  write_zip(folder / "other.tactus", {{"readme.txt", "another zip"}});
  expect_refused([&] { read_project(folder / "other.tactus"); }, {"other.tactus", "project.json", "missing"});
  const std::string whole = content(good);
  for (std::size_t size = 0; size < whole.size(); size += 29)
    expect_refused([&] { read_project(folder.file("cut.tactus", whole.substr(0, size))); }, {"cut.tactus"});
}

TEST(StagedFolder, AppearsAtOnceOrNotAtAll) {
  const Folder folder;
  {
    StagedFolder staged(folder / "a/b/c/");
    std::ofstream(staged.path() / "file.txt") << "new";
    EXPECT_FALSE(fs::exists(folder / "a/b/c/file.txt"));
  }
  EXPECT_EQ(folder.count(), 0U) << "what was begun is left";
  fs::create_directories(folder / "out/views");
  folder.file("out/file.txt", "old");
  folder.file("out/mine.txt", "mine");
  {
    StagedFolder staged(folder / "out");
    std::ofstream(staged.path() / "file.txt") << "new";
  }
  EXPECT_EQ(content(folder / "out/file.txt"), "old");
  {
    StagedFolder staged(folder / "out");
    std::ofstream(staged.path() / "file.txt") << "new";
    fs::create_directory(staged.path() / "views");
    std::ofstream(staged.path() / "views/a.png") << "picture";
    staged.commit();
  }
  EXPECT_EQ(content(folder / "out/file.txt"), "new");
  EXPECT_EQ(content(folder / "out/mine.txt"), "mine");
  EXPECT_EQ(content(folder / "out/views/a.png"), "picture");
  EXPECT_EQ(folder.count(), 5U);
}

TEST(StagedFolder, RefusesFilesAndClosedFolders) {
  const Folder folder;
  expect_refused([&] { StagedFolder(folder.file("taken", "x")); }, {"taken", "this is a file"});
  expect_refused([&] { StagedFolder(folder / "taken/inside"); }, {"taken/inside", "cannot be written to"}, ErrorKind::cannot_run);
  expect_refused([&] { StagedFolder("/proc/tactus"); }, {"/proc/tactus", "cannot be written to"}, ErrorKind::cannot_run);
  expect_refused([&] { StagedFolder(""); }, {"folder"});
}

TEST(Results, AnAnalysisWithoutPlacementWritesWhatItHas) {
  const Folder folder;
  pipeline::Analysis a;
  auto in = std::make_shared<pipeline::Inputs>(full_inputs());
  a.inputs = in;
  auto body = std::make_shared<body::PhotoBody>();
  body->mesh = body->canonical = tetrahedron();
  body->camera = geometry::camera_with_field_of_view(48, 40, 50.0);
  a.body = body;
  auto object = std::make_shared<objects::ObjectMesh>();
  object->mesh = tetrahedron();
  object->name = "caf\xe9";
  a.object = object;
  auto contact = std::make_shared<contact::VertexContact>();
  contact->probability = Eigen::VectorXf::LinSpaced(4, 0.0F, 1.0F);
  contact->coverage = {0, 1, 2, 3};
  a.body_contact = a.object_contact = contact;
  write_results(folder / "out", a, {"1.2.3", nullptr});
  const NpzFile npz(folder / "out/contacts.npz");
  EXPECT_FALSE(npz.has("object_vertices"));
  EXPECT_EQ(npz.at("object_mesh_vertices").expect({4, 3}).as_floats()[0], 0.1F);
  EXPECT_EQ(npz.at("body_coverage").as_int32(), (std::vector<std::int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(npz.at("camera_matrix").expect({3, 3}).as_doubles()[0], body->camera.focal_x);
  EXPECT_FALSE(fs::exists(folder / "out/trace.npz"));
  std::stop_source stop;
  stop.request_stop();
  expect_refused([&] { write_results(folder / "stopped", a, {"1", nullptr}, Progress({}, stop.get_token())); }, {"cancelled"}, ErrorKind::cancelled);
  EXPECT_FALSE(fs::exists(folder / "stopped"));
}

}  // namespace
}  // namespace tactus::io
