// Pictures of made scenes: what is where, the same bytes again, and JPEG's losses against a real encoder.
#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>

#include "few_people.h"
#include "tactus/error.h"
#include "tactus/evidence/observation.h"
#include "tactus/synth/pictures.h"

namespace tactus::synth {
namespace {

const SceneMaker& maker() {
  static const SceneMaker m = few_people(4);
  return m;
}

Picture picture_of(std::uint64_t seed, double variation, int side = 160) {
  Random random(seed);
  PictureOptions options;
  options.larger_side = side;
  options.variation = variation;
  return draw(maker().make(seed), maker().body_model(), options, random);
}

TEST(Pictures, ShowTheNearestSurfaceWithItsLabel) {
  const Scene scene = maker().make(3);
  Random random(1);
  PictureOptions options;
  options.larger_side = 200;
  options.supersampling = 3;   // its middle sample is the pixel's middle
  options.variation = 0.0;
  const Picture picture = draw(scene, maker().body_model(), options, random);
  // Independent: a depth map a surface.
  std::vector<ImageF> depths = {evidence::depth_map(scene.vertices, maker().body_model().faces(), picture.camera)};
  for (const auto& o : scene.objects)
    depths.push_back(evidence::depth_map(geometry::transform(o.photo_from_object, o.object->mesh.vertices), o.object->mesh.faces, picture.camera));
  int shown = 0, wrong = 0;
  for (int row = 0; row < picture.labels.height; ++row) {
    for (int column = 0; column < picture.labels.width; ++column) {
      int nearest = -1;
      float depth = 1e9F;
      for (std::size_t s = 0; s < depths.size(); ++s) {
        const float d = depths[s].at(column, row);
        if (d > 0 && d < depth) {
          depth = d;
          nearest = static_cast<int>(s);
        }
      }
      const int expected = nearest < 0 ? kNothing : nearest == 0 ? kBody : kFirstObject + nearest - 1;
      shown += expected != kNothing ? 1 : 0;
      wrong += expected != picture.labels.at(column, row) ? 1 : 0;
      EXPECT_EQ(picture.body_parts.at(column, row) > 0, picture.labels.at(column, row) == kBody);
    }
  }
  EXPECT_GT(shown, 500);
  EXPECT_LE(wrong, shown / 200) << "of " << shown;   // pixels whose middle falls on an edge
}

TEST(Pictures, AreTheSameForTheSameSeedAndDifferForAnother) {
  const Picture a = picture_of(5, 1.0), b = picture_of(5, 1.0);
  EXPECT_EQ(a.rgb, b.rgb);
  EXPECT_EQ(a.labels, b.labels);
  Random other(99);
  PictureOptions options;
  options.larger_side = 160;
  const Picture c = draw(maker().make(5), maker().body_model(), options, other);
  EXPECT_NE(a.rgb, c.rgb);
}

TEST(Pictures, WithoutVariationTheSurroundingsAreEvenGrey) {
  const Picture picture = picture_of(7, 0.0);
  std::set<int> greys;
  for (std::size_t i = 0; i < picture.labels.data.size(); ++i) {
    // Pixels at an outline mix with what is beside them.
    const int column = static_cast<int>(i) % picture.labels.width, row = static_cast<int>(i) / picture.labels.width;
    bool alone = column > 1 && row > 1 && column + 2 < picture.labels.width && row + 2 < picture.labels.height;
    for (int dy = -2; alone && dy <= 2; ++dy)
      for (int dx = -2; alone && dx <= 2; ++dx) alone = picture.labels.at(column + dx, row + dy) == kNothing;
    if (alone) greys.insert(picture.rgb.at(column, row, 0) * 65536 + picture.rgb.at(column, row, 1) * 256 + picture.rgb.at(column, row, 2));
  }
  EXPECT_EQ(greys.size(), 1U);
}

TEST(Pictures, VaryInBrightnessAndContent) {
  std::set<int> means;
  for (std::uint64_t seed = 10; seed < 18; ++seed) {
    const Picture p = picture_of(seed, 1.0, 96);
    double sum = 0, squares = 0;
    for (const auto v : p.rgb.data) {
      sum += v;
      squares += v * v;
    }
    const double n = static_cast<double>(p.rgb.data.size()), mean = sum / n;
    EXPECT_GT(mean, 10.0);
    EXPECT_LT(mean, 250.0);
    EXPECT_GT(std::sqrt(squares / n - mean * mean), 5.0) << "an empty picture, seed " << seed;
    means.insert(static_cast<int>(mean));
  }
  EXPECT_GT(means.size(), 5U);
}

TEST(Pictures, RefuseImpossibleSizes) {
  Random random(1);
  const Scene scene = maker().make(3);
  PictureOptions tiny;
  tiny.larger_side = 0;
  EXPECT_THROW(draw(scene, maker().body_model(), tiny, random), Error);
  PictureOptions many;
  many.supersampling = 100;
  EXPECT_THROW(draw(scene, maker().body_model(), many, random), Error);
}

double rms(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_L2) / std::sqrt(static_cast<double>(a.total() * 3)); }

TEST(JpegArtefacts, AreThoseOfAnEncoder) {
  const Picture clean = picture_of(12, 0.0, 123);   // sides that are no multiples of 8
  cv::Mat rgb(clean.rgb.height, clean.rgb.width, CV_8UC3, const_cast<std::uint8_t*>(clean.rgb.data.data())), bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  double before = 0;
  for (const int quality : {95, 70, 40, 15}) {
    std::vector<std::uint8_t> file;
    cv::imencode(".jpg", bgr, file, {cv::IMWRITE_JPEG_QUALITY, quality});
    cv::Mat theirs;
    cv::cvtColor(cv::imdecode(file, cv::IMREAD_COLOR), theirs, cv::COLOR_BGR2RGB);
    ImageU8 mine = jpeg_artefacts(clean.rgb, quality);
    const cv::Mat ours(mine.height, mine.width, CV_8UC3, mine.data.data());
    const double loss = rms(rgb, theirs), apart = rms(ours, theirs);
    EXPECT_LT(apart, 0.5 * loss + 0.6) << "at quality " << quality << " the encoder loses " << loss;
    EXPECT_NEAR(rms(rgb, ours), loss, 0.25 * loss + 0.3) << quality;
    EXPECT_GT(loss, before);
    before = loss;
  }
}

TEST(JpegArtefacts, RefuseWhatIsNoQualityOrPicture) {
  EXPECT_THROW(jpeg_artefacts(ImageU8(8, 8, 3), 0), Error);
  EXPECT_THROW(jpeg_artefacts(ImageU8(8, 8, 3), 101), Error);
  EXPECT_THROW(jpeg_artefacts(ImageU8(8, 8, 1), 50), Error);
}

}  // namespace
}  // namespace tactus::synth
