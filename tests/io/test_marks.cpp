// Keypoints, person masks and detections in COCO's formats.
#include <nlohmann/json.hpp>

#include "helpers.h"
#include "tactus/io/keypoints_json.h"

namespace tactus::io {
namespace {

using nlohmann::json;

json person(int id, double x, int count = 17) {
  json flat = json::array();
  for (int k = 0; k < count; ++k) flat.insert(flat.end(), {x + k, 20.0 + 2 * k, 2});
  return {{"id", id}, {"image_id", 7}, {"keypoints", flat}, {"bbox", {x, 10, 20.0 + id, 30}}};
}

json document(const json& annotations) {
  return {{"images", {{{"id", 7}, {"file_name", "photo.png"}}, {{"id", 8}, {"file_name", "other.png"}}}}, {"annotations", annotations}};
}

class Keypoints : public ::testing::Test {
 protected:
  PersonAnnotation read(const json& j, std::optional<int> who = std::nullopt, const std::string& photo = "photo.png") {
    return read_coco_keypoints(folder_.file("k.json", j.dump()), photo, 100, 80, who);
  }
  void refused(const json& j, const std::vector<std::string>& words, std::optional<int> who = std::nullopt, const std::string& photo = "photo.png") {
    expect_refused([&] { read(j, who, photo); }, words);
  }
  Folder folder_;
};

TEST_F(Keypoints, TheLargestPersonOfThePhotographIsTaken) {
  auto other = person(9, 1);
  other["image_id"] = 8;
  other["bbox"] = {0, 0, 1000, 1000};
  const auto j = document({person(1, 10), person(3, 30), person(2, 20), other});
  const auto found = read(j);
  EXPECT_EQ(found.id, 3);
  EXPECT_EQ(found.keypoints[4].x, 34.0);
  EXPECT_EQ(found.keypoints[4].visibility, body::Visibility::visible);
  EXPECT_EQ(found.keypoints[17].visibility, body::Visibility::unknown);
  EXPECT_EQ(found.box->width, 23.0);
  EXPECT_EQ(read(j, 2).keypoints[0].x, 20.0);
  refused(j, {"k.json", "id 5", "1, 3, 2"}, 5);
  refused(j, {"no picture named third.png"}, {}, "third.png");
}

TEST_F(Keypoints, TwentyThreePointsAndABareList) {
  const auto found = read(json::array({person(1, 10, 23)}));
  EXPECT_EQ(found.keypoints[22].y, 64.0);
}

TEST_F(Keypoints, FlagsTellHiddenAndUnknown) {
  auto p = person(1, 10);
  p["keypoints"][2] = 1;
  p["keypoints"][5] = 0;
  const auto found = read(document(json::array({p})));
  EXPECT_EQ(found.keypoints[0].visibility, body::Visibility::hidden);
  EXPECT_EQ(found.keypoints[1].visibility, body::Visibility::unknown);
}

TEST_F(Keypoints, RefusesWhatIsWrong) {
  const auto with = [](int at, const json& value) {
    auto p = person(1, 10);
    p["keypoints"][static_cast<std::size_t>(at)] = value;
    return document(json::array({p}));
  };
  refused(with(0, 1e6), {"k.json", "nose", "far outside the photograph"});
  refused(with(16, -500), {"left_shoulder", "far outside"});
  refused(with(3, nullptr), {"left_eye", "not a number"});
  refused(with(3, "12"), {"left_eye", "not a number"});
  refused(document(json::array({person(1, 10, 16)})), {"48 keypoint numbers", "51", "69"});
  refused(document(json::array()), {"no person with marked keypoints", "photo.png"});
  auto unmarked = person(1, 10);
  for (std::size_t k = 2; k < 51; k += 3) unmarked["keypoints"][k] = 0;
  refused(document(json::array({unmarked})), {"no person with marked keypoints"});
  refused({{"foo", 1}}, {"k.json", "not a COCO keypoints file"});
  refused(json(3), {"k.json"});
  auto odd = person(1, 10);
  odd["keypoints"] = "51 numbers";
  refused(document(json::array({odd})), {"k.json"});
  expect_refused([&] { read_coco_keypoints(folder_ / "absent.json", "photo.png", 100, 80, {}); }, {"absent.json", "could not be opened"});
  for (const char* text : {"", "{", "[1, 2", "{\"annotations\": [NaN]}", "\xff\xfe\x00", "{\"annotations\": [{\"keypoints\": [1e999]}]}"})
    expect_refused([&] { read_coco_keypoints(folder_.file("k.json", text), "photo.png", 100, 80, {}); }, {"k.json", "not a JSON file"});
}

TEST_F(Keypoints, DeepNestingIsNoTrap) {
  expect_refused([&] { read_coco_keypoints(folder_.file("k.json", std::string(2'000'000, '[') + std::string(2'000'000, ']')), "photo.png", 100, 80, {}); },
                 {"k.json"});
}

TEST_F(Keypoints, PolygonsAndRunLengthsAreTheSameMask) {
  auto p = person(1, 10);
  p["segmentation"] = {{10, 20, 30, 20, 30, 50, 10, 50}};
  const auto polygon = read(document(json::array({p}))).mask;
  ASSERT_TRUE(polygon.has_value());
  for (int row = 0; row < 80; ++row)
    for (int column = 0; column < 100; ++column)
      ASSERT_EQ(polygon->at(column, row), column >= 10 && column < 30 && row >= 20 && row < 50 ? 255 : 0) << column << ", " << row;
  // Column by column: 10 empty columns and 20 rows, then 30 in, 50 out, …
  json counts = {10 * 80 + 20};
  for (int column = 0; column < 20; ++column) {
    counts.push_back(30);
    counts.push_back(column < 19 ? 50 : 30 + 70 * 80);
  }
  p["segmentation"] = {{"size", {80, 100}}, {"counts", counts}};
  EXPECT_EQ(read(document(json::array({p}))).mask, polygon);
  // The same counts, compressed by COCO's rule: differences from the one two before, five bits a character.
  std::string packed;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    long x = counts[i].get<long>();
    if (i > 2) x -= counts[i - 2].get<long>();
    for (bool more = true; more;) {
      long c = x & 0x1f;
      x >>= 5;
      more = (c & 0x10) != 0 ? x != -1 : x != 0;
      if (more) c |= 0x20;
      packed += static_cast<char>(c + 48);
    }
  }
  p["segmentation"]["counts"] = packed;
  EXPECT_EQ(read(document(json::array({p}))).mask, polygon);
}

TEST_F(Keypoints, RefusesDamagedMasks) {
  auto p = person(1, 10);
  const auto with = [&](const json& segmentation) {
    p["segmentation"] = segmentation;
    return document(json::array({p}));
  };
  refused(with({{"size", {60, 100}}, {"counts", {6000}}}), {"another size"});
  refused(with({{"size", {80, 100}}, {"counts", {9000}}}), {"damaged"});
  refused(with({{"size", {80, 100}}, {"counts", {7999}}}), {"damaged"});
  refused(with({{"size", {80, 100}}, {"counts", {-5, 8005}}}), {"damaged"});
  refused(with({{"size", {80, 100}}, {"counts", "~~~~"}}), {"damaged"});
  refused(with({{"size", 80}, {"counts", {8000}}}), {"k.json"});
  refused(with({{0, 0, 1e300, 0, 0, 10}}), {"far outside"});
  EXPECT_FALSE(read(with({{1, 1, 2, 2}})).mask.has_value());   // two points span nothing
}

TEST_F(Keypoints, RoundTripIsExactAndTheSameTwice) {
  body::Keypoints points;
  for (std::size_t k = 0; k < points.size(); ++k) points[k] = {10.0 + 1.0 / (1.0 + static_cast<double>(k)), 7.1 * static_cast<double>(k) / 3.0, static_cast<body::Visibility>(1 + k % 2)};
  points[5] = {};
  for (const char* name : {"a.json", "b.json"}) write_coco_keypoints(folder_ / name, "photo.png", 100, 80, points, pipeline::Box{1, 2, 3, 4});
  EXPECT_EQ(content(folder_ / "a.json"), content(folder_ / "b.json"));
  const auto back = read_coco_keypoints(folder_ / "a.json", "photo.png", 100, 80, {});
  EXPECT_EQ(back.keypoints, points);
  EXPECT_EQ(*back.box, (pipeline::Box{1, 2, 3, 4}));
  write_coco_keypoints(folder_ / "c.json", "caf\xe9.png", 100, 80, points, {});   // a name that is no UTF-8
  EXPECT_TRUE(fs::exists(folder_ / "c.json"));
}

TEST(Detection, BoxAndMask) {
  const Folder folder;
  const auto read = [&](const json& j) { return read_detection(folder.file("d.json", j.dump()), 3, 2); };
  const auto found = read({{"bbox", {1, 2, 3, 4}}, {"mask", {{0, 1, 0}, {true, false, 0.5}}}});
  EXPECT_EQ(found.box, (pipeline::Box{1, 2, 3, 4}));
  EXPECT_EQ(found.mask->data, (std::vector<std::uint8_t>{0, 255, 0, 255, 0, 255}));
  EXPECT_FALSE(read({{"bbox", {1, 2, 3, 4}}}).mask.has_value());
  expect_refused([&] { read({{"bbox", {1, 2, 3}}}); }, {"d.json", "bbox [x, y, w, h]"});
  expect_refused([&] { read({{"bbox", {1, 2, 3, 4}}, {"mask", {{0, 1, 0}}}}); }, {"another size"});
  expect_refused([&] { read({{"bbox", {1, 2, 3, 4}}, {"mask", {{0, 1}, {0, 1}}}}); }, {"another size"});
  expect_refused([&] { read({{"bbox", {1, 2, 3, "four"}}}); }, {"d.json", "not a detection file"});
  expect_refused([&] { read({{"bbox", {1, 2, 3, 4}}, {"mask", {{0, 1, "x"}, {0, 0, 0}}}}); }, {"d.json"});
  expect_refused([&] { read(json::array({1})); }, {"d.json"});
}

}  // namespace
}  // namespace tactus::io
