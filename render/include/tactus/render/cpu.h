// The CPU implementations of the rendering ports, several threads, same bytes whatever their number.
#pragma once

#include <memory>

#include "tactus/image.h"
#include "tactus/geometry/mesh.h"
#include "tactus/reconstruct/silhouette_renderer.h"
#include "tactus/views/view_renderer.h"

namespace tactus::render {

// METHOD.md §3.8–3.9, PyTorch3D's per-pixel rule.
std::unique_ptr<views::ViewRenderer> make_cpu_view_renderer();

// METHOD.md §8.9, forward and backward.
std::unique_ptr<reconstruct::SilhouetteRenderer> make_cpu_silhouette_renderer();

// Point splats (§3.10).
struct PointSplats {
  ImageU8 picture;       // RGB, alpha-composited front to back
  ImageI32 point_ids;    // [H, W] nearest point, -1 = none
};
struct PointSplatOptions {
  double radius_ndc = 0.05;
  int points_per_pixel = 10;
};
PointSplats splat_points(const geometry::Vertices& points, const geometry::Colours& colours,
                         const views::RasterCamera& camera, const PointSplatOptions& options);

}  // namespace tactus::render
