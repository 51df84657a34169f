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
    return {std::move(said.body), std::move(said.object), said.presence};
  }
  const compact::Model& model() const { return model_; }

 private:
  compact::Model model_;
};

}  // namespace

LoadedModel load_compact_model(const std::filesystem::path& weights, int sample_size) {
  auto model = std::make_unique<CompactModel>(compact::Model(weights));
  if (model->model().sample_size() != sample_size)
    throw bad_input(weights.string() + ": made for a sample of " + std::to_string(model->model().sample_size()) + " points of the body; this program uses " +
                    std::to_string(sample_size));
  const auto& thresholds = model->model().thresholds();
  LoadedModel loaded;
  loaded.policy = {thresholds.body, thresholds.object, thresholds.presence};
  loaded.provenance = model->model().provenance();
  loaded.model = std::move(model);
  return loaded;
}

}  // namespace tactus::evaluation
