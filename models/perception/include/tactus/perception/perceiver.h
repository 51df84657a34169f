// What a photograph shows, as first marks: joints, person and object. No torch types here.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <memory>
#include <string>

#include "tactus/body/keypoints.h"
#include "tactus/image.h"
#include "tactus/perception/weights_info.h"
#include "tactus/progress.h"

namespace tactus::perception {

// Everything in pixels of the photograph that was given; the centre of a pixel lies at +0.5.
struct Percept {
  // Rows x, y, confidence in [0, 1], in the order of body::kKeypointNames; a row of zeros where the joint is not seen. A joint
  // that something hides is placed where it should be, with less confidence.
  Eigen::Matrix<double, body::kKeypointCount, 3, Eigen::RowMajor> joints = decltype(joints)::Zero();
  ImageU8 person_mask, object_mask;   // 0 or 255, of the photograph's size; empty when nothing was found
  double person_confidence = 0, object_confidence = 0;   // mean probability inside the mask; 0 without one
};

// Safe to ask from several threads at once.
class Perceiver {
 public:
  // Error{bad_input}: not weights of this network.
  explicit Perceiver(const std::filesystem::path& weights);
  ~Perceiver();
  Perceiver(Perceiver&&) noexcept;
  Perceiver& operator=(Perceiver&&) noexcept;

  // Two looks: the whole photograph, then the crop around the person found there. `category` empty or unknown: no object mask.
  // Error{bad_input}: not a picture of three channels.
  Percept look(const ImageU8& rgb, const std::string& category, const Progress& progress = {}) const;
  const WeightsInfo& info() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::perception
