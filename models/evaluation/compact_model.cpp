#include "tactus/evaluation/compact_model.h"

#include "tactus/compact/model.h"
#include "tactus/error.h"

namespace tactus::evaluation {
namespace {

class CompactModel : public SampleModel {
 public:
  explicit CompactModel(compact::Model model) : model_(std::move(model)) {}
  std::string name() const override { return "compact"; }
  SamplePrediction predict(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                           const objects::ObjectMesh& object) const override {
    auto said = model_.predict(evidence, category, question, object);
    // One that learned from guesses trusts them as far as it has learned to.
    if (compact::weighs_marks_itself(model_.info(), evidence.guessed)) said.prior.resize(0);
    return {std::move(said.body), std::move(said.object), said.presence, std::move(said.prior)};
  }
  const compact::Model& model() const { return model_; }

 private:
  compact::Model model_;
};

}  // namespace

LoadedModel load_compact_model(const std::filesystem::path& weights, const body::BodyModel& body_model, const evidence::BodySample& sample) {
  auto model = std::make_unique<CompactModel>(compact::Model(weights, body_model));
  if (model->model().sample().vertices != sample.vertices)
    throw bad_input(weights.string() + ": made for another sample of the body (" + std::to_string(model->model().sample().size()) + " points instead of " +
                    std::to_string(sample.size()) + ")");
  const auto& info = model->model().info();
  LoadedModel loaded;
  const auto policy = [&](bool guessed) {
    const compact::Thresholds t = compact::thresholds(info, guessed);
    return Policy{t.body, t.object, t.gate};
  };
  loaded.policy = policy(false);
  loaded.guessed = policy(true);
  loaded.provenance = info.provenance;
  loaded.model = std::move(model);
  return loaded;
}

}  // namespace tactus::evaluation
