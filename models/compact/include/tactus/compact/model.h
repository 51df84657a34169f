// The compact model behind one door without libtorch: evidence and a question in, contact out. The predictor of the
// application and the evaluation both go through it.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tactus/contact/predictor.h"
#include "tactus/evidence/evidence.h"
#include "tactus/objects/library.h"

namespace tactus::compact {

// Chosen on the validation split, kept in the weights file.
struct Thresholds {
  double body = 0.5;           // contact on the body from this probability on
  double object = 0.5;         // … on the object
  double presence = 0.5;       // below it nothing touches ("the gate")
};

struct Prediction {
  Eigen::VectorXf body;        // [S] probabilities, calibrated, after the rule of distance, before the gate
  Eigen::VectorXf object;      // [N] of the object's vertices; likewise
  double presence = 0;         // calibrated probability that anything touches
  std::string answer;          // a sentence; empty when none was asked for
  std::vector<contact::TokenRecord> tokens;
  // As the network said them.
  Eigen::VectorXf body_logits, object_logits;
  double presence_logit = 0;
};

// Safe to ask from several threads at once.
class Model {
 public:
  // Error{bad_input}: not a file of a compact model, or of another configuration (which tensor, expected and found shape).
  explicit Model(const std::filesystem::path& weights);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  // `category` empty or unknown to the model: the row of the unknown. `words` asks for the answer's sentence, too;
  // on_token gets its words as they come.
  Prediction predict(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                     const objects::ObjectMesh& object, bool words = false,
                     const std::function<void(const contact::TokenRecord&)>& on_token = {}) const;
  const Thresholds& thresholds() const;
  int sample_size() const;              // S that the weights were trained for
  const std::string& provenance() const;   // JSON text: command, seed, scenes, hours, scores; "{}" when unknown

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::compact
