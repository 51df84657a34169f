#include <chrono>
#include <cmath>
#include <cstdio>

#include "fit_modes.h"
#include "prepared.h"
#include "tactus/error.h"
#include "tactus/reconstruct/correspondence_search.h"

namespace tactus::reconstruct {
namespace {

double hard_iou(const ReconstructInput& input, SilhouetteRenderer& renderer, const geometry::SimilarityTransform& pose) {
  const VerticesD posed = geometry::transform(pose, input.object.vertices).cast<double>();
  // So sharp that alpha is the hard silhouette.
  const ImageF& alpha = renderer.forward(posed, input.object.faces, input.camera, {1e-9, 0});
  std::size_t both = 0, either = 0;
  for (std::size_t i = 0; i < alpha.data.size(); ++i) {
    const bool a = alpha.data[i] > 0.5F, b = input.object_mask.data[i] != 0;
    // What the person may hide is neither right nor wrong.
    if (!b && input.human_mask && input.human_mask->data[i] != 0) continue;
    both += a && b ? 1 : 0;
    either += a || b ? 1 : 0;
  }
  return either > 0 ? static_cast<double>(both) / static_cast<double>(either) : 0.0;
}

double smallest_distance(const ReconstructInput& input, const geometry::SimilarityTransform& pose) {
  const auto six = [](const geometry::Vertices& v) {
    Points6 points = Points6::Zero(v.rows(), 6);
    points.leftCols<3>() = v.cast<double>();
    return points;
  };
  const auto search = make_cpu_correspondence_search();
  search->set_targets(six(input.human.vertices));
  const Points6 object = six(geometry::transform(pose, input.object.vertices));
  const auto nearest = search->nearest(object);
  double least = 1e300;
  for (Eigen::Index i = 0; i < object.rows(); ++i) {
    const auto body = input.human.vertices.row(nearest[static_cast<std::size_t>(i)]).cast<double>();
    least = std::min(least, (object.row(i).head<3>() - body).norm());
  }
  return least;
}

}  // namespace

FitOptions official_fit_options() {
  FitOptions options;
  options.mode = Mode::official;
  options.max_iterations = 250;
  options.early_stop = false;
  return options;
}

std::vector<std::string> validate(const FitOptions& o) {
  std::vector<std::string> sentences;
  const auto need = [&](bool holds, const char* field, double value, const char* constraint) {
    if (holds) return;
    char text[160];
    std::snprintf(text, sizeof text, "%s is %g; it must be %s", field, value, constraint);
    sentences.emplace_back(text);
  };
  need(o.max_iterations >= 1 && o.max_iterations <= 100000, "max_iterations", o.max_iterations, "1 to 100000");
  need(o.faces_per_pixel >= 0, "faces_per_pixel", o.faces_per_pixel, "0 (all) or more");
  const auto positive = [&](double value, const char* field) { need(std::isfinite(value) && value > 0.0, field, value, "a positive number"); };
  const auto weight = [&](double value, const char* field) { need(std::isfinite(value) && value >= 0.0, field, value, "0 or more"); };
  positive(o.sigma_start_ndc2, "sigma_start_ndc2");
  positive(o.sigma_end_ndc2, "sigma_end_ndc2");
  positive(o.rotation_rate, "rotation_rate");
  positive(o.translation_rate, "translation_rate");
  positive(o.scale_rate, "scale_rate");
  weight(o.mask_weight, "mask_weight");
  weight(o.centroid_weight, "centroid_weight");
  weight(o.contact_weight, "contact_weight");
  return sentences;
}

FitResult fit(const ReconstructInput& input, const AlignResult& starts, SilhouetteRenderer& renderer,
              const FitOptions& options, const Progress& progress, const FitCallback& callback) {
  check_input(input);
  for (const auto& sentence : validate(options)) throw bad_input("fit: " + sentence);
  if (starts.candidates.empty()) throw bad_input("fit: it needs a start from ICP");
  const auto begun = std::chrono::steady_clock::now();
  FitResult result = options.mode == Mode::official ? fit_official(input, starts, renderer, options, progress, callback)
                                                    : fit_corrected(input, starts, renderer, options, progress, callback);
  result.mask_iou = hard_iou(input, renderer, result.photo_from_object);
  result.smallest_distance_m = smallest_distance(input, result.photo_from_object);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  char text[160];
  std::snprintf(text, sizeof text, "%zu iterations, loss %.3f → %.3f, mask overlap %.2f", result.records.size(),
                result.records.empty() ? 0.0 : result.records.front().loss_total,
                result.records.empty() ? 0.0 : result.records.back().loss_total, result.mask_iou);
  result.message = text;
  progress.report(1.0);
  return result;
}

}  // namespace tactus::reconstruct
