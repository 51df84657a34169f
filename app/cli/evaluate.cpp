// tactus evaluate.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "tactus/app/networks.h"
#include "tactus/app/ports.h"
#include "tactus/error.h"
#include "terminal_progress.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;

struct EvaluateArguments {
  std::string split = "test", model = "compact", perception, out;
  app::EvaluateRequest request;
};

fs::path weights_of(const std::string& model) {
  if (model == "prior") return {};
  const fs::path file = model == "compact" ? app::compact_weights() : fs::path(model);
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    throw bad_input("--model: " + file.string() + " is no file; give compact, prior or a file that tactus train wrote");
  return file;
}

// Our own weights where they are installed; "none" for nothing.
fs::path perception_of(const std::string& name) {
  std::error_code error;
  if (name == "none") return {};
  if (name.empty()) return fs::is_regular_file(app::perception_weights(), error) ? app::perception_weights() : fs::path();
  if (!fs::is_regular_file(name, error))
    throw bad_input("--perception: " + name + " is no file; give none or a file that tactus train wrote");
  return name;
}

void run(const EvaluateArguments& arguments, const Context& context) {
  auto request = arguments.request;
  request.split = arguments.split;
  request.body = app::data_folder() / "body.tbm";
  request.weights = weights_of(arguments.model);
  request.perception = perception_of(arguments.perception);
  request.out = arguments.out;
  if (!arguments.out.empty()) check_out(arguments.out);
  app::EvaluateReport report;
  {
    TerminalProgress bar(!context.json && !context.quiet);
    report = app::networks().evaluate(request, bar.progress(context.stop));
  }
  if (context.json) {
    std::printf("%s\n", report.json.c_str());
    return;
  }
  int met = 0;
  for (const auto& line : report.required) {
    met += line.met ? 1 : 0;
    std::printf("%-50s %6.3f  %s %.2f  %s\n", line.words.c_str(), line.reached, line.at_most ? "at most " : "at least", line.bound, line.met ? "reached" : "NOT reached");
  }
  std::printf("%d of %zu reached%s\n", met, report.required.size(), arguments.out.empty() ? "" : ("; report.html written to " + arguments.out).c_str());
}

}  // namespace

void add_evaluate(CLI::App& app, Context& context, Command& chosen) {
  auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* command = app.add_subcommand("evaluate", "Scores of a contact model on made scenes that it was not trained on, beside its controls");
  command->footer(
      "Scores are taken on a sample of 2,400 points of the body's surface, about evenly spread and denser on the hands, and\n"
      "averaged over the prompts whose object is touched. The category prior is counted in training scenes; its threshold and\n"
      "the heuristic's are chosen on the validation split, the model's own come with its weights. A threshold is a share of the\n"
      "F1 that an answer can be expected to have. The same seed gives the same prompts and numbers.\n"
      "With weights of a perception, what it finds in photographs of the split is scored, and the model is asked again with\n"
      "nothing but the photograph: joints and masks found there, the body fitted to them. A photograph takes about two seconds.\n"
      "Example:\n  tactus evaluate --split test --json --out out/evaluation");
  auto& request = arguments->request;
  command->add_option("--split", arguments->split, "test, validation or train")->type_name("NAME")->capture_default_str();
  command->add_option("--model", arguments->model, "compact, prior (the control alone) or a file of weights")->type_name("NAME|FILE")->capture_default_str();
  command->add_option("--perception", arguments->perception,
                      "weights that find marks in photographs, or none; without this option those that come with Tactus, if any")->type_name("FILE|none");
  command->add_option("--photographs", request.photographs, "for the perception's scores, and as many prompts from photographs alone")->type_name("N")->capture_default_str();
  command->add_option("--out", arguments->out, "folder for evaluation.json, prompts.npz, report.html and pictures; without it no file is written")->type_name("DIR");
  command->add_option("--prompts", request.prompts, "how many, a quarter of them about untouched objects")->type_name("N")->capture_default_str();
  command->add_option("--seed", request.seed, "of the split's scenes")->type_name("N")->capture_default_str();
  command->add_option("--validation-prompts", request.validation_prompts, "to choose the controls' thresholds on")->type_name("N")->capture_default_str();
  command->add_option("--prior-scenes", request.prior_scenes, "training scenes to count the prior in")->type_name("N")->capture_default_str();
  add_common_flags(*command, context);
  command->callback([&chosen, arguments] { chosen = [arguments](const Context& c) { run(*arguments, c); }; });
}

}  // namespace tactus::cli
