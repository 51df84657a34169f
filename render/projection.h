// Vertices in the rasteriser's space.
#pragma once

#include <vector>

#include "raster_math.h"
#include "tactus/geometry/mesh.h"
#include "tactus/views/view_camera.h"

namespace tactus::render {

// x_ndc, y_ndc, view-space z of every vertex [N, 3].
inline geometry::Vertices project(const geometry::Vertices& vertices, const views::RasterCamera& camera) {
  const Eigen::Matrix3f rotation = camera.rotation.cast<float>();
  const Eigen::RowVector3f translation = camera.translation.cast<float>().transpose();
  geometry::Vertices view = (vertices * rotation).rowwise() + translation;
  for (Eigen::Index i = 0; i < view.rows(); ++i) {
    const float z = view(i, 2);
    view(i, 0) = static_cast<float>(camera.scale_x) * view(i, 0) / z + static_cast<float>(camera.offset_x);
    view(i, 1) = static_cast<float>(camera.scale_y) * view(i, 1) / z + static_cast<float>(camera.offset_y);
  }
  return view;
}

}  // namespace tactus::render
