// The prior's masks in real views of the body and of every object, lifted to the surface.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tactus/contact/lift.h"
#include "tactus/contact/predictor.h"
#include "tactus/io/body_files.h"
#include "tactus/render/cpu.h"

namespace tactus::contact {
namespace {

const body::BodyModel& model() {
  static const body::BodyModel the_model(io::read_body_model(TACTUS_BINARY_DIR "/share/tactus/body.tbm"));
  return the_model;
}

struct Canonical {
  std::unique_ptr<views::ViewRenderer> renderer = render::make_cpu_view_renderer();
  body::PhotoBody body;
  std::vector<views::RenderedView> views;
  Eigen::Vector3f right_eye, left_eye;
};

const Canonical& canonical() {
  static const Canonical the_body = [] {
    Canonical c;
    const auto posed = model().pose(model().shape({}), model().vitruvian_pose());
    c.body.canonical = c.body.mesh = {posed.vertices, model().faces()};
    c.body.part_names = model().part_names();
    c.body.vertex_parts = model().vertex_parts();
    c.body.source = "keypoints";
    c.left_eye = posed.keypoints.row(1).transpose().cast<float>();
    c.right_eye = posed.keypoints.row(2).transpose().cast<float>();
    c.views = views::render_body_views(*c.renderer, c.body.canonical, {512}, {});
    return c;
  }();
  return the_body;
}

struct Touched {
  ContactPrediction prediction;
  VertexContact body, object;
  objects::ObjectMesh mesh;
};

Touched touched(const std::string& category, const std::string& prompt) {
  const Canonical& c = canonical();
  Touched t;
  t.mesh = objects::make_object(category);
  const auto object_views = views::render_object_views(*c.renderer, t.mesh.mesh, {512}, {});
  const ImageU8 photo(4, 4, 3);
  t.prediction = make_prior_predictor()->predict({photo, prompt, c.views, object_views, c.body, t.mesh, {}}, {});
  const auto lift = [](const auto& logits, const auto& views, int count) {
    std::vector<const views::RasterMaps*> maps;
    for (const auto& view : views) maps.push_back(&view.maps);
    return lift_body(logits, maps, count, {});
  };
  t.body = lift(t.prediction.body_logits, c.views, c.body.canonical.vertex_count());
  t.object = lift(t.prediction.object_logits, object_views, t.mesh.mesh.vertex_count());
  return t;
}

std::string part_of(const std::vector<std::string>& names, const std::vector<std::uint8_t>& parts, Eigen::Index i) {
  return names[parts[static_cast<std::size_t>(i)]];
}

// Vertices in contact by part.
std::map<std::string, int> touched_parts(const VertexContact& contact, const std::vector<std::string>& names, const std::vector<std::uint8_t>& parts) {
  std::map<std::string, int> count;
  for (Eigen::Index i = 0; i < contact.probability.size(); ++i)
    if (contact.probability[i] > 0.5F) ++count[part_of(names, parts, i)];
  return count;
}

TEST(PriorViews, ContactLiesOnTheNamedPartsOfEveryCategory) {
  for (const auto& category : objects::categories()) {
    SCOPED_TRACE(category.name);
    const Touched t = touched(category.name, "What touches the " + category.name + "?");
    const auto object = touched_parts(t.object, t.mesh.part_names, t.mesh.vertex_parts);
    std::set<std::string> named(t.prediction.object_parts.begin(), t.prediction.object_parts.end());
    int off = 0, all = 0;
    for (const auto& [part, count] : object) {
      all += count;
      off += named.contains(part) ? 0 : count;
    }
    EXPECT_LE(off, all / 10) << "vertices of other parts, more than along their borders";
    for (const auto& part : named) EXPECT_GT(object.contains(part) ? object.at(part) : 0, 0) << part;

    const auto body = touched_parts(t.body, canonical().body.part_names, canonical().body.vertex_parts);
    named = {t.prediction.body_parts.begin(), t.prediction.body_parts.end()};
    if (named.erase("right eye") > 0) named.insert("face");
    off = all = 0;
    for (const auto& [part, count] : body) {
      all += count;
      off += named.contains(part) ? 0 : count;
    }
    EXPECT_LE(off, all / 10) << "vertices of other parts, more than along their borders";
    for (const auto& part : named) EXPECT_GT(body.contains(part) ? body.at(part) : 0, 0) << part;
    // What no view saw is not called touched.
    for (Eigen::Index i = 0; i < t.object.probability.size(); ++i) {
      if (t.object.coverage[static_cast<std::size_t>(i)] == 0) { EXPECT_EQ(t.object.probability[i], 0.0F); }
    }
  }
}

TEST(PriorViews, HandsTouchWithTheirPalms) {
  const Touched t = touched("bottle", "holding a bottle");
  const auto& mesh = canonical().body.canonical;
  const auto normals = geometry::vertex_normals(mesh);
  const auto areas = geometry::vertex_areas(mesh);
  double touched_area = 0.0, hand_area = 0.0, backs = 0.0;
  for (Eigen::Index i = 0; i < areas.size(); ++i) {
    const std::string part = part_of(canonical().body.part_names, canonical().body.vertex_parts, i);
    if (!part.ends_with(" hand") && !part.ends_with(" fingers")) continue;
    hand_area += static_cast<double>(areas[i]);
    if (t.body.probability[i] <= 0.5F) continue;
    touched_area += static_cast<double>(areas[i]);
    // The backs face up and away from the body.
    const float outward = mesh.vertices(i, 0) > 0.0F ? 1.0F : -1.0F;
    if (0.76F * outward * normals(i, 0) + 0.64F * normals(i, 1) > 0.5F) backs += static_cast<double>(areas[i]);
  }
  EXPECT_GT(touched_area, 0.25 * hand_area);
  EXPECT_LT(touched_area, 0.6 * hand_area);
  EXPECT_LT(backs, 0.02 * touched_area);
}

TEST(PriorViews, TheCameraFacesAway) {
  const Touched t = touched("camera on a tripod", "Which body parts touch the camera?");
  const auto object = touched_parts(t.object, t.mesh.part_names, t.mesh.vertex_parts);
  EXPECT_FALSE(object.contains("lens"));
  EXPECT_FALSE(object.contains("legs"));
  EXPECT_GT(object.at("viewfinder"), 20);
  EXPECT_GT(object.at("pan handle"), 20);
  EXPECT_NE(t.prediction.answer.find("the right eye"), std::string::npos) << t.prediction.answer;
  // The eyepiece and the handle lie behind the middle of the camera, the lens before it.
  const auto mean_z = [&](const std::string& part) {
    double sum = 0.0;
    int count = 0;
    for (Eigen::Index i = 0; i < t.mesh.mesh.vertices.rows(); ++i)
      if (part_of(t.mesh.part_names, t.mesh.vertex_parts, i) == part) {
        sum += static_cast<double>(t.mesh.mesh.vertices(i, 2));
        ++count;
      }
    return sum / count;
  };
  EXPECT_GT(mean_z("lens"), mean_z("body") + 0.04);
  EXPECT_LT(mean_z("viewfinder"), mean_z("body") - 0.04);
  EXPECT_LT(mean_z("pan handle"), mean_z("body") - 0.04);

  const auto near_eye = [&](const Touched& from, const Eigen::Vector3f& eye) {
    int near = 0, far = 0;
    for (Eigen::Index i = 0; i < from.body.probability.size(); ++i) {
      if (from.body.probability[i] <= 0.5F || part_of(canonical().body.part_names, canonical().body.vertex_parts, i) != "face") continue;
      ((canonical().body.canonical.vertices.row(i).transpose() - eye).norm() < 0.045F ? near : far) += 1;
    }
    EXPECT_GT(near, 30);
    EXPECT_EQ(far, 0);
  };
  near_eye(t, canonical().right_eye);
  near_eye(touched("camera on a tripod", "the camera at his left eye"), canonical().left_eye);
  // Another action than the usual one: no eye.
  EXPECT_EQ(touched_parts(touched("camera on a tripod", "carrying the camera").body, canonical().body.part_names, canonical().body.vertex_parts).count("face"), 0U);
}

}  // namespace
}  // namespace tactus::contact
