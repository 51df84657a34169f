// The port of the contact models.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tactus/body/photo_body.h"
#include "tactus/image.h"
#include "tactus/objects/library.h"
#include "tactus/progress.h"
#include "tactus/views/view_renderer.h"

namespace tactus::contact {

// What is known from the photograph besides its pixels; a predictor may ignore all of it.
struct Marks {
  std::optional<body::Keypoints> keypoints;
  std::optional<ImageU8> human_mask, object_mask;   // the photograph's size, non-zero = inside
  // Whose they are: a network's guesses err otherwise than a user's marks.
  double joints_guessed = 0.0;           // part of the marked joints that a perceiver found, in [0, 1]
  bool object_mask_guessed = false;
  double object_doubt = 0.0;             // of a guessed mask: 1 - the perceiver's confidence, in [0, 1]; a user's mask leaves none
};

// A generated token, for display. Predictors without language give none.
struct TokenRecord {
  std::string text;
  double probability = 1.0;
  bool makes_mask = false;
  bool about_object = false;             // it answers the question about the object, not the one about the body
};

// References must outlive the call.
struct ContactQuery {
  const ImageU8& photo;                              // RGB
  std::string prompt;
  const std::vector<views::RenderedView>& body_views;
  const std::vector<views::RenderedView>& object_views;
  const body::PhotoBody& body;
  const objects::ObjectMesh& object;
  Marks marks;
  std::function<void(const TokenRecord&)> on_token = {};   // the answer as it comes, on the caller's thread
};

struct ContactPrediction {
  std::string model;                     // "prior"
  bool from_marks = false;               // it rests on ContactQuery::marks
  std::string answer;                    // a sentence
  std::vector<ImageF> body_logits;       // a body view: [size, size]; large negative = no contact
  std::vector<ImageF> object_logits;     // an object view
  // By models that answer on the surfaces themselves; the logits are then this answer painted into the views.
  std::optional<Eigen::VectorXf> body_probability;     // [V]
  std::optional<Eigen::VectorXf> object_probability;   // [N]
  std::optional<double> presence;        // probability that anything touches at all, where the model tells
  std::vector<TokenRecord> tokens;
  std::vector<std::string> body_parts, object_parts;   // named in the answer
  std::vector<std::string> warnings;
};

class ContactPredictor {
 public:
  virtual ~ContactPredictor() = default;
  virtual std::string name() const = 0;
  // One line for the window: "Prior: what people usually touch. It does not look at the photograph."
  virtual std::string description() const = 0;
  // Whether the answer depends on ContactQuery::marks or the pixels; if not, a corrected mask does not ask again.
  virtual bool reads_photo() const { return true; }
  virtual ContactPrediction predict(const ContactQuery& query, const Progress& progress) const = 0;
};

// For each category the body and object parts that people usually touch, from a table of ours. It does not look
// at the photograph; the baseline that the learned models must beat. Words in the prompt narrow it
// ("left hand", "sitting").
std::unique_ptr<ContactPredictor> make_prior_predictor();

}  // namespace tactus::contact
