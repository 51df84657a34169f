#include "tactus/pipeline/preview.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "stage_inputs.h"
#include "tactus/error.h"
#include "tactus/pipeline/edits.h"

namespace tactus::pipeline {

namespace {

using Clock = std::chrono::steady_clock;

bool same_edit(const std::optional<Eigen::VectorXf>& a, const std::optional<Eigen::VectorXf>& b) {
  if (a.has_value() != b.has_value()) return false;
  // Compared as bytes: unpainted vertices are NaN, which equals nothing.
  return !a || (a->size() == b->size() && std::equal(reinterpret_cast<const char*>(a->data()), reinterpret_cast<const char*>(a->data() + a->size()),
                                                     reinterpret_cast<const char*>(b->data())));
}

bool same_edits(const std::map<int, ImageF>& a, const std::map<int, ImageF>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
           return x.first == y.first && x.second.data.size() == y.second.data.size() &&
                  std::equal(reinterpret_cast<const char*>(x.second.data.data()), reinterpret_cast<const char*>(x.second.data.data() + x.second.data.size()),
                             reinterpret_cast<const char*>(y.second.data.data()));
         });
}

void mark(Analysis& a, Stage stage, Clock::time_point start, std::string message) {
  StageReport& report = a.report(stage);
  report.state = StageState::done;
  report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  report.from_cache = false;
  report.message = std::move(message);
}

}  // namespace

Analysis preview(const Ports& ports, const Analysis& known, std::shared_ptr<const Inputs> given, const PreviewOptions& options,
                 const Progress& progress) {
  if (!known.body || !known.body_contact || !known.object_contact) throw cannot_run("preview: there is no earlier analysis to go on from; run the analysis first");
  Analysis a = known;
  a.inputs = std::move(given);
  a.preview = true;
  const Inputs &now = *a.inputs, &before = *known.inputs;

  const bool joints = now.keypoints != before.keypoints;
  if (joints && now.keypoints && !now.given_body && known.body->fit) {
    const auto start = Clock::now();
    body::BodyFitInput input;
    input.photo_width = now.photo.width;
    input.photo_height = now.photo.height;
    input.keypoints = *now.keypoints;   // without the person mask: its silhouette is most of the time
    const auto fitted = body::fit_body(*ports.body_model, input, known.options.body_fit, progress.part(0.0, 0.4), &known.body->fit->best);
    a.body = std::make_shared<body::PhotoBody>(body::photo_body_from_fit(*ports.body_model, fitted));
    char text[80];
    std::snprintf(text, sizeof text, "preview, %.1f px reprojection error", fitted.best.reprojection_rms_px);
    mark(a, Stage::body_pose, start, text);
  }

  const bool painted = !same_edit(now.body_contact_edit, before.body_contact_edit) || !same_edit(now.object_contact_edit, before.object_contact_edit) ||
                       !same_edits(now.body_view_edit, before.body_view_edit) || !same_edits(now.object_view_edit, before.object_view_edit);
  if (painted && a.prediction && a.body_views && a.object_views) {
    const auto start = Clock::now();
    auto body = std::make_shared<contact::VertexContact>(body_contact(a));
    auto object = std::make_shared<contact::VertexContact>(object_contact(a));
    a.body_contact = body;
    a.object_contact = object;
    mark(a, Stage::lift, start,
         "preview, " + std::to_string((body->probability.array() > 0.5F).count()) + " body and " + std::to_string((object->probability.array() > 0.5F).count()) +
             " object vertices in contact");
  }
  progress.check();

  if (options.place_object && known.fit && now.object_mask && ports.make_silhouette_renderer) {
    const auto start = Clock::now();
    const auto input = joint_input(a);
    reconstruct::AlignResult from;
    from.candidates.resize(1);
    from.candidates[0].photo_from_object = known.fit->photo_from_object;
    reconstruct::FitOptions fit = a.options.fit;
    fit.max_iterations = options.fit_iterations;
    // Small steps at the sharpest silhouette: the pose is near already.
    fit.rotation_rate *= 0.3;
    fit.translation_rate *= 0.5;
    fit.sigma_start_ndc2 = fit.sigma_end_ndc2 = std::min(fit.sigma_start_ndc2, 1e-5);
    const auto renderer = ports.make_silhouette_renderer();
    auto placed = reconstruct::fit(input, from, *renderer, fit, progress.part(0.5, 1.0), [&](int, const reconstruct::FitRecord&) {
      return std::chrono::duration<double>(Clock::now() - start).count() < options.fit_seconds;
    });
    // The iterations of the full run stay on the timeline; the result is where the preview ended.
    auto fitted = std::make_shared<reconstruct::FitResult>(*known.fit);
    fitted->photo_from_object = placed.photo_from_object;
    fitted->mask_iou = placed.mask_iou;
    fitted->smallest_distance_m = placed.smallest_distance_m;
    a.fit = fitted;
    a.report(Stage::result).message = "preview";
  }
  progress.report(1.0);
  return a;
}

Analysis with_known(Analysis now, const Analysis& before) {
  const auto stale = [&](Stage stage) {
    StageReport& report = now.report(stage);
    const auto was = before.report(stage);
    if (report.state == StageState::waiting) report = {StageState::stale, was.seconds, was.peak_memory_mb, was.from_cache, was.message};
  };
  if (!now.body && before.body) now.body = before.body, stale(Stage::body_pose);
  // Contact belongs to the mesh that it indexes.
  const bool same_body = now.body && before.body && now.body->mesh.vertex_count() == before.body->mesh.vertex_count();
  if (!now.object && before.object && now.inputs->object_name == before.inputs->object_name) now.object = before.object;
  const bool same_object = now.object && before.object && now.object->mesh.vertex_count() == before.object->mesh.vertex_count();
  if (!same_body || !same_object) return now;
  if (!now.body_views && before.body_views) now.body_views = before.body_views, now.object_views = before.object_views, stale(Stage::views);
  if (!now.prediction && before.prediction) now.prediction = before.prediction, stale(Stage::predict);
  if (!now.body_contact && before.body_contact) now.body_contact = before.body_contact, now.object_contact = before.object_contact, stale(Stage::lift);
  if (!now.align && before.align) now.align = before.align, stale(Stage::align);
  if (!now.fit && before.fit) {
    now.fit = before.fit;
    stale(Stage::fit);
    stale(Stage::result);
  }
  return now;
}

}  // namespace tactus::pipeline
