// Made scenes: a body that interacts with an object, other objects that it does not touch, one camera, and the truth.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tactus/body/body_model.h"
#include "tactus/geometry/camera.h"
#include "tactus/geometry/transform.h"
#include "tactus/objects/library.h"
#include "tactus/progress.h"
#include "tactus/random.h"

namespace tactus::synth {

enum class Split { train, validation, test };   // bodies and object instances (and, in pictures, textures) are disjoint

enum class Interaction {
  none, sit, lie, lean, stand, ride, hold_left, hold_right, hold_both, lap, carry_back, carry_shoulder, wear, kick, press, play, look, push, pull
};
inline constexpr int kInteractionCount = 19;
std::string_view interaction_name(Interaction interaction);   // "hold left", "carry on back", …

// Where an object stands that nobody touches.
enum class Placement { touched, far, beside, in_front, behind, near_miss };   // near_miss: 2–20 cm from the skin; in_front and behind:
                                                                              // at another depth, overlapping the person in the picture

struct SceneObject {
  std::shared_ptr<const objects::ObjectMesh> object;
  geometry::SimilarityTransform photo_from_object;      // scale 1
  Interaction interaction = Interaction::none;
  Placement placement = Placement::touched;
  // Truth from geometry: within 2 cm and facing each other (angle of the normals over 90°), or inside.
  std::vector<std::uint8_t> body_contact;               // [V] of the full body, 0 or 1
  std::vector<std::uint8_t> object_contact;             // [N]
  float distance_m = 0;                                 // smallest, skin to surface; negative: deepest interpenetration
  std::vector<std::string> body_parts, object_parts;    // those with at least 3 % or 5 of their vertices touched
};

struct Scene {
  std::uint64_t seed = 0;
  Split split = Split::train;
  int body_id = 0;
  body::Phenotype phenotype;
  std::shared_ptr<const body::ShapedBody> shaped;
  body::Pose pose;
  geometry::SimilarityTransform photo_from_body;        // scale 1
  geometry::SimilarityTransform photo_from_world;       // scale 1; world: y up, the floor at y = 0
  geometry::PinholeCamera camera;
  geometry::Vertices vertices;                          // [V, 3] frame photo
  Eigen::Matrix<double, body::kKeypointCount, 3, Eigen::RowMajor> keypoints;   // frame photo
  std::vector<SceneObject> objects;                     // 1–4; the first is the one that the template was made for
  int rejected = 0;                                     // drafts thrown away before this one (deep interpenetration, off the picture)
};

// Safe to use from several threads at once. The pools (shaped bodies, object instances) are made when it is constructed.
class SceneMaker {
 public:
  struct Options {
    int bodies = 120, validation_bodies = 24, test_bodies = 30;
    int instances = 16, validation_instances = 4, test_instances = 6;   // a category
  };
  SceneMaker(std::shared_ptr<const body::BodyModel> model, Split split, const Options& options, const Progress& progress = {});
  SceneMaker(std::shared_ptr<const body::BodyModel> model, Split split) : SceneMaker(std::move(model), split, Options{}) {}
  ~SceneMaker();
  // The same scene for the same split and seed, whatever was made before and by how many threads.
  Scene make(std::uint64_t seed) const;
  const body::BodyModel& body_model() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::synth
