// Marks that a network found: they fill in what is missing and never take the place of the user's.
#include <gtest/gtest.h>

#include "scene.h"
#include "tactus/pipeline/guesses.h"

namespace tactus::pipeline {
namespace {

using body::Visibility;

// Joint k at (10 + k, 20 + k) with this confidence; both masks, of nine in ten.
contact::Percept percept(double confidence = 0.9) {
  contact::Percept p;
  for (Eigen::Index k = 0; k < p.joints.rows(); ++k) p.joints.row(k) << 10.0 + static_cast<double>(k), 20.0 + static_cast<double>(k), confidence;
  p.person_mask = ImageU8(96, 72, 1, 255);
  p.object_mask = ImageU8(96, 72);
  p.object_mask.at(5, 6) = 255;
  p.person_confidence = p.object_confidence = 0.9;
  return p;
}

Inputs unmarked() {
  Inputs in;
  in.photo_name = "plain.png";
  in.photo = ImageU8(96, 72, 3, 120);
  in.object_name = "backpack";
  return in;
}

TEST(Guesses, JointsOfLittleConfidenceAreHiddenOrLeftOut) {
  auto p = percept();
  p.joints(3, 2) = 0.2;
  p.joints(4, 2) = 0.01;
  p.joints(7, 2) = std::nan("");
  const auto marks = contact::marks_of(p);
  ASSERT_TRUE(marks.keypoints);
  EXPECT_EQ((*marks.keypoints)[0].visibility, Visibility::visible);
  EXPECT_EQ((*marks.keypoints)[0].x, 10.0);
  EXPECT_EQ((*marks.keypoints)[3].visibility, Visibility::hidden);
  EXPECT_EQ((*marks.keypoints)[4].visibility, Visibility::unknown);
  EXPECT_EQ((*marks.keypoints)[7].visibility, Visibility::unknown);
  EXPECT_TRUE(marks.human_mask && marks.object_mask);
}

TEST(Guesses, WhereNothingIsSureTheSurerHalfIsVisible) {
  auto p = percept();
  for (Eigen::Index k = 0; k < p.joints.rows(); ++k) p.joints(k, 2) = 0.11 + 0.001 * static_cast<double>(k);
  const auto marks = contact::marks_of(p);
  ASSERT_TRUE(marks.keypoints);
  EXPECT_EQ((*marks.keypoints)[10].visibility, Visibility::hidden);
  EXPECT_EQ((*marks.keypoints)[11].visibility, Visibility::visible);
}

TEST(Guesses, TooFewJointsForTheFitAreNone) {
  auto p = percept();
  for (const Eigen::Index k : {5, 6, 11}) p.joints(k, 2) = 0;   // one of the torso is left
  EXPECT_FALSE(contact::marks_of(p).keypoints);
  p = percept(0);
  for (Eigen::Index k = 5; k < 10; ++k) p.joints(k, 2) = 1;     // five
  EXPECT_FALSE(contact::marks_of(p).keypoints);
  p.joints(11, 2) = 1;
  EXPECT_TRUE(contact::marks_of(p).keypoints);
}

TEST(Guesses, FillInWhatIsMissing) {
  Inputs in = unmarked();
  EXPECT_TRUE(lacks_marks(in));
  add_guesses(in, percept());
  EXPECT_FALSE(lacks_marks(in));
  EXPECT_EQ(in.guessed.joint_count(), body::kKeypointCount);
  EXPECT_TRUE(in.guessed.human_mask && in.guessed.object_mask);
  EXPECT_EQ(guesses_in_words(in), "23 joints, the person's mask and the backpack's mask");
}

TEST(Guesses, NeverTakeThePlaceOfMarks) {
  Inputs in = unmarked();
  in.keypoints.emplace();
  (*in.keypoints)[9] = {1, 2, Visibility::visible};   // too few for a fit, so that the others are guessed
  in.object_mask = ImageU8(96, 72, 1, 9);
  const Inputs marked = in;
  add_guesses(in, percept());
  EXPECT_EQ((*in.keypoints)[9], (*marked.keypoints)[9]);
  EXPECT_FALSE(in.guessed.joints[9]);
  EXPECT_EQ((*in.keypoints)[10].x, 20.0);
  EXPECT_EQ(in.object_mask, marked.object_mask);
  EXPECT_FALSE(in.guessed.object_mask);
  EXPECT_EQ(guesses_in_words(in), "22 joints and the person's mask");

  Inputs enough = unmarked();
  enough.keypoints.emplace();
  for (std::size_t k = 5; k < 13; ++k) (*enough.keypoints)[k] = {1, 2, Visibility::visible};
  add_guesses(enough, percept());
  EXPECT_EQ(enough.guessed.joint_count(), 0);
  EXPECT_FALSE(enough.human_mask);
  EXPECT_EQ((*enough.keypoints)[0].visibility, Visibility::unknown);

  Inputs posed = unmarked();
  posed.given_body = person(96, 72);
  add_guesses(posed, percept());
  EXPECT_FALSE(posed.keypoints || posed.human_mask);
  EXPECT_TRUE(posed.guessed.object_mask);
}

TEST(Guesses, ThePredictorIsToldWhoseTheMarksAre) {
  EXPECT_EQ(contact::marks_of(percept()).joints_guessed, 1.0);
  EXPECT_TRUE(contact::marks_of(percept()).object_mask_guessed);
  Inputs in = unmarked();
  EXPECT_EQ(marks_of(in).joints_guessed, 0.0);
  in.keypoints.emplace();
  (*in.keypoints)[9] = {1, 2, Visibility::visible};
  add_guesses(in, percept());
  EXPECT_NEAR(marks_of(in).joints_guessed, 22.0 / 23.0, 1e-12);
  EXPECT_TRUE(marks_of(in).object_mask_guessed);
  EXPECT_NEAR(marks_of(in).object_doubt, 1.0 - percept().object_confidence, 1e-12);
  EXPECT_EQ(marks_of(in).object_mask, in.object_mask);
  in.given_body = person(96, 72);   // was not fitted to the joints
  EXPECT_EQ(marks_of(in).joints_guessed, 0.0);
  in.guessed = {};                  // "Keep guesses as marks"
  EXPECT_FALSE(marks_of(in).object_mask_guessed);
  EXPECT_EQ(marks_of(in).object_doubt, 0.0);
}

TEST(Guesses, DoubtsGoWithTheMaskThatTheyAreOf) {
  Inputs in = unmarked();
  add_guesses(in, percept());
  contact::Percept surer = percept();
  surer.object_confidence = 0.95;
  add_guesses(in, surer);
  EXPECT_NEAR(in.guessed.object_doubt, 0.05, 1e-12);
  EXPECT_EQ(guesses_in_words(in).find("doubtful"), std::string::npos);
  surer.object_confidence = 0.4;
  Inputs unsure = unmarked();
  add_guesses(unsure, surer);
  EXPECT_TRUE(guesses_in_words(unsure).ends_with("the backpack's mask (doubtful)")) << guesses_in_words(unsure);
  Inputs painted = in;
  painted.object_mask->data[0] ^= 255;
  keep_changes(in, painted);
  EXPECT_EQ(painted.guessed.object_doubt, 0.0);
  add_guesses(painted, percept());   // the user's mask stays, and is not doubted
  EXPECT_EQ(marks_of(painted).object_doubt, 0.0);
}

TEST(Guesses, KeptAsMarksTheyAreAskedAboutAgain) {
  const auto b = bench();
  Inputs in = small_inputs();
  ASSERT_TRUE(in.object_mask);
  in.guessed.object_mask = true;
  Runner runner(b.ports);
  Options options = small_options();
  options.until = Stage::predict;
  runner.run(shared(in), options, {});
  EXPECT_TRUE(runner.run(shared(in), options, {}).report(Stage::predict).from_cache);
  in.guessed = {};
  const auto again = runner.run(shared(in), options, {});
  EXPECT_TRUE(again.report(Stage::views).from_cache);
  EXPECT_EQ(again.report(Stage::predict).from_cache, !b.ports.predictor->reads_photo());
}

TEST(Guesses, ALaterLookTakesThePlaceOfAnEarlierOne) {
  Inputs in = unmarked();
  add_guesses(in, percept());
  add_guesses(in, contact::Percept{}, {.person = false});   // of another object, which is not there
  EXPECT_FALSE(in.object_mask || in.guessed.object_mask);
  EXPECT_EQ(in.guessed.joint_count(), body::kKeypointCount);
  add_guesses(in, contact::Percept{});
  EXPECT_FALSE(in.keypoints || in.human_mask);
  EXPECT_FALSE(in.guessed.any());
  EXPECT_EQ(guesses_in_words(in), "");
}

TEST(Guesses, WhatIsChangedIsAMarkFromThenOn) {
  Inputs before = unmarked();
  add_guesses(before, percept());
  Inputs after = before;
  (*after.keypoints)[4].x += 1;
  (*after.keypoints)[8].visibility = Visibility::hidden;
  after.human_mask->at(0, 0) = 0;
  keep_changes(before, after);
  EXPECT_EQ(after.guessed.joint_count(), body::kKeypointCount - 2);
  EXPECT_FALSE(after.guessed.joints[4] || after.guessed.joints[8] || after.guessed.human_mask);
  EXPECT_TRUE(after.guessed.object_mask);
  Inputs cleared = after;
  cleared.keypoints.reset();
  cleared.object_mask.reset();
  keep_changes(after, cleared);
  EXPECT_FALSE(cleared.guessed.any());
}

TEST(Guesses, TheCategoryIsTheObjectsElseThePrompts) {
  Inputs in = unmarked();
  in.prompt = "Which body parts touch the bottle?";
  EXPECT_EQ(category_of(in), "backpack");
  in.object_name = "scan_4711.obj";
  EXPECT_EQ(category_of(in), "bottle");
  in.object_name.clear();
  in.prompt.clear();
  EXPECT_EQ(category_of(in), "");
}

TEST(Guesses, ARunSaysWhatWasGuessed) {
  const auto b = bench();
  Inputs in = small_inputs();
  Runner runner(b.ports);
  Options options = small_options();
  options.until = Stage::views;
  const auto plain = runner.run(shared(in), options, {});
  EXPECT_EQ(plain.report(Stage::photograph).message.find("guessed"), std::string::npos);
  in.guessed.human_mask = true;
  const auto a = runner.run(shared(in), options, {});
  EXPECT_NE(a.report(Stage::photograph).message.find("guessed: the person's mask"), std::string::npos);
  ASSERT_FALSE(a.warnings.empty());
  EXPECT_NE(a.warnings.front().find("the person's mask"), std::string::npos);
  EXPECT_TRUE(a.report(Stage::body_pose).from_cache);   // the marks are the same
}

}  // namespace
}  // namespace tactus::pipeline
