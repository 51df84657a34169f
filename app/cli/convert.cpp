// tactus convert: a model folder as safetensors, or smaller.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "tactus/app/networks.h"
#include "tactus/error.h"
#include "tactus/io/staged_folder.h"
#include "terminal_progress.h"

namespace tactus::cli {
namespace {

namespace fs = std::filesystem;

struct ConvertArguments {
  std::string model, to, out;
};

// A folder with other weights in it would become neither model.
void check_empty(const std::string& out) {
  if (out.empty()) throw bad_input("--out: no folder was named for the model; give --out DIR");
  std::error_code unreadable;
  const fs::directory_iterator entries(out, unreadable);
  if (!unreadable && entries != fs::directory_iterator())
    throw bad_input(out + ": this folder is not empty; name a new one with --out");
}

void run(const ConvertArguments& arguments, const Context& context) {
  check_empty(arguments.out);
  app::ConvertReport report;
  {
    TerminalProgress bar(!context.json && !context.quiet);
    const Progress progress = bar.progress(context.stop).part(0.0, 1.0, "Convert");
    io::StagedFolder out(arguments.out);
    report = app::networks().convert(arguments.model, out.path(), arguments.to, progress);
    progress.check();
    out.commit();
  }
  if (context.json) {
    const nlohmann::ordered_json all = {{"model", arguments.model}, {"out", arguments.out}, {"precision", report.precision},
                                        {"tensors", report.tensors}, {"int8", report.int8}, {"int4", report.int4},
                                        {"bytes_before", report.bytes_before}, {"bytes_after", report.bytes_after}, {"files", report.files}};
    std::printf("%s\n", all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return;
  }
  constexpr double kGigabyte = 1e9;
  std::printf("%zu tensors, %zu in int8 and %zu in int4: %.2f GB became %.2f GB; %zu files written to %s\n", report.tensors, report.int8,
              report.int4, static_cast<double>(report.bytes_before) / kGigabyte, static_cast<double>(report.bytes_after) / kGigabyte,
              report.files.size(), arguments.out.c_str());
}

}  // namespace

void add_convert(CLI::App& app, Context& context, Command& chosen) {
  auto arguments = std::make_shared<ConvertArguments>();
  CLI::App* command = app.add_subcommand("convert", "A model folder written again: as safetensors, or smaller in int8 or int4");
  command->footer("Example:\n  tactus convert interactvlm-3d-hcontact-damon --to int4 --out interactvlm-int4");
  command->add_option("MODEL", arguments->model, "model folder (shards with an index, or one file of weights)")->type_name("DIR")->required();
  command->add_option("--to", arguments->to, "safetensors: every bit kept; int8, int4: the decoder's matrices quantised")
      ->check(CLI::IsMember({"safetensors", "int8", "int4"}))
      ->type_name("FORM")
      ->required();
  command->add_option("--out", arguments->out, "folder for the model; new or empty")->type_name("DIR");
  add_common_flags(*command, context);
  command->callback([&chosen, arguments] { chosen = [arguments](const Context& c) { run(*arguments, c); }; });
}

}  // namespace tactus::cli
