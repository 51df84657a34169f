#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "draft.h"
#include "soft.h"
#include "surroundings.h"
#include "tactus/body/body_model_data.h"
#include "tactus/error.h"
#include "tactus/hash.h"
#include "tactus/parallel.h"
#include "tactus/synth/scene.h"
#include "truth.h"

namespace tactus::synth {
namespace {

using Eigen::Isometry3d;
using Eigen::Vector3d;

constexpr double kShallow = -0.0095;    // interpenetration that is asked for
constexpr double kDeepest = -0.03;      // and what is taken when that does not come about
constexpr int kPatient = 14;            // drafts that must be shallow
constexpr int kMostDrafts = 60;

std::uint64_t seed_of(std::initializer_list<std::uint64_t> words) {
  Hasher hasher;
  for (const auto word : words) hasher.value(word);
  return hasher.key();
}

struct Person {
  body::Phenotype phenotype;
  std::shared_ptr<const body::ShapedBody> shaped;
};

body::Phenotype random_phenotype(Random& random) {
  body::Phenotype p;
  p.gender = random.uniform() < 0.15 ? random.uniform() : (random.uniform() < 0.5 ? random.uniform(0.0, 0.15) : random.uniform(0.85, 1.0));
  const double kind = random.uniform();
  p.age = kind < 0.18 ? random.uniform(0.22, 0.52) : (kind < 0.85 ? random.uniform(0.55, 0.8) : random.uniform(0.8, 1.0));
  p.muscle = std::clamp(0.5 + 0.25 * random.normal(), 0.05, 0.95);
  p.weight = std::clamp(0.48 + 0.25 * random.normal(), 0.05, 1.0);
  // Grown men about 1.76 m, women about 1.64 m.
  p.height = std::clamp(0.37 + 0.07 * random.normal(), 0.15, 0.6);
  p.proportions = random.uniform(0.2, 0.8);
  return p;
}

}  // namespace

struct SceneMaker::Impl {
  std::shared_ptr<const body::BodyModel> model;
  Split split;
  Rig rig;
  Wearer wearer;
  std::vector<Person> people;
  ThingPool things;
  std::vector<std::vector<std::pair<std::string, Interaction>>> by_interaction;
  std::vector<std::string> names;
  std::shared_ptr<const SurfaceTopology> skin;

  Impl(std::shared_ptr<const body::BodyModel> m, Split s, const Options& options, const Progress& progress) : model(std::move(m)), split(s), rig(*model), wearer(rig) {
    const auto of_split = [&](int train, int validation, int test) { return s == Split::train ? train : (s == Split::validation ? validation : test); };
    const int bodies = of_split(options.bodies, options.validation_bodies, options.test_bodies);
    const int instances = of_split(options.instances, options.validation_instances, options.test_instances);
    if (bodies < 1 || instances < 1)
      throw bad_input("scenes: a pool of " + std::to_string(bodies) + " bodies and " + std::to_string(instances) +
                      " instances a category is empty; at least 1 of each is needed");
    const auto word = static_cast<std::uint64_t>(s);
    people.resize(static_cast<std::size_t>(bodies));
    parallel_for(people.size(), 4, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        if (progress.stop_requested()) return;
        Random random(seed_of({0xb0d1e5, word, i}));
        people[i].phenotype = random_phenotype(random);
        people[i].shaped = std::make_shared<const body::ShapedBody>(model->shape(people[i].phenotype));
      }
    });
    progress.check();
    progress.report(0.1, "Bodies are made.");
    const auto& categories = objects::categories();
    std::vector<std::shared_ptr<const Thing>> all(categories.size() * static_cast<std::size_t>(instances));
    parallel_for(all.size(), 4, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        if (progress.stop_requested()) return;
        Random random(seed_of({0x0b1ec7, word, i}));
        objects::ObjectOptions object;
        object.variation = &random;
        all[i] = std::make_shared<const Thing>(objects::make_object(categories[i % categories.size()].name, object));
      }
    });
    progress.check();
    for (auto& thing : all) things[thing->category()].push_back(std::move(thing));
    for (const auto& category : categories) names.push_back(category.name);
    by_interaction.resize(kInteractionCount);
    for (const auto& pair : known_pairs()) by_interaction[static_cast<std::size_t>(pair.second)].push_back(pair);
    const body::ShapedBody rest = model->shape({});
    skin = std::make_shared<const SurfaceTopology>(rest.rest_vertices, model->faces(), false);
    progress.report(1.0, "Bodies and things are made.");
  }

  std::shared_ptr<const Thing> thing_of(const std::string& category, Random& random) const {
    const auto& list = things.at(category);
    return list[random.below(static_cast<std::uint32_t>(list.size()))];
  }

  std::pair<std::string, Interaction> choose_pair(Random& random) const {
    // How often each interaction is the scene's first.
    static constexpr std::array<double, kInteractionCount> share = {0,   3,   1.5, 1.6, 1.6, 1.4, 3,   3,   2.6, 0.5,
                                                                    0.9, 0.9, 0.7, 0.9, 0.8, 0.5, 0.5, 0.9, 0.9};
    double sum = 0;
    for (std::size_t i = 0; i < share.size(); ++i) sum += by_interaction[i].empty() ? 0.0 : share[i];
    double left = random.uniform() * sum;
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < share.size(); ++i) {
      if (by_interaction[i].empty()) continue;
      chosen = i;
      left -= share[i];
      if (left < 0) break;
    }
    const auto& list = by_interaction[chosen];
    return list[random.below(static_cast<std::uint32_t>(list.size()))];
  }

  static bool above_floor(const PlacedThing& placed) {
    const auto& vertices = placed.thing->surface.vertices();
    const Eigen::RowVector3f down = placed.world_from_thing.linear().row(1).cast<float>();
    const float lowest = (vertices * down.transpose()).minCoeff() + static_cast<float>(placed.world_from_thing.translation().y());
    return lowest > -0.03F;
  }

  // The person with what it touches. False: draft again.
  bool compose(Draft& draft, const std::pair<std::string, Interaction>& main, bool main_touched) const {
    PlacedThing first;
    first.thing = thing_of(main.first, draft.random);
    if (!main_touched) {
      first.interaction = Interaction::none;
      first.placement = draft.chance(0.5) ? Placement::near_miss : (draft.chance(0.5) ? Placement::in_front : Placement::behind);
      // The same pose as for use, or any.
      if (draft.chance(0.35)) {
        PlacedThing used = first;
        if (!apply_template(draft, used, main.second)) return false;
        draft.things.clear();
        draft.arm_used[kLeft] = draft.arm_used[kRight] = true;
      } else if (draft.chance(0.75)) {
        stand(draft);
      } else {
        sit_in_the_air(draft);
      }
    } else {
      if (!apply_template(draft, first, main.second)) return false;
    }
    draft.things.insert(draft.things.begin(), first);
    const bool carries = main_touched && main.second != Interaction::press && main.second != Interaction::push && main.second != Interaction::pull;
    if (draft.chance(carries ? 0.5 : 0.3) && (!draft.arm_used[kLeft] || !draft.arm_used[kRight])) {
      const Side side = draft.arm_used[kLeft] ? kRight : (draft.arm_used[kRight] ? kLeft : draft.any_side());
      const Interaction how = side == kLeft ? Interaction::hold_left : Interaction::hold_right;
      const auto& list = by_interaction[static_cast<std::size_t>(how)];
      const auto& pair = list[draft.random.below(static_cast<std::uint32_t>(list.size()))];
      PlacedThing second;
      second.thing = thing_of(pair.first, draft.random);
      const Figure before = draft.figure;
      if (pair.first != main.first && apply_template(draft, second, how)) draft.things.push_back(second);
      else draft.figure = before, draft.arm_used[side] = false;
    }
    arms_at_random(draft);
    return true;
  }

  bool attempt(Random& random, const std::pair<std::string, Interaction>& main, bool main_touched, int extras, double deepest, Scene& scene) const {
    Draft draft(rig, *scene.shaped, things, random);
    if (!compose(draft, main, main_touched)) return false;
    const SurfaceTree body(skin, draft.figure.skin(rig.every()));
    // The thing that is not touched yet has no place: it needs the camera.
    CameraView view;
    geometry::Vertices some(body.vertices().rows() / 24, 3);
    for (Eigen::Index i = 0; i < some.rows(); ++i) some.row(i) = body.vertices().row(24 * i);
    for (auto& placed : draft.things) {
      if (placed.placement != Placement::touched) continue;
      if (takes_shape(placed)) placed = laid_on(placed, wearer, body);   // arms and shoulders are where they stay
      const double gap = gap_between(body, *placed.thing, placed.world_from_thing, 1.0F);
      if (placed.interaction == Interaction::lean && &placed != &draft.things.front() && gap > kContactDistance + 0.001) {
        placed.interaction = Interaction::none;   // a table that only stands there
        placed.placement = Placement::beside;
        continue;
      }
      if (gap < deepest || gap > 0.012) return false;
      if (!above_floor(placed)) return false;
    }
    if (!choose_camera(random, some, view)) return false;
    for (auto& placed : draft.things)
      if (placed.placement != Placement::touched && placed.world_from_thing.matrix().isIdentity()) {
        bool done = false;
        for (int k = 0; k < 3 && !done; ++k) done = place_untouched(draft, body, view, placed, placed.placement);
        if (!done) return false;
      }
    for (int k = 0; k < extras && draft.things.size() < 4; ++k) {
      PlacedThing extra;
      const std::string& name = names[random.below(static_cast<std::uint32_t>(names.size()))];
      if (std::any_of(draft.things.begin(), draft.things.end(), [&](const PlacedThing& p) { return p.thing->category() == name; })) continue;
      extra.thing = thing_of(name, random);
      static constexpr std::array<Placement, 8> places = {Placement::far,    Placement::beside, Placement::in_front,  Placement::in_front,
                                                          Placement::behind, Placement::behind, Placement::near_miss, Placement::near_miss};
      extra.placement = places[random.below(places.size())];
      if (place_untouched(draft, body, view, extra, extra.placement)) draft.things.push_back(extra);
    }
    finish(draft, body, view, scene);
    return true;
  }

  void finish(const Draft& draft, const SurfaceTree& body, const CameraView& view, Scene& scene) const {
    scene.camera = view.camera;
    const Isometry3d photo_from_body = view.photo_from_world * draft.figure.world_from_body;
    scene.photo_from_body.rotation = photo_from_body.linear();
    scene.photo_from_body.translation = photo_from_body.translation();
    scene.photo_from_world.rotation = view.photo_from_world.linear();
    scene.photo_from_world.translation = view.photo_from_world.translation();
    scene.pose = draft.figure.pose();
    scene.vertices.resize(body.vertices().rows(), 3);
    for (Eigen::Index v = 0; v < scene.vertices.rows(); ++v)
      scene.vertices.row(v) = (view.photo_from_world * Vector3d(body.vertices().row(v).transpose().cast<double>())).transpose().cast<float>();
    const auto& keypoints = model->data().keypoints;
    scene.keypoints.setZero();
    for (std::size_t k = 0; k < keypoints.size(); ++k)
      for (const auto& [vertex, weight] : keypoints[k])
        scene.keypoints.row(static_cast<Eigen::Index>(k)) += static_cast<double>(weight) * scene.vertices.row(vertex).cast<double>();
    scene.objects.clear();
    for (const auto& placed : draft.things) {
      SceneObject object;
      object.object = placed.thing->object;
      const Isometry3d pose = view.photo_from_world * placed.world_from_thing;
      object.photo_from_object.rotation = pose.linear();
      object.photo_from_object.translation = pose.translation();
      object.interaction = placed.interaction;
      object.placement = placed.placement;
      label(object, *placed.thing, body, placed.world_from_thing, *model);
      scene.objects.push_back(std::move(object));
    }
  }
};

SceneMaker::SceneMaker(std::shared_ptr<const body::BodyModel> model, Split split, const Options& options, const Progress& progress)
    : impl_(std::make_unique<Impl>(std::move(model), split, options, progress)) {}
SceneMaker::~SceneMaker() = default;
const body::BodyModel& SceneMaker::body_model() const { return *impl_->model; }

Scene SceneMaker::make(std::uint64_t seed) const {
  const auto word = static_cast<std::uint64_t>(impl_->split);
  Scene scene;
  scene.seed = seed;
  scene.split = impl_->split;
  Random plan(seed_of({0x5ce9e, word, seed}));
  auto main = impl_->choose_pair(plan);
  const bool touched = plan.uniform() < 0.77;
  const int extras = plan.uniform() < 0.15 ? 0 : 1 + static_cast<int>(plan.below(3));
  for (int attempt = 0; attempt < kMostDrafts; ++attempt) {
    Random random(seed_of({0xd4af7, word, seed, static_cast<std::uint64_t>(attempt)}));
    if (attempt % 20 == 0 && attempt > 0) main = impl_->choose_pair(random);   // this pair does not go with this chance
    scene.body_id = static_cast<int>(random.below(static_cast<std::uint32_t>(impl_->people.size())));
    const Person& person = impl_->people[static_cast<std::size_t>(scene.body_id)];
    scene.phenotype = person.phenotype;
    scene.shaped = person.shaped;
    scene.rejected = attempt;
    if (impl_->attempt(random, main, touched, extras, attempt % 20 < kPatient ? kShallow : kDeepest, scene)) return scene;
  }
  // One that always succeeds: someone stands, something is far away.
  for (int attempt = 0;; ++attempt) {
    Random random(seed_of({0xfa11, word, seed, static_cast<std::uint64_t>(attempt)}));
    scene.rejected = kMostDrafts + attempt;
    if (impl_->attempt(random, main, false, 1, kDeepest, scene)) return scene;
  }
}

}  // namespace tactus::synth
