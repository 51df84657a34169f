// The evaluation on made scenes: prompts with their truth, the whole run on a tiny split, its files.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tactus/error.h"
#include "tactus/evaluation/results.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tiny_split.h"

namespace tactus::evaluation {
namespace {

namespace fs = std::filesystem;

const SplitEvaluation& evaluated() {
  static const SplitEvaluation result = evaluate(tiny(), {});
  return result;
}

TEST(ScenePrompts, CarryTheScenesTruth) {
  const auto& source = *evaluated().source;
  const int points = source.surface().size();
  int touched = 0;
  for (std::uint64_t index = 0; index < 6; ++index) {
    const auto scene = source.make(index);
    const auto prompts = source.scene(index);
    ASSERT_EQ(prompts.size(), scene.objects.size());
    for (std::size_t o = 0; o < prompts.size(); ++o) {
      const auto& prompt = prompts[o];
      EXPECT_EQ(prompt.category, scene.objects[o].object->category);
      EXPECT_EQ(prompt.question.empty(), false);
      ASSERT_EQ(prompt.body_truth.size(), points);
      EXPECT_EQ(prompt.object_truth.size(), prompt.mesh->mesh.vertex_count());
      for (int i = 0; i < points; ++i)
        EXPECT_EQ(prompt.body_truth[i] != 0.0F, scene.objects[o].body_contact[static_cast<std::size_t>(source.sample().vertices[static_cast<std::size_t>(i)])] != 0);
      if (!prompt.touched()) { EXPECT_EQ(prompt.body_truth.sum(), 0.0F); }
      touched += prompt.touched() ? 1 : 0;
    }
    const auto one = prompts[0].mark(Marks::honest), other = prompts[0].mark(Marks::honest);
    EXPECT_EQ(one.evidence.vertex, other.evidence.vertex);
    EXPECT_EQ(one.evidence.vertex.rows(), points);
    const auto empty = prompts[0].mark(Marks::empty_mask);
    EXPECT_TRUE(empty.evidence.mask_empty);
    EXPECT_FALSE(empty.touched);
  }
  EXPECT_GT(touched, 0);
}

TEST(ScenePrompts, TheSurfaceKnowsHandsAndNeighbours) {
  const auto& surface = evaluated().source->surface();
  const auto& sample = evaluated().source->sample();
  std::array<int, 3> hands{};
  for (int i = 0; i < surface.size(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    ++hands[static_cast<std::size_t>(surface.hands[k])];
    // The person's left is +x.
    if (surface.hands[k] == Surface::Hand::left) { EXPECT_GT(sample.rest(i, 0), 0.0F); }
    if (surface.hands[k] == Surface::Hand::right) { EXPECT_LT(sample.rest(i, 0), 0.0F); }
    EXPECT_TRUE(std::binary_search(surface.near[k].begin(), surface.near[k].end(), i));
    for (const int j : surface.near[k]) EXPECT_LE((sample.rest.row(i) - sample.rest.row(j)).norm(), 0.0401F);
  }
  EXPECT_GT(hands[1], 50);
  EXPECT_GT(hands[2], 50);
}

TEST(ScenePrompts, AWholeEvaluationIsReproducible) {
  const auto again = evaluate(tiny(), {});
  EXPECT_EQ(to_json(again.evaluation, again.seed), to_json(evaluated().evaluation, evaluated().seed));
  EXPECT_EQ(again.evaluation.prompts.size(), 16U);
  EXPECT_GT(again.evaluation.rows[heuristic].f1, 0.0);
  // Without weights the prior stands in for the model.
  EXPECT_DOUBLE_EQ(again.evaluation.rows[model].f1, again.evaluation.rows[prior].f1);
  EXPECT_DOUBLE_EQ(again.evaluation.rows[prior].false_contact + again.evaluation.rows[prior].near_miss_false_contact > 0 ? 1.0 : 0.0, 1.0);
}

TEST(ScenePrompts, WritesItsFilesAllAtOnce) {
  const fs::path folder = fs::temp_directory_path() / ("tactus_evaluation_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "_" +
                                                       std::to_string(reinterpret_cast<std::uintptr_t>(&folder)));
  ResultOptions options;
  options.worst = options.best = options.median = options.false_contacts = 1;
  write_results(folder, evaluated(), options, {});
  const auto json = nlohmann::json::parse(text_of(folder / "evaluation.json"));
  EXPECT_EQ(json["prompts"], 16);
  EXPECT_EQ(json["seed"], 2026);
  const auto npz = io::read_npz(folder / "prompts.npz");
  npz.at("model_f1").expect({16});
  npz.at("category").expect({16});
  double sum = 0;
  int count = 0;
  for (const float f1 : npz.at("model_f1").as_floats())
    if (!std::isnan(f1)) sum += static_cast<double>(f1), ++count;
  EXPECT_NEAR(sum / count, json["human_f1"].get<double>(), 1e-6);
  EXPECT_EQ(count, json["counts"]["scored"].get<int>());
  const std::string page = text_of(folder / "report.html");
  for (const char* part : {"<svg", "data:image/png;base64,iVBOR", "not reached", "heuristic", "</html>"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(page.find("http"), std::string::npos);   // nothing from elsewhere
  int pictures = 0;
  for (const auto& entry : fs::directory_iterator(folder / "pictures")) {
    const auto picture = io::read_picture(entry.path());
    EXPECT_EQ(picture.width * 2, picture.height * 3);
    ++pictures;
  }
  EXPECT_GE(pictures, 3);
  fs::remove_all(folder);

  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(write_results(folder, evaluated(), options, Progress({}, stop.get_token())), Error);
  EXPECT_FALSE(fs::exists(folder));
}

TEST(ScenePrompts, RefusesWhatCannotBe) {
  EXPECT_EQ(split_named("test"), synth::Split::test);
  EXPECT_THROW(split_named("tests"), Error);
  auto options = tiny();
  options.prior_scenes = 0;
  EXPECT_THROW(evaluate(options, {}), Error);
  options = tiny();
  options.body = nullptr;
  EXPECT_THROW(evaluate(options, {}), Error);
  options = tiny();
  options.weights = "/nowhere/weights.safetensors";
  EXPECT_THROW(evaluate(options, {}), Error);
}

}  // namespace
}  // namespace tactus::evaluation
