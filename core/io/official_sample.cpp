#include "tactus/io/official_sample.h"

#include <algorithm>

#include "tactus/error.h"
#include "tactus/io/given_body.h"
#include "tactus/io/keypoints_json.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;

fs::path find_photo(const fs::path& folder) {
  std::vector<fs::path> pictures;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string extension = entry.path().extension();
    std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::string stem = entry.path().stem();
    const bool mask = stem.ends_with("mask") || stem.starts_with("overlay");
    if ((extension == ".jpg" || extension == ".jpeg" || extension == ".png") && !mask) pictures.push_back(entry.path());
  }
  if (pictures.empty()) throw bad_input(folder.string() + ": the folder holds no photograph (.jpg or .png)");
  std::sort(pictures.begin(), pictures.end());
  return pictures.front();
}

fs::path existing(const fs::path& folder, const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (fs::exists(folder / name)) return folder / name;
  throw bad_input(folder.string() + ": the file " + names.front() + " is missing from the sample folder");
}

Eigen::VectorXf contact_values(const NpzArray& array, int vertices) {
  const auto values = array.as_floats();
  if (static_cast<int>(values.size()) != vertices) {
    throw bad_input(array.name + ": it has " + std::to_string(values.size()) + " values but the mesh has " +
                    std::to_string(vertices) + " vertices");
  }
  return Eigen::Map<const Eigen::VectorXf>(values.data(), vertices);
}

}  // namespace

OfficialSample read_official_sample(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) throw bad_input(folder.string() + ": this is not a folder; name a sample folder");
  OfficialSample sample;
  const fs::path photo = find_photo(folder);
  const std::string stem = photo.stem();
  sample.photo_name = photo.filename();
  sample.photo = read_picture(photo);
  const int width = sample.photo.width, height = sample.photo.height;
  auto& in = sample.input;
  const auto body = read_osx(existing(folder, {"osx_human2.npz"}), width, height);
  in.camera = body.camera;
  in.human = body.mesh;
  const NpzFile human(existing(folder, {"hcontact_vertices.npz", stem + "_hcontact_vertices.npz"}));
  in.human_contact = contact_values(human.at("pred_contact_3d_smplx"), in.human.vertex_count());
  in.object = read_mesh(existing(folder, {"object_mesh.obj"})).mesh;
  const NpzFile object(existing(folder, {"ocontact_vertices.npz", stem + "_ocontact_vertices.npz", "oafford_vertices.npz", stem + "_oafford_vertices.npz"}));
  in.object_contact = contact_values(object.at("pred_contact_3d"), in.object.vertex_count());
  if (fs::exists(folder / "object_mask.png")) {
    in.object_mask = read_mask(folder / "object_mask.png", width, height);
  } else {
    auto detection = read_detection(existing(folder, {"object_detection.json"}), width, height);
    if (!detection.mask) throw bad_input(folder.string() + ": neither object_mask.png nor a mask in object_detection.json is there");
    in.object_mask = std::move(*detection.mask);
  }
  if (fs::exists(folder / "human_mask.png")) in.human_mask = read_mask(folder / "human_mask.png", width, height);
  else if (fs::exists(folder / "human_detection.json")) in.human_mask = read_detection(folder / "human_detection.json", width, height).mask;
  return sample;
}

pipeline::Analysis analysis_from_sample(const OfficialSample& sample, const pipeline::Options& options) {
  using pipeline::Stage;
  pipeline::Analysis analysis;
  auto inputs = std::make_shared<pipeline::Inputs>();
  inputs->photo_name = sample.photo_name;
  inputs->photo = sample.photo;
  inputs->object_name = "object_mesh.obj";
  inputs->object_mesh = sample.input.object;
  inputs->object_mask = sample.input.object_mask;
  inputs->human_mask = sample.input.human_mask;
  inputs->given_body = pipeline::GivenBody{sample.input.human, sample.input.camera, "osx_human2.npz"};
  analysis.inputs = inputs;
  analysis.options = options;
  auto body = std::make_shared<body::PhotoBody>();
  body->mesh = body->canonical = sample.input.human;
  body->camera = sample.input.camera;
  body->source = "osx_human2.npz";
  analysis.body = body;
  auto object = std::make_shared<objects::ObjectMesh>();
  object->name = "object_mesh.obj";
  object->mesh = sample.input.object;
  analysis.object = object;
  const auto given = [](const Eigen::VectorXf& p) {
    auto contact = std::make_shared<contact::VertexContact>();
    contact->probability = p;
    contact->coverage.assign(static_cast<std::size_t>(p.size()), 1);   // given, so known everywhere
    return contact;
  };
  analysis.body_contact = given(sample.input.human_contact);
  analysis.object_contact = given(sample.input.object_contact);
  for (const Stage stage : {Stage::photograph, Stage::body_pose, Stage::lift}) {
    analysis.report(stage).state = pipeline::StageState::done;
    analysis.report(stage).message = "given";
  }
  return analysis;
}

}  // namespace tactus::io
