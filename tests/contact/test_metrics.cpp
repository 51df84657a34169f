// The metrics of METHOD.md §7 against brute force in Python (make_metrics.py) and numbers worked out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tactus/contact/metrics.h"
#include "tactus/error.h"

namespace tactus::contact {
namespace {

using nlohmann::json;

const json& fixture() {
  static const json all = json::parse(std::ifstream(std::string(TACTUS_TEST_DATA) + "/metrics.json"));
  return all;
}

Eigen::VectorXf vector_of(const json& values) {
  const auto list = values.get<std::vector<float>>();
  return Eigen::Map<const Eigen::VectorXf>(list.data(), static_cast<Eigen::Index>(list.size()));
}

Eigen::VectorXf vector_of(std::initializer_list<float> values) {
  return Eigen::Map<const Eigen::VectorXf>(values.begin(), static_cast<Eigen::Index>(values.size()));
}

geometry::Mesh mesh_of(const json& data) {
  geometry::Mesh mesh;
  const auto vertices = data["vertices"].get<std::vector<std::array<float, 3>>>();
  const auto faces = data["faces"].get<std::vector<std::array<int, 3>>>();
  mesh.vertices.resize(static_cast<Eigen::Index>(vertices.size()), 3);
  mesh.faces.resize(static_cast<Eigen::Index>(faces.size()), 3);
  for (std::size_t i = 0; i < vertices.size(); ++i)
    for (std::size_t k = 0; k < 3; ++k) mesh.vertices(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k)) = vertices[i][k];
  for (std::size_t i = 0; i < faces.size(); ++i)
    for (std::size_t k = 0; k < 3; ++k) mesh.faces(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k)) = faces[i][k];
  return mesh;
}

const char* name_of(Mode mode) { return mode == Mode::official ? "official" : "corrected"; }
constexpr std::array<Mode, 2> kModes = {Mode::corrected, Mode::official};

TEST(Metrics, ScoreAndGeodesicAreThoseOfBruteForce) {
  const MeshGraph graph(mesh_of(fixture()["mesh"]));
  for (const json& c : fixture()["contact"]) {
    const auto p = vector_of(c["predicted"]), t = vector_of(c["truth"]);
    for (const auto& [threshold, key] : {std::pair{0.5, "score"}, std::pair{0.3, "score_at_0.3"}}) {
      const auto score = contact_score_at(p, t, threshold);
      EXPECT_NEAR(score.precision, c[key][0].get<double>(), 1e-6);
      EXPECT_NEAR(score.recall, c[key][1].get<double>(), 1e-6);
      EXPECT_NEAR(score.f1, c[key][2].get<double>(), 1e-6);
    }
    EXPECT_DOUBLE_EQ(contact_score(p, t).f1, contact_score_at(p, t, 0.5).f1);
    for (const Mode mode : kModes) {
      const auto error = geodesic_error(graph, p, t, mode);
      EXPECT_NEAR(error.false_positive_m, c[name_of(mode)][0].get<double>(), 1e-6) << name_of(mode);
      EXPECT_NEAR(error.false_negative_m, c[name_of(mode)][1].get<double>(), 1e-6) << name_of(mode);
    }
  }
}

TEST(Metrics, VerticesWithinARadiusAreThoseOfTheFullSearch) {
  const MeshGraph graph(mesh_of(fixture()["mesh"]));
  for (int source = 0; source < graph.size(); ++source) {
    const auto all = graph.distances_from({source});
    const auto near = graph.within(source, 0.25);
    EXPECT_EQ(static_cast<long>(near.size()), std::count_if(all.begin(), all.end(), [](double d) { return d <= 0.25; }));
    for (const auto& [vertex, metres] : near) EXPECT_DOUBLE_EQ(metres, all[static_cast<std::size_t>(vertex)]);
  }
  EXPECT_THROW(graph.within(-1, 1.0), Error);
}

TEST(Metrics, GeodesicOfSoftPredictionsIsNearNothingInOfficialMode) {
  // Oddity B2: no value is exactly 1, so all vertices are columns and every row finds itself.
  geometry::Mesh strip;
  strip.vertices = geometry::Vertices{{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {3, 0, 0}};
  strip.faces = geometry::Faces{{0, 1, 2}, {1, 3, 2}};
  const MeshGraph graph(strip);
  const auto p = vector_of({0.9F, 0.0F, 0.0F, 0.0F}), t = vector_of({0.0F, 0.0F, 0.0F, 1.0F});
  EXPECT_DOUBLE_EQ(geodesic_error(graph, p, t, Mode::official).false_positive_m, 0.0);
  EXPECT_NEAR(geodesic_error(graph, p, t, Mode::corrected).false_positive_m, 3.0, 1e-6);
  EXPECT_NEAR(geodesic_error(graph, p, t, Mode::corrected).false_negative_m, 3.0, 1e-6);
  EXPECT_THROW(graph.distances_from({4}), Error);
  EXPECT_THROW(geodesic_error(graph, vector_of({1.0F}), t, Mode::corrected), Error);
}

TEST(Metrics, AffordanceIsThatOfBruteForce) {
  std::vector<AffordanceScore> scores;
  for (const json& c : fixture()["affordance"]) {
    scores.push_back(affordance_score(vector_of(c["predicted"]), vector_of(c["truth"])));
    EXPECT_NEAR(scores.back().sim, c["sim"].get<double>(), 1e-6);
    EXPECT_NEAR(scores.back().mae, c["mae"].get<double>(), 1e-6);
    ASSERT_EQ(scores.back().auc.has_value(), !c["auc"].is_null());
    ASSERT_EQ(scores.back().aiou.has_value(), !c["aiou"].is_null());
    if (scores.back().auc) { EXPECT_NEAR(*scores.back().auc, c["auc"].get<double>(), 1e-6); }
    if (scores.back().aiou) { EXPECT_NEAR(*scores.back().aiou, c["aiou"].get<double>(), 1e-6); }
  }
  for (const Mode mode : kModes) {
    const auto means = affordance_means(scores, mode);
    const auto& expected = fixture()["affordance_means"][name_of(mode)];
    EXPECT_NEAR(means.sim, expected[0].get<double>(), 1e-6);
    EXPECT_NEAR(means.mae, expected[1].get<double>(), 1e-6);
    EXPECT_NEAR(means.auc, expected[2].get<double>(), 1e-6);
    EXPECT_NEAR(means.aiou, expected[3].get<double>(), 1e-6);
    EXPECT_EQ(means.samples, mode == Mode::official ? 3 : 4);
    EXPECT_EQ(means.with_both_classes, 3);
  }
}

TEST(Metrics, AucCountsTiesHalf) {
  const std::vector<float> values = {0.1F, 0.4F, 0.4F, 0.8F};
  // Pairs (positive, negative): .4 > .1, .4 = .4, .8 > .1, .8 > .4.
  EXPECT_DOUBLE_EQ(*roc_auc(values, std::vector<std::uint8_t>{0, 1, 0, 1}), 3.5 / 4);
  EXPECT_FALSE(roc_auc(values, std::vector<std::uint8_t>{1, 1, 1, 1}).has_value());
  EXPECT_THROW(roc_auc(values, std::vector<std::uint8_t>{1}), Error);
}

ImageF row_of(const json& values) {
  ImageF image(static_cast<int>(values.size()), 1);
  image.data = values.get<std::vector<float>>();
  return image;
}

TEST(Metrics, SegmentationIsThatOfBruteForce) {
  for (const Mode mode : kModes) {
    std::vector<SegmentationSample> samples;
    for (const json& c : fixture()["segmentation"]) {
      std::vector<ImageF> values, chances, targets;
      for (std::size_t v = 0; v < c["values"].size(); ++v) {
        values.push_back(row_of(c["values"][v]));
        chances.push_back(row_of(c["chances"][v]));
        targets.push_back(row_of(c["targets"][v]));
      }
      samples.push_back(segmentation_sample(values, targets, {mode, false}));
      const auto of_chances = segmentation_sample(chances, targets, {mode, true});
      const auto check = [](const SegmentationSample& got, const json& expected) {
        EXPECT_NEAR(got.intersection, expected[0].get<double>(), 1e-6);
        EXPECT_NEAR(got.union_, expected[1].get<double>(), 1e-6);
        EXPECT_NEAR(got.iou, expected[2].get<double>(), 1e-6);
      };
      check(samples.back(), c[name_of(mode)]);
      check(of_chances, c[std::string(name_of(mode)) + "_chances"]);
    }
    EXPECT_NEAR(g_iou(samples), fixture()["iou"][name_of(mode)][0].get<double>(), 1e-6);
    EXPECT_NEAR(c_iou(samples), fixture()["iou"][name_of(mode)][1].get<double>(), 1e-6);
  }
  EXPECT_THROW(segmentation_sample({}, {}, {}), Error);
  EXPECT_THROW(segmentation_sample({ImageF(2, 2)}, {ImageF(3, 2)}, {}), Error);
}

TEST(Metrics, DamonTablesAreThoseOfBruteForce) {
  std::vector<DamonSample> samples;
  for (const json& s : fixture()["damon"]["samples"])
    samples.push_back({s["image"], s["object"], vector_of(s["predicted"]), vector_of(s["truth"])});
  const MeshGraph graph(mesh_of(fixture()["mesh"]));
  for (const Mode mode : kModes) {
    const auto& expected = fixture()["damon"][name_of(mode)];
    const auto table = damon_semantic(samples, mode);
    const auto check = [&](const DamonRow& row) {
      const auto& e = expected[row.name];
      EXPECT_EQ(row.samples, e[0].get<int>()) << row.name;
      EXPECT_NEAR(row.f1, e[1].get<double>(), 1e-6) << row.name;
      EXPECT_NEAR(row.precision, e[2].get<double>(), 1e-6) << row.name;
      EXPECT_NEAR(row.recall, e[3].get<double>(), 1e-6) << row.name;
    };
    check(table.all);
    int checked = 0;
    for (const auto* rows : {&table.objects, &table.categories})
      for (const auto& row : *rows)
        if (row.name == "chair" || row.name == "everyday-objects") check(row), ++checked;
    EXPECT_EQ(checked, 2);
    EXPECT_EQ(table.objects.size(), 5U);
    const auto binary = damon_binary(samples, mode, &graph);
    const auto& e = expected["binary"];
    EXPECT_EQ(binary.images, e[0].get<int>());
    EXPECT_NEAR(binary.f1, e[1].get<double>(), 1e-6);
    EXPECT_NEAR(binary.precision, e[2].get<double>(), 1e-6);
    EXPECT_NEAR(binary.recall, e[3].get<double>(), 1e-6);
    ASSERT_TRUE(binary.geodesic.has_value());
    EXPECT_NEAR(binary.geodesic->false_positive_m, e[4].get<double>(), 1e-6);
    EXPECT_NEAR(binary.geodesic->false_negative_m, e[5].get<double>(), 1e-6);
  }
  EXPECT_EQ(damon_category("Traffic_Light", Mode::official), std::nullopt);
  EXPECT_EQ(damon_category("Traffic_Light", Mode::corrected), "everyday-objects");
  EXPECT_EQ(damon_category("supporting", Mode::corrected), std::nullopt);
}

TEST(Metrics, SemanticPrecisionOfSoftSumsExceedsOne) {
  const std::vector<DamonSample> one = {{"a.jpg", "cup", vector_of({0.6F, 0.2F}), vector_of({1.0F, 1.0F})}};
  EXPECT_NEAR(damon_semantic(one, Mode::official).all.precision, 2 / 0.8, 1e-6);
  EXPECT_NEAR(damon_semantic(one, Mode::corrected).all.precision, 1.0, 1e-6);
  EXPECT_NEAR(damon_semantic(one, Mode::corrected).all.recall, 0.5, 1e-6);
}

TEST(Metrics, CalibrationIsThatOfBruteForce) {
  const auto& c = fixture()["calibration"];
  const auto chance = c["chance"].get<std::vector<float>>(), logits = c["logits"].get<std::vector<float>>();
  const auto truth = c["truth"].get<std::vector<std::uint8_t>>(), labels = c["labels"].get<std::vector<std::uint8_t>>();
  EXPECT_NEAR(expected_calibration_error(reliability(chance, truth)), c["ece"].get<double>(), 1e-6);
  EXPECT_NEAR(*roc_auc(chance, truth), c["auc"].get<double>(), 1e-9);
  EXPECT_NEAR(negative_log_likelihood(logits, labels, 1.0), c["nll_1"].get<double>(), 1e-6);
  const double temperature = fit_temperature(logits, labels);
  EXPECT_NEAR(temperature, c["temperature"].get<double>(), 3e-3);
  EXPECT_LE(negative_log_likelihood(logits, labels, temperature), c["nll"].get<double>() + 1e-6);
  EXPECT_THROW(fit_temperature({}, {}), Error);
  EXPECT_THROW(reliability(std::vector<float>{1.5F}, std::vector<std::uint8_t>{1}), Error);
}

TEST(Metrics, CalibratedAnswersHaveNoError) {
  // Of four answers "one half" two are true; the certain one is.
  const auto bins = reliability(std::vector<float>{0.5F, 0.5F, 0.5F, 0.5F, 1.0F}, std::vector<std::uint8_t>{1, 0, 1, 0, 1}, 10);
  EXPECT_DOUBLE_EQ(expected_calibration_error(bins), 0.0);
  EXPECT_EQ(bins[5].count, 4);
  EXPECT_EQ(bins[9].count, 1);
}

TEST(Metrics, OfficialMeansAreAHairSmaller) {
  const std::vector<double> values = {1.0, 0.5};
  EXPECT_DOUBLE_EQ(mean_over_samples(values, Mode::corrected), 0.75);
  EXPECT_DOUBLE_EQ(mean_over_samples(values, Mode::official), 1.5 / 2.00001);
}

}  // namespace
}  // namespace tactus::contact
