#include <Eigen/Core>
#include <nlohmann/json.hpp>
#include <opencv2/core/version.hpp>

#include "options_json.h"
#include "tactus/io/results.h"

namespace tactus::io {
namespace {

const char* state_name(pipeline::StageState state) {
  switch (state) {
    case pipeline::StageState::waiting: return "waiting";
    case pipeline::StageState::running: return "running";
    case pipeline::StageState::done: return "done";
    case pipeline::StageState::stale: return "stale";
    case pipeline::StageState::failed: return "failed";
  }
  return "";
}

}  // namespace

std::string report_json(const pipeline::Analysis& a, const ReportExtras& extras) {
  using nlohmann::ordered_json;
  ordered_json j;
  j["program"] = "tactus";
  j["version"] = extras.version;
  j["versions"] = {{"tactus", extras.version}, {"opencv", CV_VERSION},
                   {"eigen", std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." + std::to_string(EIGEN_MINOR_VERSION)}};
  j["photograph"] = {{"name", a.inputs->photo_name}, {"width", a.inputs->photo.width}, {"height", a.inputs->photo.height}};
  j["prompt"] = a.inputs->prompt;
  j["object"] = a.object ? a.object->name : a.inputs->object_name;
  j["inputs"] = {{"keypoints", a.inputs->keypoints.has_value()}, {"human_mask", a.inputs->human_mask.has_value()},
                 {"object_mask", a.inputs->object_mask.has_value()}, {"object_mesh", a.inputs->object_mesh.has_value()},
                 {"body", a.body ? a.body->source : ""}};
  const auto& guessed = a.inputs->guessed;
  j["inputs"]["guessed"] = {{"joints", guessed.joint_count()}, {"human_mask", guessed.human_mask}, {"object_mask", guessed.object_mask}};
  j["options"] = options_json(a.options);
  if (a.prediction) {
    j["model"] = a.prediction->model;
    if (a.prediction->from_marks) j["answered_from"] = !guessed.any() ? "marks" : "marks and guesses";
    j["answer"] = a.prediction->answer;
    j["body_parts"] = a.prediction->body_parts;
    j["object_parts"] = a.prediction->object_parts;
  }
  if (a.body && a.body->fit) {
    const auto& fit = *a.body->fit;
    j["body_fit"] = {{"reprojection_rms_px", fit.best.reprojection_rms_px}, {"facing_deg", fit.best.facing_deg},
                     {"objective", fit.best.objective}, {"iterations", fit.iterations}};
    if (fit.best.mask_iou) j["body_fit"]["mask_iou"] = *fit.best.mask_iou;
    if (fit.runner_up) {
      j["body_fit"]["runner_up_facing_deg"] = fit.runner_up->facing_deg;
      j["body_fit"]["objective_gap"] = fit.objective_gap;
    }
  }
  if (a.align && !a.align->candidates.empty()) {
    j["align"] = {{"starts_kept", a.align->candidates.size()}, {"rmse_m", pipeline::shown_candidate(a).rmse}, {"message", a.align->message}};
  }
  if (a.fit) {
    j["fit"] = {{"iterations", a.fit->records.size()}, {"mask_iou", a.fit->mask_iou},
                {"smallest_distance_m", a.fit->smallest_distance_m}, {"scale", a.fit->photo_from_object.scale}, {"message", a.fit->message}};
    const auto losses = [](const reconstruct::FitRecord& r) {
      return ordered_json{{"mask", r.loss_mask}, {"centroid", r.loss_centroid}, {"contact", r.loss_contact},
                          {"scale_prior", r.loss_scale_prior}, {"total", r.loss_total}};
    };
    if (!a.fit->records.empty()) {
      j["fit"]["first_losses"] = losses(a.fit->records.front());
      j["fit"]["last_losses"] = losses(a.fit->records.back());
    }
  }
  if (a.inputs->truth) {
    const auto errors = pipeline::compare_with_truth(a, *a.inputs->truth);
    ordered_json truth = ordered_json::object();
    if (errors.body_cm) truth["body_cm"] = *errors.body_cm;
    if (errors.object_rotation_deg) truth["object_rotation_deg"] = *errors.object_rotation_deg;
    if (errors.object_centre_cm) truth["object_centre_cm"] = *errors.object_centre_cm;
    const auto score = [&](const char* name, const std::optional<pipeline::ContactScore>& s) {
      if (s) truth[name] = {{"precision", s->precision}, {"recall", s->recall}, {"f1", s->f1}};
    };
    score("body_contact", errors.body_contact);
    score("object_contact", errors.object_contact);
    j["against_truth"] = truth;
  }
  ordered_json stages = ordered_json::array();
  for (int i = 0; i < pipeline::kStageCount; ++i) {
    const auto& r = a.stages[static_cast<std::size_t>(i)];
    stages.push_back({{"stage", pipeline::stage_name(static_cast<pipeline::Stage>(i))}, {"state", state_name(r.state)},
                      {"seconds", r.seconds}, {"peak_memory_mb", r.peak_memory_mb}, {"message", r.message}});
  }
  j["stages"] = stages;
  j["warnings"] = a.warnings;
  return j.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace tactus::io
