// Scenes a second: one thread, and all of them.
#include <benchmark/benchmark.h>

#include "tactus/io/body_files.h"
#include "tactus/parallel.h"
#include "tactus/synth/scene.h"

namespace {

using namespace tactus;

const synth::SceneMaker& maker() {
  static const synth::SceneMaker made(std::make_shared<body::BodyModel>(io::read_body_model(TACTUS_BODY_FILE)), synth::Split::validation);
  return made;
}

void pools(benchmark::State& state) {
  const auto model = std::make_shared<body::BodyModel>(io::read_body_model(TACTUS_BODY_FILE));
  for (auto _ : state) benchmark::DoNotOptimize(synth::SceneMaker(model, synth::Split::train).body_model().vertex_count());
}
BENCHMARK(pools)->Unit(benchmark::kMillisecond)->Iterations(1);

void one_thread(benchmark::State& state) {
  std::uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(maker().make(seed++).objects.size());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(one_thread)->Unit(benchmark::kMillisecond)->MinTime(3.0);

void all_threads(benchmark::State& state) {
  std::uint64_t seed = 0;
  for (auto _ : state) {
    parallel_for(32, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) benchmark::DoNotOptimize(maker().make(seed + i).objects.size());
    });
    seed += 32;
  }
  state.SetItemsProcessed(32 * state.iterations());
}
BENCHMARK(all_threads)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(3.0);

}  // namespace
