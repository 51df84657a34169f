// The network, the crops and the truth they are compared with.
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "looks.h"
#include "objective.h"
#include "parts.h"
#include "tactus/error.h"
#include "tactus/io/body_files.h"
#include "tactus/perception/perceiver.h"
#include "tactus/perception/score.h"
#include "tactus/perception/weights.h"

namespace tactus::perception {
namespace {

namespace fs = std::filesystem;

const synth::SceneMaker& maker() {
  static const synth::SceneMaker m = [] {
    synth::SceneMaker::Options few;
    few.bodies = 3;
    few.instances = 1;
    return synth::SceneMaker(std::make_shared<body::BodyModel>(io::read_body_model(TACTUS_BODY_FILE)), synth::Split::train, few);
  }();
  return m;
}

std::vector<std::string> categories() {
  std::vector<std::string> names;
  for (const auto& category : objects::categories()) names.push_back(category.name);
  return names;
}

Photograph photograph(std::int64_t index, double without_person = 0.0) {
  DataOptions options;
  options.side = 96;
  options.supersampling = 1;
  options.without_person = without_person;
  return make_photograph(options, index, maker(), categories());
}

NetworkOptions small() {
  NetworkOptions options;
  options.image = 64;
  options.width_2 = options.width_4 = 16;
  options.width_8 = 24;
  options.width_16 = 32;
  options.blocks_4 = options.blocks_8 = 1;
  options.attention_layers = 1;
  options.categories = static_cast<std::int64_t>(objects::categories().size()) + 1;
  return options;
}

WeightsInfo info_of(const NetworkOptions& options) {
  WeightsInfo info;
  info.options = options;
  info.categories = categories();
  info.parts.assign(kPartClassNames.begin(), kPartClassNames.end());
  info.joints.assign(body::kKeypointNames.begin(), body::kKeypointNames.end());
  return info;
}

TEST(PerceptionNetwork, GivesMapsOfHalfTheSizeAndFollowsTheCategory) {
  Network network(small());
  network->initialise(3);
  const torch::NoGradGuard no_grad;
  const at::Tensor image = at::rand({2, 3, 64, 64}), category = at::tensor({1, 2}, at::kLong);
  const Output output = network->forward(image, category);
  EXPECT_EQ(output.parts.sizes(), (at::IntArrayRef{2, kPartClasses, 32, 32}));
  EXPECT_EQ(output.object.sizes(), (at::IntArrayRef{2, 32, 32}));
  EXPECT_EQ(output.joints.sizes(), (at::IntArrayRef{2, body::kKeypointCount, 32, 32}));
  EXPECT_EQ(output.seen.sizes(), (at::IntArrayRef{2, body::kKeypointCount}));
  const Output other = network->forward(image, at::tensor({1, 5}, at::kLong));
  EXPECT_TRUE(at::equal(output.object[0], other.object[0]));
  EXPECT_GT((output.object[1] - other.object[1]).abs().max().item<float>(), 1e-5F);
  EXPECT_FALSE(output.things.defined());
  NetworkOptions naming = small();
  naming.things = 1;
  Network names(naming);
  names->initialise(3);
  const Output named = names->forward(image, category), asked = names->forward(image, at::tensor({1, 5}, at::kLong));
  EXPECT_EQ(named.things.sizes(), (at::IntArrayRef{2, naming.categories, 4, 4}));
  EXPECT_TRUE(at::equal(named.things, asked.things));   // whatever is asked for
  // An example does not depend on what stands beside it.
  const Output alone = network->forward(image.narrow(0, 1, 1), category.narrow(0, 1, 1));
  EXPECT_LT((output.parts[1] - alone.parts[0]).abs().max().item<float>(), 1e-4F);
  EXPECT_THROW(network->forward(at::rand({2, 3, 32, 64}), category), c10::Error);
  EXPECT_THROW(network->forward(image, at::tensor({1}, at::kLong)), c10::Error);
  NetworkOptions odd = small();
  odd.image = 72;
  EXPECT_THROW(Network{odd}, Error);
  odd = small();
  odd.width_8 = 20;
  EXPECT_THROW(Network{odd}, Error);
}

TEST(PerceptionNetwork, OfTheUsualSizeFitsInSixMegabytes) {
  Network network{NetworkOptions{}};
  std::int64_t parameters = 0;
  for (const auto& p : network->parameters()) parameters += p.numel();
  RecordProperty("parameters", static_cast<int>(parameters));
  EXPECT_GT(parameters, 1'000'000);
  EXPECT_LT(2 * parameters, 6'000'000);
}

TEST(Crop, MapsPointsByAKnownAffineMapAndBack) {
  const Box box{-10.5, 20.25, 60.0};
  const Eigen::Vector2d at = box.to_crop({19.5, 50.25}, 128);   // the middle
  EXPECT_DOUBLE_EQ(at.x(), 64.0);
  EXPECT_DOUBLE_EQ(at.y(), 64.0);
  EXPECT_TRUE(box.to_crop({-10.5, 80.25}, 128).isApprox(Eigen::Vector2d(0.0, 128.0)));
  EXPECT_TRUE(box.to_photo(box.to_crop({3.3, 7.7}, 128), 128).isApprox(Eigen::Vector2d(3.3, 7.7)));
  const Box whole = whole_box(300, 200);
  EXPECT_DOUBLE_EQ(whole.x, 0.0);
  EXPECT_DOUBLE_EQ(whole.y, -50.0);
  EXPECT_DOUBLE_EQ(whole.side, 300.0);
}

TEST(Crop, TakesRampsOverExactlyAndIsGreyBeyondThePicture) {
  ImageU8 rgb(80, 60, 3);
  for (int row = 0; row < 60; ++row)
    for (int column = 0; column < 80; ++column) {
      rgb.at(column, row, 0) = static_cast<std::uint8_t>(3 * column);
      rgb.at(column, row, 1) = static_cast<std::uint8_t>(4 * row);
      rgb.at(column, row, 2) = 200;
    }
  for (const Box& box : {Box{10, 8, 32}, Box{20.3, 11.7, 19.1}, Box{3.5, 2.5, 55.0}}) {   // as it is, enlarged, made smaller
    constexpr int n = 32;
    std::vector<float> planes(3 * n * n);
    crop_picture(rgb, box, n, planes.data());
    for (int row = 2; row < n - 2; ++row) {
      for (int column = 2; column < n - 2; ++column) {
        const Eigen::Vector2d at = box.to_photo({column + 0.5, row + 0.5}, n);
        const auto value = [&](int plane) { return 127.5 + 63.75 * static_cast<double>(planes[static_cast<std::size_t>((plane * n + row) * n + column)]); };
        // A ramp's value at a point; the widened filter is symmetric, but its taps are whole pixels.
        ASSERT_NEAR(value(0), 3 * (at.x() - 0.5), box.side > n ? 0.5 : 0.02);
        ASSERT_NEAR(value(1), 4 * (at.y() - 0.5), box.side > n ? 0.6 : 0.02);
        ASSERT_NEAR(value(2), 200.0, 0.01);
      }
    }
  }
  std::vector<float> planes(3 * 64);
  crop_picture(rgb, {-500, -500, 100}, 8, planes.data());
  for (const float v : planes) EXPECT_EQ(v, 0.0F);
  EXPECT_THROW(crop_picture(ImageU8(4, 4, 1), {0, 0, 4}, 8, planes.data()), Error);
}

TEST(Crop, ReadsMapsBackAtThePointsTheyWereTakenFrom) {
  constexpr int n = 16;
  const Box box{5, -3, 40};
  std::vector<float> map(n * n);
  for (int i = 0; i < n * n; ++i) map[static_cast<std::size_t>(i)] = static_cast<float>(i % n) + 100.0F * static_cast<float>(i / n);
  for (const Eigen::Vector2d& at : {Eigen::Vector2d(9.0, 12.0), Eigen::Vector2d(30.7, 20.1)}) {
    const Eigen::Vector2d crop = box.to_crop(at, n);
    EXPECT_NEAR(value_at(map.data(), n, box, at.x(), at.y()), crop.x() - 0.5 + 100.0 * (crop.y() - 0.5), 1e-3);
  }
  EXPECT_EQ(value_at(map.data(), n, box, -1000, -1000), map.front());
  EXPECT_EQ(value_at(map.data(), n, box, 1000, 1000), map.back());
}

TEST(Parts, EveryPartOfTheBodyHasAClassAndAMirrorImage) {
  for (const std::string& name : maker().body_model().part_names()) {
    const int c = part_class(name);
    EXPECT_GT(c, 0) << name;
    const bool left = name.starts_with("left "), right = name.starts_with("right ");
    if (left || right) { EXPECT_EQ(part_class((left ? "right " : "left ") + name.substr(left ? 5 : 6)), mirrored_class(c)) << name; }
  }
  EXPECT_EQ(kPartClassNames[static_cast<std::size_t>(part_class("left fingers"))], "left hand");
  EXPECT_THROW(part_class("left wing"), Error);
  EXPECT_THROW(part_class("left"), Error);
  for (int j = 0; j < body::kKeypointCount; ++j) {
    const std::string name(body::kKeypointNames[static_cast<std::size_t>(j)]), other(body::kKeypointNames[static_cast<std::size_t>(mirrored_joint(j))]);
    EXPECT_EQ(mirrored_joint(mirrored_joint(j)), j);
    if (name.starts_with("left_")) { EXPECT_EQ(other, "right_" + name.substr(5)); }
    if (name == "nose") { EXPECT_EQ(other, name); }
  }
}

TEST(Samples, ShowTheTruthOfThePicture) {
  const Photograph p = photograph(1);
  ASSERT_FALSE(p.categories.empty());
  const Example e = example(p, {whole_box(p.rgb.width, p.rgb.height), false}, p.categories[0], 64);
  int person = 0, object = 0, seen = 0, near = 0;
  for (std::size_t i = 0; i < e.parts.size(); ++i) {
    person += e.parts[i] > 0 ? 1 : 0;
    object += e.object[i];
    EXPECT_FALSE(e.parts[i] > 0 && e.object[i] > 0);
  }
  EXPECT_GT(person, 20);
  EXPECT_GT(object, 5);
  // Joints lie on the person or close to it, for most are not hidden.
  for (std::size_t j = 0; j < e.joints.size(); ++j) {
    if (e.seen[j] == 0) continue;
    ++seen;
    bool touching = false;
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx) {
        const int x = static_cast<int>(e.joints[j][0]) + dx, y = static_cast<int>(e.joints[j][1]) + dy;
        touching |= x >= 0 && y >= 0 && x < 32 && y < 32 && e.parts[static_cast<std::size_t>(y * 32 + x)] > 0;
      }
    near += touching ? 1 : 0;
  }
  EXPECT_GT(seen, 10);
  EXPECT_GE(near, seen / 2);
  // A category that is not there.
  const Example none = example(p, {whole_box(p.rgb.width, p.rgb.height), false}, 0, 64);
  EXPECT_EQ(*std::max_element(none.object.begin(), none.object.end()), 0);
}

TEST(Samples, MirroredHaveTheMirroredTruthWithSidesChanged) {
  const Photograph p = photograph(2);
  const Box box = person_box(p, 1.3);
  const int category = p.categories.at(0);
  const Example e = example(p, {box, false}, category, 64), m = example(p, {box, true}, category, 64);
  for (int row = 0; row < 64; ++row)
    for (int column = 0; column < 64; ++column)
      for (int c = 0; c < 3; ++c)
        ASSERT_EQ(m.image[static_cast<std::size_t>((c * 64 + row) * 64 + column)], e.image[static_cast<std::size_t>((c * 64 + row) * 64 + 63 - column)]);
  bool sided = false;
  for (int row = 0; row < 32; ++row) {
    for (int column = 0; column < 32; ++column) {
      const auto a = static_cast<std::size_t>(row * 32 + column), b = static_cast<std::size_t>(row * 32 + 31 - column);
      const std::string mine(kPartClassNames[m.parts[a]]), theirs(kPartClassNames[e.parts[b]]);
      ASSERT_EQ(m.object[a], e.object[b]);
      if (theirs.starts_with("left ")) {
        sided = true;
        ASSERT_EQ(mine, "right " + theirs.substr(5));
      } else if (theirs.starts_with("right ")) {
        ASSERT_EQ(mine, "left " + theirs.substr(6));
      } else {
        ASSERT_EQ(mine, theirs);
      }
    }
  }
  EXPECT_TRUE(sided);
  for (std::size_t j = 0; j < e.joints.size(); ++j) {
    std::string name(body::kKeypointNames[j]);
    if (name.starts_with("left_")) name = "right_" + name.substr(5);
    else if (name.starts_with("right_")) name = "left_" + name.substr(6);
    const auto other = static_cast<std::size_t>(std::find(body::kKeypointNames.begin(), body::kKeypointNames.end(), name) - body::kKeypointNames.begin());
    EXPECT_EQ(m.seen[other], e.seen[j]);
    EXPECT_NEAR(m.joints[other][0], 32.0F - e.joints[j][0], 1e-4F);
    EXPECT_EQ(m.joints[other][1], e.joints[j][1]);
  }
}

// Places of a sixteenth of the size, each named by what fills most of it.
TEST(Samples, NameTheThingAtEachPlace) {
  int named = 0;
  for (std::int64_t index = 0; index < 4; ++index) {
    const Photograph p = photograph(index);
    const Box box = whole_box(p.rgb.width, p.rgb.height);
    const Example e = example(p, {box, false}, 0, 64), m = example(p, {box, true}, 0, 64);
    ASSERT_EQ(e.things.size(), 16U);
    const double place = box.side / 4;
    for (int row = 0; row < 4; ++row) {
      for (int column = 0; column < 4; ++column) {
        const int thing = e.things[static_cast<std::size_t>(4 * row + column)];
        EXPECT_EQ(thing, m.things[static_cast<std::size_t>(4 * row + 3 - column)]);
        std::vector<double> share(categories().size() + 1, 0.0);   // of the place's pixels
        double pixels = 0;
        for (int y = 0; y < p.what.height; ++y) {
          for (int x = 0; x < p.what.width; ++x) {
            const double u = (x + 0.5 - box.x) / place - column, v = (y + 0.5 - box.y) / place - row;
            if (u < 0 || v < 0 || u >= 1 || v >= 1) continue;
            pixels += 1;
            const std::size_t at = p.what.index(x, y);
            if (p.what.data[at] >= kObjectBase) share[static_cast<std::size_t>(p.categories[p.what.data[at] - kObjectBase])] += 1;
          }
        }
        const double all = std::max(pixels, place * place), most = *std::max_element(share.begin(), share.end()) / all;
        if (thing > 0) {
          ++named;
          EXPECT_GT(share[static_cast<std::size_t>(thing)] / all, 0.04);
          EXPECT_GE(share[static_cast<std::size_t>(thing)] / all, most - 0.06);   // two of a category, or pixels on an edge
        } else {
          EXPECT_LT(most, 0.09);
        }
      }
    }
  }
  EXPECT_GT(named, 6);
}

TEST(Samples, WithoutAPersonShowNone) {
  const Photograph p = photograph(3, 1.0);
  EXPECT_FALSE(p.person);
  for (std::size_t i = 0; i < p.what.data.size(); ++i) ASSERT_FALSE(p.shows_person(i));
  Random random(1);
  const Example e = draw_example(p, 64, 10, 0.0, random);
  for (const auto seen : e.seen) EXPECT_EQ(seen, 0);
}

TEST(JointLoss, HasTheGradientOfFiniteDifferences) {
  at::Generator generator = at::detail::createCPUGenerator(5);
  const auto doubles = at::TensorOptions().dtype(at::kDouble);
  at::Tensor logits = at::randn({2, 3, 6, 6}, generator, doubles).requires_grad_(true);
  const at::Tensor joints = at::rand({2, 3, 2}, generator, doubles) * 6.0, seen = at::tensor({1.0, 0.0, 1.0, 1.0, 1.0, 0.0}, doubles).reshape({2, 3});
  const auto loss = [&](const at::Tensor& x) { return joint_loss(x, joints, seen, 0.8).sum(); };
  loss(logits).backward();
  const torch::NoGradGuard no_grad;
  const at::Tensor gradient = logits.grad().flatten();
  for (std::int64_t i = 0; i < logits.numel(); i += 5) {
    at::Tensor high = logits.detach().clone(), low = high.clone();
    high.flatten()[i] += 1e-5;
    low.flatten()[i] -= 1e-5;
    EXPECT_NEAR(gradient[i].item<double>(), (loss(high) - loss(low)).item<double>() / 2e-5, 1e-8) << i;
  }
  // Independent: the Gaussian written out.
  double expected = 0;
  const at::Tensor one = logits.detach()[0][0];
  double weights = 0, dot = 0, total = 0;
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 6; ++x) {
      const double dx = x + 0.5 - joints[0][0][0].item<double>(), dy = y + 0.5 - joints[0][0][1].item<double>();
      const double w = std::exp(-0.5 * (dx * dx + dy * dy) / 0.64), v = one[y][x].item<double>();
      weights += w;
      dot += w * v;
      total += std::exp(v);
    }
  expected = std::log(total) - dot / weights;
  const at::Tensor only = at::tensor({1.0, 0.0, 0.0, 0.0, 0.0, 0.0}, doubles).reshape({2, 3});
  EXPECT_NEAR(joint_loss(logits.detach(), joints, only, 0.8)[0].item<double>(), expected, 1e-9);
  EXPECT_EQ(joint_loss(logits.detach(), joints, only, 0.8)[1].item<double>(), 0.0);
}

TEST(Peaks, AreFoundBetweenPixels) {
  constexpr int n = 32;
  std::vector<float> map(n * n);
  for (int i = 0; i < n * n; ++i) {
    const double dx = i % n + 0.5 - 12.3, dy = i / n + 0.5 - 7.9;
    map[static_cast<std::size_t>(i)] = static_cast<float>(std::exp(-0.5 * (dx * dx + dy * dy) / 0.6) / (2 * 3.14159265 * 0.6));
  }
  const Eigen::Vector3d peak = peak_of(map.data(), n);
  EXPECT_NEAR(peak.x(), 12.3, 0.05);
  EXPECT_NEAR(peak.y(), 7.9, 0.05);
  EXPECT_GT(peak.z(), 0.95);
}

// A look at `box` whose maps are the same everywhere.
Look plain_look(const Box& box, float person, float object) {
  constexpr int size = 32, pixels = size * size;
  Look look;
  look.box = box;
  look.size = size;
  look.parts.assign(kPartClasses * pixels, 0.0F);
  std::fill_n(look.parts.begin(), pixels, 1.0F - person);
  std::fill_n(look.parts.begin() + 5 * pixels, pixels, person);   // all of it a left hand
  look.person.assign(pixels, person);
  look.object.assign(pixels, object);
  return look;
}

TEST(CloserLooks, OverlapAndCoverTheBox) {
  const Box box{-10, 20, 100};
  const auto boxes = closer_boxes(box);
  ASSERT_EQ(boxes.size(), 4U);
  for (const Eigen::Vector2d& corner : {Eigen::Vector2d(-10, 20), Eigen::Vector2d(90, 20), Eigen::Vector2d(-10, 120), Eigen::Vector2d(90, 120)})
    EXPECT_EQ(std::count_if(boxes.begin(), boxes.end(), [&](const Box& b) {
                const Eigen::Vector2d at = b.to_crop(corner, 1.0);
                return at.minCoeff() > -1e-9 && at.maxCoeff() < 1 + 1e-9;
              }), 1);
  for (const Box& b : boxes) {
    EXPECT_NEAR(b.side, 70, 1e-9);
    const Eigen::Vector2d middle = b.to_crop({40, 70}, 1.0);
    EXPECT_GT(middle.minCoeff(), 0.25);
    EXPECT_LT(middle.maxCoeff(), 0.75);
  }
}

TEST(CloserLooks, CountAsMuchAsTheWideOneWhereTheySeeAPlaceWell) {
  const Box box{0, 0, 100};
  const Look wide = plain_look(box, 0.9F, 0.8F);
  std::vector<Look> closer;
  for (const Box& b : closer_boxes(box)) closer.push_back(plain_look(b, 0.4F, 0.3F));
  const Look all = fused(wide, closer);
  ASSERT_EQ(all.size, 2 * wide.size);
  const auto at = [&](const std::vector<float>& map, double x, double y) { return value_at(map.data(), all.size, all.box, x, y); };
  EXPECT_NEAR(at(all.object, 50, 50), (0.8 + 4 * 0.3) / 5, 1e-5);   // in the middle all four see it
  EXPECT_NEAR(at(all.parts, 50, 50), (0.1 + 4 * 0.6) / 5, 1e-5);
  EXPECT_NEAR(at(all.object, 50, 15), (0.8 + 2 * 0.3) / 3, 1e-5);   // two of them
  // 1.4 of 70 from an edge of one of them counts 1.4 / 70 / 0.15.
  const int cell = 0;
  const double centre = 100.0 * (cell + 0.5) / all.size, weight = centre / 70 / 0.15;
  EXPECT_NEAR(all.object[static_cast<std::size_t>(cell)], (0.8 + weight * 0.3) / (1 + weight), 1e-5);
  for (std::size_t i = 0; i < all.person.size(); ++i) {
    float sum = 0;
    for (std::size_t c = 0; c < kPartClasses; ++c) sum += all.parts[c * all.person.size() + i];
    ASSERT_NEAR(sum, 1.0F, 1e-5F);
  }
  EXPECT_EQ(fused(wide, {}).object.front(), 0.8F);
}

TEST(CloserLooks, DropWhatHangsApart) {
  Look wide = plain_look({0, 0, 32}, 0.0F, 0.0F);
  for (int row = 4; row < 20; ++row)
    for (int column = 4; column < 20; ++column) wide.object[static_cast<std::size_t>(row * 32 + column)] = 0.9F;
  wide.object[30 * 32 + 30] = 1.0F;
  const Look all = fused(wide, {});
  EXPECT_GT(value_at(all.object.data(), all.size, all.box, 12, 12), 0.8F);
  EXPECT_LT(value_at(all.object.data(), all.size, all.box, 30.5, 30.5), 0.5F);
}

TEST(CloserLooks, MoveJointsThatTheyAreSureOfAndSeeNearby) {
  const Box box{0, 0, 100};
  Look wide = plain_look(box, 0.9F, 0.0F);
  wide.joints.row(3) << 50, 50, 0.5;
  wide.joints.row(4) << 50, 50, 0.5;
  wide.joints.row(5) << 50, 50, 0.5;
  Look close = plain_look({20, 20, 60}, 0.9F, 0.0F);   // sees (50, 50) in its middle
  close.joints.row(3) << 53, 50, 0.6;
  close.joints.row(4) << 53, 50, 0.2;   // not sure
  close.joints.row(5) << 57, 50, 0.6;   // too far: another joint
  close.joints.row(6) << 57, 50, 0.9;   // the wide look does not see it
  const Look all = fused(wide, {close});
  EXPECT_NEAR(all.joints(3, 0), (0.3 * 0.5 * 50 + 0.6 * 53) / (0.3 * 0.5 + 0.6), 1e-9);
  EXPECT_EQ(all.joints(3, 1), 50.0);
  EXPECT_EQ(all.joints(3, 2), 0.5);
  EXPECT_EQ(all.joints(4, 0), 50.0);
  EXPECT_EQ(all.joints(5, 0), 50.0);
  EXPECT_TRUE(all.joints.row(6).isZero());
}

// Weights that say "torso" and "the thing" at every pixel, whatever is there; of joints they say where they are, each in one place, or
// that none is in the picture.
Network torso_everywhere(bool sees_joints) {
  Network network(small());
  const torch::NoGradGuard no_grad;
  network->initialise(1);
  for (auto& item : network->named_parameters()) {
    if (item.key() == "head.weight") {
      item.value().narrow(0, 0, kPartClasses + 1).zero_();
      item.value().narrow(0, kPartClasses + 1, body::kKeypointCount).mul_(1e4);
    }
    if (item.key() == "head.bias") {
      item.value().zero_();
      item.value()[2] = 5.0;              // torso
      item.value()[kPartClasses] = 5.0;   // the thing asked for
    }
    if (item.key() == "seen.weight") item.value().zero_();
    if (item.key() == "seen.bias") item.value().fill_(sees_joints ? 5.0 : -5.0);
  }
  return network;
}

// Pixels alone are nobody: skin and cloth look like many a surface, a joint does not.
TEST(Looks, FindAPersonByJointsToo) {
  const Photograph p = photograph(2);
  const Looks person(torso_everywhere(true), p.rgb, 1);
  EXPECT_TRUE(person.found_person());
  EXPECT_GE(person.joints().col(2).maxCoeff(), 0.3);
  const Looks nobody(torso_everywhere(false), p.rgb, 1);
  EXPECT_FALSE(nobody.found_person());
  EXPECT_TRUE(nobody.joints().isZero());
}

TEST(Looks, LeaveOutJointsThatAreAnywhere) {
  Network network(small());
  {
    const torch::NoGradGuard no_grad;
    for (auto& item : network->named_parameters()) {
      item.value().zero_();
      if (item.key() == "head.bias") item.value()[2] = 5.0;          // torso everywhere
      if (item.key() == "seen.bias") item.value().fill_(5.0);       // every joint is in the picture, and as likely in one place as another
    }
  }
  const Photograph p = photograph(2);
  const Look whole = look_at(network, p.rgb, {whole_box(p.rgb.width, p.rgb.height)}, 1).front();
  EXPECT_GT(whole.joints(3, 2), 0.0);
  const Looks looks(network, p.rgb, 1);
  EXPECT_FALSE(looks.found_person());
  EXPECT_TRUE(looks.joints().isZero());
}

class PerceptionFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tactus_perception_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    file_ = folder_ / "weights.safetensors";
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string refusal() const {
    try {
      const Perceiver perceiver(file_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_input);
      return error.what();
    }
    return "";
  }
  fs::path folder_, file_;
};

TEST_F(PerceptionFiles, ComeBackAndRefuseWhatIsDamagedOrForeign) {
  Network network(small());
  network->initialise(1);
  const WeightsInfo info = info_of(small());
  save_weights(file_, network, info);
  const WeightsInfo again = read_weights_info(file_);
  EXPECT_EQ(again.options, info.options);
  EXPECT_EQ(again.categories, info.categories);
  Network back = load_weights(file_, again);
  auto parameters = back->named_parameters();
  for (const auto& item : network->named_parameters())
    EXPECT_LT((item.value() - parameters[item.key()]).abs().max().item<float>(), 2e-3F * (1.0F + item.value().abs().max().item<float>())) << item.key();

  EXPECT_EQ(refusal(), "");
  WeightsInfo wrong = info;
  wrong.parts[1] = "tail";
  save_weights(file_, network, wrong);
  EXPECT_NE(refusal().find("parts are not those"), std::string::npos);
  wrong = info;
  wrong.categories.pop_back();
  save_weights(file_, network, wrong);
  EXPECT_NE(refusal().find("do not fit"), std::string::npos);
  wrong = info;
  wrong.options.width_8 = 32;
  save_weights(file_, network, wrong);
  EXPECT_NE(refusal().find("down_8"), std::string::npos);
  save_weights(file_, network, info);
  fs::resize_file(file_, fs::file_size(file_) / 2);
  EXPECT_NE(refusal(), "");
  std::ofstream(file_, std::ios::trunc) << "something else altogether, long enough to be read as a length";
  EXPECT_NE(refusal().find("not a safetensors file"), std::string::npos);
  fs::remove(file_);
  EXPECT_NE(refusal().find("cannot be opened"), std::string::npos);
  const torch::NoGradGuard no_grad;
  network->parameters().front().fill_(1e9);
  EXPECT_THROW(save_weights(file_, network, info), Error);
  EXPECT_FALSE(fs::exists(file_));
}

// A network that sees the thing in every pixel, but names none at any place.
TEST_F(PerceptionFiles, AThingThatIsNamedNowhereIsNotThere) {
  NetworkOptions naming = small();
  naming.things = 1;
  Network network(naming);
  {
    const torch::NoGradGuard no_grad;
    for (auto& item : network->named_parameters()) {
      item.value().zero_();
      if (item.key() == "head.bias") item.value()[kPartClasses] = 5.0;
      if (item.key() == "things.1.bias") item.value()[2] = 3.0;   // the second category everywhere
    }
  }
  WeightsInfo info = info_of(naming);
  info.thing_threshold = 0.25;
  save_weights(file_, network, info);
  EXPECT_EQ(read_weights_info(file_).thing_threshold, 0.25);
  const Photograph p = photograph(4);
  const Perceiver perceiver(file_);
  EXPECT_TRUE(perceiver.look(p.rgb, categories()[0]).object_mask.empty());
  EXPECT_FALSE(perceiver.look(p.rgb, categories()[1]).object_mask.empty());
  info.thing_threshold = 0.0;
  save_weights(file_, network, info);
  EXPECT_FALSE(Perceiver(file_).look(p.rgb, categories()[0]).object_mask.empty());
  info.thing_threshold = 1.5;
  save_weights(file_, network, info);
  EXPECT_NE(refusal().find("thing_threshold"), std::string::npos);
}

TEST_F(PerceptionFiles, APerceiverAnswersInThePhotographsPixels) {
  Network network(small());
  network->initialise(1);
  save_weights(file_, network, info_of(small()));
  const Perceiver perceiver(file_);
  const Photograph p = photograph(4);
  const contact::Percept percept = perceiver.look(p.rgb, categories()[0]);
  for (const ImageU8* mask : {&percept.person_mask, &percept.object_mask})
    if (!mask->empty()) { EXPECT_TRUE(mask->same_size(p.rgb.width, p.rgb.height)); }
  EXPECT_TRUE(perceiver.look(p.rgb, "").object_mask.empty());
  EXPECT_TRUE(perceiver.look(p.rgb, "zeppelin").object_mask.empty());
  EXPECT_THROW(perceiver.look(ImageU8(10, 10, 1), ""), Error);
  EXPECT_THROW(perceiver.look(ImageU8(), ""), Error);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(perceiver.look(p.rgb, "", Progress({}, stop.get_token())), Error);
}

TEST_F(PerceptionFiles, AreScoredAsCountingPixelsSays) {
  Network network = torso_everywhere(true);
  save_weights(file_, network, info_of(small()));
  ScoreOptions options;
  options.pictures = 5;
  options.seed = 1;
  options.side = 96;
  options.supersampling = 1;
  options.without_person = 0.4;
  double pixels = 0, person = 0, torso = 0, asked_pixels = 0, shown = 0, nobody = 0, joints = 0;
  for (std::int64_t index = 0; index < options.pictures; ++index) {
    const Photograph p = photograph(index, options.without_person);
    nobody += p.person ? 0 : 1;
    for (int j = 0; j < body::kKeypointCount; ++j) joints += p.in_picture(j) ? 1 : 0;
    std::vector<int> of_object(p.categories.size(), 0);
    for (std::size_t i = 0; i < p.what.data.size(); ++i) {
      pixels += 1;
      person += p.shows_person(i) ? 1 : 0;
      torso += p.what.data[i] == 2 ? 1 : 0;
      if (p.what.data[i] >= kObjectBase) ++of_object[p.what.data[i] - kObjectBase];
    }
    // The question: the first thing from the index-th on that shows in two thousandths of the picture.
    for (std::size_t k = 0; k < of_object.size(); ++k) {
      const std::size_t object = (k + static_cast<std::size_t>(index)) % of_object.size();
      if (of_object[object] < 0.002 * static_cast<double>(p.what.data.size())) continue;
      asked_pixels += static_cast<double>(p.what.data.size());
      for (std::size_t i = 0; i < p.what.data.size(); ++i) shown += p.shows(i, p.categories[object]) ? 1 : 0;
      break;
    }
  }
  ASSERT_GT(torso, 0);
  ASSERT_GT(shown, 0);
  ASSERT_GT(nobody, 0);
  ASSERT_GT(joints, 0);
  auto scores = score(file_, maker(), options);
  EXPECT_NEAR(scores.at("iou_torso"), torso / pixels, 1e-12);
  EXPECT_NEAR(scores.at("iou_person"), person / pixels, 1e-12);
  EXPECT_NEAR(scores.at("iou_object"), shown / asked_pixels, 1e-12);
  for (const char* none : {"iou_hands", "iou_arms", "iou_legs", "iou_feet", "iou_head"}) EXPECT_EQ(scores.at(none), 0.0) << none;
  for (const char* all : {"object_false", "person_false"}) EXPECT_EQ(scores.at(all), 1.0) << all;
  EXPECT_GT(scores.at("joints_found"), 0.0);
  EXPECT_EQ(scores.size(), 15U);

  // Who shows no joint is not found.
  network = torso_everywhere(false);
  save_weights(file_, network, info_of(small()));
  scores = score(file_, maker(), options);
  EXPECT_NEAR(scores.at("iou_object"), shown / asked_pixels, 1e-12);
  for (const char* none : {"iou_torso", "iou_person", "joints_found", "left_right", "person_false"}) EXPECT_EQ(scores.at(none), 0.0) << none;
  for (const char* all : {"joint_error", "joint_error_median", "object_false"}) EXPECT_EQ(scores.at(all), 1.0) << all;

  options.pictures = 0;
  EXPECT_THROW(score(file_, maker(), options), Error);
  options.pictures = 5;
  options.side = 3;
  EXPECT_THROW(score(file_, maker(), options), Error);
  options.side = 96;
  options.without_person = -1;
  EXPECT_THROW(score(file_, maker(), options), Error);
  options.without_person = 0;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(score(file_, maker(), options, Progress({}, stop.get_token())), Error);
  EXPECT_THROW(score(folder_ / "none.safetensors", maker(), options), Error);
}

}  // namespace
}  // namespace tactus::perception
