#include "tactus/synth/contact_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "tactus/evidence/observation.h"

namespace tactus::synth {
namespace {

using Rgb = std::array<int, 3>;

void dot(ImageU8& picture, const Eigen::Vector2d& at, int radius, const Rgb& colour, double cover) {
  const int x = static_cast<int>(std::floor(at.x())), y = static_cast<int>(std::floor(at.y()));
  for (int row = std::max(0, y - radius); row <= std::min(picture.height - 1, y + radius); ++row)
    for (int column = std::max(0, x - radius); column <= std::min(picture.width - 1, x + radius); ++column)
      for (int k = 0; k < 3; ++k) {
        auto& value = picture.at(column, row, k);
        value = static_cast<std::uint8_t>(std::lround((1.0 - cover) * value + cover * colour[static_cast<std::size_t>(k)]));
      }
}

}  // namespace

ImageU8 annotated(const Scene& scene, const body::BodyModel& model, const Picture& picture) {
  ImageU8 result = picture.rgb;
  // The nearest surface of all tells what is hidden.
  ImageF depth = evidence::depth_map(scene.vertices, model.faces(), picture.camera);
  const auto nearer = [&](const ImageF& other) {
    for (std::size_t i = 0; i < depth.data.size(); ++i)
      if (other.data[i] > 0 && (depth.data[i] <= 0 || other.data[i] < depth.data[i])) depth.data[i] = other.data[i];
  };
  std::vector<geometry::Vertices> placed;
  for (const auto& o : scene.objects) {
    placed.push_back(geometry::transform(o.photo_from_object, o.object->mesh.vertices));
    nearer(evidence::depth_map(placed.back(), o.object->mesh.faces, picture.camera));
  }
  const auto mark = [&](const Eigen::Vector3d& point, int radius, const Rgb& colour) {
    if (point.z() < 0.05) return;
    const Eigen::Vector2d at = picture.camera.project(point);
    if (at.x() < 0 || at.y() < 0 || at.x() >= result.width || at.y() >= result.height) return;
    const float nearest = depth.at(static_cast<int>(at.x()), static_cast<int>(at.y()));
    const bool hidden = nearest > 0 && point.z() > static_cast<double>(nearest) + 0.03;
    dot(result, at, radius, hidden ? Rgb{colour[0] / 2, colour[1] / 2, colour[2] / 2} : colour, hidden ? 0.35 : 0.9);
  };
  const int fine = std::max(0, result.width / 320);
  for (std::size_t k = 0; k < scene.objects.size(); ++k) {
    const auto& o = scene.objects[k];
    for (std::size_t v = 0; v < o.object_contact.size(); ++v)
      if (o.object_contact[v] != 0) mark(placed[k].row(static_cast<Eigen::Index>(v)).transpose().cast<double>(), fine, {0, 220, 255});
    for (std::size_t v = 0; v < o.body_contact.size(); ++v)
      if (o.body_contact[v] != 0) mark(scene.vertices.row(static_cast<Eigen::Index>(v)).transpose().cast<double>(), fine, {255, 220, 0});
  }
  for (int j = 0; j < body::kKeypointCount; ++j) {
    const std::string_view name = body::kKeypointNames[static_cast<std::size_t>(j)];
    const Eigen::Vector3d point = scene.keypoints.row(j).transpose();
    if (point.z() < 0.05) continue;
    const Eigen::Vector2d at = picture.camera.project(point);
    if (at.x() < 0 || at.y() < 0 || at.x() >= result.width || at.y() >= result.height) continue;
    dot(result, at, 1 + fine, name.starts_with("left") ? Rgb{40, 220, 60} : name.starts_with("right") ? Rgb{240, 50, 50} : Rgb{240, 240, 240}, 0.9);
  }
  return result;
}

ImageU8 tiled(const std::vector<ImageU8>& tiles, int columns) {
  if (tiles.empty()) return {};
  int width = 0, height = 0;
  for (const auto& t : tiles) {
    width = std::max(width, t.width);
    height = std::max(height, t.height);
  }
  constexpr int kGap = 4;
  const int count = static_cast<int>(tiles.size()), across = std::min(columns, count), rows = (count + across - 1) / across;
  ImageU8 sheet(across * (width + kGap) + kGap, rows * (height + kGap) + kGap, 3, 30);
  for (int i = 0; i < count; ++i) {
    const ImageU8& t = tiles[static_cast<std::size_t>(i)];
    const int left = kGap + (i % across) * (width + kGap) + (width - t.width) / 2, top = kGap + (i / across) * (height + kGap) + (height - t.height) / 2;
    for (int row = 0; row < t.height; ++row) std::copy_n(t.row(row), 3 * t.width, sheet.row(top + row) + 3 * left);
  }
  return sheet;
}

}  // namespace tactus::synth
