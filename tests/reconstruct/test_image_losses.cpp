// The losses on the silhouette, in both modes, against sums written out, and Adam against its formula.
#include <gtest/gtest.h>

#include <cmath>

#include "adam.h"
#include "image_losses.h"
#include "tactus/random.h"

namespace tactus::reconstruct {
namespace {

constexpr int kWidth = 13, kHeight = 9;

struct Pictures {
  ImageF alpha{kWidth, kHeight};
  ImageU8 mask{kWidth, kHeight}, human{kWidth, kHeight};
  Pictures() {
    Random random(11);
    for (int row = 0; row < kHeight; ++row)
      for (int column = 0; column < kWidth; ++column) {
        alpha.at(column, row) = column > 2 && row > 1 ? static_cast<float>(0.05 + 0.9 * random.uniform()) : 0.0F;
        mask.at(column, row) = column >= 4 && column <= 9 && row >= 3 && row + column < 15 ? 255 : 0;
        human.at(column, row) = column >= 8 ? 255 : 0;
      }
  }
};

TEST(ImageLosses, OfficialUnionLacksTheIntersectionAndCentroidIsOfTheBox) {
  const Pictures in;
  double overlap = 0, total = 0, mass = 0, rows = 0, columns = 0;
  int top = kHeight, bottom = -1, left = kWidth, right = -1;
  for (int row = 0; row < kHeight; ++row)
    for (int column = 0; column < kWidth; ++column) {
      const double a = static_cast<double>(in.alpha.at(column, row));
      const bool m = in.mask.at(column, row) != 0;
      overlap += m ? a : 0.0;
      total += a + (m ? 1.0 : 0.0);
      mass += a;
      rows += a * row;
      columns += a * column;
      if (m) top = std::min(top, row), bottom = std::max(bottom, row), left = std::min(left, column), right = std::max(right, column);
    }
  const SilhouetteTarget target(in.mask, &in.human, Mode::official);
  ImageF gradient;
  const ImageLoss loss = image_loss(in.alpha, target, Mode::official, 1, 1, gradient);
  EXPECT_NEAR(loss.mask, 1.0 - overlap / total, 1e-9);
  EXPECT_NEAR(loss.centroid, std::pow(rows / mass - 0.5 * (top + bottom), 2) + std::pow(columns / mass - 0.5 * (left + right), 2), 1e-9);
}

TEST(ImageLosses, CorrectedIsTheTrueOverlapOfWhatIsSeen) {
  const Pictures in;
  double overlap = 0, united = 0, mass = 0, rows = 0, columns = 0, area = 0, mask_rows = 0, mask_columns = 0;
  for (int row = 0; row < kHeight; ++row)
    for (int column = 0; column < kWidth; ++column) {
      const bool m = in.mask.at(column, row) != 0;
      if (!m && in.human.at(column, row) != 0) continue;   // the person may hide the object here
      const double a = static_cast<double>(in.alpha.at(column, row));
      overlap += m ? a : 0.0;
      united += m ? 1.0 : a;
      mass += a;
      rows += a * row;
      columns += a * column;
      if (m) area += 1, mask_rows += row, mask_columns += column;
    }
  const SilhouetteTarget target(in.mask, &in.human, Mode::corrected);
  ImageF gradient;
  const ImageLoss loss = image_loss(in.alpha, target, Mode::corrected, 1, 1, gradient);
  EXPECT_NEAR(loss.mask, 1.0 - overlap / united, 1e-9);
  const double scale = (640.0 * 640 + 480.0 * 480) / (kWidth * kWidth + kHeight * kHeight);
  const double expected = std::pow(rows / mass - mask_rows / area, 2) + std::pow(columns / mass - mask_columns / area, 2);
  EXPECT_NEAR(loss.centroid, scale * expected, 1e-6 * scale);
}

TEST(ImageLosses, PerfectSilhouetteCostsNothingWhenCorrectedAndHalfWhenOfficial) {
  const Pictures in;
  ImageF alpha(kWidth, kHeight), gradient;
  for (std::size_t i = 0; i < alpha.data.size(); ++i) alpha.data[i] = in.mask.data[i] != 0 ? 1.0F : 0.0F;
  EXPECT_NEAR(image_loss(alpha, SilhouetteTarget(in.mask, nullptr, Mode::corrected), Mode::corrected, 1, 1, gradient).mask, 0.0, 1e-12);
  EXPECT_NEAR(image_loss(alpha, SilhouetteTarget(in.mask, nullptr, Mode::official), Mode::official, 1, 1, gradient).mask, 0.5, 1e-12);
}

TEST(ImageLosses, GradientsAgreeWithFiniteDifferences) {
  for (const Mode mode : {Mode::official, Mode::corrected}) {
    const Pictures in;
    const SilhouetteTarget target(in.mask, &in.human, mode);
    ImageF gradient, ignored;
    image_loss(in.alpha, target, mode, 5.0, 0.01, gradient);
    for (const auto& [column, row] : {std::pair{5, 4}, {3, 7}, {10, 2}, {12, 8}, {8, 5}}) {
      Pictures moved;
      const auto at = [&](float h) {
        moved.alpha.at(column, row) = in.alpha.at(column, row) + h;
        const ImageLoss loss = image_loss(moved.alpha, target, mode, 5.0, 0.01, ignored);
        return 5.0 * loss.mask + 0.01 * loss.centroid;
      };
      const double slope = (at(0.01F) - at(-0.01F)) / 0.02;
      EXPECT_NEAR(static_cast<double>(gradient.at(column, row)), slope, 1e-3 * std::max(0.05, std::abs(slope))) << column << "," << row;
    }
  }
}

TEST(ImageLosses, EmptySilhouetteSitsInTheMiddleOfThePicture) {
  const Pictures in;
  ImageF alpha(kWidth, kHeight), gradient;
  const SilhouetteTarget target(in.mask, nullptr, Mode::official);
  const ImageLoss loss = image_loss(alpha, target, Mode::official, 1, 1, gradient);
  EXPECT_EQ(loss.mask, 1.0);
  EXPECT_NEAR(loss.centroid, std::pow(0.5 * kHeight - target.centre_row, 2) + std::pow(0.5 * kWidth - target.centre_column, 2), 1e-9);
  for (const float g : gradient.data) EXPECT_EQ(g, 0.0F);
}

TEST(Adam, FollowsTheFormula) {
  Adam<2> adam;
  Eigen::Vector2d x(1.0, -2.0);
  double m[2] = {0, 0}, v[2] = {0, 0}, y[2] = {1.0, -2.0};
  for (int t = 1; t <= 20; ++t) {
    const Eigen::Vector2d g(2.0 * x[0], 0.5 * std::cos(x[1]));
    adam.step(x, g, 0.05);
    for (int k = 0; k < 2; ++k) {
      m[k] = 0.9 * m[k] + 0.1 * g[k];
      v[k] = 0.999 * v[k] + 0.001 * g[k] * g[k];
      y[k] -= 0.05 * (m[k] / (1 - std::pow(0.9, t))) / (std::sqrt(v[k] / (1 - std::pow(0.999, t))) + 1e-8);
      EXPECT_NEAR(x[k], y[k], 1e-12);
    }
  }
}

}  // namespace
}  // namespace tactus::reconstruct
