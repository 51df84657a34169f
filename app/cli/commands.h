// The subcommands. Each registers its options and, when chosen, runs; errors leave as tactus::Error.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "tactus/pipeline/analysis.h"

namespace tactus::cli {

struct Context {
  std::stop_token stop;      // Ctrl+C
  bool json = false;         // the report on standard output, nothing else there
  bool quiet = false;        // no progress bar
};

using Command = std::function<void(const Context&)>;

// Adds the subcommand to `app`; `chosen` is set to what to run when the user names it.
void add_analyse(CLI::App& app, Context& context, Command& chosen);      // analyse, contact
void add_reconstruct(CLI::App& app, Context& context, Command& chosen);
void add_views(CLI::App& app, Context& context, Command& chosen);
void add_train(CLI::App& app, Context& context, Command& chosen);
void add_evaluate(CLI::App& app, Context& context, Command& chosen);
void add_convert(CLI::App& app, Context& context, Command& chosen);
void add_synth(CLI::App& app, Context& context, Command& chosen);
void add_doctor(CLI::App& app, Context& context, Command& chosen);

// Whether an object argument means a file ("scan.obj", "./chair") rather than a name of the library.
bool names_file(const std::string& text);

// The names of the library's objects, one a line or as a JSON array.
void print_names(const std::vector<std::string>& names, const Context& context);
std::vector<std::string> object_names();

// "--out was not given" and an unusable folder, known before the work is done.
void check_out(const std::string& out);

// --mode, --seed and --scale, as far as the user gave them.
struct RunArguments {
  std::optional<std::string> mode;
  std::optional<std::uint64_t> seed;
  bool scale = false;
};
// `placing`: the subcommand runs the joint fit, so it takes --scale.
void add_run_options(CLI::App& command, RunArguments& arguments, bool placing);
// `given`, changed by them: another mode comes with that mode's own settings.
pipeline::Options with_run_options(const pipeline::Options& given, const RunArguments& arguments);

// --json and --quiet, which every subcommand understands.
void add_common_flags(CLI::App& command, Context& context);

}  // namespace tactus::cli
