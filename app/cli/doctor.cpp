// tactus doctor: what is here, what is missing, and what each missing thing costs.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "commands.h"
#include "tactus/app/networks.h"
#include "tactus/app/ports.h"
#include "tactus/io/smpl_model.h"
#include "tactus/memory.h"
#include "tactus/objects/library.h"
#include "tactus/parallel.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;

struct Finding {
  std::string what, state, detail;   // state: ok, missing, limited, damaged
};

std::string one_decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Finding body_model() {
  try {
    const auto ports = app::make_ports();
    return {"body model", "ok", std::to_string(ports.body_model->vertex_count()) + " vertices, " + std::to_string(ports.body_model->bones().size()) +
                                    " bones, in " + app::data_folder().string()};
  } catch (const Error& error) {
    return {"body model", "missing", std::string(error.what()) + "; without it no analysis runs"};
  }
}

Finding samples() {
  std::vector<std::string> names;
  try {
    names = app::sample_names();
  } catch (const Error&) {
    // Said already under "body model": they lie in the same folder.
  }
  if (names.empty()) return {"samples", "missing", "analyse --sample has nothing to show and Studio starts empty; build again to get them"};
  return {"samples", "ok", joined(names)};
}

Finding networks() {
  std::error_code error;
  const fs::path library = app::networks_file();
  if (!fs::exists(library, error)) return {"networks", "missing", library.string() + " is not there; without it no checkpoint opens, ./run builds it"};
  return {"networks", "ok", library.string()};
}

Finding studio() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const fs::path program = self.parent_path() / "tactus-studio";
  if (error || !fs::exists(program, error))
    return {"Studio", "missing", "the window is not beside this program; the command line works without it, ./run builds it"};
  return {"Studio", "ok", program.string()};
}

Finding display() {
  for (const char* name : {"WAYLAND_DISPLAY", "DISPLAY"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return {"display", "ok", std::string(name) + "=" + value};
  return {"display", "missing", "Studio needs one; the command line works without"};
}

void add_licensed(const std::string& folder, std::vector<Finding>& findings) {
  if (folder.empty()) {
    findings.push_back({"licensed data", "missing", "none was named with --data; nothing is lost, the free body is used"});
    return;
  }
  for (const auto& found : io::examine_body_files(folder)) {
    using State = io::BodyFileFinding::State;
    const char* state = found.state == State::ok ? "ok" : found.state == State::missing ? "missing" : "damaged";
    findings.push_back({found.what, state, found.detail + (found.path.empty() ? "" : " (" + found.path.string() + ")")});
  }
}

std::string sizes(const app::FolderDescription& model) {
  if (model.stored_precision.empty()) return model.name;
  const auto parameters = static_cast<double>(model.parameters);
  return model.name + ", " + (parameters >= 1e9 ? one_decimal(parameters * 1e-9) + " billion" : one_decimal(parameters * 1e-6) + " million") +
         " parameters, stored in " + model.stored_precision + " (" + one_decimal(static_cast<double>(model.bytes) * 1e-9) + " GB)";
}

// What it is, what it lacks, and in which precision it fits.
void add_model(const std::string& folder, double memory, std::vector<Finding>& findings) {
  const auto model = app::networks().describe_folder(folder);
  findings.push_back({"model", model.known && model.missing.empty() ? "ok" : "damaged",
                      model.known ? sizes(model) : "this is no InteractVLM, LISA, LLaVA, CLIP or SAM model"});
  for (const auto& sentence : model.missing) findings.push_back({"model lacks", "missing", sentence});
  constexpr double kGigabyte = 1024.0 * 1024.0 * 1024.0;
  std::vector<std::string> needs, fitting;
  for (const auto& need : model.needs) {
    const double gigabytes = static_cast<double>(need.bytes) / kGigabyte;
    needs.push_back(need.precision + " " + one_decimal(gigabytes) + " GB");
    if (gigabytes <= memory) fitting.push_back(need.precision);
  }
  if (needs.empty()) return;
  findings.push_back({"model memory", fitting.empty() ? "limited" : "ok",
                      "it takes about " + joined(needs) + "; " + one_decimal(memory) + " GB are free" +
                          (fitting.empty() ? ", too little for any of them" : ", enough for " + joined(fitting))});
}

Finding contact_models() {
  const fs::path weights = app::compact_weights();
  std::error_code error;
  if (!fs::exists(weights, error)) {
    return {"contact models", "limited", "prior: usual contact by category, which does not look at the photograph; the compact model is missing at " +
                                             weights.string() + ", build with ./run"};
  }
  return {"contact models", "ok", "compact: our own network, reads the marks (the default); prior: usual contact by category, which does not look at the photograph"};
}

Finding perception() {
  const fs::path weights = app::perception_weights();
  std::error_code error;
  if (fs::exists(weights, error)) return {"perception", "ok", "our own network guesses joints and masks that are not marked"};
  return {"perception", "limited", "the network that guesses joints and masks is missing at " + weights.string() + "; mark them by hand, or build with ./run"};
}

std::vector<Finding> examine(const std::string& licensed_data, const std::string& model_folder) {
  std::vector<Finding> findings = {body_model()};
  findings.push_back({"object library", "ok", std::to_string(objects::categories().size()) + " objects: " + joined(object_names())});
  findings.push_back(samples());
  findings.push_back(contact_models());
  findings.push_back(perception());
  findings.push_back(networks());
  add_licensed(licensed_data, findings);
  findings.push_back({"processor", "ok", std::to_string(thread_count()) + " threads"});
  const bool gpu = fs::exists("/dev/nvidia0");
  findings.push_back({"GPU", gpu ? "limited" : "missing", gpu ? "there is one, but this build has no GPU code and computes on the processor"
                                                              : "none, and none is needed: this build computes on the processor"});
  const double memory = available_memory() / (1024.0 * 1024.0 * 1024.0);
  findings.push_back({"memory", memory >= 1.5 ? "ok" : "limited",
                      one_decimal(memory) + " GB free; an analysis takes up to 1.5 GB" + (memory >= 1.5 ? "" : ", so close other programs")});
  if (!model_folder.empty()) add_model(model_folder, memory, findings);
  findings.push_back(studio());
  findings.push_back(display());
  return findings;
}

// What follows the mark is broken into lines under itself.
void print(const Finding& f) {
  constexpr std::size_t kWidth = 90;
  const char* mark = f.state == "ok" ? "✓" : f.state == "limited" ? "–" : "✗";
  std::string rest = f.detail, head = std::string(mark) + " " + f.what;
  head.resize(std::max(head.size(), std::size_t{20}), ' ');
  while (true) {
    std::size_t end = rest.size() <= kWidth ? rest.size() : rest.rfind(' ', kWidth);
    if (end == std::string::npos || end == 0) end = std::min(rest.find(' '), rest.size());
    std::printf("%s %s\n", head.c_str(), rest.substr(0, end).c_str());
    if (end >= rest.size()) return;
    rest.erase(0, end + 1);
    head.assign(18, ' ');
  }
}

void run(const std::string& data, const std::string& model, const Context& context) {
  const auto findings = examine(data, model);
  bool usable = true;
  auto report = nlohmann::ordered_json::array();
  for (const auto& f : findings) {
    if (f.what == "body model" && f.state != "ok") usable = false;
    if (context.json) report.push_back({{"what", f.what}, {"state", f.state}, {"detail", f.detail}});
    else print(f);
  }
  if (context.json) {
    const nlohmann::ordered_json all = {{"version", TACTUS_VERSION}, {"usable", usable}, {"findings", report}};
    std::printf("%s\n", all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  } else {
    std::printf("tactus %s\n", TACTUS_VERSION);
  }
  if (!usable) throw cannot_run("something that every analysis needs is missing (see above)");
}

}  // namespace

void add_doctor(CLI::App& app, Context& context, Command& chosen) {
  auto data = std::make_shared<std::string>(), model = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("doctor", "What is installed, found and missing, and what that costs you");
  command->footer("Example:\n  tactus doctor --data ~/body_models\n  tactus doctor interactvlm-3d-hcontact-damon");
  command->add_option("MODEL", *model, "a folder or file of weights: what it is, what it lacks, whether it fits into memory")->type_name("DIR");
  command->add_option("--data", *data, "folder with licensed body models, looked through three folders deep")->type_name("DIR");
  add_common_flags(*command, context);
  command->callback([&chosen, data, model] { chosen = [data, model](const Context& c) { run(*data, *model, c); }; });
}

}  // namespace tactus::cli
