#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "fit_problem.h"
#include "silhouette.h"
#include "tactus/error.h"
#include "tactus/parallel.h"
#include "tactus/random.h"

namespace tactus::body {
namespace {

constexpr int kFacings = 8;
// Two facings closer than this are the same answer.
constexpr double kDistinctDegrees = 60.0;
constexpr FitProblem::Effort kTrial{14, false, false};
constexpr double kPoorSigmas = 3.0;   // of the marks' expected error
constexpr int kChanceStarts = 16;

void check(const BodyFitInput& input) {
  if (input.photo_width <= 0 || input.photo_height <= 0)
    throw bad_input("photograph: it has no pixels; open a picture first");
  if (input.focal_px && !(std::isfinite(*input.focal_px) && *input.focal_px > 0.0))
    throw bad_input("focal length: it must be a positive number of pixels");
  for (int k = 0; k < kKeypointCount; ++k) {
    const auto index = static_cast<std::size_t>(k);
    const Keypoint& mark = input.keypoints[index];
    if (mark.visibility == Visibility::unknown) continue;
    const std::string name(kKeypointNames[index]);
    if (!std::isfinite(mark.x) || !std::isfinite(mark.y))
      throw bad_input("joints: " + name + " is not a number; mark it again or leave it out");
    if (mark.x < -input.photo_width || mark.x > 2.0 * input.photo_width || mark.y < -input.photo_height ||
        mark.y > 2.0 * input.photo_height) {
      throw bad_input("joints: " + name + " lies far outside the photograph (" +
                      std::to_string(static_cast<int>(mark.x)) + ", " +
                      std::to_string(static_cast<int>(mark.y)) + "); are the joints those of this picture?");
    }
  }
  const MarkCount count = count_marks(input.keypoints);
  if (count.all < kFewestMarks)
    throw bad_input("joints: only " + std::to_string(count.all) +
                    " are marked; at least 6 are needed, two of them shoulders or hips");
  if (count.torso < kFewestOnTorso)
    throw bad_input("joints: the torso has " + std::to_string(count.torso) +
                    " marks; mark two or more of the shoulders and hips");
  if (input.person_mask && !input.person_mask->same_size(input.photo_width, input.photo_height))
    throw bad_input("person mask: its size is not the photograph's");
}

double facing_degrees(const FitState& state) {
  const Eigen::Vector3d forward = state.rotation.col(2);
  return std::atan2(forward.x(), -forward.z()) / kDegrees;
}

double facing_difference(double a, double b) {
  const double d = std::fmod(std::abs(a - b), 360.0);
  return std::min(d, 360.0 - d);
}

struct Candidate {
  FitState state;
  double objective = 0.0;
  int iterations = 0;
};

void sort(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.objective < b.objective; });
}

// The first of each facing, at most `most`; their iterations are counted anew.
std::vector<Candidate> distinct(const std::vector<Candidate>& candidates, std::size_t most) {
  std::vector<Candidate> chosen;
  for (const auto& c : candidates) {
    const bool fresh = std::all_of(chosen.begin(), chosen.end(), [&](const Candidate& f) {
      return facing_difference(facing_degrees(c.state), facing_degrees(f.state)) > kDistinctDegrees;
    });
    if (fresh && chosen.size() < most) chosen.push_back({c.state});
  }
  return chosen;
}

BodyFit describe(const BodyModel& model, const BodyFitInput& input, const FitProblem& problem,
                 const FitState& state, double objective) {
  BodyFit fit;
  fit.phenotype = state.phenotype;
  fit.pose = problem.pose_of(state);
  fit.photo_from_body.rotation = state.rotation;
  fit.photo_from_body.translation = state.translation;
  fit.camera = problem.camera();
  fit.objective = objective;
  fit.facing_deg = facing_degrees(state);
  const PosedBody posed = model.pose(model.shape(fit.phenotype), fit.pose);
  double squares = 0.0;
  int visible = 0;
  fit.keypoint_error_px.assign(kKeypointCount, std::numeric_limits<double>::quiet_NaN());
  for (int k = 0; k < kKeypointCount; ++k) {
    const Keypoint& mark = input.keypoints[static_cast<std::size_t>(k)];
    if (mark.visibility == Visibility::unknown) continue;
    const Eigen::Vector2d pixel = fit.camera.project(fit.photo_from_body * posed.keypoints.row(k).transpose());
    const double error = (pixel - Eigen::Vector2d(mark.x, mark.y)).norm();
    fit.keypoint_error_px[static_cast<std::size_t>(k)] = error;
    if (mark.visibility == Visibility::visible) {
      squares += error * error;
      ++visible;
    }
  }
  fit.reprojection_rms_px = visible > 0 ? std::sqrt(squares / visible) : 0.0;
  if (input.person_mask) {
    const ImageU8 silhouette = filled_silhouette(
        {geometry::transform(fit.photo_from_body, posed.vertices), model.faces()}, fit.camera);
    std::size_t both = 0, either = 0;
    for (std::size_t i = 0; i < silhouette.data.size(); ++i) {
      const bool a = silhouette.data[i] != 0, b = input.person_mask->data[i] != 0;
      both += a && b ? 1 : 0;
      either += a || b ? 1 : 0;
    }
    fit.mask_iou = either > 0 ? static_cast<double>(both) / static_cast<double>(either) : 0.0;
  }
  return fit;
}

std::string message_for(const BodyFitSummary& summary, double sigma_px) {
  char text[200];
  if (summary.best.reprojection_rms_px > 4.0 * sigma_px) {
    std::snprintf(
        text, sizeof text,
        "The body fits the joints poorly (%.0f px off on average); check the marks, left and right above all.",
        summary.best.reprojection_rms_px);
    return text;
  }
  if (summary.runner_up && summary.objective_gap < 0.1) {
    std::snprintf(
        text, sizeof text,
        "Which way the person faces is uncertain: %.0f° and %.0f° fit almost alike; mark face or feet to tell.",
        summary.best.facing_deg, summary.runner_up->facing_deg);
    return text;
  }
  return "";
}

}  // namespace

BodyFitSummary fit_body(const BodyModel& model, const BodyFitInput& input, const BodyFitOptions& options,
                        const Progress& progress, const BodyFit* start) {
  check(input);
  const auto begun = std::chrono::steady_clock::now();
  const FitProblem problem(model, input, options);
  BodyFitSummary summary;
  const auto minimise = [&](std::vector<Candidate>& candidates, const FitProblem::Effort& effort) {
    parallel_for(candidates.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t c = begin; c < end; ++c)
        candidates[c].objective =
            problem.minimise(candidates[c].state, effort, candidates[c].iterations, progress);
    });
    sort(candidates);
  };

  std::vector<Candidate> candidates;
  if (start != nullptr) {
    candidates.push_back({problem.from_fit(*start)});
  } else {
    for (int i = 0; i < kFacings; ++i)
      for (const bool seated : {false, true})
        candidates.push_back({problem.start(2.0 * std::numbers::pi * i / kFacings, seated)});
    minimise(candidates, kTrial);
    progress.report(0.4, "facings tried");
  }
  // The best of each of up to three distinct facings is carried to the end; the ranking may still change.
  std::vector<Candidate> finalists = distinct(candidates, 3);
  const FitProblem::Effort full{start != nullptr ? std::min(12, options.max_iterations) : options.max_iterations,
                                true, true};
  minimise(finalists, full);

  // Marks that no start came near to: more starts, by chance.
  const double sigma_px =
      std::max(1.0, options.keypoint_sigma_px_rel * std::hypot(input.photo_width, input.photo_height));
  if (start == nullptr && problem.reprojection_rms_px(finalists.front().state) > kPoorSigmas * sigma_px) {
    progress.report(0.7, "more starts tried");
    Random random(options.seed);
    std::vector<Candidate> more;
    for (int i = 0; i < kChanceStarts; ++i) more.push_back({problem.chance(random)});
    minimise(more, kTrial);
    candidates.insert(candidates.end(), more.begin(), more.end());
    auto best = distinct(more, 3);
    minimise(best, full);
    finalists.insert(finalists.end(), best.begin(), best.end());
    sort(finalists);
  }
  summary.starts = static_cast<int>(candidates.size());
  for (const auto& c : candidates) summary.iterations += c.iterations;
  for (const auto& f : finalists) summary.iterations += f.iterations;

  const Candidate& first = finalists.front();
  summary.best = describe(model, input, problem, first.state, first.objective);
  // The next best facing; where all finalists came to face one way, the best start that did not.
  const auto other_facing = [&](const Candidate& c) {
    return facing_difference(summary.best.facing_deg, facing_degrees(c.state)) > kDistinctDegrees;
  };
  auto second = std::find_if(finalists.begin(), finalists.end(), other_facing);
  if (second == finalists.end()) {
    for (auto& c : candidates) c.objective = problem.residuals(c.state, full).squaredNorm();
    sort(candidates);
    finalists.insert(finalists.end(), candidates.begin(), candidates.end());
    second = std::find_if(finalists.begin(), finalists.end(), other_facing);
  }
  if (second != finalists.end()) {
    summary.runner_up = describe(model, input, problem, second->state, second->objective);
    summary.objective_gap =
        (second->objective - summary.best.objective) / std::max(summary.best.objective, 1e-9);
  }
  summary.message = message_for(summary, sigma_px);
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  progress.report(1.0);
  return summary;
}

PhotoBody photo_body_from_fit(const BodyModel& model, const BodyFitSummary& fit) {
  PhotoBody body;
  const ShapedBody shaped = model.shape(fit.best.phenotype);
  body.mesh.vertices =
      geometry::transform(fit.best.photo_from_body, model.pose(shaped, fit.best.pose).vertices);
  body.mesh.faces = model.faces();
  body.canonical.vertices = model.pose(shaped, model.vitruvian_pose()).vertices;
  body.canonical.faces = model.faces();
  body.part_names = model.part_names();
  body.vertex_parts = model.vertex_parts();
  body.camera = fit.best.camera;
  body.fit = fit;
  body.source = "marked joints";
  return body;
}

}  // namespace tactus::body
