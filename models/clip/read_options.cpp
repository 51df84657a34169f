#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tactus/clip/vision_tower.h"
#include "tactus/error.h"

namespace tactus::clip {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json read_json(const fs::path& file) {
  std::ifstream in(file);
  if (!in) throw bad_input(file.string() + " cannot be read; the CLIP folder must hold it");
  json value = json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) throw bad_input(file.string() + " is not a JSON object");
  return value;
}

std::int64_t count(const json& part, const char* key, std::int64_t fallback, const fs::path& file) {
  const auto found = part.find(key);
  if (found == part.end() || found->is_null()) return fallback;
  if (!found->is_number_integer() || found->get<std::int64_t>() < 1 || found->get<std::int64_t>() > 1 << 20) {
    throw bad_input(file.string() + ": \"" + key + "\" is " + found->dump() +
                    " but must be a whole number from 1");
  }
  return found->get<std::int64_t>();
}

std::array<float, 3> three(const json& part, const char* key, const std::array<float, 3>& fallback, bool divisor,
                           const fs::path& file) {
  const auto found = part.find(key);
  if (found == part.end() || found->is_null()) return fallback;
  std::array<float, 3> values{};
  bool good = found->is_array() && found->size() == 3;
  for (std::size_t i = 0; good && i < 3; ++i) {
    good = (*found)[i].is_number();
    if (good) values[i] = (*found)[i].get<float>();
    good = good && std::isfinite(values[i]) && (!divisor || values[i] > 0.0F);
  }
  if (!good) {
    throw bad_input(file.string() + ": \"" + key + "\" is " + found->dump() + " but must be three " +
                    (divisor ? "positive numbers" : "numbers"));
  }
  return values;
}

std::string word(const json& part, const char* key) {
  const auto found = part.find(key);
  return found != part.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The vision part: the file itself, or its "vision_config".
json vision_part(const json& whole, const fs::path& file) {
  const std::string type = word(whole, "model_type");
  if (type == "clip_vision_model") return whole;
  if (type != "clip" && !(type.empty() && whole.contains("vision_config"))) {
    throw bad_input(file.string() + ": \"model_type\" is \"" + type + "\" but must be \"clip\" or "
                    "\"clip_vision_model\"");
  }
  const auto part = whole.find("vision_config");
  if (part == whole.end() || part->is_null()) return json::object();
  if (!part->is_object()) throw bad_input(file.string() + ": \"vision_config\" is not a JSON object");
  return *part;
}

// "crop_size": 224 or {"height": 224, "width": 224}; "size" likewise or {"shortest_edge": 224}.
std::int64_t edge(const json& preprocessor, const char* key, std::int64_t fallback, const fs::path& file) {
  const auto found = preprocessor.find(key);
  if (found == preprocessor.end() || !found->is_object()) return count(preprocessor, key, fallback, file);
  for (const char* side : {"shortest_edge", "height"}) {
    if (found->contains(side)) return count(*found, side, fallback, file);
  }
  return fallback;
}

}  // namespace

VisionTowerOptions read_options(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw bad_input(folder.string() + " is not a folder; name the CLIP folder");
  const fs::path file = folder / "config.json";
  const json part = vision_part(read_json(file), file);
  VisionTowerOptions options;
  options.hidden_size = count(part, "hidden_size", options.hidden_size, file);
  options.layers = count(part, "num_hidden_layers", options.layers, file);
  options.heads = count(part, "num_attention_heads", options.heads, file);
  options.mlp_size = count(part, "intermediate_size", options.mlp_size, file);
  options.image_size = count(part, "image_size", options.image_size, file);
  options.patch_size = count(part, "patch_size", options.patch_size, file);
  if (const auto eps = part.find("layer_norm_eps"); eps != part.end() && !eps->is_null()) {
    if (!eps->is_number() || !(eps->get<double>() > 0.0) || eps->get<double>() > 1.0) {
      throw bad_input(file.string() + ": \"layer_norm_eps\" is " + eps->dump() +
                      " but must be a small positive number");
    }
    options.layer_norm_eps = eps->get<double>();
  }
  if (const std::string act = word(part, "hidden_act"); !act.empty() && act != "quick_gelu") {
    throw bad_input(file.string() + ": \"hidden_act\" is \"" + act + "\" but only \"quick_gelu\" is known");
  }
  if (options.hidden_size % options.heads != 0) {
    throw bad_input(file.string() + ": \"hidden_size\" " + std::to_string(options.hidden_size) +
                    " must be a multiple of \"num_attention_heads\" " + std::to_string(options.heads));
  }
  if (options.patch_size > options.image_size) {
    throw bad_input(file.string() + ": \"patch_size\" " + std::to_string(options.patch_size) +
                    " is larger than \"image_size\" " + std::to_string(options.image_size));
  }
  const fs::path pictures = folder / "preprocessor_config.json";
  if (!fs::exists(pictures)) return options;
  const json preprocessor = read_json(pictures);
  options.mean = three(preprocessor, "image_mean", options.mean, false, pictures);
  options.std = three(preprocessor, "image_std", options.std, true, pictures);
  for (const char* key : {"crop_size", "size"}) {
    const std::int64_t size = edge(preprocessor, key, options.image_size, pictures);
    if (size != options.image_size) {
      throw bad_input(pictures.string() + ": \"" + key + "\" is " + std::to_string(size) + " but config.json's "
                      "\"image_size\" is " + std::to_string(options.image_size));
    }
  }
  return options;
}

}  // namespace tactus::clip
