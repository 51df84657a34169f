// Mode official against the published fit, written a second time in another language (official_reference.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "tactus/io/official_sample.h"
#include "tactus/reconstruct/reconstruct.h"
#include "tactus/render/cpu.h"

namespace tactus::reconstruct {
namespace {

Eigen::Matrix3d matrix(const nlohmann::json& rows) {
  Eigen::Matrix3d m;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) m(r, c) = rows.at(static_cast<std::size_t>(r)).at(static_cast<std::size_t>(c)).get<double>();
  return m;
}

Eigen::Vector3d vector(const nlohmann::json& row) {
  return Eigen::Vector3d(row.at(0).get<double>(), row.at(1).get<double>(), row.at(2).get<double>());
}

class OfficialParity : public testing::TestWithParam<const char*> {};

TEST_P(OfficialParity, AgreesWithTheReference) {
  const std::filesystem::path folder = std::filesystem::path(TACTUS_TEST_DATA) / GetParam();
  const auto sample = io::read_official_sample(folder);
  const auto reference = nlohmann::json::parse(std::ifstream(folder / "reference.json"));
  AlignOptions align_options;
  align_options.mode = Mode::official;
  const auto starts = align(sample.input, align_options, {});

  // ICP: each row's pose after its update.
  const auto& rows = reference.at("align");
  const auto& records = starts.candidates.front().records;
  ASSERT_EQ(records.size(), rows.size());
  EXPECT_NEAR(starts.candidates.front().rmse, rows.back().at("rmse").get<double>(), 1e-5);

  const auto renderer = render::make_cpu_silhouette_renderer();
  const auto result = fit(sample.input, starts, *renderer, official_fit_options(), {});
  ASSERT_EQ(result.records.size(), reference.at("iterations").get<std::size_t>());
  const Eigen::Vector3d centre = geometry::area_weighted_centroid(sample.input.object);
  int compared = 0;
  for (const auto& [key, row] : reference.at("fit").items()) {
    const int iteration = std::stoi(key);
    const auto& record = result.records.at(static_cast<std::size_t>(iteration));
    // Float32 and the order of its sums part the two a little with every step of Adam.
    const double tolerance = iteration == 0 ? 1e-4 : 1e-3;
    for (const auto& [name, value] : {std::pair{"total", record.loss_total}, {"mask", record.loss_mask}, {"contact", record.loss_contact}}) {
      const double expected = row.at(name);
      EXPECT_NEAR(value, expected, tolerance * expected) << name << " at " << iteration;
    }
    EXPECT_NEAR(record.loss_centroid, row.at("centroid").get<double>(), tolerance * row.at("total").get<double>()) << "at " << iteration;
    const double degrees = geometry::rotation_angle(record.photo_from_object.rotation, matrix(row.at("rotation"))) * 180.0 / std::numbers::pi;
    EXPECT_LT(degrees, iteration < 5 ? 0.02 : 0.3) << "at " << iteration;
    const Eigen::Vector3d expected_centre = matrix(row.at("rotation")) * centre + vector(row.at("translation"));
    EXPECT_LT((record.photo_from_object * centre - expected_centre).norm(), iteration < 5 ? 1e-4 : 0.002) << "at " << iteration;
    ++compared;
  }
  EXPECT_GE(compared, 25);
}

INSTANTIATE_TEST_SUITE_P(Samples, OfficialParity, testing::Values("chair", "chair_cut", "racket"));

}  // namespace
}  // namespace tactus::reconstruct
