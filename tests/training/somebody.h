// The body model of the tests, and a perception that sees the same in every photograph.
#pragma once

#include <memory>

#include "tactus/contact/perceiver.h"
#include "tactus/io/body_files.h"

namespace tactus::training {

inline std::shared_ptr<const body::BodyModel> model() {
  static const auto made = std::make_shared<const body::BodyModel>(io::read_body_model(TACTUS_BODY_FILE));
  return made;
}

// A person upright in the middle of every photograph, a thing in its left half.
class Somebody : public contact::Perceiver {
 public:
  explicit Somebody(bool finds_things = true) : finds_things_(finds_things) {}
  contact::Percept look(const ImageU8& rgb, const std::string&, const Progress&) const override {
    contact::Percept percept;
    const auto posed = model()->pose(model()->shape({}), model()->vitruvian_pose());
    for (Eigen::Index k = 0; k < percept.joints.rows(); ++k)
      percept.joints.row(k) << rgb.width * (0.5 + 0.4 * posed.keypoints(k, 0)), rgb.height * (0.5 - 0.4 * posed.keypoints(k, 1)), 0.9;
    if (!finds_things_) return percept;
    percept.object_mask = ImageU8(rgb.width, rgb.height);
    for (int r = rgb.height / 4; r < rgb.height / 2; ++r)
      for (int c = rgb.width / 4; c < rgb.width / 2; ++c) percept.object_mask.at(c, r) = 255;
    return percept;
  }

 private:
  bool finds_things_;
};

}  // namespace tactus::training
