// The port of the networks that outline things in the photograph: from clicks and a box, or from words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tactus/image.h"
#include "tactus/progress.h"

namespace tactus::contact {

// In pixels of the photograph.
struct PhotoClick {
  double x = 0, y = 0;
  bool inside = true;
  friend bool operator==(const PhotoClick&, const PhotoClick&) = default;
};
struct PhotoBox {
  double x = 0, y = 0, width = 0, height = 0;
  friend bool operator==(const PhotoBox&, const PhotoBox&) = default;
};

struct PhotoMask {
  ImageF logits;                 // the photograph's size; > 0 is inside. Empty: nothing was found
  std::optional<double> iou;     // as the network estimates it, where it does
  std::string answer;            // to words, as the model said it
};

// Not for two threads at once. Error{bad_input} for what it does not understand and before a photograph is set.
class PhotoSegmenter {
 public:
  virtual ~PhotoSegmenter() = default;
  virtual std::string name() const = 0;
  virtual bool understands_clicks() const = 0;
  virtual bool understands_words() const = 0;
  // May take long, once a photograph (RGB). What was set before stays when it is stopped or fails.
  virtual void set_photo(const ImageU8& photo, const Progress& progress) = 0;
  // At least one click or a box.
  virtual PhotoMask segment(const std::vector<PhotoClick>& clicks, const std::optional<PhotoBox>& box) = 0;
  virtual PhotoMask segment(const std::string& words, const Progress& progress) = 0;
};

}  // namespace tactus::contact
