#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tactus/error.h"
#include "tactus/training/config_reader.h"
#include "tactus/training/train.h"

namespace tactus::training {
namespace {

using nlohmann::json;
using Reader = ConfigReader;
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
  value("scenes", o.scenes, Range{1, 1e8});
  value("validation_scenes", o.validation_scenes, Range{1, 1e6});
  value("marks_per_scene", o.marks_per_scene, Range{1, 64});
  value("noise", o.noise, Range{0, 10});
  value("damage", o.damage, Range{0, 10});
  value("bodies", o.bodies, Range{1, 10000});
  value("instances", o.instances, Range{1, 1000});
  value("photographed", o.photographed, Range{0, 1});
  value("perception", o.perception, Range{});
  value("validation_photographs", o.validation_photographs, Range{1, 1e6});
  value("memory_gb", o.memory_gb, Range{0.001, 4096});
  value("generation_minutes", o.generation_minutes, Range{0, 1e5});
  value("epochs", o.epochs, Range{0.001, 1e5});
  value("minutes", o.minutes, Range{0, 1e5});
  value("batch", o.batch, Range{1, 4096});
  value("slice", o.slice, Range{1, 4096});
  value("accumulate", o.accumulate, Range{1, 4096});
  value("bf16", o.bf16, Range{});
  value("device", o.device, Range{});
  value("learning_rate", o.learning_rate, Range{1e-9, 1});
  value("weight_decay", o.weight_decay, Range{0, 10});
  value("warmup", o.warmup, Range{0, 1});
  value("final_rate", o.final_rate, Range{0, 1});
  value("clip", o.clip, Range{0, 1e9});
  value("checkpoint_seconds", o.checkpoint_seconds, Range{0, 1e9});
  value("validate_minutes", o.validate_minutes, Range{0, 1e9});
  value("trains", o.trains, Range{});
  value("unknown_category", o.unknown_category, Range{0, 1});
  value("mirrored", o.mirrored, Range{0, 1});
  value("object_points", o.object_points, Range{0, 4096});
  value("body_points", o.body_points, Range{0, 100000});
}
template <typename Loss, typename Visit>
void visit_loss(Loss& o, Visit&& value) {
  const Range weight{0, 1e6};
  value("body_bce", o.body_bce, weight);
  value("positive", o.positive, weight);
  value("body_dice", o.body_dice, weight);
  value("presence", o.presence, weight);
  value("words", o.words, weight);
  value("object_bce", o.object_bce, weight);
  value("object_dice", o.object_dice, weight);
}
template <typename Network, typename Sample, typename Visit>
void visit_network(Network& o, Sample& s, Visit&& value) {
  value("width", o.width, Range{8, 4096});
  value("layers", o.layers, Range{1, 64});
  value("heads", o.heads, Range{1, 256});
  value("feed_forward", o.feed_forward, Range{8, 65536});
  value("vertex_embedding", o.vertex_embedding, Range{1, 1024});
  value("decoder_width", o.decoder_width, Range{4, 4096});
  value("object_decoder_width", o.object_decoder_width, Range{4, 4096});
  value("sample_size", s.count, Range{64, 13000});
  value("hand_density", s.hand_density, Range{0.1, 100});
  value("clusters", s.clusters, Range{4, 4096});
}

}  // namespace

TrainOptions parse_train_options(const std::string& text, const std::string& name) {
  const json root = json::parse(text, nullptr, false, /*ignore_comments=*/true);
  if (root.is_discarded()) throw bad_input(name + ": this is not JSON; check its brackets, quotes and commas");
  TrainOptions options;
  Reader all(root, name);
  Reader loss(all.take("loss"), name + ", \"loss\""), network(all.take("network"), name + ", \"network\"");
  visit(options, all);
  all.finish();
  visit_loss(options.loss, loss);
  loss.finish();
  visit_network(options.network, options.sample, network);
  network.finish();
  options.network.sample_size = options.sample.count;
  options.network.clusters = options.sample.clusters;

  const auto fail = [&](const std::string& what) { throw bad_input(name + ": " + what); };
  if (options.model != "compact") fail("\"model\" is \"" + options.model + "\"; it must be \"compact\" or \"perception\"");
  if (options.photographed > 0 && options.perception.empty()) fail("\"photographed\" is above 0; name the weights of a \"perception\" that marks the photographs");
  if (options.output.empty()) fail("\"output\" is empty; name the file of weights to write");
  if (options.device != "cpu" && !options.device.starts_with("cuda")) fail("\"device\" is \"" + options.device + "\"; it must be \"cpu\" or \"cuda\"");
  if (options.bf16 && options.device == "cpu") fail("\"bf16\" is for a GPU; on the CPU leave it out");
  if (options.batch % options.slice != 0) {
    fail("\"batch\" is " + std::to_string(options.batch) + ", which slices of " + std::to_string(options.slice) + " do not divide; choose a multiple");
  }
  const auto& n = options.network;
  if (n.object_decoder_width % compact::kReachHeads != 0) {
    fail("\"object_decoder_width\" " + std::to_string(n.object_decoder_width) + " must be a multiple of " + std::to_string(compact::kReachHeads));
  }
  if (n.width % n.heads != 0 || n.width / n.heads % 2 != 0) {
    fail("\"width\" " + std::to_string(n.width) + " must be an even multiple of the " + std::to_string(n.heads) + " \"heads\"");
  }
  if (n.clusters > n.sample_size) fail("\"clusters\" is larger than \"sample_size\"; a cluster holds at least one point");
  if (options.body_points > n.sample_size) fail("\"body_points\" is larger than \"sample_size\"; there are no more points to decode");
  return options;
}

TrainOptions read_train_options(const fs::path& file) {
  return parse_train_options(read_config(file), file.string());
}

std::string to_json(const TrainOptions& options) {
  nlohmann::ordered_json all, loss, network;
  visit(options, config_writer(all));
  visit_loss(options.loss, config_writer(loss));
  visit_network(options.network, options.sample, config_writer(network));
  all["loss"] = loss;
  all["network"] = network;
  return all.dump(2);
}

}  // namespace tactus::training
