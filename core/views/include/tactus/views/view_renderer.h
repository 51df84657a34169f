// The port of the hard rasteriser and what it returns.
#pragma once

#include <memory>

#include "tactus/geometry/mesh.h"
#include "tactus/image.h"
#include "tactus/progress.h"
#include "tactus/views/view_camera.h"

namespace tactus::views {

// Nearest face a pixel (METHOD.md §3.9). Background: ids -1, weights -1, depth -1.
struct RasterMaps {
  ImageI32 face_ids;        // [H, W]
  ImageI32 vertex_ids;      // [H, W, 3]
  ImageF barycentrics;      // [H, W, 3], perspective-correct
  ImageF depth;             // [H, W], view-space z
};

struct PhongLight {
  Eigen::Vector3d position = {0.0, 0.0, 3.0};  // world
  double ambient = 0.5, diffuse = 0.3, specular = 0.2, shininess = 64.0;
};

// One canonical render with its maps.
struct RenderedView {
  ViewCamera view;
  ImageU8 picture;          // RGB, white background
  RasterMaps maps;
};

class ViewRenderer {
 public:
  virtual ~ViewRenderer() = default;
  virtual RasterMaps rasterise(const geometry::Mesh& mesh, const RasterCamera& camera) const = 0;
  // Phong picture (§3.8) of maps made by `rasterise` with the same mesh and camera; RGB, truncated to uint8.
  virtual ImageU8 shade(const geometry::Mesh& mesh, const geometry::Colours& colours, const RasterCamera& camera,
                        const RasterMaps& maps, const PhongLight& light) const = 0;
};

struct CanonicalViewsOptions {
  int size = 1024;          // pixels a side; the published size
};

// (n + 1)/2 of the vertex normals (§3.7).
geometry::Colours normal_colours(const geometry::Mesh& mesh);
// (p - min)/(max - min)·0.8 + 0.1 a axis (§3.7).
geometry::Colours position_colours(const geometry::Mesh& mesh);
// Subtract the mean of the vertices, divide by the largest bounding-box side (§3.6, mesh).
geometry::Mesh normalised_object(const geometry::Mesh& mesh);

// Four views of a body in frame `body`, rendered where it stands, normal colours, the published lights.
std::vector<RenderedView> render_body_views(const ViewRenderer& renderer, const geometry::Mesh& body,
                                            const CanonicalViewsOptions& options, const Progress& progress);
// Views of an object, normalised, position colours; lit from the side the camera looks from.
std::vector<RenderedView> render_object_views(const ViewRenderer& renderer, const geometry::Mesh& object,
                                              const std::vector<ViewCamera>& cameras,
                                              const CanonicalViewsOptions& options, const Progress& progress);
// The published four, at distance 1.5.
std::vector<RenderedView> render_object_views(const ViewRenderer& renderer, const geometry::Mesh& object,
                                              const CanonicalViewsOptions& options, const Progress& progress);

}  // namespace tactus::views
