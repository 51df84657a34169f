// The controls that learn nothing from the photograph: counted frequencies, and those near the mask.
#include <algorithm>

#include "tactus/error.h"
#include "tactus/evaluation/sample_model.h"
#include "tactus/parallel.h"

namespace tactus::evaluation {
namespace {

constexpr int kScenesAtATime = 16;                 // scenes at a time: bounds memory, and the sums' order
constexpr double kNearMask = 0.10;         // metres
constexpr float kPseudoCount = 1.0F;       // prompts of the mean of all categories, added to each

class CategoryPrior : public SampleModel {
 public:
  explicit CategoryPrior(std::shared_ptr<const ContactFrequencies> frequencies) : frequencies_(std::move(frequencies)) {}
  std::string name() const override { return "prior"; }
  SamplePrediction predict(const evidence::Evidence&, const std::string& category, const std::string&,
                           const objects::ObjectMesh& object) const override {
    SamplePrediction answer;
    const auto found = frequencies_->body.find(category);
    answer.body = found != frequencies_->body.end() ? found->second : frequencies_->body_of_all;
    answer.object = Eigen::VectorXf::Constant(object.mesh.vertex_count(), static_cast<float>(frequencies_->object_of_all));
    const auto parts = frequencies_->object_parts.find(category);
    if (parts == frequencies_->object_parts.end()) return answer;
    for (std::size_t i = 0; i < object.vertex_parts.size(); ++i) {
      const auto part = parts->second.find(object.part_names.at(object.vertex_parts[i]));
      if (part != parts->second.end()) answer.object[static_cast<Eigen::Index>(i)] = static_cast<float>(part->second);
    }
    return answer;
  }

 private:
  std::shared_ptr<const ContactFrequencies> frequencies_;
};

class Heuristic : public SampleModel {
 public:
  explicit Heuristic(std::shared_ptr<const ContactFrequencies> frequencies) : prior_(std::move(frequencies)) {}
  std::string name() const override { return "heuristic"; }
  SamplePrediction predict(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                           const objects::ObjectMesh& object) const override {
    auto answer = prior_.predict(evidence, category, question, object);
    for (Eigen::Index i = 0; i < answer.body.size(); ++i)
      if (evidence.mask_empty || static_cast<double>(evidence.distance_m[i]) > kNearMask) answer.body[i] = 0.0F;
    answer.presence = answer.body.size() == 0 ? 0.0 : static_cast<double>(answer.body.maxCoeff());
    return answer;
  }

 private:
  CategoryPrior prior_;
};

}  // namespace

ContactFrequencies count_contact(const PromptSource& source, int scenes, const Progress& progress) {
  if (scenes < 1) throw bad_input("prior: " + std::to_string(scenes) + " scenes to count contact in; at least 1 is needed");
  struct Sums {
    Eigen::VectorXf body;
    double prompts = 0;
    std::map<std::string, std::pair<double, double>> parts;   // touched, all
  };
  std::map<std::string, Sums> sums;
  const int points = source.surface().size();
  Eigen::VectorXf all = Eigen::VectorXf::Zero(points);
  double prompts = 0, object_touched = 0, object_vertices = 0;
  for (int first = 0; first < scenes; first += kScenesAtATime) {
    const auto count = static_cast<std::size_t>(std::min(kScenesAtATime, scenes - first));
    std::vector<std::vector<Prompt>> made(count);
    parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        progress.check();
        made[i] = source.scene(static_cast<std::uint64_t>(first) + i);
      }
    });
    progress.report(static_cast<double>(first) / scenes, "counting contact by category");
    for (const auto& scene : made) {
      for (const auto& prompt : scene) {
        if (!prompt.touched()) continue;
        auto& sum = sums[prompt.category];
        if (sum.body.size() == 0) sum.body = Eigen::VectorXf::Zero(points);
        sum.body += prompt.body_truth;
        sum.prompts += 1;
        all += prompt.body_truth;
        prompts += 1;
        object_touched += static_cast<double>(prompt.object_truth.sum());
        object_vertices += static_cast<double>(prompt.object_truth.size());
        for (std::size_t i = 0; i < prompt.mesh->vertex_parts.size(); ++i) {
          auto& part = sum.parts[prompt.mesh->part_names.at(prompt.mesh->vertex_parts[i])];
          part.first += static_cast<double>(prompt.object_truth[static_cast<Eigen::Index>(i)]);
          part.second += 1;
        }
      }
    }
  }
  ContactFrequencies result;
  result.body_of_all = prompts > 0 ? Eigen::VectorXf(all / static_cast<float>(prompts)) : all;
  result.object_of_all = object_vertices > 0 ? object_touched / object_vertices : 0.0;
  for (const auto& [category, sum] : sums) {
    result.body[category] = (sum.body + kPseudoCount * result.body_of_all) / (static_cast<float>(sum.prompts) + kPseudoCount);
    for (const auto& [part, counts] : sum.parts) result.object_parts[category][part] = counts.first / counts.second;
  }
  return result;
}

std::unique_ptr<SampleModel> make_category_prior(std::shared_ptr<const ContactFrequencies> frequencies) {
  return std::make_unique<CategoryPrior>(std::move(frequencies));
}

std::unique_ptr<SampleModel> make_heuristic(std::shared_ptr<const ContactFrequencies> frequencies) {
  return std::make_unique<Heuristic>(std::move(frequencies));
}

}  // namespace tactus::evaluation
