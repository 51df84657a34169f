// A fit from nothing, one that follows a dragged joint, and what posing costs. DESIGN.md §6 gives a re-run after a
// moved joint 0.5 s, of which the body's fit is one part.
#include <benchmark/benchmark.h>

#include "synthetic.h"

namespace tactus::body {
namespace {

void from_nothing(benchmark::State& state) {
  Random random(3);
  const Synthetic s = synthetic(random, 30.0, 1.0, false);
  for (auto _ : state) benchmark::DoNotOptimize(fit_body(model(), s.input, {}, Progress()));
}
BENCHMARK(from_nothing)->Unit(benchmark::kMillisecond)->UseRealTime();

void dragged_joint(benchmark::State& state) {
  Random random(3);
  Synthetic s = synthetic(random, 30.0, 1.0, false);
  const BodyFit before = fit_body(model(), s.input, {}, Progress()).best;
  s.input.keypoints[9].x += 20.0;
  for (auto _ : state) benchmark::DoNotOptimize(fit_body(model(), s.input, {}, Progress(), &before));
}
BENCHMARK(dragged_joint)->Unit(benchmark::kMillisecond)->UseRealTime();

void from_nothing_with_mask(benchmark::State& state) {
  Random random(3);
  Synthetic s = synthetic(random, 30.0, 1.0, false);
  s.input.person_mask = ImageU8(s.camera.width, s.camera.height);
  for (int y = 200; y < 900; ++y) std::fill_n(s.input.person_mask->row(y) + 250, 300, std::uint8_t{255});
  for (auto _ : state) benchmark::DoNotOptimize(fit_body(model(), s.input, {}, Progress()));
}
BENCHMARK(from_nothing_with_mask)->Unit(benchmark::kMillisecond)->UseRealTime();

void shape(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(model().shape({}));
}
BENCHMARK(shape)->Unit(benchmark::kMillisecond)->UseRealTime();

void pose(benchmark::State& state) {
  const ShapedBody shaped = model().shape({});
  const Pose vitruvian = model().vitruvian_pose();
  for (auto _ : state) benchmark::DoNotOptimize(model().pose(shaped, vitruvian));
}
BENCHMARK(pose)->Unit(benchmark::kMillisecond)->UseRealTime();

void keypoints(benchmark::State& state) {
  const ShapedBody shaped = model().shape({});
  const Pose vitruvian = model().vitruvian_pose();
  for (auto _ : state) benchmark::DoNotOptimize(model().pose_keypoints(shaped, vitruvian));
}
BENCHMARK(keypoints)->Unit(benchmark::kMillisecond)->UseRealTime();

void read_body(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(io::read_body_model(body_file()));
}
BENCHMARK(read_body)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace tactus::body
