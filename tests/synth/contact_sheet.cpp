// A PNG of random scenes, contact coloured: to be looked at.
// usage: contact_sheet OUT.png [FIRST_SEED [COLUMNS ROWS [INTERACTION]]]; INTERACTION as interaction_name says it, "all" for every one.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tactus/geometry/mesh.h"
#include "tactus/io/body_files.h"
#include "tactus/io/picture.h"
#include "tactus/render/cpu.h"
#include "tactus/synth/scene.h"

using namespace tactus;

namespace {

constexpr int kCell = 320;

ImageU8 picture_of(const synth::Scene& scene, const body::BodyModel& model, const views::ViewRenderer& renderer) {
  // Everything in one mesh; a floor of squares below it.
  geometry::Mesh all;
  std::vector<geometry::Colours> colours;
  std::vector<geometry::Mesh> parts;
  const auto add = [&](const geometry::Vertices& vertices, const geometry::Faces& faces, const Eigen::RowVector3f& colour,
                       const std::vector<std::uint8_t>* contact, const Eigen::RowVector3f& touched) {
    parts.push_back({vertices, faces});
    geometry::Colours c(vertices.rows(), 3);
    for (Eigen::Index v = 0; v < vertices.rows(); ++v)
      c.row(v) = contact != nullptr && (*contact)[static_cast<std::size_t>(v)] != 0 ? touched : colour;
    colours.push_back(c);
  };
  std::vector<std::uint8_t> body_contact(static_cast<std::size_t>(scene.vertices.rows()), 0);
  for (const auto& object : scene.objects)
    for (std::size_t v = 0; v < body_contact.size(); ++v) body_contact[v] |= object.body_contact[v];
  add(scene.vertices, model.faces(), {0.8F, 0.72F, 0.66F}, &body_contact, {0.9F, 0.1F, 0.1F});
  for (const auto& object : scene.objects) {
    const bool touched = object.placement == synth::Placement::touched;
    add(geometry::transform(object.photo_from_object, object.object->mesh.vertices), object.object->mesh.faces,
        touched ? Eigen::RowVector3f(0.45F, 0.6F, 0.8F) : Eigen::RowVector3f(0.55F, 0.7F, 0.5F), &object.object_contact, {0.95F, 0.6F, 0.0F});
  }
  for (int i = -10; i < 10; ++i)
    for (int j = -10; j < 10; ++j) {
      geometry::Vertices square(4, 3);
      for (int k = 0; k < 4; ++k) {
        const Eigen::Vector3d p(0.4 * (i + (k == 1 || k == 2 ? 1 : 0)), 0.0, 0.4 * (j + (k >= 2 ? 1 : 0)));
        square.row(k) = (scene.photo_from_world * p).transpose().cast<float>();
      }
      geometry::Faces faces(2, 3);
      faces << 0, 2, 1, 0, 3, 2;
      if (square.col(2).minCoeff() < 0.3F) continue;
      const float shade = (i + j) % 2 == 0 ? 0.9F : 0.8F;
      add(square, faces, {shade, shade, shade}, nullptr, {0, 0, 0});
    }
  Eigen::Index vertices = 0, faces = 0;
  for (const auto& part : parts) vertices += part.vertices.rows(), faces += part.faces.rows();
  all.vertices.resize(vertices, 3);
  all.faces.resize(faces, 3);
  geometry::Colours shown(vertices, 3);
  vertices = faces = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    all.faces.middleRows(faces, parts[i].faces.rows()) = parts[i].faces.array() + static_cast<std::int32_t>(vertices);
    all.vertices.middleRows(vertices, parts[i].vertices.rows()) = parts[i].vertices;
    shown.middleRows(vertices, parts[i].vertices.rows()) = colours[i];
    vertices += parts[i].vertices.rows();
    faces += parts[i].faces.rows();
  }
  auto camera = scene.camera;
  const double scale = static_cast<double>(kCell) / std::max(camera.width, camera.height);
  camera.width = static_cast<int>(camera.width * scale);
  camera.height = static_cast<int>(camera.height * scale);
  camera.focal_x *= scale, camera.focal_y *= scale, camera.centre_x *= scale, camera.centre_y *= scale;
  const auto raster = views::raster_camera(camera);
  views::PhongLight light;
  light.position = {1.5, -3.0, 0.0};
  light.specular = 0.0;
  light.diffuse = 0.5;
  return renderer.shade(all, shown, raster, renderer.rasterise(all, raster), light);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: contact_sheet OUT.png [FIRST_SEED [COLUMNS ROWS [INTERACTION]]]\n");
    return 2;
  }
  std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const int columns = argc > 4 ? std::atoi(argv[3]) : 5, rows = argc > 4 ? std::atoi(argv[4]) : 4;
  const std::string wanted = argc > 5 ? argv[5] : "all";
  const auto model = std::make_shared<const body::BodyModel>(io::read_body_model(TACTUS_BODY_FILE));
  synth::SceneMaker::Options options;
  options.validation_bodies = 40;
  options.validation_instances = 4;
  const synth::SceneMaker maker(model, synth::Split::validation, options);
  const auto renderer = render::make_cpu_view_renderer();
  ImageU8 sheet(columns * kCell, rows * kCell, 3, 255);
  int cell = 0;
  for (int tried = 0; cell < columns * rows && tried < 4000; ++seed, ++tried) {
    const synth::Scene scene = maker.make(seed);
    if (wanted != "all" && std::none_of(scene.objects.begin(), scene.objects.end(), [&](const auto& o) { return synth::interaction_name(o.interaction) == wanted; }))
      continue;
    const ImageU8 picture = picture_of(scene, *model, *renderer);
    const int x0 = cell % columns * kCell + (kCell - picture.width) / 2, y0 = cell / columns * kCell + (kCell - picture.height) / 2;
    for (int y = 0; y < picture.height; ++y)
      std::copy(picture.row(y), picture.row(y) + 3 * picture.width, sheet.data.begin() + static_cast<std::ptrdiff_t>(sheet.index(x0, y0 + y)));
    std::printf("%d,%d seed %llu rejected %d:", cell / columns, cell % columns, static_cast<unsigned long long>(seed), scene.rejected);
    for (const auto& object : scene.objects) {
      std::printf(" [%s %s %.3f:", object.object->category.c_str(), std::string(synth::interaction_name(object.interaction)).c_str(), static_cast<double>(object.distance_m));
      for (const auto& part : object.body_parts) std::printf(" %s,", part.c_str());
      std::printf("]");
    }
    std::printf("\n");
    ++cell;
  }
  io::write_picture(argv[1], sheet);
  return 0;
}
