// Whole tiny folders, stage by stage, against the Python reference (METHOD.md §2, §10).
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "interactvlm_cases.h"

namespace tactus::interactvlm {
namespace {

using parity::Case;

class WholeModel : public ::testing::TestWithParam<Case> {};

TEST_P(WholeModel, EveryStage) {
  const Case& c = GetParam();
  const Answer answer = parity::ask(c);
  const auto wanted = parity::expected(c);
  // In the order in which they are computed: the first that differs is the one to look at.
  for (const std::string stage : {"input_ids", "clip_pixels", "clip_features", "generated_ids", "contact_hidden",
                                  "contact_embedding", "view_embeddings", "sam_embeddings", "low_res_masks", "masks"}) {
    const auto found = answer.stages.find(stage);
    if (found == answer.stages.end()) {
      ADD_FAILURE() << stage << " is not among the stages";
      continue;
    }
    const at::Tensor tensor = parity::thinned(c, stage, parity::tensor_of(found->second));
    const bool rounded = c.precision == "bf16" && stage.find("masks") != std::string::npos;
    const std::string wrong =
        rounded ? parity::rounding_difference(tensor, wanted.at(stage), parity::expected(parity::exact_case(c)).at(stage))
                : parity::difference(tensor, wanted.at(stage), c.precision);
    EXPECT_EQ(wrong, "") << stage << ' ' << wrong;
  }
}

TEST_P(WholeModel, TokensAndText) {
  const Case& c = GetParam();
  const Answer answer = parity::ask(c);
  const auto wanted = parity::expected(c);
  const auto ids = wanted.at("generated_ids")[0];
  const auto probabilities = wanted.at("probabilities");
  ASSERT_EQ(static_cast<std::int64_t>(answer.tokens.size()), ids.size(0));
  const ModelConfig& config = parity::model_of(c)->config();
  int makers = 0;
  for (std::size_t i = 0; i < answer.tokens.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const bool makes = config.makes_mask(ids[at].item<std::int64_t>());
    makers += makes;
    EXPECT_EQ(answer.tokens[i].makes_mask, makes) << answer.tokens[i].text;
    EXPECT_NEAR(answer.tokens[i].probability, probabilities[at].item<float>(), c.precision == "fp32" ? 1e-4 : 2e-2);
  }
  EXPECT_EQ(answer.contact_tokens, makers);
  EXPECT_EQ(makers, wanted.at("contact_hidden").size(0));
  EXPECT_FALSE(answer.reached_limit);
  EXPECT_EQ(answer.text + "</s>", c.answer);   // the closing token stands in whole_text alone
}

TEST_P(WholeModel, MasksHaveThePicturesSize) {
  const Case& c = GetParam();
  const Answer answer = parity::ask(c);
  const auto wanted = parity::expected(c).at("masks");
  ASSERT_EQ(static_cast<std::int64_t>(answer.masks.size()), wanted.size(0));
  for (std::size_t i = 0; i < answer.masks.size(); ++i) {
    const ImageF& mask = answer.masks[i];
    const ImageU8 picture = parity::picture(c.pictures[c.pictures.size() == 1 ? 0 : i]);
    ASSERT_TRUE(mask.same_size(picture.width, picture.height));
    const int stride = c.strides.at("masks");
    const auto rows = wanted[static_cast<std::int64_t>(i)].contiguous();
    const float scale = rows.abs().max().item<float>();
    for (std::int64_t y = 0; y < rows.size(0); ++y)
      for (std::int64_t x = 0; x < rows.size(1); ++x)
        ASSERT_NEAR(mask.at(static_cast<int>(x) * stride, static_cast<int>(y) * stride), rows[y][x].item<float>(),
                    c.precision == "fp32" ? 1e-4F * (1 + scale) : 0.2F * scale)   // bf16: see rounding_difference
            << "mask " << i << " row " << y << " column " << x;
  }
}

TEST_P(WholeModel, PublishedPrompt) {
  const Case& c = GetParam();
  if (c.task == "segment") return;   // its question is free
  const auto templates = PromptTemplates::read(TACTUS_SOURCE_DIR "/resources/prompts/interactvlm.json");
  const Task task = task_of(c.task).value();
  EXPECT_EQ(templates.prompt(templates.question(task, c.object), true), c.prompt);
}

// A second question on the same photograph, from what was kept of the first, is the same.
TEST_P(WholeModel, AskedTwice) {
  const Case& c = GetParam();
  const Answer first = parity::ask(c), second = parity::ask(c);
  EXPECT_EQ(first.text, second.text);
  ASSERT_EQ(first.masks.size(), second.masks.size());
  for (std::size_t i = 0; i < first.masks.size(); ++i) EXPECT_EQ(first.masks[i].data, second.masks[i].data);
}

INSTANTIATE_TEST_SUITE_P(Tiny, WholeModel, ::testing::ValuesIn(parity::cases()), parity::name_of);

TEST(Folders, Configurations) {
  const auto config = [](const std::string& variant) {
    return read_model_config(std::filesystem::path(TACTUS_TINY_MODELS) / variant / "model");
  };
  const ModelConfig lisa = config("lisa");
  EXPECT_TRUE(lisa.lisa);
  EXPECT_EQ(lisa.views, 1);
  EXPECT_FALSE(lisa.camera_conditioning);
  EXPECT_EQ(lisa.seg_token, lisa.vocab_size - 3);
  const ModelConfig both = config("hu_obj");
  EXPECT_EQ(both.token_type, TokenType::gen_hu_obj);
  EXPECT_EQ(both.key_value_heads, 3);
  EXPECT_EQ(both.human_seg_token, both.vocab_size - 2);
  EXPECT_EQ(both.object_seg_token, both.vocab_size - 1);
  EXPECT_EQ(both.image_embedding_length, 8);
  const ModelConfig one = config("gen_int");
  EXPECT_EQ(one.token_type, TokenType::gen_int);
  EXPECT_EQ(one.human_seg_token, one.object_seg_token);
  EXPECT_TRUE(config("difde").separate_decoders);
  EXPECT_EQ(config("difde").vision_select_layer, -3);
  EXPECT_EQ(config("ten_views").views, 10);
}

}  // namespace
}  // namespace tactus::interactvlm
