#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "small_network.h"
#include "tactus/checkpoint/save_tensors.h"
#include "tactus/checkpoint/tensor_source.h"
#include "tactus/compact/vocabulary.h"
#include "tactus/error.h"

namespace tactus::compact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::small_info;
using testing::small_sample;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tactus_compact_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    at::manual_seed(5);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path file() const { return folder_ / "weights.safetensors"; }

  fs::path saved() {
    Network network = make_network(small_info().options, small_sample());
    network->initialise(4);
    save_weights(file(), network, small_info());
    return file();
  }
  // The same tensors under another description.
  void describe(const std::function<void(json&)>& change) {
    const auto source = checkpoint::open_tensors(saved());
    std::map<std::string, at::Tensor> tensors;
    for (const auto& info : source->tensors()) tensors[info.name] = source->read(info.name).clone();
    std::ifstream in(file(), std::ios::binary);
    std::uint64_t length = 0;
    in.read(reinterpret_cast<char*>(&length), 8);
    std::string text(length, ' ');
    in.read(text.data(), static_cast<std::streamsize>(length));
    json about = json::parse(json::parse(text)["__metadata__"]["tactus"].get<std::string>());
    change(about);
    checkpoint::write_safetensors(file(), tensors, {{"format", "tactus compact 3"}, {"tactus", about.dump()}});
  }
  std::string refusal() {
    try {
      const WeightsInfo info = read_weights_info(file());
      load_weights(file(), info, small_sample());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_input);
      return error.what();
    }
    return "";
  }
  fs::path folder_;
};

TEST_F(Files, ComeBackAsTheyWere) {
  WeightsInfo info = small_info();
  info.contact_threshold = 0.61;
  info.presence_gate = 0.4;
  info.contact_temperature = 1.7;
  Network network = make_network(info.options, small_sample());
  network->initialise(4);
  network->set_prior(at::randn({3, 120}));
  save_weights(file(), network, info);
  const WeightsInfo read = read_weights_info(file());
  EXPECT_EQ(read.options, info.options);
  EXPECT_EQ(read.words, info.words);
  EXPECT_EQ(read.categories, info.categories);
  EXPECT_EQ(read.sample.count, 120);
  EXPECT_DOUBLE_EQ(read.contact_threshold, 0.61);
  EXPECT_DOUBLE_EQ(read.presence_gate, 0.4);
  EXPECT_DOUBLE_EQ(read.contact_temperature, 1.7);
  EXPECT_FALSE(learned_from_guesses(read));
  EXPECT_EQ(thresholds(read, true).gate, 0.4);
  EXPECT_EQ(json::parse(read.provenance)["seed"], 3);
  Network loaded = load_weights(file(), read, small_sample());
  const auto before = network->named_parameters(), after = loaded->named_parameters();
  ASSERT_EQ(before.size(), after.size());
  for (const auto& item : before) {
    EXPECT_EQ((item.value().detach().to(at::kHalf).to(at::kFloat) - after[item.key()]).abs().max().item<double>(), 0.0) << item.key();
  }
  const Batch batch = testing::random_batch(info.options, 2);
  EXPECT_LT((network->forward(batch).body - loaded->forward(batch).body).abs().max().item<double>(), 0.05);
}

TEST_F(Files, ThresholdsForGuessesAreKept) {
  WeightsInfo info = small_info();
  info.guessed_threshold = 0.3;
  info.guessed_gate = 0.2;
  Network network = make_network(info.options, small_sample());
  network->initialise(4);
  save_weights(file(), network, info);
  const WeightsInfo read = read_weights_info(file());
  ASSERT_TRUE(learned_from_guesses(read));
  EXPECT_EQ(thresholds(read, true).body, 0.3);
  EXPECT_EQ(thresholds(read, true).gate, 0.2);
  EXPECT_EQ(thresholds(read, false).body, read.contact_threshold);
  EXPECT_EQ(thresholds(read, false).gate, read.presence_gate);
}

TEST_F(Files, LoadedWeightsCanBeTrained) {
  saved();
  Network loaded = load_weights(file(), read_weights_info(file()), small_sample());
  const torch::NoGradGuard no_grad;
  for (auto& p : loaded->parameters()) p.add_(1.0);   // would end the program in memory that is only mapped
}

TEST_F(Files, WeightsThatAreNotFiniteAreNotWritten) {
  saved();
  const auto size = fs::file_size(file());
  Network network = make_network(small_info().options, small_sample());
  network->initialise(4);
  { const torch::NoGradGuard no_grad; network->parameters().front().fill_(1e9); }
  EXPECT_THROW(save_weights(file(), network, small_info()), Error);
  EXPECT_EQ(fs::file_size(file()), size);
  EXPECT_EQ(refusal(), "");
}

TEST_F(Files, AFullDiskLeavesTheOldFile) {
  if (!fs::exists("/dev/full")) GTEST_SKIP();
  Network network = make_network(small_info().options, small_sample());
  network->initialise(4);
  EXPECT_THROW(save_weights("/proc/none/weights.safetensors", network, small_info()), Error);
}

TEST_F(Files, DamagedOnesAreRefusedInASentence) {
  EXPECT_NE(refusal().find("cannot be opened"), std::string::npos);
  std::ofstream(file()) << "";
  EXPECT_NE(refusal().find("not a safetensors file"), std::string::npos);
  std::ofstream(file()) << "this is text, not weights, and long enough to be read as a header";
  EXPECT_NE(refusal().find("not a safetensors file"), std::string::npos);
  saved();
  const auto size = fs::file_size(file());
  fs::resize_file(file(), 100);
  EXPECT_NE(refusal().find("ends within its header"), std::string::npos);
  saved();
  fs::resize_file(file(), size - 1000);
  EXPECT_NE(refusal(), "");
  checkpoint::write_safetensors(file(), {{"weight", at::zeros({2})}});
  EXPECT_NE(refusal().find("not a file of a compact model"), std::string::npos);
}

TEST_F(Files, ForeignDescriptionsAreRefused) {
  const auto said = [&](const std::function<void(json&)>& change) {
    describe(change);
    return refusal();
  };
  EXPECT_NE(said([](json& j) { j["colour"] = 1; }).find("\"colour\" is unknown"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["options"]["depth"] = 1; }).find("\"depth\" is unknown"), std::string::npos);
  EXPECT_NE(said([](json& j) { j.erase("presence_gate"); }).find("\"presence_gate\" is missing"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["presence_gate"] = "high"; }).find("presence_gate"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["contact_temperature"] = -1; }).find("contact_temperature"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["guessed_threshold"] = 0.4; }).find("\"guessed_gate\" is missing"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["guessed_threshold"] = 0.4; j["guessed_gate"] = 2; }).find("for guesses"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["words"].push_back("cup"); }).find("stands twice"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["words"].push_back("new"); }).find("16 words"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["categories"].push_back("bat"); }).find("categories"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["sample"]["count"] = 130; }).find("130 points"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["options"]["width"] = 64; }).find("expected"), std::string::npos);
  EXPECT_NE(said([](json& j) { j["options"]["width"] = 1e6; }).find("width"), std::string::npos);
  EXPECT_EQ(said([](json&) {}), "");
}

TEST(Vocabulary, SplitsAndJoinsSentences) {
  const Vocabulary words({"which", "parts", "touch", "the", "cup", "?", ".", ",", "hand", "t-shirt"});
  EXPECT_EQ(Vocabulary::split("Which parts touch the T-shirt?"), (std::vector<std::string>{"which", "parts", "touch", "the", "t-shirt", "?"}));
  const auto ids = words.encode("The hands, the zebra.");
  ASSERT_EQ(ids.size(), 6U);
  EXPECT_EQ(ids[1], words.id("hand"));   // a plural is taken for its singular
  EXPECT_EQ(ids[4], Vocabulary::unknown);
  EXPECT_EQ(words.decode({Vocabulary::contact, words.id("the"), words.id("hand"), words.id(","), words.id("cup"), words.id("."), Vocabulary::end}), "The hand, cup.");
  EXPECT_TRUE(words.encode("").empty());
  EXPECT_EQ(words.encode("\xff\xfe").size(), 1U);
  EXPECT_THROW(Vocabulary({"two", "two"}), Error);
  EXPECT_THROW(Vocabulary({"two words"}), Error);
  EXPECT_THROW(Vocabulary({"<pad>"}), Error);
}

}  // namespace
}  // namespace tactus::compact
