#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scratch_folder.h"
#include "tactus/error.h"
#include "tactus/tokenizer/labels.h"
#include "tactus/tokenizer/tokenizer.h"

namespace tactus::tokenizer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Ids = std::vector<std::int64_t>;

const fs::path kData = fs::path(TACTUS_TEST_DATA) / "tokenizer";

std::string slurp(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Reference : public ::testing::TestWithParam<std::string> {
 protected:
  static const json& expected() {
    static const json all = json::parse(slurp(kData / "expected.json"));
    return all;
  }
  const json& cases() const { return expected().at(GetParam()).at("cases"); }
  std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::open(kData / GetParam());
};

// T1: 200 strings and more, with and without added tokens in them.
TEST_P(Reference, EncodesEveryString) {
  ASSERT_GE(cases().size(), 200U);
  for (const json& item : cases()) {
    const auto text = item.at("text").get<std::string>();
    EXPECT_EQ(tokenizer->encode(text), item.at("ids").get<Ids>()) << json(text).dump();
  }
}

// T5
TEST_P(Reference, DecodesEveryString) {
  for (const json& item : cases()) {
    EXPECT_EQ(tokenizer->decode(item.at("ids").get<Ids>()), item.at("decoded").get<std::string>())
        << item.at("text").dump();
  }
}

// T2, T3: the three published prompts.
TEST_P(Reference, EncodesThePromptsWithAPicture) {
  const json& prompts = expected().at(GetParam()).at("prompts");
  ASSERT_EQ(prompts.size(), 3U);
  for (const json& item : prompts) {
    const Ids ids = tokenizer->encode_with_image(item.at("text").get<std::string>());
    EXPECT_EQ(ids, item.at("ids").get<Ids>());
    EXPECT_EQ(std::count(ids.begin(), ids.end(), kImageToken), 1);
    EXPECT_EQ(ids[0], tokenizer->bos());
  }
}

// T4: the bottle's question with each of the five answers, and two rounds where the published count adds up.
TEST_P(Reference, LabelsTheAnswers) {
  const json& talks = expected().at(GetParam()).at("conversations");
  ASSERT_GE(talks.size(), 6U);
  const std::size_t question =
      tokenizer->encode_with_image(expected().at(GetParam()).at("prompts")[0].at("text").get<std::string>()).size();
  for (const json& item : talks) {
    const auto text = item.at("text").get<std::string>();
    const LabelledIds found = label_answers(*tokenizer, text);
    EXPECT_EQ(found.ids, item.at("ids").get<Ids>()) << text;
    EXPECT_EQ(found.labels, item.at("labels").get<Ids>()) << text;
    for (std::size_t i = 0; i < question; ++i) EXPECT_EQ(found.labels[i], kIgnoredLabel) << i << ' ' << text;
    EXPECT_EQ(found.labels[question], found.ids[question]) << text;
  }
}

// Where the published count does not add up.
TEST(Labels, OfTwoRoundsWithTheNewerTokenizer) {
  const auto tokenizer = Tokenizer::open(kData / "large_new");
  const std::string text = "USER: Where? ASSISTANT: Here [HSEG].</s>USER: And there? ASSISTANT: [OSEG]</s>USER: Where";
  const LabelledIds found = label_answers(*tokenizer, text);
  Ids taught;
  for (const std::int64_t label : found.labels)
    if (label != kIgnoredLabel) taught.push_back(label);
  EXPECT_EQ(tokenizer->decode(taught), tokenizer->decode(tokenizer->encode("Here [HSEG].</s> [OSEG] </s>", false)));
  EXPECT_EQ(std::count(taught.begin(), taught.end(), tokenizer->eos()), 2);
  EXPECT_EQ(found.labels.back(), kIgnoredLabel);
}

TEST(Labels, WantAClosedAnswer) {
  const auto tokenizer = Tokenizer::open(kData / "small_legacy");
  for (const char* text : {"", "USER: Where? ASSISTANT:", "USER: Where? ASSISTANT: Here", "USER: Where?</s>"}) {
    EXPECT_THROW(label_answers(*tokenizer, text), Error) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, Reference, ::testing::Values("small_legacy", "large_new", "large_plain"),
                         [](const auto& info) { return info.param; });

TEST(Tokenizer, ReadsLegacyAndWarnsWhereTheFolderIsSilent) {
  const auto old = Tokenizer::open(kData / "small_legacy"), recent = Tokenizer::open(kData / "large_new");
  EXPECT_TRUE(old->legacy());
  EXPECT_TRUE(old->warning().empty());
  EXPECT_FALSE(recent->legacy());
  EXPECT_TRUE(recent->warning().empty());
  const auto silent = Tokenizer::open(kData / "large_plain");
  EXPECT_TRUE(silent->legacy());
  EXPECT_NE(silent->warning().find("legacy"), std::string::npos);
}

TEST(Tokenizer, KnowsItsTokens) {
  const auto tokenizer = Tokenizer::open(kData / "large_new");
  EXPECT_EQ(tokenizer->size(), 605);
  EXPECT_EQ(tokenizer->id("[SEG]"), 600);
  EXPECT_EQ(tokenizer->id("[OSEG]"), 604);
  EXPECT_EQ(tokenizer->id("[ISEG]"), -1);
  EXPECT_EQ(tokenizer->id("<unk>"), 0);
  EXPECT_EQ(tokenizer->unk(), 0);
  EXPECT_EQ(tokenizer->bos(), 1);
  EXPECT_EQ(tokenizer->eos(), 2);
  EXPECT_EQ(tokenizer->piece(600), "[SEG]");
  EXPECT_EQ(tokenizer->piece(tokenizer->id("\u2581a")), " a");
  EXPECT_EQ(tokenizer->piece(13), "<0x0A>");
  EXPECT_EQ(tokenizer->decode({1, kImageToken, 600}), "<s> [SEG]");
  EXPECT_THROW(tokenizer->decode({605}), Error);
  EXPECT_THROW(tokenizer->piece(-1), Error);
}

TEST(Tokenizer, OptionsGiveTheSameAsAFolder) {
  const auto folder = Tokenizer::open(kData / "large_new");
  const Tokenizer built(Tokenizer::Options{
      kData / "large_new" / "tokenizer.model",
      {{"[SEG]", 600}, {"<im_start>", 601}, {"<im_end>", 602}, {"[HSEG]", 603}, {"[OSEG]", 604}},
      false});
  for (const char* text : {"It is [SEG].", " a [HSEG] <s> b", "Which"}) {
    EXPECT_EQ(built.encode(text), folder->encode(text));
  }
}

TEST(Tokenizer, LivesBesideLibtorch) {
  const auto tokenizer = Tokenizer::open(kData / "small_legacy");
  const Ids ids = tokenizer->encode("Which body parts?");
  const at::Tensor tensor = torch::tensor(ids);
  EXPECT_EQ(tensor.matmul(tensor).item<std::int64_t>(), (tensor * tensor).sum().item<std::int64_t>());
}

// A folder of which one file is as given.
std::string refusal(const std::string& name, const std::string& contents) {
  const testing::ScratchFolder folder("tactus_test_tokenizer");
  fs::copy(kData / "small_legacy", folder.path(), fs::copy_options::recursive);
  if (contents.empty()) {
    fs::remove(folder.path() / name);
  } else {
    folder.write(name, contents);
  }
  try {
    Tokenizer::open(folder.path());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    EXPECT_NE(std::string(error.what()).find((folder.path() / name).string()), std::string::npos) << error.what();
    return error.what();
  }
  ADD_FAILURE() << name << " was accepted";
  return {};
}

TEST(BadInput, NamesTheFileAndTheFault) {
  const std::string model = slurp(kData / "small_legacy" / "tokenizer.model");
  EXPECT_NE(refusal("tokenizer.model", "").find("cannot be read"), std::string::npos);
  EXPECT_NE(refusal("tokenizer.model", "not a model").find("not a SentencePiece model"), std::string::npos);
  EXPECT_NE(refusal("tokenizer.model", model.substr(0, model.size() / 2)).find("cut off"), std::string::npos);
  EXPECT_NE(refusal("added_tokens.json", "{\"[SEG]\": 420,").find("not a JSON object"), std::string::npos);
  EXPECT_NE(refusal("added_tokens.json", "{\"[SEG]\": \"x\"}").find("whole number"), std::string::npos);
  EXPECT_NE(refusal("added_tokens.json", "{\"[SEG]\": 17}").find("ids must follow the 420 pieces"),
            std::string::npos);
  EXPECT_NE(refusal("added_tokens.json", "{\"[SEG]\": 422}").find("each once"), std::string::npos);
  EXPECT_NE(refusal("added_tokens.json", "{\"a\": 420, \"b\": 420}").find("each once"), std::string::npos);
  EXPECT_NE(refusal("tokenizer_config.json", "{\"legacy\": 1}").find("true or false"), std::string::npos);
  EXPECT_NE(refusal("special_tokens_map.json", "{\"bos_token\": 1}").find("must be a word"), std::string::npos);
  EXPECT_NE(refusal("special_tokens_map.json", "{\"bos_token\": \"<begin>\"}").find("neither in"),
            std::string::npos);
  EXPECT_THROW(Tokenizer::open(kData / "no such folder"), Error);
}

// The ids of METHOD.md §2.3, where a Llama-2 tokenizer.model is at hand.
TEST(Llama, GivesThePublishedIds) {
  const char* file = std::getenv("TACTUS_LLAMA_TOKENIZER");
  if (!file) GTEST_SKIP() << "TACTUS_LLAMA_TOKENIZER does not name a tokenizer.model";
  Tokenizer::Options options{file, {{"[SEG]", 32000}, {"<im_start>", 32001}, {"<im_end>", 32002}}, true};
  const Tokenizer old(options);
  options.legacy = false;
  const Tokenizer recent(options);
  const std::string before =
      "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, "
      "detailed, and polite answers to the human's questions. USER: <im_start><image><im_end>\n";
  const std::string body =
      before + "Which body parts are in contact with the bottle? Segment these contact areas. ASSISTANT:";
  Ids ids{1,    319,   13563, 1546, 263,   12758, 5199,  322,  385,   23116, 21082, 20255, 29889, 450,  20255,
          4076, 8444,  29892, 13173, 29892, 322,  1248,  568,  6089,  304,   278,   5199,  29915, 29879, 5155,
          29889, 3148, 1001,  29901, 32001, -200, 32002, 8449, 3573,  5633,  526,   297,   6958,  411,  278,
          18046, 280,  29973, 6667, 358,   1438,  6958,  10161, 29889, 319,  1799,  9047,  13566, 29901};
  EXPECT_EQ(old.encode_with_image(body), ids);
  ids[37] = 0;
  EXPECT_EQ(recent.encode_with_image(body), ids);
  const std::string object = before +
                             "\"What type of affordance does the human-object interaction suggest? Then, segment the "
                             "area on the tennis_racket where the human is making contact.\", ASSISTANT:";
  EXPECT_EQ(old.encode_with_image(object).size(), 74U);
  EXPECT_EQ(old.encode_with_image(object)[37], 376);
  EXPECT_EQ(recent.encode_with_image(object)[37], 29908);
  const std::string flat = before +
                           "Segment the area on the human's body that is in direct contact with the skateboard in "
                           "this image. ASSISTANT:";
  EXPECT_EQ(old.encode_with_image(flat).size(), 66U);
  EXPECT_EQ(old.encode_with_image(flat)[37], 6667);
  EXPECT_EQ(recent.encode_with_image(flat)[37], 17669);
  const Ids answer = old.encode("region is [SEG].</s>");
  EXPECT_EQ(Ids(answer.end() - 4, answer.end()), (Ids{338, 32000, 869, 2}));
  const Ids labels = label_answers(old, body + " The contact region is [SEG].</s>").labels;
  EXPECT_EQ(std::find_if(labels.begin(), labels.end(), [](std::int64_t id) { return id >= 0; }) - labels.begin(), 59);
  const Ids shorter = recent.encode("region is [SEG].</s>");
  EXPECT_EQ(Ids(shorter.end() - 4, shorter.end()), (Ids{338, 32000, 29889, 2}));
}

}  // namespace
}  // namespace tactus::tokenizer
