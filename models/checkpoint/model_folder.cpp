#include "tactus/checkpoint/model_folder.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "decoder_matrix.h"
#include "stored_tensors.h"
#include "tactus/error.h"

namespace tactus::checkpoint {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr double kVisionTowerParameters = 303.2e6;   // CLIP ViT-L/14's vision part (METHOD.md §1.7)
constexpr double kCachedPositions = 1024;            // a picture's 256, a question, 512 new tokens

struct Folder {
  fs::path path;
  bool is_folder = false;
  json config = json::object();
  std::shared_ptr<const TensorSource> source;   // null when the weights cannot be read

  bool has_file(const std::string& name) const {
    std::error_code ignored;
    return fs::is_regular_file(path / name, ignored);
  }
  bool holds(const std::string& prefix) const {
    if (!source) return false;
    const auto& all = source->tensors();
    const auto at = std::lower_bound(all.begin(), all.end(), prefix, [](const TensorInfo& info, const std::string& p) { return info.name < p; });
    return at != all.end() && at->name.starts_with(prefix);
  }
  std::vector<std::int64_t> shape(const std::string& name) const {
    const TensorInfo* info = source ? source->find(name) : nullptr;
    return info ? info->shape : std::vector<std::int64_t>();
  }
  std::string text(const char* key) const {
    const auto at = config.find(key);
    return at != config.end() && at->is_string() ? at->get<std::string>() : std::string();
  }
  std::int64_t number(const char* key) const {
    const auto at = config.find(key);
    return at != config.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
  }
  bool flag(const char* key) const {
    const auto at = config.find(key);
    return at != config.end() && at->is_boolean() && at->get<bool>();
  }
};

FolderKind kind_of(const Folder& folder) {
  const bool own_keys = folder.config.contains("token_type") || folder.config.contains("multiview_channels");
  if (folder.source) {
    const bool decoder = folder.holds("model.layers."), sam = folder.holds("model.visual_model.");
    if (decoder && sam)
      return own_keys || folder.holds("cam_pose_encoder.") || folder.holds("attention_splitter.") ? FolderKind::interactvlm : FolderKind::lisa;
    if (decoder && folder.holds("model.mm_projector.")) return FolderKind::llava;
    if (folder.holds("vision_model.")) return FolderKind::clip;
    if (folder.holds("image_encoder.")) return FolderKind::sam;
    if (!decoder) return FolderKind::unknown;
  }
  const std::string type = folder.text("model_type");
  if (type == "clip" || type == "clip_vision_model") return FolderKind::clip;
  if (type != "llava") return FolderKind::unknown;
  if (own_keys) return FolderKind::interactvlm;
  return folder.config.contains("train_mask_decoder") || folder.config.contains("out_dim") ? FolderKind::lisa : FolderKind::llava;
}

const char* name_of(FolderKind kind) {
  switch (kind) {
    case FolderKind::interactvlm: return "InteractVLM";
    case FolderKind::lisa: return "LISA";
    case FolderKind::llava: return "LLaVA";
    case FolderKind::clip: return "CLIP";
    case FolderKind::sam: return "SAM";
    case FolderKind::unknown: break;
  }
  return "unknown";
}

bool has_decoder(FolderKind kind) { return kind == FolderKind::interactvlm || kind == FolderKind::lisa || kind == FolderKind::llava; }
bool makes_masks(FolderKind kind) { return kind == FolderKind::interactvlm || kind == FolderKind::lisa; }

// The names of §1.5 that must be there.
std::vector<std::string> needed_parts(const Folder& folder, FolderKind kind) {
  switch (kind) {
    case FolderKind::sam: return {"image_encoder.", "prompt_encoder.", "mask_decoder."};
    case FolderKind::clip: return {"vision_model.embeddings.", "vision_model.encoder.layers.", "vision_model.pre_layrnorm."};
    case FolderKind::unknown: return {};
    default: break;
  }
  std::vector<std::string> parts = {"model.embed_tokens.weight", "model.layers.", "model.norm.weight", "lm_head.weight", "model.mm_projector."};
  if (makes_masks(kind)) {
    for (const char* part : {"model.text_hidden_fcs.", "model.visual_model.image_encoder.", "model.visual_model.prompt_encoder.",
                             "model.visual_model.mask_decoder."})
      parts.emplace_back(part);
  }
  const std::string tokens = folder.text("token_type");
  if (folder.flag("multiview_cam_cond")) parts.emplace_back("cam_pose_encoder.");
  if (tokens.starts_with("Gen-Int") || tokens.starts_with("Gen-Hu-Obj")) parts.emplace_back("attention_splitter.");
  if (tokens.ends_with("-DifDe")) parts.emplace_back("model.visual_model.human_mask_decoder.");
  return parts;
}

std::int64_t layers_of(const Folder& folder) {
  std::int64_t count = 0;
  while (folder.holds("model.layers." + std::to_string(count) + ".")) ++count;
  return count;
}

bool vision_tower_near(const Folder& folder) {
  const std::string tower = folder.text("vision_tower").empty() ? folder.text("mm_vision_tower") : folder.text("vision_tower");
  const std::string last = fs::path(tower).filename().string();
  const fs::path whole = fs::absolute(folder.path).lexically_normal();
  const fs::path parent = (whole.has_filename() ? whole : whole.parent_path()).parent_path();
  std::error_code ignored;
  for (const fs::path& place : {fs::path(tower), whole / last, whole / "clip", parent / last, parent / "clip"})
    if (!place.filename().empty() && place != whole && fs::is_regular_file(place / "config.json", ignored)) return true;
  return false;
}

void find_missing_files(const Folder& folder, FolderDescription& description) {
  const auto want = [&](const char* file, const char* why) {
    if (!folder.has_file(file)) description.missing.push_back(std::string(file) + " is missing: " + why);
  };
  if (folder.is_folder && description.kind != FolderKind::sam && description.kind != FolderKind::unknown)
    want("config.json", "it says the sizes of the network");
  if (!has_decoder(description.kind)) return;
  want("tokenizer.model", "without it no question can be asked");
  if (makes_masks(description.kind)) want("added_tokens.json", "it says which tokens ask for a mask");
  if (!vision_tower_near(folder)) {
    description.missing.push_back("the vision tower (openai/clip-vit-large-patch14: config.json, model.safetensors) is not beside the folder; "
                                  "put it there as \"clip\" or name it with --clip");
  }
}

void find_missing_parts(const Folder& folder, FolderDescription& description) {
  for (const std::string& part : needed_parts(folder, description.kind))
    if (!folder.holds(part)) description.missing.push_back("the weights " + part + (part.ends_with(".") ? "*" : "") + " are missing");
  for (const TensorInfo& info : folder.source->tensors()) {
    const bool quantised = is_decoder_matrix(info) && (info.dtype == at::kChar || info.dtype == at::kByte);
    if (info.name.ends_with(".weight") && !quantised && !at::isFloatingType(info.dtype)) {
      description.missing.push_back(info.file + ": " + info.name + " is of type " + c10::toString(info.dtype) + " instead of a floating one");
      break;
    }
  }
  if (!has_decoder(description.kind)) return;
  const std::int64_t layers = layers_of(folder), said = folder.number("num_hidden_layers");
  if (said > 0 && layers != said) {
    description.missing.push_back("config.json says " + std::to_string(said) + " decoder layers, and the weights hold " + std::to_string(layers));
  }
  const auto rows = folder.shape("model.embed_tokens.weight");
  const std::int64_t words = folder.number("vocab_size");
  if (words > 0 && !rows.empty() && rows[0] != words) {
    description.missing.push_back("config.json says a vocabulary of " + std::to_string(words) + ", and the embedding has " +
                                  std::to_string(rows[0]) + " rows");
  }
}

// Bytes of SAM's largest intermediate result: the scores of one global block.
double sam_scores(const Folder& folder, double item) {
  for (const char* prefix : {"model.visual_model.", ""}) {
    const auto positions = folder.shape(std::string(prefix) + "image_encoder.pos_embed");
    if (positions.size() != 4) continue;
    const auto tokens = static_cast<double>(positions[1] * positions[2]);
    const double heads = std::max(1.0, static_cast<double>(positions[3]) / 64.0);
    return heads * tokens * tokens * item;
  }
  return 0.0;
}

void measure(const Folder& folder, FolderDescription& description) {
  double matrices = 0.0, rest = 0.0;
  std::map<at::ScalarType, double> bytes;
  for (const TensorInfo& info : folder.source->tensors()) {
    description.bytes += static_cast<std::uint64_t>(info.bytes());
    bytes[info.dtype] += static_cast<double>(info.bytes());
    if (is_scale(info)) continue;
    const double count = static_cast<double>(element_count(info.shape)) * (info.dtype == at::kByte && is_decoder_matrix(info) ? 2.0 : 1.0);
    description.parameters += static_cast<std::uint64_t>(count);
    (is_decoder_matrix(info) ? matrices : rest) += count;
  }
  const auto most = std::max_element(bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const std::map<at::ScalarType, std::string> names = {{at::kFloat, "fp32"}, {at::kHalf, "fp16"}, {at::kBFloat16, "bf16"}};
  const auto known = most == bytes.end() ? names.end() : names.find(most->first);
  description.stored_precision = known == names.end() ? "bf16" : known->second;
  for (const TensorInfo& info : folder.source->tensors()) {
    if (is_decoder_matrix(info) && info.dtype == at::kChar && description.stored_precision != "int4") description.stored_precision = "int8";
    if (is_decoder_matrix(info) && info.dtype == at::kByte) description.stored_precision = "int4";
  }

  const bool decoder = has_decoder(description.kind);
  const auto width = folder.shape("model.norm.weight");
  const double cache = decoder && !width.empty() ? kCachedPositions * 2.0 * static_cast<double>(layers_of(folder) * width[0]) : 0.0;
  const auto add = [&](const char* precision, double matrix_bytes, double item) {
    const double sum = matrix_bytes * matrices + item * (rest + cache + (decoder ? kVisionTowerParameters : 0.0)) + sam_scores(folder, item);
    description.needs.push_back({precision, static_cast<std::uint64_t>(sum)});
  };
  const bool quantised = description.stored_precision == "int8" || description.stored_precision == "int4";
  if (!quantised) {
    add("fp32", 4.0, 4.0);
    add("bf16", 2.0, 2.0);
  }
  if (decoder && description.stored_precision != "int4") add("int8", 1.0, 2.0);
  if (decoder && description.stored_precision != "int8") add("int4", 0.5 + 4.0 / 64.0, 2.0);   // two bf16 a group of 64
}

}  // namespace

FolderDescription describe_folder(const fs::path& path) {
  std::error_code problem;
  if (!fs::exists(path, problem)) throw bad_input(path.string() + ": there is no such folder or file");
  Folder folder{path, fs::is_directory(path, problem), json::object(), nullptr};
  FolderDescription description;
  if (folder.has_file("config.json")) {
    std::ifstream stream(path / "config.json");
    folder.config = json::parse(stream, nullptr, false);
    if (!folder.config.is_object()) {
      description.missing.push_back((path / "config.json").string() + ": this is not JSON; fetch it again");
      folder.config = json::object();
    }
  }
  try {
    folder.source = open_tensors(path);
  } catch (const Error& error) {
    description.missing.emplace_back(error.what());
  }
  description.kind = kind_of(folder);
  description.name = name_of(description.kind);
  if (folder.source) {
    find_missing_parts(folder, description);
    measure(folder, description);
  }
  find_missing_files(folder, description);
  return description;
}

}  // namespace tactus::checkpoint
