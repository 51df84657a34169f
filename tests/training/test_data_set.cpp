// The prompts that the contact model learns from.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>

#include "data_set.h"
#include "somebody.h"
#include "tactus/error.h"
#include "tactus/synth/language.h"

namespace tactus::training {
namespace {

namespace fs = std::filesystem;

const synth::SceneMaker& maker() {
  static const synth::SceneMaker made(model(), synth::Split::train, {.bodies = 4, .instances = 1});
  return made;
}
const evidence::BodySample& sample() {
  static const evidence::BodySample made = evidence::make_body_sample(*model(), {400, 2.6, 16});
  return made;
}

DataOptions small() {
  DataOptions options;
  options.seed = 4;
  options.scenes = 12;
  options.object_points = 90;
  return options;
}

DataSet made(const DataOptions& options) {
  static const compact::Vocabulary vocabulary(synth::all_words(*model()));
  static const std::vector<std::string> categories = [] {
    std::vector<std::string> names;
    for (const auto& category : objects::categories()) names.push_back(category.name);
    return names;
  }();
  return {options, maker(), sample(), vocabulary, categories, {}};
}

Items all_of(const DataSet& data) {
  std::vector<std::int64_t> which(static_cast<std::size_t>(data.size()));
  for (std::size_t i = 0; i < which.size(); ++i) which[i] = static_cast<std::int64_t>(i);
  return data.collate(which, 1, {});
}

TEST(DataSet, TakesTouchedPointsOfObjectsFirstAndWeighsThem) {
  DataOptions options = small();
  const DataSet balanced = made(options);
  options.balanced_objects = false;
  const DataSet plain = made(options);
  ASSERT_EQ(balanced.size(), plain.size());
  const Items a = all_of(balanced), b = all_of(plain);
  int touched_prompts = 0;
  double seen = 0, seen_plain = 0;
  for (std::int64_t i = 0; i < balanced.size(); ++i) {
    const PromptInfo info = balanced.info(i);
    const auto weights = a.object_weight[i], truth = a.object[i];
    const auto known = (weights > 0).sum().item<double>();
    EXPECT_EQ(known, info.points);
    // They stand for all of the object's vertices.
    EXPECT_NEAR(weights.sum().item<double>(), info.points, 1e-3 * info.points);
    EXPECT_LE(truth.sum().item<double>(), std::max(known / 3.0, b.object[i].sum().item<double>()) + 1.0);
    if (truth.sum().item<double>() == 0) continue;
    ++touched_prompts;
    seen += truth.sum().item<double>();
    seen_plain += b.object[i].sum().item<double>();
    EXPECT_TRUE(plain.info(i).stands_for[0] == 1.0F && plain.info(i).stands_for[1] == 1.0F);
  }
  ASSERT_GT(touched_prompts, 5);
  EXPECT_GT(seen, 1.5 * seen_plain);
}

// The share of touched vertices that weighted points tell is that of the object.
TEST(DataSet, WeightedPointsTellTheTouchedShareOfTheObject) {
  const DataSet data = made(small());
  const Items items = all_of(data);
  std::map<std::uint32_t, synth::Scene> scenes;
  int compared = 0;
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const PromptInfo info = data.info(i);
    if (info.touched == 0) continue;
    const double touched = (items.object[i] * items.object_weight[i]).sum().item<double>() / items.object_weight[i].sum().item<double>();
    if (info.stands_for[1] == 1.0F) continue;   // as they came
    EXPECT_GT(touched, 0.0);
    // stands_for counts vertices: an integer many of each kind make up the object.
    const double of_touched = items.object[i].sum().item<double>() * static_cast<double>(info.stands_for[1]);
    EXPECT_NEAR(touched, of_touched / info.points, 1e-4);
    ++compared;
  }
  EXPECT_GT(compared, 3);
}

// Left and right change places everywhere, and twice mirrored is as it was.
TEST(DataSet, MirroredPromptsExchangeLeftAndRight) {
  const DataSet data = made(small());
  const Items plain = all_of(data);
  std::vector<std::int64_t> which(static_cast<std::size_t>(data.size()));
  for (std::size_t i = 0; i < which.size(); ++i) which[i] = static_cast<std::int64_t>(i);
  const Items turned = data.collate(which, 1, {.mirrored = 1.0});
  const compact::Vocabulary vocabulary(synth::all_words(*model()));
  const std::int64_t left = vocabulary.id("left"), right = vocabulary.id("right");
  int sided = 0, words = 0;
  for (int s = 0; s < sample().size(); ++s) {
    const std::int64_t other = sample().mirror[static_cast<std::size_t>(s)];
    EXPECT_TRUE(turned.body.select(1, s).equal(plain.body.select(1, other)));
    EXPECT_TRUE(turned.batch.vertex.select(1, s).select(1, 0).equal(plain.batch.vertex.select(1, other).select(1, 0)));   // distance
  }
  for (std::int64_t i = 0; i < data.size(); ++i) sided += turned.body[i].equal(plain.body[i]) ? 0 : 1;
  EXPECT_GT(sided, data.size() / 4);
  EXPECT_TRUE(turned.batch.words.eq(left).equal(plain.batch.words.eq(right)));
  EXPECT_TRUE(turned.batch.words.eq(right).equal(plain.batch.words.eq(left)));
  EXPECT_TRUE(turned.targets.eq(left).equal(plain.targets.eq(right)));
  words += plain.targets.eq(left).sum().item<int>();
  EXPECT_GT(words, 0);
  EXPECT_TRUE(turned.batch.object.select(2, 0).equal(-plain.batch.object.select(2, 0)));   // to the left, to the right
  EXPECT_TRUE(turned.batch.object.select(2, 1).equal(plain.batch.object.select(2, 1)));
  const Items half = data.collate(which, 1, {.mirrored = 0.5});
  int as_they_were = 0;
  for (std::int64_t i = 0; i < data.size(); ++i) as_they_were += half.batch.vertex[i].equal(plain.batch.vertex[i]) ? 1 : 0;
  EXPECT_GT(as_they_were, data.size() / 5);
  EXPECT_LT(as_they_were, data.size() * 4 / 5);
}

// Some of the body's points, all of them in turn, with the truth that belongs to them; what is read stays whole.
TEST(DataSet, DecodesSomeOfTheBodysPointsAtATime) {
  const DataSet data = made(small());
  const std::vector<std::int64_t> which = {0, 1, 2};
  const Items all = data.collate(which, 1, {});
  EXPECT_FALSE(all.batch.points.defined());
  std::set<std::int64_t> seen;
  const std::int64_t taken = sample().size() / 3;
  for (std::uint64_t draw = 0; draw < 40; ++draw) {
    const Items some = data.collate(which, draw, {.body_points = static_cast<int>(taken)});
    ASSERT_EQ(some.batch.points.sizes(), at::IntArrayRef({taken}));
    EXPECT_EQ(some.batch.vertex.sizes(), all.batch.vertex.sizes());
    EXPECT_TRUE(some.body.equal(all.body.index_select(1, some.batch.points)));
    const auto* points = some.batch.points.const_data_ptr<std::int64_t>();
    const std::set<std::int64_t> once(points, points + taken);
    EXPECT_EQ(static_cast<std::int64_t>(once.size()), taken);   // none twice
    seen.insert(once.begin(), once.end());
    EXPECT_TRUE(data.collate(which, draw, {.body_points = static_cast<int>(taken)}).batch.points.equal(some.batch.points));
  }
  EXPECT_EQ(static_cast<int>(seen.size()), sample().size());
  EXPECT_FALSE(data.collate(which, 1, {.body_points = sample().size()}).batch.points.defined());
}

TEST(DataSet, PhotographsAreMarkedByThePerception) {
  DataOptions options = small();
  options.scenes = 3;
  options.photographed = 1.0;
  options.perceiver = std::make_shared<const Somebody>();
  const DataSet data = made(options);
  const auto flag = [](const char* name) {
    return std::find(evidence::kGlobalFeatures.begin(), evidence::kGlobalFeatures.end(), name) - evidence::kGlobalFeatures.begin();
  };
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const PromptInfo info = data.info(i);
    EXPECT_EQ(info.photographed, 1);
    EXPECT_EQ(info.global[flag("joints_guessed")], 1.0F);
    EXPECT_EQ(info.global[flag("object_mask_guessed")], 1.0F);
    EXPECT_EQ(info.global[flag("has_mask")], 1.0F);
    EXPECT_GT(info.global[flag("joints_marked")], 0.9F);
  }
  const DataSet again = made(options);
  ASSERT_EQ(again.size(), data.size());
  const Items a = all_of(data), b = all_of(again);
  EXPECT_TRUE(a.batch.vertex.equal(b.batch.vertex));
  EXPECT_TRUE(a.body.equal(b.body));

  options.photographed = 0.4;   // the others as before
  options.scenes = 12;
  const DataSet mixed = made(options);
  int photographs = 0;
  for (std::int64_t i = 0; i < mixed.size(); ++i) photographs += mixed.info(i).photographed;
  EXPECT_GT(photographs, 0);
  EXPECT_LT(photographs, mixed.size());
}

TEST(DataSet, WhatThePerceptionDoesNotFindMakesNoPrompt) {
  DataOptions options = small();
  options.scenes = 2;
  options.photographed = 1.0;
  options.perceiver = std::make_shared<const Somebody>(false);
  EXPECT_THROW(made(options), Error);   // none at all
}

TEST(DataSet, ACacheOfAnotherPerceptionIsRefused) {
  const fs::path folder = fs::temp_directory_path() / ("tactus_data_set_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  DataOptions options = small();
  options.scenes = 3;
  options.photographed = 0.5;
  options.perceiver = std::make_shared<const Somebody>();
  options.perceiver_key = 1;
  options.cache = folder / "prompts";
  const std::int64_t size = made(options).size();
  EXPECT_EQ(made(options).size(), size);
  options.perceiver_key = 2;
  EXPECT_THROW(made(options), Error);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace tactus::training
