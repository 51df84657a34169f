// How good contact is: the published metrics (METHOD.md §7) and calibration. `official` computes them as the published
// evaluation does, oddities included; `corrected` as they are meant. All throw Error{bad_input} when lengths differ.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tactus/contact/lift.h"
#include "tactus/geometry/mesh.h"
#include "tactus/image.h"

namespace tactus::contact {

// §7.2 with another threshold: prediction ≥ threshold against truth > 0.
ContactScore contact_score_at(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth, double threshold);

// The mean; 0 of nothing. Official divides by count + 1e-5.
double mean_over_samples(std::span<const double> values, Mode mode);

// Shortest ways along the edges of a mesh.
class MeshGraph {
 public:
  explicit MeshGraph(const geometry::Mesh& mesh);
  int size() const { return static_cast<int>(first_.size()) - 1; }
  // Metres from every vertex to the nearest source; a vertex without a way to any counts the diagonal of the mesh's
  // bounding box. No source: all of them. Error{bad_input}: a source that is no vertex.
  std::vector<double> distances_from(const std::vector<int>& sources) const;
  // The vertices at most `radius_m` away, itself included, with their distances; nearest first.
  std::vector<std::pair<int, double>> within(int source, double radius_m) const;

 private:
  std::vector<int> first_;                          // [V + 1] into edges_
  std::vector<std::pair<int, double>> edges_;       // neighbour, metres
  double diagonal_ = 0;
};

// §7.3, metres. An empty side counts as all vertices.
struct GeodesicError {
  double false_positive_m = 0;   // mean over predicted vertices of the way to the nearest true one
  double false_negative_m = 0;   // mean over true vertices of the way to the nearest predicted one
};
// Official swaps the two and takes as predicted only vertices whose value is exactly 1.
GeodesicError geodesic_error(const MeshGraph& graph, const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth, Mode mode);

// §7.4, values in [0, 1] on points.
double similarity(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth);            // SIM
double mean_absolute_error(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth);   // MAE
// ROC AUC, ties count half; none where only one class is there.
std::optional<double> roc_auc(std::span<const float> values, std::span<const std::uint8_t> positive);
// aIoU: mean IoU over the thresholds 0, 1/19, …, 1 against truth ≥ 0.5; none where truth has one class only.
std::optional<double> average_iou(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth);

struct AffordanceScore {
  double sim = 0, mae = 0;
  std::optional<double> auc, aiou;
};
AffordanceScore affordance_score(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth);
// Means; a sample whose truth has one class only is left out of AUC and aIoU, in official of all four.
struct AffordanceMeans {
  double sim = 0, mae = 0, auc = 0, aiou = 0;
  int samples = 0, with_both_classes = 0;
};
AffordanceMeans affordance_means(const std::vector<AffordanceScore>& scores, Mode mode);

// §7.5: intersection and union of class 1 in the views of one sample. Targets: 1 inside, 0 outside, negative ignored.
struct SegmentationOptions {
  Mode mode = Mode::corrected;
  bool probabilities = false;    // values are probabilities, not logits. Official takes > 0 as inside all the same
};
struct SegmentationSample {
  double intersection = 0, union_ = 0;   // pixels, mean over views
  double iou = 0;                        // mean over views of I / (U + 1e-5); 1 where U is 0
};
// Inside: logit > 0; corrected probabilities > 0.5. Soft targets: ≥ 0.5 is class 1, in official only 1 itself.
SegmentationSample segmentation_sample(const std::vector<ImageF>& values, const std::vector<ImageF>& targets,
                                       const SegmentationOptions& options);
double g_iou(const std::vector<SegmentationSample>& samples);   // mean of iou
double c_iou(const std::vector<SegmentationSample>& samples);   // ΣI / (ΣU + 1e-10)

// One answer about one object in one picture of DAMON.
struct DamonSample {
  std::string image, object;
  Eigen::VectorXf predicted, truth;
};
struct DamonRow {
  std::string name;
  int samples = 0;
  double f1 = 0;                         // mean over samples
  double precision = 0, recall = 0;      // of pooled sums
};
struct DamonSemantic {
  std::vector<DamonRow> objects;         // by name
  std::vector<DamonRow> categories;      // those that have samples, in the order of §7.6
  DamonRow all;
};
// §7.6. Official pools soft sums (precision can exceed 1) and compares names as they stand; corrected thresholds at 0.5
// first and takes blanks and underscores for the same.
DamonSemantic damon_semantic(const std::vector<DamonSample>& samples, Mode mode);
// The category of §7.6 that lists this object.
std::optional<std::string_view> damon_category(std::string_view object, Mode mode);

// §7.7: the union over an image's objects. `geodesic`: largest over objects, mean over images; only with a graph.
struct DamonBinary {
  int images = 0;
  double f1 = 0;                         // mean over images
  double precision = 0, recall = 0;      // of sums over all images
  std::optional<GeodesicError> geodesic;
};
DamonBinary damon_binary(const std::vector<DamonSample>& samples, Mode mode, const MeshGraph* graph = nullptr);

// Calibration of probabilities: how often is what was said with probability p true?
struct ReliabilityBin {
  double lower = 0, upper = 0;           // [lower, upper), the last one closed
  std::int64_t count = 0;
  double confidence = 0, frequency = 0;  // mean probability said, part that was true; 0 where empty
};
std::vector<ReliabilityBin> reliability(std::span<const float> probability, std::span<const std::uint8_t> positive, int bins = 15);
// Σ count |confidence - frequency| / Σ count; 0 of nothing.
double expected_calibration_error(const std::vector<ReliabilityBin>& bins);

// Mean negative log likelihood of sigmoid(logit / temperature), nats.
double negative_log_likelihood(std::span<const float> logits, std::span<const std::uint8_t> positive, double temperature);
// The temperature in [0.05, 20] with the smallest one (Guo et al. 2017). Error{bad_input}: nothing given.
double fit_temperature(std::span<const float> logits, std::span<const std::uint8_t> positive);

}  // namespace tactus::contact
