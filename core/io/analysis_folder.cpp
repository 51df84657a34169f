#include "tactus/io/analysis_folder.h"

#include "tactus/error.h"
#include "tactus/io/npz.h"
#include "tactus/io/project.h"

namespace tactus::io {
namespace {

geometry::Mesh mesh_of(const NpzFile& npz, const char* vertices, const char* faces) {
  const auto points = npz.at(vertices).expect({-1, 3}).as_floats();
  const auto ids = npz.at(faces).expect({-1, 3}).as_int32();
  geometry::Mesh mesh;
  mesh.vertices = Eigen::Map<const geometry::Vertices>(points.data(), static_cast<Eigen::Index>(points.size() / 3), 3);
  mesh.faces = Eigen::Map<const geometry::Faces>(ids.data(), static_cast<Eigen::Index>(ids.size() / 3), 3);
  geometry::validate(mesh, npz.at(vertices).name);
  return mesh;
}

std::shared_ptr<contact::VertexContact> contact_of(const NpzFile& npz, const std::string& subject, int vertices) {
  const auto values = npz.at(subject + "_contact").expect({vertices}).as_floats();
  const auto views = npz.at(subject + "_coverage").expect({vertices}).as_int32();
  auto contact = std::make_shared<contact::VertexContact>();
  contact->probability = Eigen::Map<const Eigen::VectorXf>(values.data(), vertices);
  if (!contact->probability.allFinite()) throw bad_input(npz.at(subject + "_contact").name + ": every value must be a finite number");
  for (const auto v : views) contact->coverage.push_back(static_cast<std::uint8_t>(v));
  return contact;
}

}  // namespace

bool is_analysis_folder(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::exists(folder / "analysis.tactus", error) && std::filesystem::exists(folder / "contacts.npz", error);
}

AnalysisFolder read_analysis_folder(const std::filesystem::path& folder) {
  auto project = read_project(folder / "analysis.tactus");
  if (!project.inputs.object_mask) {
    throw bad_input((folder / "analysis.tactus").string() + ": the object is not marked in the photograph, so it cannot be placed; run analyse with --object-mask");
  }
  const NpzFile npz(folder / "contacts.npz");
  AnalysisFolder result;
  auto& a = result.analysis;
  a.options = project.options;
  auto body = std::make_shared<body::PhotoBody>();
  body->mesh = body->canonical = mesh_of(npz, "body_vertices", "body_faces");
  const NpzArray& camera = npz.at("camera_matrix").expect({3, 3});
  const auto k = camera.as_doubles();
  if (!(k[0] > 0.0) || !(k[4] > 0.0)) throw bad_input(camera.name + ": the focal lengths must be positive");
  body->camera = {project.inputs.photo.width, project.inputs.photo.height, k[0], k[4], k[2], k[5]};
  body->source = "contacts.npz";
  auto object = std::make_shared<objects::ObjectMesh>();
  object->mesh = mesh_of(npz, "object_mesh_vertices", "object_faces");
  auto category = objects::find_category(project.inputs.object_name);
  if (!category && project.inputs.object_name.empty()) category = objects::find_category(project.inputs.prompt);
  object->category = category.value_or("");
  object->name = project.inputs.object_name.empty() ? object->category : project.inputs.object_name;
  a.body_contact = contact_of(npz, "body", body->mesh.vertex_count());
  a.object_contact = contact_of(npz, "object", object->mesh.vertex_count());

  auto& in = result.input;
  in.camera = body->camera;
  in.human = body->mesh;
  in.human_contact = a.body_contact->probability;
  in.object = object->mesh;
  in.object_contact = a.object_contact->probability;
  in.object_mask = *project.inputs.object_mask;
  in.human_mask = project.inputs.human_mask;
  if (!object->category.empty() && !project.inputs.object_size_m) {
    for (const auto& known : objects::categories())
      if (known.name == object->category) in.object_size_spread = known.size_spread;
  }
  a.body = body;
  a.object = object;
  a.inputs = std::make_shared<pipeline::Inputs>(std::move(project.inputs));
  using pipeline::Stage;
  for (const Stage stage : {Stage::photograph, Stage::body_pose, Stage::lift}) {
    a.report(stage).state = pipeline::StageState::done;
    a.report(stage).message = "given";
  }
  return result;
}

}  // namespace tactus::io
