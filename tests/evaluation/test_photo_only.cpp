// Contact from photographs alone, with perceptions whose answers are known.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tactus/error.h"
#include "tactus/evaluation/results.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tactus/parallel.h"
#include "tiny_split.h"

namespace tactus::evaluation {
namespace {

namespace fs = std::filesystem;

// What is usual, on the visible points near the object's mask: it needs the body and the mask to be where they are.
class NearMask : public SampleModel {
 public:
  explicit NearMask(std::shared_ptr<const SampleModel> usual) : usual_(std::move(usual)) {}
  std::string name() const override { return "near mask"; }
  SamplePrediction predict(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                           const objects::ObjectMesh& object) const override {
    SamplePrediction said = usual_->predict(evidence, category, question, object);
    for (Eigen::Index i = 0; i < said.body.size(); ++i)
      if (evidence.distance_m[i] > 0.05F) said.body[i] = 0.0F;
    return said;
  }

 private:
  std::shared_ptr<const SampleModel> usual_;
};

PhotoOnlyOptions small_photographs() {
  PhotoOnlyOptions options;
  options.prompts = 8;
  options.picture.larger_side = 240;
  options.picture.supersampling = 1;
  return options;
}

// A tiny split, evaluated once.
struct World {
  SplitEvaluation split;
  Evaluation evaluation;
  std::array<Candidate, kWhoCount> candidates;
};

const World& world() {
  static const World made = [] {
    World w;
    SplitOptions options = tiny();
    options.prior_scenes = 60;
    options.evaluation.prompts = 12;
    options.evaluation.untouched_part = 1.0 / 12;
    w.split = evaluate(options, {});
    const auto near_mask = std::make_shared<const NearMask>(w.split.prior);
    w.split.model = near_mask;
    w.split.policy = choose_thresholds({near_mask.get()}, *w.split.source, 10, {})[0];
    w.split.photo_only = small_photographs();
    w.candidates = w.split.candidates();
    w.candidates[heuristic] = w.candidates[prior];
    w.evaluation = evaluate(w.candidates, *w.split.source, options.evaluation, {});
    return w;
  }();
  return made;
}

// Knows the photographs that are asked about: their true joints and masks.
class Knowing : public contact::Perceiver {
 public:
  Knowing() {
    for (const auto& prompt : world().evaluation.prompts) {
      auto scene = world().split.source->make(prompt.scene);
      auto picture = world().split.source->photograph(scene, prompt.scene, small_photographs().picture);
      auto pixels = picture.rgb.data;
      known_.emplace(std::move(pixels), Known{std::move(scene), std::move(picture)});
    }
  }
  contact::Percept look(const ImageU8& rgb, const std::string& category, const Progress&) const override {
    ++looks;
    contact::Percept percept;
    const auto found = known_.find(rgb.data);
    if (found == known_.end()) {
      ADD_FAILURE() << "another photograph than source.photograph()";
      return percept;
    }
    const auto& [scene, picture] = found->second;
    percept.person_mask = percept.object_mask = ImageU8(rgb.width, rgb.height);
    for (std::size_t i = 0; i < picture.labels.data.size(); ++i) {
      const int label = picture.labels.data[i];
      if (label == synth::kBody) percept.person_mask.data[i] = 255;
      if (label >= synth::kFirstObject && scene.objects[static_cast<std::size_t>(label - synth::kFirstObject)].object->category == category)
        percept.object_mask.data[i] = 255;
    }
    for (int j = 0; j < body::kKeypointCount; ++j) {
      const Eigen::Vector2d at = picture.camera.project(scene.keypoints.row(j).transpose());
      if (at.x() >= 0 && at.y() >= 0 && at.x() < rgb.width && at.y() < rgb.height) percept.joints.row(j) << at.x(), at.y(), 1.0;
    }
    return percept;
  }
  mutable std::atomic<int> looks = 0;

 private:
  struct Known {
    synth::Scene scene;
    synth::Picture picture;
  };
  std::map<std::vector<std::uint8_t>, Known> known_;
};

const Knowing& knowing() {
  static const Knowing perceiver;
  return perceiver;
}

// Nothing, or one kind of marks alone.
class Blind : public contact::Perceiver {
 public:
  enum What { nothing, joints, masks };
  explicit Blind(What what) : what_(what) {}
  contact::Percept look(const ImageU8& rgb, const std::string& category, const Progress& progress) const override {
    if (what_ == nothing) return {};
    contact::Percept percept = knowing().look(rgb, category, progress);
    if (what_ == joints) percept.object_mask = {};
    if (what_ == masks) percept.joints.setZero();
    return percept;
  }

 private:
  What what_;
};

PhotoOnly asked(const contact::Perceiver& perceiver, const Progress& progress = {}) {
  return photo_only(world().evaluation, *world().split.source, perceiver, world().candidates, small_photographs(), progress);
}

const PhotoOnly& seen_by_knowing() {
  static const PhotoOnly answers = asked(knowing());
  return answers;
}

TEST(PhotoOnly, WithTrueJointsAndMasksComesNearToCleanMarks) {
  const PhotoOnly& p = seen_by_knowing();
  ASSERT_EQ(p.answers.size(), 8U);
  EXPECT_EQ(p.answered_from_photo, 1.0);
  EXPECT_EQ(p.joints_found, 1.0);
  EXPECT_EQ(p.object_found, 1.0);
  double clean = 0, own = 0, marked = 0, prior_f1 = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < world().evaluation.prompts.size() && next < 8; ++i) {
    const PromptResult& prompt = world().evaluation.prompts[i];
    if (!prompt.scored) continue;
    const PhotoAnswer& answer = p.answers[next++];
    EXPECT_EQ(answer.prompt, i);   // the first scored ones
    EXPECT_GT(answer.fit_error_m, 0.0);
    EXPECT_LT(answer.fit_error_m, 0.1);
    clean += prompt.clean_f1.value() / 8;
    marked += prompt.answers[model].body.f1 / 8;
    prior_f1 += prompt.answers[prior].body.f1 / 8;
    own += answer.f1 / 8;
  }
  RecordProperty("clean", std::to_string(clean));
  RecordProperty("photo", std::to_string(p.f1));
  RecordProperty("prior", std::to_string(p.prior_f1));
  EXPECT_EQ(p.denied, 0.0);
  EXPECT_NEAR(p.f1, own, 1e-12);
  EXPECT_NEAR(p.marked_f1, marked, 1e-12);
  EXPECT_NEAR(p.prior_f1, prior_f1, 1e-12);
  EXPECT_NEAR(p.f1, clean, 0.1);
  EXPECT_GT(p.f1, p.prior_f1);
}

TEST(PhotoOnly, IsThePriorWhereJointsOrObjectAreNotFound) {
  for (const auto what : {Blind::nothing, Blind::joints, Blind::masks}) {
    const PhotoOnly p = asked(Blind(what));
    EXPECT_EQ(p.answered_from_photo, 0.0);
    EXPECT_EQ(p.joints_found, what == Blind::joints ? 1.0 : 0.0);
    EXPECT_EQ(p.object_found, what == Blind::masks ? 1.0 : 0.0);
    EXPECT_EQ(p.f1, p.prior_f1);
    EXPECT_EQ(p.denied, 0.0);
    for (const PhotoAnswer& answer : p.answers) {
      EXPECT_EQ(answer.f1, answer.prior_f1);
      EXPECT_EQ(answer.fit_error_m, 0.0);
    }
    EXPECT_EQ(p.prior_f1, seen_by_knowing().prior_f1);
  }
}

TEST(PhotoOnly, CountsWhatTheGateDenies) {
  auto shut = world().candidates;
  shut[model].policy.presence = 1.5;
  PhotoOnlyOptions two = small_photographs();
  two.prompts = 2;
  const PhotoOnly p = photo_only(world().evaluation, *world().split.source, knowing(), shut, two, {});
  ASSERT_EQ(p.answers.size(), 2U);
  EXPECT_EQ(p.denied, 1.0);
  EXPECT_EQ(p.f1, 0.0);
}

TEST(PhotoOnly, AsksAboutUntouchedThingsToo) {
  const PhotoOnly& p = seen_by_knowing();
  ASSERT_EQ(p.untouched.size(), 1U);
  const PromptResult& asked_about = world().evaluation.prompts.at(p.untouched[0].prompt);
  EXPECT_NE(asked_about.placement, synth::Placement::touched);
  EXPECT_EQ(p.false_contact, p.untouched[0].said ? 1.0 : 0.0);
  // Where nothing is found the prior answers, which never says that nothing touches.
  EXPECT_EQ(asked(Blind(Blind::nothing)).false_contact, 1.0);
  auto shut = world().candidates;
  shut[model].policy.presence = 1.5;
  const auto& source = *world().split.source;
  EXPECT_EQ(photo_only(world().evaluation, source, knowing(), shut, small_photographs(), {}).false_contact, 0.0);
  PhotoOnlyOptions none = small_photographs();
  none.prompts = 1;
  none.untouched = 0;
  EXPECT_TRUE(photo_only(world().evaluation, source, knowing(), shut, none, {}).untouched.empty());
}

TEST(PhotoOnly, GuessesHaveThresholdsOfTheirOwn) {
  auto candidates = world().candidates;
  candidates[model].policy.presence = 1.5;   // would deny everything
  candidates[model].guessed = world().candidates[model].policy;
  PhotoOnlyOptions two = small_photographs();
  two.prompts = 2;
  const PhotoOnly p = photo_only(world().evaluation, *world().split.source, knowing(), candidates, two, {});
  ASSERT_EQ(p.answers.size(), 2U);
  EXPECT_EQ(p.answers[0].f1, seen_by_knowing().answers[0].f1);
  EXPECT_EQ(p.denied, 0.0);
}

TEST(PhotoOnly, IsTheSameOnOneThread) {
  PhotoOnly alone;
  parallel_for(2, 1, [&](std::size_t begin, std::size_t) {
    if (begin == 0) alone = asked(knowing());   // in line, inside a body
  });
  const PhotoOnly& together = seen_by_knowing();
  ASSERT_EQ(alone.answers.size(), together.answers.size());
  for (std::size_t i = 0; i < alone.answers.size(); ++i) {
    EXPECT_EQ(alone.answers[i].f1, together.answers[i].f1);
    EXPECT_EQ(alone.answers[i].fit_error_m, together.answers[i].fit_error_m);
  }
  EXPECT_EQ(alone.f1, together.f1);
}

// The body that misses its marks: what is usual has a part in the answer, and points too far away have none.
TEST(PhotoOnly, BelievesABadFitLess) {
  class Usual : public SampleModel {
   public:
    std::string name() const override { return "usual"; }
    SamplePrediction predict(const evidence::Evidence& evidence, const std::string&, const std::string&, const objects::ObjectMesh& object) const override {
      SamplePrediction said{Eigen::VectorXf::Constant(evidence.vertex.rows(), 0.8F), Eigen::VectorXf::Zero(object.mesh.vertex_count()), 1.0};
      said.body[0] = 0.0F;
      said.usual = Eigen::VectorXf::Constant(said.body.size(), 0.2F);
      return said;
    }
  };
  // The joints of one side thrown together: nothing fits.
  class Crooked : public contact::Perceiver {
   public:
    contact::Percept look(const ImageU8& rgb, const std::string& category, const Progress& progress) const override {
      contact::Percept percept = knowing().look(rgb, category, progress);
      for (int j = 0; j < body::kKeypointCount; ++j)
        percept.joints.row(j) << (j * 37 % 23 + 0.5) * rgb.width / 23.0, (j * 53 % 23 + 0.5) * rgb.height / 23.0, 1.0;
      return percept;
    }
  };
  const Usual usual;
  const auto& source = *world().split.source;
  const PromptResult& first = world().evaluation.prompts.at(seen_by_knowing().answers[0].prompt);
  const auto prompts = source.scene(first.scene);
  const auto rgb = source.photograph(source.make(first.scene), first.scene, small_photographs().picture).rgb;
  auto candidates = world().candidates;
  candidates[model].model = &usual;
  const auto& prompt = prompts.at(static_cast<std::size_t>(first.object));
  const auto good = answer_from_photo(source, prompt, rgb, knowing(), candidates, small_photographs(), {});
  ASSERT_LT(good.fit_error_m, 0.05);
  EXPECT_EQ(good.said.body[1], 0.8F);
  EXPECT_EQ(good.said.presence, 1.0);
  const auto bad = answer_from_photo(source, prompt, rgb, Crooked(), candidates, small_photographs(), {});
  ASSERT_GT(bad.fit_error_m, 0.15);
  EXPECT_NEAR(bad.said.body[1], 0.1F * 0.8F + 0.9F * 0.2F, 1e-6F);
  EXPECT_EQ(bad.said.body[0], 0.0F);
  EXPECT_NEAR(bad.said.presence, 0.1 + 0.9 * 0.5, 1e-12);
}

TEST(PhotoOnly, StopsSoonAndRefusesWhatCannotBe) {
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop.request_stop();
  });
  try {
    asked(knowing(), Progress({}, stop.get_token()));
    ADD_FAILURE() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
  }
  PhotoOnlyOptions options = small_photographs();
  options.prompts = 0;
  EXPECT_THROW(validate(options), Error);
  EXPECT_THROW(photo_only(world().evaluation, *world().split.source, knowing(), world().candidates, options, {}), Error);
  options = small_photographs();
  options.picture.larger_side = 5;
  EXPECT_THROW(validate(options), Error);
  SplitOptions split = tiny();
  split.photo_only.prompts = -1;
  EXPECT_THROW(evaluate(split, {}), Error);
  split = tiny();
  split.scored_photographs = 0;
  EXPECT_THROW(evaluate(split, {}), Error);
  split = tiny();
  split.perception = "/nowhere/perception.safetensors";
  EXPECT_THROW(evaluate(split, {}), Error);
}

TEST(PhotoOnly, IsWrittenWithItsScores) {
  SplitEvaluation split = world().split;
  split.evaluation = world().evaluation;
  const auto without = nlohmann::json::parse(to_json(split.evaluation, 1));
  EXPECT_TRUE(without["photo_only_f1"].is_null());
  EXPECT_EQ(without["perception"], nlohmann::json({{"trained", false}}));
  const auto targets_without = targets(split.evaluation).size();

  split.evaluation.photo_only = seen_by_knowing();
  split.evaluation.perception = {{"iou_hands", 0.31}, {"iou_arms", 0.49}, {"left_right", 0.9}, {"joint_error", 0.04}, {"iou_object", 0.5}};
  const auto shared = std::shared_ptr<const contact::Perceiver>(std::shared_ptr<void>(), &knowing());
  split.perceiver = shared;
  const auto json = nlohmann::ordered_json::parse(to_json(split.evaluation, 1));
  EXPECT_EQ(json["photo_only_f1"].get<double>(), seen_by_knowing().f1);
  const auto& perception = json["perception"];
  std::vector<std::string> keys;
  for (const auto& [key, value] : perception.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"trained", "hands_iou", "arms_iou", "left_right", "joint_error", "object_iou", "photo_only"}));
  EXPECT_TRUE(perception["trained"].get<bool>());
  EXPECT_EQ(perception["hands_iou"].get<double>(), 0.31);
  const auto& figures = perception["photo_only"];
  EXPECT_EQ(figures["f1"].get<double>(), seen_by_knowing().f1);
  EXPECT_EQ(figures["prior_f1"].get<double>(), seen_by_knowing().prior_f1);
  EXPECT_EQ(figures["marked_f1"].get<double>(), seen_by_knowing().marked_f1);
  EXPECT_EQ(figures["answered_from_photo"], 1.0);
  EXPECT_EQ(figures["joints_found"], 1.0);
  EXPECT_EQ(figures["object_found"], 1.0);
  EXPECT_EQ(figures["denied"], 0.0);
  EXPECT_EQ(figures["prompts"], 8);
  const auto list = targets(split.evaluation);
  ASSERT_EQ(list.size(), targets_without + 5);
  const auto met = [&](const std::string& key) {
    for (const auto& target : list)
      if (target.key == key) return target.met();
    ADD_FAILURE() << key;
    return false;
  };
  EXPECT_TRUE(met("perception.hands_iou"));
  EXPECT_FALSE(met("perception.arms_iou"));
  EXPECT_TRUE(met("perception.left_right"));
  EXPECT_TRUE(met("perception.joint_error"));
  EXPECT_EQ(met("photo_only_f1 - prior_f1"), seen_by_knowing().f1 - seen_by_knowing().prior_f1 >= 0.05);

  const fs::path folder = fs::temp_directory_path() / ("tactus_photo_only_" + std::to_string(::getpid()));
  ResultOptions options;
  options.worst = options.best = options.median = options.false_contacts = 0;
  write_results(folder, split, options, {});
  const std::string page = text_of(folder / "report.html");
  for (const char* part : {"Contact from the photograph alone", "What is found in photographs", "Best:", "Median:", "Worst:", "iou_hands"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  const auto npz = io::read_npz(folder / "prompts.npz");
  const auto f1 = npz.at("photo_only_f1").as_floats();
  ASSERT_EQ(f1.size(), split.evaluation.prompts.size());
  for (const PhotoAnswer& answer : seen_by_knowing().answers) EXPECT_EQ(f1[answer.prompt], static_cast<float>(answer.f1));
  EXPECT_EQ(std::count_if(f1.begin(), f1.end(), [](float v) { return !std::isnan(v); }), 8);
  // The photograph is there, with marks in it: green on the person's left, red on the right.
  for (int k = 1; k <= 3; ++k) {
    const auto picture = io::read_picture(folder / "pictures" / ("photograph_0" + std::to_string(k) + ".png"));
    ASSERT_EQ(picture.width, 560);
    ASSERT_EQ(picture.height, 700);
    int green = 0, red = 0;
    for (int row = 0; row < 420; ++row)
      for (int column = 0; column < 560; ++column) {
        green += picture.at(column, row, 0) == 40 && picture.at(column, row, 1) == 200 && picture.at(column, row, 2) == 80 ? 1 : 0;
        red += picture.at(column, row, 0) == 220 && picture.at(column, row, 1) == 40 && picture.at(column, row, 2) == 50 ? 1 : 0;
      }
    EXPECT_GT(green, 50);
    EXPECT_GT(red, 50);
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace tactus::evaluation
