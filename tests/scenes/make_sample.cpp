// make_sample SCENE DIR
// Writes a scene of known truth as a bundled sample: photograph, marks and truth.npz, as app/composition reads them.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "known_scenes.h"
#include "tactus/error.h"
#include "tactus/io/body_files.h"
#include "tactus/io/keypoints_json.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tactus/objects/library.h"
#include "tactus/render/cpu.h"

namespace {

using namespace tactus;
namespace fs = std::filesystem;

std::vector<std::int32_t> above(const Eigen::VectorXf& p) {
  std::vector<std::int32_t> ids;
  for (Eigen::Index i = 0; i < p.size(); ++i)
    if (p[i] > 0.5F) ids.push_back(static_cast<std::int32_t>(i));
  return ids;
}

void run(const std::string& name, const fs::path& folder) {
  const body::BodyModel model(io::read_body_model(fs::path(TACTUS_BINARY_DIR) / "share/tactus/body.tbm"));
  const auto scene = scenes::make_scene(name, model, *render::make_cpu_view_renderer());
  const auto& in = scene.input;
  // The sample names its object; what the library makes of the name must be what was rendered.
  if (!objects::make_object(scene.object, {}).mesh.vertices.isApprox(in.object.vertices, 1e-6F))
    throw bad_input(name + ": its object is not the library's own " + scene.object + "; leave axes, size and edges as they are");
  fs::create_directories(folder);
  io::write_picture(folder / (name + ".png"), scene.photo);
  io::write_picture(folder / "object_mask.png", in.object_mask);
  io::write_picture(folder / "human_mask.png", *in.human_mask);
  const auto joints = model.pose_keypoints(model.shape(scene.phenotype), scene.pose);
  body::Keypoints keypoints;
  for (int k = 0; k < body::kKeypointCount; ++k) {
    const Eigen::Vector2d at = in.camera.project(scene.photo_from_body * joints.row(k).transpose());
    keypoints[static_cast<std::size_t>(k)] = {at.x(), at.y(), body::Visibility::visible};
  }
  io::write_coco_keypoints(folder / "keypoints.json", name + ".png", in.camera.width, in.camera.height, keypoints, std::nullopt);
  io::NpzWriter truth(folder / "truth.npz");
  const Eigen::Matrix<double, 4, 4, Eigen::RowMajor> pose = scene.photo_from_object.matrix();
  truth.add("photo_from_object", {4, 4}, std::span<const double>(pose.data(), 16));
  const auto& body = in.human.vertices;
  truth.add("body_vertices", {static_cast<std::size_t>(body.rows()), 3}, std::span<const float>(body.data(), static_cast<std::size_t>(body.size())));
  const auto body_contact = above(in.human_contact), object_contact = above(in.object_contact);
  truth.add("body_contact", {body_contact.size()}, std::span<const std::int32_t>(body_contact));
  truth.add("object_contact", {object_contact.size()}, std::span<const std::int32_t>(object_contact));
  truth.finish();
  std::ofstream(folder / "sample.json") << nlohmann::ordered_json{{"title", "A rendered person who can " + scene.interaction + " a " + scene.object + ", with the truth"},
                                                                  {"photo", name + ".png"},
                                                                  {"prompt", "Which body parts touch the " + scene.object + "?"},
                                                                  {"object", scene.object},
                                                                  {"keypoints", "keypoints.json"},
                                                                  {"human_mask", "human_mask.png"},
                                                                  {"object_mask", "object_mask.png"},
                                                                  {"truth", "truth.npz"}}
                                               .dump(2)
                                        << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: make_sample SCENE DIR\n");
    return 2;
  }
  try {
    run(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
