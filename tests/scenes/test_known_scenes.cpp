// The corrected fit on scenes of known truth. All of them are in the table that fit_table prints; here those that need
// each part of it most.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "known_scenes.h"
#include "tactus/io/body_files.h"
#include "tactus/render/cpu.h"

namespace tactus::scenes {
namespace {

const body::BodyModel& model() {
  static const body::BodyModel body(io::read_body_model(std::filesystem::path(TACTUS_BINARY_DIR) / "share/tactus/body.tbm"));
  return body;
}

reconstruct::FitResult fit_corrected(const KnownScene& scene, const reconstruct::AlignResult& starts, int iterations = 0) {
  const auto renderer = render::make_cpu_silhouette_renderer();
  reconstruct::FitOptions options;
  options.optimise_scale = scene.fit_scale;
  if (iterations > 0) options.max_iterations = iterations;
  return reconstruct::fit(scene.input, starts, *renderer, options, {});
}

class KnownScenes : public testing::TestWithParam<const char*> {};

TEST_P(KnownScenes, AreFoundAsCloselyAsAsked) {
  const auto views = render::make_cpu_view_renderer();
  const KnownScene scene = make_scene(GetParam(), model(), *views);
  const auto starts = reconstruct::align(scene.input, {}, {});
  const auto result = fit_corrected(scene, starts);
  EXPECT_EQ(shortfall(scene, compare(scene, result.photo_from_object, *views)), "");
  ASSERT_FALSE(result.trials.empty());
  int chosen = 0, reversed = 0;
  for (const auto& trial : result.trials) {
    chosen += trial.chosen ? 1 : 0;
    ASSERT_FALSE(trial.records.empty());
    reversed += trial.reversed_at > 0 ? 1 : 0;
    // Whatever was reversed, its records begin where some start's ICP ended.
    const auto& first = trial.records.front().photo_from_object;
    EXPECT_TRUE(std::any_of(starts.candidates.begin(), starts.candidates.end(), [&](const auto& candidate) {
      return geometry::rotation_angle(candidate.photo_from_object.rotation, first.rotation) < 1e-6 &&
             (candidate.photo_from_object.translation - first.translation).norm() < 1e-6;
    }));
    ASSERT_LT(trial.reversed_at, trial.records.size());
    if (trial.chosen) { EXPECT_EQ(trial.reversed_at, result.reversed_at); }
    // Up to the reversal it is the way of a start that was not reversed, row for row.
    const auto same_way = [&](const reconstruct::FitTrial& other) {
      return other.reversed_at == 0 && other.records.size() >= trial.reversed_at &&
             std::equal(trial.records.begin(), trial.records.begin() + static_cast<std::ptrdiff_t>(trial.reversed_at), other.records.begin(),
                        [](const auto& a, const auto& b) { return a.photo_from_object.matrix() == b.photo_from_object.matrix(); });
    };
    EXPECT_TRUE(trial.reversed_at == 0 || std::any_of(result.trials.begin(), result.trials.end(), same_way));
  }
  EXPECT_EQ(chosen, 1);
  EXPECT_GT(reversed, 0);
}

INSTANTIATE_TEST_SUITE_P(Some, KnownScenes, testing::Values("chair bad start", "chair visible", "chair small", "chair noisy", "racket", "bat", "stool"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             if (c == ' ') c = '_';
                           return name;
                         });

TEST(CorrectedFit, SameInputsSameBytes) {
  const auto views = render::make_cpu_view_renderer();
  const KnownScene scene = make_scene("chair", model(), *views);
  const auto a = fit_corrected(scene, reconstruct::align(scene.input, {}, {}), 20);
  const auto b = fit_corrected(scene, reconstruct::align(scene.input, {}, {}), 20);
  ASSERT_EQ(a.records.size(), b.records.size());
  for (std::size_t i = 0; i < a.records.size(); ++i) {
    EXPECT_EQ(a.records[i].loss_total, b.records[i].loss_total);
    EXPECT_EQ(a.records[i].photo_from_object.matrix(), b.records[i].photo_from_object.matrix());
  }
}

TEST(CorrectedFit, TheTruthIsWhereItSaysItIs) {
  // The scene itself: its masks are those of the pose it calls the truth, and its contacts lie where the two are near.
  const auto views = render::make_cpu_view_renderer();
  for (const auto& name : scene_names()) {
    const KnownScene scene = make_scene(name, model(), *views);
    const PoseError error = compare(scene, scene.photo_from_object, *views);
    EXPECT_EQ(error.iou, 1.0) << name;
    EXPECT_EQ(error.vertex_cm, 0.0) << name;
    EXPECT_GT((scene.input.human_contact.array() > 0.5F).count(), 10) << name;
    EXPECT_GT((scene.input.object_contact.array() > 0.3F).count(), 10) << name;
    EXPECT_TRUE(geometry::is_closed_and_oriented(scene.input.object)) << name;
  }
}

}  // namespace
}  // namespace tactus::scenes
