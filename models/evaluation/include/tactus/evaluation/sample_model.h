// What can be evaluated: anything that answers on the sample of the body's surface.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tactus/evaluation/prompts.h"

namespace tactus::evaluation {

struct SamplePrediction {
  Eigen::VectorXf body;      // [S] probabilities, before the gate
  Eigen::VectorXf object;    // [N]
  double presence = 1.0;     // probability that anything touches
  Eigen::VectorXf usual = {};   // [S] what the model itself takes for usual in the category; empty: it has no such table
};

// What is contact in an answer; the same rule for models and controls. Shares for contact::contact_threshold, of the body and of the
// object; below `presence` nothing touches.
struct Policy {
  double body = 0.5, object = 0.5, presence = 0.0;
};
// [S] 1 where there is contact on the body, else 0.
Eigen::VectorXf contact_on_body(const Policy& policy, const SamplePrediction& said);

// Safe to ask from several threads at once.
class SampleModel {
 public:
  virtual ~SampleModel() = default;
  virtual std::string name() const = 0;
  virtual SamplePrediction predict(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                                   const objects::ObjectMesh& object) const = 0;
};

// How often each point is touched when an object of the category is touched, counted in scenes; the mean of all categories
// for one that was not seen. Object parts by name.
struct ContactFrequencies {
  std::map<std::string, Eigen::VectorXf> body;                         // by category, [S]
  std::map<std::string, std::map<std::string, double>> object_parts;   // by category and part
  Eigen::VectorXf body_of_all;
  double object_of_all = 0;
};
ContactFrequencies count_contact(const PromptSource& source, int scenes, const Progress& progress);

// The category's frequencies, whatever the photograph.
std::unique_ptr<SampleModel> make_category_prior(std::shared_ptr<const ContactFrequencies> frequencies);
// Without learning: those frequencies on the points that the photograph shows within 10 cm of the object's mask.
std::unique_ptr<SampleModel> make_heuristic(std::shared_ptr<const ContactFrequencies> frequencies);

}  // namespace tactus::evaluation
