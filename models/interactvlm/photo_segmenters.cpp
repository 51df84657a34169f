#include "tactus/interactvlm/photo_segmenters.h"

#include <torch/cuda.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "tactus/error.h"
#include "tactus/sam/sam.h"

namespace tactus::interactvlm {
namespace {

class ClickSegmenter : public contact::PhotoSegmenter {
 public:
  ClickSegmenter(std::shared_ptr<sam::Segmenter> segmenter, std::string name)
      : segmenter_(std::move(segmenter)), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  bool understands_clicks() const override { return true; }
  bool understands_words() const override { return false; }
  void set_photo(const ImageU8& photo, const Progress& progress) override { segmenter_->set_photo(photo, progress); }

  contact::PhotoMask segment(const std::vector<contact::PhotoClick>& clicks,
                             const std::optional<contact::PhotoBox>& box) override {
    std::vector<sam::PointPrompt> points;
    for (const auto& click : clicks) points.push_back({click.x, click.y, click.inside});
    std::optional<sam::BoxPrompt> corners;
    if (box) corners = sam::BoxPrompt{box->x, box->y, box->x + box->width, box->y + box->height};
    auto answer = segmenter_->segment(points, corners);
    return {std::move(answer.logits), answer.iou, {}};
  }
  contact::PhotoMask segment(const std::string&, const Progress&) override {
    throw bad_input(name_ + ": these weights understand clicks and boxes, not words");
  }

 private:
  std::shared_ptr<sam::Segmenter> segmenter_;
  std::string name_;
};

class WordSegmenter : public contact::PhotoSegmenter {
 public:
  WordSegmenter(std::shared_ptr<Model> model, PromptTemplates templates, std::string name)
      : model_(std::move(model)), templates_(std::move(templates)), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  bool understands_clicks() const override { return false; }
  bool understands_words() const override { return true; }
  void set_photo(const ImageU8& photo, const Progress&) override { photo_ = photo; }

  contact::PhotoMask segment(const std::vector<contact::PhotoClick>&, const std::optional<contact::PhotoBox>&) override {
    throw bad_input(name_ + ": this model understands words, not clicks; load the weights of Segment Anything for those");
  }
  contact::PhotoMask segment(const std::string& words, const Progress& progress) override {
    if (photo_.empty()) throw bad_input("there is no photograph to look at; open one first");
    if (words.empty()) throw bad_input("there are no words to look for; name a thing in the photograph");
    const bool sentence = words.ends_with('.') || words.ends_with('?') || words.ends_with('!');
    Query query{photo_};
    query.task = Task::segment;
    query.prompt = templates_.prompt(sentence ? words : templates_.question(Task::segment, words), model_->config().image_start_end);
    query.pictures = {&photo_};
    const Answer answer = model_->ask(query, progress);
    contact::PhotoMask found;
    found.answer = answer.text;
    for (const auto& mask : answer.masks) {
      if (found.logits.empty()) {
        found.logits = mask;
        continue;
      }
      std::transform(mask.data.begin(), mask.data.end(), found.logits.data.begin(), found.logits.data.begin(),
                     [](float a, float b) { return std::max(a, b); });
    }
    return found;
  }

 private:
  std::shared_ptr<Model> model_;
  PromptTemplates templates_;
  std::string name_;
  ImageU8 photo_;
};

}  // namespace

std::unique_ptr<contact::PhotoSegmenter> open_click_segmenter(const std::filesystem::path& file, const std::string& device,
                                                              const Progress& progress) {
  const bool there = torch::cuda::is_available();
  if (device == "cuda" && !there) throw cannot_run("cuda: this machine has no GPU that libtorch can use; choose the device cpu or auto");
  const bool gpu = there && device != "cpu";
  auto segmenter = sam::Segmenter::open(file, gpu ? at::kHalf : at::kFloat, gpu ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU), progress);
  return std::make_unique<ClickSegmenter>(std::move(segmenter), file.stem().string());
}

std::unique_ptr<contact::PhotoSegmenter> make_word_segmenter(std::shared_ptr<Model> model, PromptTemplates templates,
                                                             const std::string& name) {
  if (!marks_the_photograph(model->config())) {
    throw bad_input(name + ": this model marks the views of a body and an object, not the photograph; LISA finds things by words");
  }
  return std::make_unique<WordSegmenter>(std::move(model), std::move(templates), name);
}

bool marks_the_photograph(const ModelConfig& config) {
  return config.views == 1 || (config.human_weight <= 0 && config.object_weight <= 0);
}

}  // namespace tactus::interactvlm
