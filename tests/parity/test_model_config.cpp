// config.json of a model folder: defaults, aliases, token ids, and what is refused (METHOD.md §1.3, §1.4, §9.1).
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tactus/error.h"
#include "tactus/interactvlm/config.h"
#include "tactus/interactvlm/model.h"

namespace tactus::interactvlm {
namespace {

namespace fs = std::filesystem;

class ModelConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tactus-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  ModelConfig read(const std::string& json) const {
    write("config.json", json);
    return read_model_config(folder_);
  }
  void expect_refused(const std::string& json, const std::vector<std::string>& words) const {
    try {
      read(json);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_input);
      const std::string said = error.what();
      for (const auto& word : words) EXPECT_NE(said.find(word), std::string::npos) << "\"" << said << "\" does not say \"" << word << "\"";
      return;
    }
    ADD_FAILURE() << json << " was accepted";
  }
  fs::path folder_;
};

TEST_F(ModelConfigTest, ReadsAReleasedJointModel) {
  const auto c = read(R"({"architectures": ["InteractVLMForCausalLM"], "model_type": "llava", "vocab_size": 32005,
    "hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 40, "token_type": "Gen-Hu-Obj-DifDe", "seg_token_idx": 32000,
    "hseg_token_idx": 32003, "oseg_token_idx": 32004, "multiview_channels": 4, "multiview_cam_cond": true,
    "cam_encoder_type": "vi_v1", "hC_sam_view_type": "4MV-Z_Vitru", "oC_sam_view_type": "4MV-Z_HM_BM", "hC_loss_weight": 3,
    "oC_loss_weight": 3.0, "img_emb_len": 255, "torch_dtype": "bfloat16", "rope_scaling": null})");
  EXPECT_EQ(c.token_type, TokenType::gen_hu_obj);
  EXPECT_TRUE(c.separate_decoders);
  EXPECT_TRUE(c.has_splitter());
  EXPECT_EQ(c.views, 4);
  EXPECT_TRUE(c.camera_conditioning);
  EXPECT_EQ(c.camera_encoder, "vi_v1");
  EXPECT_EQ(c.object_view_type, "4MV-Z_HM_BM");
  EXPECT_EQ(c.human_weight, 3.0);
  EXPECT_EQ(c.key_value_heads, 40);   // not in the file: as many as heads
  EXPECT_FALSE(c.lisa);
  for (const int id : {32000, 32003, 32004}) EXPECT_TRUE(c.makes_mask(id)) << id;
  EXPECT_FALSE(c.makes_mask(32001));
}

TEST_F(ModelConfigTest, FillsInWhatLisaLeavesOut) {
  write("added_tokens.json", R"({"[SEG]": 32000, "<im_start>": 32001, "<im_end>": 32002})");
  const auto c = read(R"({"architectures": ["LISAForCausalLM"], "model_type": "llava", "mm_vision_tower": "openai/clip-vit-large-patch14"})");
  EXPECT_TRUE(c.lisa);
  EXPECT_EQ(c.token_type, TokenType::gen);
  EXPECT_EQ(c.views, 1);
  EXPECT_FALSE(c.camera_conditioning);
  EXPECT_EQ(c.image_embedding_length, 255);
  EXPECT_EQ(c.seg_token, 32000);
  EXPECT_FALSE(c.human_seg_token.has_value());
  EXPECT_EQ(c.human_weight, 0.0);
}

TEST_F(ModelConfigTest, GivesBothTokensOfGenIntOneId) {
  write("added_tokens.json", R"({"[SEG]": 32000, "<im_start>": 32001, "<im_end>": 32002, "[ISEG]": 32003})");
  const auto c = read(R"({"token_type": "Gen-Int", "vocab_size": 32004})");
  EXPECT_EQ(c.human_seg_token, 32003);
  EXPECT_EQ(c.object_seg_token, 32003);
}

TEST_F(ModelConfigTest, RefusesWithTheKeyAndWhatWouldBeRight) {
  write("added_tokens.json", R"({"[SEG]": 32000})");
  expect_refused("{", {"config.json", "not JSON"});
  expect_refused("[1]", {"config.json", "object"});
  expect_refused(R"({"model_type": "bert"})", {"bert", "InteractVLM and LISA"});
  expect_refused(R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama"})", {"LlamaForCausalLM"});
  expect_refused(R"({"hidden_size": "many"})", {"hidden_size", "\"many\"", "whole number"});
  expect_refused(R"({"hidden_size": 5121})", {"hidden_size", "multiple of num_attention_heads (40)"});
  expect_refused(R"({"num_hidden_layers": 0})", {"num_hidden_layers", "from 1"});
  expect_refused(R"({"num_key_value_heads": 7})", {"num_key_value_heads (7)"});
  expect_refused(R"({"token_type": "Other"})", {"token_type", "Gen-Hu-Obj"});
  expect_refused(R"({"rope_scaling": {"type": "linear", "factor": 2}})", {"rope_scaling"});
  expect_refused(R"({"hidden_act": "gelu"})", {"hidden_act", "silu"});
  expect_refused(R"({"multiview_cam_cond": 3})", {"multiview_cam_cond", "true or false"});
  expect_refused(R"({"vocab_size": 32000})", {"32000", "outside the vocabulary"});
  expect_refused(R"({"vocab_size": 1e400})", {"config.json"});
  fs::remove(folder_ / "added_tokens.json");
  expect_refused("{}", {"[SEG]", "seg_token_idx"});
  fs::remove(folder_ / "config.json");
  EXPECT_THROW(read_model_config(folder_), Error);
}

TEST(Prompts, AreWordForWordThePublishedOnes) {
  const auto templates = PromptTemplates::read(fs::path(TACTUS_SOURCE_DIR) / "resources/prompts/interactvlm.json");
  EXPECT_EQ(templates.prompt(templates.question(Task::hcontact, "bottle"), true),
            "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and "
            "polite answers to the human's questions. USER: <im_start><image><im_end>\nWhich body parts are in contact with the "
            "bottle? Segment these contact areas. ASSISTANT:");
  EXPECT_EQ(templates.question(Task::oafford, "tennis_racket"),
            "\"What type of affordance does the human-object interaction suggest? Then, segment the area on the tennis_racket "
            "where the human is making contact.\",");
  EXPECT_EQ(templates.question(Task::h2dcontact, "skateboard"),
            "Segment the area on the human's body that is in direct contact with the skateboard in this image.");
  EXPECT_NE(templates.prompt("Q", false).find("USER: <image>\nQ ASSISTANT:"), std::string::npos);
  EXPECT_THROW(PromptTemplates::read("/nowhere.json"), Error);
}

TEST(Tasks, AreNamedAsTheDemoNamesThem) {
  for (const auto& [name, task] : task_names()) EXPECT_EQ(task_of(name), task);
  EXPECT_EQ(task_of("hcontact-wScene"), Task::hcontact_scene);
  EXPECT_FALSE(task_of("hcontact-ocontact").has_value());
  EXPECT_TRUE(is_human(Task::hcontact_scene));
  EXPECT_FALSE(is_human(Task::h2dcontact));
}

}  // namespace
}  // namespace tactus::interactvlm
