// The answer as it grows during a run, and another model between two runs.
#include <chrono>
#include <functional>
#include <thread>

#include "scene.h"

namespace tactus::pipeline {
namespace {

using Tokens = std::vector<contact::TokenRecord>;

// Says its words, then makes the masks of the plain one.
class TalkingPredictor : public PlainPredictor {
 public:
  TalkingPredictor(std::string name, int words, std::function<void(const Progress&)> masks = {})
      : PlainPredictor(true), name_(std::move(name)), words_(words), masks_(std::move(masks)) {}
  std::string name() const override { return name_; }
  contact::ContactPrediction predict(const contact::ContactQuery& query, const Progress& progress) const override {
    Tokens said;
    for (int i = 0; i < words_; ++i) {
      said.push_back({"word" + std::to_string(i), 0.5, i + 1 == words_, i > 0});
      query.on_token(said.back());
    }
    if (masks_) masks_(progress);
    auto p = PlainPredictor::predict(query, progress);
    p.tokens = said;
    return p;
  }

 private:
  std::string name_;
  int words_;
  std::function<void(const Progress&)> masks_;
};

TEST(Answer, GrowsWordByWordAndIsWholeBeforeTheMasksAreMade) {
  auto b = bench();
  // Many words at once are told seldom; the last of them while the masks are still being made.
  std::size_t told_before_masks = 0, told = 0, tellings = 0;
  std::string stage_of_report;
  auto talking = std::make_shared<TalkingPredictor>("talking", 400, [&](const Progress& progress) {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    progress.report(0.5, "masks");
    told_before_masks = told;
  });
  b.ports.predictor = talking;
  Runner runner(b.ports);
  bool gone_at_the_end = false;
  const Progress progress([&](double, std::string_view stage, std::string_view message) {
    if (message == "masks") stage_of_report = stage;
  });
  const auto a = runner.run(shared(small_inputs()), small_options(), progress, [&](const Analysis& now, Stage stage) {
    if (stage == Stage::predict && now.tokens_so_far) {
      EXPECT_EQ(now.report(Stage::predict).state, StageState::running);
      EXPECT_EQ(now.prediction, nullptr);
      EXPECT_GT(now.tokens_so_far->size(), told);
      EXPECT_EQ(now.tokens_so_far->back().text, "word" + std::to_string(now.tokens_so_far->size() - 1));
      told = now.tokens_so_far->size();
      ++tellings;
    }
    if (stage == Stage::predict && now.prediction) gone_at_the_end = now.tokens_so_far == nullptr;
  });
  EXPECT_EQ(told_before_masks, 400U);
  EXPECT_GE(tellings, 2U);
  EXPECT_LT(tellings, 100U);
  EXPECT_TRUE(gone_at_the_end);
  EXPECT_EQ(stage_of_report, "Masks");
  ASSERT_EQ(a.prediction->tokens.size(), 400U);
  EXPECT_TRUE(a.prediction->tokens.back().makes_mask && a.prediction->tokens.back().about_object);
  EXPECT_EQ(a.tokens_so_far, nullptr);
}

TEST(Answer, AStopWhileItGrowsEndsTheRun) {
  auto b = bench();
  std::stop_source stop;
  b.ports.predictor = std::make_shared<TalkingPredictor>("talking", 5, [](const Progress& progress) { progress.check(); });
  Runner runner(b.ports);
  const auto run = [&] {
    runner.run(shared(small_inputs()), small_options(), Progress({}, stop.get_token()), [&](const Analysis& now, Stage) {
      if (now.tokens_so_far) stop.request_stop();
    });
  };
  EXPECT_THROW(run(), Error);
}

TEST(Model, AnotherOneIsAskedAnewAndLeavesTheRestKnown) {
  auto b = bench();
  Runner runner(b.ports);
  const auto first = runner.run(shared(small_inputs()), small_options(), {});
  // Of the same name: a folder in another precision, say.
  auto other = std::make_shared<PlainPredictor>();
  runner.set_predictor(other);
  const auto told = runner.preview(small_inputs(), small_options());
  EXPECT_EQ(told[static_cast<std::size_t>(Stage::views)].state, StageState::done);
  EXPECT_EQ(told[static_cast<std::size_t>(Stage::predict)].message, "model changed");
  const auto second = runner.run(shared(small_inputs()), small_options(), {});
  EXPECT_EQ(other->calls, 1);
  EXPECT_TRUE(second.report(Stage::views).from_cache);
  EXPECT_FALSE(second.report(Stage::predict).from_cache);
  EXPECT_FALSE(second.report(Stage::fit).from_cache);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.body_views, first.body_views);
  EXPECT_NE(second.prediction, first.prediction);
  // Back again: what the first had answered is still known.
  runner.set_predictor(b.predictor);
  EXPECT_EQ(runner.run(shared(small_inputs()), small_options(), {}).prediction, first.prediction);
  EXPECT_EQ(b.predictor->calls, 1);
}

}  // namespace
}  // namespace tactus::pipeline
