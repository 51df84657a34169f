// What is promised of made scenes: the same everywhere, true labels, the hand that was meant, every interaction.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "tactus/error.h"
#include "tactus/io/body_files.h"
#include "tactus/parallel.h"
#include "tactus/synth/scene.h"

namespace tactus::synth {
namespace {

std::shared_ptr<const body::BodyModel> model() {
  static const auto made = std::make_shared<const body::BodyModel>(io::read_body_model(TACTUS_BODY_FILE));
  return made;
}

const SceneMaker& maker(Split split) {
  static const SceneMaker::Options small{12, 12, 12, 3, 3, 3};
  static const SceneMaker train(model(), Split::train, small), validation(model(), Split::validation, small), test(model(), Split::test, small);
  return split == Split::train ? train : (split == Split::validation ? validation : test);
}

const std::vector<Scene>& many() {
  static const std::vector<Scene> scenes = [] {
    std::vector<Scene> list(320);
    parallel_for(list.size(), 4, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) list[i] = maker(Split::train).make(i);
    });
    return list;
  }();
  return scenes;
}

bool same(const Scene& a, const Scene& b) {
  if (a.body_id != b.body_id || a.vertices != b.vertices || !(a.camera == b.camera) || a.pose.rotations != b.pose.rotations ||
      a.objects.size() != b.objects.size() || a.rejected != b.rejected)
    return false;
  for (std::size_t i = 0; i < a.objects.size(); ++i) {
    const auto &x = a.objects[i], &y = b.objects[i];
    if (x.object->category != y.object->category || x.object->mesh.vertices != y.object->mesh.vertices || x.body_contact != y.body_contact ||
        x.object_contact != y.object_contact || x.distance_m != y.distance_m || x.photo_from_object.rotation != y.photo_from_object.rotation ||
        x.photo_from_object.translation != y.photo_from_object.translation)
      return false;
  }
  return true;
}

TEST(Scenes, AreTheSameWhateverElseIsMade) {
  for (const std::uint64_t seed : {3, 77, 200}) EXPECT_TRUE(same(maker(Split::train).make(seed), many()[seed])) << seed;
  EXPECT_FALSE(same(many()[3], many()[4]));
  EXPECT_FALSE(same(maker(Split::validation).make(3), many()[3]));
}

TEST(Scenes, ShareNeitherBodiesNorInstancesBetweenSplits) {
  std::map<Split, std::set<std::string>> bodies, instances;
  for (const Split split : {Split::train, Split::validation, Split::test})
    for (std::uint64_t seed = 0; seed < 25; ++seed) {
      const Scene scene = maker(split).make(seed);
      bodies[split].insert(std::to_string(scene.phenotype.weight) + std::to_string(scene.phenotype.muscle));
      for (const auto& object : scene.objects) {
        const auto box = geometry::bounding_box(object.object->mesh.vertices).size();
        instances[split].insert(object.object->category + std::to_string(box.x()) + "," + std::to_string(box.y()) + "," + std::to_string(box.z()));
      }
    }
  const std::vector<std::pair<Split, Split>> pairs = {{Split::train, Split::validation}, {Split::train, Split::test}, {Split::validation, Split::test}};
  for (const auto& all : {bodies, instances})
    for (const auto& [a, b] : pairs)
      for (const auto& name : all.at(a)) EXPECT_EQ(all.at(b).count(name), 0U) << name;
}

// The body that others pose from what the scene says is the body of the scene.
TEST(Scenes, PoseTheBodyAsTheModelDoes) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Scene& scene = many()[seed];
    const auto posed = model()->pose(*scene.shaped, scene.pose);
    const auto placed = geometry::transform(scene.photo_from_body, posed.vertices);
    EXPECT_LT((placed - scene.vertices).cwiseAbs().maxCoeff(), 1e-4F);
    for (int k = 0; k < body::kKeypointCount; ++k)
      EXPECT_LT((scene.photo_from_body * Eigen::Vector3d(posed.keypoints.row(k).transpose()) - Eigen::Vector3d(scene.keypoints.row(k).transpose())).norm(), 1e-4);
  }
}

// ── truth against plain loops

double winding_number(const Eigen::Vector3d& p, const geometry::Vertices& vertices, const geometry::Faces& faces) {
  double sum = 0;
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    const Eigen::Vector3d a = vertices.row(faces(f, 0)).transpose().cast<double>() - p, b = vertices.row(faces(f, 1)).transpose().cast<double>() - p,
                          c = vertices.row(faces(f, 2)).transpose().cast<double>() - p;
    const double x = a.norm(), y = b.norm(), z = c.norm();
    sum += 2.0 * std::atan2(a.dot(b.cross(c)), x * y * z + a.dot(b) * z + b.dot(c) * x + c.dot(a) * y);
  }
  return sum / (4.0 * std::numbers::pi);
}

double distance_to_triangle(const Eigen::Vector3d& p, const Eigen::Vector3d& a, const Eigen::Vector3d& b, const Eigen::Vector3d& c) {
  const Eigen::Vector3d n = (b - a).cross(c - a);
  const auto edge = [&](const Eigen::Vector3d& u, const Eigen::Vector3d& v) {
    const double t = std::clamp((p - u).dot(v - u) / (v - u).squaredNorm(), 0.0, 1.0);
    return (p - u - t * (v - u)).norm();
  };
  const bool over = n.dot((b - a).cross(p - a)) >= 0 && n.dot((c - b).cross(p - b)) >= 0 && n.dot((a - c).cross(p - c)) >= 0;
  if (over) return std::abs(n.dot(p - a)) / n.norm();
  return std::min({edge(a, b), edge(b, c), edge(c, a)});
}

TEST(Scenes, LabelContactAsPlainLoopsDo) {
  int compared = 0, positive = 0, different = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Scene& scene = many()[seed];
    const auto& object = scene.objects.front();
    const geometry::Vertices placed = geometry::transform(object.photo_from_object, object.object->mesh.vertices);
    const auto& faces = object.object->mesh.faces;
    const geometry::Vertices normals = geometry::vertex_normals({scene.vertices, model()->faces()});
    // All that are touched and some that are not, near it.
    const auto box = geometry::bounding_box(placed);
    for (Eigen::Index v = 0; v < scene.vertices.rows(); ++v) {
      const Eigen::Vector3f p = scene.vertices.row(v).transpose();
      const bool near = ((box.lower - p).cwiseMax(p - box.upper)).maxCoeff() < 0.03F;
      if (!near || (v % 23 != 0)) continue;
      const Eigen::Vector3d q = p.cast<double>();
      double nearest = 1e9;
      Eigen::Vector3d facing = Eigen::Vector3d::UnitY();
      for (Eigen::Index f = 0; f < faces.rows(); ++f) {
        const Eigen::Vector3d a = placed.row(faces(f, 0)).transpose().cast<double>(), b = placed.row(faces(f, 1)).transpose().cast<double>(),
                              c = placed.row(faces(f, 2)).transpose().cast<double>();
        if ((a - q).squaredNorm() > 0.04) continue;
        const double d = distance_to_triangle(q, a, b, c);
        if (d < nearest) {
          nearest = d;
          facing = (b - a).cross(c - a).normalized();
        }
      }
      const bool inside = winding_number(q, placed, faces) > 0.5;
      const double cosine = nearest < 1 ? facing.dot(normals.row(v).transpose().cast<double>()) : 1.0;
      if (!inside && (std::abs(nearest - 0.02) < 1e-4 || (nearest < 0.02 && std::abs(cosine) < 0.2))) continue;   // at the border of the rule
      const bool expected = inside || (nearest < 0.02 && cosine < 0);
      const bool found = object.body_contact[static_cast<std::size_t>(v)] != 0;
      ++compared;
      positive += expected ? 1 : 0;
      different += expected != found ? 1 : 0;
    }
  }
  EXPECT_GT(compared, 200);
  EXPECT_GT(positive, 30);
  EXPECT_LE(different, compared / 100);
}

bool has_part(const SceneObject& object, const std::vector<std::string>& words) {
  for (const auto& part : object.body_parts)
    for (const auto& word : words)
      if (part.find(word) != std::string::npos) return true;
  return false;
}

TEST(Scenes, HoldWithTheHandThatIsMeant) {
  int holds = 0, right = 0;
  for (const Scene& scene : many())
    for (const auto& object : scene.objects) {
      if (object.interaction != Interaction::hold_left && object.interaction != Interaction::hold_right) continue;
      const bool left = object.interaction == Interaction::hold_left;
      ++holds;
      right += has_part(object, {left ? "left hand" : "right hand", left ? "left fingers" : "right fingers"}) &&
                       !has_part(object, {left ? "right hand" : "left hand", left ? "right fingers" : "left fingers"})
                   ? 1
                   : 0;
    }
  EXPECT_GT(holds, 50);
  EXPECT_GE(right, 0.97 * holds);
}

// Parts of which one at least must be touched; a second list where there are two sides to it.
std::vector<std::vector<std::string>> meant(Interaction interaction) {
  switch (interaction) {
    case Interaction::sit: return {{"buttock", "thigh"}};
    case Interaction::lie: return {{"back", "chest", "abdomen", "buttock"}};
    case Interaction::lean: return {{"hand", "fingers", "forearm", "buttock", "thigh", "back"}};
    case Interaction::stand: return {{"left sole", "left foot"}, {"right sole", "right foot"}};
    case Interaction::ride: return {{"hand", "fingers"}, {"buttock", "thigh", "abdomen"}, {"sole", "foot"}};
    case Interaction::hold_left: return {{"left hand", "left fingers"}};
    case Interaction::hold_right: return {{"right hand", "right fingers"}};
    case Interaction::hold_both: return {{"left hand", "left fingers"}, {"right hand", "right fingers"}};
    case Interaction::lap: return {{"thigh"}};
    case Interaction::carry_back: return {{"back"}};
    case Interaction::carry_shoulder: return {{"shoulder", "upper arm", "neck", "upper back", "chest"}, {"hand", "fingers"}};
    case Interaction::wear: return {{"chest", "abdomen", "shoulder", "back", "neck"}};
    case Interaction::kick: return {{"foot", "sole"}};
    case Interaction::play: return {{"left hand", "left fingers"}, {"right hand", "right fingers"}};
    case Interaction::look: return {{"face", "head"}};
    default: return {{"hand", "fingers"}};
  }
}

TEST(Scenes, HaveEveryInteractionWithItsParts) {
  std::map<Interaction, std::pair<int, int>> found;   // how often; with the parts that are meant
  std::set<std::string> categories, touched;
  for (const Scene& scene : many())
    for (const auto& object : scene.objects) {
      categories.insert(object.object->category);
      if (object.placement != Placement::touched) continue;
      touched.insert(object.object->category);
      auto& [all, right] = found[object.interaction];
      ++all;
      bool every = true;
      for (const auto& words : meant(object.interaction)) every = every && has_part(object, words);
      right += every ? 1 : 0;
    }
  for (int i = 1; i < kInteractionCount; ++i) {
    const auto interaction = static_cast<Interaction>(i);
    EXPECT_GT(found[interaction].first, 0) << interaction_name(interaction);
    EXPECT_GE(found[interaction].second, 0.85 * found[interaction].first) << interaction_name(interaction) << " of " << found[interaction].first;
  }
  EXPECT_GE(touched.size(), 30U);
  EXPECT_EQ(categories.size(), objects::categories().size());
}

double distance_to_skin(const Eigen::Vector3d& p, const Scene& scene) {
  const auto& faces = model()->faces();
  double nearest = 1e9;
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    const Eigen::Vector3d a = scene.vertices.row(faces(f, 0)).transpose().cast<double>();
    if ((a - p).squaredNorm() > 0.01) continue;
    nearest = std::min(nearest, distance_to_triangle(p, a, scene.vertices.row(faces(f, 1)).transpose().cast<double>(),
                                                     scene.vertices.row(faces(f, 2)).transpose().cast<double>()));
  }
  return nearest;
}

TEST(Scenes, LayPacksOnWhoWearsThem) {
  int packs = 0, shallow = 0, shoulders = 0, trunk = 0, near = 0, strap = 0;
  for (const Scene& scene : many())
    for (const auto& object : scene.objects) {
      const bool behind = object.interaction == Interaction::carry_back;
      if (object.object->category != "backpack" || (!behind && object.interaction != Interaction::wear)) continue;
      ++packs;
      shallow += object.distance_m > -0.01F ? 1 : 0;
      shoulders += has_part(object, {"left shoulder"}) && has_part(object, {"right shoulder"}) ? 1 : 0;
      // Straps on the one side of the chest, the panel on the other.
      trunk += has_part(object, {"upper back"}) && has_part(object, {"chest"}) ? 1 : 0;
      EXPECT_TRUE(geometry::is_closed_and_oriented(object.object->mesh));
      const auto box = geometry::bounding_box(object.object->mesh.vertices);
      EXPECT_LT(box.centre().norm(), 1e-4F);
      const auto part = std::find(object.object->part_names.begin(), object.object->part_names.end(), "straps") - object.object->part_names.begin();
      for (int v = 0; v < object.object->mesh.vertex_count(); v += 7) {
        if (object.object->vertex_parts[static_cast<std::size_t>(v)] != part) continue;
        ++strap;
        near += distance_to_skin(object.photo_from_object * Eigen::Vector3d(object.object->mesh.vertices.row(v).transpose().cast<double>()), scene) < 0.02 ? 1 : 0;
      }
    }
  EXPECT_GE(packs, 5);
  EXPECT_GE(shallow, 0.9 * packs);
  EXPECT_GE(shoulders, 0.95 * packs);
  EXPECT_EQ(trunk, packs);
  EXPECT_GE(near, 0.8 * strap);   // the rest spans from the pack to the shoulder
}

TEST(Scenes, StandOnBoardsWithWholeSoles) {
  int feet = 0, whole = 0, strapped = 0, instep = 0;
  for (const Scene& scene : many())
    for (const auto& object : scene.objects) {
      if (object.interaction != Interaction::stand || object.object->category.find("board") == std::string::npos) continue;
      for (const std::string side : {"left ", "right "}) {
        std::map<std::string, std::pair<int, int>> touched;
        for (int v = 0; v < model()->vertex_count(); ++v) {
          auto& [all, here] = touched[model()->part_names()[model()->vertex_parts()[static_cast<std::size_t>(v)]]];
          ++all;
          here += object.body_contact[static_cast<std::size_t>(v)];
        }
        ++feet;
        whole += touched[side + "sole"].second > 0.8 * touched[side + "sole"].first ? 1 : 0;
        if (object.object->category != "snowboard") continue;
        ++strapped;
        instep += touched[side + "foot"].second > 0.3 * touched[side + "foot"].first ? 1 : 0;
      }
    }
  EXPECT_GE(feet, 10);
  EXPECT_GE(whole, 0.9 * feet);
  EXPECT_GE(strapped, 2);
  EXPECT_GE(instep, 0.9 * strapped);
}

TEST(Scenes, RefuseEmptyPools) {
  SceneMaker::Options none;
  none.instances = 0;
  EXPECT_THROW(SceneMaker(model(), Split::train, none), Error);
}

TEST(Scenes, StopWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(SceneMaker(model(), Split::train, {}, Progress({}, stop.get_token())), Error);
}

TEST(Scenes, KeepTheirDistances) {
  int touched = 0, shallow = 0, two = 0;
  for (const Scene& scene : many()) {
    int here = 0;
    for (const auto& object : scene.objects) {
      const auto count = std::count(object.body_contact.begin(), object.body_contact.end(), 1);
      if (object.placement == Placement::touched) {
        ++here;
        ++touched;
        shallow += object.distance_m > -0.01F ? 1 : 0;
        EXPECT_GT(count, 0) << object.object->category << ", seed " << scene.seed;
        EXPECT_GT(object.distance_m, -0.031F);
        EXPECT_FALSE(object.body_parts.empty()) << object.object->category << ", seed " << scene.seed;
      } else {
        EXPECT_EQ(count, 0) << object.object->category << ", seed " << scene.seed;
        EXPECT_EQ(object.interaction, Interaction::none);
        EXPECT_GE(object.distance_m, 0.02F);
        if (object.placement == Placement::near_miss) {
          EXPECT_LE(object.distance_m, 0.2F);
        }
      }
    }
    two += here >= 2 ? 1 : 0;
    EXPECT_GE(scene.objects.size(), 1U);
    EXPECT_LE(scene.objects.size(), 4U);
  }
  EXPECT_GE(shallow, 0.9 * touched);
  EXPECT_GE(two, 0.15 * static_cast<double>(many().size()));
}

}  // namespace
}  // namespace tactus::synth
