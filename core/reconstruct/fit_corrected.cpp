// The corrected fit: several starts, silhouette sharpened over the run, true IoU, nearest-neighbour contact, hidden
// pixels left out, optional scale with a prior (METHOD.md §8.13).
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "adam.h"
#include "contact_loss.h"
#include "fit_modes.h"
#include "image_losses.h"
#include "polish.h"
#include "tactus/error.h"

namespace tactus::reconstruct {
namespace {

// Relative to the other terms' weights: one standard deviation of size costs as much as 2 % of mask overlap.
constexpr double kScalePriorWeight = 0.1;
// The band's residual r costs kBandWeight·log(1 + r / kBandNoise), in metres between the patches: the likelihood of
// probabilities whose noise is unknown. Where contact can be explained to a few per cent it places the object to the
// millimetre; where it cannot, as with a rough guess of the parts that touch, the outline has the say. Starts are
// compared with the sturdy noise; the one chosen ends with the sharp one, which tells a millimetre from two.
constexpr double kBandWeight = 0.02, kBandNoise = 0.01, kSharpNoise = 0.002;
constexpr double kLeastRate = 0.01;        // the learning rates fall to this share by a cosine
// Squared NDC units. Adam ends at the first, where the silhouette is smooth to the pixel; the polish goes on to the
// others and ends at the options' sigma_end_ndc2.
constexpr double kTravelSigma = 4e-6, kPolishSigma = 1e-6;
constexpr int kPatience = 12;              // iterations without progress before an early stop
constexpr int kFinestSide = 960;           // pixels; a larger picture is halved until its longer side is below

// The run in three parts: all starts on a coarse picture, the better ones on a finer one, the best two to the end.
constexpr double kFirstShare = 0.25, kSecondShare = 0.5;
// Adam has all iterations up to the first number, for the way must be gone before its end is polished, and two thirds
// of many. Half of the others are quasi-Newton steps of each of the best two, a quarter those of the chosen at either
// sharper sigma.
constexpr int kTravelIterations = 80;
constexpr std::size_t kReversedStarts = 2, kSecondStarts = 4, kLastStarts = 2;
constexpr double kSecondFactor = 3.0, kLastFactor = 1.3;   // dropped when its loss is this much above the best

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
  ImageU8 object;
  std::optional<ImageU8> human;
  SilhouetteTarget target;

  Picture(const geometry::PinholeCamera& of, const ImageU8& object_mask, const std::optional<ImageU8>& human_mask)
      : camera(of), object(object_mask), human(human_mask), target(object, human ? &*human : nullptr, Mode::corrected) {}
  // Itself when it is too small to halve.
  Picture half() const {
    if (std::min(object.width, object.height) < 128) return *this;
    geometry::PinholeCamera smaller = camera;
    smaller.width /= 2;
    smaller.height /= 2;
    smaller.focal_x /= 2;
    smaller.focal_y /= 2;
    smaller.centre_x /= 2;
    smaller.centre_y /= 2;
    std::optional<ImageU8> body;
    if (human) body = halved(*human);
    return {smaller, halved(object), body};
  }
};

Picture finest_picture(const ReconstructInput& input) {
  Picture picture(input.camera, input.object_mask, input.human_mask);
  while (std::max(picture.object.width, picture.object.height) > kFinestSide) picture = picture.half();
  return picture;
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

// A start on its way: everything that the next part of the run takes over.
struct Run {
  geometry::Rotation6 rotation6;
  Eigen::Vector3d place;
  Eigen::Matrix<double, 1, 1> log_scale;
  Adam<6> rotation_adam;
  Adam<3> place_adam;
  Adam<1> scale_adam;
  ContactBandLoss::Band band;
  std::vector<FitRecord> records;
  std::size_t before = 0;                // the records up to here are those of the run that it reversed
  double loss = 0.0;                     // at the end of the last part; comparable with others that ended there
  bool converged = false;
  bool stopped = false;                  // by the callback
};

class CorrectedFit {
 public:
  CorrectedFit(const ReconstructInput& input, SilhouetteRenderer& renderer, const FitOptions& options)
      : input_(input), renderer_(renderer), options_(options), centre_(geometry::area_weighted_centroid(input.object)),
        rest_(input.object.vertices.cast<double>().rowwise() - centre_.transpose()), nearest_(make_contact(input, centre_)),
        band_(about_centre(input, centre_), input.object_contact, input.human, input.human_contact),
        radius_(std::sqrt(rest_.rowwise().squaredNorm().mean())),
        polish_iterations_(spare(options) / 2), sharp_iterations_(spare(options) / 4),
        adam_iterations_(options.max_iterations - polish_iterations_ - 2 * sharp_iterations_) {}

  bool has_contact() const { return !nearest_.empty(); }
  int adam_iterations() const { return adam_iterations_; }

  Run start(const geometry::SimilarityTransform& pose) const {
    Run run;
    run.rotation6 = geometry::rotation6_from_matrix(pose.rotation);
    run.place = pose * centre_;
    run.log_scale[0] = std::log(pose.scale);
    return run;
  }

  // Goes on from the run's last iteration to the one before `until`.
  void advance(Run& run, const Picture& picture, int until, const Progress& progress, const FitCallback& callback) const {
    const int first = static_cast<int>(run.records.size() - run.before);
    double best = 1e300;
    int since_best = 0;
    std::size_t best_at = run.records.size();
    for (int iteration = first; iteration < until; ++iteration) {
      progress.check();
      progress.report(static_cast<double>(iteration - first) / (until - first));
      const double t = adam_iterations_ > 1 ? static_cast<double>(iteration) / (adam_iterations_ - 1) : 1.0;
      // One sharpness for the last fifth, so that its losses compare.
      const double annealed = std::min(1.0, t / 0.8), last = travel_sigma();
      const double sigma = options_.sigma_start_ndc2 * std::pow(last / options_.sigma_start_ndc2, annealed);
      const double rate = kLeastRate + (1.0 - kLeastRate) * 0.5 * (1.0 + std::cos(std::numbers::pi * t));
      PlacementGradient gradient;
      const FitRecord record = evaluate(placement(run), picture, {sigma, kBandNoise}, run.band, gradient);
      run.records.push_back(record);
      if (callback && !callback(static_cast<int>(run.records.size()) - 1, record)) {
        run.stopped = true;
        break;
      }
      if (record.loss_total < best * (1.0 - 1e-4)) {
        best = record.loss_total;
        best_at = run.records.size() - 1;
        since_best = 0;
      } else if (annealed >= 1.0 && ++since_best >= kPatience && options_.early_stop) {
        run.converged = true;
        break;
      }
      run.rotation_adam.step(run.rotation6, geometry::rotation6_gradient(run.rotation6, gradient.rotation), options_.rotation_rate * rate);
      run.place_adam.step(run.place, gradient.place, options_.translation_rate * rate);
      if (options_.optimise_scale) {
        Eigen::Matrix<double, 1, 1> of_log_scale;
        of_log_scale[0] = gradient.log_scale;
        run.scale_adam.step(run.log_scale, of_log_scale, options_.scale_rate * rate);
      }
    }
    // Among those of the end's sharpness: Adam's last step need not be its best.
    run.loss = run.records.back().loss_total;
    for (std::size_t i = std::min(best_at, run.records.size() - 1); i < run.records.size(); ++i)
      if (run.records[i].sigma_ndc2 <= 1.2 * run.records.back().sigma_ndc2) run.loss = std::min(run.loss, run.records[i].loss_total);
  }

  // Quasi-Newton steps at the sharpness where Adam ended. Sets the loss by which finalists are compared.
  void polish_sturdy(Run& run, const Picture& picture, const Progress& progress, const FitCallback& callback) const {
    polish_at(run, picture, {travel_sigma(), kBandNoise}, polish_iterations_, progress, callback);
    run.loss = run.records.back().loss_total;
  }
  // Then to the options' sharpness, contact taken at its word as far as the outline allows.
  void polish_sharp(Run& run, const Picture& picture, const Progress& progress, const FitCallback& callback) const {
    polish_at(run, picture, {std::max(options_.sigma_end_ndc2, kPolishSigma), kSharpNoise}, sharp_iterations_, progress.part(0.0, 0.5), callback);
    polish_at(run, picture, {options_.sigma_end_ndc2, kSharpNoise}, sharp_iterations_, progress.part(0.5, 1.0), callback);
  }

 private:
  // What changes along a run.
  struct Sharpness {
    double sigma_ndc2, band_noise;
  };

  static int spare(const FitOptions& options) {
    return std::max(0, options.max_iterations - std::max(kTravelIterations, 2 * options.max_iterations / 3));
  }
  // Where Adam ends.
  double travel_sigma() const { return sharp_iterations_ > 0 ? std::max(options_.sigma_end_ndc2, kTravelSigma) : options_.sigma_end_ndc2; }
  static Placement placement(const Run& run) {
    return {geometry::matrix_from_rotation6(run.rotation6), run.place, std::exp(run.log_scale[0])};
  }

  FitRecord evaluate(const Placement& at, const Picture& picture, const Sharpness& how, ContactBandLoss::Band& band,
                     PlacementGradient& gradient) const {
    FitRecord record;
    record.sigma_ndc2 = how.sigma_ndc2;
    if (!picture.target.empty()) {
      const VerticesD posed = (at.scale * rest_ * at.rotation.transpose()).rowwise() + at.place.transpose();
      const ImageF& alpha = renderer_.forward(posed, input_.object.faces, picture.camera, {how.sigma_ndc2, 0});
      const ImageLoss loss = image_loss(alpha, picture.target, Mode::corrected, options_.mask_weight, options_.centroid_weight, of_alpha_);
      record.loss_mask = options_.mask_weight * loss.mask;
      record.loss_centroid = options_.centroid_weight * loss.centroid;
      const VerticesD& of_vertices = renderer_.backward(of_alpha_);
      gradient.rotation = at.scale * of_vertices.transpose() * rest_;
      gradient.place = of_vertices.colwise().sum().transpose();
      gradient.log_scale = (posed.rowwise() - at.place.transpose()).cwiseProduct(of_vertices).sum();
    }
    if (has_contact()) {
      record.loss_contact = options_.contact_weight * nearest_.evaluate(at, options_.contact_weight, gradient);
      PlacementGradient of_band;
      const double residual = band_.evaluate(at, 1.0, of_band, band), weight = kBandWeight * options_.contact_weight;
      record.loss_contact += weight * std::log1p(residual / how.band_noise);
      gradient.add(of_band, weight / (how.band_noise + residual));
    }
    if (options_.optimise_scale) {
      const double spread = input_.object_size_spread.value_or(0.1), log_scale = std::log(at.scale);
      record.loss_scale_prior = kScalePriorWeight * std::pow(log_scale / spread, 2.0);
      gradient.log_scale += 2.0 * kScalePriorWeight * log_scale / (spread * spread);
    }
    record.loss_total = record.loss_mask + record.loss_centroid + record.loss_contact + record.loss_scale_prior;
    record.photo_from_object.rotation = at.rotation;
    record.photo_from_object.scale = at.scale;
    record.photo_from_object.translation = at.place - at.scale * (at.rotation * centre_);
    return record;
  }

  // A row an accepted step, each lower than the one before it.
  void polish_at(Run& run, const Picture& picture, const Sharpness& how, int iterations, const Progress& progress, const FitCallback& callback) const {
    if (iterations == 0 || run.stopped) return;
    FitRecord record;
    ContactBandLoss::Band band;
    const auto loss = [&](const Placement& at, PlacementGradient& gradient) {
      band = run.band;
      record = evaluate(at, picture, how, band, gradient);
      return record.loss_total;
    };
    const auto accepted = [&](const Placement&) {
      run.band = band;
      run.records.push_back(record);
      run.stopped = callback && !callback(static_cast<int>(run.records.size()) - 1, record);
      return !run.stopped;
    };
    const Placement end = polish(placement(run), {iterations, options_.optimise_scale, radius_}, loss, accepted, progress);
    run.rotation6 = geometry::rotation6_from_matrix(end.rotation);
    run.place = end.place;
    run.log_scale[0] = std::log(end.scale);
  }

  static geometry::Mesh about_centre(const ReconstructInput& input, const Eigen::Vector3d& centre) {
    return {(input.object.vertices.cast<double>().rowwise() - centre.transpose()).cast<float>(), input.object.faces};
  }

  const ReconstructInput& input_;
  SilhouetteRenderer& renderer_;
  const FitOptions& options_;
  Eigen::Vector3d centre_;
  VerticesD rest_;                       // the object about its centre
  NearestContactLoss nearest_;
  ContactBandLoss band_;
  double radius_;                        // metres, about the centre
  int polish_iterations_, sharp_iterations_, adam_iterations_;
  mutable ImageF of_alpha_;              // kept between evaluations for its memory
};

// The record with the smallest total among those at the final sharpness.
const FitRecord& best_record(const std::vector<FitRecord>& records) {
  const double sharpest = records.back().sigma_ndc2;
  const FitRecord* best = &records.back();
  for (const auto& record : records)
    if (record.sigma_ndc2 == sharpest && record.loss_total < best->loss_total) best = &record;
  return *best;
}

// Other poses with nearly the same outline: seen from afar, depth can be turned inside out wherever the object has a
// plane of symmetry. Each pose mirrored in the picture's plane and in one of the object's principal planes, the contact
// patch where it was.
std::vector<geometry::SimilarityTransform> depth_reversed(const ReconstructInput& input, const geometry::SimilarityTransform& pose) {
  const Eigen::Vector3d centre = geometry::area_weighted_centroid(input.object);
  const VerticesD rest = input.object.vertices.cast<double>().rowwise() - centre.transpose();
  const Eigen::VectorXd areas = geometry::vertex_areas(input.object).cast<double>();
  const Eigen::Matrix3d covariance = rest.transpose() * areas.asDiagonal() * rest;
  const Eigen::Matrix3d axes = Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d>(covariance).eigenvectors();
  const double in_contact = input.object_contact.cast<double>().dot(areas);
  Eigen::Vector3d pivot = centre;
  if (in_contact > 0.0) pivot = input.object.vertices.cast<double>().transpose() * input.object_contact.cast<double>().cwiseProduct(areas) / in_contact;
  const Eigen::Vector3d view = (pose * pivot).normalized();
  const auto mirror = [](const Eigen::Vector3d& n) { return (Eigen::Matrix3d::Identity() - 2.0 * n * n.transpose()).eval(); };
  std::vector<geometry::SimilarityTransform> others;
  for (int k = 0; k < 3; ++k) {
    geometry::SimilarityTransform other = pose;
    other.rotation = mirror(view) * pose.rotation * mirror(axes.col(k));
    other.translation = pose * pivot - other.scale * (other.rotation * pivot);
    others.push_back(other);
  }
  return others;
}

// Indices of the runs that go on, best first.
std::vector<std::size_t> keep(const std::vector<Run>& runs, std::vector<std::size_t> ids, std::size_t most, double factor) {
  std::stable_sort(ids.begin(), ids.end(), [&](std::size_t a, std::size_t b) { return runs[a].loss < runs[b].loss; });
  ids.resize(std::min(ids.size(), most));
  while (ids.size() > 1 && runs[ids.back()].loss > factor * runs[ids.front()].loss) ids.pop_back();
  return ids;
}

}  // namespace

FitResult fit_corrected(const ReconstructInput& input, const AlignResult& starts, SilhouetteRenderer& renderer,
                        const FitOptions& options, const Progress& progress, const FitCallback& callback) {
  FitResult result;
  const CorrectedFit problem(input, renderer, options);
  const Picture finest = finest_picture(input);
  std::vector<Run> runs;
  for (const auto& candidate : starts.candidates) runs.push_back(problem.start(candidate.photo_from_object));
  std::vector<std::size_t> left(runs.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  double done = 0.0;
  const auto advance_all = [&](const Picture& picture, double until, double share) {
    for (std::size_t i = 0; i < left.size(); ++i) {
      const double begin = done + share * static_cast<double>(i) / static_cast<double>(left.size());
      const double end = done + share * static_cast<double>(i + 1) / static_cast<double>(left.size());
      problem.advance(runs[left[i]], picture, std::max(1, static_cast<int>(until * problem.adam_iterations())), progress.part(begin, end), {});
    }
    done += share;
  };
  if (runs.size() > 1) {
    const Picture medium = finest.half();
    advance_all(medium.half(), kFirstShare, 0.2);
    const auto leaders = keep(runs, left, kReversedStarts, kSecondFactor);
    left.clear();
    for (const auto leader : leaders) {
      const std::vector<FitRecord> way = runs[leader].records;
      for (const auto& other : depth_reversed(input, way.back().photo_from_object)) {
        left.push_back(runs.size());
        Run run = problem.start(other);
        run.records = way;   // how it came about
        run.before = way.size();
        runs.push_back(std::move(run));
      }
    }
    advance_all(medium.half(), kFirstShare, 0.1);
    left.resize(runs.size());
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
    left = keep(runs, left, kSecondStarts, kSecondFactor);
    advance_all(medium, kSecondShare, 0.3);
    left = keep(runs, left, kLastStarts, kLastFactor);
  }
  // The leader is last and seen live; a runner-up that comes close ends before it, unseen.
  const double last = 0.8 * (1.0 - done) / static_cast<double>(left.size());
  for (std::size_t i = left.size(); i-- > 0;) {
    const Progress part = progress.part(done, done + last);
    const FitCallback live = i == 0 ? callback : FitCallback{};
    problem.advance(runs[left[i]], finest, problem.adam_iterations(), part.part(0.0, 0.6), live);
    problem.polish_sturdy(runs[left[i]], finest, part.part(0.6, 1.0), live);
    done += last;
  }
  const std::size_t leader = left.front();
  left = keep(runs, left, 1, 1.0);
  Run& chosen = runs[left.front()];
  problem.polish_sharp(chosen, finest, progress.part(done, 1.0), left.front() == leader ? callback : FitCallback{});
  if (runs.size() > 1) {
    for (std::size_t s = 0; s < runs.size(); ++s) result.trials.push_back({runs[s].records, runs[s].before, runs[s].loss, s == left.front()});
  }
  result.records = chosen.records;
  result.reversed_at = chosen.before;
  result.photo_from_object = best_record(result.records).photo_from_object;
  if (chosen.converged) result.termination = Termination::converged;
  if (!problem.has_contact()) {
    result.termination = Termination::no_contact;
    result.warnings.push_back("There is no contact on one of the two, so the object's distance is a guess.");
  }
  if (finest.target.empty()) {
    result.termination = Termination::no_object_mask;
    result.warnings.push_back("The object mask is empty, so only the contact placed the object.");
  }
  return result;
}

}  // namespace tactus::reconstruct
