// The port of the soft silhouette (METHOD.md §8.9).
#pragma once

#include "tactus/geometry/camera.h"
#include "tactus/geometry/mesh.h"
#include "tactus/image.h"

namespace tactus::reconstruct {

using VerticesD = Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor>;  // [N, 3], frame photo, metres

struct SilhouetteOptions {
  double sigma_ndc2 = 1e-4;       // sharpness, squared NDC units (one NDC unit = min(H, W)/2 pixels)
  int faces_per_pixel = 100;      // the nearest in z that count (official); 0 = all of them, order-independent
  // Faces whose squared distance to the pixel reaches blur_radius = ln(1/1e-4 - 1)·sigma are left out.
};

// Renders alpha [H, W] in [0, 1]; `backward` uses the state of the last `forward`, so one renderer serves one
// fit at a time. H, W are the camera's.
class SilhouetteRenderer {
 public:
  virtual ~SilhouetteRenderer() = default;
  virtual const ImageF& forward(const VerticesD& vertices_photo, const geometry::Faces& faces,
                                const geometry::PinholeCamera& camera, const SilhouetteOptions& options) = 0;
  // Gradient of a scalar with respect to the vertices, given its gradient with respect to alpha [H, W].
  virtual VerticesD backward(const ImageF& gradient_of_alpha) = 0;
};

}  // namespace tactus::reconstruct
