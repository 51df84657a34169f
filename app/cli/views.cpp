// tactus views.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "tactus/app/ports.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tactus/objects/library.h"
#include "tactus/render/cpu.h"
#include "tactus/views/view_renderer.h"
#include "terminal_progress.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string mesh, out;
  int size = 1024;
  bool random = false;
  std::uint64_t seed = 42;
};

void write_maps(const fs::path& file, const std::vector<views::RenderedView>& rendered) {
  io::NpzWriter npz(file);
  for (const auto& view : rendered) {
    const auto h = static_cast<std::size_t>(view.maps.face_ids.height), w = static_cast<std::size_t>(view.maps.face_ids.width);
    npz.add(view.view.name + "_vertex_ids", {h, w, 3}, std::span(view.maps.vertex_ids.data));
    npz.add(view.view.name + "_barycentrics", {h, w, 3}, std::span(view.maps.barycentrics.data));
    npz.add(view.view.name + "_depth", {h, w}, std::span(view.maps.depth.data));
  }
  npz.finish();
}

void run(const Arguments& arguments, const Context& context) {
  if (arguments.out.empty()) throw bad_input("--out: no folder was named for the pictures; give --out DIR");
  if (arguments.size < 16 || arguments.size > 4096) {
    throw bad_input("--size: " + std::to_string(arguments.size) + " is outside 16 to 4096 pixels");
  }
  TerminalProgress bar(!context.json && !context.quiet);
  const Progress progress = bar.progress(context.stop);
  const auto renderer = render::make_cpu_view_renderer();
  views::CanonicalViewsOptions options;
  options.size = arguments.size;

  geometry::Mesh mesh;
  std::vector<views::RenderedView> rendered;
  if (arguments.mesh == "body") {
    const auto ports = app::make_ports();
    const auto posed = ports.body_model->pose(ports.body_model->shape({}), ports.body_model->vitruvian_pose());
    mesh = {posed.vertices, ports.body_model->faces()};
    rendered = views::render_body_views(*renderer, mesh, options, progress);
  } else {
    if (fs::exists(arguments.mesh)) {
      mesh = io::read_mesh(arguments.mesh).mesh;
    } else {
      Random random(arguments.seed);
      objects::ObjectOptions object_options;
      if (arguments.random) object_options.variation = &random;
      const auto category = objects::find_category(arguments.mesh);
      mesh = objects::make_object(category ? *category : arguments.mesh, object_options).mesh;
    }
    rendered = views::render_object_views(*renderer, mesh, options, progress);
  }

  const fs::path out(arguments.out);
  std::error_code error;
  fs::create_directories(out, error);
  if (error) throw cannot_run(arguments.out + ": the folder could not be made; choose one you may write to");
  for (const auto& view : rendered) io::write_picture(out / (view.view.name + ".png"), view.picture);
  write_maps(out / "maps.npz", rendered);
  io::write_obj(out / "mesh.obj", mesh, nullptr);
  if (context.json) {
    std::printf("{\"vertices\": %d, \"faces\": %d, \"views\": %zu}\n", mesh.vertex_count(), mesh.face_count(),
                rendered.size());
  } else {
    std::printf("%d vertices, %d faces; %zu views, maps.npz and mesh.obj written to %s\n", mesh.vertex_count(),
                mesh.face_count(), rendered.size(), arguments.out.c_str());
  }
}

}  // namespace

void add_views(CLI::App& app, Context& context, Command& chosen) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("views", "The canonical renders of a mesh and their vertex and barycentric maps");
  command->footer("Example:\n  tactus views chair --out out/chair\n  tactus views scan.obj --size 512 --out out/scan");
  command->add_option("MESH", arguments->mesh, "an object of the library, 'body', or a mesh file")->required();
  command->add_option("--size", arguments->size, "pixels a side")->capture_default_str();
  command->add_flag("--random", arguments->random, "random proportions (see --seed) instead of the default instance");
  command->add_option("--seed", arguments->seed, "seed of --random")->capture_default_str();
  command->add_option("--out", arguments->out, "folder for the pictures; made when missing");
  add_common_flags(*command, context);
  command->callback([&chosen, arguments] { chosen = [arguments](const Context& c) { run(*arguments, c); }; });
}

}  // namespace tactus::cli
