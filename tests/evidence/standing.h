// A person who stands before the camera.
#pragma once

#include <Eigen/Geometry>
#include <numbers>
#include <string>

#include "tactus/evidence/evidence.h"
#include "tactus/io/body_files.h"

namespace tactus::evidence {

inline const body::BodyModel& model() {
  static const body::BodyModel the_model(io::read_body_model(TACTUS_BODY_FILE));
  return the_model;
}
inline const BodySample& sample() {
  static const BodySample the_sample = make_body_sample(model());
  return the_sample;
}

inline geometry::PinholeCamera camera() { return {800, 1000, 1100.0, 1100.0, 400.0, 500.0}; }

// Yaw 0 looks at the camera, positive to the right of the picture.
inline body::PhotoBody standing(double yaw_deg = 0.0, const Eigen::Vector3d& at = {0.0, 0.0, 3.5}) {
  geometry::SimilarityTransform photo_from_body;
  photo_from_body.rotation = Eigen::Matrix3d(Eigen::Vector3d(1, -1, -1).asDiagonal()) *
                             Eigen::AngleAxisd(yaw_deg * std::numbers::pi / 180.0, Eigen::Vector3d::UnitY()).toRotationMatrix();
  photo_from_body.translation = at;
  const body::ShapedBody shaped = model().shape({});
  body::PhotoBody body;
  body.mesh = {geometry::transform(photo_from_body, model().pose(shaped, model().rest_pose()).vertices), model().faces()};
  body.canonical = {model().pose(shaped, model().vitruvian_pose()).vertices, model().faces()};
  body.part_names = model().part_names();
  body.vertex_parts = model().vertex_parts();
  body.camera = camera();
  return body;
}

inline objects::ObjectMesh ball() { return objects::make_object("ball"); }

inline Observation observed(const contact::Marks& marks = {}, double yaw_deg = 0.0) {
  return observe(sample(), sample().vertices, standing(yaw_deg), marks, ball());
}

inline int column(const char* name) {
  for (int i = 0; i < kVertexFeatureCount; ++i)
    if (kVertexFeatures[static_cast<std::size_t>(i)] == name) return i;
  throw bad_input(std::string(name) + ": no such feature");
}
inline int global(const char* name) {
  for (int i = 0; i < kGlobalFeatureCount; ++i)
    if (kGlobalFeatures[static_cast<std::size_t>(i)] == name) return i;
  throw bad_input(std::string(name) + ": no such feature");
}

// Mean of a column over the sample's points of a part.
inline double mean_of(const Evidence& evidence, const char* feature, const std::string& part) {
  double sum = 0.0;
  int count = 0;
  for (int s = 0; s < sample().size(); ++s) {
    if (sample().part_names[sample().parts[static_cast<std::size_t>(s)]] != part) continue;
    sum += static_cast<double>(evidence.vertex(s, column(feature)));
    ++count;
  }
  return sum / count;
}

inline void fill(ImageU8& mask, int left, int top, int right, int bottom) {
  for (int r = std::max(top, 0); r < std::min(bottom, mask.height); ++r)
    for (int c = std::max(left, 0); c < std::min(right, mask.width); ++c) mask.at(c, r) = 1;
}

}  // namespace tactus::evidence
