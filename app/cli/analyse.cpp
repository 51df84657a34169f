// tactus analyse, tactus contact.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "commands.h"
#include "tactus/app/ports.h"
#include "tactus/io/given_body.h"
#include "tactus/io/keypoints_json.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/picture.h"
#include "tactus/io/project.h"
#include "tactus/io/results.h"
#include "terminal_progress.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string photo, prompt, model = "prior", object, human_mask, object_mask, keypoints, body_pose, mode = "corrected";
  std::string device = "auto", sample, out;
  std::optional<int> person;
  std::uint64_t seed = 42;
  bool scale = false;
};

bool is_mesh_file(const std::string& text) {
  std::string extension = fs::path(text).extension();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return extension == ".obj" || extension == ".ply" || extension == ".glb";
}

pipeline::Inputs read_inputs(const Arguments& arguments) {
  pipeline::Inputs inputs;
  const bool project = fs::path(arguments.photo).extension() == ".tactus";
  if (!arguments.sample.empty()) {
    inputs = app::sample_inputs(arguments.sample);
  } else if (project) {
    inputs = io::read_project(arguments.photo).inputs;
  } else {
    if (arguments.photo.empty()) throw bad_input("photograph: none was named; give PHOTO, or --sample NAME");
    inputs.photo = io::read_picture(arguments.photo);
    inputs.photo_name = fs::path(arguments.photo).filename();
  }
  const int width = inputs.photo.width, height = inputs.photo.height;
  if (!arguments.prompt.empty()) inputs.prompt = arguments.prompt;
  if (inputs.prompt.empty()) {
    throw bad_input("prompt: it is empty; ask what to find, for example --prompt \"Which body parts touch the bottle?\"");
  }
  if (!arguments.object.empty()) {
    inputs.object_name = arguments.object;
    inputs.object_mesh.reset();
    if (is_mesh_file(arguments.object)) {
      inputs.object_mesh = io::read_mesh(arguments.object).mesh;
      inputs.object_name = fs::path(arguments.object).filename();
    }
  }
  if (!arguments.keypoints.empty()) {
    auto person = io::read_coco_keypoints(arguments.keypoints, inputs.photo_name, width, height, arguments.person);
    inputs.keypoints = person.keypoints;
    inputs.person_box = person.box;
    if (person.mask) inputs.human_mask = std::move(*person.mask);
  }
  if (!arguments.body_pose.empty()) inputs.given_body = io::read_osx(arguments.body_pose, width, height);
  if (!arguments.human_mask.empty()) inputs.human_mask = io::read_mask(arguments.human_mask, width, height);
  if (!arguments.object_mask.empty()) inputs.object_mask = io::read_mask(arguments.object_mask, width, height);
  return inputs;
}

void print_summary(const pipeline::Analysis& analysis, const std::string& out) {
  std::printf("%s\n", analysis.prediction->answer.c_str());
  std::printf("  (%s)\n", analysis.prediction->model.c_str());
  for (int i = 0; i < pipeline::kStageCount; ++i) {
    const auto stage = static_cast<pipeline::Stage>(i);
    const auto& report = analysis.report(stage);
    if (report.state == pipeline::StageState::done && stage != pipeline::Stage::predict)
      std::printf("  %-10s %6.2f s  %s\n", pipeline::stage_name(stage), report.seconds, report.message.c_str());
  }
  for (const auto& warning : analysis.warnings) std::printf("  note: %s\n", warning.c_str());
  std::printf("written to %s\n", out.c_str());
}

void run(const Arguments& arguments, pipeline::Stage until, const Context& context) {
  if (arguments.sample == "list") {
    for (const auto& name : app::sample_names()) std::printf("%s\n", name.c_str());
    return;
  }
  if (arguments.out.empty()) throw bad_input("--out: no folder was named for the results; give --out DIR");
  if (arguments.device == "cuda") {
    throw cannot_run("--device cuda: this build has no GPU code; use --device cpu or leave it out");
  }
  const auto inputs = std::make_shared<const pipeline::Inputs>(read_inputs(arguments));
  pipeline::Options options = arguments.mode == "official" ? pipeline::official_options() : pipeline::Options{};
  options.seed = arguments.seed;
  options.until = until;
  options.fit.optimise_scale = arguments.scale;

  const pipeline::Ports ports = app::make_ports(arguments.model);
  pipeline::Runner runner(ports);
  pipeline::Analysis analysis;
  io::ReportExtras extras;
  {
    TerminalProgress bar(!context.json && !context.quiet);
    const Progress progress = bar.progress(context.stop);
    analysis = runner.run(inputs, options, progress.part(0.0, 0.97));
    extras.version = TACTUS_VERSION;
    extras.renderer = ports.view_renderer.get();
    progress.part(0.97, 1.0, "Writing").report(0.0);
    io::write_results(arguments.out, analysis, extras);
  }
  if (context.json) {
    std::printf("%s\n", io::report_json(analysis, extras).c_str());
  } else {
    print_summary(analysis, arguments.out);
  }
}

void add(CLI::App& app, Context& context, Command& chosen, const char* name, const char* about, const char* example,
         pipeline::Stage until) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(name, about);
  command->footer(example);
  command->add_option("PHOTO", arguments->photo, "the photograph (PNG, JPEG, …) or a project file (.tactus)");
  command->add_option("--prompt", arguments->prompt, "what to find: \"Which body parts touch the bottle?\"");
  command->add_option("--model", arguments->model, "contact model: prior (usual contact; does not look at the photograph)")
      ->capture_default_str();
  command->add_option("--object", arguments->object, "object: a name of the library or a mesh file (.obj .ply .glb); "
                                                     "default: the one the prompt names");
  command->add_option("--human-mask", arguments->human_mask, "PNG of the photograph's size, non-zero = person");
  command->add_option("--object-mask", arguments->object_mask, "PNG of the photograph's size, non-zero = object");
  command->add_option("--keypoints", arguments->keypoints, "the person's joints, COCO person-keypoints JSON (17 or 23)");
  command->add_option("--person", arguments->person, "annotation id in the keypoints file; default: the largest person");
  command->add_option("--body-pose", arguments->body_pose, "osx_human2.npz: a posed SMPL-X body instead of joints");
  command->add_option("--mode", arguments->mode, "corrected, or official: the published behaviour, oddities included")
      ->check(CLI::IsMember({"corrected", "official"}))
      ->capture_default_str();
  command->add_option("--device", arguments->device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "seed of everything drawn at random")->capture_default_str();
  command->add_flag("--scale", arguments->scale, "fit the object's size too, near its real one");
  command->add_option("--sample", arguments->sample, "a bundled project instead of PHOTO; 'list' names them");
  command->add_option("--out", arguments->out, "folder for the results; made when missing");
  add_common_flags(*command, context);
  command->callback([&chosen, arguments, until] {
    chosen = [arguments, until](const Context& c) { run(*arguments, until, c); };
  });
}

}  // namespace

void add_common_flags(CLI::App& command, Context& context) {
  command.add_flag("--json", context.json, "print the report as JSON");
  command.add_flag("--quiet", context.quiet, "no progress bar");
}

void add_analyse(CLI::App& app, Context& context, Command& chosen) {
  add(app, context, chosen, "analyse", "Photograph and prompt → contact on both surfaces and both placed in 3D",
      "Example:\n  tactus analyse photo.jpg --prompt \"Which body parts touch the bottle?\" --keypoints photo.json \\\n"
      "      --object-mask bottle.png --out out/bottle",
      pipeline::Stage::result);
  add(app, context, chosen, "contact", "Photograph and prompt → contact only; needs no marks",
      "Example:\n  tactus contact photo.jpg --prompt \"Which body parts touch the bottle?\" --out out/contact",
      pipeline::Stage::lift);
}

}  // namespace tactus::cli
