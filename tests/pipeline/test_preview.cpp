// The answer at interactive quality: what it changes, what it leaves alone.
#include <cmath>

#include "scene.h"
#include "tactus/io/body_files.h"
#include "tactus/pipeline/edits.h"
#include "tactus/pipeline/preview.h"

namespace tactus::pipeline {
namespace {

PreviewOptions patient() {
  PreviewOptions o;
  o.fit_seconds = 60.0;   // by iterations, so that a slow machine does the same
  o.fit_iterations = 4;
  return o;
}

TEST(Edits, PaintedPixelsReplaceTheRest) {
  std::vector<ImageF> predicted(2, ImageF(4, 4, 1, -1.0F));
  ImageF paint(8, 8, 1, std::nanf(""));   // of another view size: sampled
  paint.at(0, 0) = 5.0F;
  paint.at(6, 6) = 7.0F;
  const auto logits = with_edits(predicted, {{1, paint}, {9, paint}, {-1, paint}});
  EXPECT_EQ(logits[0], predicted[0]);
  EXPECT_EQ(logits[1].at(0, 0), 5.0F);
  EXPECT_EQ(logits[1].at(3, 3), 7.0F);
  EXPECT_EQ(logits[1].at(1, 1), -1.0F);
}

TEST(Edits, PaintedVerticesCountAsSeen) {
  contact::VertexContact contact;
  contact.probability = Eigen::VectorXf::Constant(4, 0.25F);
  contact.coverage = {0, 3, 0, 0};
  Eigen::VectorXf edit(4);
  edit << 1.0F, 0.0F, std::nanf(""), 9.0F;
  apply_edit(contact, edit, "body");
  EXPECT_EQ(contact.probability, Eigen::Vector4f(1.0F, 0.0F, 0.25F, 1.0F));
  EXPECT_EQ(contact.coverage, (std::vector<std::uint8_t>{1, 3, 0, 1}));
  apply_edit(contact, std::nullopt, "body");
  EXPECT_EQ(contact.probability[0], 1.0F);
  EXPECT_THROW(apply_edit(contact, Eigen::VectorXf::Zero(5), "body"), Error);
}

TEST(Edits, AnAnswerOnTheSurfaceStandsExceptUnderPaintedPixels) {
  // One view of one triangle over the left half of the picture; a fourth vertex is seen by nobody.
  views::RasterMaps map;
  map.vertex_ids = ImageI32(2, 1, 3, -1);
  map.barycentrics = ImageF(2, 1, 3, -1.0F);
  for (int k = 0; k < 3; ++k) {
    map.vertex_ids.at(0, 0, k) = k;
    map.barycentrics.at(0, 0, k) = k == 2 ? 0.0F : 0.5F;   // the third corner has no part in the pixel
  }
  contact::VertexContact lifted;
  lifted.probability = Eigen::VectorXf::Constant(4, 0.5F);
  lifted.coverage = {2, 1, 1, 0};
  const Eigen::Vector4f answer(0.9F, 0.1F, 0.3F, 0.8F);
  const auto untouched = with_surface_answer(lifted, answer, {}, {&map}, "body");
  EXPECT_EQ(untouched.probability, answer);
  EXPECT_EQ(untouched.coverage, (std::vector<std::uint8_t>{2, 1, 1, 1}));

  ImageF paint(2, 1, 1, std::nanf(""));
  paint.at(0, 0) = -2.0F;
  const auto painted = with_surface_answer(lifted, answer, {{0, paint}, {7, paint}}, {&map}, "body");
  const float erased = 1.0F / (1.0F + std::exp(2.0F));
  EXPECT_NEAR(painted.probability[0], erased, 1e-6F);
  EXPECT_NEAR(painted.probability[1], erased, 1e-6F);
  EXPECT_EQ(painted.probability[2], 0.3F);
  EXPECT_EQ(painted.probability[3], 0.8F);

  try {
    with_surface_answer(lifted, Eigen::VectorXf::Zero(3), {}, {&map}, "body");
    FAIL() << "an answer for another mesh went through";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("3 vertices but the mesh has 4"), std::string::npos) << error.what();
  }
}

class Preview : public ::testing::Test {
 protected:
  void SetUp() override {
    bench_ = bench();
    Runner runner(bench_.ports);
    known_ = runner.run(shared(small_inputs()), small_options(), {});
  }
  Bench bench_;
  Analysis known_;
};

TEST_F(Preview, PaintedContactShowsAtOnceAndTheRestStays) {
  Inputs in = small_inputs();
  in.body_contact_edit = Eigen::VectorXf::Constant(known_.body->mesh.vertex_count(), std::nanf(""));
  (*in.body_contact_edit)[5] = 0.875F;
  const auto a = preview(bench_.ports, known_, shared(in), patient(), {});
  EXPECT_TRUE(a.preview);
  EXPECT_EQ(a.body_contact->probability[5], 0.875F);
  for (int i = 0; i < a.body->mesh.vertex_count(); ++i)
    if (i != 5) {
      ASSERT_EQ(a.body_contact->probability[i], known_.body_contact->probability[i]);
    }
  EXPECT_EQ(a.body, known_.body);
  EXPECT_EQ(a.body_views, known_.body_views);
  EXPECT_EQ(a.prediction, known_.prediction);
  EXPECT_EQ(bench_.predictor->calls, 1);
  // The timeline keeps the full run's iterations; only the result is where the preview ended.
  EXPECT_EQ(a.fit->records.size(), known_.fit->records.size());
  EXPECT_FALSE(same_pose(a.fit->photo_from_object, known_.fit->photo_from_object));
  EXPECT_EQ(a.report(Stage::result).message, "preview");
  EXPECT_FALSE(known_.preview);
}

TEST_F(Preview, APaintedViewIsLifted) {
  Inputs in = small_inputs();
  in.object_view_edit[0] = ImageF(64, 64, 1, -9.0F);
  auto options = patient();
  options.place_object = false;
  const auto a = preview(bench_.ports, known_, shared(in), options, {});
  EXPECT_LT(a.object_contact->probability.sum(), known_.object_contact->probability.sum());
  EXPECT_EQ(a.fit, known_.fit);
  // What the full run makes of the same edit.
  Runner runner(bench_.ports);
  const auto full = runner.run(shared(in), small_options(), {});
  EXPECT_TRUE(same_bytes(a.object_contact->probability, full.object_contact->probability));
}

TEST_F(Preview, ACorrectedMaskMovesTheObjectTowardsIt) {
  Inputs in = small_inputs();
  in.object_mask = object_mask(0.2);
  auto options = patient();
  options.fit_iterations = 10;
  const auto a = preview(bench_.ports, known_, shared(in), options, {});
  EXPECT_EQ(a.body_contact, known_.body_contact);
  const auto overlap = [&](const Analysis& of) {
    auto mesh = of.object->mesh;
    mesh.vertices = geometry::transform(of.fit->photo_from_object, mesh.vertices);
    const auto seen = silhouette(mesh, of.body->camera);
    int both = 0, either = 0;
    for (std::size_t i = 0; i < seen.data.size(); ++i) {
      const bool in_mask = in.object_mask->data[i] != 0, in_picture = seen.data[i] != 0;
      both += in_mask && in_picture ? 1 : 0;
      either += in_mask || in_picture ? 1 : 0;
    }
    return static_cast<double>(both) / either;
  };
  EXPECT_GT(overlap(a), overlap(known_));
}

TEST_F(Preview, NeedsSomethingToGoOnFromAndHonoursAStop) {
  EXPECT_THROW(preview(bench_.ports, Analysis{}, shared(small_inputs()), patient(), {}), Error);
  std::stop_source stop;
  stop.request_stop();
  try {
    preview(bench_.ports, known_, shared(small_inputs()), patient(), Progress({}, stop.get_token()));
    ADD_FAILURE() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
  }
}

TEST_F(Preview, ARunUnderWayIsFilledUpWithWhatWasKnown) {
  Analysis now;
  now.inputs = known_.inputs;
  const auto filled = with_known(now, known_);
  EXPECT_EQ(filled.body, known_.body);
  EXPECT_EQ(filled.fit, known_.fit);
  for (const Stage stage : {Stage::body_pose, Stage::views, Stage::predict, Stage::lift, Stage::align, Stage::fit, Stage::result})
    EXPECT_EQ(filled.report(stage).state, StageState::stale) << stage_name(stage);
  // Of another object nothing but the body is left.
  Inputs in = small_inputs();
  in.object_name = "cup";
  now.inputs = shared(in);
  const auto other = with_known(now, known_);
  EXPECT_EQ(other.body, known_.body);
  EXPECT_FALSE(other.object || other.fit || other.object_contact);
  // What the run has already is not replaced.
  Analysis half;
  half.inputs = known_.inputs;
  half.body = std::make_shared<body::PhotoBody>(*known_.body);
  half.report(Stage::body_pose).state = StageState::done;
  const auto kept = with_known(half, known_);
  EXPECT_EQ(kept.body, half.body);
  EXPECT_EQ(kept.report(Stage::body_pose).state, StageState::done);
}

TEST(PreviewJoint, ADraggedJointMovesTheBody) {
  auto b = bench();
  const auto model = std::make_shared<body::BodyModel>(io::read_body_model(std::string(TACTUS_BINARY_DIR) + "/share/tactus/body.tbm"));
  b.ports.body_model = model;
  // Marks where the camera sees the standing model.
  Inputs in = small_inputs();
  in.given_body.reset();
  in.human_mask.reset();
  in.photo = ImageU8(240, 320, 3, 90);
  in.object_mask = object_mask(0.4, 240, 320);
  const auto camera = geometry::camera_with_field_of_view(240, 320, small_options().body_fit.vertical_fov_deg);
  const auto points = model->pose_keypoints(model->shape({}), model->vitruvian_pose());
  in.keypoints = body::Keypoints{};
  for (std::size_t k = 0; k < in.keypoints->size(); ++k) {
    const Eigen::Vector3d p = points.row(static_cast<Eigen::Index>(k)).transpose();
    const Eigen::Vector2d pixel = camera.project({p.x(), -p.y(), 3.5 - p.z()});
    (*in.keypoints)[k] = {pixel.x(), pixel.y(), body::Visibility::visible};
  }
  Runner runner(b.ports);
  const auto known = runner.run(shared(in), small_options(), {});
  ASSERT_TRUE(known.body->fit.has_value());
  EXPECT_LT(known.body->fit->best.reprojection_rms_px, 5.0);
  constexpr std::size_t kRightWrist = 10;
  (*in.keypoints)[kRightWrist].y -= 25.0;
  const auto a = preview(b.ports, known, shared(in), patient(), {});
  EXPECT_NE(a.body, known.body);
  EXPECT_EQ(a.body->mesh.vertex_count(), known.body->mesh.vertex_count());
  EXPECT_GT((a.body->mesh.vertices - known.body->mesh.vertices).rowwise().norm().maxCoeff(), 0.02F);
  EXPECT_EQ(a.body_contact, known.body_contact);
  EXPECT_TRUE(a.report(Stage::body_pose).message.starts_with("preview"));
}

}  // namespace
}  // namespace tactus::pipeline
