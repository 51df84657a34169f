#include "tactus/synth/marks.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "mark_masks.h"
#include "simulated_fit.h"
#include "tactus/error.h"

namespace tactus::synth {
namespace {

constexpr int kFewestPixels = 6;   // of a mask that somebody could have drawn
constexpr double kEmpty = 0.04, kWrong = 0.05, kPartial = 0.06, kNoPersonMask = 0.25, kAmodal = 0.12, kPersonWithThing = 0.08;

Eigen::Vector3d sorted_size(const objects::ObjectMesh& object) {
  Eigen::Vector3d size = geometry::bounding_box(object.mesh.vertices).size().cast<double>();
  std::sort(size.data(), size.data() + 3, std::greater<>());
  return size;
}

// Of the library's usual instance, which is what people ask with.
Eigen::Vector3d usual_size(const std::string& category) {
  static std::mutex mutex;
  static std::map<std::string, Eigen::Vector3d> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find(category);
  if (found != known.end()) return found->second;
  return known[category] = sorted_size(objects::make_object(category));
}

double spread_of(const std::string& category) {
  for (const auto& c : objects::categories())
    if (c.name == category) return c.size_spread;
  return 0.4;
}

// What the camera sees in the crop: the nearest surface's index a pixel; -1 nothing, 0 the body, 1 + i object i.
struct Seen {
  std::vector<ImageF> depth;      // of each object
  Image<std::int16_t> nearest;
};

Seen look(const Scene& scene, const body::BodyModel& model, const geometry::PinholeCamera& crop) {
  Seen seen;
  const ImageF body = evidence::depth_map(scene.vertices, model.faces(), crop);
  for (const SceneObject& o : scene.objects)
    seen.depth.push_back(evidence::depth_map(geometry::transform(o.photo_from_object, o.object->mesh.vertices), o.object->mesh.faces, crop));
  // The crop's pixels that lie in the photograph.
  const double sx = crop.focal_x / scene.camera.focal_x, sy = crop.focal_y / scene.camera.focal_y;
  const double left = crop.centre_x - scene.camera.centre_x * sx, top = crop.centre_y - scene.camera.centre_y * sy;
  const double right = left + scene.camera.width * sx, bottom = top + scene.camera.height * sy;
  seen.nearest = Image<std::int16_t>(crop.width, crop.height, 1, -1);
  for (int r = 0; r < crop.height; ++r) {
    if (r + 0.5 < top || r + 0.5 >= bottom) continue;
    for (int c = 0; c < crop.width; ++c) {
      if (c + 0.5 < left || c + 0.5 >= right) continue;
      float z = body.at(c, r);
      std::int16_t what = z > 0.0F ? 0 : -1;
      for (std::size_t i = 0; i < seen.depth.size(); ++i) {
        const float d = seen.depth[i].at(c, r);
        if (d > 0.0F && (what < 0 || d < z)) {
          z = d;
          what = static_cast<std::int16_t>(i + 1);
        }
      }
      seen.nearest.at(c, r) = what;
    }
  }
  return seen;
}

ImageU8 mask_of(const Seen& seen, int what) {
  ImageU8 mask(seen.nearest.width, seen.nearest.height);
  for (std::size_t i = 0; i < mask.data.size(); ++i) mask.data[i] = seen.nearest.data[i] == what ? 1 : 0;
  return mask;
}

// Part of the object's picture that lies in the photograph but outside of the crop, by a small picture of the object alone.
double outside_of(const SceneObject& object, const geometry::PinholeCamera& camera, const geometry::PinholeCamera& crop) {
  const geometry::Vertices placed = geometry::transform(object.photo_from_object, object.object->mesh.vertices);
  bool leaves = false;
  for (Eigen::Index i = 0; i < placed.rows() && !leaves; ++i) {
    if (placed(i, 2) < 0.05F) leaves = true;
    const Eigen::Vector2d p = crop.project(placed.row(i).transpose().cast<double>());
    leaves = leaves || p.x() < 0 || p.y() < 0 || p.x() > crop.width || p.y() > crop.height;
  }
  if (!leaves) return 0.0;
  const double scale = 96.0 / std::max(camera.width, camera.height);
  const geometry::PinholeCamera small = {std::max(1, static_cast<int>(camera.width * scale)), std::max(1, static_cast<int>(camera.height * scale)),
                                         camera.focal_x * scale, camera.focal_y * scale, camera.centre_x * scale, camera.centre_y * scale};
  const ImageF depth = evidence::depth_map(placed, object.object->mesh.faces, small);
  int all = 0, outside = 0;
  for (int r = 0; r < small.height; ++r)
    for (int c = 0; c < small.width; ++c) {
      if (depth.at(c, r) <= 0.0F) continue;
      ++all;
      const Eigen::Vector2d p = crop.project(small.unproject({c + 0.5, r + 0.5}, 1.0));
      outside += p.x() < 0 || p.y() < 0 || p.x() > crop.width || p.y() > crop.height;
    }
  return all > 0 ? static_cast<double>(outside) / all : 0.0;
}

}  // namespace

MarkedScene mark(const Scene& scene, int object, const SceneMaker& maker, const evidence::BodySample& sample, const MarkNoise& noise,
                 Random& random) {
  if (object < 0 || object >= static_cast<int>(scene.objects.size()))
    throw bad_input("marks: the scene has no object " + std::to_string(object) + ", only " + std::to_string(scene.objects.size()));
  const body::BodyModel& model = maker.body_model();
  const SceneObject& asked = scene.objects[static_cast<std::size_t>(object)];
  const std::string& category = asked.object->category;
  MarkedScene marked;
  evidence::Observation& o = marked.observation;

  const SimulatedFit fit = simulate_fit(scene, model, noise, random);
  o.joint_confidence = fit.joint_confidence;
  o.fit_error_m = fit.fit_error_m;
  o.facing_gap = fit.facing_gap;
  marked.hand_error_m = fit.hand_error_m;
  marked.joint_error_m = fit.joint_error_m;
  evidence::place_body(o, fit.vertices, model.faces(), sample.vertices, scene.camera);

  o.category = category;
  const bool own_size = random.uniform() < 0.3 || noise.scale == 0.0;   // a model of the very thing, or of its kind
  o.object_size = own_size ? sorted_size(*asked.object) : usual_size(category);
  o.size_spread = spread_of(category);

  // ── masks
  const Seen seen = look(scene, model, o.crop);
  const ImageU8 person = mask_of(seen, 0);
  ImageU8 mask = mask_of(seen, object + 1);
  o.object_mask_outside = outside_of(asked, scene.camera, o.crop);
  const double draw = random.uniform();
  const double amodal = random.uniform(), no_person = random.uniform(), with_thing = random.uniform();
  if (noise.mask == MarkNoise::Mask::drawn) {
    double limit = kEmpty * noise.damage;
    if (draw < limit) marked.mask = MaskState::empty;
    else if (draw < (limit += kWrong * noise.damage)) marked.mask = MaskState::wrong;
    else if (draw < (limit += kPartial * noise.damage)) marked.mask = MaskState::partial;
  } else if (noise.mask == MarkNoise::Mask::empty) {
    marked.mask = MaskState::empty;
  } else if (noise.mask == MarkNoise::Mask::wrong_object) {
    marked.mask = MaskState::wrong;
  }
  const int true_pixels = count_inside(mask);
  if (marked.mask != MaskState::wrong && true_pixels < kFewestPixels) marked.mask = MaskState::empty;
  if (marked.mask == MaskState::wrong) {
    std::vector<int> others;   // of another kind, large enough to be taken for it
    for (int i = 0; i < static_cast<int>(scene.objects.size()); ++i) {
      if (i == object || scene.objects[static_cast<std::size_t>(i)].object->category == category) continue;
      if (count_inside(mask_of(seen, i + 1)) >= 30) others.push_back(i);
    }
    mask = others.empty() ? blob(person, random) : mask_of(seen, others[random.below(static_cast<std::uint32_t>(others.size()))] + 1);
    o.object_mask_outside = 0.0;
  } else if (marked.mask == MaskState::empty) {
    mask = ImageU8(o.crop.width, o.crop.height);
  } else {
    if (amodal < kAmodal * std::min(noise.scale, 1.0)) {   // drawn on where a part of the body covers it
      const ImageF& whole = seen.depth[static_cast<std::size_t>(object)];
      for (std::size_t i = 0; i < mask.data.size(); ++i)
        if (whole.data[i] > 0.0F && seen.nearest.data[i] == 0) mask.data[i] = 1;
    }
    if (marked.mask == MaskState::partial) mask = cut_in_part(mask, random);
  }
  o.object_mask = worn(mask, noise.scale, random);

  if (no_person >= kNoPersonMask * noise.damage) {
    ImageU8 silhouette = person;
    if (with_thing < kPersonWithThing * std::min(noise.scale, 1.0) && asked.placement == Placement::touched)
      for (std::size_t i = 0; i < silhouette.data.size(); ++i)
        if (seen.nearest.data[i] == object + 1) silhouette.data[i] = 1;
    o.person_mask = worn(silhouette, noise.scale, random);
  }
  const bool any_contact = std::any_of(asked.body_contact.begin(), asked.body_contact.end(), [](std::uint8_t c) { return c != 0; });
  marked.touched = any_contact && (marked.mask == MaskState::good || marked.mask == MaskState::partial);
  return marked;
}

}  // namespace tactus::synth
