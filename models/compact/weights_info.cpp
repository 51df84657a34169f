#include "weights_json.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "tactus/checkpoint/description.h"
#include "tactus/compact/vocabulary.h"
#include "tactus/error.h"

namespace tactus::compact {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "tactus compact 3";

// Every field by name, so that reading, writing and refusing unknown keys use one list.
template <typename Options, typename Visit>
void visit_options(Options& o, Visit&& visit) {
  visit("vocabulary", o.vocabulary);
  visit("width", o.width);
  visit("layers", o.layers);
  visit("heads", o.heads);
  visit("feed_forward", o.feed_forward);
  visit("sample_size", o.sample_size);
  visit("clusters", o.clusters);
  visit("categories", o.categories);
  visit("vertex_features", o.vertex_features);
  visit("global_features", o.global_features);
  visit("vertex_embedding", o.vertex_embedding);
  visit("decoder_width", o.decoder_width);
  visit("object_decoder_width", o.object_decoder_width);
  visit("object_features", o.object_features);
  visit("object_waves", o.object_waves);
  visit("max_positions", o.max_positions);
}
template <typename Options, typename Visit>
void visit_sample(Options& o, Visit&& visit) {
  visit("count", o.count);
  visit("hand_density", o.hand_density);
  visit("clusters", o.clusters);
}
template <typename Info, typename Visit>
void visit_numbers(Info& i, Visit&& visit) {
  visit("contact_threshold", i.contact_threshold);
  visit("object_threshold", i.object_threshold);
  visit("presence_gate", i.presence_gate);
  visit("contact_temperature", i.contact_temperature);
  visit("object_temperature", i.object_temperature);
  visit("presence_temperature", i.presence_temperature);
}

// Takes each key out of `object`; what is left over is unknown.
class Reader {
 public:
  Reader(json object, std::string where) : object_(std::move(object)), where_(std::move(where)) {
    if (!object_.is_object()) throw bad_input(where_ + " must be a JSON object");
  }
  template <typename T>
  void operator()(const char* key, T& value) {
    const auto found = object_.find(key);
    if (found == object_.end()) throw bad_input(where_ + ": \"" + key + "\" is missing");
    try {
      if constexpr (std::is_floating_point_v<T>) {
        if (!found->is_number()) throw bad_input("");
      } else if constexpr (std::is_integral_v<T>) {
        if (!found->is_number_integer()) throw bad_input("");
      }
      value = found->template get<T>();
    } catch (const std::exception&) {
      throw bad_input(where_ + ": \"" + key + "\" is " + found->dump().substr(0, 40) + ", which is not a value for it");
    }
    object_.erase(found);
  }
  bool has(const char* key) const { return object_.contains(key); }
  json take(const char* key) {
    const auto found = object_.find(key);
    if (found == object_.end()) throw bad_input(where_ + ": \"" + key + "\" is missing");
    json value = *found;
    object_.erase(found);
    return value;
  }
  void finish() const {
    if (!object_.empty()) throw bad_input(where_ + ": the key \"" + object_.begin().key() + "\" is unknown; the file is of another version");
  }

 private:
  json object_;
  std::string where_;
};

void check(const WeightsInfo& info, const std::string& where) {
  const auto fail = [&](const std::string& what) { throw bad_input(where + ": " + what); };
  const Vocabulary vocabulary(info.words);
  if (vocabulary.size() != info.options.vocabulary) {
    fail("the vocabulary has " + std::to_string(vocabulary.size()) + " words, but the network is for " + std::to_string(info.options.vocabulary));
  }
  if (static_cast<std::int64_t>(info.categories.size()) + 1 != info.options.categories) {
    fail(std::to_string(info.categories.size()) + " categories are named, but the network has " + std::to_string(info.options.categories) + " (one more, for any other, is right)");
  }
  if (info.sample.count != info.options.sample_size || info.sample.clusters != info.options.clusters) {
    fail("the sample of the body has " + std::to_string(info.sample.count) + " points in " + std::to_string(info.sample.clusters) + " clusters, but the network is for " +
         std::to_string(info.options.sample_size) + " in " + std::to_string(info.options.clusters));
  }
  visit_numbers(info, [&](const char* key, double value) {
    const bool temperature = std::strstr(key, "temperature") != nullptr;
    if (!std::isfinite(value) || value <= 0.0 || value > (temperature ? 100.0 : 1.0)) {
      fail("\"" + std::string(key) + "\" is " + std::to_string(value) + "; it must be above 0 and at most " + (temperature ? "100" : "1"));
    }
  });
  for (const double value : {info.guessed_threshold, info.guessed_gate})
    if (!(value >= 0.0 && value <= 1.0)) fail("a threshold for guesses is " + std::to_string(value) + "; it must be at least 0 and at most 1");
  if (!(std::abs(info.presence_bias) <= 100.0)) fail("\"presence_bias\" is " + std::to_string(info.presence_bias) + "; it must be between -100 and 100");
}

}  // namespace

Thresholds thresholds(const WeightsInfo& info, bool guessed) {
  if (weighs_marks_itself(info, guessed)) return {info.guessed_threshold, info.object_threshold, info.guessed_gate};
  return {info.contact_threshold, info.object_threshold, info.presence_gate};
}

std::map<std::string, std::string> to_metadata(const WeightsInfo& info) {
  json options, sample, all;
  visit_options(info.options, [&](const char* key, std::int64_t value) { options[key] = value; });
  visit_sample(info.sample, [&](const char* key, auto value) { sample[key] = value; });
  all["options"] = options;
  all["sample"] = sample;
  all["words"] = info.words;
  all["categories"] = info.categories;
  visit_numbers(info, [&](const char* key, double value) { all[key] = value; });
  all["presence_bias"] = info.presence_bias;
  if (learned_from_guesses(info)) {
    all["guessed_threshold"] = info.guessed_threshold;
    all["guessed_gate"] = info.guessed_gate;
  }
  all["provenance"] = json::parse(info.provenance);
  return {{"format", kFormat}, {"tactus", all.dump()}};
}

WeightsInfo read_weights_info(const std::filesystem::path& file) {
  const std::string name = file.string();
  WeightsInfo info;
  Reader all(json::parse(checkpoint::read_description(file, kFormat, "a compact model", "weights"), nullptr, false), name);
  Reader options(all.take("options"), name + ", options"), sample(all.take("sample"), name + ", sample");
  visit_options(info.options, options);
  options.finish();
  visit_sample(info.sample, sample);
  sample.finish();
  all("words", info.words);
  all("categories", info.categories);
  visit_numbers(info, all);
  all("presence_bias", info.presence_bias);
  if (all.has("guessed_threshold")) {
    all("guessed_threshold", info.guessed_threshold);
    all("guessed_gate", info.guessed_gate);
  }
  info.provenance = all.take("provenance").dump();
  all.finish();
  check(info, name);
  return info;
}

}  // namespace tactus::compact
