#include <gtest/gtest.h>

#include <cmath>

#include "standing.h"
#include "tactus/error.h"
#include "tactus/random.h"

namespace tactus::evidence {
namespace {

TEST(SignedDistance, IsThatOfBruteForce) {
  Random random(8);
  for (int round = 0; round < 12; ++round) {
    const int width = 5 + static_cast<int>(random.below(40)), height = 5 + static_cast<int>(random.below(40));
    ImageU8 mask(width, height);
    if (round % 3 == 0) {
      for (auto& m : mask.data) m = random.uniform() < 0.1;
    } else if (round % 3 == 1) {
      for (auto& m : mask.data) m = random.uniform() < 0.9;
    } else {
      fill(mask, 2, 1, width / 2, height - 1);
    }
    mask.at(1, 1) = 200;
    mask.at(3, 2) = 0;
    const ImageF distance = signed_distance(mask);
    for (int r = 0; r < height; ++r)
      for (int c = 0; c < width; ++c) {
        int best = 1 << 30;
        for (int y = 0; y < height; ++y)
          for (int x = 0; x < width; ++x)
            if ((mask.at(x, y) != 0) != (mask.at(c, r) != 0)) best = std::min(best, (x - c) * (x - c) + (y - r) * (y - r));
        const float expected = std::sqrt(static_cast<float>(best));
        ASSERT_EQ(distance.at(c, r), mask.at(c, r) != 0 ? -expected : expected) << round << ": " << c << ", " << r;
      }
  }
}

TEST(SignedDistance, OfEmptyAndFullMasks) {
  EXPECT_EQ(signed_distance(ImageU8(7, 5)), ImageF(7, 5, 1, 1e6F));
  EXPECT_EQ(signed_distance(ImageU8(7, 5, 1, 1)), ImageF(7, 5, 1, -1e6F));
  EXPECT_TRUE(signed_distance(ImageU8()).empty());
  EXPECT_THROW(signed_distance(ImageU8(7, 5, 3)), Error);
}

// A mask over the left hand.
TEST(Evidence, OfAHandInsideTheMask) {
  const Observation plain = observed();
  ImageU8 mask(kCropSize, kCropSize);
  int left = kCropSize, top = kCropSize, right = 0, bottom = 0;
  for (int s = 0; s < sample().size(); ++s) {
    const std::string& part = sample().part_names[sample().parts[static_cast<std::size_t>(s)]];
    if (part != "left hand" && part != "left fingers") continue;
    const Eigen::Vector2d p = plain.crop.project(plain.points.row(s).transpose().cast<double>());
    left = std::min(left, static_cast<int>(p.x()));
    right = std::max(right, static_cast<int>(p.x()) + 1);
    top = std::min(top, static_cast<int>(p.y()));
    bottom = std::max(bottom, static_cast<int>(p.y()) + 1);
  }
  fill(mask, left, top, right, bottom);
  Observation o = plain;
  o.object_mask = mask;
  const Evidence e = gather(o, sample());
  EXPECT_FALSE(e.mask_empty);
  EXPECT_EQ(mean_of(e, "inside", "left fingers"), 1.0);
  EXPECT_GT(mean_of(e, "near_3cm", "left hand"), 0.99);
  EXPECT_LT(mean_of(e, "distance", "left fingers"), 0.0);
  EXPECT_GT(mean_of(e, "density_small", "left fingers"), mean_of(e, "density_large", "left fingers"));
  EXPECT_EQ(mean_of(e, "inside", "right hand"), 0.0);
  EXPECT_GT(mean_of(e, "distance", "right hand"), 0.8);
  EXPECT_EQ(mean_of(e, "inside_person", "left hand"), 0.5);
  EXPECT_EQ(mean_of(e, "covered", "left hand"), 0.0);
  EXPECT_EQ(e.global[global("has_mask")], 1.0F);
  EXPECT_EQ(e.global[global("has_person_mask")], 0.0F);
  EXPECT_LT(e.global[global("nearest")], 0.0F);
  EXPECT_GT(e.global[global("overlap")], 0.2F);
  EXPECT_GT(e.global[global("top_gap")], 0.0F);      // below the head
  EXPECT_LT(e.global[global("bottom_gap")], -0.5F);  // above the feet
  for (int s = 0; s < sample().size(); ++s)
    if (sample().part_names[sample().parts[static_cast<std::size_t>(s)]] == "left fingers") { ASSERT_LE(e.distance_m[s], 0.0F); }
}

// A thing whose edge is 20 cm to the right of the outermost point.
TEST(Evidence, OfAThingBesideIsMetric) {
  Observation o = observed();
  const double z = pelvis(sample(), o.points).z();
  double outermost = 0.0;
  int which = 0;
  for (int s = 0; s < sample().size(); ++s) {
    const double u = o.crop.project(o.points.row(s).transpose().cast<double>()).x();
    if (u > outermost && o.visible[static_cast<std::size_t>(s)] != 0) {
      outermost = u;
      which = s;
    }
  }
  const double v = o.crop.project(o.points.row(which).transpose().cast<double>()).y();
  const int edge = static_cast<int>(std::lround(outermost + 0.20 * o.crop.focal_x / z));
  o.object_mask = ImageU8(kCropSize, kCropSize);
  fill(o.object_mask, edge, static_cast<int>(v) - 6, edge + 12, static_cast<int>(v) + 6);
  const Evidence e = gather(o, sample());
  const float d = e.vertex(which, column("distance"));
  EXPECT_NEAR(0.8F * d * d, 0.20, 0.02);
  EXPECT_NEAR(e.distance_m[which], 0.20 * o.points(which, 2) / z, 0.02);
  EXPECT_NEAR(0.8 * static_cast<double>(e.global[global("nearest")]), 0.20, 0.02);
  EXPECT_NEAR(e.vertex(which, column("near_10cm")), std::exp(-2.0), 0.03);
  EXPECT_EQ(e.vertex(which, column("inside")), 0.0F);
  EXPECT_EQ(e.global[global("overlap")], 0.0F);
  EXPECT_NEAR(e.vertex(which, column("border_normal")), o.normals(which, 0), 0.1);   // the thing lies to the right
}

TEST(Evidence, PlacesAreRelativeToThePelvis) {
  const Observation o = observed({}, 90.0);
  const Evidence e = gather(o, sample());
  const Eigen::Vector3d middle = pelvis(sample(), o.points);
  for (int s = 0; s < sample().size(); s += 50) {
    EXPECT_NEAR(e.vertex(s, column("x")), o.points(s, 0) - middle.x(), 1e-5);
    EXPECT_NEAR(e.vertex(s, column("depth")), o.points(s, 2) - middle.z(), 1e-5);
    EXPECT_EQ(e.vertex(s, column("visible")), o.visible[static_cast<std::size_t>(s)]);
  }
  EXPECT_NEAR(e.global[global("facing_yaw")], 0.5F, 0.03F);
  EXPECT_NEAR(gather(observed({}, -30.0), sample()).global[global("facing_yaw")], -1.0F / 6.0F, 0.03F);
}

TEST(Evidence, WithoutAMaskIsNeutral) {
  Observation o = observed();
  for (const bool given : {false, true}) {
    if (given) o.object_mask = ImageU8(kCropSize, kCropSize);
    const Evidence e = gather(o, sample());
    EXPECT_TRUE(e.mask_empty);
    EXPECT_EQ(e.vertex.col(column("inside")).maxCoeff(), 0.0F);
    EXPECT_EQ(e.vertex.col(column("near_10cm")).maxCoeff(), 0.0F);
    EXPECT_EQ(e.vertex.col(column("distance")).minCoeff(), 1.0F);
    EXPECT_EQ(e.vertex.col(column("depth_gap")).maxCoeff(), 0.0F);
    EXPECT_EQ(e.distance_m.minCoeff(), 10.0F);
    EXPECT_EQ(e.global[global("has_mask")], 0.0F);
    EXPECT_EQ(e.global[global("size_ratio")], 0.0F);
  }
}

// Where a place lies in the mask's box, and how the mask lies in the photograph.
TEST(Evidence, TellsThePlaceInTheMasksBox) {
  Observation o = observed();
  o.object_mask = ImageU8(kCropSize, kCropSize);
  fill(o.object_mask, 100, 60, 140, 200);   // 40 × 140 pixels
  const Evidence e = gather(o, sample());
  for (int s = 0; s < sample().size(); s += 37) {
    const Eigen::Vector2d p = o.crop.project(o.points.row(s).transpose().cast<double>());
    EXPECT_NEAR(e.vertex(s, column("mask_x")), std::clamp((p.x() - 120.0) / 20.0, -2.0, 2.0), 1e-3);
    EXPECT_NEAR(e.vertex(s, column("mask_y")), std::clamp((p.y() - 130.0) / 70.0, -2.0, 2.0), 1e-3);
  }
  EXPECT_NEAR(3.0 * static_cast<double>(e.global[global("mask_width")]), 40.0 * pelvis(sample(), o.points).z() / o.crop.focal_x, 1e-3);
  EXPECT_NEAR(e.global[global("mask_upright")], (140.0 * 140.0 - 40.0 * 40.0) / (140.0 * 140.0 + 40.0 * 40.0), 1e-3);
  EXPECT_NEAR(e.global[global("mask_slant")], 0.0, 1e-6);
  o.object_mask = ImageU8(kCropSize, kCropSize);
  for (int i = 0; i < 80; ++i) fill(o.object_mask, 60 + i, 80 + i, 64 + i, 84 + i);   // from the upper left to the lower right
  const Evidence slanted = gather(o, sample());
  EXPECT_GT(slanted.global[global("mask_slant")], 0.95F);
  EXPECT_NEAR(slanted.global[global("mask_upright")], 0.0, 1e-3);
}

ImageU8 mirrored(const ImageU8& image) {
  ImageU8 result(image.width, image.height);
  for (int r = 0; r < image.height; ++r)
    for (int c = 0; c < image.width; ++c) result.at(c, r) = image.at(image.width - 1 - c, r);
  return result;
}

// The mirrored photograph of the mirrored person gives the same evidence with left and right exchanged, by the lists of features whose
// sign changes.
TEST(Evidence, OfTheMirroredPhotographIsMirrored) {
  Observation o = observed({}, 35.0);
  o.object_mask = ImageU8(kCropSize, kCropSize);
  for (int i = 0; i < 60; ++i) fill(o.object_mask, 60 + i, 90 + i / 2, 72 + i, 101 + i / 2);
  o.person_mask = ImageU8(kCropSize, kCropSize);
  fill(o.person_mask, 90, 40, 150, 220);
  o.object_size = {0.9, 0.1, 0.1};
  o.joint_confidence.fill(0.5F);
  o.joint_confidence[9] = 1.0F;   // left wrist
  Observation m = o;
  m.crop.centre_x = kCropSize - o.crop.centre_x;
  m.object_mask = mirrored(o.object_mask);
  m.person_mask = mirrored(o.person_mask);
  std::swap(m.joint_confidence[9], m.joint_confidence[10]);
  for (int r = 0; r < kCropSize; ++r)
    for (int c = 0; c < kCropSize; ++c) m.body_depth.at(c, r) = o.body_depth.at(kCropSize - 1 - c, r);
  const auto other = [](int s) { return static_cast<Eigen::Index>(sample().mirror[static_cast<std::size_t>(s)]); };
  for (int s = 0; s < sample().size(); ++s) {
    m.points.row(s) = o.points.row(other(s)).cwiseProduct(Eigen::RowVector3f(-1, 1, 1));
    m.normals.row(s) = o.normals.row(other(s)).cwiseProduct(Eigen::RowVector3f(-1, 1, 1));
    m.visible[static_cast<std::size_t>(s)] = o.visible[static_cast<std::size_t>(other(s))];
  }
  const Evidence plain = gather(o, sample()), turned = gather(m, sample());
  const auto sign = [](const auto& turned_ones, std::string_view name) {
    return std::find(turned_ones.begin(), turned_ones.end(), name) == turned_ones.end() ? 1.0F : -1.0F;
  };
  for (int k = 0; k < kVertexFeatureCount; ++k) {
    const std::string_view name = kVertexFeatures[static_cast<std::size_t>(k)];
    const float s = sign(kTurnedVertexFeatures, name);
    double difference = 0.0;
    for (int i = 0; i < sample().size(); ++i) difference += std::abs(static_cast<double>(turned.vertex(i, k) - s * plain.vertex(other(i), k)));
    EXPECT_LT(difference / sample().size(), 0.01) << name;   // pixels that a border cuts, points that have no twin on their keypoint's side
  }
  for (int k = 0; k < kGlobalFeatureCount; ++k) {
    const std::string_view name = kGlobalFeatures[static_cast<std::size_t>(k)];
    EXPECT_NEAR(turned.global[k], sign(kTurnedGlobalFeatures, name) * plain.global[k], 0.02) << name;
  }
  EXPECT_GT(std::abs(plain.global[global("mask_slant")]), 0.5F);
  EXPECT_GT(std::abs(plain.global[global("facing_yaw")]), 0.1F);
}

// Everything stays bounded whatever the marks and wherever the person stands.
TEST(Evidence, IsBoundedInTheWorstCases) {
  std::vector<Observation> cases;
  for (const Eigen::Vector3d& at : {Eigen::Vector3d(0, 0, 3.5), Eigen::Vector3d(0.1, 0.2, 0.1), Eigen::Vector3d(0, 0, 200.0),
                                    Eigen::Vector3d(8.0, 0, 3.0), Eigen::Vector3d(0, 0.9, 0.4)}) {
    const Observation o = observe(sample(), sample().vertices, standing(20.0, at), {}, ball());
    for (int kind = 0; kind < 5; ++kind) {
      Observation c = o;
      c.object_mask = ImageU8(kCropSize, kCropSize, 1, kind == 1 ? 1 : 0);
      if (kind == 2) c.object_mask.at(0, 0) = 1;
      if (kind == 3) fill(c.object_mask, 100, 90, 160, 140);
      if (kind == 4) c.object_size.setZero(), fill(c.object_mask, 0, 0, 128, 256);
      if (kind > 0) c.person_mask = ImageU8(kCropSize, kCropSize, 1, kind < 3 ? 1 : 0);
      if (kind == 3) fill(c.person_mask, 120, 0, 140, 250);
      c.fit_error_m = kind * 10.0;
      cases.push_back(std::move(c));
    }
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Evidence e = gather(cases[i], sample());
    ASSERT_TRUE(e.vertex.allFinite() && e.global.allFinite() && e.distance_m.allFinite()) << i;
    EXPECT_LE(e.vertex.cwiseAbs().maxCoeff(), 3.0F) << i;
    EXPECT_LE(e.global.cwiseAbs().maxCoeff(), 1.5F) << i;
    EXPECT_LE(e.distance_m.cwiseAbs().maxCoeff(), 10.0F) << i;
  }
}

TEST(Evidence, IsTheSameEachTime) {
  Observation o = observed();
  o.object_mask = ImageU8(kCropSize, kCropSize);
  fill(o.object_mask, 60, 90, 130, 140);
  o.person_mask = ImageU8(kCropSize, kCropSize);
  fill(o.person_mask, 120, 20, 150, 250);
  const Evidence a = gather(o, sample()), b = gather(o, sample());
  EXPECT_EQ(a.vertex, b.vertex);
  EXPECT_EQ(a.global, b.global);
  EXPECT_EQ(a.distance_m, b.distance_m);
}

TEST(Evidence, RefusesWhatIsNotAnObservation) {
  Observation o = observed();
  o.object_mask = ImageU8(100, 100);
  EXPECT_THROW(gather(o, sample()), Error);
  EXPECT_THROW(gather(Observation{}, sample()), Error);
}

// ── the object's depth from its size

double size_ratio(const Eigen::Vector3d& size, const ImageU8& mask, double* spread = nullptr) {
  Observation o = observed();
  o.object_mask = mask;
  o.object_size = size;
  o.size_spread = 0.1;
  const Evidence e = gather(o, sample());
  if (spread != nullptr) *spread = e.global[global("size_spread")];
  return e.global[global("size_ratio")];
}

TEST(DepthFromSize, OfASphereIsWithinTenPercent) {
  const Observation o = observed();
  const double pelvis_z = pelvis(sample(), o.points).z();
  for (const double factor : {0.7, 1.0, 1.4}) {
    for (const double diameter : {0.22, 0.65}) {
      const double radius = 0.5 * diameter * o.crop.focal_x / (pelvis_z * factor);
      ImageU8 mask(kCropSize, kCropSize);
      for (int r = 0; r < kCropSize; ++r)
        for (int c = 0; c < kCropSize; ++c) mask.at(c, r) = std::hypot(c + 0.5 - 60.3, r + 0.5 - 128.8) < radius;
      EXPECT_NEAR(size_ratio({diameter, diameter, diameter}, mask), std::log(factor), 0.1) << factor << " " << diameter;
    }
  }
}

TEST(DepthFromSize, OfABoxFromTheFrontIsWithinTenPercent) {
  const Observation o = observed();
  const double pelvis_z = pelvis(sample(), o.points).z();
  for (const Eigen::Vector3d& size : {Eigen::Vector3d(0.9, 0.5, 0.4), Eigen::Vector3d(0.8, 0.4, 0.1), Eigen::Vector3d(0.6, 0.6, 0.2)}) {
    for (const double factor : {0.8, 1.0, 1.3}) {
      const double pixels = o.crop.focal_x / (pelvis_z * factor);
      for (const double turned : {0.0, 0.5}) {
        ImageU8 mask(kCropSize, kCropSize);
        for (int r = 0; r < kCropSize; ++r)
          for (int c = 0; c < kCropSize; ++c) {
            const double x = c + 0.5 - 70.0, y = r + 0.5 - 128.0;
            const double a = std::cos(turned) * x + std::sin(turned) * y, b = std::cos(turned) * y - std::sin(turned) * x;
            mask.at(c, r) = std::abs(a) < 0.5 * size[0] * pixels && std::abs(b) < 0.5 * size[1] * pixels;
          }
        EXPECT_NEAR(size_ratio(size, mask), std::log(factor), 0.1) << size.transpose() << ", " << factor << ", " << turned;
      }
    }
  }
}

TEST(DepthFromSize, IsLessSureOfACutOrCoveredMask) {
  ImageU8 mask(kCropSize, kCropSize), cut(kCropSize, kCropSize);
  fill(mask, 40, 100, 80, 140);
  fill(cut, 0, 100, 40, 140);
  double whole = 0.0, at_border = 0.0;
  size_ratio({0.4, 0.4, 0.4}, mask, &whole);
  size_ratio({0.4, 0.4, 0.4}, cut, &at_border);
  EXPECT_GT(at_border, whole + 0.1);
  Observation o = observed();
  o.object_mask = mask;
  o.object_size = {0.4, 0.4, 0.4};
  o.size_spread = 0.1;
  o.person_mask = ImageU8(kCropSize, kCropSize);
  fill(o.person_mask, 80, 50, 120, 200);
  EXPECT_GT(gather(o, sample()).global[global("size_spread")], whole + 0.01);
}

TEST(DepthFromSize, TellsTheGapToEachVertex) {
  Observation o = observed();
  const double z = pelvis(sample(), o.points).z();
  o.object_size = {0.3, 0.3, 0.3};
  o.size_spread = 0.1;
  o.object_mask = ImageU8(kCropSize, kCropSize);
  const int side = static_cast<int>(std::lround(0.3 * o.crop.focal_x / (3.0 * z)));   // three times as far
  fill(o.object_mask, 20, 100, 20 + side, 100 + side);
  const Evidence far = gather(o, sample());
  EXPECT_GT(far.vertex.col(column("depth_gap")).minCoeff(), 0.5F);
  fill(o.object_mask, 20, 20, 110, 110);
  EXPECT_LT(gather(o, sample()).vertex.col(column("depth_gap")).maxCoeff(), -0.3F);
}

// ── who is before whom at the common border

TEST(Border, AThingBeforeTheBodyHasTheBodyUnderIt) {
  Observation o = observed();
  const Eigen::Vector2d middle = o.crop.project(pelvis(sample(), o.points));
  o.object_mask = ImageU8(kCropSize, kCropSize);
  fill(o.object_mask, static_cast<int>(middle.x()) - 9, static_cast<int>(middle.y()) - 30, static_cast<int>(middle.x()) + 9,
       static_cast<int>(middle.y()) - 12);
  o.person_mask = ImageU8(kCropSize, kCropSize);
  for (std::size_t i = 0; i < o.person_mask.data.size(); ++i)
    o.person_mask.data[i] = o.body_depth.data[i] > 0.0F && o.object_mask.data[i] == 0;
  const Evidence e = gather(o, sample());
  EXPECT_GT(e.global[global("object_before")], 0.9F);
  EXPECT_LT(e.global[global("person_before")], 0.1F);
  EXPECT_GT(mean_of(e, "covered", "abdomen"), mean_of(e, "covered", "left lower leg"));
}

TEST(Border, AThingBehindTheBodyEndsAtItsOutline) {
  Observation o = observed();
  const Eigen::Vector2d middle = o.crop.project(pelvis(sample(), o.points));
  o.object_mask = ImageU8(kCropSize, kCropSize);
  fill(o.object_mask, static_cast<int>(middle.x()) - 50, static_cast<int>(middle.y()) + 25, static_cast<int>(middle.x()) + 50,
       static_cast<int>(middle.y()) + 50);
  o.person_mask = ImageU8(kCropSize, kCropSize);
  for (std::size_t i = 0; i < o.person_mask.data.size(); ++i) {
    o.person_mask.data[i] = o.body_depth.data[i] > 0.0F;
    if (o.person_mask.data[i] != 0) o.object_mask.data[i] = 0;
  }
  const Evidence e = gather(o, sample());
  EXPECT_GT(e.global[global("person_before")], 0.7F);
  EXPECT_LT(e.global[global("object_before")], 0.2F);
  EXPECT_GT(mean_of(e, "person_border", "left thigh"), mean_of(e, "person_border", "head"));
}

TEST(Border, IsUnknownWithoutThePersonsMask) {
  Observation o = observed();
  o.object_mask = ImageU8(kCropSize, kCropSize);
  fill(o.object_mask, 90, 90, 170, 170);
  const Evidence e = gather(o, sample());
  EXPECT_EQ(e.global[global("object_before")], 0.0F);
  EXPECT_EQ(e.global[global("person_before")], 0.0F);
  EXPECT_EQ(e.vertex.col(column("person_border")).maxCoeff(), 0.0F);
}

}  // namespace
}  // namespace tactus::evidence
