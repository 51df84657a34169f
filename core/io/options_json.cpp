#include "options_json.h"

#include "tactus/error.h"

namespace tactus::io {
namespace {

// Visits every field with its name, so that writing and reading cannot drift apart. `O` is Options, const or not.
template <typename O, typename Visit>
void each_field(O& o, Visit visit) {
  visit("run", "seed", o.seed);
  visit("run", "view_size", o.view_size);
  visit("body", "vertical_fov_deg", o.body_fit.vertical_fov_deg);
  visit("body", "keypoint_sigma_px_rel", o.body_fit.keypoint_sigma_px_rel);
  visit("body", "hidden_keypoint_weight", o.body_fit.hidden_keypoint_weight);
  visit("body", "silhouette_weight", o.body_fit.silhouette_weight);
  visit("body", "max_iterations", o.body_fit.max_iterations);
  visit("lift", "object_pixel_threshold", o.lift.object_pixel_threshold);
  visit("align", "max_iterations", o.align.max_iterations);
  visit("align", "relative_rmse_threshold", o.align.relative_rmse_threshold);
  visit("align", "human_threshold", o.align.human_threshold);
  visit("align", "object_threshold", o.align.object_threshold);
  visit("align", "normal_weight", o.align.normal_weight);
  visit("align", "starts", o.align.starts);
  visit("align", "kept_starts", o.align.kept_starts);
  visit("fit", "max_iterations", o.fit.max_iterations);
  visit("fit", "mask_weight", o.fit.mask_weight);
  visit("fit", "centroid_weight", o.fit.centroid_weight);
  visit("fit", "contact_weight", o.fit.contact_weight);
  visit("fit", "rotation_rate", o.fit.rotation_rate);
  visit("fit", "translation_rate", o.fit.translation_rate);
  visit("fit", "scale_rate", o.fit.scale_rate);
  visit("fit", "optimise_scale", o.fit.optimise_scale);
  visit("fit", "sigma_start_ndc2", o.fit.sigma_start_ndc2);
  visit("fit", "sigma_end_ndc2", o.fit.sigma_end_ndc2);
  visit("fit", "faces_per_pixel", o.fit.faces_per_pixel);
  visit("fit", "early_stop", o.fit.early_stop);
}

}  // namespace

nlohmann::ordered_json options_json(const pipeline::Options& options) {
  nlohmann::ordered_json json;
  json["mode"] = options.mode == Mode::official ? "official" : "corrected";
  each_field(options, [&](const char* group, const char* name, const auto& value) { json[group][name] = value; });
  return json;
}

pipeline::Options options_of(const nlohmann::json& json, const std::string& what) {
  const auto refuse = [&](const std::string& why) { throw bad_input(what + ": " + why); };
  const std::string mode = json.at("mode");
  if (mode != "official" && mode != "corrected") refuse("the mode " + mode.substr(0, 30) + " is not known; it is corrected or official");
  pipeline::Options options = mode == "official" ? pipeline::official_options() : pipeline::Options{};
  each_field(options, [&]<typename T>(const char* group, const char* name, T& value) {
    if (json.contains(group) && json[group].contains(name)) value = json[group][name].template get<T>();
  });
  if (options.view_size < 16 || options.view_size > 4096) refuse("the view size must be 16 to 4096 pixels");
  if (!(options.body_fit.vertical_fov_deg >= 1.0 && options.body_fit.vertical_fov_deg <= 170.0)) refuse("the field of view must be 1 to 170 degrees");
  const auto count = [&](int value, int least, const char* name) {
    if (value < least || value > 100000) refuse(std::string(name) + " must be " + std::to_string(least) + " to 100000");
  };
  count(options.body_fit.max_iterations, 1, "the body fit's iterations");
  count(options.align.max_iterations, 1, "the alignment's iterations");
  count(options.align.starts, 1, "the alignment's starts");
  count(options.align.kept_starts, 1, "the alignment's kept starts");
  for (const auto& sentence : reconstruct::validate(options.fit)) refuse(sentence);
  return options;
}

}  // namespace tactus::io
