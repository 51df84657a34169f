// tactus views.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "tactus/app/ports.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tactus/io/staged_folder.h"
#include "tactus/objects/library.h"
#include "tactus/render/cpu.h"
#include "tactus/views/view_renderer.h"
#include "terminal_progress.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;

struct ViewsArguments {
  std::string mesh, out;
  int size = 1024;
  bool random = false;
  std::uint64_t seed = 42;
};

void write_maps(const fs::path& file, const std::vector<views::RenderedView>& rendered, const Progress& progress) {
  io::NpzWriter npz(file);
  for (const auto& view : rendered) {
    progress.check();
    const auto h = static_cast<std::size_t>(view.maps.face_ids.height), w = static_cast<std::size_t>(view.maps.face_ids.width);
    npz.add(view.view.name + "_vertex_ids", {h, w, 3}, std::span(view.maps.vertex_ids.data));
    npz.add(view.view.name + "_barycentrics", {h, w, 3}, std::span(view.maps.barycentrics.data));
    npz.add(view.view.name + "_depth", {h, w}, std::span(view.maps.depth.data));
  }
  npz.finish(progress);
}

struct Rendered {
  geometry::Mesh mesh;
  std::vector<views::RenderedView> views;
};

geometry::Mesh chosen_mesh(const ViewsArguments& arguments) {
  if (names_file(arguments.mesh)) return io::read_mesh(arguments.mesh).mesh;
  Random random(arguments.seed);
  objects::ObjectOptions options;
  if (arguments.random) options.variation = &random;
  const auto category = objects::find_category(arguments.mesh);
  return objects::make_object(category ? *category : arguments.mesh, options).mesh;
}

Rendered render_mesh(const ViewsArguments& arguments, const Progress& progress) {
  const auto renderer = render::make_cpu_view_renderer();
  views::CanonicalViewsOptions options;
  options.size = arguments.size;
  if (arguments.mesh != "body") {
    Rendered result{chosen_mesh(arguments), {}};
    result.views = views::render_object_views(*renderer, result.mesh, options, progress);
    return result;
  }
  const auto ports = app::make_ports();
  const auto posed = ports.body_model->pose(ports.body_model->shape({}), ports.body_model->vitruvian_pose());
  Rendered result{{posed.vertices, ports.body_model->faces()}, {}};
  result.views = views::render_body_views(*renderer, result.mesh, options, progress);
  return result;
}

void run(const ViewsArguments& arguments, const Context& context) {
  if (arguments.mesh == "list") return print_names(object_names(), context);
  if (arguments.size < 16 || arguments.size > 4096) {
    throw bad_input("--size: " + std::to_string(arguments.size) + " is outside 16 to 4096 pixels");
  }
  check_out(arguments.out);
  Rendered rendered;
  {
    TerminalProgress bar(!context.json && !context.quiet);
    const Progress progress = bar.progress(context.stop);
    rendered = render_mesh(arguments, progress.part(0.0, 0.6, "Views"));
    io::StagedFolder out(arguments.out);
    const Progress writing = progress.part(0.6, 1.0, "Writing");
    for (const auto& view : rendered.views) {
      writing.check();
      io::write_picture(out.path() / (view.view.name + ".png"), view.picture);
    }
    writing.report(0.3);
    write_maps(out.path() / "maps.npz", rendered.views, writing);
    io::write_obj(out.path() / "mesh.obj", rendered.mesh, nullptr);
    writing.check();
    out.commit();
  }
  const int vertices = rendered.mesh.vertex_count(), faces = rendered.mesh.face_count();
  if (context.json) {
    nlohmann::ordered_json report = {{"mesh", arguments.mesh}, {"vertices", vertices}, {"faces", faces}, {"size", arguments.size}};
    for (const auto& view : rendered.views) report["views"].push_back(view.view.name);
    std::printf("%s\n", report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  } else {
    std::printf("%d vertices, %d faces; %zu views, maps.npz and mesh.obj written to %s\n", vertices, faces, rendered.views.size(),
                arguments.out.c_str());
  }
}

}  // namespace

void add_views(CLI::App& app, Context& context, Command& chosen) {
  auto arguments = std::make_shared<ViewsArguments>();
  CLI::App* command = app.add_subcommand("views", "The canonical renders of a mesh and their vertex and barycentric maps");
  command->footer("Example:\n  tactus views chair --out out/chair\n  tactus views scan.obj --size 512 --out out/scan");
  command->add_option("MESH", arguments->mesh, "an object of the library ('list' shows them), 'body', or a mesh file (.obj .ply .glb)")->type_name("NAME|FILE")->required();
  command->add_option("--size", arguments->size, "pixels a side, 16 to 4096")->type_name("N")->capture_default_str();
  command->add_flag("--random", arguments->random, "random proportions (see --seed) instead of the default instance");
  command->add_option("--seed", arguments->seed, "seed of --random")->type_name("N")->capture_default_str();
  command->add_option("--out", arguments->out, "folder for the pictures; made when missing")->type_name("DIR");
  add_common_flags(*command, context);
  command->callback([&chosen, arguments] { chosen = [arguments](const Context& c) { run(*arguments, c); }; });
}

}  // namespace tactus::cli
