#include <benchmark/benchmark.h>

#include "standing.h"

namespace tactus::evidence {
namespace {

Observation with_masks() {
  contact::Marks marks;
  marks.object_mask = ImageU8(800, 1000);
  fill(*marks.object_mask, 500, 400, 640, 560);
  marks.human_mask = ImageU8(800, 1000);
  fill(*marks.human_mask, 330, 200, 500, 800);
  return observed(marks);
}

void sample_of_the_body(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(make_body_sample(model()));
}
void depth_of_the_body(benchmark::State& state) {
  const body::PhotoBody body = standing();
  const auto crop = crop_around(body.mesh.vertices, body.camera);
  for (auto _ : state) benchmark::DoNotOptimize(depth_map(body.mesh.vertices, body.mesh.faces, crop));
}
void place_the_body(benchmark::State& state) {
  const body::PhotoBody body = standing();
  Observation o;
  for (auto _ : state) place_body(o, body.mesh.vertices, body.mesh.faces, sample().vertices, body.camera);
}
void distances(benchmark::State& state) {
  const Observation o = with_masks();
  for (auto _ : state) benchmark::DoNotOptimize(signed_distance(o.object_mask));
}
void gather_evidence(benchmark::State& state) {
  const Observation o = with_masks();
  for (auto _ : state) benchmark::DoNotOptimize(gather(o, sample()));
}
BENCHMARK(sample_of_the_body)->Unit(benchmark::kMillisecond);
BENCHMARK(depth_of_the_body)->Unit(benchmark::kMillisecond);
BENCHMARK(place_the_body)->Unit(benchmark::kMillisecond);
BENCHMARK(distances)->Unit(benchmark::kMillisecond);
BENCHMARK(gather_evidence)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tactus::evidence
