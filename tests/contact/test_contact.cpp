// The lift against METHOD.md's checked examples and brute force; the score; the prior's words and masks.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "prior_table.h"
#include "tactus/contact/lift.h"
#include "tactus/contact/predictor.h"
#include "tactus/error.h"
#include "tactus/random.h"

namespace tactus::contact {
namespace {

struct View {
  ImageF logits;
  views::RasterMaps maps;
};

View empty_view(int size, float logit) {
  View view{ImageF(size, size, 1, logit), {}};
  view.maps.face_ids = ImageI32(size, size, 1, -1);
  view.maps.vertex_ids = ImageI32(size, size, 3, -1);
  view.maps.barycentrics = ImageF(size, size, 3, -1.0F);
  view.maps.depth = ImageF(size, size, 1, -1.0F);
  return view;
}

void set_pixel(View& view, int column, int row, std::array<int, 3> ids, std::array<float, 3> weights, float logit) {
  view.logits.at(column, row) = logit;
  view.maps.face_ids.at(column, row) = 0;
  for (int k = 0; k < 3; ++k) {
    view.maps.vertex_ids.at(column, row, k) = ids[static_cast<std::size_t>(k)];
    view.maps.barycentrics.at(column, row, k) = weights[static_cast<std::size_t>(k)];
  }
}

struct Inputs {
  std::vector<ImageF> logits;
  std::vector<const views::RasterMaps*> maps;
};
Inputs inputs_of(const std::vector<View>& views) {
  Inputs in;
  for (const View& view : views) {
    in.logits.push_back(view.logits);
    in.maps.push_back(&view.maps);
  }
  return in;
}

// METHOD.md §2.11's tiny check.
std::vector<View> tiny() {
  std::vector<View> views = {empty_view(4, -5.0F), empty_view(4, -5.0F)};
  set_pixel(views[0], 0, 0, {0, 1, 2}, {0.5F, 0.3F, 0.2F}, 2.0F);
  set_pixel(views[0], 2, 1, {1, 2, 3}, {0.1F, 0.6F, 0.3F}, -1.0F);
  set_pixel(views[1], 3, 3, {0, 3, 1}, {0.25F, 0.25F, 0.5F}, 3.0F);
  return views;
}

void expect_values(const VertexContact& contact, std::vector<float> wanted) {
  ASSERT_EQ(static_cast<std::size_t>(contact.probability.size()), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(contact.probability[static_cast<Eigen::Index>(i)], wanted[i], 2e-6) << i;
}

TEST(Lift, BodyTinyCheck) {
  const auto views = tiny();
  const Inputs in = inputs_of(views);
  for (const Mode mode : {Mode::corrected, Mode::official}) {
    const auto contact = lift_body(in.logits, in.maps, 5, {.mode = mode});
    expect_values(contact, {0.916686F, 0.840204F, 0.421905F, 0.610758F, 0.0F});
    EXPECT_EQ(contact.coverage, (std::vector<std::uint8_t>{2, 2, 1, 2, 0}));
  }
}

TEST(Lift, ObjectTinyCheck) {
  const auto views = tiny();
  const Inputs in = inputs_of(views);
  expect_values(lift_object(in.logits, in.maps, 5, {.mode = Mode::official}),
                {0.916686F, 0.916686F, 0.880797F, 0.952574F, 0.0F});
  expect_values(lift_object(in.logits, in.maps, 5, {.mode = Mode::corrected}),
                {0.916686F, 0.840204F, 0.421905F, 0.610758F, 0.0F});
}

TEST(Lift, PointsTinyCheck) {
  ImageF a(2, 2), b(2, 2);
  a.data = {0.2F, 0.6F, 0.9F, 0.1F};
  b.data = {0.8F, 0.3F, 0.4F, 0.6F};
  ImageI32 pa(2, 2), pb(2, 2);
  pa.data = {0, 0, 2, -1};
  pb.data = {0, -1, 3, 3};
  const auto contact = lift_points({a, b}, {pa, pb}, 4);
  expect_values(contact, {0.6F, 0.0F, 0.9F, 0.5F});
  EXPECT_EQ(contact.coverage, (std::vector<std::uint8_t>{2, 0, 1, 1}));
}

std::vector<View> random_views(std::uint64_t seed, int vertex_count) {
  Random random(seed);
  std::vector<View> views;
  for (int v = 0; v < 4; ++v) {
    View view = empty_view(64, -5.0F);
    for (int row = 0; row < 64; ++row)
      for (int column = 0; column < 64; ++column) {
        if (random.uniform() < 0.3) continue;
        // Some ids lie outside on either side: their pixels must not vote at all.
        std::array<int, 3> ids{};
        for (int& id : ids) id = static_cast<int>(random.below(static_cast<std::uint32_t>(vertex_count + 12))) - 6;
        const auto x = static_cast<float>(random.uniform()), y = static_cast<float>(random.uniform()) * (1.0F - x);
        set_pixel(view, column, row, ids, {x, y, 1.0F - x - y}, static_cast<float>(random.uniform(-60.0, 60.0)));
      }
    views.push_back(std::move(view));
  }
  return views;
}

// Vertex by vertex, every pixel of every view looked at: nothing shared with the code under test.
double brute_force(const std::vector<View>& views, int vertex, int vertex_count, bool official_object) {
  double sum = 0.0;
  int seen = 0;
  for (const View& view : views) {
    double votes = 0.0, weights = 0.0;
    for (int row = 0; row < 64; ++row)
      for (int column = 0; column < 64; ++column) {
        int inside = 0;
        for (int k = 0; k < 3; ++k) {
          const int id = view.maps.vertex_ids.at(column, row, k);
          inside += id >= 0 && id < vertex_count ? 1 : 0;
        }
        if (inside < 3) continue;
        double s = view.logits.at(column, row);
        if (!official_object) s = std::min(20.0, std::max(-20.0, s));
        const double p = 1.0 / (1.0 + std::exp(-s));
        if (official_object && p <= 0.3) continue;
        for (int k = 0; k < 3; ++k)
          if (view.maps.vertex_ids.at(column, row, k) == vertex) {
            const double w = view.maps.barycentrics.at(column, row, k);
            votes += w * p;
            weights += w;
          }
      }
    if (weights > 0.0) {
      sum += votes / weights;
      ++seen;
    }
  }
  return seen > 0 ? sum / seen : 0.0;
}

int views_that_see(const std::vector<View>& views, int vertex, int vertex_count) {
  int seen = 0;
  for (const View& view : views) {
    double weights = 0.0;
    for (std::size_t pixel = 0; pixel < view.logits.data.size(); ++pixel) {
      const auto* id = &view.maps.vertex_ids.data[3 * pixel];
      if (std::any_of(id, id + 3, [&](int i) { return i < 0 || i >= vertex_count; })) continue;
      for (std::size_t k = 0; k < 3; ++k)
        if (id[k] == vertex) weights += static_cast<double>(view.maps.barycentrics.data[3 * pixel + k]);
    }
    seen += weights > 0.0 ? 1 : 0;
  }
  return seen;
}

TEST(Lift, ViewsThatDoNotSeeAVertexHaveNoSay) {
  // Vertex 0 is seen by the second view alone, vertex 2 by none; a blank view changes neither.
  std::vector<View> views = {empty_view(8, 20.0F), empty_view(8, 20.0F), empty_view(8, 20.0F)};
  set_pixel(views[1], 1, 1, {0, 1, 1}, {0.5F, 0.25F, 0.25F}, -1.0F);
  set_pixel(views[2], 1, 1, {1, 1, 1}, {0.5F, 0.25F, 0.25F}, 1.0F);
  const Inputs in = inputs_of(views);
  const double low = 1.0 / (1.0 + std::exp(1.0)), high = 1.0 / (1.0 + std::exp(-1.0));
  const auto contact = lift_body(in.logits, in.maps, 3, {});
  EXPECT_NEAR(contact.probability[0], low, 1e-6);
  EXPECT_NEAR(contact.probability[1], 0.5 * (low + high), 1e-6);
  EXPECT_EQ(contact.probability[2], 0.0F);
  EXPECT_EQ(contact.coverage, (std::vector<std::uint8_t>{1, 2, 0}));
  const auto official = lift_object(in.logits, in.maps, 3, {.mode = Mode::official});   // 0.27 does not vote
  EXPECT_EQ(official.probability[0], 0.0F);
  EXPECT_NEAR(official.probability[1], high, 1e-6);
  const auto none = lift_body({}, {}, 3, {});
  EXPECT_EQ(none.coverage, (std::vector<std::uint8_t>{0, 0, 0}));
}

TEST(Lift, RandomMapsAgreeWithBruteForce) {
  constexpr int kCount = 50;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto views = random_views(seed, kCount);
    const Inputs in = inputs_of(views);
    const auto body = lift_body(in.logits, in.maps, kCount, {});
    const auto object = lift_object(in.logits, in.maps, kCount, {.mode = Mode::official});
    for (int i = 0; i < kCount; ++i) {
      EXPECT_NEAR(body.probability[i], brute_force(views, i, kCount, false), 1e-5) << i;
      EXPECT_NEAR(object.probability[i], brute_force(views, i, kCount, true), 1e-5) << i;
      EXPECT_EQ(body.coverage[static_cast<std::size_t>(i)], views_that_see(views, i, kCount)) << i;
    }
  }
}

TEST(Lift, RefusesMasksThatDoNotFit) {
  const auto views = tiny();
  Inputs in = inputs_of(views);
  in.logits[1] = ImageF(3, 4);
  EXPECT_THROW(lift_body(in.logits, in.maps, 5, {}), Error);
  in.logits.pop_back();
  EXPECT_THROW(lift_object(in.logits, in.maps, 5, {}), Error);
  EXPECT_THROW(lift_points({ImageF(2, 2)}, {ImageI32(2, 3)}, 4), Error);
  EXPECT_THROW(lift_points({ImageF(2, 2)}, {}, 4), Error);
}

TEST(Metrics, ScoreAndArea) {
  Eigen::VectorXf predicted(5), truth(5);
  predicted << 0.5F, 0.9F, 0.49F, 0.8F, 0.0F;   // 0.5 itself counts
  truth << 1.0F, 0.1F, 1.0F, 0.0F, 0.0F;        // any value above 0 counts
  const auto score = contact_score(predicted, truth);
  EXPECT_NEAR(score.precision, 2.0 / 3.0, 1e-9);
  EXPECT_NEAR(score.recall, 2.0 / 3.0, 1e-9);
  EXPECT_NEAR(score.f1, 2.0 / 3.0, 1e-9);
  const Eigen::VectorXf none = Eigen::VectorXf::Zero(5);
  EXPECT_EQ(contact_score(none, none).f1, 0.0);
  EXPECT_THROW(contact_score(predicted, Eigen::VectorXf::Zero(4)), Error);
  VertexContact contact{predicted, {}};
  Eigen::VectorXf areas(5);
  areas << 1.0F, 2.0F, 4.0F, 8.0F, 16.0F;
  EXPECT_NEAR(contact_area(contact, areas, 0.5F), 10.0, 1e-9);
  EXPECT_THROW(contact_area(contact, Eigen::VectorXf::Zero(4), 0.5F), Error);
}

// ---- the prior ----

// One pixel a part of the body and one a part of the object: pixel i shows part i.
struct Scene {
  ImageU8 photo = ImageU8(4, 4, 3, 200);
  body::PhotoBody body;
  objects::ObjectMesh object;
  std::vector<views::RenderedView> body_views, object_views;
};

views::RenderedView view_of_parts(int parts) {
  views::RenderedView view;
  View plain = empty_view(32, 0.0F);
  for (int i = 0; i < parts; ++i) set_pixel(plain, i % 32, i / 32, {i, i, i}, {1.0F, 0.0F, 0.0F}, 0.0F);
  view.maps = plain.maps;
  return view;
}

const std::vector<std::string>& body_part_names() {
  static const std::vector<std::string> names = {
      "abdomen", "chest", "face", "head", "left buttock", "left fingers", "left foot", "left forearm", "left hand", "left hip", "left lower leg", "left shoulder", "left sole", "left thigh", "left upper arm", "lower back", "neck", "right buttock", "right fingers", "right foot", "right forearm", "right hand", "right hip", "right lower leg", "right shoulder", "right sole", "right thigh", "right upper arm", "upper back"};
  return names;
}

Scene scene_of(const std::string& category) {
  Scene scene;
  scene.body.part_names = body_part_names();
  scene.body.source = "keypoints";
  for (std::size_t i = 0; i < body_part_names().size(); ++i) scene.body.vertex_parts.push_back(static_cast<std::uint8_t>(i));
  scene.body_views = {view_of_parts(static_cast<int>(body_part_names().size()))};
  scene.object.category = category;
  scene.object.name = category.empty() ? "my_scan.obj" : category;
  for (const auto& known : objects::categories())
    if (known.name == category) scene.object.part_names = known.part_names;
  for (std::size_t i = 0; i < scene.object.part_names.size(); ++i) scene.object.vertex_parts.push_back(static_cast<std::uint8_t>(i));
  scene.object_views = {view_of_parts(std::max(1, static_cast<int>(scene.object.part_names.size())))};
  return scene;
}

ContactPrediction ask(const Scene& scene, const std::string& prompt) {
  return make_prior_predictor()->predict(
      {scene.photo, prompt, scene.body_views, scene.object_views, scene.body, scene.object, {}}, {});
}

bool names(const std::vector<std::string>& list, const std::string& word) {
  return std::any_of(list.begin(), list.end(), [&](const auto& n) { return n.find(word) != std::string::npos; });
}

TEST(Prior, EveryCategoryHasARowAndEveryRowACategory) {
  std::set<std::string> rows, known;
  for (const auto& row : usual_contacts()) rows.insert(row.category);
  for (const auto& category : objects::categories()) known.insert(category.name);
  EXPECT_EQ(rows, known);
}

TEST(Prior, EveryWordOfTheTableNamesAPart) {
  for (const auto& row : usual_contacts()) {
    SCOPED_TRACE(row.category);
    const auto scene = scene_of(row.category);
    for (const auto& part : row.object_parts) EXPECT_TRUE(names(scene.object.part_names, part)) << part;
    for (const auto& part : row.body_parts) EXPECT_TRUE(names(body_part_names(), part)) << part;
    const auto answer = ask(scene, std::string("Which body parts touch the ") + row.category + "?");
    EXPECT_FALSE(answer.body_parts.empty());
    EXPECT_FALSE(answer.object_parts.empty());
    EXPECT_TRUE(answer.warnings.empty());
  }
  for (const auto& action : usual_actions())
    for (const auto& part : action.body_parts) EXPECT_TRUE(names(body_part_names(), part)) << part;
}

TEST(Prior, MasksShowExactlyTheNamedParts) {
  const auto scene = scene_of("bottle");
  const auto answer = ask(scene, "Which body parts touch the bottle?");
  EXPECT_TRUE(names(answer.body_parts, "left hand") && names(answer.body_parts, "right fingers"));
  EXPECT_FALSE(names(answer.body_parts, "buttock"));
  for (std::size_t i = 0; i < body_part_names().size(); ++i) {
    const bool named = std::find(answer.body_parts.begin(), answer.body_parts.end(), body_part_names()[i]) != answer.body_parts.end();
    EXPECT_EQ(answer.body_logits[0].data[i] > 0.0F, named) << body_part_names()[i];
  }
  for (std::size_t i = 0; i < scene.object.part_names.size(); ++i) {
    const auto& part = scene.object.part_names[i];
    EXPECT_EQ(answer.object_logits[0].data[i] > 0.0F, part == "body") << part;
  }
  EXPECT_LT(answer.body_logits[0].at(31, 31), 0.0F) << "background";
}

TEST(Prior, WordsOfThePromptNarrowIt) {
  const auto bottle = scene_of("bottle");
  const auto left = ask(bottle, "Where does the left hand touch the bottle?");
  EXPECT_TRUE(names(left.body_parts, "left hand"));
  EXPECT_FALSE(names(left.body_parts, "right"));
  // The table says right: the prompt wins.
  const auto phone = ask(scene_of("phone"), "the phone in the left hand");
  EXPECT_TRUE(names(phone.body_parts, "left"));
  EXPECT_FALSE(names(phone.body_parts, "right"));
  EXPECT_TRUE(names(ask(scene_of("box"), "A man sitting on a box").body_parts, "buttock"));
  EXPECT_FALSE(names(ask(scene_of("chair"), "She is standing on the chair").body_parts, "buttock"));
  EXPECT_TRUE(names(ask(scene_of("chair"), "She is standing on the chair").body_parts, "sole"));
  EXPECT_TRUE(names(ask(scene_of("ball"), "He kicks the ball").body_parts, "foot"));
  EXPECT_TRUE(names(ask(scene_of("ball"), "He kicks the ball with his left foot").body_parts, "left foot"));
}

TEST(Prior, SentencesNameTheParts) {
  EXPECT_EQ(ask(scene_of("chair"), "What touches the chair?").answer,
            "A person who sits on a chair usually touches it with both buttocks, both thighs, the lower back and the upper back. "
            "The contact is on the seat and the backrest.");
  EXPECT_EQ(ask(scene_of("umbrella"), "What touches the umbrella?").answer,
            "A person who holds an umbrella usually touches it with the right fingers and the right hand. The contact is on the shaft and the handle.");
  EXPECT_EQ(ask(scene_of("bicycle"), "He holds his bicycle").answer,
            "A person who holds a bicycle usually touches it with the fingers of both hands and both hands. The contact is on the handlebar and the grips.");
  EXPECT_EQ(ask(scene_of("snowboard"), "left").answer,
            "A person who stands on a snowboard usually touches it with the left foot and the left sole. The contact is on the deck and the bindings.");
}

// Every action on every category names parts of both, never the other side than the prompt's, and no part twice.
TEST(Prior, EveryActionOnEveryCategory) {
  for (const auto& category : objects::categories()) {
    const auto scene = scene_of(category.name);
    for (const auto& action : usual_actions()) {
      SCOPED_TRACE(category.name + ", " + action.words.front());
      for (const std::string side : {"", "left", "right"}) {
        // Without the category's own name: "hand" or "sitting" must not hide in it.
        const auto answer = ask(scene, "someone " + action.words.front() + " it " + side);
        EXPECT_FALSE(answer.body_parts.empty());
        EXPECT_FALSE(answer.object_parts.empty());
        EXPECT_NE(answer.answer.find(action.verb), std::string::npos) << answer.answer;
        const std::string other = side == "left" ? "right " : "left ";
        EXPECT_FALSE(!side.empty() && names(answer.body_parts, other)) << answer.answer;
        EXPECT_EQ(std::set<std::string>(answer.body_parts.begin(), answer.body_parts.end()).size(), answer.body_parts.size());
        for (const auto& part : answer.object_parts) EXPECT_NE(answer.answer.find(part), std::string::npos) << answer.answer;
      }
    }
  }
}

TEST(Prior, ActionsTouchTheFittingParts) {
  const auto on = [](const char* category, const char* prompt) { return ask(scene_of(category), prompt).object_parts; };
  using Parts = std::vector<std::string>;
  EXPECT_EQ(on("bicycle", "sitting on the bicycle"), Parts{"saddle"});
  EXPECT_EQ(on("motorcycle", "a man sits on a motorcycle"), Parts{"seat"});
  EXPECT_EQ(on("chair", "standing on a chair"), Parts{"seat"});
  EXPECT_EQ(on("chair", "sitting on a chair"), (Parts{"seat", "backrest"}));
  EXPECT_EQ(on("couch", "leaning against the couch"), (Parts{"backrest", "armrests"}));
  EXPECT_EQ(on("box", "sitting on the box"), Parts{"lid"});
  EXPECT_EQ(on("backpack", "carrying a backpack"), (Parts{"body", "straps"}));
  // What is held in one hand is carried in one.
  EXPECT_FALSE(names(ask(scene_of("racket"), "carrying a racket").body_parts, "left"));
}

TEST(Prior, PartWordsThatAreNoActions) {
  // "back" here is the chair's, not an order to wear it.
  EXPECT_EQ(ask(scene_of("chair"), "What touches the back of the chair?").answer.find("wears"), std::string::npos);
  EXPECT_TRUE(names(ask(scene_of("suitcase"), "a woman carrying a suitcase").body_parts, "hand"));
  EXPECT_TRUE(names(ask(scene_of("box"), "He is carrying the box").body_parts, "hand"));
}

TEST(Prior, RefusesAnEmptyPromptAndSaysWhatItIs) {
  const auto scene = scene_of("chair");
  for (const char* prompt : {"", "  ", "?!"}) {
    try {
      ask(scene, prompt);
      FAIL();
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("prompt:")) << error.what();
    }
  }
  EXPECT_NE(make_prior_predictor()->description().find("does not look at the photograph"), std::string::npos);
  EXPECT_FALSE(make_prior_predictor()->reads_photo());
}

TEST(Prior, UnknownMeshIsPerhapsTouchedAllOver) {
  const auto scene = scene_of("");
  const auto answer = ask(scene, "What touches it?");
  EXPECT_FALSE(answer.warnings.empty());
  EXPECT_GT(answer.object_logits[0].data[0], 0.0F);
  EXPECT_LT(answer.object_logits[0].data[0], 2.0F);
  EXPECT_TRUE(names(answer.body_parts, "hand"));
}

}  // namespace
}  // namespace tactus::contact
