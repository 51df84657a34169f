// Clicks and boxes on a photograph, against SamPredictor on a tiny network; sizes read off files; bad files.
#include <filesystem>
#include <fstream>

#include "seeded_weights.h"
#include "tactus/sam/sam.h"

namespace tactus::parity {
namespace {

const std::string kFile = std::string(TACTUS_TEST_DATA) + "/sam/tiny_sam.pth";

std::shared_ptr<sam::Segmenter> opened(at::ScalarType dtype = at::kFloat) {
  return sam::Segmenter::open(kFile, dtype, at::kCPU, {});
}

const std::vector<sam::PointPrompt> kPoints = {{30.0, 40.0, true}, {80.0, 20.5, false}, {55.0, 60.0, true}};
const sam::BoxPrompt kBox{20.0, 10.0, 90.0, 66.0};

std::vector<sam::PointPrompt> first(std::size_t count) {
  return {kPoints.begin(), kPoints.begin() + static_cast<std::ptrdiff_t>(count)};
}

void expect_answer(const sam::Segmenter::Answer& answer, const std::string& name) {
  static const auto reference = fixture("sam/predictor.safetensors");
  ASSERT_EQ(answer.logits.width, 100);
  ASSERT_EQ(answer.logits.height, 75);
  const at::Tensor expected = reference->read(name + " logits");
  double largest = 0.0, off = 0.0;
  for (std::size_t i = 0; i < answer.logits.data.size(); ++i) {
    const double value = expected.const_data_ptr<float>()[i];
    largest = std::max(largest, std::abs(value));
    off = std::max(off, std::abs(answer.logits.data[i] - value));
  }
  EXPECT_LT(off, 1e-4 * (1.0 + largest)) << name;
  EXPECT_GT(largest, 0.1) << name << ": the fixture says nothing";
  EXPECT_NEAR(answer.iou, reference->read(name + " iou").item<float>(), 1e-4) << name;
}

TEST(Segmenter, AnswersAsThePredictorRoundByRound) {
  const auto segmenter = opened();
  segmenter->set_photo(picture(100, 75), {});
  for (const std::size_t n : {1, 2, 3}) expect_answer(segmenter->segment(first(n), {}), "points " + std::to_string(n));
  expect_answer(segmenter->segment({}, kBox), "box");
  expect_answer(segmenter->segment(first(1), kBox), "box and point");
  // A box drawn from the other corner is the same box.
  expect_answer(segmenter->segment({}, sam::BoxPrompt{90.0, 66.0, 20.0, 10.0}), "box");
}

TEST(Segmenter, AnswersDependOnTheMarksAlone) {
  const auto segmenter = opened();
  segmenter->set_photo(picture(100, 75), {});
  expect_answer(segmenter->segment(kPoints, {}), "points 3");   // nothing was asked before
  expect_answer(segmenter->segment(first(1), {}), "points 1");   // the last click taken back
  segmenter->set_photo(picture(60, 90), {});
  const auto other = segmenter->segment(first(1), {});
  EXPECT_TRUE(other.logits.same_size(60, 90));
  segmenter->set_photo(picture(100, 75), {});
  expect_answer(segmenter->segment(first(2), {}), "points 2");
}

TEST(Segmenter, Bfloat16AgreesOnMostPixels) {
  const auto exact = opened(), rough = opened(at::kBFloat16);
  exact->set_photo(picture(100, 75), {});
  rough->set_photo(picture(100, 75), {});
  const auto a = exact->segment({}, kBox), b = rough->segment({}, kBox);
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.logits.data.size(); ++i) same += (a.logits.data[i] > 0) == (b.logits.data[i] > 0);
  EXPECT_GT(static_cast<double>(same) / static_cast<double>(a.logits.data.size()), 0.97);
}

TEST(Segmenter, AStoppedPhotographLeavesTheOneBefore) {
  const auto segmenter = opened();
  segmenter->set_photo(picture(100, 75), {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(segmenter->set_photo(picture(40, 40), Progress({}, stop.get_token())), Error);
  expect_answer(segmenter->segment(first(1), {}), "points 1");
}

TEST(Segmenter, SizesAreReadOffTheFile) {
  const auto source = checkpoint::open_tensors(kFile);
  const auto o = sam::options_of(*source, "");
  EXPECT_EQ(o.embed_dim, 16);
  EXPECT_EQ(o.depth, 2);
  EXPECT_EQ(o.heads, 2);
  EXPECT_EQ(o.mlp_ratio, 4);
  EXPECT_EQ(o.patch_size, 8);
  EXPECT_EQ(o.image_size, 64);
  EXPECT_EQ(o.out_channels, 32);
  EXPECT_EQ(o.window_size, 3);
  EXPECT_EQ(o.global_blocks, std::vector<std::int64_t>{1});
  EXPECT_EQ(o.global_table, 0);
  const auto d = sam::mask_decoder_options_of(*source, "");
  EXPECT_EQ(d.channels, 32);
  EXPECT_EQ(d.layers, 2);
  EXPECT_EQ(d.mlp_size, 32);
  EXPECT_EQ(d.mask_tokens, 4);
  EXPECT_EQ(d.iou_hidden, 24);
  EXPECT_EQ(sam::prompt_encoder_options_of(*source, "", o).mask_channels, 8);
  EXPECT_EQ(sam::vit_b().heads * 64, sam::vit_b().embed_dim);
  EXPECT_EQ(sam::vit_l().heads * 64, sam::vit_l().embed_dim);
}

// Tensors of which only names and shapes matter.
class Listed : public checkpoint::TensorSource {
 public:
  explicit Listed(const checkpoint::TensorSource& from, const std::string& prefix = "") {
    for (checkpoint::TensorInfo info : from.tensors()) {
      info.name = prefix + info.name;
      infos.push_back(info);
    }
  }
  const std::vector<checkpoint::TensorInfo>& tensors() const override { return infos; }
  at::Tensor read(const std::string& name) const override { throw bad_input(name); }
  std::vector<std::int64_t>& shape(const std::string& name) {
    return const_cast<checkpoint::TensorInfo*>(find(name))->shape;
  }
  std::vector<checkpoint::TensorInfo> infos;
};

std::string sentence_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Segmenter, WindowsAndGlobalBlocksAreToldByTheirTables) {
  const auto source = checkpoint::open_tensors(kFile);
  Listed all_global(*source, "model.visual_model.");
  all_global.shape("model.visual_model.image_encoder.blocks.0.attn.rel_pos_h") = {15, 8};
  auto o = sam::options_of(all_global, "model.visual_model.");
  EXPECT_EQ(o.global_blocks, (std::vector<std::int64_t>{0, 1}));
  Listed all_windowed(*source);
  all_windowed.shape("image_encoder.blocks.1.attn.rel_pos_h") = {5, 8};
  o = sam::options_of(all_windowed, "");
  EXPECT_TRUE(o.global_blocks.empty());
  EXPECT_EQ(o.window_size, 3);
  Listed longer(*source);
  longer.shape("image_encoder.blocks.1.attn.rel_pos_h") = {27, 8};
  o = sam::options_of(longer, "");
  EXPECT_EQ(o.global_blocks, std::vector<std::int64_t>{1});
  EXPECT_EQ(o.global_table, 27);
  Listed wide(*source);
  wide.shape("image_encoder.blocks.0.attn.rel_pos_h") = {27, 8};   // windows larger than the grid of 8
  o = sam::options_of(wide, "");
  EXPECT_EQ(o.global_blocks, std::vector<std::int64_t>{1});
  EXPECT_EQ(o.global_table, 0);
  EXPECT_EQ(o.window_size, 14);
}

TEST(Segmenter, RefusesWhatIsNoSam) {
  const auto source = checkpoint::open_tensors(kFile);
  Listed none(*source, "other.");
  EXPECT_NE(sentence_of([&] { sam::options_of(none, ""); }).find("image_encoder.pos_embed"), std::string::npos);
  for (const auto& [name, wrong] : std::map<std::string, std::vector<std::int64_t>>{
           {"image_encoder.pos_embed", {1, 8, 7, 16}},
           {"image_encoder.patch_embed.proj.weight", {16, 4, 8, 8}},
           {"image_encoder.blocks.0.attn.rel_pos_h", {5, 7}},
           {"image_encoder.blocks.1.attn.rel_pos_h", {14, 8}},
           {"image_encoder.blocks.0.mlp.lin1.weight", {30, 16}},
           {"image_encoder.neck.0.weight", {32, 16}}}) {
    Listed list(*source);
    list.shape(name) = wrong;
    const std::string sentence = sentence_of([&] { sam::options_of(list, ""); });
    EXPECT_NE(sentence.find(name), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("tiny_sam.pth"), std::string::npos) << sentence;
  }
  Listed narrow(*source);
  narrow.shape("mask_decoder.mask_tokens.weight") = {4, 30};
  EXPECT_NE(sentence_of([&] { sam::mask_decoder_options_of(narrow, ""); }).find("mask_tokens"), std::string::npos);
  const std::string predictions = std::string(TACTUS_TEST_DATA) + "/sam/predictor.safetensors";
  EXPECT_NE(sentence_of([&] { sam::Segmenter::open(predictions, at::kFloat, at::kCPU, {}); }).find("sam_vit_b"),
            std::string::npos);
  EXPECT_THROW(sam::Segmenter::open("/nowhere/sam.pth", at::kFloat, at::kCPU, {}), Error);
  const auto segmenter = opened();
  EXPECT_NE(sentence_of([&] { segmenter->segment(first(1), {}); }).find("photograph"), std::string::npos);
  segmenter->set_photo(picture(100, 75), {});
  EXPECT_NE(sentence_of([&] { segmenter->segment({}, {}); }).find("click"), std::string::npos);
}

}  // namespace
}  // namespace tactus::parity
