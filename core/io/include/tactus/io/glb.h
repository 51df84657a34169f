// Scenes as binary glTF.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "tactus/geometry/camera.h"
#include "tactus/geometry/mesh.h"
#include "tactus/geometry/transform.h"

namespace tactus::io {

struct SceneExport {
  geometry::Mesh body;                                   // frame photo
  geometry::Colours body_colours;
  std::optional<geometry::Mesh> object;                  // frame object
  geometry::Colours object_colours;
  // Poses of the object, one a frame; the last is its resting place. Several make an animation.
  std::vector<geometry::SimilarityTransform> photo_from_object;
  double seconds_per_frame = 1.0 / 30.0;
  geometry::PinholeCamera camera;
};

// Nodes `body`, `object`, `camera`; metres, y up (frame photo turned by π about x); COLOR_0; the fit as the animation
// `fit` of the object's node.
void write_scene_glb(const std::filesystem::path& file, const SceneExport& scene);

}  // namespace tactus::io
