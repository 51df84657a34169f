#pragma once

#include "tactus/geometry/camera.h"
#include "tactus/geometry/mesh.h"
#include "tactus/image.h"

namespace tactus::body {

// 255 where the mesh (frame photo) covers the pixel's centre; faces that reach behind the camera are left out.
ImageU8 filled_silhouette(const geometry::Mesh& mesh_photo, const geometry::PinholeCamera& camera);

// Distance in pixels to the nearest non-zero pixel, exact along rows and columns (two-pass Euclidean).
ImageF distance_to_mask(const ImageU8& mask);

}  // namespace tactus::body
