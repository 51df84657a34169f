#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "near.h"
#include "tactus/checkpoint/load_module.h"
#include "tactus/clip/vision_tower.h"
#include "tactus/error.h"

namespace tactus::clip {
namespace {

using testing::near;
using testing::near_bf16;

const std::filesystem::path kData = std::filesystem::path(TACTUS_TEST_DATA) / "clip";

VisionTower tiny(at::ScalarType dtype) {
  VisionTower tower(read_options(kData / "tiny"));
  checkpoint::LoadOptions options;
  options.dtype = dtype;
  checkpoint::load_module(*tower, *checkpoint::open_tensors(kData / "tiny"), options);
  return tower;
}

// METHOD.md §10.2
TEST(VisionTower, EqualsTheReference) {
  const torch::NoGradGuard no_grad;
  const auto expected = checkpoint::open_tensors(kData / "expected.safetensors");
  VisionTower tower = tiny(at::kFloat);
  const at::Tensor pixels = expected->read("pixels");
  EXPECT_TRUE(near(tower(pixels), expected->read("last_but_one"), 1e-5, 1e-5));
  EXPECT_TRUE(near(tower(pixels, -1), expected->read("last"), 1e-5, 1e-5));
  EXPECT_TRUE(near(tower(pixels, 3), expected->read("last"), 1e-5, 1e-5));
  EXPECT_TRUE(near(tower(pixels, 0), expected->read("first"), 1e-5, 1e-5));
  EXPECT_FALSE(near(tower(pixels, -2), expected->read("last"), 1e-2, 1e-2));
  EXPECT_THROW(tower(pixels, 4), Error);
  EXPECT_THROW(tower(pixels, -5), Error);
  EXPECT_THROW(tower(torch::zeros({1, 3, 56, 42})), c10::Error);
}

TEST(VisionTower, Bf16) {
  const torch::NoGradGuard no_grad;
  const auto expected = checkpoint::open_tensors(kData / "expected.safetensors");
  VisionTower tower = tiny(at::kBFloat16);
  EXPECT_TRUE(near_bf16(tower(expected->read("pixels").to(at::kBFloat16)), expected->read("bf16")));
}

// Two layers of full width, weights from the same seed on both sides.
TEST(VisionTower, FullWidth) {
  const torch::NoGradGuard no_grad;
  VisionTowerOptions options;
  options.layers = 2;
  VisionTower tower(options);
  std::map<std::string, at::Tensor> sorted;
  for (const auto& item : tower->named_parameters()) sorted.emplace(item.key(), item.value());
  torch::manual_seed(4);
  for (auto& [name, value] : sorted) {
    value.copy_(torch::randn(value.sizes()) * 0.05);
    if (name.find("norm") != std::string::npos && name.ends_with("weight")) value.add_(1);
  }
  const auto expected = checkpoint::open_tensors(kData / "expected.safetensors");
  const at::Tensor pixels = torch::randn({1, 3, 224, 224});
  const auto rows = [&](std::int64_t layer) {
    return tower(pixels, layer)[0].slice(0, 0, c10::nullopt, 32);
  };
  EXPECT_TRUE(near(rows(-2), expected->read("wide_last_but_one"), 1e-4, 1e-4));
  EXPECT_TRUE(near(rows(-1), expected->read("wide_last"), 1e-4, 1e-4));
}

TEST(VisionTower, Trains) {
  VisionTower tower = tiny(at::kFloat);
  tower(torch::randn({1, 3, 56, 56}), -1).square().sum().backward();
  for (const auto& item : tower->named_parameters()) {
    if (item.key().find("post_layernorm") != std::string::npos) continue;
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
  }
}

TEST(ReadOptions, TakesTheFolderAndTheDefaults) {
  const VisionTowerOptions read = read_options(kData / "tiny");
  EXPECT_EQ(read.hidden_size, 64);
  EXPECT_EQ(read.layers, 3);
  EXPECT_EQ(read.heads, 4);
  EXPECT_EQ(read.mlp_size, 128);
  EXPECT_EQ(read.image_size, 56);
  EXPECT_EQ(read.patches(), 16);
  EXPECT_FLOAT_EQ(read.mean[2], 0.3F);
  EXPECT_FLOAT_EQ(read.std[0], 0.2F);

  const testing::ScratchFolder folder("tactus_test_clip");
  folder.write("config.json", R"({"model_type": "clip", "vision_config": {"image_size": 336, "patch_size": 14}})");
  const VisionTowerOptions large = read_options(folder.path());
  EXPECT_EQ(large.patches(), 576);
  EXPECT_EQ(large.hidden_size, 1024);
  EXPECT_EQ(large.layers, 24);
  EXPECT_FLOAT_EQ(large.mean[0], 0.48145466F);
  folder.write("preprocessor_config.json", R"({"crop_size": 336, "size": 336})");
  EXPECT_EQ(read_options(folder.path()).image_size, 336);
}

std::string refusal(const std::string& config, const std::string& preprocessor = "{}") {
  const testing::ScratchFolder folder("tactus_test_clip_bad");
  if (!config.empty()) folder.write("config.json", config);
  folder.write("preprocessor_config.json", preprocessor);
  try {
    read_options(folder.path());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    EXPECT_NE(std::string(error.what()).find(folder.path().string()), std::string::npos);
    return error.what();
  }
  return "accepted";
}

TEST(ReadOptions, RefusesOtherArchitecturesAndImpossibleSizes) {
  const auto says = [](const std::string& sentence, const char* part) {
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
  };
  says(refusal(""), "cannot be read");
  says(refusal("{"), "not a JSON object");
  says(refusal(R"({"model_type": "siglip"})"), "\"siglip\"");
  says(refusal(R"({"hidden_size": 64})"), "model_type");
  says(refusal(R"({"model_type": "clip", "vision_config": 3})"), "vision_config");
  says(refusal(R"({"model_type": "clip_vision_model", "hidden_size": 100, "num_attention_heads": 16})"), "multiple");
  says(refusal(R"({"model_type": "clip_vision_model", "hidden_size": -4})"), "whole number");
  says(refusal(R"({"model_type": "clip_vision_model", "num_hidden_layers": "many"})"), "whole number");
  says(refusal(R"({"model_type": "clip_vision_model", "hidden_act": "gelu"})"), "quick_gelu");
  says(refusal(R"({"model_type": "clip_vision_model", "image_size": 8})"), "larger");
  says(refusal(R"({"model_type": "clip_vision_model"})", R"({"image_mean": [1, 2]})"), "three numbers");
  says(refusal(R"({"model_type": "clip_vision_model"})", R"({"image_std": [1, 0, 1]})"), "three positive numbers");
  says(refusal(R"({"model_type": "clip_vision_model"})", R"({"crop_size": 336})"), "336");
  EXPECT_THROW(read_options("/no such folder"), Error);
}

}  // namespace
}  // namespace tactus::clip
