#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "limb_ik.h"
#include "mark_masks.h"
#include "simulated_fit.h"
#include "tactus/error.h"
#include "tactus/evidence/evidence.h"
#include "tactus/io/body_files.h"
#include "tactus/synth/marks.h"

namespace tactus::synth {
namespace {

using evidence::Observation;

const SceneMaker& maker() {
  static const SceneMaker the_maker = [] {
    SceneMaker::Options few;
    few.bodies = 6;
    few.instances = 1;
    return SceneMaker(std::make_shared<const body::BodyModel>(io::read_body_model(TACTUS_BODY_FILE)), Split::train, few);
  }();
  return the_maker;
}
const evidence::BodySample& sample() {
  static const evidence::BodySample the_sample = evidence::make_body_sample(maker().body_model());
  return the_sample;
}
const std::vector<Scene>& scenes() {
  static const std::vector<Scene> some = [] {
    std::vector<Scene> made;
    for (std::uint64_t seed = 0; seed < 14; ++seed) made.push_back(maker().make(seed));
    return made;
  }();
  return some;
}
MarkedScene marked(const Scene& scene, int object, const MarkNoise& noise, std::uint64_t seed = 1) {
  Random random(seed);
  return mark(scene, object, maker(), sample(), noise, random);
}
MarkNoise clean() {
  MarkNoise noise;
  noise.scale = 0.0;
  noise.damage = 0.0;
  return noise;
}
bool same(const Observation& a, const Observation& b) {
  return a.points == b.points && a.normals == b.normals && a.visible == b.visible && a.object_mask == b.object_mask &&
         a.person_mask == b.person_mask && a.joint_confidence == b.joint_confidence && a.crop == b.crop &&
         a.fit_error_m == b.fit_error_m && a.object_size == b.object_size;
}

// ── limbs

TEST(LimbIk, PointsOfARayAtTheLengthOfABone) {
  const Eigen::Vector3d centre(0.2, -0.1, 3.0);
  const Eigen::Vector3d ray = Eigen::Vector3d(0.09, -0.02, 1.0).normalized();
  const Eigen::Vector3d near = on_ray(centre, 0.3, ray, 1.0, false), far = on_ray(centre, 0.3, ray, 1.0, true);
  EXPECT_NEAR((near - centre).norm(), 0.3, 1e-12);
  EXPECT_NEAR((far - centre).norm(), 0.3, 1e-12);
  EXPECT_LT(near.z(), far.z());
  EXPECT_NEAR(near.cross(ray).norm(), 0.0, 1e-12);
  const Eigen::Vector3d beside = Eigen::Vector3d(1.0, 0.0, 1.0).normalized();   // passes by
  const Eigen::Vector3d closest = on_ray(centre, 0.3, beside, 3.0, false);
  EXPECT_NEAR((closest - centre).norm(), 0.3, 1e-12);
  for (double t = 0.5; t < 5.0; t += 0.05) EXPECT_LE(closest.cross(beside).norm(), (centre + 0.3 * (t * beside - centre).normalized()).cross(beside).norm() + 1e-9);
}

TEST(LimbIk, BringsJointsToTheirPlaces) {
  const body::BodyModel& model = maker().body_model();
  const body::ShapedBody shaped = model.shape({});
  Random random(4);
  for (const std::string side : {".L", ".R"}) {
    for (const bool arm : {true, false}) {
      const Limb limb = arm ? Limb{model.bone_index("upperarm01" + side), model.bone_index("lowerarm01" + side), model.bone_index("wrist" + side)}
                            : Limb{model.bone_index("upperleg01" + side), model.bone_index("lowerleg01" + side), model.bone_index("foot" + side)};
      for (int round = 0; round < 20; ++round) {
        body::Pose pose = model.rest_pose();
        pose.rotations.row(model.bone_index("spine03")) << random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5), random.uniform(-0.3, 0.3);
        BoneMotion motion(model, shaped, pose);
        const auto any = [&] { return Eigen::Vector3d(random.normal(), random.normal(), random.normal()).normalized(); };
        const double upper = (motion.rest(limb.lower) - motion.rest(limb.upper)).norm(), lower = (motion.rest(limb.end) - motion.rest(limb.lower)).norm();
        const Eigen::Vector3d middle = motion.head(limb.upper) + upper * any(), end = middle + lower * any();
        aim_limb(motion, limb, middle, end);
        EXPECT_LT((motion.head(limb.lower) - middle).norm(), 1e-6);
        EXPECT_LT((motion.head(limb.end) - end).norm(), 1e-6);
        // The body model agrees where the bones are.
        const body::PosedBody posed = model.pose(shaped, motion.pose());
        EXPECT_LT((posed.posed_from_rest[static_cast<std::size_t>(limb.end)] * motion.rest(limb.end) - end).norm(), 1e-6);
      }
    }
  }
}

// ── masks

TEST(WornMask, StaysAsItIsAtScaleZeroAndNearItOtherwise) {
  ImageU8 mask(128, 128);
  for (int r = 40; r < 90; ++r)
    for (int c = 30; c < 70; ++c) mask.at(c, r) = 1;
  Random random(6);
  double smallest = 1.0, overlaps = 0.0;
  for (int round = 0; round < 60; ++round) {
    Random same_random = random;
    EXPECT_EQ(worn(mask, 0.0, same_random), mask);
    const ImageU8 noisy = worn(mask, 1.0, random);
    int both = 0, either = 0;
    for (std::size_t i = 0; i < mask.data.size(); ++i) {
      both += mask.data[i] != 0 && noisy.data[i] != 0;
      either += mask.data[i] != 0 || noisy.data[i] != 0;
    }
    const double iou = static_cast<double>(both) / either;
    smallest = std::min(smallest, iou);
    overlaps += iou / 60;
  }
  EXPECT_GT(smallest, 0.5);
  EXPECT_GT(overlaps, 0.75);
  EXPECT_LT(overlaps, 0.97);
}

TEST(WornMask, SmallThingsDoNotVanish) {
  ImageU8 mask(64, 64);
  for (int r = 20; r < 23; ++r)
    for (int c = 30; c < 33; ++c) mask.at(c, r) = 1;
  Random random(7);
  for (int round = 0; round < 40; ++round) EXPECT_GT(count_inside(worn(mask, 2.0, random)), 0);
  EXPECT_EQ(worn(ImageU8(64, 64), 1.0, random), ImageU8(64, 64));
}

TEST(WornMask, APartIsAThirdToTwoThirds) {
  ImageU8 mask(64, 64);
  for (int r = 10; r < 50; ++r)
    for (int c = 10; c < 50; ++c) mask.at(c, r) = 1;
  Random random(9);
  for (int round = 0; round < 30; ++round) {
    const ImageU8 part = cut_in_part(mask, random);
    EXPECT_GE(count_inside(part), 450);
    EXPECT_LE(count_inside(part), 1000);
    for (std::size_t i = 0; i < mask.data.size(); ++i) ASSERT_LE(part.data[i], mask.data[i]);
  }
}

// ── marks

TEST(Marks, CleanOnesAreTheTruth) {
  for (const Scene& scene : scenes()) {
    for (int i = 0; i < static_cast<int>(scene.objects.size()); ++i) {
      const MarkedScene m = marked(scene, i, clean());
      const Observation& o = m.observation;
      for (int s = 0; s < sample().size(); ++s)
        ASSERT_EQ(o.points.row(s), scene.vertices.row(sample().vertices[static_cast<std::size_t>(s)]));
      EXPECT_EQ(m.hand_error_m, 0.0);
      EXPECT_EQ(o.fit_error_m, 0.0);
      EXPECT_FALSE(o.person_mask.empty());
      EXPECT_EQ(o.category, scene.objects[static_cast<std::size_t>(i)].object->category);
      if (m.mask == MaskState::good) {
        EXPECT_GE(count_inside(o.object_mask), 6);
        const auto& contact = scene.objects[static_cast<std::size_t>(i)].body_contact;
        EXPECT_EQ(m.touched, std::find(contact.begin(), contact.end(), 1) != contact.end());
      } else {
        EXPECT_EQ(m.mask, MaskState::empty);   // nothing of it can be seen
        EXPECT_FALSE(m.touched);
      }
      for (std::size_t p = 0; p < o.person_mask.data.size(); ++p)
        ASSERT_FALSE(o.person_mask.data[p] != 0 && o.object_mask.data[p] != 0);
    }
  }
}

// What the application would have been given: masks of the photograph's size, rendered there, cropped by observe().
TEST(Marks, AreWhatTheApplicationObserves) {
  int compared = 0;
  double worst_distance = 0.0, worst_vertex = 0.0;
  for (const Scene& scene : scenes()) {
    const body::BodyModel& model = maker().body_model();
    const MarkedScene m = marked(scene, 0, clean());
    if (m.mask != MaskState::good) continue;
    const SceneObject& object = scene.objects[0];
    ImageF nearest = evidence::depth_map(scene.vertices, model.faces(), scene.camera);
    std::vector<int> what(nearest.data.size(), 0);
    for (std::size_t i = 0; i < what.size(); ++i) what[i] = nearest.data[i] > 0 ? 1 : 0;
    for (std::size_t k = 0; k < scene.objects.size(); ++k) {
      const SceneObject& other = scene.objects[k];
      const ImageF depth = evidence::depth_map(geometry::transform(other.photo_from_object, other.object->mesh.vertices),
                                               other.object->mesh.faces, scene.camera);
      for (std::size_t i = 0; i < what.size(); ++i)
        if (depth.data[i] > 0 && (nearest.data[i] == 0 || depth.data[i] < nearest.data[i])) {
          nearest.data[i] = depth.data[i];
          what[i] = 2 + static_cast<int>(k);
        }
    }
    contact::Marks marks;
    marks.human_mask = ImageU8(scene.camera.width, scene.camera.height);
    marks.object_mask = ImageU8(scene.camera.width, scene.camera.height);
    for (std::size_t i = 0; i < what.size(); ++i) {
      marks.human_mask->data[i] = what[i] == 1;
      marks.object_mask->data[i] = what[i] == 2;
    }
    body::PhotoBody body;
    body.mesh = {scene.vertices, model.faces()};
    body.camera = scene.camera;
    Observation o = evidence::observe(sample(), sample().vertices, body, marks, *object.object);
    EXPECT_EQ(o.visible, m.observation.visible);
    EXPECT_EQ(o.object_size, m.observation.object_size);
    EXPECT_EQ(o.size_spread, m.observation.size_spread);
    EXPECT_NEAR(o.object_mask_outside, m.observation.object_mask_outside, 0.12);   // covered parts are not counted out
    o.joint_confidence = m.observation.joint_confidence;
    const evidence::Evidence a = evidence::gather(o, sample()), b = evidence::gather(m.observation, sample());
    worst_distance = std::max(worst_distance, static_cast<double>((a.distance_m - b.distance_m).cwiseAbs().mean()));
    worst_vertex = std::max(worst_vertex, static_cast<double>((a.vertex - b.vertex).cwiseAbs().mean()));
    ++compared;
  }
  ASSERT_GE(compared, 6);
  EXPECT_LT(worst_distance, 0.02);
  EXPECT_LT(worst_vertex, 0.02);
}

TEST(Marks, AreTheSameForTheSameSeed) {
  for (const Scene& scene : scenes()) {
    const MarkedScene a = marked(scene, 0, {}, 5), b = marked(scene, 0, {}, 5), c = marked(scene, 0, {}, 6);
    EXPECT_TRUE(same(a.observation, b.observation));
    EXPECT_EQ(a.mask, b.mask);
    EXPECT_FALSE(same(a.observation, c.observation));
  }
}

TEST(Marks, NoiseIsOfTheSizeOfAFitAndGrowsWithItsScale) {
  double once = 0.0, twice = 0.0;
  int count = 0;
  MarkNoise doubled;
  doubled.scale = 2.0;
  for (const Scene& scene : scenes())
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      Random first(seed), second(seed);
      const SimulatedFit a = simulate_fit(scene, maker().body_model(), {}, first);
      const SimulatedFit b = simulate_fit(scene, maker().body_model(), doubled, second);
      once += a.hand_error_m;
      twice += b.hand_error_m;
      ++count;
      ASSERT_TRUE(a.vertices.allFinite() && b.vertices.allFinite());
      EXPECT_GT(a.fit_error_m, 0.0);
    }
  EXPECT_GT(once / count, 0.04);
  EXPECT_LT(once / count, 0.16);
  EXPECT_GT(twice, 1.25 * once);
}

TEST(Marks, HoldTheBodyInThePicture) {
  // The fitted body lies over the true one: its joints are found near the true ones in the picture, whatever its depth.
  const body::BodyModel& model = maker().body_model();
  double squared = 0.0;
  int count = 0;
  for (const Scene& scene : scenes()) {
    Random random(3);
    const SimulatedFit fit = simulate_fit(scene, model, {}, random);
    for (int k = 5; k < 17; ++k) {
      if (fit.joint_confidence[static_cast<std::size_t>(k)] < 1.0F) continue;
      Eigen::Vector3d joint = Eigen::Vector3d::Zero();
      for (const auto& [v, w] : model.data().keypoints[static_cast<std::size_t>(k)])
        joint += static_cast<double>(w) * fit.vertices.row(v).transpose().cast<double>();
      const Eigen::Vector3d truth = scene.keypoints.row(k);
      squared += (scene.camera.project(joint) - scene.camera.project(truth)).squaredNorm() *
                 std::pow(truth.z() / scene.camera.focal_x, 2);
      ++count;
    }
  }
  EXPECT_LT(std::sqrt(squared / count), 0.06);
}

TEST(Marks, WrongAndEmptyMasksAreNotTouched) {
  for (const Scene& scene : scenes()) {
    MarkNoise noise = clean();
    noise.mask = MarkNoise::Mask::empty;
    const MarkedScene empty = marked(scene, 0, noise);
    EXPECT_EQ(empty.mask, MaskState::empty);
    EXPECT_EQ(count_inside(empty.observation.object_mask), 0);
    EXPECT_FALSE(empty.touched);
    noise.mask = MarkNoise::Mask::wrong_object;
    const MarkedScene wrong = marked(scene, 0, noise), good = marked(scene, 0, clean());
    EXPECT_EQ(wrong.mask, MaskState::wrong);
    EXPECT_FALSE(wrong.touched);
    EXPECT_NE(wrong.observation.object_mask, good.observation.object_mask);
  }
}

TEST(Marks, DamageComesAtItsRates) {
  std::array<int, 4> count{};
  int all = 0, no_person = 0;
  const Scene* scene = nullptr;
  for (const Scene& s : scenes())
    if (marked(s, 0, clean()).mask == MaskState::good) scene = &s;
  ASSERT_NE(scene, nullptr);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const MarkedScene m = marked(*scene, 0, {}, seed);
    ++count[static_cast<std::size_t>(m.mask)];
    no_person += m.observation.person_mask.empty();
    ++all;
  }
  EXPECT_NEAR(count[static_cast<std::size_t>(MaskState::empty)], 0.04 * all, 10);
  EXPECT_NEAR(count[static_cast<std::size_t>(MaskState::wrong)], 0.05 * all, 11);
  EXPECT_NEAR(count[static_cast<std::size_t>(MaskState::partial)], 0.06 * all, 12);
  EXPECT_NEAR(no_person, 0.25 * all, 25);
}

TEST(Marks, RefuseAnObjectThatIsNotThere) { EXPECT_THROW(marked(scenes()[0], 9, {}), Error); }

}  // namespace
}  // namespace tactus::synth
