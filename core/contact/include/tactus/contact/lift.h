// From masks in the views to values on the vertices (METHOD.md §2.11–2.13).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "tactus/image.h"
#include "tactus/progress.h"
#include "tactus/views/view_renderer.h"

namespace tactus {
// official reproduces the published behaviour, oddities included; corrected has them repaired.
enum class Mode { corrected, official };
}  // namespace tactus

namespace tactus::contact {

struct LiftOptions {
  Mode mode = Mode::corrected;
  float object_pixel_threshold = 0.3F;   // official only: object pixels at or below do not vote (§2.12)
};

struct VertexContact {
  Eigen::VectorXf probability;           // [N] in [0, 1]; 0 where never seen:
                                         // look at coverage before reading it as "no contact"
  std::vector<std::uint8_t> coverage;    // [N] number of views that saw the vertex
};

// §2.11: every pixel votes with sigmoid(clamp(logit, -20, 20)) times its barycentric weight.
VertexContact lift_body(const std::vector<ImageF>& logits, const std::vector<const views::RasterMaps*>& maps,
                        int vertex_count, const LiftOptions& options);
// §2.12 in official mode; corrected lifts objects as bodies.
VertexContact lift_object(const std::vector<ImageF>& logits, const std::vector<const views::RasterMaps*>& maps,
                          int vertex_count, const LiftOptions& options);
// §2.13: values are probabilities, point_ids [H, W] with -1 = none.
VertexContact lift_points(const std::vector<ImageF>& values, const std::vector<ImageI32>& point_ids,
                          int point_count);

// Area in square metres of the vertices with probability > threshold, over `areas` [N].
double contact_area(const VertexContact& contact, const Eigen::VectorXf& areas, float threshold);

// METHOD.md §7.2: prediction ≥ 0.5 against truth > 0.
struct ContactScore {
  double precision = 0.0, recall = 0.0, f1 = 0.0;
};
ContactScore contact_score(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth);

}  // namespace tactus::contact
