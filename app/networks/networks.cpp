// The library behind tactus/app/networks.h: hands its calls to models/ and turns the types of models/ into its own.
#include "tactus/app/networks.h"

#include <algorithm>
#include <string>

#include "tactus/checkpoint/convert.h"
#include "tactus/checkpoint/model_folder.h"
#include "tactus/compact/predictor.h"
#include "tactus/error.h"
#include "tactus/evaluation/results.h"
#include "tactus/interactvlm/config.h"
#include "tactus/interactvlm/model.h"
#include "tactus/interactvlm/photo_segmenters.h"
#include "tactus/interactvlm/predictor.h"
#include "tactus/io/body_files.h"
#include "tactus/layers/threads.h"
#include "tactus/perception/perceiver.h"
#include "tactus/perception/train.h"
#include "tactus/training/train.h"

namespace tactus::app {
namespace {

namespace fs = std::filesystem;

Stages stages_of(interactvlm::Stages&& stages) {
  Stages result;
  for (auto& [name, array] : stages) result[name] = {std::move(array.shape), std::move(array.values), std::move(array.integers)};
  return result;
}

class OpenedCheckpoint : public Checkpoint {
 public:
  OpenedCheckpoint(std::shared_ptr<interactvlm::Model> model, interactvlm::PromptTemplates templates)
      : model_(std::move(model)), templates_(std::move(templates)) {}

  std::string precision() const override { return model_->precision(); }
  std::string device() const override { return model_->device(); }
  std::int64_t weight_bytes() const override { return model_->weight_bytes(); }
  std::vector<std::string> warnings() const override { return model_->warnings(); }
  bool marks_the_photograph() const override { return interactvlm::marks_the_photograph(model_->config()); }
  std::vector<views::ViewCamera> object_cameras() const override { return model_->object_cameras(); }

  CheckpointAnswer ask(const CheckpointQuery& query, const Progress& progress) override {
    const auto task = interactvlm::task_of(query.task);
    if (!task) throw bad_input(query.task + ": there is no such task; hcontact, hcontact-wScene, h2dcontact, oafford, ocontact and segment are");
    CheckpointAnswer result;
    result.question = query.question.empty() ? templates_.question(*task, query.object) : query.question;
    interactvlm::Query inner{query.photo};
    inner.task = *task;
    inner.prompt = templates_.prompt(result.question, model_->config().image_start_end);
    inner.pictures = query.pictures;
    inner.keep_stages = query.keep_stages;
    inner.keep_embeddings_on_disk = interactvlm::is_human(*task);
    interactvlm::Answer answer = model_->ask(inner, progress);
    result.text = std::move(answer.text);
    result.whole_text = std::move(answer.whole_text);
    result.tokens = std::move(answer.tokens);
    result.masks = std::move(answer.masks);
    result.contact_tokens = answer.contact_tokens;
    result.reached_limit = answer.reached_limit;
    result.warnings = std::move(answer.warnings);
    result.stages = stages_of(std::move(answer.stages));
    return result;
  }

  const std::shared_ptr<interactvlm::Model>& model() const { return model_; }
  const interactvlm::PromptTemplates& templates() const { return templates_; }

 private:
  std::shared_ptr<interactvlm::Model> model_;
  interactvlm::PromptTemplates templates_;
};

const OpenedCheckpoint& opened(const std::shared_ptr<Checkpoint>& checkpoint) {
  return dynamic_cast<const OpenedCheckpoint&>(*checkpoint);
}

// A contact model whose stages are handed on after every answer.
class StagedPredictor : public contact::ContactPredictor {
 public:
  StagedPredictor(std::unique_ptr<contact::ContactPredictor> inner, std::shared_ptr<interactvlm::Stages> from, std::shared_ptr<Stages> to)
      : inner_(std::move(inner)), from_(std::move(from)), to_(std::move(to)) {}

  std::string name() const override { return inner_->name(); }
  std::string description() const override { return inner_->description(); }
  bool reads_photo() const override { return inner_->reads_photo(); }
  contact::ContactPrediction predict(const contact::ContactQuery& query, const Progress& progress) const override {
    auto prediction = inner_->predict(query, progress);
    *to_ = stages_of(std::move(*from_));
    return prediction;
  }

 private:
  std::unique_ptr<contact::ContactPredictor> inner_;
  std::shared_ptr<interactvlm::Stages> from_;
  std::shared_ptr<Stages> to_;
};

checkpoint::ConvertTo convert_to(const std::string& name) {
  if (name == "safetensors") return checkpoint::ConvertTo::safetensors;
  if (name == "int8") return checkpoint::ConvertTo::int8;
  if (name == "int4") return checkpoint::ConvertTo::int4;
  throw bad_input(name + ": a model cannot be converted to that; to safetensors, int8 and int4 it can");
}

class TorchNetworks : public Networks {
 public:
  std::shared_ptr<Checkpoint> open_checkpoint(const CheckpointOptions& given, const Progress& progress) const override {
    auto templates = interactvlm::PromptTemplates::read(given.prompts);
    interactvlm::OpenOptions options;
    options.folder = given.folder;
    options.clip_folder = given.clip_folder;
    options.precision = given.precision;
    options.device = given.device;
    options.cache_folder = given.cache_folder;
    return std::make_shared<OpenedCheckpoint>(interactvlm::Model::open(options, progress), std::move(templates));
  }

  std::unique_ptr<contact::ContactPredictor> make_predictor(std::shared_ptr<Checkpoint> checkpoint,
                                                            std::shared_ptr<const contact::ContactPredictor> fallback,
                                                            std::shared_ptr<Stages> stages) const override {
    const auto& mine = opened(checkpoint);
    const auto kept = stages ? std::make_shared<interactvlm::Stages>() : nullptr;
    auto predictor = interactvlm::make_predictor(mine.model(), mine.templates(), std::move(fallback), kept);
    if (!stages) return predictor;
    return std::make_unique<StagedPredictor>(std::move(predictor), kept, std::move(stages));
  }

  std::unique_ptr<contact::PhotoSegmenter> make_word_segmenter(std::shared_ptr<Checkpoint> checkpoint, const std::string& name) const override {
    const auto& mine = opened(checkpoint);
    return interactvlm::make_word_segmenter(mine.model(), mine.templates(), name);
  }

  std::unique_ptr<contact::PhotoSegmenter> open_click_segmenter(const fs::path& file, const std::string& device,
                                                                const Progress& progress) const override {
    return interactvlm::open_click_segmenter(file, device, progress);
  }

  FolderDescription describe_folder(const fs::path& path) const override {
    auto found = checkpoint::describe_folder(path);
    FolderDescription result;
    result.known = found.kind != checkpoint::FolderKind::unknown;
    result.name = std::move(found.name);
    result.missing = std::move(found.missing);
    const bool runs = found.kind == checkpoint::FolderKind::interactvlm || found.kind == checkpoint::FolderKind::lisa;
    const bool said = std::any_of(result.missing.begin(), result.missing.end(),
                                  [](const std::string& sentence) { return sentence.find("config.json") != std::string::npos; });
    if (runs && !said) {
      try {
        interactvlm::read_model_config(path);
      } catch (const Error& error) {
        result.missing.emplace_back(error.what());
      }
    }
    result.bytes = found.bytes;
    result.parameters = found.parameters;
    result.stored_precision = std::move(found.stored_precision);
    for (auto& need : found.needs) result.needs.push_back({std::move(need.precision), need.bytes});
    return result;
  }

  ConvertReport convert(const fs::path& from, const fs::path& into, const std::string& to, const Progress& progress) const override {
    auto report = checkpoint::convert(from, into, {.to = convert_to(to)}, progress);
    return {report.tensors, report.int8, report.int4, report.bytes_before, report.bytes_after, std::move(report.precision), std::move(report.files)};
  }

  std::unique_ptr<contact::ContactPredictor> open_compact(const fs::path& weights,
                                                          std::shared_ptr<const body::BodyModel> body_model) const override {
    return compact::make_predictor(weights, std::move(body_model));
  }

  std::shared_ptr<const contact::Perceiver> open_perceiver(const fs::path& weights) const override {
    return std::make_shared<perception::Perceiver>(weights);
  }

  TrainReport train(const fs::path& config, const fs::path& body, const Progress& progress,
                    const std::function<void(const TrainStatus&)>& on_status) const override {
    layers::compute_in_one_thread_each();
    const auto model = std::make_shared<const body::BodyModel>(io::read_body_model(body));
    const auto told = [&](const training::TrainStatus& s) {
      on_status({s.stage, s.step, s.steps, s.loss, s.per_second, s.seconds_left, s.curve, s.scores});
    };
    training::TrainReport made;
    std::string output;
    if (perception::is_perception_config(config)) {
      const auto options = perception::read_train_options(config);
      made = perception::train(options, model, progress, told);
      output = options.output.string();
    } else {
      const auto options = training::read_train_options(config);
      const auto perceiver = options.perception.empty() ? nullptr : open_perceiver(options.perception);
      made = training::train(options, model, progress, told, perceiver);
      output = options.output.string();
    }
    return {made.scenes, made.prompts, made.steps, made.parameters, made.generation_seconds, made.training_seconds,
            made.prompts_per_second, std::move(made.scores), std::move(output), made.resumed};
  }

  EvaluateReport evaluate(const EvaluateRequest& request, const Progress& progress) const override {
    layers::compute_in_one_thread_each();
    evaluation::SplitOptions options;
    options.split = evaluation::split_named(request.split);
    options.body = std::make_shared<const body::BodyModel>(io::read_body_model(request.body));
    options.weights = request.weights;
    options.seed = request.seed;
    options.prior_scenes = request.prior_scenes;
    options.evaluation.prompts = request.prompts;
    options.evaluation.validation_prompts = request.validation_prompts;
    options.perception = request.perception;
    options.scored_photographs = options.photo_only.prompts = request.photographs;
    const auto evaluated = evaluation::evaluate(options, progress.part(0.0, 0.97));
    if (!request.out.empty()) evaluation::write_results(request.out, evaluated, {}, progress.part(0.97, 1.0, "Report"));
    EvaluateReport report;
    report.json = evaluation::to_json(evaluated.evaluation, evaluated.seed);
    for (const auto& target : evaluation::targets(evaluated.evaluation))
      report.required.push_back({target.words, target.bound, target.reached, target.at_most, target.met()});
    return report;
  }
};

}  // namespace

extern "C" __attribute__((visibility("default"))) NetworksEntry tactus_networks() {
  static const TorchNetworks networks;
  return {TACTUS_VERSION, kNetworksInterface, &networks};
}

}  // namespace tactus::app
