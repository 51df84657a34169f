#include "stage_keys.h"

#include <vector>

#include "tactus/hash.h"
#include "tactus/pipeline/guesses.h"

namespace tactus::pipeline {
namespace {

template <typename T>
void add(Hasher& hasher, const Image<T>& image) {
  hasher.value(image.width);
  hasher.value(image.height);
  hasher.value(image.channels);
  hasher.bytes(image.data.data(), image.data.size() * sizeof(T));
}

template <typename T>
void add(Hasher& hasher, const std::optional<Image<T>>& image) {
  hasher.value(image.has_value());
  if (image) add(hasher, *image);
}

void add(Hasher& hasher, const geometry::Mesh& mesh) {
  hasher.value(mesh.vertices.rows());
  hasher.bytes(mesh.vertices.data(), static_cast<std::size_t>(mesh.vertices.size()) * sizeof(float));
  hasher.value(mesh.faces.rows());
  hasher.bytes(mesh.faces.data(), static_cast<std::size_t>(mesh.faces.size()) * sizeof(std::int32_t));
}

void add(Hasher& hasher, const std::optional<Eigen::VectorXf>& values) {
  hasher.value(values.has_value());
  if (values) hasher.bytes(values->data(), static_cast<std::size_t>(values->size()) * sizeof(float));
}

void add(Hasher& hasher, const std::map<int, ImageF>& images) {
  for (const auto& [index, image] : images) {
    hasher.value(index);
    add(hasher, image);
  }
}

template <typename... T>
std::uint64_t key_of(T... values) {
  Hasher hasher;
  (hasher.value(values), ...);
  return hasher.key();
}

}  // namespace

Ingredients ingredients(const Inputs& inputs, const Options& options, std::uint64_t predictor, bool reads_photo) {
  Ingredients parts;
  parts.predictor = predictor;
  parts.predictor_reads_photo = reads_photo;
  {
    Hasher h;
    add(h, inputs.photo);
    parts.photo = h.key();
  }
  {
    Hasher h;
    h.text(inputs.prompt);
    parts.prompt = h.key();
  }
  {
    Hasher h;
    h.text(inputs.object_name);
    h.value(inputs.object_mesh.has_value());
    if (inputs.object_mesh) add(h, *inputs.object_mesh);
    // Without a name the prompt says which object is meant.
    else if (inputs.object_name.empty()) h.text(objects::find_category(inputs.prompt).value_or(""));
    h.value(inputs.object_size_m.value_or(0.0));
    parts.object = h.key();
  }
  {
    Hasher h;
    h.value(inputs.keypoints.has_value());
    if (inputs.keypoints) {
      for (const auto& k : *inputs.keypoints) {
        h.value(k.x);
        h.value(k.y);
        h.value(k.visibility);
      }
    }
    h.value(inputs.given_body.has_value());
    if (inputs.given_body) {
      add(h, inputs.given_body->mesh);
      const auto& c = inputs.given_body->camera;
      h.value(key_of(c.width, c.height, c.focal_x, c.focal_y, c.centre_x, c.centre_y));
    }
    // The person mask shapes the body fit.
    add(h, inputs.human_mask);
    parts.marks = h.key();
  }
  {
    Hasher h;
    add(h, inputs.object_mask);
    parts.masks = h.key();
  }
  {
    Hasher h;
    h.value(joints_guessed(inputs));
    h.value(object_mask_guessed(inputs));
    h.value(inputs.guessed.object_doubt);
    parts.guessed = h.key();
  }
  {
    Hasher h;
    add(h, inputs.body_view_edit);
    h.text("|");
    add(h, inputs.object_view_edit);
    parts.view_edits = h.key();
  }
  {
    Hasher h;
    add(h, inputs.body_contact_edit);
    add(h, inputs.object_contact_edit);
    parts.contact_edits = h.key();
  }
  const auto& b = options.body_fit;
  parts.body_options = key_of(b.vertical_fov_deg, b.keypoint_sigma_px_rel, b.hidden_keypoint_weight,
                              b.silhouette_weight, b.max_iterations, b.seed, options.seed);
  parts.view_options = key_of(options.view_size);
  parts.lift_options = key_of(options.lift.mode, options.lift.object_pixel_threshold);
  const auto& a = options.align;
  parts.align_options = key_of(a.mode, a.max_iterations, a.relative_rmse_threshold, a.human_threshold,
                               a.object_threshold, a.normal_weight, a.starts, a.kept_starts, a.seed, options.seed);
  const auto& f = options.fit;
  parts.fit_options = key_of(f.mode, f.max_iterations, f.mask_weight, f.centroid_weight, f.contact_weight,
                             f.rotation_rate, f.translation_rate, f.scale_rate, f.optimise_scale,
                             f.sigma_start_ndc2, f.sigma_end_ndc2, f.faces_per_pixel, f.early_stop);
  return parts;
}

std::array<std::uint64_t, kStageCount> stage_keys(const Ingredients& p) {
  std::array<std::uint64_t, kStageCount> keys{};
  const auto set = [&](Stage stage, std::uint64_t key) { keys[static_cast<std::size_t>(stage)] = key; };
  const auto get = [&](Stage stage) { return keys[static_cast<std::size_t>(stage)]; };
  set(Stage::photograph, p.photo);
  set(Stage::body_pose, key_of(p.photo, p.marks, p.body_options));
  set(Stage::views, key_of(get(Stage::body_pose), p.object, p.view_options));
  set(Stage::predict, key_of(get(Stage::views), p.prompt, p.predictor, p.predictor_reads_photo ? key_of(p.masks, p.guessed) : 0));
  set(Stage::lift, key_of(get(Stage::predict), p.view_edits, p.contact_edits, p.lift_options));
  set(Stage::align, key_of(get(Stage::lift), p.masks, p.align_options));
  set(Stage::fit, key_of(get(Stage::align), p.fit_options));
  set(Stage::result, get(Stage::fit));
  return keys;
}

std::string difference(const Ingredients& before, const Ingredients& now, Stage stage) {
  std::vector<std::string> changed;
  const auto note = [&](bool differs, Stage first_reader, const char* what) {
    if (differs && stage >= first_reader) changed.emplace_back(what);
  };
  note(before.photo != now.photo, Stage::photograph, "photograph");
  note(before.marks != now.marks, Stage::body_pose, "joints or person mask");
  note(before.body_options != now.body_options, Stage::body_pose, "body options");
  note(before.object != now.object, Stage::views, "object");
  note(before.view_options != now.view_options, Stage::views, "view size");
  note(before.prompt != now.prompt, Stage::predict, "prompt");
  note(before.predictor != now.predictor, Stage::predict, "model");
  note(before.masks != now.masks, now.predictor_reads_photo ? Stage::predict : Stage::align, "object mask");
  note(before.guessed != now.guessed && now.predictor_reads_photo, Stage::predict, "whose marks");
  note(before.view_edits != now.view_edits, Stage::lift, "painted masks");
  note(before.contact_edits != now.contact_edits, Stage::lift, "painted contact");
  note(before.lift_options != now.lift_options, Stage::lift, "lift options");
  note(before.align_options != now.align_options, Stage::align, "align options");
  note(before.fit_options != now.fit_options, Stage::fit, "fit options");
  std::string text;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (i > 0) text += i + 1 == changed.size() ? " and " : ", ";
    text += changed[i];
  }
  if (!text.empty()) text += " changed";
  return text;
}

}  // namespace tactus::pipeline
