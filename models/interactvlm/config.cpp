#include "tactus/interactvlm/config.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tactus/error.h"

namespace tactus::interactvlm {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json read_json(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw bad_input(file.string() + ": there is no such file; a model folder holds config.json");
  try {
    Json json = Json::parse(stream);
    if (!json.is_object()) throw bad_input(file.string() + ": this is not a JSON object");
    return json;
  } catch (const Json::exception&) {
    throw bad_input(file.string() + ": this is not JSON; copy the file again");
  }
}

// Values of one file by key; null and absent are the same.
class Reader {
 public:
  Reader(fs::path file, Json json) : file_(std::move(file)), json_(std::move(json)) {}

  bool has(const std::string& key) const { return json_.contains(key) && !json_.at(key).is_null(); }

  std::int64_t integer(const std::string& key, std::int64_t fallback, std::int64_t least, std::int64_t most) const {
    if (!has(key)) return fallback;
    const Json& value = json_.at(key);
    if (!value.is_number_integer()) fail(key, "a whole number");
    const auto number = value.get<std::int64_t>();
    if (number < least || number > most) {
      fail(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return number;
  }
  double real(const std::string& key, double fallback) const {
    if (!has(key)) return fallback;
    if (!json_.at(key).is_number()) fail(key, "a number");
    return json_.at(key).get<double>();
  }
  bool boolean(const std::string& key, bool fallback) const {
    if (!has(key)) return fallback;
    if (!json_.at(key).is_boolean()) fail(key, "true or false");
    return json_.at(key).get<bool>();
  }
  std::string text(const std::string& key, const std::string& fallback) const {
    if (!has(key)) return fallback;
    if (!json_.at(key).is_string()) fail(key, "a text");
    return json_.at(key).get<std::string>();
  }
  std::optional<std::int64_t> token(const std::string& key) const {
    if (!has(key)) return std::nullopt;
    return integer(key, 0, 0, 1 << 24);
  }
  const Json& json() const { return json_; }
  [[noreturn]] void fail(const std::string& key, const std::string& right) const {
    throw bad_input(file_.string() + ": \"" + key + "\" is " + json_.at(key).dump().substr(0, 60) + "; it must be " +
                    right);
  }

 private:
  fs::path file_;
  Json json_;
};

constexpr std::int64_t kMany = std::int64_t{1} << 24;

void check_architecture(const Reader& in, const std::string& file) {
  const std::string type = in.text("model_type", "llava");
  static const std::vector<std::string> types = {"llava", "llama", "lisa", "interactvlm"};
  bool known = std::find(types.begin(), types.end(), type) != types.end();
  std::string found = type;
  if (in.has("architectures")) {
    const Json& list = in.json().at("architectures");
    if (!list.is_array() || !std::all_of(list.begin(), list.end(), [](const Json& j) { return j.is_string(); })) {
      in.fail("architectures", "a list of names");
    }
    static const std::vector<std::string> names = {"InteractVLMForCausalLM", "LISAForCausalLM",
                                                   "LlavaLlamaForCausalLM", "LlavaLISAForCausalLM"};
    const bool named = list.empty() || std::any_of(list.begin(), list.end(), [&](const Json& j) {
                         return std::find(names.begin(), names.end(), j.get<std::string>()) != names.end();
                       });
    if (!named) {
      known = false;
      found = list.front().get<std::string>();
    }
  }
  if (!known) {
    throw bad_input(file + ": this folder holds a " + found +
                    "; Tactus runs InteractVLM and LISA folders (architecture InteractVLMForCausalLM or LISAForCausalLM)");
  }
  if (in.text("hidden_act", "silu") != "silu") in.fail("hidden_act", "\"silu\"");
  if (in.has("rope_scaling")) in.fail("rope_scaling", "null: scaled positions are not part of these models");
  if (in.integer("pretraining_tp", 1, 1, 64) != 1) in.fail("pretraining_tp", "1");
}

void read_tokens(const Reader& in, const fs::path& folder, ModelConfig& config) {
  std::string type = in.text("token_type", "Gen");
  const auto suffix = type.rfind("-DifDe");
  if (suffix != std::string::npos && suffix + 6 == type.size()) {
    config.separate_decoders = true;
    type.resize(suffix);
  }
  if (type == "Gen") {
    config.token_type = TokenType::gen;
  } else if (type == "Gen-Int") {
    config.token_type = TokenType::gen_int;
  } else if (type == "Gen-Hu-Obj") {
    config.token_type = TokenType::gen_hu_obj;
  } else {
    in.fail("token_type", "Gen, Gen-Int or Gen-Hu-Obj, each with or without -DifDe");
  }
  config.seg_token = in.token("seg_token_idx");
  config.human_seg_token = in.token("hseg_token_idx");
  config.object_seg_token = in.token("oseg_token_idx");

  const fs::path added_file = folder / "added_tokens.json";
  std::error_code error;
  if (fs::exists(added_file, error)) {
    const Reader added(added_file, read_json(added_file));
    const auto fill = [&](std::optional<std::int64_t>& id, const char* token) {
      if (!id) id = added.token(token);
    };
    fill(config.seg_token, "[SEG]");
    if (config.token_type == TokenType::gen_hu_obj) {
      fill(config.human_seg_token, "[HSEG]");
      fill(config.object_seg_token, "[OSEG]");
    } else if (config.token_type == TokenType::gen_int) {
      fill(config.human_seg_token, "[ISEG]");
      fill(config.object_seg_token, "[ISEG]");
    }
  }
  if (!config.seg_token && !config.human_seg_token && !config.object_seg_token) {
    throw bad_input(folder.string() +
                    ": neither config.json (seg_token_idx) nor added_tokens.json names the token [SEG] that asks for a "
                    "mask; a language model alone does not do");
  }
  // With Gen only [SEG] is looked for (§2.7).
  if (config.token_type == TokenType::gen && config.seg_token) {
    config.human_seg_token.reset();
    config.object_seg_token.reset();
  }
  for (const auto& id : {config.seg_token, config.human_seg_token, config.object_seg_token}) {
    if (id && *id >= config.vocab_size) {
      throw bad_input((folder / "config.json").string() + ": the mask token's id " + std::to_string(*id) +
                      " lies outside the vocabulary of " + std::to_string(config.vocab_size) + " tokens");
    }
  }
}

}  // namespace

ModelConfig read_model_config(const fs::path& folder) {
  const fs::path file = folder / "config.json";
  const Reader in(file, read_json(file));
  check_architecture(in, file.string());

  ModelConfig c;
  c.vocab_size = in.integer("vocab_size", c.vocab_size, 3, kMany);
  c.hidden_size = in.integer("hidden_size", c.hidden_size, 2, kMany);
  c.layers = in.integer("num_hidden_layers", c.layers, 1, 1000);
  c.heads = in.integer("num_attention_heads", c.heads, 1, 4096);
  c.key_value_heads = in.integer("num_key_value_heads", c.heads, 1, 4096);
  c.intermediate_size = in.integer("intermediate_size", c.intermediate_size, 1, kMany);
  c.max_positions = in.integer("max_position_embeddings", c.max_positions, 1, kMany);
  c.rms_norm_eps = in.real("rms_norm_eps", c.rms_norm_eps);
  c.rope_theta = in.real("rope_theta", c.rope_theta);
  c.eos = in.integer("eos_token_id", c.eos, 0, kMany);
  if (c.hidden_size % c.heads != 0 || (c.hidden_size / c.heads) % 2 != 0) {
    in.fail("hidden_size", "an even multiple of num_attention_heads (" + std::to_string(c.heads) + ")");
  }
  if (c.heads % c.key_value_heads != 0) {
    throw bad_input(file.string() + ": num_attention_heads (" + std::to_string(c.heads) +
                    ") must be a multiple of num_key_value_heads (" + std::to_string(c.key_value_heads) + ")");
  }

  c.mm_hidden_size = in.integer("mm_hidden_size", c.mm_hidden_size, 1, kMany);
  c.vision_select_layer = in.integer("mm_vision_select_layer", c.vision_select_layer, -1000, 1000);
  c.vision_tower = in.text("vision_tower", in.text("mm_vision_tower", c.vision_tower));
  c.image_start_end = in.boolean("mm_use_im_start_end", c.image_start_end);
  c.out_dim = in.integer("out_dim", c.out_dim, 1, kMany);
  c.image_embedding_length = in.integer("img_emb_len", c.image_embedding_length, 0, kMany);
  read_tokens(in, folder, c);

  // LISA's folders have none of these; then they are one view, no camera, no 3D contact (§9.1).
  c.lisa = !in.has("token_type") && !in.has("multiview_channels") && !in.has("hC_loss_weight") && !in.has("oC_loss_weight");
  c.views = in.integer("multiview_channels", 1, 1, 64);
  c.camera_conditioning = in.boolean("multiview_cam_cond", false);
  c.camera_encoder = in.text("cam_encoder_type", c.camera_encoder);
  c.human_view_type = in.text("hC_sam_view_type", c.human_view_type);
  c.object_view_type = in.text("oC_sam_view_type", c.object_view_type);
  c.human_weight = in.real("hC_loss_weight", 0.0);
  c.object_weight = in.real("oC_loss_weight", 0.0);
  c.use_fusion = in.boolean("use_fusion", false);
  c.use_uncertainty = in.boolean("use_uncertainty", false);

  const std::string dtype = in.text("torch_dtype", "bfloat16");
  c.stored_precision = dtype == "float32" ? "fp32" : dtype == "float16" ? "fp16" : "bf16";
  c.stored_precision = in.text("tactus_precision", c.stored_precision);
  return c;
}

}  // namespace tactus::interactvlm
