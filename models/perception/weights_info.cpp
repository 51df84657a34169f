#include "tactus/perception/weights_info.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "network_options.h"
#include "parts.h"
#include "tactus/checkpoint/description.h"
#include "tactus/error.h"

namespace tactus::perception {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "tactus perception 1";

template <typename Names>
void check_names(const std::vector<std::string>& found, const Names& right, const std::string& where, const char* what) {
  bool same = found.size() == right.size();
  for (std::size_t i = 0; same && i < found.size(); ++i) same = found[i] == right[i];
  if (!same) throw bad_input(where + ": its " + what + " are not those of this program; train it again, or give weights of this version");
}

}  // namespace

std::map<std::string, std::string> to_metadata(const WeightsInfo& info) {
  json options, all;
  visit_sizes(info.options, [&](const char* key, std::int64_t value, std::int64_t, std::int64_t) { options[key] = value; });
  all["options"] = options;
  all["parts"] = info.parts;
  all["joints"] = info.joints;
  all["categories"] = info.categories;
  if (info.options.things > 0) all["thing_threshold"] = info.thing_threshold;
  all["provenance"] = json::parse(info.provenance);
  return {{"format", kFormat}, {"tactus", all.dump()}};
}

WeightsInfo read_weights_info(const std::filesystem::path& file) {
  const std::string name = file.string();
  const json all = json::parse(checkpoint::read_description(file, kFormat, "a perception network", "perception weights"), nullptr, false);
  if (!all.is_object()) throw bad_input(name + ": its description is not a JSON object; give a file of perception weights that \"tactus train\" wrote");
  for (const auto& [key, value] : all.items()) {
    if (key != "options" && key != "parts" && key != "joints" && key != "categories" && key != "thing_threshold" && key != "provenance")
      throw bad_input(name + ": the key \"" + key + "\" is unknown; the file is of another version");
  }
  WeightsInfo info;
  const auto names = [&](const char* key) {
    const auto found = all.find(key);
    const bool texts = found != all.end() && found->is_array() &&
                       std::all_of(found->begin(), found->end(), [](const json& entry) { return entry.is_string(); });
    if (!texts) throw bad_input(name + ": \"" + key + "\" is missing or no list of names");
    return found->get<std::vector<std::string>>();
  };
  info.parts = names("parts");
  info.joints = names("joints");
  info.categories = names("categories");
  if (!all.contains("provenance") || !all["provenance"].is_object()) throw bad_input(name + ": \"provenance\" is missing");
  info.provenance = all["provenance"].dump();
  if (const auto found = all.find("thing_threshold"); found != all.end()) {
    info.thing_threshold = found->is_number() ? found->get<double>() : -1.0;
    if (!(info.thing_threshold >= 0.0 && info.thing_threshold <= 1.0)) throw bad_input(name + ": \"thing_threshold\" is " + found->dump().substr(0, 40) + "; it must be between 0 and 1");
  }
  if (!all.contains("options") || !all["options"].is_object()) throw bad_input(name + ": \"options\" is missing");
  const json& options = all["options"];
  std::size_t known = 0;
  visit_sizes(info.options, [&](const char* key, std::int64_t& value, std::int64_t low, std::int64_t high) {
    const auto found = options.find(key);
    if (found == options.end() && std::string_view(key) == "things") return;   // weights of before
    if (found == options.end() || !found->is_number_integer()) throw bad_input(name + ", options: \"" + key + "\" is missing or no whole number");
    value = found->get<std::int64_t>();
    if (value < low || value > high) {
      throw bad_input(name + ", options: \"" + key + "\" is " + std::to_string(value) + "; it must be between " + std::to_string(low) + " and " +
                      std::to_string(high));
    }
    ++known;
  });
  if (known != options.size()) throw bad_input(name + ", options: there are unknown keys; the file is of another version");
  check_names(info.parts, kPartClassNames, name, "parts");
  check_names(info.joints, body::kKeypointNames, name, "joints");
  if (info.options.parts != kPartClasses || info.options.joints != body::kKeypointCount ||
      info.options.categories != static_cast<std::int64_t>(info.categories.size()) + 1) {
    throw bad_input(name + ": the sizes of the network do not fit the names of its parts, joints and categories");
  }
  return info;
}

}  // namespace tactus::perception
