// Whole trainings on few made photographs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stop_token>

#include "data_set.h"
#include "tactus/error.h"
#include "tactus/io/body_files.h"
#include "tactus/perception/perceiver.h"
#include "tactus/perception/score.h"
#include "tactus/perception/train.h"
#include "tactus/perception/weights.h"
#include "validation.h"

namespace tactus::perception {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const body::BodyModel> model() {
  static const auto made = std::make_shared<const body::BodyModel>(io::read_body_model(TACTUS_BODY_FILE));
  return made;
}

class PerceptionTrainings : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tactus_perception_training_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  TrainOptions small() const {
    TrainOptions options;
    options.output = folder_ / "weights.safetensors";
    options.cache = folder_ / "pictures";
    options.seed = 5;
    options.pictures = 16;
    options.validation_pictures = 4;
    options.bodies = 3;
    options.instances = 1;
    options.side = 64;
    options.supersampling = 1;
    options.batch = 8;
    options.slice = 4;
    options.epochs = 6;
    options.network.image = 48;
    options.network.width_2 = options.network.width_4 = 16;
    options.network.width_8 = 24;
    options.network.width_16 = 32;
    options.network.blocks_4 = options.network.blocks_8 = 1;
    options.network.attention_layers = 1;
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

std::string refused(const std::string& json) {
  try {
    parse_train_options(json, "config.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    return error.what();
  }
  return "";
}

TEST(PerceptionConfiguration, ComesBackAsItWasWrittenAndRefusesByName) {
  const TrainOptions options = parse_train_options(
      R"({"model": "perception", "pictures": 123, "output": "w.safetensors", "loss": {"hands": 7}, "network": {"image": 96}, "batch": 16, "slice": 4})", "x");
  EXPECT_EQ(options.pictures, 123);
  EXPECT_EQ(options.network.image, 96);
  EXPECT_EQ(options.loss.hands, 7.0);
  EXPECT_EQ(to_json(parse_train_options(to_json(options), "x")), to_json(options));
  EXPECT_EQ(to_json(parse_train_options("{}", "x")), to_json(TrainOptions{}));
  EXPECT_NE(refused("{").find("not JSON"), std::string::npos);
  EXPECT_NE(refused(R"({"scenes": 3})").find("\"scenes\" is unknown"), std::string::npos);
  EXPECT_NE(refused(R"({"network": {"parts": 3}})").find("\"parts\" is unknown"), std::string::npos);
  EXPECT_NE(refused(R"({"network": {"image": 3}})").find("\"image\" is 3"), std::string::npos);
  EXPECT_NE(refused(R"({"loss": {"hands": "many"}})").find("\"hands\""), std::string::npos);
  EXPECT_NE(refused(R"({"model": "compact"})").find("must be \"perception\""), std::string::npos);
  EXPECT_NE(refused(R"({"batch": 10, "slice": 4})").find("multiple"), std::string::npos);
}

TEST_F(PerceptionTrainings, GoOnAfterAStopAsIfThereHadBeenNone) {
  TrainOptions options = small();
  const TrainReport whole = train(options, model());
  ASSERT_EQ(whole.steps, 12);
  ASSERT_EQ(whole.losses.size(), 12U);
  options.checkpoint = folder_ / "state";
  std::stop_source stop;
  int reports = 0;
  const Progress stopping([&](double fraction, std::string_view, std::string_view) { if (fraction > 0.35 && ++reports == 4) stop.request_stop(); }, stop.get_token());
  EXPECT_THROW(train(options, model(), stopping), Error);
  const TrainReport rest = train(options, model());
  EXPECT_TRUE(rest.resumed);
  ASSERT_LT(rest.losses.size(), whole.losses.size());
  ASSERT_GT(rest.losses.size(), 0U);
  const std::size_t skipped = whole.losses.size() - rest.losses.size();
  for (std::size_t i = 0; i < rest.losses.size(); ++i) EXPECT_EQ(rest.losses[i], whole.losses[skipped + i]) << i;
  EXPECT_EQ(rest.scores, whole.scores);
  // The same without the cache.
  TrainOptions fresh = small();
  fresh.cache = "";
  EXPECT_EQ(train(fresh, model()).losses, whole.losses);

  TrainOptions other = options;
  other.learning_rate = 1e-3;
  EXPECT_NE(refusal(other).find("another configuration"), std::string::npos);
  other = options;
  other.side = 80;
  EXPECT_NE(refusal(other).find("another seed, size"), std::string::npos);
  std::ofstream(options.checkpoint, std::ios::trunc) << "nothing";
  EXPECT_NE(refusal(options), "");
  fs::remove(options.checkpoint);
  // A cache that a kill cut off goes on from its last whole picture.
  fs::resize_file(options.cache, fs::file_size(options.cache) - 1000);
  EXPECT_EQ(train(options, model()).losses, whole.losses);
  fs::remove(options.checkpoint);
  std::ofstream(options.cache, std::ios::trunc) << "not a cache of pictures at all, but some other file";
  EXPECT_NE(refusal(options).find("not a cache"), std::string::npos);
  options.cache = "/proc/none/pictures";
  EXPECT_NE(refusal(options).find("cannot be written"), std::string::npos);
  options = small();
  options.cache = "";
  options.batch = 32;
  EXPECT_NE(refusal(options).find("fewer than one step"), std::string::npos);
}

// A few pictures by heart. Scores on the very pictures of the training.
std::map<std::string, double> scores_by_heart(const TrainOptions& options) {
  synth::SceneMaker::Options pools;
  pools.bodies = options.bodies;
  pools.instances = options.instances;
  const WeightsInfo info = read_weights_info(options.output);
  DataOptions data;
  data.seed = options.seed;
  data.pools = static_cast<std::uint64_t>(options.bodies) << 32U | static_cast<std::uint64_t>(options.instances);
  data.pictures = options.pictures;
  data.side = options.side;
  data.supersampling = options.supersampling;
  data.without_person = options.without_person;
  data.cache = options.cache;   // the key must be the trainer's
  return validate(load_weights(options.output, info), DataSet(data, synth::SceneMaker(model(), synth::Split::train, pools), info.categories, {}), info, {});
}

// Weights from before things were named are taken, and learn to name them; those that name things are not taken by others.
TEST_F(PerceptionTrainings, ThingsAreNamedFromWeightsThatDidNot) {
  TrainOptions options = small();
  train(options, model());
  const auto nameless = read_weights_info(options.output);
  EXPECT_EQ(nameless.options.things, 0);
  EXPECT_EQ(nameless.thing_threshold, 0.0);
  options.start = folder_ / "first.safetensors";
  fs::copy_file(options.output, options.start);
  options.network.things = 1;
  options.epochs = 150;
  const TrainReport report = train(options, model());
  const WeightsInfo info = read_weights_info(options.output);
  EXPECT_EQ(info.options.things, 1);
  EXPECT_GE(info.thing_threshold, 0.0);
  EXPECT_GT(scores_by_heart(options).at("thing_auc"), 0.75);   // on the very pictures that it learned
  EXPECT_LT(report.losses.back(), report.losses.front());

  options.start = options.output;
  options.output = folder_ / "second.safetensors";
  options.network.things = 0;
  EXPECT_NE(refusal(options).find("other sizes"), std::string::npos);
}

TEST_F(PerceptionTrainings, LearnAFewPicturesByHeart) {
  TrainOptions options = small();
  options.pictures = 24;
  options.validation_pictures = 1;
  options.side = 96;
  options.network.image = 64;
  options.network.width_8 = 32;
  options.network.width_16 = 48;
  options.without_person = 0.1;
  options.flat = 0.08;
  options.epochs = 0.3;
  options.learning_rate = 1e-6;
  train(options, model());
  const auto untrained = scores_by_heart(options);
  options.epochs = 200;
  options.batch = 4;
  options.learning_rate = 5e-3;
  train(options, model());
  const auto trained = scores_by_heart(options);
  for (const auto& [name, value] : trained) RecordProperty(name, std::to_string(untrained.at(name)) + " before, " + std::to_string(value) + " after");
  EXPECT_GT(trained.at("iou_person"), 0.4);
  EXPECT_LT(untrained.at("iou_person"), 0.2);
  EXPECT_LT(trained.at("joint_error"), 0.2);
  EXPECT_GT(untrained.at("joint_error"), 0.4);
  EXPECT_GT(trained.at("left_right"), 0.55);
  EXPECT_GT(trained.at("joints_found"), 0.8);
  EXPECT_GT(trained.at("iou_object"), untrained.at("iou_object") + 0.1);

  // What others are told of these weights.
  synth::SceneMaker::Options pools;
  pools.bodies = options.bodies;
  pools.instances = options.instances;
  ScoreOptions same;
  same.seed = options.seed;
  same.pictures = options.pictures;
  same.side = options.side;
  same.supersampling = options.supersampling;
  same.without_person = options.without_person;
  EXPECT_EQ(score(options.output, synth::SceneMaker(model(), synth::Split::train, pools), same), trained);

  const Perceiver perceiver(options.output);
  const contact::Percept nothing = perceiver.look(ImageU8(120, 90, 3, 128), "chair");
  EXPECT_TRUE(nothing.person_mask.empty());
  EXPECT_EQ(nothing.person_confidence, 0.0);
  EXPECT_TRUE((nothing.joints.array() == 0.0).all());
}

}  // namespace
}  // namespace tactus::perception
