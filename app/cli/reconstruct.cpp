// tactus reconstruct: the joint fit alone, on a sample folder of the published code or a folder that analyse wrote.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "tactus/io/official_sample.h"
#include "tactus/io/results.h"
#include "tactus/render/cpu.h"
#include "terminal_progress.h"

namespace tactus::cli {
namespace {

struct Arguments {
  std::string folder, mode = "corrected", out;
  std::uint64_t seed = 42;
  std::optional<int> iterations;
  bool scale = false;
};

void run(const Arguments& arguments, const Context& context) {
  if (arguments.out.empty()) throw bad_input("--out: no folder was named for the results; give --out DIR");
  const io::OfficialSample sample = io::read_official_sample(arguments.folder);
  pipeline::Options options = arguments.mode == "official" ? pipeline::official_options() : pipeline::Options{};
  options.seed = options.align.seed = options.fit.seed = arguments.seed;
  options.fit.optimise_scale = arguments.scale;
  if (arguments.iterations) options.fit.max_iterations = *arguments.iterations;
  for (const auto& sentence : reconstruct::validate(options.fit)) throw bad_input(sentence);

  const auto view_renderer = render::make_cpu_view_renderer();
  pipeline::Analysis analysis;
  io::ReportExtras extras;
  {
    TerminalProgress bar(!context.json && !context.quiet);
    const Progress progress = bar.progress(context.stop);
    analysis = io::analysis_from_sample(sample, options);
    const auto renderer = render::make_cpu_silhouette_renderer();
    analysis.align = std::make_shared<reconstruct::AlignResult>(
        reconstruct::align(sample.input, options.align, progress.part(0.0, 0.2, "Align")));
    analysis.fit = std::make_shared<reconstruct::FitResult>(reconstruct::fit(
        sample.input, *analysis.align, *renderer, options.fit, progress.part(0.2, 0.97, "Fit")));
    using pipeline::Stage;
    const auto done = [&](Stage stage, double seconds, const std::string& message) {
      analysis.report(stage).state = pipeline::StageState::done;
      analysis.report(stage).seconds = seconds;
      analysis.report(stage).message = message;
    };
    done(Stage::align, analysis.align->seconds, analysis.align->message);
    done(Stage::fit, analysis.fit->seconds, analysis.fit->message);
    done(Stage::result, 0.0, "");
    for (const auto* warnings : {&analysis.align->warnings, &analysis.fit->warnings})
      analysis.warnings.insert(analysis.warnings.end(), warnings->begin(), warnings->end());
    extras.version = TACTUS_VERSION;
    extras.renderer = view_renderer.get();
    io::write_results(arguments.out, analysis, extras);
  }
  if (context.json) {
    std::printf("%s\n", io::report_json(analysis, extras).c_str());
    return;
  }
  const auto& records = analysis.fit->records;
  std::printf("%zu iterations, total loss %.6g → %.6g, mask overlap %.3f, smallest distance %.1f cm (%.1f s)\n",
              records.size(), records.empty() ? 0.0 : records.front().loss_total,
              records.empty() ? 0.0 : records.back().loss_total, analysis.fit->mask_iou,
              100.0 * analysis.fit->smallest_distance_m, analysis.align->seconds + analysis.fit->seconds);
  for (const auto& warning : analysis.warnings) std::printf("  note: %s\n", warning.c_str());
  std::printf("written to %s\n", arguments.out.c_str());
}

}  // namespace

void add_reconstruct(CLI::App& app, Context& context, Command& chosen) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("reconstruct", "Only the joint fit: a folder with body, contacts, mask and mesh");
  command->footer(
      "DIR holds a picture, osx_human2.npz, hcontact_vertices.npz, object_mesh.obj, ocontact_vertices.npz and\n"
      "object_mask.png or object_detection.json.\n"
      "Example:\n  tactus reconstruct samples/chair --mode official --out out/chair");
  command->add_option("DIR", arguments->folder, "the sample folder")->required();
  command->add_option("--mode", arguments->mode, "corrected, or official: the published behaviour, oddities included")
      ->check(CLI::IsMember({"corrected", "official"}))
      ->capture_default_str();
  command->add_option("--iterations", arguments->iterations, "instead of 120 (corrected) or 250 (official)");
  command->add_option("--seed", arguments->seed, "seed of everything drawn at random")->capture_default_str();
  command->add_flag("--scale", arguments->scale, "fit the object's size too");
  command->add_option("--out", arguments->out, "folder for the results; made when missing");
  add_common_flags(*command, context);
  command->callback([&chosen, arguments] { chosen = [arguments](const Context& c) { run(*arguments, c); }; });
}

}  // namespace tactus::cli
