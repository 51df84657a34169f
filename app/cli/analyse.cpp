// tactus analyse, tactus contact.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "commands.h"
#include "official_contact.h"
#include "stage_dump.h"
#include "tactus/app/ports.h"
#include "tactus/io/given_body.h"
#include "tactus/io/keypoints_json.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/picture.h"
#include "tactus/io/project.h"
#include "tactus/io/results.h"
#include "tactus/objects/library.h"
#include "tactus/pipeline/guesses.h"
#include "terminal_progress.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;

struct AnalyseArguments {
  std::string photo, prompt, object, human_mask, object_mask, keypoints, body_pose;
  std::string sample, out;
  app::ModelChoice model;
  std::string dump;                              // --dump-tensors
  bool marks_only = false;
  bool official_layout = false;                  // with the next two: tactus contact alone
  std::string data, task;
  RunArguments run;
  std::optional<int> person;
  std::optional<double> object_size;
};

bool is_blank(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; });
}

void read_object(const AnalyseArguments& arguments, pipeline::Inputs& inputs) {
  if (arguments.object.empty()) return;
  inputs.object_name = arguments.object;
  inputs.object_mesh.reset();
  inputs.object_size_m.reset();
  // Painted on the project's object, which this one replaces.
  inputs.object_contact_edit.reset();
  inputs.object_view_edit.clear();
  if (names_file(arguments.object)) {
    inputs.object_mesh = io::read_mesh(arguments.object).mesh;
    inputs.object_name = fs::path(arguments.object).filename();
  }
}

// The photograph, sample or project with the options that stand in a project file.
io::Project read_start(const AnalyseArguments& arguments) {
  if (!arguments.sample.empty()) {
    if (!arguments.photo.empty()) throw bad_input("--sample: a photograph was named too; give one of them");
    return {app::sample_inputs(arguments.sample), {}};
  }
  if (arguments.photo.empty()) throw bad_input("photograph: none was named; give PHOTO, or --sample NAME");
  if (fs::path(arguments.photo).extension() == ".tactus") return io::read_project(arguments.photo);
  io::Project project;
  project.inputs.photo = io::read_picture(arguments.photo);
  project.inputs.photo_name = fs::path(arguments.photo).filename();
  return project;
}

void read_inputs(const AnalyseArguments& arguments, pipeline::Inputs& inputs) {
  const int width = inputs.photo.width, height = inputs.photo.height;
  if (!arguments.prompt.empty()) inputs.prompt = arguments.prompt;
  if (is_blank(inputs.prompt)) {
    throw bad_input("prompt: it is empty; ask what to find, for example --prompt \"Which body parts touch the bottle?\"");
  }
  read_object(arguments, inputs);
  if (arguments.object_size) inputs.object_size_m = arguments.object_size;
  if (arguments.person && arguments.keypoints.empty()) throw bad_input("--person: it chooses from a keypoints file; give --keypoints JSON too");
  if (!arguments.keypoints.empty()) {
    auto person = io::read_coco_keypoints(arguments.keypoints, inputs.photo_name, width, height, arguments.person);
    inputs.keypoints = person.keypoints;
    inputs.person_box = person.box;
    if (person.mask) inputs.human_mask = std::move(*person.mask);
  }
  if (!arguments.body_pose.empty()) inputs.given_body = io::read_osx(arguments.body_pose, width, height);
  if (!arguments.human_mask.empty()) inputs.human_mask = io::read_mask(arguments.human_mask, width, height);
  if (!arguments.object_mask.empty()) inputs.object_mask = io::read_mask(arguments.object_mask, width, height);
}

// Fills in what is not marked and the run could use. True when a network has looked.
bool guess_marks(pipeline::Inputs& inputs, pipeline::Stage until, const AnalyseArguments& arguments, const Progress& progress) {
  const bool needed = until >= pipeline::Stage::align || arguments.model.model == "compact";
  if (arguments.marks_only || !needed || !pipeline::lacks_marks(inputs)) return false;
  const auto perceiver = app::make_perceiver();
  if (!perceiver) return false;
  pipeline::add_guesses(inputs, perceiver->look(inputs.photo, pipeline::category_of(inputs), progress));
  return true;
}

// What the run would find out only after seconds of work.
void check_object(const pipeline::Inputs& inputs) {
  if (!inputs.object_mesh) {
    if (!is_blank(inputs.object_name)) {
      if (!objects::find_category(inputs.object_name)) objects::make_object(inputs.object_name);   // says which names are near
    } else if (!objects::find_category(inputs.prompt)) {
      throw bad_input("object: the prompt names no object of the library; add --object NAME (--object list shows them) or a mesh file");
    }
  }
}

void check_marks(const pipeline::Inputs& inputs, pipeline::Stage until, bool looked) {
  if (until < pipeline::Stage::align) return;
  const char* found = looked ? " and were not found" : "";
  if (!inputs.keypoints && !inputs.given_body) {
    throw bad_input(std::string("joints: the person's joints are not marked") + found + ", so the body cannot be placed; add --keypoints "
                    "JSON, mark them in Studio, or use tactus contact, which needs no marks");
  }
  found = looked ? " and was not found" : "";
  if (!inputs.object_mask) {
    throw bad_input(std::string("object mask: the object is not marked in the photograph") + found + ", so it cannot be placed; add "
                    "--object-mask PNG, mark it in Studio, or use tactus contact, which needs no marks");
  }
}

// A mesh in millimetres or inches fits nowhere; the numbers alone tell.
std::optional<std::string> size_warning(const pipeline::Inputs& inputs) {
  if (!inputs.object_mesh || inputs.object_size_m) return std::nullopt;
  const double size = static_cast<double>(geometry::bounding_box(inputs.object_mesh->vertices).size().maxCoeff());
  if (size >= 0.01 && size <= 10.0) return std::nullopt;
  char text[200];
  std::snprintf(text, sizeof text, "%s: its largest side is %.4g m; meshes are read as metres, so give --object-size if that is wrong",
                inputs.object_name.substr(0, 80).c_str(), size);
  return text;
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

void run(const AnalyseArguments& arguments, pipeline::Stage until, const Context& context) {
  if (arguments.sample == "list") return print_names(app::sample_names(), context);
  if (arguments.object == "list") return print_names(object_names(), context);
  if (arguments.official_layout) {
    run_official_contact({arguments.photo, arguments.data, arguments.task.empty() ? "hcontact" : arguments.task, arguments.object,
                          arguments.prompt, arguments.dump, arguments.out, arguments.model},
                         context);
    return;
  }
  for (const auto& [given, name] : {std::pair(!arguments.data.empty(), "--data"), std::pair(!arguments.task.empty(), "--task")}) {
    if (given) throw bad_input(std::string(name) + ": it belongs to --official-layout; add that, or leave " + name + " out");
  }
  if (!arguments.model.is_folder()) {
    if (arguments.model.device == "cuda") {
      throw cannot_run("--device cuda: the model " + arguments.model.model + " has no GPU code; use --device cpu or leave it out");
    }
    if (!arguments.dump.empty()) throw bad_input("--dump-tensors: the model " + arguments.model.model + " has no tensors; give a checkpoint's folder with --model DIR");
  }
  check_out(arguments.out);
  io::Project project = read_start(arguments);
  read_inputs(arguments, project.inputs);
  check_object(project.inputs);
  const auto warning = size_warning(project.inputs);
  pipeline::Options options = with_run_options(project.options, arguments.run);
  options.until = until;

  app::ModelChoice choice = arguments.model;
  if (!arguments.dump.empty()) choice.stages = std::make_shared<app::Stages>();
  pipeline::Analysis analysis;
  io::ReportExtras extras;
  {
    TerminalProgress bar(!context.json && !context.quiet);
    const Progress progress = bar.progress(context.stop);
    const bool looked = guess_marks(project.inputs, until, arguments, progress.part(0.0, 0.03, "Look"));
    check_marks(project.inputs, until, looked);
    const auto inputs = std::make_shared<const pipeline::Inputs>(std::move(project.inputs));
    const double loading = choice.is_folder() ? 0.3 : 0.03;
    const pipeline::Ports ports = app::make_ports(choice, progress.part(0.03, loading, "Load"));
    pipeline::Runner runner(ports);
    analysis = runner.run(inputs, options, progress.part(loading, 0.97));
    if (warning) analysis.warnings.insert(analysis.warnings.begin(), *warning);
    extras.version = TACTUS_VERSION;
    extras.renderer = ports.view_renderer.get();
    io::write_results(arguments.out, analysis, extras, progress.part(0.97, 1.0, "Writing"));
    if (choice.stages) dump_stages(arguments.dump, *choice.stages);
    extras.renderer = nullptr;   // it ends here
  }
  if (context.json) {
    std::printf("%s\n", io::report_json(analysis, extras).c_str());
  } else {
    print_summary(analysis, arguments.out);
  }
}

void add(CLI::App& app, Context& context, Command& chosen, const char* name, const char* about, const char* example,
         pipeline::Stage until) {
  auto arguments = std::make_shared<AnalyseArguments>();
  CLI::App* command = app.add_subcommand(name, about);
  command->footer(example);
  const bool placing = until > pipeline::Stage::lift;
  command->add_option("PHOTO", arguments->photo, "the photograph (PNG, JPEG, TIFF, BMP, WebP) or a project file (.tactus)")->type_name("FILE");
  command->add_option("--prompt", arguments->prompt, "what to find: \"Which body parts touch the bottle?\"");
  command->add_option("--model", arguments->model.model, "contact model: compact (our own network; reads the marks), prior (usual contact; does not look at the photograph), or the folder of InteractVLM weights")
      ->type_name("NAME|DIR")
      ->capture_default_str();
  command->add_option("--object", arguments->object, "a name of the library ('list' shows them) or a mesh file (.obj .ply .glb, metres); "
                                                     "default: what the prompt names")
      ->type_name("NAME|FILE");
  command->add_option("--object-size", arguments->object_size, "the object's largest side in metres; scales its mesh")->type_name("METRES");
  command->add_option("--human-mask", arguments->human_mask, "picture of the photograph's size, non-zero = person")->type_name("PNG");
  command->add_option("--object-mask", arguments->object_mask, "picture of the photograph's size, non-zero = object; without it one is looked for")
      ->type_name("PNG");
  command->add_option("--keypoints", arguments->keypoints,
                      "the person's joints, COCO person-keypoints format (17 or 23 points); without them and --body-pose they are looked for")
      ->type_name("JSON");
  command->add_flag("--marks-only", arguments->marks_only, "use the marks that are given and guess none");
  command->add_option("--person", arguments->person, "annotation id in the keypoints file; default: the largest person")->type_name("ID");
  command->add_option("--body-pose", arguments->body_pose, "osx_human2.npz: a posed SMPL-X body instead of joints")->type_name("NPZ");
  add_run_options(*command, arguments->run, placing);
  command->add_option("--device", arguments->model.device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->type_name("DEVICE")
      ->capture_default_str();
  command->add_option("--clip", arguments->model.clip_folder, "the CLIP folder, where it does not lie beside the model's")->type_name("DIR");
  command->add_option("--precision", arguments->model.precision, "of a checkpoint: fp32, bf16, int8, int4; auto: what the free memory holds")
      ->check(CLI::IsMember({"auto", "fp32", "bf16", "int8", "int4"}))
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--dump-tensors", arguments->dump, "every stage of a checkpoint's network as it was computed, as arrays")->type_name("NPZ");
  if (!placing) {
    command->add_flag("--official-layout", arguments->official_layout,
                      "the published demo's files: the object's name from OBJECT__NAME.jpg, its mesh beside it, results by the published names; "
                      "PHOTO may be a folder of them");
    command->add_option("--task", arguments->task, "with --official-layout (default hcontact)")->check(CLI::IsMember(official_tasks()))->type_name("TASK");
    command->add_option("--data", arguments->data, "with --official-layout: the published data folder (hcontact_vitruvian, smpl_to_smplx.pkl, body models)")
        ->type_name("DIR");
  }
  command->add_option("--sample", arguments->sample, "a bundled project instead of PHOTO; 'list' names them")->type_name("NAME");
  command->add_option("--out", arguments->out, "folder for the results; made when missing")->type_name("DIR");
  add_common_flags(*command, context);
  command->callback([&chosen, arguments, until] {
    chosen = [arguments, until](const Context& c) { run(*arguments, until, c); };
  });
}

}  // namespace

void add_analyse(CLI::App& app, Context& context, Command& chosen) {
  add(app, context, chosen, "analyse", "Photograph and prompt → contact on both surfaces and both placed in 3D",
      "Example:\n  tactus analyse photo.jpg --prompt \"Which body parts touch the bottle?\" --keypoints photo.json \\\n"
      "      --object-mask bottle.png --out out/bottle",
      pipeline::Stage::result);
  add(app, context, chosen, "contact", "Photograph and prompt → contact only; needs no marks",
      "Example:\n  tactus contact photo.jpg --prompt \"Which body parts touch the bottle?\" --out out/contact\n"
      "  tactus contact bottle__000001.jpg --official-layout --model DIR --data data --out out/bottle",
      pipeline::Stage::lift);
}

}  // namespace tactus::cli
