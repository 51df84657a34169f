// Whole trainings on few made scenes.
#include <ATen/ops/arange.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <thread>

#include "somebody.h"
#include "tactus/checkpoint/tensor_source.h"
#include "tactus/compact/weights.h"
#include "tactus/error.h"
#include "tactus/training/train.h"

extern char** environ;

namespace tactus::training {
namespace {

namespace fs = std::filesystem;

class Trainings : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tactus_training_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  TrainOptions small() const {
    TrainOptions options;
    options.output = folder_ / "weights.safetensors";
    options.cache = folder_ / "prompts";
    options.seed = 5;
    options.scenes = 16;
    options.validation_scenes = 4;
    options.bodies = 3;
    options.instances = 1;
    options.batch = 8;
    options.slice = 4;
    options.epochs = 6;
    options.sample = {400, 2.6, 16};
    options.network.sample_size = 400;
    options.network.clusters = 16;
    options.network.width = 32;
    options.network.feed_forward = 64;
    options.network.decoder_width = 16;
    options.object_points = 32;
    options.body_points = 150;
    return options;
  }
  std::string refusal(const TrainOptions& options) {
    try {
      train(options, model());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  fs::path folder_;
};

TEST_F(Trainings, GoOnAfterAStopAsIfThereHadBeenNone) {
  TrainOptions options = small();
  const TrainReport whole = train(options, model());
  ASSERT_GT(whole.steps, 12);
  EXPECT_FALSE(whole.resumed);
  ASSERT_EQ(static_cast<std::int64_t>(whole.losses.size()), whole.steps);

  options.checkpoint = folder_ / "state";
  std::stop_source stop;
  int reports = 0;
  const Progress stopping([&](double fraction, std::string_view, std::string_view) { if (fraction > 0.35 && ++reports == 5) stop.request_stop(); }, stop.get_token());
  EXPECT_THROW(train(options, model(), stopping), Error);
  const TrainReport rest = train(options, model());
  EXPECT_TRUE(rest.resumed);
  ASSERT_LT(rest.losses.size(), whole.losses.size());
  ASSERT_GT(rest.losses.size(), 0U);
  const std::size_t skipped = whole.losses.size() - rest.losses.size();
  for (std::size_t i = 0; i < rest.losses.size(); ++i) EXPECT_EQ(rest.losses[i], whole.losses[skipped + i]) << i;
  EXPECT_EQ(rest.scores.at("human_f1"), whole.scores.at("human_f1"));

  // A checkpoint, and a cache, of other settings.
  TrainOptions other = options;
  other.learning_rate = 1e-3;
  EXPECT_NE(refusal(other).find("another configuration"), std::string::npos);
  other = options;
  other.seed = 6;
  EXPECT_NE(refusal(other).find("another seed"), std::string::npos);
  // A damaged checkpoint.
  fs::resize_file(options.checkpoint, fs::file_size(options.checkpoint) / 2);
  EXPECT_NE(refusal(options), "");
  std::ofstream(options.checkpoint) << "nothing";
  EXPECT_NE(refusal(options), "");
  fs::remove(options.checkpoint);
  std::ofstream(options.cache, std::ios::trunc) << "not a cache of prompts at all, but some other file";
  EXPECT_NE(refusal(options).find("not a cache"), std::string::npos);
}

TEST_F(Trainings, LoseNothingWhenKilled) {
  TrainOptions options = small();
  const TrainReport whole = train(options, model());
  options.checkpoint = folder_ / "state";
  options.checkpoint_seconds = 0;   // after every step: the kill may fall within a save
  options.epochs = 6;
  const std::string config = folder_ / "config.json", body = TACTUS_BODY_FILE, program = TACTUS_TRAIN_PROGRAM;
  std::ofstream(config) << to_json(options);
  const std::vector<const char*> arguments = {program.c_str(), config.c_str(), body.c_str(), nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, program.c_str(), nullptr, nullptr, const_cast<char* const*>(arguments.data()), environ), 0);
  for (int i = 0; i < 2000 && !fs::exists(options.checkpoint); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(fs::exists(options.checkpoint));
  const TrainReport rest = train(options, model());
  EXPECT_TRUE(rest.resumed);
  const std::size_t skipped = whole.losses.size() - rest.losses.size();
  for (std::size_t i = 0; i < rest.losses.size(); ++i) EXPECT_EQ(rest.losses[i], whole.losses[skipped + i]) << i;
}

TEST_F(Trainings, KeepTheOldFilesWhenTheDiskIsFull) {
  TrainOptions options = small();
  options.scenes = 6;
  options.epochs = 1;
  options.output = "/proc/none/weights.safetensors";
  try {
    train(options, model());
    FAIL() << "wrote into /proc";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cannot_run);
  }
  options.output = folder_ / "weights.safetensors";
  options.cache = "/proc/none/prompts";
  EXPECT_NE(refusal(options).find("cannot be written"), std::string::npos);
}

TEST_F(Trainings, RefuseWhatCannotBe) {
  TrainOptions options = small();
  options.cache = "";
  options.scenes = 1;
  options.batch = 64;
  EXPECT_NE(refusal(options).find("fewer than one step"), std::string::npos);
  options = small();
  options.scenes = 6;
  options.trains = "spleen";
  EXPECT_NE(refusal(options).find("names no part"), std::string::npos);
  options = small();
  options.scenes = 6;
  options.photographed = 0.5;
  options.perception = "perception.safetensors";
  EXPECT_NE(refusal(options).find("no perception was given"), std::string::npos);
  options = small();
  options.scenes = 6;
  options.device = "cuda";
  EXPECT_NE(refusal(options).find("no GPU"), std::string::npos);
}

TEST_F(Trainings, PhotographsChooseTheThresholdsForGuesses) {
  TrainOptions options = small();
  options.epochs = 2;
  train(options, model());
  EXPECT_FALSE(compact::learned_from_guesses(compact::read_weights_info(options.output)));

  options.start = folder_ / "first.safetensors";
  fs::copy_file(options.output, options.start);
  options.photographed = 0.4;
  options.perception = options.start;   // any file: its bytes are part of the cache's key
  options.validation_photographs = 6;
  options.cache = folder_ / "more";
  const TrainReport report = train(options, model(), {}, {}, std::make_shared<const Somebody>());
  for (const char* score : {"photo_f1", "photo_prior_f1", "photo_missed", "photo_false_contact", "photo_presence_auc"})
    EXPECT_TRUE(report.scores.at(score) >= 0.0 && report.scores.at(score) <= 1.0) << score;
  EXPECT_GT(report.scores.at("photo_prompts"), 5.0);
  const compact::WeightsInfo info = compact::read_weights_info(options.output);
  ASSERT_TRUE(compact::learned_from_guesses(info));
  const auto marks = compact::thresholds(info, false), guesses = compact::thresholds(info, true);
  EXPECT_EQ(marks.body, info.contact_threshold);
  EXPECT_EQ(marks.gate, info.presence_gate);
  EXPECT_EQ(guesses.body, info.guessed_threshold);
  EXPECT_EQ(guesses.gate, info.guessed_gate);
  EXPECT_EQ(guesses.object, marks.object);
  // Other scenes, but the prior that the weights were learned with.
  const auto sample = evidence::make_body_sample(*model(), options.sample);
  const auto prior_of = [&](const fs::path& file) {
    const compact::WeightsInfo about = compact::read_weights_info(file);
    return compact::load_weights(file, about, sample)->prior(at::arange(about.options.categories));
  };
  EXPECT_TRUE(at::equal(prior_of(options.output), prior_of(options.start)));
}

// Under two minutes on two cores.
TEST_F(Trainings, BeatTheCategoryPriorOnAToySplit) {
  TrainOptions options;
  options.output = folder_ / "weights.safetensors";
  options.events = folder_ / "events";
  options.seed = 3;
  options.bodies = 30;
  options.instances = 4;
  options.scenes = 220;
  options.validation_scenes = 70;
  options.epochs = 9;
  options.batch = 16;
  options.slice = 8;
  options.sample = {1200, 2.6, 48};
  options.network.sample_size = 1200;
  options.network.clusters = 48;
  options.network.width = 64;
  options.network.feed_forward = 128;
  options.network.decoder_width = 32;
  options.object_points = 64;
  const auto begin = std::chrono::steady_clock::now();
  const TrainReport report = train(options, model());
  std::printf("%.0f s: F1 %.3f, prior %.3f, left/right %.2f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
              report.scores.at("human_f1"), report.scores.at("prior_f1"), report.scores.at("left_right_accuracy"));
  EXPECT_GT(report.scores.at("human_f1"), report.scores.at("prior_f1") + 0.03);
  const compact::WeightsInfo info = compact::read_weights_info(options.output);
  EXPECT_EQ(info.options.sample_size, 1200);
  EXPECT_NE(info.provenance.find("\"training_hours\""), std::string::npos);
  EXPECT_LT(fs::file_size(options.output), 2'000'000U);
  EXPECT_FALSE(fs::is_empty(options.events));
}

}  // namespace
}  // namespace tactus::training
