// The run: what an edit computes anew, what a stop leaves, the same bytes again, what is refused.
#include <cmath>
#include <functional>

#include "scene.h"

namespace tactus::pipeline {
namespace {

const Stage kStages[] = {Stage::photograph, Stage::body_pose, Stage::views, Stage::predict, Stage::lift, Stage::align, Stage::fit};

// The first stage after the photograph that did not come from the cache; `result` when all did.
Stage first_computed(const Analysis& a) {
  for (const Stage stage : kStages)
    if (stage != Stage::photograph && !a.report(stage).from_cache) return stage;
  return Stage::result;
}

struct Edit {
  const char* what;
  Stage first;   // to be computed again
  std::function<void(Inputs&, Options&)> change;
};

std::vector<Edit> edits(bool reads_photo) {
  return {
      {"a pixel of the photograph", Stage::body_pose, [](Inputs& in, Options&) { in.photo.at(1, 1) ^= 1; }},
      {"a body vertex", Stage::body_pose, [](Inputs& in, Options&) { in.given_body->mesh.vertices(3, 1) += 0.001F; }},
      {"the camera", Stage::body_pose, [](Inputs& in, Options&) { in.given_body->camera.focal_x += 1.0; }},
      {"the joints", Stage::body_pose, [](Inputs& in, Options&) { in.keypoints = body::Keypoints{}; }},
      {"the person mask", Stage::body_pose, [](Inputs& in, Options&) { in.human_mask->at(0, 0) = 255; }},
      {"the seed", Stage::body_pose, [](Inputs&, Options& o) { o.seed += 1; }},
      {"the silhouette weight", Stage::body_pose, [](Inputs&, Options& o) { o.body_fit.silhouette_weight = 0.5; }},
      {"the field of view", Stage::body_pose, [](Inputs&, Options& o) { o.body_fit.vertical_fov_deg = 50.0; }},
      {"the object", Stage::views, [](Inputs& in, Options&) { in.object_name = "box"; }},
      {"the object's size", Stage::views, [](Inputs& in, Options&) { in.object_size_m = 0.4; }},
      {"a mesh instead", Stage::views, [](Inputs& in, Options&) { in.object_mesh = objects::make_object("cup").mesh; }},
      {"the view size", Stage::views, [](Inputs&, Options& o) { o.view_size = 48; }},
      {"the prompt", Stage::predict, [](Inputs& in, Options&) { in.prompt = "Where is the backpack held?"; }},
      {"a painted mask", Stage::lift, [](Inputs& in, Options&) { in.body_view_edit[0] = ImageF(64, 64, 1, 3.0F); }},
      {"a painted mask of the object", Stage::lift, [](Inputs& in, Options&) { in.object_view_edit[0] = ImageF(64, 64, 1, 3.0F); }},
      {"painted contact", Stage::lift,
       [](Inputs& in, Options&) {
         in.body_contact_edit = Eigen::VectorXf::Constant(in.given_body->mesh.vertex_count(), std::nanf(""));
         (*in.body_contact_edit)[0] = 1.0F;
       }},
      {"the lift's threshold", Stage::lift, [](Inputs&, Options& o) { o.lift.object_pixel_threshold = 0.4F; }},
      {"the object mask", reads_photo ? Stage::predict : Stage::align, [](Inputs& in, Options&) { in.object_mask = object_mask(0.3); }},
      {"a threshold of the alignment", Stage::align, [](Inputs&, Options& o) { o.align.human_threshold = 0.6; }},
      {"the starts", Stage::align, [](Inputs&, Options& o) { o.align.starts = 5; }},
      {"a weight of the fit", Stage::fit, [](Inputs&, Options& o) { o.fit.mask_weight = 4.0; }},
      {"the scale", Stage::fit, [](Inputs&, Options& o) { o.fit.optimise_scale = true; }},
      {"the iterations", Stage::fit, [](Inputs&, Options& o) { o.fit.max_iterations = 5; }},
      {"the sharpness", Stage::fit, [](Inputs&, Options& o) { o.fit.sigma_end_ndc2 = 2e-6; }},
      {"nothing", Stage::result, [](Inputs&, Options&) {}},
      {"the boxes, which are display only", Stage::result, [](Inputs& in, Options&) { in.object_box = Box{1, 2, 3, 4}; }},
  };
}

TEST(Cache, AnEditComputesWhatReadsItAndNothingBefore) {
  for (const bool reads_photo : {false, true}) {
    const auto b = bench(reads_photo);
    Runner runner(b.ports);
    const auto base = runner.run(shared(small_inputs()), small_options(), {});
    EXPECT_EQ(first_computed(base), Stage::body_pose);
    for (const auto& edit : edits(reads_photo)) {
      if (reads_photo && edit.first != Stage::predict && edit.first != Stage::align) continue;   // else no different
      Inputs inputs = small_inputs();
      Options options = small_options();
      edit.change(inputs, options);
      const auto told = runner.preview(inputs, options);
      const auto a = runner.run(shared(inputs), options, {});
      EXPECT_EQ(first_computed(a), edit.first) << edit.what;
      for (const Stage stage : kStages) {
        if (stage == Stage::photograph) continue;
        const auto& before = told[static_cast<std::size_t>(stage)];
        EXPECT_EQ(a.report(stage).from_cache, stage < edit.first) << edit.what << ", " << stage_name(stage);
        EXPECT_EQ(before.state, stage < edit.first ? StageState::done : StageState::stale) << edit.what << ", " << stage_name(stage);
        if (stage >= edit.first && stage != Stage::result) {
          EXPECT_TRUE(before.message.ends_with("changed")) << edit.what << ": \"" << before.message << "\"";
        }
      }
      // Back again: everything is still known.
      EXPECT_EQ(first_computed(runner.run(shared(small_inputs()), small_options(), {})), Stage::result) << edit.what;
    }
  }
}

TEST(Cache, ThePromptChoosesTheObjectWhereNoneIsNamed) {
  const auto b = bench();
  Runner runner(b.ports);
  Inputs in = small_inputs();
  in.object_name.clear();
  const auto first = runner.run(shared(in), small_options(), {});
  EXPECT_EQ(first.object->name, "backpack");
  in.prompt = "Which body parts touch the suitcase?";
  const auto second = runner.run(shared(in), small_options(), {});
  EXPECT_EQ(second.object->name, "suitcase");
  EXPECT_EQ(first_computed(second), Stage::views);
  in.prompt = "Who carries this suitcase?";
  EXPECT_EQ(first_computed(runner.run(shared(in), small_options(), {})), Stage::predict);
}

TEST(Cache, UntilStopsThere) {
  const auto b = bench();
  Runner runner(b.ports);
  Options options = small_options();
  options.until = Stage::lift;
  const auto a = runner.run(shared(small_inputs()), options, {});
  EXPECT_TRUE(a.body_contact && a.object_contact);
  EXPECT_FALSE(a.align || a.fit);
  EXPECT_EQ(a.report(Stage::align).state, StageState::waiting);
  options.until = Stage::result;
  EXPECT_EQ(first_computed(runner.run(shared(small_inputs()), options, {})), Stage::align);
}

void expect_same(const Analysis& a, const Analysis& b) {
  EXPECT_TRUE(same_bytes(a.body->mesh.vertices, b.body->mesh.vertices));
  for (std::size_t i = 0; i < a.body_views->size(); ++i) EXPECT_EQ((*a.body_views)[i].picture, (*b.body_views)[i].picture);
  EXPECT_TRUE(same_bytes(a.body_contact->probability, b.body_contact->probability));
  EXPECT_TRUE(same_bytes(a.object_contact->probability, b.object_contact->probability));
  EXPECT_EQ(a.body_contact->coverage, b.body_contact->coverage);
  ASSERT_EQ(a.align->candidates.size(), b.align->candidates.size());
  for (std::size_t i = 0; i < a.align->candidates.size(); ++i)
    EXPECT_TRUE(same_pose(a.align->candidates[i].photo_from_object, b.align->candidates[i].photo_from_object));
  ASSERT_EQ(a.fit->records.size(), b.fit->records.size());
  for (std::size_t i = 0; i < a.fit->records.size(); ++i) {
    EXPECT_TRUE(same_pose(a.fit->records[i].photo_from_object, b.fit->records[i].photo_from_object));
    EXPECT_EQ(a.fit->records[i].loss_total, b.fit->records[i].loss_total);
  }
  EXPECT_TRUE(same_pose(a.fit->photo_from_object, b.fit->photo_from_object));
}

TEST(Run, TwoRunsGiveTheSameBytes) {
  for (Options options : {small_options(), official_options()}) {
    options.view_size = 64;
    options.fit.max_iterations = 4;
    Runner first(bench().ports), second(bench().ports);
    expect_same(first.run(shared(small_inputs()), options, {}), second.run(shared(small_inputs()), options, {}));
  }
}

TEST(Run, TellsEveryStageAndEveryFraction) {
  Runner runner(bench().ports);
  std::vector<Stage> begun, ended;
  double last = 0.0;
  bool rises = true;
  const Progress progress([&](double fraction, std::string_view, std::string_view) {
    rises = rises && fraction >= last - 1e-12 && fraction <= 1.0 + 1e-12;
    last = fraction;
  });
  const auto a = runner.run(shared(small_inputs()), small_options(), progress, [&](const Analysis& now, Stage stage) {
    auto& list = now.report(stage).state == StageState::running ? begun : ended;
    if (list.empty() || list.back() != stage) list.push_back(stage);
  });
  EXPECT_TRUE(rises);
  EXPECT_DOUBLE_EQ(last, 1.0);
  EXPECT_EQ(begun, std::vector<Stage>(std::begin(kStages), std::end(kStages)));
  EXPECT_EQ(ended.back(), Stage::result);
  for (int i = 0; i < kStageCount; ++i) {
    EXPECT_EQ(a.stages[static_cast<std::size_t>(i)].state, StageState::done) << i;
    EXPECT_FALSE(a.stages[static_cast<std::size_t>(i)].message.empty()) << i;
  }
  EXPECT_GT(a.report(Stage::fit).peak_memory_mb, 1.0);
  EXPECT_EQ(step_count(a, Stage::views), 8);
  EXPECT_EQ(step_count(a, Stage::fit), static_cast<int>(a.fit->records.size()));
}

TEST(Run, AStopInAnyStageKeepsWhatWasKnownAndGoesOnLater) {
  Runner whole(bench().ports);
  const auto wanted = whole.run(shared(small_inputs()), small_options(), {});
  for (const Stage stage : kStages) {
    if (stage == Stage::photograph) continue;
    Runner runner(bench().ports);
    std::stop_source stop;
    Analysis last;
    bool cancelled = false;
    try {
      runner.run(shared(small_inputs()), small_options(), Progress({}, stop.get_token()), [&](const Analysis& now, Stage at) {
        last = now;
        if (at == stage && now.report(at).state == StageState::running) stop.request_stop();
      });
    } catch (const Error& error) {
      cancelled = error.kind() == ErrorKind::cancelled;
    }
    // A short stage may end before it looks; then the next one must have stopped.
    EXPECT_TRUE(cancelled) << stage_name(stage);
    EXPECT_FALSE(last.fit && last.report(Stage::fit).state == StageState::done && stage < Stage::fit) << stage_name(stage);
    for (const Stage other : kStages)
      if (other < stage) {
        EXPECT_EQ(last.report(other).state, StageState::done) << stage_name(stage);
      }
    const auto again = runner.run(shared(small_inputs()), small_options(), {});
    EXPECT_GE(first_computed(again), stage) << "what was known before the stop is computed again";
    expect_same(again, wanted);
  }
}

TEST(Run, AStopBeforeItBeginsDoesNothing) {
  const auto b = bench();
  Runner runner(b.ports);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(runner.run(shared(small_inputs()), small_options(), Progress({}, stop.get_token())), Error);
  EXPECT_EQ(b.predictor->calls, 0);
}

TEST(Run, AMaskCorrectedByHandMovesTheObjectOnly) {
  const auto b = bench();
  Runner runner(b.ports);
  Options options = small_options();
  options.fit.max_iterations = 40;
  Inputs in = small_inputs();
  const auto before = runner.run(shared(in), options, {});
  in.object_mask = object_mask(0.15);
  const auto after = runner.run(shared(in), options, {});
  EXPECT_EQ(b.predictor->calls, 1);
  EXPECT_EQ(after.body, before.body);
  EXPECT_EQ(after.body_contact, before.body_contact);
  const auto middle = [&](const Analysis& a) {
    const auto& pose = a.fit->photo_from_object;
    const Eigen::Vector3d centre = pose * geometry::bounding_box(a.object->mesh.vertices).centre().cast<double>();
    return a.body->camera.project(centre).x();
  };
  EXPECT_LT(middle(after), middle(before) - 2.0);
}

void refused(const std::function<void(Inputs&, Options&)>& change, Stage stage, const std::vector<std::string>& words) {
  Runner runner(bench().ports);
  Inputs in = small_inputs();
  Options options = small_options();
  change(in, options);
  Analysis last;
  try {
    runner.run(shared(in), options, {}, [&](const Analysis& now, Stage) { last = now; });
    ADD_FAILURE() << "accepted: " << words.front();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    for (const auto& word : words) EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    EXPECT_EQ(last.report(stage).state, StageState::failed) << stage_name(stage);
    EXPECT_EQ(last.report(stage).message, error.what());
  }
}

TEST(Run, RefusesInputsWithTheStageThatNoticed) {
  refused([](Inputs& in, Options&) { in.photo = {}; }, Stage::photograph, {"photograph", "there is none"});
  refused([](Inputs& in, Options&) { in.object_mask = ImageU8(95, 72); }, Stage::photograph, {"object mask", "95×72", "96×72"});
  refused([](Inputs& in, Options&) { in.human_mask = ImageU8(96, 71); }, Stage::photograph, {"person mask", "96×71"});
  refused([](Inputs& in, Options&) { in.object_name = "bakcpack"; }, Stage::views, {"bakcpack", "backpack"});
  refused([](Inputs& in, Options&) { in.object_name.clear(), in.prompt = "What is touched?"; }, Stage::views, {"object", "neither"});
  refused([](Inputs& in, Options&) { in.object_size_m = -1.0; }, Stage::views, {"object size"});
  refused([](Inputs& in, Options&) { in.object_size_m = std::nan(""); }, Stage::views, {"object size"});
  refused([](Inputs& in, Options&) { in.object_mesh = geometry::Mesh{}; }, Stage::views, {"no vertices"});
  refused([](Inputs& in, Options&) { in.body_contact_edit = Eigen::VectorXf::Zero(3); }, Stage::lift, {"body", "3 vertices", "clear"});
  refused([](Inputs& in, Options&) { in.object_contact_edit = Eigen::VectorXf::Zero(3); }, Stage::lift, {"object", "3 vertices"});
  refused([](Inputs& in, Options&) { in.object_mask.reset(); }, Stage::align, {"object mask", "draw a box"});
  refused([](Inputs&, Options& o) { o.fit.mask_weight = -1.0; }, Stage::fit, {"mask_weight"});
}

TEST(Run, AFailureIsForgottenOnceItsCauseIs) {
  Runner runner(bench().ports);
  Inputs in = small_inputs();
  in.object_mask.reset();
  EXPECT_THROW(runner.run(shared(in), small_options(), {}), Error);
  in.object_mask = object_mask(0.4);
  const auto a = runner.run(shared(in), small_options(), {});
  EXPECT_EQ(first_computed(a), Stage::align);
  EXPECT_EQ(a.report(Stage::result).state, StageState::done);
}

}  // namespace
}  // namespace tactus::pipeline
