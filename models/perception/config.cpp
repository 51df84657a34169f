#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "network_options.h"
#include "tactus/error.h"
#include "tactus/perception/train.h"
#include "tactus/training/config_reader.h"

namespace tactus::perception {
namespace {

using training::ConfigReader;
using training::config_writer;
using training::Range;
using training::read_config;
namespace fs = std::filesystem;

template <typename Options, typename Visit>
void visit(Options& o, Visit&& value) {
  value("model", o.model, Range{});
  value("output", o.output, Range{});
  value("checkpoint", o.checkpoint, Range{});
  value("cache", o.cache, Range{});
  value("events", o.events, Range{});
  value("start", o.start, Range{});
  value("seed", o.seed, Range{0, 9e18});
  value("pictures", o.pictures, Range{1, 1e8});
  value("validation_pictures", o.validation_pictures, Range{1, 1e6});
  value("bodies", o.bodies, Range{1, 10000});
  value("instances", o.instances, Range{1, 1000});
  value("side", o.side, Range{32, 2048});
  value("supersampling", o.supersampling, Range{1, 8});
  value("without_person", o.without_person, Range{0, 1});
  value("flat", o.flat, Range{0, 1});
  value("memory_gb", o.memory_gb, Range{0.001, 4096});
  value("generation_minutes", o.generation_minutes, Range{0, 1e5});
  value("epochs", o.epochs, Range{0.001, 1e5});
  value("minutes", o.minutes, Range{0, 1e5});
  value("batch", o.batch, Range{1, 4096});
  value("slice", o.slice, Range{1, 4096});
  value("learning_rate", o.learning_rate, Range{1e-9, 1});
  value("weight_decay", o.weight_decay, Range{0, 10});
  value("warmup", o.warmup, Range{0, 1});
  value("final_rate", o.final_rate, Range{0, 1});
  value("clip", o.clip, Range{0, 1e9});
  value("checkpoint_seconds", o.checkpoint_seconds, Range{0, 1e9});
  value("validate_minutes", o.validate_minutes, Range{0, 1e9});
}
template <typename Loss, typename Visit>
void visit_loss(Loss& o, Visit&& value) {
  const Range weight{0, 1e6};
  value("parts", o.parts, weight);
  value("parts_dice", o.parts_dice, weight);
  value("object", o.object, weight);
  value("object_dice", o.object_dice, weight);
  value("joints", o.joints, weight);
  value("seen", o.seen, weight);
  value("things", o.things, weight);
  value("background", o.background, weight);
  value("hands", o.hands, weight);
  value("feet", o.feet, weight);
  value("arms", o.arms, weight);
  value("joint_sigma", o.joint_sigma, Range{0.1, 100});
}
// Those that are not given by the program's own names.
template <typename Network, typename Visit>
void visit_network(Network& o, Visit&& value) {
  visit_sizes(o, [&](const std::string& key, auto& size, std::int64_t low, std::int64_t high) {
    if (key != "categories" && key != "parts" && key != "joints") value(key.c_str(), size, Range{static_cast<double>(low), static_cast<double>(high)});
  });
}

}  // namespace

TrainOptions parse_train_options(const std::string& text, const std::string& name) {
  const nlohmann::json root = nlohmann::json::parse(text, nullptr, false, /*ignore_comments=*/true);
  if (root.is_discarded()) throw bad_input(name + ": this is not JSON; check its brackets, quotes and commas");
  TrainOptions options;
  ConfigReader all(root, name);
  ConfigReader loss(all.take("loss"), name + ", \"loss\""), network(all.take("network"), name + ", \"network\"");
  visit(options, all);
  all.finish();
  visit_loss(options.loss, loss);
  loss.finish();
  visit_network(options.network, network);
  network.finish();
  const auto fail = [&](const std::string& what) { throw bad_input(name + ": " + what); };
  if (options.model != "perception") fail("\"model\" is \"" + options.model + "\"; for this training it must be \"perception\"");
  if (options.output.empty()) fail("\"output\" is empty; name the file of weights to write");
  if (options.batch % options.slice != 0) {
    fail("\"batch\" is " + std::to_string(options.batch) + ", which slices of " + std::to_string(options.slice) + " do not divide; choose a multiple");
  }
  return options;
}

TrainOptions read_train_options(const fs::path& file) {
  return parse_train_options(read_config(file), file.string());
}

std::string to_json(const TrainOptions& options) {
  nlohmann::ordered_json all, loss, network;
  visit(options, config_writer(all));
  visit_loss(options.loss, config_writer(loss));
  visit_network(options.network, config_writer(network));
  all["loss"] = loss;
  all["network"] = network;
  return all.dump(2);
}

bool is_perception_config(const fs::path& file) {
  std::ifstream in(file);
  const nlohmann::json root = nlohmann::json::parse(in, nullptr, false, /*ignore_comments=*/true);
  return root.is_object() && root.value("model", nlohmann::json()) == nlohmann::json("perception");
}

}  // namespace tactus::perception
