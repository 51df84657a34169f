// Budgets: hard maps 1024² of a body-sized mesh 30 ms a view; an official iteration's silhouette under 150 ms.
#include <benchmark/benchmark.h>

#include "tactus/geometry/camera.h"
#include "tactus/objects/library.h"
#include "tactus/render/cpu.h"

namespace {

using namespace tactus;

void hard_maps(benchmark::State& state) {
  const auto mesh = views::normalised_object(objects::make_object("couch").mesh);
  const auto renderer = render::make_cpu_view_renderer();
  const auto camera = views::raster_camera(views::object_mesh_views()[0], 1024);
  for (auto _ : state) benchmark::DoNotOptimize(renderer->rasterise(mesh, camera).depth.data.data());
  state.counters["faces"] = mesh.face_count();
}
BENCHMARK(hard_maps)->Unit(benchmark::kMillisecond);

void silhouette(benchmark::State& state) {
  const auto object = objects::make_object("chair").mesh;
  const auto camera = geometry::camera_with_field_of_view(640, 480, 45);
  reconstruct::VerticesD posed = object.vertices.cast<double>();
  posed.col(2).array() += 2.0;
  const auto renderer = render::make_cpu_silhouette_renderer();
  const reconstruct::SilhouetteOptions options{state.range(0) == 0 ? 1e-4 : 1e-6, state.range(0) == 0 ? 100 : 0};
  const ImageF ones(640, 480, 1, 1.0F);
  for (auto _ : state) {
    renderer->forward(posed, object.faces, camera, options);
    benchmark::DoNotOptimize(renderer->backward(ones).data());
  }
  state.counters["faces"] = object.face_count();
}
BENCHMARK(silhouette)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
