// tactus doctor: what is here, what is missing, and what each missing thing costs.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "commands.h"
#include "tactus/app/ports.h"
#include "tactus/objects/library.h"
#include "tactus/parallel.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;

struct Finding {
  std::string what, state, detail;   // state: ok, missing, limited
};

double memory_gb() {
  std::ifstream info("/proc/meminfo");
  std::string word;
  while (info >> word) {
    if (word == "MemAvailable:") {
      double kb = 0;
      info >> kb;
      return kb / (1024.0 * 1024.0);
    }
  }
  return 0.0;
}

std::string one_decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::vector<Finding> examine(const std::string& licensed_data) {
  std::vector<Finding> findings;
  try {
    const auto ports = app::make_ports();
    findings.push_back({"body model", "ok",
                        std::to_string(ports.body_model->vertex_count()) + " vertices, " +
                            std::to_string(ports.body_model->bones().size()) + " bones"});
  } catch (const Error& error) {
    findings.push_back({"body model", "missing", std::string(error.what()) + "; without it no analysis runs"});
  }
  findings.push_back({"object library", "ok", std::to_string(objects::categories().size()) + " categories"});
  std::string samples;
  try {
    for (const auto& name : app::sample_names()) samples += (samples.empty() ? "" : ", ") + name;
  } catch (const Error&) {
    // Said already under "body model": they lie in the same folder.
  }
  findings.push_back({"samples", samples.empty() ? "missing" : "ok",
                      samples.empty() ? "Studio starts empty; build again to get them" : samples});
  findings.push_back({"contact models", "ok", "prior: usual contact by category; it does not look at the photograph"});
  bool licensed = false;
  for (const char* name : {"SMPLX_NEUTRAL.npz", "SMPLX_NEUTRAL.pkl", "SMPLH_NEUTRAL.pkl", "SMPL_NEUTRAL.pkl"}) {
    if (!licensed_data.empty() && fs::exists(fs::path(licensed_data) / name)) {
      findings.push_back({"licensed body", "ok", name});
      licensed = true;
    }
  }
  if (!licensed) {
    findings.push_back({"licensed body", "missing",
                        "no SMPL, SMPL-H or SMPL-X file was given with --data; the free body is used"});
  }
  findings.push_back({"GPU", "limited", "this build computes on the processor: " + std::to_string(thread_count()) +
                                            " threads"});
  const double memory = memory_gb();
  findings.push_back({"memory", memory >= 1.5 ? "ok" : "limited",
                      one_decimal(memory) + " GB free; an analysis takes up to 1.5 GB"});
  const char* display = std::getenv("DISPLAY");
  findings.push_back({"display", display ? "ok" : "missing",
                      display ? display : "Studio needs one; the command line works without"});
  return findings;
}

void run(const std::string& data, const Context& context) {
  const auto findings = examine(data);
  bool usable = true;
  auto report = nlohmann::json::array();
  for (const auto& f : findings) {
    if (f.what == "body model" && f.state != "ok") usable = false;
    if (context.json) {
      report.push_back({{"what", f.what}, {"state", f.state}, {"detail", f.detail}});
    } else {
      const char* mark = f.state == "ok" ? "✓" : f.state == "missing" ? "✗" : "–";
      std::printf("%s %-15s %s\n", mark, f.what.c_str(), f.detail.c_str());
    }
  }
  if (context.json) std::printf("%s\n", report.dump(2).c_str());
  if (!usable) throw cannot_run("something that every analysis needs is missing (see above)");
}

}  // namespace

void add_doctor(CLI::App& app, Context& context, Command& chosen) {
  auto data = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("doctor", "What is installed, found and missing, and what that costs you");
  command->footer("Example:\n  tactus doctor --data ~/body_models");
  command->add_option("--data", *data, "folder with licensed body models");
  add_common_flags(*command, context);
  command->callback([&chosen, data] { chosen = [data](const Context& c) { run(*data, c); }; });
}

}  // namespace tactus::cli
