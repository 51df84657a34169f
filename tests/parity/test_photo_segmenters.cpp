// Outlines by words with a scripted model: which question is asked, what becomes of several masks, what is refused.
#include <gtest/gtest.h>

#include "tactus/error.h"
#include "tactus/interactvlm/photo_segmenters.h"

namespace tactus::interactvlm {
namespace {

class ScriptedModel : public Model {
 public:
  const ModelConfig& config() const override { return config_; }
  std::string precision() const override { return "fp32"; }
  std::string device() const override { return "cpu"; }
  std::int64_t weight_bytes() const override { return 1; }
  const std::vector<std::string>& warnings() const override { return warnings_; }
  Answer ask(const Query& query, const Progress& progress, const std::function<void(const contact::TokenRecord&)>&) override {
    progress.check();
    prompt = query.prompt;
    task = query.task;
    one_picture_the_photo = query.pictures.size() == 1 && query.pictures[0] == &query.photo;
    return next;
  }
  ModelConfig config_;
  std::vector<std::string> warnings_;
  Answer next;
  std::string prompt;
  Task task = Task::hcontact;
  bool one_picture_the_photo = false;
};

PromptTemplates templates() {
  PromptTemplates t;
  t.system = "S";
  t.user = "U";
  t.assistant = "A";
  t.separator = " ";
  t.picture = "<im_start><image><im_end>\n";
  t.segment = "Mark the {object}, please.";
  return t;
}

struct Words : ::testing::Test {
  void SetUp() override {
    model->config_.lisa = true;
    segmenter = make_word_segmenter(model, templates(), "lisa-7b");
    segmenter->set_photo(ImageU8(3, 2, 3, 90), {});
  }
  std::shared_ptr<ScriptedModel> model = std::make_shared<ScriptedModel>();
  std::unique_ptr<contact::PhotoSegmenter> segmenter;
};

TEST_F(Words, ANameIsPutIntoTheQuestionAndASentenceIsAskedAsItIs) {
  segmenter->segment("red kite", {});
  EXPECT_EQ(model->prompt, "S U: <im_start><image><im_end>\nMark the red kite, please. A:");
  EXPECT_EQ(model->task, Task::segment);
  EXPECT_TRUE(model->one_picture_the_photo);
  segmenter->segment("What flies here?", {});
  EXPECT_EQ(model->prompt, "S U: <im_start><image><im_end>\nWhat flies here? A:");
}

TEST_F(Words, SeveralMasksAreLaidTogetherAndNoneIsNone) {
  model->next.text = "It is [SEG].";
  model->next.masks = {ImageF(3, 2, 1, -1.0F), ImageF(3, 2, 1, -2.0F)};
  model->next.masks[0].at(0, 0) = 3.0F;
  model->next.masks[1].at(2, 1) = 4.0F;
  const auto found = segmenter->segment("kite", {});
  EXPECT_EQ(found.answer, "It is [SEG].");
  EXPECT_FALSE(found.iou);
  EXPECT_EQ(found.logits.at(0, 0), 3.0F);
  EXPECT_EQ(found.logits.at(2, 1), 4.0F);
  EXPECT_EQ(found.logits.at(1, 1), -1.0F);
  model->next.masks.clear();
  EXPECT_TRUE(segmenter->segment("kite", {}).logits.empty());
}

TEST_F(Words, WhatItCannotDoIsRefused) {
  EXPECT_TRUE(segmenter->understands_words());
  EXPECT_FALSE(segmenter->understands_clicks());
  EXPECT_THROW(segmenter->segment({{1, 1, true}}, std::nullopt), Error);
  EXPECT_THROW(segmenter->segment("", {}), Error);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(segmenter->segment("kite", Progress({}, stop.get_token())), Error);
  EXPECT_THROW(make_word_segmenter(model, templates(), "lisa-7b")->segment("kite", {}), Error);   // no photograph yet
  // A contact model marks views, not the photograph.
  auto contact = std::make_shared<ScriptedModel>();
  contact->config_.views = 4;
  contact->config_.human_weight = 1.0;
  try {
    make_word_segmenter(contact, templates(), "interactvlm-7b");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    EXPECT_NE(std::string(error.what()).find("interactvlm-7b"), std::string::npos);
  }
}

TEST(Clicks, AFileThatIsNoneIsRefused) {
  EXPECT_THROW(open_click_segmenter("/nonexistent/sam.pth", "auto", {}), Error);
}

}  // namespace
}  // namespace tactus::interactvlm
