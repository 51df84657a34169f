// Segment Anything's three networks against the public package (METHOD.md §10.5–10.7).
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <numbers>
#include <set>
#include <stop_token>

#include "seeded_weights.h"
#include "tactus/sam/sam.h"

namespace tactus::parity {
namespace {

sam::ImageEncoderOptions tiny_encoder() {
  sam::ImageEncoderOptions o;
  o.embed_dim = 32;
  o.depth = 4;
  o.heads = 4;
  o.image_size = 64;
  o.patch_size = 8;
  o.window_size = 3;
  o.out_channels = 16;
  o.global_blocks = {1, 3};
  return o;
}

const checkpoint::TensorSource& encoder_answers() {
  static const auto source = fixture("sam/encoder.safetensors");
  return *source;
}
const checkpoint::TensorSource& decoder_answers() {
  static const auto source = fixture("sam/decoder.safetensors");
  return *source;
}

TEST(SamEncoder, EveryBlockAndTheNeckAsInTheReference) {
  const c10::InferenceMode inference;
  sam::ImageEncoder encoder(tiny_encoder());
  seed_weights(*encoder, 100);
  const at::Tensor pixels = drawn({2, 3, 64, 64}, 99);
  at::Tensor x = encoder->tokens(pixels);
  for (int i = 0; i < 4; ++i) {
    x = encoder->block(i, x);
    expect_near(x, encoder_answers().read("tiny block " + std::to_string(i)), 1e-5, "block " + std::to_string(i));
  }
  expect_near(encoder->neck(x), encoder_answers().read("tiny neck"), 1e-5, "neck");
  expect_near(encoder(pixels), encoder_answers().read("tiny neck"), 1e-5, "forward");
}

TEST(SamEncoder, Bfloat16) {
  const c10::InferenceMode inference;
  sam::ImageEncoder encoder(tiny_encoder());
  seed_weights(*encoder, 100);
  encoder->to(at::kBFloat16);
  const at::Tensor answer = encoder(drawn({2, 3, 64, 64}, 99).to(at::kBFloat16));
  EXPECT_EQ(answer.scalar_type(), at::kBFloat16);
  expect_alike(answer, encoder_answers().read("tiny neck bf16"), "neck");
}

TEST(SamEncoder, TablesOfAnotherSizeAreInterpolated) {
  const c10::InferenceMode inference;
  sam::ImageEncoder encoder(tiny_encoder());
  seed_weights(*encoder, 100);
  sam::ImageEncoderOptions options = tiny_encoder();
  options.global_table = 27;
  sam::ImageEncoder longer(options);
  const auto from = encoder->named_parameters();
  for (auto& item : longer->named_parameters()) {
    if (item.value().sizes() == from[item.key()].sizes()) item.value().copy_(from[item.key()]);
  }
  auto parameters = longer->named_parameters();
  for (const int i : {1, 3}) {
    const std::string stem = "blocks." + std::to_string(i) + ".attn.rel_pos_";
    const auto seed = static_cast<std::uint64_t>(700 + 2 * i);
    parameters[stem + "h"].copy_(drawn({27, 8}, seed) / std::sqrt(8.0));
    parameters[stem + "w"].copy_(drawn({27, 8}, seed + 1) / std::sqrt(8.0));
  }
  expect_near(longer(drawn({2, 3, 64, 64}, 99)), encoder_answers().read("tiny long tables"), 1e-5, "neck");
}

TEST(SamEncoder, PublishedWidths) {
  const c10::InferenceMode inference;
  for (const bool global : {false, true}) {
    sam::ImageEncoderOptions options = sam::vit_h();
    options.depth = 1;
    options.global_blocks.assign(global ? 1 : 0, 0);
    sam::ImageEncoder encoder(options);
    seed_weights(*encoder, 200);
    const at::Tensor answer = encoder(drawn({1, 3, 1024, 1024}, 199));
    const std::string name = global ? "wide global" : "wide windowed";
    expect_near(thinned(answer, {16, 5, 5}), encoder_answers().read(name), 1e-4, name);
    expect_near(answer.to(at::kDouble).pow(2).mean().to(at::kFloat).view(1),
                encoder_answers().read(name + " mean square"), 1e-5, name);
  }
}

TEST(SamEncoder, TrainsWithTheSameAnswer) {
  sam::ImageEncoder encoder(tiny_encoder());
  seed_weights(*encoder, 100);
  const at::Tensor answer = encoder(drawn({2, 3, 64, 64}, 99));
  expect_near(answer, encoder_answers().read("tiny neck"), 1e-5, "neck");
  answer.pow(2).sum().backward();
  for (const auto& item : encoder->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_GT(item.value().grad().abs().max().item<float>(), 0.0F) << item.key();
  }
}

TEST(SamEncoder, StopsAndSaysWhatItWants) {
  const c10::InferenceMode inference;
  sam::ImageEncoder encoder(tiny_encoder());
  seed_weights(*encoder, 100);
  std::stop_source stop;
  double seen = 0.0;
  const Progress progress(
      [&](double fraction, std::string_view, std::string_view) {
        seen = fraction;
        if (fraction > 0.4) stop.request_stop();
      },
      stop.get_token());
  EXPECT_THROW(encoder(drawn({2, 3, 64, 64}, 99), progress), Error);
  EXPECT_GT(seen, 0.4);
  EXPECT_LT(seen, 1.0);
  EXPECT_THROW(encoder(drawn({1, 3, 32, 64}, 99)), c10::ValueError);
}

class Decoder : public testing::Test {
 protected:
  Decoder() {
    seed_weights(*prompts, 300);
    for (auto& item : prompts->named_buffers()) item.value().mul_(std::sqrt(128.0));
    seed_weights(*decoder, 400);
  }
  c10::InferenceMode inference;
  sam::PromptEncoder prompts{sam::PromptEncoderOptions{}};
  sam::MaskDecoder decoder{sam::MaskDecoderOptions{}};
  at::Tensor images = drawn({4, 256, 64, 64}, 399), text = drawn({1, 4, 256}, 398);
};

TEST_F(Decoder, MasksOfFourViewsAsInTheReference) {
  const auto masks = decoder(images, prompts->dense_positions(), prompts->encode_text(text));
  EXPECT_EQ(masks.logits.sizes(), at::IntArrayRef({4, 4, 256, 256}));
  expect_near(thinned(masks.logits, {9, 9}), decoder_answers().read("masks"), 1e-4, "masks");
  expect_near(masks.iou, decoder_answers().read("iou"), 1e-4, "iou");
  // §1.10: each view by itself, with all four tokens, is the same.
  for (int v = 0; v < 4; ++v) {
    const auto alone = decoder(images.narrow(0, v, 1), prompts->dense_positions(), prompts->encode_text(text));
    expect_near(alone.logits[0], masks.logits[v], 1e-5, "view " + std::to_string(v));
  }
  // Several prompts for one picture are an answer each.
  const at::Tensor two = drawn({2, 4, 256}, 395);
  const auto pair = decoder(images.narrow(0, 0, 1), prompts->dense_positions(), prompts->encode_text(two));
  EXPECT_EQ(pair.logits.size(0), 2);
  const auto second =
      decoder(images.narrow(0, 0, 1), prompts->dense_positions(), prompts->encode_text(two.narrow(0, 1, 1)));
  expect_near(pair.logits[1], second.logits[0], 1e-5, "second prompt");
}

TEST_F(Decoder, NoneAndTooManyPrompts) {
  const auto none = decoder(images, prompts->dense_positions(), prompts->encode_text(text.narrow(0, 0, 0)));
  EXPECT_EQ(none.logits.sizes(), at::IntArrayRef({0, 4, 256, 256}));
  EXPECT_EQ(none.iou.sizes(), at::IntArrayRef({0, 4}));
  const at::Tensor two = at::cat({text, text}, 0);
  EXPECT_THROW(decoder(images, prompts->dense_positions(), prompts->encode_text(two)), Error);
}

TEST_F(Decoder, DensePositionsFollowTheFormula) {
  const at::Tensor matrix = prompts->named_buffers()["pe_layer.positional_encoding_gaussian_matrix"].to(at::kDouble);
  const at::Tensor positions = prompts->dense_positions();
  ASSERT_EQ(positions.sizes(), at::IntArrayRef({1, 256, 64, 64}));
  for (const auto& [row, column] : {std::pair(0, 0), {5, 60}, {63, 63}, {40, 2}}) {
    const at::Tensor xy = 2 * at::tensor({(column + 0.5) / 64, (row + 0.5) / 64}, at::kDouble) - 1;
    const at::Tensor angle = at::matmul(xy, matrix) * (2 * std::numbers::pi);
    const at::Tensor code = positions[0].select(2, column).select(1, row);
    EXPECT_LT((code - at::cat({at::sin(angle), at::cos(angle)})).abs().max().item<double>(), 5e-6);
  }
  expect_near(thinned(positions, {4, 7, 7}), decoder_answers().read("positions"), 1e-6, "fp32");
}

TEST_F(Decoder, Bfloat16) {
  prompts->to(at::kBFloat16);
  decoder->to(at::kBFloat16);
  const at::Tensor positions = prompts->dense_positions();
  EXPECT_EQ(positions.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(thinned(positions, {4, 7, 7}).equal(decoder_answers().read("positions bf16")));
  const auto masks = decoder(images.to(at::kBFloat16), positions, prompts->encode_text(text.to(at::kBFloat16)));
  EXPECT_EQ(masks.logits.scalar_type(), at::kBFloat16);
  expect_alike(thinned(masks.logits, {9, 9}), decoder_answers().read("masks bf16"), "masks");
}

TEST_F(Decoder, PointsBoxesAndMasksAsInTheReference) {
  const std::vector<sam::PointPrompt> points = {{200.0, 300.5, true}, {1023.0, 0.0, false}, {17.25, 900.0, true}};
  const sam::BoxPrompt box{100.0, 120.5, 700.0, 650.0};
  const at::Tensor mask = drawn({1, 1, 256, 256}, 397);
  const auto compare = [&](const std::string& name, const sam::Prompts& got) {
    const at::Tensor sparse = decoder_answers().read(name + " sparse");
    ASSERT_EQ(got.sparse.sizes(), sparse.sizes()) << name;
    if (sparse.numel() > 0) expect_near(got.sparse, sparse, 1e-5, name + " sparse");
    EXPECT_EQ(got.dense.sizes(), at::IntArrayRef({1, 256, 64, 64}));
    expect_near(thinned(got.dense, {8, 8, 8}), decoder_answers().read(name + " dense"), 1e-5, name + " dense");
  };
  compare("points", prompts->encode_marks(points, std::nullopt, std::nullopt));
  compare("box", prompts->encode_marks({}, box, std::nullopt));
  compare("points box", prompts->encode_marks(points, box, std::nullopt));
  compare("mask", prompts->encode_marks({}, std::nullopt, mask));
  compare("point mask", prompts->encode_marks({points[0]}, std::nullopt, mask));
  EXPECT_THROW(prompts->encode_marks({}, std::nullopt, mask.narrow(3, 0, 128)), c10::ValueError);
}

TEST(SamMasks, ArePutBackOnThePhotograph) {
  const at::Tensor logits = drawn({4, 1, 256, 256}, 396);
  const at::Tensor photo = sam::upscale_masks(logits, 1024, 1024, 768, 640, 480);
  EXPECT_EQ(photo.sizes(), at::IntArrayRef({4, 480, 640}));
  expect_near(thinned(photo, {13, 13}), decoder_answers().read("upscaled"), 1e-5, "photograph");
  const at::Tensor view = sam::upscale_masks(logits.to(at::kDouble), 1024, 1024, 1024, 1024, 1024);
  EXPECT_EQ(view.scalar_type(), at::kFloat);
  expect_near(thinned(view, {29, 29}), decoder_answers().read("upscaled identity"), 1e-5, "view");
  EXPECT_EQ(sam::upscale_masks(logits.narrow(0, 0, 0), 1024, 1024, 1024, 1024, 1024).size(0), 0);
}

}  // namespace
}  // namespace tactus::parity
