// The published canonical cameras (METHOD.md §3.1–3.4). The renderer's frame (+x left) stays in this room:
// callers hand in meshes in their own frame and get rasters back.
#pragma once

#include <Eigen/Core>
#include <array>
#include <string>
#include <vector>

#include "tactus/geometry/camera.h"
#include "tactus/geometry/transform.h"

namespace tactus::views {

// One row of the published view tables.
struct ViewCamera {
  std::string name;
  double distance = 2.0;
  double elevation_deg = 0.0;
  double azimuth_deg = 0.0;
  double x_trans = 0.0, y_trans = 0.0;
};

// topfront, bottomfront, topback, bottomback.
const std::vector<ViewCamera>& body_views();
// frontleft, frontright, backleft, backright at distance 2 (what the network is told).
const std::vector<ViewCamera>& object_views();
// The same four at distance 1.5 (what meshes are rendered with; METHOD.md §2.16, B12).
const std::vector<ViewCamera>& object_mesh_views();
// The ten views of `10MV-Z_HM` in their published order.
const std::vector<ViewCamera>& ten_views();

// [d/10, e/360, a/360, (x_trans+1)/2, (y_trans+1)/2] (§3.2).
std::array<float, 5> normalised_parameters(const ViewCamera& view);

// Row-vector convention of PyTorch3D: X_view = X_world · rotation + translation; +x left, +y up, +z into the scene.
struct LookAt {
  Eigen::Matrix3d rotation;
  Eigen::Vector3d translation;
  Eigen::Vector3d camera_centre;  // world
};
LookAt look_at(const ViewCamera& view);

// What a rasteriser needs: view-space points, then x_ndc = scale_x·X/Z + offset_x (and y alike); NDC x runs left,
// y up, and the short side of the image spans [-1, 1].
struct RasterCamera {
  int width = 0, height = 0;
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();  // row-vector convention as LookAt
  Eigen::Vector3d translation = Eigen::Vector3d::Zero();
  double scale_x = 1.0, scale_y = 1.0;
  double offset_x = 0.0, offset_y = 0.0;
  double z_clip = 0.5;      // faces that reach nearer are clipped (canonical views) …
  bool clip = true;         // … or, when false, dropped whole if any vertex has z < 1e-8 (photo camera)
  Eigen::Vector3d centre_world() const { return -(rotation * translation); }
};
// FoV 60°, size×size.
RasterCamera raster_camera(const ViewCamera& view, int size);
// The photograph's camera for a mesh in frame `photo` (METHOD.md §8.2).
RasterCamera raster_camera(const geometry::PinholeCamera& camera);

}  // namespace tactus::views
