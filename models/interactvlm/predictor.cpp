#include "tactus/interactvlm/predictor.h"

#include <cstdio>

#include "tactus/error.h"

namespace tactus::interactvlm {
namespace {

std::vector<const ImageU8*> pictures_of(const std::vector<views::RenderedView>& rendered) {
  std::vector<const ImageU8*> pictures;
  for (const auto& view : rendered) pictures.push_back(&view.picture);
  return pictures;
}

// Logits of "no contact anywhere", the size of the views.
std::vector<ImageF> untouched(const std::vector<views::RenderedView>& rendered) {
  std::vector<ImageF> masks;
  for (const auto& view : rendered) masks.emplace_back(view.picture.width, view.picture.height, 1, -20.0F);
  return masks;
}

class Predictor : public contact::ContactPredictor {
 public:
  Predictor(std::shared_ptr<Model> model, PromptTemplates templates,
            std::shared_ptr<const contact::ContactPredictor> fallback, std::shared_ptr<Stages> stages)
      : model_(std::move(model)), templates_(std::move(templates)), fallback_(std::move(fallback)), stages_(std::move(stages)) {
    const auto& config = model_->config();
    if (config.views == 1 || (config.human_weight <= 0 && config.object_weight <= 0)) {
      throw bad_input(std::string("this model ") + (config.lisa ? "(LISA) segments" : "was trained to mark") +
                      " the photograph, not the views of a body or an object; use it for masks, and another model for contact");
    }
  }

  std::string name() const override { return "interactvlm"; }
  std::string description() const override {
    char size[32];
    std::snprintf(size, sizeof size, "%.1f GB", static_cast<double>(model_->weight_bytes()) / 1e9);
    return "InteractVLM: reads the photograph and the prompt. " + model_->precision() + ", " + size + " on " + model_->device() + ".";
  }

  contact::ContactPrediction predict(const contact::ContactQuery& query, const Progress& progress) const override {
    contact::ContactPrediction prediction;
    prediction.model = name() + ", " + model_->precision();
    prediction.warnings = model_->warnings();
    if (stages_) stages_->clear();
    const bool body = model_->config().human_weight > 0;
    const bool object = model_->config().object_weight > 0;
    if (body) {
      const auto part = progress.part(0.0, object ? 0.5 : 1.0);
      prediction.body_logits = ask(query, Task::hcontact, query.prompt, query.body_views, part, prediction);
    }
    if (object) {
      prediction.object_logits = ask(query, Task::ocontact, templates_.question(Task::ocontact, query.object.name),
                                     query.object_views, progress.part(body ? 0.5 : 0.0, 1.0), prediction);
    }
    if (!body || !object) fill_in(query, prediction, progress);
    return prediction;
  }

 private:
  std::vector<ImageF> ask(const contact::ContactQuery& query, Task task, const std::string& question,
                          const std::vector<views::RenderedView>& rendered, const Progress& progress,
                          contact::ContactPrediction& prediction) const {
    Query inner{query.photo};
    inner.task = task;
    inner.pictures = pictures_of(rendered);
    inner.keep_stages = stages_ != nullptr;
    inner.keep_embeddings_on_disk = is_human(task);
    const bool about_object = is_object(task);
    const auto on_token = [&](contact::TokenRecord token) {
      token.about_object = about_object;
      if (query.on_token) query.on_token(token);
    };
    const std::string published = templates_.question(task, query.object.name);
    Answer answer;
    for (const std::string& words : {question, published}) {
      inner.prompt = templates_.prompt(words, model_->config().image_start_end);
      answer = model_->ask(inner, progress, on_token);
      if (answer.contact_tokens > 0 || words == published) break;
      prediction.warnings.push_back("\"" + words + "\" brought no contact token (\"" + answer.text + "\"); the model's own question was asked");
    }
    for (auto& token : answer.tokens) token.about_object = about_object;
    prediction.tokens.insert(prediction.tokens.end(), answer.tokens.begin(), answer.tokens.end());
    prediction.warnings.insert(prediction.warnings.end(), answer.warnings.begin(), answer.warnings.end());
    prediction.answer += (prediction.answer.empty() ? "" : "\n") + answer.text;
    if (stages_) {
      for (auto& [name, array] : answer.stages) (*stages_)[(about_object ? "object_" : "") + name] = std::move(array);
    }
    return answer.masks.empty() ? untouched(rendered) : std::move(answer.masks);
  }

  void fill_in(const contact::ContactQuery& query, contact::ContactPrediction& prediction, const Progress& progress) const {
    auto usual = fallback_->predict(query, progress.part(1.0, 1.0));
    const bool body = prediction.body_logits.empty();
    (body ? prediction.body_logits : prediction.object_logits) = std::move(body ? usual.body_logits : usual.object_logits);
    (body ? prediction.body_parts : prediction.object_parts) = std::move(body ? usual.body_parts : usual.object_parts);
    prediction.warnings.push_back(std::string("this model knows contact on the ") + (body ? "object" : "body") + " alone; that on the " +
                                  (body ? "body" : "object") + " is what people usually touch (" + fallback_->name() + ")");
  }

  std::shared_ptr<Model> model_;
  PromptTemplates templates_;
  std::shared_ptr<const contact::ContactPredictor> fallback_;
  std::shared_ptr<Stages> stages_;
};

}  // namespace

std::unique_ptr<contact::ContactPredictor> make_predictor(std::shared_ptr<Model> model, PromptTemplates templates,
                                                          std::shared_ptr<const contact::ContactPredictor> fallback,
                                                          std::shared_ptr<Stages> stages) {
  return std::make_unique<Predictor>(std::move(model), std::move(templates), std::move(fallback), std::move(stages));
}

}  // namespace tactus::interactvlm
