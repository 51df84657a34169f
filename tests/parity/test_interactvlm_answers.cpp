// What a model's answer can be besides one contact token, and what is kept between questions (METHOD.md §2.6, §2.7).
// The folders are tiny ones with some rows of lm_head changed.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <stdexcept>

#include "interactvlm_cases.h"
#include "scratch_folder.h"
#include "tactus/checkpoint/save_tensors.h"
#include "tactus/checkpoint/tensor_source.h"
#include "tactus/error.h"

namespace tactus::interactvlm {
namespace {

namespace fs = std::filesystem;
using parity::Case;
using Tensors = std::map<std::string, at::Tensor>;

const Case& case_of(const std::string& variant, const std::string& name) {
  for (const Case& c : parity::cases())
    if (c.variant == variant && c.name == name) return c;
  throw std::logic_error("no case " + variant + "/" + name);
}

class Answers : public ::testing::Test {
 protected:
  // The model with its weights changed and its views' embeddings kept in cache().
  std::shared_ptr<Model> altered(const std::function<void(Tensors&)>& change = {}) const {
    const fs::path folder = scratch_.path() / ("model" + std::to_string(count_++));
    fs::create_directories(folder);
    for (const auto& entry : fs::directory_iterator(case_.folder() / "model"))
      if (entry.path().extension() != ".bin" && !entry.path().string().ends_with(".index.json")) fs::copy(entry.path(), folder);
    const auto source = checkpoint::open_tensors(case_.folder() / "model");
    Tensors tensors;
    for (const auto& info : source->tensors()) tensors[info.name] = source->read(info.name).clone();
    if (change) change(tensors);
    checkpoint::write_safetensors(folder / "model.safetensors", tensors);
    OpenOptions options;
    options.folder = folder;
    options.clip_folder = case_.folder() / "clip";
    options.precision = "fp32";
    options.device = "cpu";
    options.cache_folder = cache();
    return Model::open(options, {});
  }
  Answer ask(Model& model, int limit = 512) const {
    const ImageU8 photo = parity::picture(case_.photo);
    std::vector<ImageU8> seen;
    for (const auto& path : case_.pictures) seen.push_back(parity::picture(path));
    Query query{.photo = photo, .prompt = case_.prompt, .pictures = {}, .max_new_tokens = limit, .keep_stages = true};
    for (const auto& image : seen) query.pictures.push_back(&image);
    query.task = task_of(case_.task).value();
    query.keep_embeddings_on_disk = true;
    return model.ask(query, {});
  }
  fs::path cache() const { return scratch_.path() / "cache"; }
  std::vector<fs::path> kept() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(cache())) files.push_back(entry.path());
    return files;
  }

  const Case& case_ = case_of("gen", "hcontact");
  const Tensors expected_ = parity::expected(case_);
  const at::Tensor ids_ = expected_.at("generated_ids")[0];
  const std::int64_t seg_ = *parity::model_of(case_)->config().seg_token;
  tactus::testing::ScratchFolder scratch_{"tactus_test_answers_" + std::to_string(::getpid())};

 private:
  mutable int count_ = 0;
};

bool warned(const Answer& answer, const std::string& words) {
  return std::any_of(answer.warnings.begin(), answer.warnings.end(), [&](const std::string& w) { return w.find(words) != std::string::npos; });
}

TEST_F(Answers, WithoutAContactToken) {
  const auto model = altered([&](Tensors& t) { t["lm_head.weight"][seg_].zero_(); });
  const Answer answer = ask(*model);
  EXPECT_EQ(answer.contact_tokens, 0);
  EXPECT_TRUE(answer.masks.empty());
  EXPECT_EQ(answer.text.find("[SEG]"), std::string::npos) << answer.text;
  EXPECT_TRUE(answer.text.starts_with("The left hand and fingers")) << answer.text;
  EXPECT_TRUE(warned(answer, "without a contact token"));
  EXPECT_FALSE(answer.stages.contains("contact_hidden"));
  EXPECT_TRUE(answer.stages.contains("generated_ids"));
}

TEST_F(Answers, CutOffAtTheLimit) {
  const auto model = altered([](Tensors& t) { t["lm_head.weight"][2].zero_(); });   // </s> never comes
  const Answer whole = ask(*model);
  EXPECT_TRUE(whole.reached_limit);
  EXPECT_EQ(whole.tokens.size(), 512U);
  EXPECT_TRUE(warned(whole, "cut off after 512 tokens"));
  EXPECT_GE(whole.contact_tokens, 1);
  EXPECT_EQ(whole.masks.size(), case_.pictures.size());
  const Answer early = ask(*model, 2);
  EXPECT_EQ(early.tokens.size(), 2U);
  EXPECT_TRUE(early.reached_limit);
  EXPECT_TRUE(warned(early, "cut off after 2 tokens"));
  EXPECT_TRUE(early.masks.empty());
}

// Several views: the first token makes the masks, as it would alone.
TEST_F(Answers, SeveralContactTokens) {
  std::int64_t at = 0;
  while (ids_[at].item<std::int64_t>() != seg_) ++at;
  ASSERT_LT(at + 1, ids_.size(0));
  const auto next = ids_[at + 1].item<std::int64_t>();
  const auto model = altered([&](Tensors& t) {   // what follows the contact token becomes a contact token too
    at::Tensor rows = t["lm_head.weight"].to(at::kFloat);
    rows[seg_].add_(rows[next]);
    rows[next].zero_();
    t["lm_head.weight"] = rows;
  });
  const Answer answer = ask(*model, static_cast<int>(at) + 2);
  EXPECT_EQ(answer.contact_tokens, 2);
  EXPECT_TRUE(warned(answer, "2 contact tokens; the mask is the first one's"));
  const at::Tensor both = parity::tensor_of(answer.stages.at("contact_hidden"));
  ASSERT_EQ(both.size(0), 2);
  EXPECT_EQ(parity::difference(both.slice(0, 0, 1), expected_.at("contact_hidden"), "fp32"), "");
  EXPECT_NE(parity::difference(both.slice(0, 1, 2), expected_.at("contact_hidden"), "fp32"), "");
  EXPECT_EQ(parity::difference(parity::thinned(case_, "masks", parity::tensor_of(answer.stages.at("masks"))), expected_.at("masks"), "fp32"), "");
}

TEST_F(Answers, OfDamagedWeightsAreNone) {
  for (const char* name : {"model.norm.weight", "model.visual_model.mask_decoder.iou_token.weight"}) {
    const auto model = altered([&](Tensors& t) { t[name].fill_(std::numeric_limits<float>::quiet_NaN()); });
    try {
      ask(*model);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_input);
      EXPECT_NE(std::string(error.what()).find("not finite"), std::string::npos) << error.what();
    }
  }
}

// The embedding of every view is stored, under a name of its weights and its picture, and taken from there.
TEST_F(Answers, KeepTheViewsEmbeddings) {
  const auto embeddings = [&](Model& model) { return parity::tensor_of(ask(model).stages.at("sam_embeddings")); };
  const auto first = altered();
  const at::Tensor made = embeddings(*first);
  EXPECT_EQ(parity::difference(parity::thinned(case_, "sam_embeddings", made), expected_.at("sam_embeddings"), "fp32"), "");
  ASSERT_EQ(kept().size(), case_.pictures.size());

  for (const auto& file : kept()) {
    const at::Tensor stored = checkpoint::open_tensors(file)->read("embedding").clone();
    fs::remove(file);
    checkpoint::write_safetensors(file, {{"embedding", at::ones_like(stored)}});
  }
  EXPECT_TRUE(embeddings(*first).equal(made));          // a second question: from memory
  const auto again = altered();
  EXPECT_TRUE(embeddings(*again).equal(at::ones_like(made)));   // another run: from the files

  for (const auto& file : kept()) fs::resize_file(file, 100);   // damaged: made and written again
  EXPECT_TRUE(embeddings(*altered()).equal(made));
  for (const auto& file : kept()) EXPECT_EQ(checkpoint::open_tensors(file)->read("embedding").numel(), made[0].numel());

  const auto other = altered([](Tensors& t) { t["model.visual_model.image_encoder.pos_embed"].add_(1.0); });
  EXPECT_FALSE(embeddings(*other).equal(made));
  EXPECT_EQ(kept().size(), 2 * case_.pictures.size());
}

}  // namespace
}  // namespace tactus::interactvlm
