#include "loading.h"

#include <torch/cuda.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "tactus/checkpoint/load_module.h"
#include "tactus/checkpoint/model_folder.h"
#include "tactus/checkpoint/tensor_source.h"
#include "tactus/error.h"
#include "tactus/interactvlm/view_tables.h"
#include "tactus/memory.h"

namespace tactus::interactvlm {
namespace {

namespace fs = std::filesystem;
using checkpoint::TensorInfo;
using checkpoint::TensorSource;

constexpr double kGigabyte = 1e9;
constexpr double kProgramBytes = 4e8;   // libtorch and the program itself

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool has_weights(const fs::path& folder) {
  return is_file(folder / "config.json") && (is_file(folder / "model.safetensors") || is_file(folder / "pytorch_model.bin") ||
                                             is_file(folder / "model.safetensors.index.json"));
}

fs::path find_clip(const OpenOptions& options, const ModelConfig& config) {
  if (!options.clip_folder.empty()) {
    if (has_weights(options.clip_folder)) return options.clip_folder;
    throw bad_input(options.clip_folder.string() +
                    ": this is no CLIP folder; it should hold config.json and model.safetensors or pytorch_model.bin");
  }
  const fs::path named = config.vision_tower;
  const std::string last = named.filename().string();
  const fs::path folder = fs::absolute(options.folder).lexically_normal();
  const fs::path parent = (folder.has_filename() ? folder : folder.parent_path()).parent_path();
  std::vector<fs::path> places = {named, folder / last, folder / "clip", parent / last, parent / "clip"};
  if (const char* home = std::getenv("HOME")) {
    std::string repository = "models--" + config.vision_tower;
    for (auto at = repository.find('/'); at != std::string::npos; at = repository.find('/')) repository.replace(at, 1, "--");
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fs::path(home) / ".cache/huggingface/hub" / repository / "snapshots", error)) {
      places.push_back(entry.path());
    }
  }
  for (const auto& place : places) {
    if (has_weights(place)) return place;
  }
  throw bad_input(options.folder.string() + ": the vision tower " + config.vision_tower +
                  " is not in the model's files; put its folder (config.json, model.safetensors or pytorch_model.bin) "
                  "beside the model as " + (parent / last).string() + ", or name it with --clip");
}

StoredSizes stored_sizes(const TensorSource& source) {
  const std::string prefix = "model.visual_model.";
  StoredSizes sizes;
  sizes.encoder = sam::options_of(source, prefix);
  sizes.prompts = sam::prompt_encoder_options_of(source, prefix, sizes.encoder);
  sizes.decoder = sam::mask_decoder_options_of(source, prefix);
  // Where these are missing the published widths stand, and loading says what is missing.
  if (const auto* first = source.find("cam_pose_encoder.spatial_encoder.0.weight"); first != nullptr && first->shape.size() == 2) {
    sizes.camera_hidden = first->shape[0];
  }
  if (const auto* input = source.find("attention_splitter.input_proj.weight"); input != nullptr && input->shape.size() == 2) {
    sizes.splitter_hidden = input->shape[0];
  }
  return sizes;
}

bool is_decoder_matrix(const std::string& name) {
  return name == "lm_head.weight" || (name.starts_with("model.layers.") && name.ends_with("_proj.weight"));
}

struct Sizes {
  double decoder = 0, rest = 0;   // elements
  bool quantised = false;
};

Sizes count(const TensorSource& source) {
  Sizes sizes;
  for (const auto& info : source.tensors()) {
    double elements = 1;
    for (const auto d : info.shape) elements *= static_cast<double>(d);
    if (info.dtype == at::kChar) sizes.quantised = true;
    if (info.dtype == at::kByte) sizes.quantised = true, elements *= 2;
    (is_decoder_matrix(info.name) ? sizes.decoder : sizes.rest) += elements;
  }
  return sizes;
}

double bytes_in(const Sizes& sizes, const std::string& precision) {
  if (precision == "fp32") return 4 * (sizes.decoder + sizes.rest);
  const double each = precision == "int8" ? 1.01 : precision == "int4" ? 0.5625 : 2.0;
  return each * sizes.decoder + 2 * sizes.rest;
}

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", bytes / kGigabyte);
  return text;
}

// What doctor says that the folder takes, and the program beside it.
double bytes_needed(const checkpoint::FolderDescription& folder, const std::string& precision) {
  const auto found = std::find_if(folder.needs.begin(), folder.needs.end(), [&](const auto& need) { return need.precision == precision; });
  return kProgramBytes + (found == folder.needs.end() ? 0.0 : static_cast<double>(found->bytes));
}

std::string choose_precision(const OpenOptions& options, const ModelConfig& config, bool quantised, bool on_gpu) {
  static const std::vector<std::string> known = {"fp32", "bf16", "int8", "int4"};
  const bool asked = options.precision != "auto";
  if (asked && std::find(known.begin(), known.end(), options.precision) == known.end()) {
    throw bad_input(options.precision + ": there is no such precision; choose auto, fp32, bf16, int8 or int4");
  }
  if (quantised && asked && options.precision != config.stored_precision) {
    throw bad_input(options.folder.string() + ": this folder was converted to " + config.stored_precision +
                    "; run it so, or convert the original to " + options.precision);
  }
  std::vector<std::string> choices = {config.stored_precision == "fp32" ? "fp32" : "bf16", "bf16", "int8", "int4"};
  if (quantised) choices = {config.stored_precision};
  else if (asked) choices = {options.precision};
  if (on_gpu) return choices.front();
  const double free = available_memory();
  const checkpoint::FolderDescription folder = checkpoint::describe_folder(options.folder);
  for (const auto& precision : choices) {
    if (bytes_needed(folder, precision) <= free) return precision;
  }
  const bool least = choices.back() == "int4";
  throw cannot_run(options.folder.string() + ": " + (least ? "even in " : "in ") + choices.back() + " this model needs " +
                   gigabytes(bytes_needed(folder, choices.back())) + " of memory and " + gigabytes(free) + " are free; " +
                   (least ? "close other programs"
                          : quantised ? "close other programs, or convert the original to int4"
                                            : "choose a smaller precision (int8, int4) or auto"));
}

at::Device choose_device(const std::string& device) {
  if (device == "cpu") return at::kCPU;
  const bool there = torch::cuda::is_available();
  if (device == "cuda" && !there) throw cannot_run("cuda: this machine has no GPU that libtorch can use; choose --device cpu or auto");
  if (device != "auto" && device != "cuda") throw bad_input(device + ": there is no such device; choose auto, cpu or cuda");
  return there ? at::Device(at::kCUDA) : at::Device(at::kCPU);
}

// What a checkpoint may hold besides the modules here.
std::vector<std::string> ignored_names(const ModelConfig& config) {
  std::vector<std::string> names = {"model.vision_tower", "model.visual_model.pixel_mean", "model.visual_model.pixel_std"};
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    names.push_back("model.layers." + std::to_string(layer) + ".self_attn.rotary_emb.");
  }
  return names;
}

void check_tokenizer(const tokenizer::Tokenizer& tokenizer, const ModelConfig& config, const fs::path& folder) {
  if (tokenizer.size() > config.vocab_size) {
    throw bad_input(folder.string() + ": the tokenizer has " + std::to_string(tokenizer.size()) +
                    " tokens and the model's vocabulary " + std::to_string(config.vocab_size) +
                    "; take tokenizer.model, added_tokens.json and config.json from the same model");
  }
  const std::pair<const char*, std::optional<std::int64_t>> tokens[] = {{"[SEG]", config.seg_token},
                                                                        {"[HSEG]", config.human_seg_token},
                                                                        {"[OSEG]", config.object_seg_token}};
  for (const auto& [token, id] : tokens) {
    const auto known = tokenizer.id(token);
    if (id && known >= 0 && known != *id && known != tokenizer.unk()) {
      throw bad_input(folder.string() + ": " + token + " is token " + std::to_string(known) + " in added_tokens.json and " +
                      std::to_string(*id) + " in config.json; take both files from the same model");
    }
  }
  if (config.image_start_end && (tokenizer.id("<im_start>") < 0 || tokenizer.id("<im_end>") < 0)) {
    throw bad_input(folder.string() + ": added_tokens.json has no <im_start> and <im_end>, which config.json asks for");
  }
}

// What the configuration names without a table or an encoder of that name, before anything is read.
void check_cameras(const ModelConfig& config, const fs::path& folder) {
  if (!config.camera_conditioning) return;
  try {
    make_camera_encoder(config.camera_encoder, 1, 1);
    if (config.human_weight > 0) camera_vectors(config.human_view_type, config.views);
    if (config.object_weight > 0) camera_vectors(config.object_view_type, config.views);
  } catch (const Error& error) {
    throw bad_input((folder / "config.json").string() + ": " + error.what());
  }
}

void check_clip(const clip::VisionTowerOptions& clip, const ModelConfig& config, const fs::path& folder) {
  if (clip.hidden_size != config.mm_hidden_size) {
    throw bad_input(folder.string() + ": this vision tower is " + std::to_string(clip.hidden_size) +
                    " wide and the model was made for one of " + std::to_string(config.mm_hidden_size) + " (" + config.vision_tower + ")");
  }
}

struct DecoderMatrix {
  std::string name;
  layers::LinearImpl* linear = nullptr;
};

std::vector<DecoderMatrix> decoder_matrices(const NetworkImpl& network) {
  std::vector<DecoderMatrix> found;
  for (const auto& item : network.named_modules()) {
    const std::string name = item.key() + ".weight";
    if (!is_decoder_matrix(name)) continue;
    if (auto* linear = dynamic_cast<layers::LinearImpl*>(item.value().get())) found.push_back({name, linear});
  }
  return found;
}

void quantise(const std::vector<DecoderMatrix>& matrices, const std::string& precision, const fs::path& folder, const Progress& progress) {
  using checkpoint::Precision;
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    progress.check();
    progress.report(static_cast<double>(i) / static_cast<double>(matrices.size()), "quantising to " + precision);
    const auto& [name, linear] = matrices[i];
    if (linear->precision() == Precision::int8 || linear->precision() == Precision::int4) continue;   // stored so
    try {
      linear->quantise(precision == "int8" ? Precision::int8 : Precision::int4);
    } catch (const Error& error) {
      throw bad_input(folder.string() + ": " + name + ": " + error.what());
    }
  }
}

}  // namespace

Loaded load_folder(const OpenOptions& options, const Progress& progress) {
  if (!fs::is_directory(options.folder)) {
    throw bad_input(options.folder.string() + ": there is no such folder; name the unpacked folder of a model");
  }
  Loaded loaded;
  ModelConfig& config = loaded.config;
  config = read_model_config(options.folder);
  check_cameras(config, options.folder);
  loaded.warnings = config.warnings;
  loaded.device = choose_device(options.device);

  loaded.tokenizer = tokenizer::Tokenizer::open(options.folder);
  if (!loaded.tokenizer->warning().empty()) loaded.warnings.push_back(loaded.tokenizer->warning());
  check_tokenizer(*loaded.tokenizer, config, options.folder);

  const fs::path clip_folder = find_clip(options, config);
  const auto clip_options = clip::read_options(clip_folder);
  check_clip(clip_options, config, clip_folder);
  if (config.image_embedding_length != clip_options.patches() - 1) {
    loaded.warnings.push_back("config.json says img_emb_len " + std::to_string(config.image_embedding_length) +
                              ", but the vision tower gives " + std::to_string(clip_options.patches()) + " patches, which are used");
    config.image_embedding_length = clip_options.patches() - 1;
  }

  const auto source = checkpoint::open_tensors(options.folder);
  const StoredSizes sizes = stored_sizes(*source);
  if (sizes.decoder.channels != config.out_dim) {
    throw bad_input(options.folder.string() + ": config.json says out_dim " + std::to_string(config.out_dim) +
                    ", but the stored mask decoder is " + std::to_string(sizes.decoder.channels) + " wide");
  }
  loaded.precision = choose_precision(options, config, count(*source).quantised, loaded.device.is_cuda());
  loaded.dtype = loaded.precision == "fp32" ? at::kFloat : at::kBFloat16;

  const torch::NoGradGuard no_grad;
  loaded.network = Network(config, sizes);
  const auto to_quantise = loaded.precision == "int8" || loaded.precision == "int4" ? decoder_matrices(*loaded.network)
                                                                                    : std::vector<DecoderMatrix>();
  // On the way to a smaller type all of them in bf16 may be too much for the memory: they stay mapped.
  for (const auto& matrix : to_quantise) matrix.linear->keep_stored_dtype = loaded.device.is_cpu();
  checkpoint::LoadOptions load;
  load.dtype = loaded.dtype;
  load.device = loaded.device;
  load.ignored = ignored_names(config);
  checkpoint::load_module(*loaded.network, *source, load, progress.part(0.0, 0.8, "Load"));

  const auto clip_source = checkpoint::open_tensors(clip_folder);
  loaded.vision_tower = clip::VisionTower(clip_options);
  load.ignored = {"text_model.", "text_projection", "visual_projection", "logit_scale", "vision_model.embeddings.position_ids",
                  "vision_model.post_layernorm."};
  checkpoint::load_module(*loaded.vision_tower, *clip_source, load, progress.part(0.8, 0.85, "Load"));

  quantise(to_quantise, loaded.precision, options.folder, progress.part(0.85, 1.0, "Load"));
  loaded.network->eval();
  loaded.vision_tower->eval();
  loaded.weight_bytes = static_cast<std::int64_t>(bytes_in(count(*source), loaded.precision));
  return loaded;
}

}  // namespace tactus::interactvlm
