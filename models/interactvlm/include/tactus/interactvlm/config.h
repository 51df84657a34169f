// A model folder's config.json (METHOD.md §1.3), with the defaults and aliases that old and foreign folders need.
// No libtorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tactus::interactvlm {

enum class TokenType { gen, gen_int, gen_hu_obj };

struct ModelConfig {
  // The decoder.
  std::int64_t vocab_size = 32003, hidden_size = 5120, layers = 40, heads = 40, key_value_heads = 40;
  std::int64_t intermediate_size = 13824, max_positions = 4096;
  double rms_norm_eps = 1e-5, rope_theta = 10000.0;
  std::int64_t eos = 2;
  // The picture.
  std::int64_t mm_hidden_size = 1024;       // width of the vision tower
  std::int64_t vision_select_layer = -2;
  std::string vision_tower = "openai/clip-vit-large-patch14";
  bool image_start_end = true;              // <im_start>, <im_end> around the picture
  // Contact.
  std::int64_t out_dim = 256;               // width of the prompt for the mask decoder
  std::int64_t image_embedding_length = 255;   // rows of the picture - 1
  TokenType token_type = TokenType::gen;
  bool separate_decoders = false;           // "-DifDe"
  std::optional<std::int64_t> seg_token, human_seg_token, object_seg_token;
  std::string human_view_type = "4MV-Z_Vitru", object_view_type = "4MV-Z_HM";
  double human_weight = 0.0, object_weight = 0.0;   // > 0: the model was trained for that 3D contact
  std::int64_t views = 1;
  bool camera_conditioning = false;
  std::string camera_encoder = "simple";
  bool use_fusion = false, use_uncertainty = false;
  bool lisa = false;                        // none of InteractVLM's own keys stood in the file
  std::string stored_precision = "bf16";    // "fp32", "bf16", "fp16"; "int8", "int4" after `tactus convert`
  std::vector<std::string> warnings;        // sentences: what was assumed

  bool has_splitter() const { return token_type != TokenType::gen; }
  // Any of the ids that ask for a mask.
  bool makes_mask(std::int64_t id) const { return id == seg_token || id == human_seg_token || id == object_seg_token; }
};

// `folder`/config.json; the ids of added_tokens.json fill in for token ids that the file leaves out.
// Error{bad_input}: no such file, not JSON, another architecture, a size that cannot be, a wrong type (by key).
ModelConfig read_model_config(const std::filesystem::path& folder);

}  // namespace tactus::interactvlm
