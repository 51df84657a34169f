#include "case_picture.h"

#include <algorithm>
#include <cmath>

#include "tactus/geometry/transform.h"

namespace tactus::evaluation {
namespace {

constexpr int kSide = kPictureSide;

geometry::PinholeCamera scaled(const geometry::PinholeCamera& crop) {
  const double s = static_cast<double>(kSide) / crop.width;
  return {kSide, kSide, crop.focal_x * s, crop.focal_y * s, crop.centre_x * s, crop.centre_y * s};
}

void put(ImageU8& picture, int column, int row, const std::array<std::uint8_t, 3>& colour) {
  if (column < 0 || row < 0 || column >= picture.width || row >= picture.height) return;
  for (int k = 0; k < 3; ++k) picture.at(column, row, k) = colour[static_cast<std::size_t>(k)];
}

ImageU8 marks_picture(const evidence::Observation& seen, const std::vector<std::uint8_t>& contact) {
  ImageU8 picture(kSide, kSide, 3, 255);
  const auto inside = [](const ImageU8& mask, int column, int row) {
    return !mask.empty() && mask.at(column * mask.width / kSide, row * mask.height / kSide) != 0;
  };
  for (int row = 0; row < kSide; ++row) {
    for (int column = 0; column < kSide; ++column) {
      if (inside(seen.person_mask, column, row)) put(picture, column, row, {205, 208, 212});
      if (inside(seen.object_mask, column, row)) put(picture, column, row, {244, 177, 90});
    }
  }
  const auto camera = scaled(seen.crop);
  for (std::size_t pass = 0; pass < 2; ++pass) {   // contact last
    for (std::size_t i = 0; i < contact.size(); ++i) {
      if ((contact[i] != 0) != (pass == 1)) continue;
      const Eigen::Vector3d point = seen.points.row(static_cast<Eigen::Index>(i)).cast<double>();
      if (point.z() <= 0.05) continue;
      const auto at = camera.project(point);
      const int column = static_cast<int>(std::lround(at.x() - 0.5)), row = static_cast<int>(std::lround(at.y() - 0.5));
      put(picture, column, row, pass == 1 ? std::array<std::uint8_t, 3>{190, 20, 30} : std::array<std::uint8_t, 3>{70, 80, 100});
      if (pass == 1) put(picture, column + 1, row, {190, 20, 30});
    }
  }
  return picture;
}

geometry::Colours skin(const Eigen::VectorXf& contact) {
  geometry::Colours colours(contact.size(), 3);
  for (Eigen::Index v = 0; v < contact.size(); ++v)
    colours.row(v) = contact[v] < 0.5F ? Eigen::RowVector3f(0.80F, 0.82F, 0.85F) : Eigen::RowVector3f(0.80F, 0.10F, 0.14F);
  return colours;
}

ImageU8 rendered(const geometry::Mesh& mesh, const geometry::Colours& colours, const geometry::PinholeCamera& camera,
                 const views::ViewRenderer& renderer) {
  views::PhongLight light;
  light.position = {-1.0, -2.0, -0.5};
  light.specular = 0.05;
  const auto raster = views::raster_camera(camera);
  const auto maps = renderer.rasterise(mesh, raster);
  return renderer.shade(mesh, colours, raster, maps, light);
}

// The true body with the true objects, the asked one in a colour of its own.
ImageU8 scene_picture(const synth::Scene& scene, int object, const geometry::Faces& faces, const Eigen::VectorXf& contact,
                      const geometry::PinholeCamera& camera, const views::ViewRenderer& renderer) {
  geometry::Mesh mesh{scene.vertices, faces};
  geometry::Colours colours = skin(contact);
  for (int o = 0; o < static_cast<int>(scene.objects.size()); ++o) {
    const auto& thing = scene.objects[static_cast<std::size_t>(o)];
    const auto& local = thing.object->mesh;
    const Eigen::Index first = mesh.vertices.rows(), first_face = mesh.faces.rows();
    mesh.vertices.conservativeResize(first + local.vertices.rows(), 3);
    mesh.vertices.bottomRows(local.vertices.rows()) = geometry::transform(thing.photo_from_object, local.vertices);
    colours.conservativeResize(mesh.vertices.rows(), 3);
    colours.bottomRows(local.vertices.rows()).rowwise() = o == object ? Eigen::RowVector3f(0.96F, 0.72F, 0.38F) : Eigen::RowVector3f(0.62F, 0.74F, 0.70F);
    mesh.faces.conservativeResize(first_face + local.faces.rows(), 3);
    mesh.faces.bottomRows(local.faces.rows()) = local.faces.array() + static_cast<std::int32_t>(first);
  }
  return rendered(mesh, colours, camera, renderer);
}

}  // namespace

ImageU8 body_picture(const geometry::Vertices& vertices, const geometry::Faces& faces, const Eigen::VectorXf& contact, bool behind,
                     const views::ViewRenderer& renderer) {
  const auto box = geometry::bounding_box(vertices);
  const Eigen::RowVector3f middle = box.centre().transpose();
  const Eigen::Matrix3f turn = behind ? Eigen::Matrix3f(Eigen::AngleAxisf(-0.6F, Eigen::Vector3f::UnitX()) *
                                                        Eigen::AngleAxisf(3.14159265F, Eigen::Vector3f::UnitY()))
                                      : Eigen::Matrix3f::Identity();
  geometry::Mesh mesh{(vertices.rowwise() - middle) * turn.transpose(), faces};
  const float reach = std::max(0.2F, mesh.vertices.rowwise().norm().maxCoeff());
  mesh.vertices.col(2).array() += 4 * reach;
  const double focal = 0.5 * kSide * 3.8;
  return rendered(mesh, skin(contact), {kSide, kSide, focal, focal, 0.5 * kSide, 0.5 * kSide}, renderer);
}

ImageU8 case_picture(const SplitEvaluation& evaluated, const PromptResult& prompt, const views::ViewRenderer& renderer) {
  const auto& source = *evaluated.source;
  const auto scene = source.make(prompt.scene);
  const auto marked = source.marked(scene, prompt.scene, prompt.object, Marks::honest);
  const auto prompts = source.scene(prompt.scene);
  const auto& asked = prompts.at(static_cast<std::size_t>(prompt.object));
  const auto said = evaluated.model->predict(evidence::gather(marked.observation, source.sample()), asked.category, asked.question, *asked.mesh);
  const Eigen::VectorXf predicted = contact_on_body(evaluated.policy, said);
  std::vector<std::uint8_t> contact(static_cast<std::size_t>(predicted.size()));
  for (std::size_t i = 0; i < contact.size(); ++i) contact[i] = predicted[static_cast<Eigen::Index>(i)] > 0.5F ? 1 : 0;
  const auto camera = scaled(marked.observation.crop);
  const auto& faces = source.body().faces();
  const auto on_skin = evidence::to_all_vertices(source.sample(), predicted), true_skin = evidence::to_all_vertices(source.sample(), asked.body_truth);
  const std::array<ImageU8, 6> parts = {marks_picture(marked.observation, contact),
                                        body_picture(scene.vertices, faces, on_skin, false, renderer),
                                        body_picture(scene.vertices, faces, true_skin, false, renderer),
                                        scene_picture(scene, prompt.object, faces, on_skin, camera, renderer),
                                        body_picture(scene.vertices, faces, on_skin, true, renderer),
                                        body_picture(scene.vertices, faces, true_skin, true, renderer)};
  ImageU8 all(3 * kSide, 2 * kSide, 3, 255);
  for (int p = 0; p < 6; ++p)
    for (int row = 0; row < kSide; ++row)
      std::copy_n(parts[static_cast<std::size_t>(p)].row(row), 3 * kSide, all.row(row + kSide * (p / 3)) + 3 * kSide * (p % 3));
  return all;
}

}  // namespace tactus::evaluation
