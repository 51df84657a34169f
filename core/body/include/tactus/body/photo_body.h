// The body of a person in a photograph, and its fit to marked joints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tactus/body/body_model.h"
#include "tactus/body/keypoints.h"
#include "tactus/geometry/camera.h"
#include "tactus/geometry/transform.h"
#include "tactus/image.h"
#include "tactus/progress.h"

namespace tactus::body {

struct BodyFitInput {
  int photo_width = 0, photo_height = 0;
  Keypoints keypoints;
  std::optional<ImageU8> person_mask;       // non-zero = person; the photograph's size
  std::optional<double> focal_px;           // known focal length; otherwise fov_deg is assumed
};

struct BodyFitOptions {
  double vertical_fov_deg = 45.0;     // assumed when no focal length is known (of the longer side)
  double keypoint_sigma_px_rel = 0.005;  // expected error of a mark over the photograph's diagonal
  double hidden_keypoint_weight = 0.25;  // of a mark flagged hidden, against a visible one
  double silhouette_weight = 1.0;     // 0 leaves the person mask out
  int max_iterations = 60;
  std::uint64_t seed = 42;            // of the further starts, tried when none of the usual ones comes near the marks
};

struct BodyFit {
  Phenotype phenotype;
  Pose pose;
  geometry::SimilarityTransform photo_from_body;  // scale 1
  geometry::PinholeCamera camera;
  double objective = 0.0;
  double reprojection_rms_px = 0.0;               // over visible marks
  std::vector<double> keypoint_error_px;          // [23]; NaN where unmarked
  std::optional<double> mask_iou;                 // of the body's silhouette with the person mask
  double facing_deg = 0.0;                        // yaw of the body: 0 looks at the camera, 180 away
};

struct BodyFitSummary {
  BodyFit best;
  std::optional<BodyFit> runner_up;   // the best fit of a facing more than 60° off; none after a dragged joint
  double objective_gap = 0.0;         // runner_up - best over best; small means the facing is uncertain
  int starts = 0;
  int iterations = 0;
  double seconds = 0.0;
  std::string message;                // one sentence for the user
};

// Needs at least 6 marked points, two of them on the torso (shoulders, hips); Error{bad_input} says which are
// missing. Points off the picture by more than its size, or NaN, are refused.
// `start`, when given, is a fit of nearly the same marks (a dragged joint): one start, interactive speed.
BodyFitSummary fit_body(const BodyModel& model, const BodyFitInput& input, const BodyFitOptions& options,
                        const Progress& progress, const BodyFit* start = nullptr);

// The placed surface that the rest of the run uses, whatever model it came from.
struct PhotoBody {
  geometry::Mesh mesh;                       // frame photo
  geometry::Mesh canonical;                  // same vertices, frame body, pose of the canonical views
  std::vector<std::string> part_names;
  std::vector<std::uint8_t> vertex_parts;    // [V]
  geometry::PinholeCamera camera;
  std::optional<BodyFitSummary> fit;         // none when the body was given (OSX file)
  std::string source;                        // "keypoints", "osx_human2.npz", …
};

PhotoBody photo_body_from_fit(const BodyModel& model, const BodyFitSummary& fit);

}  // namespace tactus::body
