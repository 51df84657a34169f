#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "tactus/error.h"
#include "tactus/io/staged_folder.h"
#include "tactus/objects/library.h"

namespace tactus::cli {

void add_common_flags(CLI::App& command, Context& context) {
  command.add_flag("--json", context.json, "print the report as JSON, nothing else");
  command.add_flag("--quiet", context.quiet, "no progress bar");
}

void add_run_options(CLI::App& command, RunArguments& arguments, bool placing) {
  command.add_option("--mode", arguments.mode, "corrected (default), or official: the published behaviour, oddities included")
      ->check(CLI::IsMember({"corrected", "official"}))
      ->type_name("MODE");
  command.add_option("--seed", arguments.seed, "seed of everything drawn at random (default 42)")->type_name("N");
  if (placing) command.add_flag("--scale", arguments.scale, "fit the object's size too, near its real one");
}

pipeline::Options with_run_options(const pipeline::Options& given, const RunArguments& arguments) {
  pipeline::Options options = given;
  if (arguments.mode) {
    const Mode mode = *arguments.mode == "official" ? Mode::official : Mode::corrected;
    if (mode != options.mode) options = mode == Mode::official ? pipeline::official_options() : pipeline::Options{};
    options.seed = given.seed;
  }
  if (arguments.seed) options.seed = *arguments.seed;
  if (arguments.scale) options.fit.optimise_scale = true;
  return options;
}

bool names_file(const std::string& text) {
  return text.find('/') != std::string::npos || std::filesystem::path(text).has_extension();
}

void print_names(const std::vector<std::string>& names, const Context& context) {
  if (context.json) {
    std::printf("%s\n", nlohmann::json(names).dump(2).c_str());
    return;
  }
  for (const auto& name : names) std::printf("%s\n", name.c_str());
}

std::vector<std::string> object_names() {
  std::vector<std::string> names;
  for (const auto& category : objects::categories()) names.push_back(category.name);
  return names;
}

void check_out(const std::string& out) {
  if (out.empty()) throw bad_input("--out: no folder was named for the results; give --out DIR");
  const io::StagedFolder probe(out);
}

}  // namespace tactus::cli
