// Seconds of a fit from nothing and of one that follows a dragged joint.
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

}  // namespace
}  // namespace tactus::body
