// The corrected fit: several starts, silhouette sharpened over the run, true IoU, nearest-neighbour contact, hidden
// pixels left out, optional scale with a prior (METHOD.md §8.13).
#include <algorithm>
#include <cmath>
#include <numbers>

#include "adam.h"
#include "contact_loss.h"
#include "fit_modes.h"
#include "image_losses.h"
#include "tactus/error.h"

namespace tactus::reconstruct {
namespace {

// Relative to the other terms' weights: one standard deviation of size costs as much as 2 % of mask overlap.
constexpr double kScalePriorWeight = 0.1;
constexpr double kLeastRate = 0.05;        // the learning rates fall to this share by a cosine
constexpr int kPatience = 12;              // iterations without progress before an early stop

ImageU8 halved(const ImageU8& mask) {
  ImageU8 half(mask.width / 2, mask.height / 2);
  for (int row = 0; row < half.height; ++row) {
    for (int column = 0; column < half.width; ++column) {
      int inside = 0;
      for (int k = 0; k < 4; ++k) inside += mask.at(2 * column + k % 2, 2 * row + k / 2) != 0 ? 1 : 0;
      half.at(column, row) = inside >= 2 ? 255 : 0;
    }
  }
  return half;
}

// One picture size of the problem.
struct Picture {
  geometry::PinholeCamera camera;
  SilhouetteTarget target;
};

Picture full_picture(const ReconstructInput& input) {
  return {input.camera, SilhouetteTarget(input.object_mask, input.human_mask ? &*input.human_mask : nullptr, Mode::corrected)};
}

Picture half_picture(const ReconstructInput& input) {
  const ImageU8 object = halved(input.object_mask);
  ImageU8 human;
  if (input.human_mask) human = halved(*input.human_mask);
  geometry::PinholeCamera camera = input.camera;
  camera.width = object.width;
  camera.height = object.height;
  camera.focal_x /= 2;
  camera.focal_y /= 2;
  camera.centre_x /= 2;
  camera.centre_y /= 2;
  return {camera, SilhouetteTarget(object, input.human_mask ? &human : nullptr, Mode::corrected)};
}

NearestContactLoss make_contact(const ReconstructInput& input, const Eigen::Vector3d& centre) {
  const AlignOptions thresholds;
  const auto gather = [](const geometry::Mesh& mesh, const Eigen::VectorXf& p, double threshold, const Eigen::Vector3d& origin,
                         VerticesD& points, Eigen::VectorXd& weights) {
    std::vector<Eigen::Index> ids;
    for (Eigen::Index i = 0; i < p.size(); ++i)
      if (static_cast<double>(p[i]) > threshold) ids.push_back(i);
    // Vertices stand for their area, so that a finely meshed spot does not pull harder.
    const Eigen::VectorXf areas = geometry::vertex_areas(mesh);
    points.resize(static_cast<Eigen::Index>(ids.size()), 3);
    weights.resize(static_cast<Eigen::Index>(ids.size()));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      points.row(static_cast<Eigen::Index>(i)) = mesh.vertices.row(ids[i]).cast<double>() - origin.transpose();
      weights[static_cast<Eigen::Index>(i)] = static_cast<double>(p[ids[i]]) * (static_cast<double>(areas[ids[i]]) + 1e-9);
    }
  };
  VerticesD object, human;
  Eigen::VectorXd object_weights, human_weights;
  gather(input.object, input.object_contact, thresholds.object_threshold, centre, object, object_weights);
  gather(input.human, input.human_contact, thresholds.human_threshold, Eigen::Vector3d::Zero(), human, human_weights);
  return {object, object_weights, human, human_weights};
}

class CorrectedFit {
 public:
  CorrectedFit(const ReconstructInput& input, SilhouetteRenderer& renderer, const FitOptions& options)
      : input_(input), renderer_(renderer), options_(options), centre_(geometry::area_weighted_centroid(input.object)),
        rest_(input.object.vertices.cast<double>().rowwise() - centre_.transpose()), contact_(make_contact(input, centre_)) {
    const AlignOptions thresholds;
    for (Eigen::Index i = 0; i < input.object_contact.size(); ++i)
      if (static_cast<double>(input.object_contact[i]) > thresholds.object_threshold) contact_ids_.push_back(i);
  }

  bool has_contact() const { return !contact_.empty(); }

  // Runs from a start; the last record's pose is returned with the records.
  std::vector<FitRecord> run(const geometry::SimilarityTransform& start, const Picture& picture, int iterations,
                             const Progress& progress, const FitCallback& callback, Termination& termination) const {
    geometry::Rotation6 rotation6 = geometry::rotation6_from_matrix(start.rotation);
    Eigen::Vector3d place = start * centre_;
    Eigen::Matrix<double, 1, 1> log_scale;
    log_scale[0] = std::log(start.scale);
    Adam<6> rotation_adam;
    Adam<3> place_adam;
    Adam<1> scale_adam;
    std::vector<FitRecord> records;
    ImageF of_alpha;
    VerticesD of_contact;
    double best = 1e300;
    int since_best = 0;
    termination = Termination::max_iterations;
    for (int iteration = 0; iteration < iterations; ++iteration) {
      progress.check();
      progress.report(static_cast<double>(iteration) / iterations);
      const double t = iterations > 1 ? static_cast<double>(iteration) / (iterations - 1) : 1.0;
      // Sharp for the last fifth of the run, so that the end converges on one objective.
      const double annealed = std::min(1.0, t / 0.8);
      const double sigma = options_.sigma_start_ndc2 * std::pow(options_.sigma_end_ndc2 / options_.sigma_start_ndc2, annealed);
      const double rate = kLeastRate + (1.0 - kLeastRate) * 0.5 * (1.0 + std::cos(std::numbers::pi * t));
      const Eigen::Matrix3d rotation = geometry::matrix_from_rotation6(rotation6);
      const double scale = std::exp(log_scale[0]);
      const VerticesD posed = (scale * rest_ * rotation.transpose()).rowwise() + place.transpose();
      VerticesD of_vertices = VerticesD::Zero(posed.rows(), 3);
      FitRecord record;
      record.sigma_ndc2 = sigma;
      if (!picture.target.empty()) {
        const ImageF& alpha = renderer_.forward(posed, input_.object.faces, picture.camera, {sigma, 0});
        const ImageLoss loss = image_loss(alpha, picture.target, Mode::corrected, options_.mask_weight, options_.centroid_weight, of_alpha);
        record.loss_mask = options_.mask_weight * loss.mask;
        record.loss_centroid = options_.centroid_weight * loss.centroid;
        of_vertices = renderer_.backward(of_alpha);
      }
      if (!contact_.empty()) {
        record.loss_contact = options_.contact_weight * contact_.evaluate(rotation, place, scale, of_contact);
        for (std::size_t i = 0; i < contact_ids_.size(); ++i)
          of_vertices.row(contact_ids_[i]) += options_.contact_weight * of_contact.row(static_cast<Eigen::Index>(i));
      }
      const double spread = input_.object_size_spread.value_or(0.1);
      if (options_.optimise_scale) record.loss_scale_prior = kScalePriorWeight * std::pow(log_scale[0] / spread, 2.0);
      record.loss_total = record.loss_mask + record.loss_centroid + record.loss_contact + record.loss_scale_prior;
      record.photo_from_object.rotation = rotation;
      record.photo_from_object.scale = scale;
      record.photo_from_object.translation = place - scale * (rotation * centre_);
      records.push_back(record);
      if (callback && !callback(iteration, record)) break;
      if (record.loss_total < best * (1.0 - 1e-5)) {
        best = record.loss_total;
        since_best = 0;
      } else if (annealed >= 1.0 && ++since_best >= kPatience && options_.early_stop) {
        termination = Termination::converged;
        break;
      }
      // posed = s·R·rest + place
      const Eigen::Matrix3d of_rotation = scale * of_vertices.transpose() * rest_;
      const Eigen::Vector3d of_place = of_vertices.colwise().sum().transpose();
      rotation_adam.step(rotation6, geometry::rotation6_gradient(rotation6, of_rotation), options_.rotation_rate * rate);
      place_adam.step(place, of_place, options_.translation_rate * rate);
      if (options_.optimise_scale) {
        Eigen::Matrix<double, 1, 1> of_log_scale;
        of_log_scale[0] = (posed.rowwise() - place.transpose()).cwiseProduct(of_vertices).sum() +
                          2.0 * kScalePriorWeight * log_scale[0] / (spread * spread);
        scale_adam.step(log_scale, of_log_scale, options_.scale_rate * rate);
      }
    }
    return records;
  }

 private:
  const ReconstructInput& input_;
  SilhouetteRenderer& renderer_;
  const FitOptions& options_;
  Eigen::Vector3d centre_;
  VerticesD rest_;                       // the object about its centre
  NearestContactLoss contact_;
  std::vector<Eigen::Index> contact_ids_;
};

// The record with the smallest total among those at the final sharpness: Adam's last step need not be its best.
const FitRecord& best_record(const std::vector<FitRecord>& records) {
  const double sharpest = records.back().sigma_ndc2;
  const FitRecord* best = &records.back();
  for (const auto& record : records)
    if (record.sigma_ndc2 == sharpest && record.loss_total < best->loss_total) best = &record;
  return *best;
}

}  // namespace

FitResult fit_corrected(const ReconstructInput& input, const AlignResult& starts, SilhouetteRenderer& renderer,
                        const FitOptions& options, const Progress& progress, const FitCallback& callback) {
  FitResult result;
  const CorrectedFit problem(input, renderer, options);
  const Picture full = full_picture(input);
  std::size_t chosen = 0;
  double share = 0.0;
  Termination ignored{};
  if (starts.candidates.size() > 1 && options.trial_iterations > 0) {
    share = 0.6;
    const Picture half = half_picture(input);
    for (std::size_t s = 0; s < starts.candidates.size(); ++s) {
      const double begin = share * static_cast<double>(s) / static_cast<double>(starts.candidates.size());
      const double end = share * static_cast<double>(s + 1) / static_cast<double>(starts.candidates.size());
      FitTrial trial;
      trial.records = problem.run(starts.candidates[s].photo_from_object, half, options.trial_iterations, progress.part(begin, end), {}, ignored);
      trial.loss_total = best_record(trial.records).loss_total;
      result.trials.push_back(std::move(trial));
      if (result.trials[s].loss_total < result.trials[chosen].loss_total) chosen = s;
    }
    result.trials[chosen].chosen = true;
  }
  result.records = problem.run(starts.candidates[chosen].photo_from_object, full, options.max_iterations,
                               progress.part(share, 1.0), callback, result.termination);
  result.photo_from_object = best_record(result.records).photo_from_object;
  if (!problem.has_contact()) {
    result.termination = Termination::no_contact;
    result.warnings.push_back("There is no contact on one of the two, so the object's distance is a guess.");
  }
  if (full.target.empty()) {
    result.termination = Termination::no_object_mask;
    result.warnings.push_back("The object mask is empty, so only the contact placed the object.");
  }
  return result;
}

}  // namespace tactus::reconstruct
