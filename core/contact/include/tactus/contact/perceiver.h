// The port of the networks that find in a photograph what a user would mark.
#pragma once

#include <Eigen/Core>
#include <string>

#include "tactus/body/keypoints.h"
#include "tactus/contact/predictor.h"
#include "tactus/image.h"
#include "tactus/progress.h"

namespace tactus::contact {

// First marks, to be corrected. Pixels of the photograph; the centre of a pixel lies at +0.5.
struct Percept {
  // Rows x, y, confidence in [0, 1], in the order of body::kKeypointNames; a row of zeros where the joint is not seen. A joint
  // that something hides is placed where it should be, with less confidence.
  Eigen::Matrix<double, body::kKeypointCount, 3, Eigen::RowMajor> joints = decltype(joints)::Zero();
  ImageU8 person_mask, object_mask;   // 0 or 255, of the photograph's size; empty when nothing was found
  // Mean probability inside the mask, for the object times that of such a thing being in the photograph at all, where the perceiver
  // tells it; 0 without a mask.
  double person_confidence = 0, object_confidence = 0;
};

// A percept as marks. A joint of little confidence is marked as hidden, unless it belongs to the surer half, which makes it
// weigh less in the body's fit; one of hardly any is left out, and all of them are where the rest is not enough.
Marks marks_of(const Percept& percept);

// Safe to ask from several threads at once.
class Perceiver {
 public:
  virtual ~Perceiver() = default;
  // `category`: of objects::categories(); empty or unknown to the network: no object mask.
  // Error{bad_input}: not a picture of three channels. Error{cancelled} after a stop.
  virtual Percept look(const ImageU8& rgb, const std::string& category, const Progress& progress = {}) const = 0;
};

}  // namespace tactus::contact
