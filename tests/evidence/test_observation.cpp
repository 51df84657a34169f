#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "standing.h"
#include "tactus/error.h"
#include "tactus/random.h"

namespace tactus::evidence {
namespace {

// Depth along z where the ray through a pixel's centre meets a triangle; infinity where it does not (Möller and Trumbore).
double meets(const Eigen::Vector3d& ray, const Eigen::Vector3d& a, const Eigen::Vector3d& b, const Eigen::Vector3d& c) {
  const Eigen::Vector3d e1 = b - a, e2 = c - a, p = ray.cross(e2);
  const double determinant = e1.dot(p);
  if (std::abs(determinant) < 1e-14) return std::numeric_limits<double>::infinity();
  const double u = -a.dot(p) / determinant;
  const Eigen::Vector3d q = (-a).cross(e1);
  const double v = ray.dot(q) / determinant, t = e2.dot(q) / determinant;
  if (u < 0 || v < 0 || u + v > 1 || t < 0.02) return std::numeric_limits<double>::infinity();
  return t * ray.z();
}

// Triangles before, around and across the camera's plane.
TEST(DepthMap, AgreesWithRaysAgainstTriangles) {
  Random random(5);
  const geometry::PinholeCamera view{48, 40, 40.0, 44.0, 23.0, 21.0};
  for (int round = 0; round < 20; ++round) {
    geometry::Vertices vertices(30, 3);
    geometry::Faces faces(10, 3);
    for (int i = 0; i < 30; ++i) {
      const double spread = i % 3 == 0 ? 1.5 : 0.8;
      vertices.row(i) << static_cast<float>(random.uniform(-spread, spread)), static_cast<float>(random.uniform(-spread, spread)),
          static_cast<float>(random.uniform(round < 10 ? 0.6 : -1.0, 4.0));
      faces(i / 3, i % 3) = i;
    }
    const ImageF depth = depth_map(vertices, faces, view);
    const double slack = round < 10 ? 1e-3 : 4e-3;   // cut at 2 cm, a corner is thousands of pixels away
    int differ = 0;
    for (int r = 0; r < view.height; ++r) {
      for (int c = 0; c < view.width; ++c) {
        const Eigen::Vector3d ray = view.unproject({c + 0.5, r + 0.5}, 1.0);
        double nearest = std::numeric_limits<double>::infinity();
        for (int f = 0; f < 10; ++f)
          nearest = std::min(nearest, meets(ray, vertices.row(faces(f, 0)).transpose().cast<double>(),
                                            vertices.row(faces(f, 1)).transpose().cast<double>(),
                                            vertices.row(faces(f, 2)).transpose().cast<double>()));
        const double expected = std::isinf(nearest) ? 0.0 : nearest;
        differ += std::abs(depth.at(c, r) - expected) > slack * std::max(1.0, expected);
      }
    }
    EXPECT_LE(differ, 2) << round;   // a centre on an edge
  }
}

TEST(DepthMap, OfNothingBeforeTheCameraIsEmpty) {
  geometry::Vertices behind(3, 3);
  behind << 0, 0, -1, 1, 0, -2, 0, 1, -1;
  geometry::Faces face(1, 3);
  face << 0, 1, 2;
  for (const float d : depth_map(behind, face, {8, 8, 8, 8, 4, 4}).data) EXPECT_EQ(d, 0.0F);
}

TEST(Crop, HoldsTheBodyWithRoomAround) {
  const body::PhotoBody body = standing();
  const geometry::PinholeCamera crop = crop_around(body.mesh.vertices, body.camera);
  EXPECT_EQ(crop.width, kCropSize);
  Eigen::Array2d low(1e9, 1e9), high(-1e9, -1e9);
  for (Eigen::Index i = 0; i < body.mesh.vertices.rows(); ++i) {
    const Eigen::Array2d p = crop.project(body.mesh.vertices.row(i).transpose().cast<double>()).array();
    low = low.min(p);
    high = high.max(p);
  }
  EXPECT_NEAR((high - low).maxCoeff(), kCropSize / 1.7, 0.01);
  EXPECT_NEAR((0.5 * (low + high) - 0.5 * kCropSize).abs().maxCoeff(), 0.0, 0.01);
}

TEST(Crop, LeavesOutWhatIsBehindTheCamera) {
  body::PhotoBody body = standing();
  const geometry::PinholeCamera whole = crop_around(body.mesh.vertices, body.camera);
  geometry::Vertices more(body.mesh.vertices.rows() + 1, 3);
  more << body.mesh.vertices, Eigen::RowVector3f(5, 5, -1);
  EXPECT_EQ(crop_around(more, body.camera), whole);
  geometry::Vertices behind = body.mesh.vertices;
  behind.col(2).array() -= 10.0F;
  EXPECT_THROW(crop_around(behind, body.camera), Error);
}

TEST(Visible, FrontIsSeenAndBackIsNot) {
  const Observation o = observed();
  int chest = 0, chest_seen = 0, back_seen = 0, thigh_front = 0;
  for (int s = 0; s < sample().size(); ++s) {
    const std::string& part = sample().part_names[sample().parts[static_cast<std::size_t>(s)]];
    const bool seen = o.visible[static_cast<std::size_t>(s)] != 0;
    if (part == "chest") {
      ++chest;
      chest_seen += seen;
    }
    back_seen += (part == "upper back" || part == "lower back") && o.normals(s, 2) > 0.1F && seen;
    thigh_front += part == "left thigh" && o.normals(s, 2) < -0.7F && seen;
  }
  EXPECT_GT(chest_seen, 0.8 * chest);
  EXPECT_EQ(back_seen, 0);
  EXPECT_GT(thigh_front, 10);
}

TEST(Visible, FarArmIsHiddenFromTheSide) {
  const Observation o = observed({}, 90.0);   // the left side is turned away or near
  int left = 0, right = 0;
  for (int s = 0; s < sample().size(); ++s) {
    const std::string& part = sample().part_names[sample().parts[static_cast<std::size_t>(s)]];
    left += part == "left upper arm" && o.visible[static_cast<std::size_t>(s)] != 0;
    right += part == "right upper arm" && o.visible[static_cast<std::size_t>(s)] != 0;
  }
  const bool left_is_near = o.points.row(0).z() > -1e9F && [&] {
    double z = 0.0;
    for (int s = 0; s < sample().size(); ++s) {
      const std::string& part = sample().part_names[sample().parts[static_cast<std::size_t>(s)]];
      if (part == "left upper arm") z += o.points(s, 2);
      if (part == "right upper arm") z -= o.points(s, 2);
    }
    return z < 0.0;
  }();
  EXPECT_GT(left_is_near ? left : right, 5 * std::max(1, left_is_near ? right : left) / 2);
}

TEST(Visible, WhatIsOutsideThePhotographIsNot) {
  body::PhotoBody body = standing();
  body.camera.height = 500;   // the legs are cut off
  const Observation o = observe(sample(), sample().vertices, body, {}, ball());
  for (int s = 0; s < sample().size(); ++s) {
    const std::string& part = sample().part_names[sample().parts[static_cast<std::size_t>(s)]];
    if (part == "left lower leg") { ASSERT_EQ(o.visible[static_cast<std::size_t>(s)], 0); }
  }
}

// Against counting subsamples of every crop pixel.
TEST(CropMask, TakesPixelsMoreThanHalfCovered) {
  Random random(2);
  const geometry::PinholeCamera photo{90, 70, 100, 100, 45, 35};
  ImageU8 mask(90, 70);
  for (int blob = 0; blob < 6; ++blob) {
    const int x = static_cast<int>(random.below(80)), y = static_cast<int>(random.below(60));
    fill(mask, x, y, x + 3 + static_cast<int>(random.below(25)), y + 3 + static_cast<int>(random.below(25)));
  }
  for (const double scale : {0.37, 1.0, 2.6}) {   // crop pixels a photograph's pixel
    const geometry::PinholeCamera crop{40, 40, 100 * scale, 100 * scale, (45 - 17.3) * scale, (35 - 11.2) * scale};
    double outside = 0.0;
    const ImageU8 cropped = crop_mask(mask, photo, crop, outside);
    int differ = 0;
    for (int r = 0; r < 40; ++r)
      for (int c = 0; c < 40; ++c) {
        int inside = 0;
        constexpr int kPieces = 24;
        for (int i = 0; i < kPieces * kPieces; ++i) {
          const double x = 17.3 + (c + (i % kPieces + 0.5) / kPieces) / scale, y = 11.2 + (r + (i / kPieces + 0.5) / kPieces) / scale;
          if (x >= 0 && y >= 0 && x < 90 && y < 70) inside += mask.at(static_cast<int>(x), static_cast<int>(y));
        }
        const double part = static_cast<double>(inside) / (kPieces * kPieces);
        if (std::abs(part - 0.5) > 0.05) differ += (cropped.at(c, r) != 0) != (part > 0.5);
      }
    EXPECT_EQ(differ, 0) << scale;
    int all = 0, beyond = 0;
    for (int r = 0; r < 700; ++r)
      for (int c = 0; c < 900; ++c) {
        if (mask.at(c / 10, r / 10) == 0) continue;
        ++all;
        const double x = ((c + 0.5) / 10 - 17.3) * scale, y = ((r + 0.5) / 10 - 11.2) * scale;
        beyond += x < 0 || y < 0 || x > 40 || y > 40;
      }
    EXPECT_NEAR(outside, static_cast<double>(beyond) / all, 0.01) << scale;
  }
}

TEST(Observe, TakesMarksOver) {
  contact::Marks marks;
  marks.keypoints.emplace();
  (*marks.keypoints)[9] = {10, 10, body::Visibility::visible};
  (*marks.keypoints)[10] = {10, 10, body::Visibility::hidden};
  marks.object_mask = ImageU8(800, 1000);
  fill(*marks.object_mask, 300, 300, 500, 500);
  const Observation o = observed(marks);
  EXPECT_EQ(o.category, ball().category);
  EXPECT_EQ(o.joint_confidence[9], 1.0F);
  EXPECT_EQ(o.joint_confidence[10], 0.5F);
  EXPECT_EQ(o.joint_confidence[0], 0.0F);
  EXPECT_TRUE(o.person_mask.empty());
  EXPECT_EQ(o.object_mask_outside, 0.0);
  EXPECT_EQ(o.facing_gap, 1.0);
  EXPECT_NEAR(o.object_size.x(), o.object_size.z(), 0.02);
  EXPECT_GE(o.object_size.x(), o.object_size.y());
  double pixels = 0.0;
  for (const auto m : o.object_mask.data) pixels += m != 0;
  EXPECT_NEAR(pixels / std::pow(o.crop.focal_x / 1100.0, 2), 40000.0, 1500.0);
}

TEST(Observe, KnowsWhoseTheMarksAre) {
  contact::Marks marks;
  marks.object_mask = ImageU8(800, 1000);
  fill(*marks.object_mask, 300, 300, 500, 500);
  const auto told = [&] { return gather(observed(marks), sample()); };
  EXPECT_FALSE(told().guessed);
  EXPECT_EQ(told().global[global("joints_guessed")], 0.0F);
  EXPECT_EQ(told().global[global("object_mask_guessed")], 0.0F);
  marks.joints_guessed = 0.25;
  EXPECT_FALSE(told().guessed);   // most of them are the user's
  EXPECT_EQ(told().global[global("joints_guessed")], 0.25F);
  marks.joints_guessed = 0.75;
  EXPECT_TRUE(told().guessed);
  marks.joints_guessed = 0.0;
  marks.object_mask_guessed = true;
  EXPECT_TRUE(told().guessed);
  EXPECT_EQ(told().global[global("object_mask_guessed")], 1.0F);
  EXPECT_EQ(told().global[global("object_doubt")], 0.0F);
  marks.object_doubt = 0.375;
  EXPECT_EQ(told().global[global("object_doubt")], 0.375F);
}

TEST(Observe, RefusesMasksOfAnotherSize) {
  contact::Marks marks;
  marks.object_mask = ImageU8(1000, 800);
  EXPECT_THROW(observed(marks), Error);
  EXPECT_THROW(observe(sample(), {1, 2, 3}, standing(), {}, ball()), Error);
}

TEST(Observe, ReadsTheQualityOfTheFit) {
  body::PhotoBody body = standing();
  body.fit.emplace();
  body.fit->best.reprojection_rms_px = 11.0;
  EXPECT_EQ(observe(sample(), sample().vertices, body, {}, ball()).facing_gap, 1.0);   // no rival
  body.fit->runner_up = body.fit->best;
  body.fit->objective_gap = 0.25;
  const Observation o = observe(sample(), sample().vertices, body, {}, ball());
  EXPECT_NEAR(o.fit_error_m, 0.01 * 3.5, 0.002);
  EXPECT_EQ(o.facing_gap, 0.25);
}

}  // namespace
}  // namespace tactus::evidence
