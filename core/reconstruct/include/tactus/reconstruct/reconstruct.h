// ICP and the joint fit (METHOD.md §8.3–8.13).
#pragma once

#include <Eigen/Core>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tactus/contact/lift.h"
#include "tactus/geometry/camera.h"
#include "tactus/geometry/mesh.h"
#include "tactus/geometry/transform.h"
#include "tactus/image.h"
#include "tactus/progress.h"
#include "tactus/reconstruct/silhouette_renderer.h"

namespace tactus::reconstruct {

struct ReconstructInput {
  geometry::PinholeCamera camera;
  geometry::Mesh human;                   // frame photo
  Eigen::VectorXf human_contact;          // [V] probabilities
  geometry::Mesh object;                  // frame object, as its file has it
  Eigen::VectorXf object_contact;         // [N] probabilities
  ImageU8 object_mask;                    // the photograph's size, non-zero = object
  std::optional<ImageU8> human_mask;
  std::optional<double> object_size_spread;  // relative uncertainty of the object's size; enables the scale prior
};

// Poses in records and results: photo_from_object, acting on the object as its file has it, column vectors.

struct AlignOptions {
  Mode mode = Mode::corrected;
  int max_iterations = 10;                // official: 10 (it stops after 2); corrected: raised by its own default
  double relative_rmse_threshold = 1e-6;
  double human_threshold = 0.5;           // contact sets: p > threshold (§8.3)
  double object_threshold = 0.3;
  double normal_weight = 0.1;             // corrected: metres an unit of normal difference (§8.13)
  int starts = 240;                       // corrected: initial rotations tried
  int kept_starts = 12;                   // corrected: distinct results handed to the fit
  std::uint64_t seed = 42;
};

struct AlignRecord {
  geometry::SimilarityTransform photo_from_object;   // before the update of this row
  double rmse = 0.0;                                 // metres, over the contact points
};

struct AlignCandidate {
  std::vector<AlignRecord> records;                  // one an iteration
  geometry::SimilarityTransform photo_from_object;   // result
  double rmse = 0.0;
};

struct AlignResult {
  std::vector<AlignCandidate> candidates;            // best rmse first; one in official mode
  std::string message;                               // how it ended
  std::vector<std::string> warnings;                 // "no contact vertices on the object: …"
  double seconds = 0.0;
};

AlignResult align(const ReconstructInput& input, const AlignOptions& options, const Progress& progress);

struct FitOptions {
  Mode mode = Mode::corrected;
  int max_iterations = 120;               // official: 250 is the published number; the caller sets it
  double mask_weight = 5.0, centroid_weight = 1e-4, contact_weight = 10.0;  // official weights
  double rotation_rate = 0.05, translation_rate = 0.01, scale_rate = 0.01;  // Adam
  bool optimise_scale = false;
  double sigma_start_ndc2 = 1e-4;         // official: constant
  double sigma_end_ndc2 = 2.5e-7;         // corrected: annealed to this; at 1e-6 thin legs still look a tenth of a pixel too wide
  int faces_per_pixel = 100;              // official
  bool early_stop = true;                 // corrected
};
// The published settings (§8.8, §8.10).
FitOptions official_fit_options();
// Sentences, one a wrong field: value, constraint, name. Empty when all is well.
std::vector<std::string> validate(const FitOptions& options);

struct FitRecord {
  geometry::SimilarityTransform photo_from_object;   // before the update of this row
  double loss_mask = 0.0, loss_centroid = 0.0, loss_contact = 0.0;  // weighted
  double loss_scale_prior = 0.0;                     // weighted; 0 when the scale is fixed
  double loss_total = 0.0;                           // their sum
  double sigma_ndc2 = 0.0;
};

struct FitTrial {                                    // a start that was tried
  std::vector<FitRecord> records;
  std::size_t reversed_at = 0;                       // as in FitResult
  double loss_total = 0.0;                           // its last, comparable between trials
  bool chosen = false;
};

enum class Termination { converged, max_iterations, no_object_mask, no_contact };

struct FitResult {
  std::vector<FitRecord> records;                    // of the chosen start, all iterations
  // Corrected: a start may be another's pose with its depth turned inside out. Then the records up to here are those
  // of the other, which lead from ICP to the reversal; the pose jumps at this row and nowhere else. 0: no reversal.
  std::size_t reversed_at = 0;
  std::vector<FitTrial> trials;                      // corrected: every start, for display
  geometry::SimilarityTransform photo_from_object;   // official: the pose before the last update (§8.11)
  double mask_iou = 0.0;                             // hard silhouette against the mask
  double smallest_distance_m = 0.0;                  // object surface to human surface (vertices)
  Termination termination = Termination::max_iterations;
  std::string message;
  std::vector<std::string> warnings;
  double seconds = 0.0;
};

// Called after each iteration of the chosen start; return false to finish early with what there is.
using FitCallback = std::function<bool(int iteration, const FitRecord&)>;

FitResult fit(const ReconstructInput& input, const AlignResult& starts, SilhouetteRenderer& renderer,
              const FitOptions& options, const Progress& progress, const FitCallback& callback = {});

}  // namespace tactus::reconstruct
