// Frames of the scene under the GL at hand, and the start of Studio to its first frame. Run it with a display.
#include <benchmark/benchmark.h>
#include <vtkCamera.h>
#include <vtkRenderWindow.h>
#include <vtkRenderer.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "tactus/scene/scene.h"

namespace {

using namespace tactus;

// A bumpy sphere of about `triangles` triangles before the camera, closed as bodies and the library's things are.
geometry::Mesh surface(int triangles, double bump) {
  const int rings = static_cast<int>(std::sqrt(triangles / 4.0)), columns = 2 * rings;
  geometry::Mesh mesh;
  mesh.vertices.resize((rings + 1) * columns, 3);
  for (int r = 0; r <= rings; ++r)
    for (int c = 0; c < columns; ++c) {
      const double polar = std::numbers::pi * r / rings, around = 2.0 * std::numbers::pi * c / columns, radius = 0.5 + bump * std::sin(9 * polar) * std::cos(7 * around);
      mesh.vertices.row(r * columns + c) << static_cast<float>(radius * std::sin(polar) * std::cos(around)), static_cast<float>(radius * std::cos(polar)),
          static_cast<float>(3.0 + radius * std::sin(polar) * std::sin(around));
    }
  mesh.faces.resize(2 * rings * columns, 3);
  int f = 0;
  for (int r = 0; r < rings; ++r)
    for (int c = 0; c < columns; ++c) {
      // The first vertex of the first and of the last ring is the pole.
      const auto at = [&](int ring, int column) { return ring == 0 || ring == rings ? ring * columns : ring * columns + column % columns; };
      const int a = at(r, c), b = at(r, c + 1), below_a = at(r + 1, c), below_b = at(r + 1, c + 1);
      if (a != b) mesh.faces.row(f++) << a, b, below_a;
      if (below_a != below_b) mesh.faces.row(f++) << b, below_b, below_a;
    }
  mesh.faces.conservativeResize(f, 3);
  return mesh;
}

void frame(benchmark::State& state) {
  scene::Scene scene;
  const auto mesh = surface(static_cast<int>(state.range(0)), 0.03);
  scene.set_body(mesh);
  scene.set_contact(scene::Subject::body, Eigen::VectorXf::LinSpaced(mesh.vertex_count(), 0.0F, 1.0F), {});
  scene.set_view(scene::NamedView::front);
  scene.render_picture(900, 760);
  auto* window = scene.renderer()->GetRenderWindow();
  for (auto _ : state) {
    scene.renderer()->GetActiveCamera()->Azimuth(3.0);
    window->Render();
    window->WaitForCompletion();
  }
  state.counters["triangles"] = mesh.face_count();
}
BENCHMARK(frame)->Arg(27000)->Arg(100000)->Arg(500000)->Unit(benchmark::kMillisecond);

// A dragged joint: the same triangles at new places.
void move_body(benchmark::State& state) {
  scene::Scene scene;
  const geometry::Mesh meshes[2] = {surface(static_cast<int>(state.range(0)), 0.03), surface(static_cast<int>(state.range(0)), 0.04)};
  int k = 0;
  for (auto _ : state) scene.set_body(meshes[k ^= 1]);
}
BENCHMARK(move_body)->Arg(27000)->Arg(100000)->Unit(benchmark::kMillisecond);

// The threshold's slider.
void recolour(benchmark::State& state) {
  scene::Scene scene;
  const auto mesh = surface(static_cast<int>(state.range(0)), 0.03);
  scene.set_body(mesh);
  scene.set_contact(scene::Subject::body, Eigen::VectorXf::LinSpaced(mesh.vertex_count(), 0.0F, 1.0F), {});
  auto display = scene.display();
  for (auto _ : state) {
    display.threshold = display.threshold > 0.5F ? 0.4F : 0.6F;
    scene.set_display(display);
  }
}
BENCHMARK(recolour)->Arg(100000)->Arg(500000)->Unit(benchmark::kMillisecond);

void pick(benchmark::State& state) {
  scene::Scene scene;
  scene.set_body(surface(static_cast<int>(state.range(0)), 0.03));
  scene.set_view(scene::NamedView::front);
  scene.render_picture(900, 760);
  int x = 300;
  for (auto _ : state) benchmark::DoNotOptimize(scene.pick(x = 300 + (x + 7) % 300, 380));
}
BENCHMARK(pick)->Arg(100000)->Arg(500000)->Unit(benchmark::kMillisecond);

// From starting the process to the first frame of its viewport, the sample open.
void studio_to_first_frame(benchmark::State& state) {
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    if (std::system(TACTUS_STUDIO " --first-frame >/dev/null 2>&1") != 0) {
      state.SkipWithError("Studio did not start");
      return;
    }
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
}
BENCHMARK(studio_to_first_frame)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
