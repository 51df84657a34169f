// tactus train.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>
#include <vector>

#include "commands.h"
#include "tactus/app/networks.h"
#include "tactus/app/ports.h"

namespace tactus::cli {
namespace {

std::string clock_of(double seconds) {
  char text[32];
  const long whole = static_cast<long>(seconds);
  if (whole >= 3600) std::snprintf(text, sizeof text, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
  else std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  return text;
}

// One line that grows old in place in a terminal; in a file a line every ten seconds.
class StatusLine {
 public:
  explicit StatusLine(bool shown) : shown_(shown), terminal_(isatty(STDERR_FILENO) == 1) {}
  ~StatusLine() {
    if (drawn_) std::fprintf(stderr, "\n");
  }
  void show(const app::TrainStatus& status) {
    if (!shown_) return;
    using Clock = std::chrono::steady_clock;
    if (status.scores.empty() && Clock::now() - told_ < std::chrono::milliseconds(terminal_ ? 500 : 10000)) return;
    told_ = Clock::now();
    char text[160];
    std::snprintf(text, sizeof text, "%-8s %lld/%lld  %.1f/s  %s left", status.stage.c_str(), static_cast<long long>(status.step),
                  static_cast<long long>(status.steps), status.per_second, clock_of(status.seconds_left).c_str());
    std::string line = text;
    if (!status.curve.empty()) {
      std::snprintf(text, sizeof text, "  loss %.3f  ", status.loss);
      line += text + status.curve;
    }
    std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
    drawn_ = terminal_;
    if (status.scores.empty()) return;
    if (terminal_) std::fprintf(stderr, "\n");
    for (const auto& [name, value] : status.scores) std::fprintf(stderr, "  %-28s %.3f\n", name.c_str(), value);
    drawn_ = false;
  }

 private:
  bool shown_, terminal_, drawn_ = false;
  std::chrono::steady_clock::time_point told_{};
};

nlohmann::ordered_json as_json(const app::TrainReport& report) {
  return {{"scenes", report.scenes}, {"prompts", report.prompts}, {"steps", report.steps}, {"parameters", report.parameters},
          {"generation_seconds", report.generation_seconds}, {"training_seconds", report.training_seconds},
          {"prompts_per_second", report.prompts_per_second}, {"resumed", report.resumed}, {"scores", report.scores}, {"output", report.output}};
}

// One after the other: a later configuration may start from the weights of an earlier one.
void run(const std::vector<std::string>& configs, const Context& context) {
  nlohmann::ordered_json reports;
  for (const std::string& config : configs) {
    app::TrainReport report;
    {
      StatusLine line(!context.quiet && !context.json);
      report = app::networks().train(config, app::data_folder() / "body.tbm", Progress({}, context.stop),
                                     [&](const app::TrainStatus& status) { line.show(status); });
    }
    reports.push_back(as_json(report));
    if (context.json) continue;
    std::printf("%lld parameters learned from %lld prompts of %lld scenes in %s (%.0f prompts/s); written to %s\n",
                static_cast<long long>(report.parameters), static_cast<long long>(report.prompts), static_cast<long long>(report.scenes),
                clock_of(report.training_seconds).c_str(), report.prompts_per_second, report.output.c_str());
  }
  if (context.json) std::printf("%s\n", (configs.size() == 1 ? reports[0] : reports).dump(2).c_str());
}

}  // namespace

void add_train(CLI::App& app, Context& context, Command& chosen) {
  auto configs = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("train", "Trains the compact contact model, or the perception, on scenes that it makes");
  command->footer("CONFIG.json names what differs from the defaults: \"output\", \"scenes\", \"minutes\", \"seed\", \"checkpoint\" (a run that was\n"
                  "stopped goes on from there), \"cache\", \"events\" (for TensorBoard), \"loss\", \"network\", ...; an unknown name is refused.\n"
                  "With \"model\": \"perception\" it is the network that finds joints and masks in photographs.\n"
                  "resources/models/compact.json is the configuration of the contact model that comes with Tactus.\n"
                  "Several are trained one after the other; \"start\" names the weights to begin with, those of an earlier one for instance.\n"
                  "Example:\n  tactus train resources/models/compact.json");
  command->add_option("CONFIG.json", *configs, "the configurations")->type_name("FILE")->required();
  add_common_flags(*command, context);
  command->callback([&chosen, configs] { chosen = [configs](const Context& c) { run(*configs, c); }; });
}

}  // namespace tactus::cli
