// The evaluation on a world whose scores can be worked out by hand.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "small_world.h"
#include "tactus/error.h"

namespace tactus::evaluation {
namespace {

// 16 scenes: 32 touched prompts, 16 far and 8 near-miss ones.
EvaluationOptions whole_world() {
  EvaluationOptions options;
  options.prompts = 56;
  options.untouched_part = 24.0 / 56.0;
  return options;
}

Evaluation evaluated(const SampleModel& who, const Policy& policy, const EvaluationOptions& options = whole_world()) {
  static const SmallWorld world;
  static const Constant always(0.9F, 1.0), never(0.9F, 0.0);
  return evaluate({Candidate{&who, policy}, Candidate{&always, {}}, Candidate{&never, {0.5, 0.5, 0.5}}}, world, options, {});
}

TEST(Evaluation, TheOracleIsPerfect) {
  const auto e = evaluated(Oracle(), {0.5, 0.5, 0.5});
  const Row& row = e.rows[model];
  ASSERT_EQ(e.prompts.size(), 56U);
  EXPECT_EQ(e.scored, 32);
  EXPECT_EQ(e.untouched, 24);
  EXPECT_EQ(e.near_misses, 8);
  EXPECT_EQ(e.scenes, 16);
  for (const double one : {row.f1, row.precision, row.recall, row.tolerant_f1, row.object_f1, row.left_right, row.one_hand_f1, row.swap_own,
                           row.swap_follow, row.presence_auc, row.mode_f1.at("sit"), row.mode_f1.at("hold left"), e.clean_f1})
    EXPECT_NEAR(one, 1.0, 1e-9);
  for (const double none : {row.swap_other, row.false_contact, row.near_miss_false_contact, row.empty_mask_false_contact, row.missed, row.ece})
    EXPECT_NEAR(none, 0.0, 1e-9);
  // Doubled noise hides one of two points of the cups, one of three of the chairs.
  EXPECT_NEAR(e.doubled_f1, (2.0 / 3 + 0.8) / 2, 1e-9);
  // Another chair's marks are as good; the cups' alternate between the hands.
  EXPECT_EQ(e.shuffled, 32);
  EXPECT_NEAR(e.shuffled_f1, 0.5, 1e-9);
}

TEST(Evaluation, ConstantAnswersHaveKnownScores) {
  const auto e = evaluated(Oracle(), {0.5, 0.5, 0.5});
  const Row& always = e.rows[prior];
  const double cup = 2 * 0.2 / 1.2, chair = 2 * 0.3 / 1.3;
  EXPECT_NEAR(always.f1, (cup + chair) / 2, 1e-9);
  EXPECT_NEAR(always.precision, 0.25, 1e-9);
  EXPECT_NEAR(always.recall, 1.0, 1e-9);
  EXPECT_NEAR(always.one_hand_f1, cup, 1e-9);
  EXPECT_NEAR(always.left_right, 0.5, 1e-9);
  EXPECT_NEAR(always.object_f1, 0.5, 1e-9);           // one of three vertices
  EXPECT_NEAR(always.swap_own, (cup + chair) / 2, 1e-9);
  EXPECT_NEAR(always.swap_other, (cup + chair) / 2, 1e-9);
  EXPECT_NEAR(always.swap_follow, 0.5, 1e-9);         // the chair is larger, so it fits everything better
  EXPECT_NEAR(always.presence_auc, 0.5, 1e-9);
  EXPECT_NEAR(always.ece, 24.0 / 56, 1e-9);           // says 1, is 32 of 56
  for (const double one : {always.false_contact, always.near_miss_false_contact, always.empty_mask_false_contact}) EXPECT_NEAR(one, 1.0, 1e-9);
  EXPECT_NEAR(always.missed, 0.0, 1e-9);

  const Row& never = e.rows[heuristic];
  for (const double none : {never.f1, never.precision, never.recall, never.object_f1, never.false_contact, never.near_miss_false_contact,
                            never.empty_mask_false_contact, never.swap_own})
    EXPECT_NEAR(none, 0.0, 1e-9);
  EXPECT_NEAR(never.missed, 1.0, 1e-9);
}

// The gate denies, and so does next to no chance anywhere. What is as faint everywhere is said: no point is likelier.
TEST(Evaluation, TheGateAndNextToNoChanceDeny) {
  const auto shut = evaluated(Constant(0.9F, 0.4), {0.5, 0.5, 0.5});
  EXPECT_NEAR(shut.rows[model].missed, 1.0, 1e-9);
  EXPECT_NEAR(shut.rows[model].false_contact, 0.0, 1e-9);
  const auto nothing = evaluated(Constant(0.04F, 0.9), {0.5, 0.5, 0.5});
  EXPECT_NEAR(nothing.rows[model].missed, 1.0, 1e-9);
  EXPECT_NEAR(nothing.rows[model].false_contact, 0.0, 1e-9);
  const auto faint = evaluated(Constant(0.4F, 0.9), {0.5, 0.5, 0.5});
  EXPECT_NEAR(faint.rows[model].missed, 0.0, 1e-9);
  EXPECT_NEAR(faint.rows[model].recall, 1.0, 1e-9);
}

TEST(Evaluation, SaysTheNeighbourIsRightWithinTheTolerance) {
  // Points 4 and 5 lie near each other: an answer on 5 finds truth on 4.
  class Neighbour : public Oracle {
   public:
    SamplePrediction predict(const evidence::Evidence& evidence, const std::string& c, const std::string& q,
                             const objects::ObjectMesh& object) const override {
      auto said = Oracle::predict(evidence, c, q, object);
      said.body.setZero();
      said.body[5] = 1.0F;
      return said;
    }
  };
  class One : public SmallWorld {
   public:
    std::vector<Prompt> scene(std::uint64_t index) const override {
      auto prompts = SmallWorld::scene(index);
      prompts[0].body_truth.setZero();
      prompts[0].body_truth[4] = 1.0F;
      return {prompts[0]};
    }
  };
  const Neighbour neighbour;
  EvaluationOptions options;
  options.prompts = 4;
  options.untouched_part = 0;
  const auto e = evaluate({Candidate{&neighbour, {}}, Candidate{&neighbour, {}}, Candidate{&neighbour, {}}}, One(), options, {});
  EXPECT_NEAR(e.rows[model].f1, 0.0, 1e-9);
  EXPECT_NEAR(e.rows[model].tolerant_f1, 1.0, 1e-9);
}

TEST(Evaluation, CountsWhatIsTouchedByCategory) {
  const auto frequencies = std::make_shared<const ContactFrequencies>(count_contact(SmallWorld(), 4, {}));
  // Two left, two right cups, and one pseudo prompt of all categories: points 0 … 3 were touched in a quarter of the prompts.
  EXPECT_NEAR(frequencies->body.at("cup")[0], (2 + 0.25) / 5, 1e-6);
  EXPECT_NEAR(frequencies->body.at("chair")[6], (4 + 0.5) / 5, 1e-6);
  EXPECT_NEAR(frequencies->body.at("chair")[9], 0.0, 1e-6);
  EXPECT_NEAR(frequencies->object_parts.at("cup").at("handle"), 1.0, 1e-9);
  EXPECT_NEAR(frequencies->object_of_all, 1.0 / 3, 1e-9);
  EXPECT_THROW(count_contact(SmallWorld(), 0, {}), Error);

  const auto prior_model = make_category_prior(frequencies), near = make_heuristic(frequencies);
  const auto policy = choose_thresholds({prior_model.get(), near.get()}, SmallWorld(), 8, {})[0];
  // Both hands for the cup, of .45 each, expect .59: F1 2/3 at any share from .17 to .76 of it; one hand is never known. The chair is
  // perfect up to .9.
  EXPECT_GT(policy.body, 0.1);
  EXPECT_LE(policy.body, 0.45);
  EXPECT_DOUBLE_EQ(policy.presence, 0.0);
  const SmallWorld world;
  const auto near_policy = choose_thresholds({near.get()}, world, 8, {})[0];
  const auto e = evaluate({Candidate{near.get(), near_policy}, Candidate{prior_model.get(), policy}, Candidate{near.get(), near_policy}}, world,
                          whole_world(), {});
  EXPECT_NEAR(e.rows[prior].f1, (2.0 / 3 + 1.0) / 2, 1e-6);
  EXPECT_NEAR(e.rows[prior].left_right, 0.5, 1e-9);
  EXPECT_NEAR(e.rows[prior].false_contact, 1.0, 1e-9);
  // The mask tells the hand.
  EXPECT_NEAR(e.rows[heuristic].f1, 1.0, 1e-6);
  EXPECT_NEAR(e.rows[heuristic].left_right, 1.0, 1e-9);
  EXPECT_NEAR(e.rows[heuristic].empty_mask_false_contact, 0.0, 1e-9);
}

TEST(Evaluation, IsTheSameAtEveryRunAndHoldsItsQuota) {
  EvaluationOptions options;
  options.prompts = 30;
  options.untouched_part = 0.2;
  const Oracle oracle;
  const auto one = evaluated(oracle, {}, options), other = evaluated(oracle, {}, options);
  EXPECT_EQ(to_json(one, 1), to_json(other, 1));
  EXPECT_EQ(one.prompts.size(), 30U);
  EXPECT_EQ(one.untouched, 6);
}

TEST(Evaluation, RefusesWhatCannotBe) {
  EvaluationOptions options = whole_world();
  options.prompts = 0;
  EXPECT_THROW(evaluated(Oracle(), {}, options), Error);
  options = whole_world();
  options.untouched_part = 1.5;
  EXPECT_THROW(evaluated(Oracle(), {}, options), Error);
  // There is nothing untouched to find.
  class Touched : public SmallWorld {
   public:
    std::vector<Prompt> scene(std::uint64_t index) const override {
      auto prompts = SmallWorld::scene(index);
      prompts.resize(2);
      return prompts;
    }
  };
  const Oracle oracle;
  const Candidate all{&oracle, {}};
  EXPECT_THROW(evaluate({all, all, all}, Touched(), whole_world(), {}), Error);
  EXPECT_THROW(choose_thresholds({&oracle}, SmallWorld(), 0, {}), Error);
  options = whole_world();
  options.validation_prompts = 0;
  EXPECT_THROW(validate(options), Error);
  class Short : public Oracle {
   public:
    SamplePrediction predict(const evidence::Evidence&, const std::string&, const std::string&, const objects::ObjectMesh&) const override {
      return {Eigen::VectorXf::Zero(3), Eigen::VectorXf::Zero(3), 1.0};
    }
  };
  EXPECT_THROW(evaluated(Short(), {}), Error);
}

TEST(Evaluation, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  const Oracle oracle;
  const SmallWorld world;
  const Candidate all{&oracle, {}};
  EXPECT_THROW(evaluate({all, all, all}, world, whole_world(), Progress({}, stop.get_token())), Error);
}

TEST(Evaluation, PrintsEveryKey) {
  const auto json = nlohmann::json::parse(to_json(evaluated(Oracle(), {0.5, 0.5, 0.5}), 77));
  for (const char* key : {"prompts", "human_f1", "human_precision", "human_recall", "prior_f1", "heuristic_f1", "left_right_accuracy",
                          "one_hand_f1", "mode_f1", "swap_own_f1", "swap_other_f1", "swap_follow", "false_contact", "near_miss_false_contact",
                          "empty_mask_false_contact", "missed", "presence_auc", "ece", "noise2_f1", "clean_f1", "tolerant_4cm_f1",
                          "shuffled_f1", "object_f1", "perception", "photo_only_f1", "threshold", "seed"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json["seed"], 77);
  EXPECT_EQ(json["prompts"], 56);
  EXPECT_TRUE(json["mode_f1"].is_object());
  EXPECT_TRUE(json["photo_only_f1"].is_null());
  EXPECT_FALSE(json["perception"]["trained"].get<bool>());
  EXPECT_NEAR(json["prior_f1"].get<double>(), (2 * 0.2 / 1.2 + 2 * 0.3 / 1.3) / 2, 1e-9);
}

TEST(Evaluation, NamesWhatIsNotReached) {
  const auto good = evaluated(Oracle(), {0.5, 0.5, 0.5}), bad = evaluated(Constant(0.9F, 0.0), {0.5, 0.5, 0.5});
  const auto met = [](const Evaluation& e, const std::string& key) {
    for (const auto& target : targets(e))
      if (target.key == key) return target.met();
    ADD_FAILURE() << key;
    return false;
  };
  EXPECT_TRUE(met(good, "human_f1"));
  EXPECT_TRUE(met(good, "missed"));
  EXPECT_FALSE(met(bad, "human_f1"));
  EXPECT_FALSE(met(bad, "missed"));
  EXPECT_TRUE(met(bad, "false_contact"));
}

}  // namespace
}  // namespace tactus::evaluation
