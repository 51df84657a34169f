// The outline of a placed mesh in the photograph.
#pragma once

#include <QImage>
#include <optional>

#include "tactus/geometry/camera.h"
#include "tactus/geometry/mesh.h"
#include "tactus/geometry/transform.h"

namespace tactus::ui {

// Draws the border of the mesh's silhouette, in `colour`, into a picture [camera.width, camera.height] × `scale`
// (ARGB32, laid over what is there). `photo_from_mesh`: nullopt when the mesh is in the photo frame already.
// Faces that reach behind the camera are left out.
void draw_outline(QImage& picture, const geometry::Mesh& mesh, const std::optional<geometry::SimilarityTransform>& photo_from_mesh,
                  const geometry::PinholeCamera& camera, double scale, QRgb colour);

}  // namespace tactus::ui
