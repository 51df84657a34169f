// Pillow's resampling and the two networks' picture processors (METHOD.md §2.5, §10.2).
#include <cstdio>
#include <set>

#include "seeded_weights.h"
#include "tactus/preprocess/picture_tensor.h"

namespace tactus::parity {
namespace {

constexpr std::array<float, 3> kMean{0.48145466F, 0.4578275F, 0.40821073F}, kStd{0.26862954F, 0.26130258F, 0.27577711F};

const checkpoint::TensorSource& pictures() {
  static const auto source = fixture("sam/pictures.safetensors");
  return *source;
}

TEST(Pictures, ResampleAsPillowDoes) {
  int cases = 0;
  for (const checkpoint::TensorInfo& info : pictures().tensors()) {
    char name[16];
    int w = 0, h = 0, to_w = 0, to_h = 0;
    if (std::sscanf(info.name.c_str(), "bi%15s %dx%d %dx%d", name, &w, &h, &to_w, &to_h) != 5) continue;
    ++cases;
    const auto filter = std::string(name) == "cubic" ? preprocess::Filter::bicubic : preprocess::Filter::bilinear;
    const ImageU8 resized = preprocess::resize(picture(w, h), to_w, to_h, filter);
    const at::Tensor expected = pictures().read(info.name);
    ASSERT_EQ(expected.sizes(), at::IntArrayRef({to_h, to_w, 3})) << info.name;
    const auto* values = expected.const_data_ptr<std::uint8_t>();
    EXPECT_TRUE(std::equal(resized.data.begin(), resized.data.end(), values)) << info.name;
  }
  EXPECT_EQ(cases, 22);
}

TEST(Pictures, ClipSeesWhatItsProcessorMakes) {
  for (const auto& [w, h] : {std::pair(640, 427), {427, 640}, {500, 500}, {150, 101}, {2, 2}, {900, 5}}) {
    const std::string size = std::to_string(w) + "x" + std::to_string(h);
    EXPECT_EQ(checksum(preprocess::clip_crop(picture(w, h), 224)), pictures().read("crop " + size).item<std::int64_t>())
        << size;
    const at::Tensor pixels = preprocess::clip_pixels(picture(w, h), 224, kMean, kStd);
    EXPECT_EQ(pixels.sizes(), at::IntArrayRef({1, 3, 224, 224}));
    expect_near(thinned(pixels, {16, 16}), pictures().read("clip " + size), 1e-5, size);
  }
}

TEST(Pictures, SamSeesThePhotographPadded) {
  int cases = 0;
  for (const checkpoint::TensorInfo& info : pictures().tensors()) {
    int w = 0, h = 0, to_w = 0, to_h = 0;
    if (std::sscanf(info.name.c_str(), "sam %dx%d %dx%d", &w, &h, &to_w, &to_h) != 4) continue;
    ++cases;
    const preprocess::SamPixels seen = preprocess::sam_pixels(picture(w, h));
    EXPECT_EQ(seen.resized_width, to_w);
    EXPECT_EQ(seen.resized_height, to_h);
    EXPECT_EQ(checksum(preprocess::resize(picture(w, h), to_w, to_h, preprocess::Filter::bilinear)),
              pictures().read(info.name).item<std::int64_t>())
        << info.name;
    const std::string size = std::to_string(w) + "x" + std::to_string(h);
    expect_near(thinned(seen.pixels[0], {64, 64}), pictures().read("pixels " + size), 1e-5, size);
    if (to_w < 1024) {
      EXPECT_EQ(seen.pixels.narrow(3, to_w, 1024 - to_w).abs().max().item<float>(), 0.0F);
    }
    if (to_h < 1024) {
      EXPECT_EQ(seen.pixels.narrow(2, to_h, 1024 - to_h).abs().max().item<float>(), 0.0F);
    }
  }
  EXPECT_EQ(cases, 5);
}

TEST(Pictures, ExtremeRatiosAndBadPicturesAreAnswered) {
  // The long side would be two million pixels; only the crop is made.
  EXPECT_EQ(preprocess::clip_pixels(picture(1, 10000), 224, kMean, kStd).size(3), 224);
  EXPECT_EQ(preprocess::sam_pixels(picture(5000, 1), 64).resized_height, 1);
  const auto kind_of = [](auto&& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("picture"), std::string::npos) << error.what();
      return static_cast<int>(error.kind());
    }
    return -1;
  };
  const int bad = static_cast<int>(ErrorKind::bad_input);
  EXPECT_EQ(kind_of([] { preprocess::resize(ImageU8(), 4, 4, preprocess::Filter::bilinear); }), bad);
  EXPECT_EQ(kind_of([] { preprocess::resize(picture(4, 4), 0, 4, preprocess::Filter::bilinear); }), bad);
  EXPECT_EQ(kind_of([] { preprocess::sam_pixels(ImageU8(4, 4, 1)); }), bad);
  EXPECT_EQ(kind_of([] { preprocess::clip_pixels(ImageU8(4, 4, 4), 224, kMean, kStd); }), bad);
}

}  // namespace
}  // namespace tactus::parity
