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
