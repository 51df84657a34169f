#pragma once

#include "tactus/geometry/transform.h"
#include "tactus/reconstruct/silhouette_renderer.h"

namespace tactus::reconstruct {

// Umeyama 1991 without scale: the rotation and translation that minimise Σ w‖target - (R·source + t)‖², never a
// reflection. Rows are points; weights [K] are non-negative, all one when empty.
geometry::SimilarityTransform rigid_alignment(const VerticesD& source, const VerticesD& target,
                                              const Eigen::VectorXd& weights = {});

}  // namespace tactus::reconstruct
