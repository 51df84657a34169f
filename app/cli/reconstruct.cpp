// tactus reconstruct: the joint fit alone, on a sample folder of the published code or a folder that analyse wrote.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "commands.h"
#include "tactus/io/analysis_folder.h"
#include "tactus/io/official_sample.h"
#include "tactus/io/results.h"
#include "tactus/render/cpu.h"
#include "terminal_progress.h"

namespace tactus::cli {
namespace {

struct ReconstructArguments {
  std::string folder, out;
  RunArguments run;
  std::optional<int> iterations;
};

pipeline::Options options_of(const ReconstructArguments& arguments, const pipeline::Options& given) {
  pipeline::Options options = with_run_options(given, arguments.run);
  options.align.seed = options.seed;   // as the run hands it on
  if (arguments.iterations) options.fit.max_iterations = *arguments.iterations;
  for (const auto& sentence : reconstruct::validate(options.fit)) throw bad_input(sentence);
  return options;
}

io::AnalysisFolder read_folder(const ReconstructArguments& arguments) {
  if (io::is_analysis_folder(arguments.folder)) {
    auto folder = io::read_analysis_folder(arguments.folder);
    folder.analysis.options = options_of(arguments, folder.analysis.options);
    return folder;
  }
  auto sample = io::read_official_sample(arguments.folder);
  auto analysis = io::analysis_from_sample(sample, options_of(arguments, {}));
  return {std::move(analysis), std::move(sample.input)};
}

void place(pipeline::Analysis& analysis, const reconstruct::ReconstructInput& input, const Progress& progress) {
  const auto renderer = render::make_cpu_silhouette_renderer();
  const auto& options = analysis.options;
  analysis.align = std::make_shared<reconstruct::AlignResult>(reconstruct::align(input, options.align, progress.part(0.0, 0.2, "Align")));
  analysis.fit = std::make_shared<reconstruct::FitResult>(
      reconstruct::fit(input, *analysis.align, *renderer, options.fit, progress.part(0.2, 1.0, "Fit")));
  using pipeline::Stage;
  const auto done = [&](Stage stage, double seconds, const std::string& message) {
    analysis.report(stage).state = pipeline::StageState::done;
    analysis.report(stage).seconds = seconds;
    analysis.report(stage).peak_memory_mb = pipeline::peak_memory_mb();
    analysis.report(stage).message = message;
  };
  done(Stage::align, analysis.align->seconds, analysis.align->message);
  done(Stage::fit, analysis.fit->seconds, analysis.fit->message);
  done(Stage::result, 0.0, "");
  for (const auto* warnings : {&analysis.align->warnings, &analysis.fit->warnings})
    analysis.warnings.insert(analysis.warnings.end(), warnings->begin(), warnings->end());
}

void run(const ReconstructArguments& arguments, const Context& context) {
  check_out(arguments.out);
  auto [analysis, input] = read_folder(arguments);
  const auto view_renderer = render::make_cpu_view_renderer();
  io::ReportExtras extras;
  extras.version = TACTUS_VERSION;
  extras.renderer = view_renderer.get();
  {
    TerminalProgress bar(!context.json && !context.quiet);
    const Progress progress = bar.progress(context.stop);
    place(analysis, input, progress.part(0.0, 0.97));
    io::write_results(arguments.out, analysis, extras, progress.part(0.97, 1.0, "Writing"));
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
  auto arguments = std::make_shared<ReconstructArguments>();
  CLI::App* command = app.add_subcommand("reconstruct", "Only the joint fit: a folder that analyse wrote, or an official sample folder");
  command->footer(
      "DIR was written by tactus analyse, or holds a picture, osx_human2.npz, hcontact_vertices.npz, object_mesh.obj,\n"
      "ocontact_vertices.npz and object_mask.png (or object_detection.json).\n"
      "Example:\n  tactus reconstruct samples/chair --mode official --out out/chair");
  command->add_option("DIR", arguments->folder, "the folder")->type_name("DIR")->required();
  add_run_options(*command, arguments->run, true);
  command->add_option("--iterations", arguments->iterations, "at most; instead of 120 (corrected) or 250 (official)")->type_name("N");
  command->add_option("--out", arguments->out, "folder for the results; made when missing")->type_name("DIR");
  add_common_flags(*command, context);
  command->callback([&chosen, arguments] { chosen = [arguments](const Context& c) { run(*arguments, c); }; });
}

}  // namespace tactus::cli
