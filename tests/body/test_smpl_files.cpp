// SMPL files with missing, misshapen or meaningless arrays.
#include <gtest/gtest.h>

#include <limits>

#include "expect_refused.h"
#include "npz_writer.h"
#include "scratch_folder.h"
#include "tactus/io/smpl_model.h"
#include "tactus/random.h"

namespace tactus::io {
namespace {

constexpr int kVertices = 5, kJoints = 3, kShapes = 2;

NpyArray array(Random& random, std::vector<std::int64_t> shape) {
  std::size_t count = 1;
  for (const auto size : shape) count *= static_cast<std::size_t>(size);
  NpyArray made{std::move(shape), std::vector<double>(count)};
  for (auto& value : made.values) value = random.uniform(-1.0, 1.0);
  return made;
}

std::map<std::string, NpyArray> arrays(bool hands = false) {
  Random random(51);
  std::map<std::string, NpyArray> all = {
      {"v_template", array(random, {kVertices, 3})},
      {"shapedirs", array(random, {kVertices, 3, kShapes})},
      {"posedirs", array(random, {kVertices, 3, 9 * (kJoints - 1)})},
      {"J_regressor", array(random, {kJoints, kVertices})},
      {"weights", array(random, {kVertices, kJoints})},
      {"kintree_table", {{2, kJoints}, {4294967295.0, 0, 1, 0, 1, 2}}},
      {"f", {{2, 3}, {0, 1, 2, 2, 3, 4}}}};
  if (hands) {
    for (const char* name : {"hands_meanl", "hands_meanr"}) all[name] = array(random, {45});
    for (const char* name : {"hands_componentsl", "hands_componentsr"}) all[name] = array(random, {6, 45});
  }
  return all;
}

class SmplFiles : public testing::Test {
 protected:
  SmplFiles() : folder_("smpl_files"), file_(folder_ / "SMPL_NEUTRAL.npz") {}
  template <typename Spoil>
  void refused(const Spoil& spoil, const std::string& word, bool hands = false) {
    auto all = arrays(hands);
    spoil(all);
    write_npz(file_, all);
    SCOPED_TRACE(word);
    expect_refused([&] { read_smpl_model(file_); }, word);
    expect_refused([&] { read_smpl_model(file_); }, "SMPL_NEUTRAL.npz");
  }
  ScratchFolder folder_;
  std::filesystem::path file_;
};

TEST_F(SmplFiles, TheWholeOneIsRead) {
  write_npz(file_, arrays());
  const auto d = read_smpl_model(file_);
  EXPECT_EQ(d.parents, (std::vector<int>{-1, 0, 1}));
  EXPECT_EQ(d.template_vertices(1, 2), arrays().at("v_template").values[5]);
  EXPECT_EQ(d.left_hand_mean.size(), 0);
  auto all = arrays(true);
  all["faces"] = all["f"];   // the newer name
  all.erase("f");
  write_npz(file_, all);
  const auto with_hands = read_smpl_model(file_);
  EXPECT_EQ(with_hands.left_hand_components.rows(), 6);
  EXPECT_EQ(with_hands.left_hand_components(1, 2), all.at("hands_componentsl").values[47]);
  EXPECT_EQ(with_hands.faces(1, 2), 4);
}

TEST_F(SmplFiles, EveryMissingArrayIsNamed) {
  for (const char* key : {"v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table"})
    refused([&](auto& all) { all.erase(key); }, std::string(key) + " is missing");
  refused([](auto& all) { all.erase("f"); }, "faces is missing");
  refused([](auto& all) { all.erase("hands_meanr"); }, "hands_meanr is missing", true);
}

TEST_F(SmplFiles, WrongShapesAreRefused) {
  const auto reshaped = [&](const char* key, const std::vector<std::int64_t>& shape) {
    refused([&](auto& all) {
      Random random(52);
      all[key] = array(random, shape);
    }, key, std::string(key).starts_with("hands"));
  };
  reshaped("v_template", {kVertices, 2});
  reshaped("v_template", {kVertices * 3});
  reshaped("shapedirs", {kVertices, 3});
  reshaped("shapedirs", {kVertices - 1, 3, kShapes});
  reshaped("shapedirs", {kVertices, 2, kShapes});
  reshaped("posedirs", {kVertices, 3, 9 * kJoints});
  reshaped("posedirs", {9 * (kJoints - 1), kVertices * 3});
  reshaped("posedirs", {kVertices, 3, 0});
  reshaped("J_regressor", {kJoints, kVertices + 1});
  reshaped("J_regressor", {kJoints + 1, kVertices});
  reshaped("J_regressor", {0, kVertices});
  reshaped("weights", {kVertices, kJoints + 1});
  reshaped("weights", {kVertices - 1, kJoints});
  reshaped("weights", {kVertices, 0});
  reshaped("kintree_table", {0, kJoints});
  reshaped("kintree_table", {2, 0});
  reshaped("kintree_table", {6});
  reshaped("f", {2, 4});
  reshaped("f", {6});
  refused([](auto& all) { all["hands_meanl"].shape = {44}, all["hands_meanl"].values.resize(44); }, "hands", true);
  refused([](auto& all) {
    Random random(53);
    all["hands_componentsl"] = array(random, {45, 6});
  }, "hands", true);
  refused([](auto& all) { all["v_template"] = {{0, 3}, {}}; }, "SMPL_NEUTRAL");
  refused([](auto& all) { all["f"] = {{0, 3}, {}}; }, "faces");
  // Fewer shapes, even none, are a model all the same.
  auto none = arrays();
  none["shapedirs"] = {{kVertices, 3, 0}, {}};
  write_npz(file_, none);
  EXPECT_EQ(read_smpl_model(file_).shape_directions.cols(), 0);
}

TEST_F(SmplFiles, NumbersThatAreNoneAreRefused) {
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(), 1e300}) {
    for (const char* key : {"v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table"}) {
      if (value == 1e300 && std::string(key) == "J_regressor") continue;   // kept in double
      refused([&](auto& all) { all[key].values.at(1) = value; }, "SMPL_NEUTRAL");
    }
    if (value != 1e300)
      for (const char* key : {"hands_meanl", "hands_componentsr"})
        refused([&](auto& all) { all[key].values.at(1) = value; }, "finite", true);
  }
}

TEST_F(SmplFiles, WrongIndicesAreRefused) {
  refused([](auto& all) { all["f"].values[0] = kVertices; }, "vertex that is not there");
  refused([](auto& all) { all["f"].values[0] = -1; }, "vertex that is not there");
  refused([](auto& all) { all["kintree_table"].values[1] = 2; }, "parent");   // itself later
  refused([](auto& all) { all["kintree_table"].values[2] = 2; }, "parent");   // itself
  refused([](auto& all) { all["kintree_table"].values[2] = 3; }, "parent");
  refused([](auto& all) { all["kintree_table"].values[1] = 4294967295.0; }, "parent");
  refused([](auto& all) { all["v_template"].dtype = "|O"; }, "Python objects");
  refused([](auto& all) { all["weights"].dtype = "<U2"; }, "weights");
}

TEST_F(SmplFiles, OtherThingsAreNoModel) {
  expect_refused([&] { read_smpl_model(folder_.path()); }, "folder");
  write_bytes(file_, "");
  expect_refused([&] { read_smpl_model(file_); }, "SMPL_NEUTRAL");
  write_bytes(file_, "]K\1a.");
  expect_refused([&] { read_smpl_model(file_); }, "dictionary");
  write_bytes(file_, "}S'v_template'\nI4\ns.");
  expect_refused([&] { read_smpl_model(file_); }, "v_template");
  write_bytes(file_, "cos\nsystem\n(S'true'\ntR.");
  expect_refused([&] { read_smpl_model(file_); }, "os.system");
}

}  // namespace
}  // namespace tactus::io
