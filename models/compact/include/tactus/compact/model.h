// The compact model behind one door without libtorch: evidence and a question in, contact out. The predictor of the
// application and the evaluation both go through it.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tactus/body/body_model.h"
#include "tactus/compact/weights_info.h"
#include "tactus/contact/predictor.h"
#include "tactus/evidence/evidence.h"
#include "tactus/objects/library.h"

namespace tactus::compact {

struct Prediction {
  Eigen::VectorXf body;        // [S] probabilities, calibrated, after the rule of distance (none for guesses), before the gate
  Eigen::VectorXf object;      // [N] of the object's vertices; calibrated, before the gate
  double presence = 0;         // calibrated probability that anything touches; 0 where no mask is seen
  std::string answer;          // a sentence; empty when none was asked for
  std::vector<contact::TokenRecord> tokens;
  // As the network said them.
  Eigen::VectorXf body_logits, object_logits;
  double presence_logit = 0;
  Eigen::VectorXf prior;       // [S] how often things of this category are touched there
  bool known_category = false;
};

struct Answer {
  std::string text;            // a sentence
  std::vector<contact::TokenRecord> tokens;
};

// No contact farther from the object's mask than this: hands, fingers and feet 25 cm, all else 40 cm. Fits put fingertips 15 cm
// off in one photograph of ten, so a rule as tight as people's own distances (12 and 20 cm) denies what is true: on the
// validation split it left a human F1 of .673, twice the distances about .71, no rule .733.
double farthest_contact_m(const std::string& body_part);

// Safe to ask from several threads at once.
class Model {
 public:
  // Error{bad_input}: not a file of a compact model, or of another configuration (which tensor, expected and found shape).
  Model(const std::filesystem::path& weights, const body::BodyModel& body_model);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  // Evidence gathered on sample(). `category` empty or unknown to the model: the row of the unknown. `words` asks for the
  // answer's sentence, too; on_token gets its words as they come. Error{bad_input}: evidence of another sample.
  Prediction predict(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                     const objects::ObjectMesh& object, bool words = false,
                     const std::function<void(const contact::TokenRecord&)>& on_token = {}, const Progress& progress = {}) const;
  // The answer alone, when it is decided whether anything touches: a question about contact is answered accordingly, others freely.
  Answer answer(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                bool touched, const std::function<void(const contact::TokenRecord&)>& on_token = {},
                const Progress& progress = {}) const;
  const WeightsInfo& info() const;                    // thresholds, provenance, …
  const evidence::BodySample& sample() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::compact
