// What is known of a photograph when contact is asked for: the fitted body and the marks, on one square crop around the
// person. The application and the scene generator fill the same struct, so a model trained on the one answers the other.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tactus/body/photo_body.h"
#include "tactus/contact/predictor.h"
#include "tactus/evidence/body_sample.h"
#include "tactus/geometry/camera.h"
#include "tactus/image.h"

namespace tactus::evidence {

inline constexpr int kCropSize = 256;   // pixels a side

struct Observation {
  std::string category;                   // of the object asked for; empty: unknown
  geometry::PinholeCamera crop;           // kCropSize × kCropSize; frame photo as the photograph's camera
  // The fitted body at the sample's points, frame photo, metres.
  geometry::Vertices points, normals;     // [S, 3]
  std::vector<std::uint8_t> visible;      // [S] 1: faces the camera, no other part of the body is before it, inside the photograph
  ImageF body_depth;                      // [kCropSize, kCropSize] depth_map of the whole fitted body in the crop
  ImageU8 object_mask;                    // [kCropSize, kCropSize], non-zero = inside; empty image: no mask was given
  double object_mask_outside = 0.0;       // part of the photograph's object mask that lies outside the crop, in [0, 1]
  ImageU8 person_mask;                    // as object_mask; empty image: none was given
  std::array<float, body::kKeypointCount> joint_confidence{};   // 0 unmarked, 0.5 hidden, 1 visible
  double fit_error_m = 0.0;               // rms of the fit's reprojection errors at the pelvis' depth; 0 when the body was given
  double facing_gap = 1.0;                // BodyFitSummary::objective_gap clipped to [0, 1]; 1: no rival
  double joints_guessed = 0.0;            // as contact::Marks
  bool object_mask_guessed = false;
  double object_doubt = 0.0;              // as contact::Marks
  // The object as it is asked about (frame object): size of its bounding box, sorted from large to small, metres, and how
  // far real ones of the category vary (relative standard deviation).
  Eigen::Vector3d object_size = Eigen::Vector3d::Zero();
  double size_spread = 0.2;
  // Crops of the photograph around the hands and feet may join later as further fields; nothing here depends on them.
};

// The square crop around a projected body: its middle, 1.7 times the larger side of its bounding box, so that a thing in a
// stretched hand is inside. `points` frame photo; those behind the camera are left out. Error{bad_input} when all are.
geometry::PinholeCamera crop_around(const geometry::Vertices& points, const geometry::PinholeCamera& camera);

// Depth of the nearest surface a pixel of the camera's picture, metres; 0 = nothing. One thread; faces of both orientations.
ImageF depth_map(const geometry::Vertices& vertices, const geometry::Faces& faces, const geometry::PinholeCamera& camera);

// Which of the vertices `chosen` are seen: they face the camera and lie at most `slack_m` behind the depth map.
std::vector<std::uint8_t> visible_points(const geometry::Vertices& vertices, const geometry::Vertices& normals,
                                         const std::vector<int>& chosen, const ImageF& depth,
                                         const geometry::PinholeCamera& camera, double slack_m = 0.03);

// Fills crop, points, normals, visible and body_depth from the fitted surface (frame photo) seen by the photograph's camera.
// What lies outside of the photograph is not visible. Error{bad_input} as crop_around.
void place_body(Observation& observation, const geometry::Vertices& vertices, const geometry::Faces& faces,
                const std::vector<int>& points_on_body, const geometry::PinholeCamera& camera);

// `mask` of a photograph taken by `camera`, sampled on the crop (more than half covered = inside), and the part of it that is
// outside of the crop.
ImageU8 crop_mask(const ImageU8& mask, const geometry::PinholeCamera& camera, const geometry::PinholeCamera& crop, double& outside);

// What the application knows. The sample's points on this body come from sample_on(). Error{bad_input}: a mask of another
// size than the photograph.
Observation observe(const BodySample& sample, const std::vector<int>& points_on_body, const body::PhotoBody& body,
                    const contact::Marks& marks, const objects::ObjectMesh& object);

}  // namespace tactus::evidence
