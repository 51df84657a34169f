// A tiny model folder converted, described, and found wanting.
#include <torch/types.h>
#include <torch/utils.h>

#include <nlohmann/json.hpp>

#include "scratch.h"
#include "tactus/checkpoint/convert.h"
#include "tactus/checkpoint/model_folder.h"
#include "tactus/checkpoint/quantise.h"
#include "tactus/checkpoint/save_tensors.h"

namespace tactus::checkpoint {
namespace {

using nlohmann::json;

// The roots of METHOD.md §1.5 with small sizes, two shards.
std::map<std::string, at::Tensor> tiny_model() {
  torch::manual_seed(5);
  std::map<std::string, at::Tensor> all;
  const auto add = [&](const std::string& name, at::IntArrayRef shape) { all[name] = (torch::randn(shape) * 0.1).to(at::kBFloat16); };
  add("model.embed_tokens.weight", {40, 64});
  add("lm_head.weight", {40, 64});
  add("model.norm.weight", {64});
  for (int i = 0; i < 2; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    for (const char* name : {"q", "k", "v", "o"}) add(layer + "self_attn." + name + "_proj.weight", {64, 64});
    add(layer + "mlp.gate_proj.weight", {96, 64});
    add(layer + "mlp.up_proj.weight", {96, 64});
    add(layer + "mlp.down_proj.weight", {64, 96});   // 64 does not divide 96
    add(layer + "input_layernorm.weight", {64});
  }
  add("model.mm_projector.weight", {64, 32});
  add("model.text_hidden_fcs.0.0.weight", {64, 64});
  add("model.visual_model.image_encoder.pos_embed", {1, 4, 4, 64});
  add("model.visual_model.prompt_encoder.no_mask_embed.weight", {1, 16});
  add("model.visual_model.mask_decoder.iou_token.weight", {1, 16});
  add("cam_pose_encoder.0.weight", {16, 3});
  return all;
}

class Convert : public testing::Test {
 protected:
  void SetUp() override {
    tensors_ = tiny_model();
    from_ = scratch_ / "model";
    into_ = scratch_ / "out";
    fs::create_directories(from_);
    fs::create_directories(into_);
    std::map<std::string, at::Tensor> parts[2];
    json map;
    for (const auto& [name, tensor] : tensors_) {
      const int shard = name < "model.layers.1" ? 0 : 1;
      parts[shard][name] = tensor;
      map[name] = "part" + std::to_string(shard) + ".safetensors";
    }
    for (int i = 0; i < 2; ++i) write_safetensors(from_ / ("part" + std::to_string(i) + ".safetensors"), parts[i]);
    scratch_.file("model/model.safetensors.index.json", json{{"weight_map", map}}.dump());
    scratch_.file("model/config.json", R"({"model_type":"llava","token_type":"Gen","num_hidden_layers":2,"vocab_size":40,
      "multiview_cam_cond":true,"vision_tower":"openai/clip-vit-large-patch14","torch_dtype":"bfloat16"})");
    scratch_.file("model/tokenizer.model", "pieces");
    scratch_.file("model/added_tokens.json", "{}");
    scratch_.file("model/optimizer.bin", "not wanted");
    scratch_.file("model/clip/config.json", "{}");
    scratch_.file("model/clip/model.safetensors", "tower");
    scratch_.file("model/notes/readme.txt", "not a model");
  }
  ConvertReport run(ConvertTo to, std::uint64_t shard_bytes = 5'000'000'000) {
    ConvertOptions options;
    options.to = to;
    options.shard_bytes = shard_bytes;
    return convert(from_, into_, options);
  }
  json config() const { return json::parse(content(into_ / "config.json")); }

  Scratch scratch_;
  fs::path from_, into_;
  std::map<std::string, at::Tensor> tensors_;
};

TEST_F(Convert, SafetensorsKeepsEveryBit) {
  const auto report = run(ConvertTo::safetensors, 20'000);
  const auto source = open_tensors(into_);
  ASSERT_EQ(source->tensors().size(), tensors_.size());
  for (const auto& [name, tensor] : tensors_) EXPECT_TRUE(torch::equal(source->read(name), tensor)) << name;
  EXPECT_EQ(report.tensors, tensors_.size());
  EXPECT_EQ(report.bytes_before, report.bytes_after);
  EXPECT_EQ(report.precision, "bf16");
  EXPECT_EQ(config().at("tactus_precision"), "bf16");
  EXPECT_EQ(config().at("num_hidden_layers"), 2);
  std::size_t shards = 0;
  for (const auto& entry : fs::directory_iterator(into_)) {
    if (entry.path().extension() != ".safetensors") continue;
    ++shards;
    EXPECT_LT(entry.file_size(), 24'000U);
  }
  EXPECT_GT(shards, 3U);
  for (const char* name : {"tokenizer.model", "added_tokens.json", "clip/config.json", "clip/model.safetensors"})
    EXPECT_EQ(content(into_ / name), content(from_ / name)) << name;
  for (const char* name : {"optimizer.bin", "notes", "part0.safetensors"}) EXPECT_FALSE(fs::exists(into_ / name)) << name;
  const auto index = json::parse(content(into_ / "model.safetensors.index.json"));
  EXPECT_EQ(index.at("weight_map").size(), tensors_.size());
  EXPECT_EQ(index.at("metadata").at("total_size"), report.bytes_after);
}

bool expected_matrix(const std::string& name) { return name == "lm_head.weight" || name.find("_proj.weight") != std::string::npos; }

TEST_F(Convert, QuantisesTheDecoderAndNothingElse) {
  for (const ConvertTo to : {ConvertTo::int8, ConvertTo::int4}) {
    fs::remove_all(into_);
    fs::create_directories(into_);
    const auto report = run(to, 30'000);
    const auto source = open_tensors(into_);
    std::size_t matrices = 0;
    for (const auto& [name, tensor] : tensors_) {
      SCOPED_TRACE(name);
      const at::Tensor stored = source->read(name);
      if (!expected_matrix(name)) {
        EXPECT_TRUE(torch::equal(stored, tensor));
        continue;
      }
      ++matrices;
      if (to == ConvertTo::int8 || tensor.size(1) % 64 != 0) {
        const auto direct = quantise_int8(tensor);
        EXPECT_TRUE(torch::equal(stored, direct.values));
        EXPECT_TRUE(torch::equal(source->read(name + ".scale"), direct.scale));
      } else {
        const auto direct = quantise_int4(tensor);
        EXPECT_TRUE(torch::equal(stored, direct.values));
        EXPECT_TRUE(torch::equal(source->read(name + ".scales_and_zeros"), direct.scales_and_zeros));
      }
    }
    EXPECT_EQ(matrices, 15U);
    EXPECT_EQ(report.int8, to == ConvertTo::int8 ? 15U : 2U);
    EXPECT_EQ(report.int4, to == ConvertTo::int8 ? 0U : 13U);
    EXPECT_EQ(source->tensors().size(), tensors_.size() + 15);
    EXPECT_EQ(config().at("tactus_precision"), to == ConvertTo::int8 ? "int8" : "int4");
    EXPECT_LT(report.bytes_after, report.bytes_before);
    EXPECT_EQ(describe_folder(into_).stored_precision, to == ConvertTo::int8 ? "int8" : "int4");
    EXPECT_EQ(describe_folder(into_).parameters, describe_folder(from_).parameters);

    const auto again = scratch_ / "again";
    fs::create_directories(again);
    ConvertOptions options;
    options.to = ConvertTo::int8;
    EXPECT_SAYS(refusal([&] { convert(into_, again, options); }), "quantised already");
  }
}

TEST_F(Convert, RefusesAndStops) {
  EXPECT_SAYS(refusal([&] { convert(scratch_ / "none", into_, {}); }), "no such file");
  at::Tensor bad = tensors_.at("model.layers.0.self_attn.k_proj.weight").clone();
  bad[3][4] = std::numeric_limits<float>::quiet_NaN();
  write_safetensors(scratch_ / "bad/model.safetensors", [&] {
    fs::create_directories(scratch_ / "bad");
    return std::map<std::string, at::Tensor>{{"model.layers.0.self_attn.k_proj.weight", bad}};
  }());
  ConvertOptions options;
  options.to = ConvertTo::int8;
  EXPECT_SAYS(refusal([&] { convert(scratch_ / "bad", into_, options); }), "config.json is missing");
  scratch_.file("bad/config.json", "{}");
  const auto said = refusal([&] { convert(scratch_ / "bad", into_, options); });
  EXPECT_SAYS(said, "model.layers.0.self_attn.k_proj.weight: a matrix to be quantised holds values that are not finite");
  EXPECT_TRUE(fs::is_empty(into_));

  std::stop_source stop;
  int reports = 0;
  const Progress progress([&](double, std::string_view, std::string_view) { if (++reports == 5) stop.request_stop(); }, stop.get_token());
  refusal([&] { convert(from_, into_, {}, progress); }, ErrorKind::cancelled);
  EXPECT_LT(reports, 7);

  const auto whole = content(from_ / "part1.safetensors");
  scratch_.file("model/part1.safetensors", whole.substr(0, whole.size() / 2));
  EXPECT_SAYS(refusal([&] { run(ConvertTo::safetensors); }), "part1.safetensors");
}

bool says(const FolderDescription& description, const std::string& words) {
  for (const auto& sentence : description.missing)
    if (sentence.find(words) != std::string::npos) return true;
  return false;
}

TEST_F(Convert, DescribesAWholeFolder) {
  const auto found = describe_folder(from_);
  EXPECT_EQ(found.kind, FolderKind::interactvlm);
  EXPECT_EQ(found.name, "InteractVLM");
  EXPECT_TRUE(found.missing.empty()) << found.missing[0];
  std::uint64_t parameters = 0, matrices = 0;
  for (const auto& [name, tensor] : tensors_) {
    parameters += static_cast<std::uint64_t>(tensor.numel());
    if (expected_matrix(name)) matrices += static_cast<std::uint64_t>(tensor.numel());
  }
  EXPECT_EQ(found.parameters, parameters);
  EXPECT_EQ(found.bytes, 2 * parameters);
  EXPECT_EQ(found.stored_precision, "bf16");
  ASSERT_EQ(found.needs.size(), 4U);
  // The cache: 1024 positions, 2 layers, keys and values of 64. SAM's scores: 1 head, 16 × 16.
  const double rest = static_cast<double>(parameters - matrices) + 303.2e6 + 1024.0 * 2 * 2 * 64 + 256;
  const double expected[] = {4.0, 2.0, 1.0, 0.5625};
  for (int i = 0; i < 4; ++i)
    EXPECT_NEAR(static_cast<double>(found.needs[static_cast<std::size_t>(i)].bytes), expected[i] * static_cast<double>(matrices) + (i == 0 ? 4 : 2) * rest, 2.0);
}

TEST_F(Convert, DescribesWhatIsMissing) {
  for (const char* name : {"tokenizer.model", "added_tokens.json", "clip"}) fs::remove_all(from_ / name);
  scratch_.file("model/config.json", R"({"model_type":"llava","token_type":"Gen-Int","num_hidden_layers":3,"vocab_size":41})");
  auto found = describe_folder(from_);
  EXPECT_TRUE(says(found, "tokenizer.model is missing"));
  EXPECT_TRUE(says(found, "added_tokens.json is missing"));
  EXPECT_TRUE(says(found, "the vision tower"));
  EXPECT_TRUE(says(found, "the weights attention_splitter.* are missing"));
  EXPECT_TRUE(says(found, "3 decoder layers, and the weights hold 2"));
  EXPECT_TRUE(says(found, "a vocabulary of 41, and the embedding has 40 rows"));
  fs::remove(from_ / "part1.safetensors");
  found = describe_folder(from_);
  EXPECT_EQ(found.kind, FolderKind::interactvlm);
  EXPECT_TRUE(says(found, "the index names part1.safetensors, which is not in the folder"));
  EXPECT_TRUE(found.needs.empty());
  scratch_.file("model/config.json", "{");
  EXPECT_TRUE(says(describe_folder(from_), "config.json: this is not JSON"));
}

TEST(Describe, OtherKinds) {
  const Scratch scratch;
  const auto kind = [&](const std::string& name, const std::map<std::string, at::Tensor>& tensors) {
    fs::create_directories(scratch / name);
    write_safetensors(scratch / name / "model.safetensors", tensors);
    return describe_folder(scratch / name).kind;
  };
  const at::Tensor some = torch::ones({2, 2});
  EXPECT_EQ(kind("clip", {{"vision_model.embeddings.class_embedding", some}}), FolderKind::clip);
  EXPECT_EQ(kind("sam", {{"image_encoder.pos_embed", some}, {"mask_decoder.x", some}}), FolderKind::sam);
  EXPECT_TRUE(says(describe_folder(scratch / "sam"), "prompt_encoder.* are missing"));
  EXPECT_FALSE(says(describe_folder(scratch / "sam"), "config.json"));
  EXPECT_EQ(describe_folder(scratch / "sam/model.safetensors").kind, FolderKind::sam);
  EXPECT_EQ(kind("llava", {{"model.layers.0.x", some}, {"model.mm_projector.weight", some}}), FolderKind::llava);
  EXPECT_EQ(kind("lisa", {{"model.layers.0.x", some}, {"model.visual_model.image_encoder.x", some}}), FolderKind::lisa);
  EXPECT_EQ(kind("other", {{"x", some}}), FolderKind::unknown);
  EXPECT_EQ(describe_folder(scratch / "sam").needs.size(), 2U);
  EXPECT_SAYS(refusal([&] { describe_folder(scratch / "nothing"); }), "there is no such folder or file");
  fs::create_directories(scratch / "bare");
  EXPECT_TRUE(says(describe_folder(scratch / "bare"), "no weights in this folder"));
}

}  // namespace
}  // namespace tactus::checkpoint
