// Camera encoders, splitter, fusion, uncertainty, the projection before them and view tables (METHOD.md §1.9, §1.12–1.15, §3.2, §3.3, §10.4).
#include <ATen/ops/cat.h>

#include "network.h"
#include "seeded_weights.h"
#include "tactus/interactvlm/view_conditioning.h"
#include "tactus/interactvlm/view_tables.h"

namespace tactus::parity {
namespace {

using interactvlm::camera_vectors;
using interactvlm::make_camera_encoder;

const checkpoint::TensorSource& answers() {
  static const auto source = fixture("conditioning/conditioning.safetensors");
  return *source;
}

std::int64_t parameters_of(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const at::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

TEST(Conditioning, CameraEncodersMultiplyOrAdd) {
  const c10::InferenceMode inference;
  const at::Tensor embeddings = drawn({2, 4, 256}, 1), cameras = camera_vectors("4MV-Z_Vitru", 4);
  for (const std::string type : {"simple", "view_index", "vi_v1"}) {
    const auto encoder = make_camera_encoder(type, 4, 256);
    seed_weights(*encoder, 10);
    expect_near(encoder->condition(embeddings, cameras), answers().read(type), 1e-6, type);
    encoder->to(at::kBFloat16);
    const at::Tensor rough = encoder->condition(embeddings.to(at::kBFloat16), cameras.to(at::kBFloat16));
    EXPECT_EQ(rough.scalar_type(), at::kBFloat16);
    expect_alike(rough, answers().read(type + " bf16"), type + " bf16");
    EXPECT_THROW(encoder->condition(embeddings.narrow(1, 0, 3), cameras), c10::ValueError);
  }
  EXPECT_EQ(parameters_of(*make_camera_encoder("vi_v1", 4, 256)), 149376);
  EXPECT_EQ(parameters_of(*make_camera_encoder("simple", 4, 256)), 1536);
  EXPECT_EQ(parameters_of(*make_camera_encoder("view_index", 4, 256)), 1536 + 5 * 65792);
  // Other sizes: ten views, one view, a narrow embedding.
  for (const std::int64_t views : {1, 10}) {
    const auto encoder = make_camera_encoder("vi_v1", views, 32);
    seed_weights(*encoder, 10);
    EXPECT_EQ(encoder->condition(drawn({1, views, 32}, 1), drawn({views, 5}, 2)).sizes(),
              at::IntArrayRef({1, views, 32}));
  }
  try {
    make_camera_encoder("round", 4, 256);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    EXPECT_NE(std::string(error.what()).find("view_index"), std::string::npos);
  }
}

TEST(Conditioning, ProjectionOfTheContactTokensState) {
  const c10::InferenceMode inference;
  interactvlm::TextProjection projection(64, 16);
  seed_weights(*projection, 50);
  expect_near(projection(drawn({3, 64}, 4)), answers().read("text_hidden_fcs"), 1e-6, "text_hidden_fcs");
}

TEST(Conditioning, SplitterFusionAndUncertainty) {
  const c10::InferenceMode inference;
  interactvlm::AttentionSplitter splitter;
  seed_weights(*splitter, 40);
  const auto [human, object] = splitter(drawn({2, 4, 256}, 1));
  // Five products one after the other: fp32 itself is 1.8e-6 from the exact answers, which reach 2.7.
  expect_near(human, answers().read("human"), 2e-6, "human");
  expect_near(object, answers().read("object"), 2e-6, "object");
  EXPECT_EQ(parameters_of(*splitter), 131968);

  interactvlm::Fusion fusion(256, 5120);
  seed_weights(*fusion, 60);
  expect_near(fusion(drawn({2, 256, 4, 4}, 2), drawn({1, 7, 5120}, 3)), answers().read("fusion"), 1e-5, "fusion");
  EXPECT_EQ(parameters_of(*fusion), 787456);

  interactvlm::Uncertainty uncertainty;
  seed_weights(*uncertainty, 80);
  expect_near(uncertainty(drawn({2, 256, 4, 4}, 2)), answers().read("uncertainty"), 1e-6, "uncertainty");
  EXPECT_EQ(parameters_of(*uncertainty), 17505);
}

TEST(Conditioning, StartValuesForTraining) {
  const auto encoder = make_camera_encoder("vi_v1", 4, 256), again = make_camera_encoder("vi_v1", 4, 256);
  interactvlm::initialise(*encoder, 7);
  interactvlm::initialise(*again, 7);
  for (const auto& item : encoder->named_parameters()) {
    EXPECT_TRUE(item.value().equal(again->named_parameters()[item.key()])) << item.key();
    if (item.key().ends_with("bias")) {
      EXPECT_EQ(item.value().abs().max().item<float>(), 0.0F) << item.key();
    }
  }
  const double bound = std::sqrt(6.0 / (128 + 256));
  const double largest = encoder->named_parameters()["view_transforms.2.weight"].abs().max().item<double>();
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, 0.99 * bound);
  interactvlm::AttentionSplitter splitter;
  interactvlm::initialise(*splitter, 7);
  const double narrow = splitter->named_parameters()["key.weight"].abs().max().item<double>();
  EXPECT_LE(narrow, 0.1 * std::sqrt(6.0 / 256));
  EXPECT_GT(narrow, 0.099 * std::sqrt(6.0 / 256));

  const at::Tensor conditioned = encoder->condition(drawn({1, 4, 256}, 1), camera_vectors("4MV-Z_HM", 4));
  const auto [human, object] = splitter(conditioned);
  (human.pow(2).sum() + object.pow(2).sum()).backward();
  for (const auto& item : encoder->named_parameters()) EXPECT_TRUE(item.value().grad().defined()) << item.key();
  for (const auto& item : splitter->named_parameters()) EXPECT_TRUE(item.value().grad().defined()) << item.key();
}

TEST(Conditioning, ViewTablesByEveryName) {
  for (const std::string name : {"4MV-Z_Vitru", "4MV-Z_Vitru_mv2", "4MV-Z_Vitru_FootGround", "4MV-Z_Vitru_wScene"}) {
    expect_near(camera_vectors(name, 4), answers().read("4MV-Z_Vitru"), 1e-7, name);
  }
  for (const std::string name :
       {"4MV-Z_HM", "4MV-Z_HM1", "4MV-Z_HM2", "4MV-Z_HM_MeshInf", "4MV-Z_HM_BM", "4MV-Z_HM_BM-L", "4MV-Z_Fix"}) {
    expect_near(camera_vectors(name, 4), answers().read("4MV-Z_HM"), 1e-7, name);
  }
  const at::Tensor ten = camera_vectors("10MV-Z_HM", 10);
  EXPECT_EQ(ten.sizes(), at::IntArrayRef({10, 5}));
  EXPECT_FLOAT_EQ(ten[2][1].item<float>(), 0.25F);   // top
  EXPECT_FLOAT_EQ(ten[4][2].item<float>(), 0.75F);   // left
  EXPECT_EQ(camera_vectors("4MV-XY_Fix", 1).abs().max().item<float>(), 0.0F);
  EXPECT_EQ(interactvlm::view_types().size(), 14U);
  for (const auto& [name, views, said] : {std::tuple("2viewsFix", 4, "4MV-Z_Vitru_wScene"), {"4MV-Z_HM", 3, "3"}}) {
    try {
      camera_vectors(name, views);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_input);
      EXPECT_NE(std::string(error.what()).find(said), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace tactus::parity
