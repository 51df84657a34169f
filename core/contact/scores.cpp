// METHOD.md §7.2–7.5 and calibration.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <queue>
#include <unordered_map>

#include "tactus/contact/metrics.h"
#include "tactus/error.h"

namespace tactus::contact {
namespace {

void same_length(Eigen::Index a, Eigen::Index b, const char* what) {
  if (a != b)
    throw bad_input(std::string(what) + ": prediction and truth differ in length (" + std::to_string(a) + " and " + std::to_string(b) + ")");
}

template <typename Test>
std::vector<int> indices_where(const Eigen::VectorXf& values, Test test) {
  std::vector<int> chosen;
  for (Eigen::Index i = 0; i < values.size(); ++i)
    if (test(values[i])) chosen.push_back(static_cast<int>(i));
  return chosen;
}

double mean_at(const std::vector<double>& values, const std::vector<int>& where) {
  if (where.empty()) return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(std::max<std::size_t>(values.size(), 1));
  double sum = 0;
  for (const int i : where) sum += values[static_cast<std::size_t>(i)];
  return sum / static_cast<double>(where.size());
}

}  // namespace

ContactScore contact_score_at(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth, double threshold) {
  same_length(predicted.size(), truth.size(), "contact score");
  double hits = 0, said = 0, there = 0;
  const auto at = static_cast<float>(threshold);
  for (Eigen::Index i = 0; i < truth.size(); ++i) {
    const bool p = predicted[i] >= at, t = truth[i] > 0.0F;
    said += p ? 1 : 0;
    there += t ? 1 : 0;
    hits += p && t ? 1 : 0;
  }
  ContactScore score;
  score.precision = hits / (said + 1e-10);
  score.recall = hits / (there + 1e-10);
  score.f1 = 2.0 * score.precision * score.recall / (score.precision + score.recall + 1e-10);
  return score;
}

double mean_over_samples(std::span<const double> values, Mode mode) {
  if (values.empty()) return 0.0;
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return sum / (static_cast<double>(values.size()) + (mode == Mode::official ? 1e-5 : 0.0));
}

MeshGraph::MeshGraph(const geometry::Mesh& mesh) {
  geometry::validate(mesh, "geodesic distance");
  const auto count = static_cast<std::size_t>(mesh.vertex_count());
  std::vector<std::pair<int, int>> pairs;
  pairs.reserve(static_cast<std::size_t>(mesh.face_count()) * 6);
  for (Eigen::Index f = 0; f < mesh.faces.rows(); ++f) {
    for (int k = 0; k < 3; ++k) {
      const int a = mesh.faces(f, k), b = mesh.faces(f, (k + 1) % 3);
      if (a == b) continue;
      pairs.emplace_back(a, b);
      pairs.emplace_back(b, a);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  first_.assign(count + 1, 0);
  for (const auto& [a, b] : pairs) {
    ++first_[static_cast<std::size_t>(a) + 1];
    edges_.emplace_back(b, (mesh.vertices.row(a) - mesh.vertices.row(b)).cast<double>().norm());
  }
  std::partial_sum(first_.begin(), first_.end(), first_.begin());
  diagonal_ = static_cast<double>(geometry::bounding_box(mesh.vertices).size().norm());
}

std::vector<double> MeshGraph::distances_from(const std::vector<int>& sources) const {
  const auto count = static_cast<std::size_t>(size());
  if (sources.empty()) return std::vector<double>(count, 0.0);   // every vertex is one
  std::vector<double> distance(count, std::numeric_limits<double>::infinity());
  using Entry = std::pair<double, int>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
  for (const int s : sources) {
    if (s < 0 || s >= size()) throw bad_input("geodesic distance: source " + std::to_string(s) + " is no vertex; they run from 0 to " + std::to_string(size() - 1));
    distance[static_cast<std::size_t>(s)] = 0.0;
    open.emplace(0.0, s);
  }
  while (!open.empty()) {
    const auto [d, v] = open.top();
    open.pop();
    if (d > distance[static_cast<std::size_t>(v)]) continue;
    for (int e = first_[static_cast<std::size_t>(v)]; e < first_[static_cast<std::size_t>(v) + 1]; ++e) {
      const auto& [to, length] = edges_[static_cast<std::size_t>(e)];
      double& best = distance[static_cast<std::size_t>(to)];
      if (d + length < best) {
        best = d + length;
        open.emplace(best, to);
      }
    }
  }
  for (double& d : distance)
    if (!std::isfinite(d)) d = diagonal_;
  return distance;
}

std::vector<std::pair<int, double>> MeshGraph::within(int source, double radius_m) const {
  if (source < 0 || source >= size()) throw bad_input("geodesic distance: source " + std::to_string(source) + " is no vertex; they run from 0 to " + std::to_string(size() - 1));
  std::unordered_map<int, double> best = {{source, 0.0}};
  std::vector<std::pair<int, double>> done;
  using Entry = std::pair<double, int>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
  open.emplace(0.0, source);
  while (!open.empty()) {
    const auto [d, v] = open.top();
    open.pop();
    if (d > best.at(v)) continue;
    done.emplace_back(v, d);
    for (int e = first_[static_cast<std::size_t>(v)]; e < first_[static_cast<std::size_t>(v) + 1]; ++e) {
      const auto& [to, length] = edges_[static_cast<std::size_t>(e)];
      if (d + length > radius_m) continue;
      const auto [entry, is_new] = best.try_emplace(to, d + length);
      if (!is_new && d + length >= entry->second) continue;
      entry->second = d + length;
      open.emplace(d + length, to);
    }
  }
  return done;
}

GeodesicError geodesic_error(const MeshGraph& graph, const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth, Mode mode) {
  same_length(predicted.size(), truth.size(), "geodesic error");
  same_length(predicted.size(), graph.size(), "geodesic error");
  // Rows are where the error is measured from, columns where to.
  const auto rows = mode == Mode::official ? indices_where(truth, [](float v) { return v >= 0.5F; })
                                           : indices_where(predicted, [](float v) { return v >= 0.5F; });
  const auto columns = mode == Mode::official ? indices_where(predicted, [](float v) { return v == 1.0F; })
                                              : indices_where(truth, [](float v) { return v > 0.0F; });
  return {mean_at(graph.distances_from(columns), rows), mean_at(graph.distances_from(rows), columns)};
}

double similarity(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth) {
  same_length(predicted.size(), truth.size(), "SIM");
  const double p_sum = predicted.cast<double>().sum() + 1e-12, t_sum = truth.cast<double>().sum() + 1e-12;
  return (predicted.cast<double>() / p_sum).cwiseMin(truth.cast<double>() / t_sum).sum();
}

double mean_absolute_error(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth) {
  same_length(predicted.size(), truth.size(), "MAE");
  return predicted.size() == 0 ? 0.0 : (predicted.cast<double>() - truth.cast<double>()).cwiseAbs().mean();
}

std::optional<double> roc_auc(std::span<const float> values, std::span<const std::uint8_t> positive) {
  same_length(static_cast<Eigen::Index>(values.size()), static_cast<Eigen::Index>(positive.size()), "AUC");
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  // Mann–Whitney: positives above negatives, ties half.
  double below = 0, positives = 0, wins = 0;
  for (std::size_t i = 0; i < order.size();) {
    double tied_positive = 0, tied_negative = 0;
    const float value = values[order[i]];
    for (; i < order.size() && values[order[i]] == value; ++i) (positive[order[i]] != 0 ? tied_positive : tied_negative) += 1;
    wins += tied_positive * (below + 0.5 * tied_negative);
    below += tied_negative;
    positives += tied_positive;
  }
  if (positives == 0 || below == 0) return std::nullopt;
  return wins / (positives * below);
}

std::optional<double> average_iou(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth) {
  same_length(predicted.size(), truth.size(), "aIoU");
  const auto inside = (truth.array() >= 0.5F).count();
  if (inside == 0 || inside == truth.size()) return std::nullopt;
  constexpr int kThresholds = 20;
  double sum = 0;
  for (int k = 0; k < kThresholds; ++k) {
    const double threshold = static_cast<double>(k) / (kThresholds - 1);
    double both = 0, either = 0;
    for (Eigen::Index i = 0; i < truth.size(); ++i) {
      const bool p = static_cast<double>(predicted[i]) >= threshold, t = truth[i] >= 0.5F;
      both += p && t ? 1 : 0;
      either += p || t ? 1 : 0;
    }
    sum += both / either;
  }
  return sum / kThresholds;
}

AffordanceScore affordance_score(const Eigen::VectorXf& predicted, const Eigen::VectorXf& truth) {
  AffordanceScore score{similarity(predicted, truth), mean_absolute_error(predicted, truth), std::nullopt, average_iou(predicted, truth)};
  std::vector<std::uint8_t> positive(static_cast<std::size_t>(truth.size()));
  for (std::size_t i = 0; i < positive.size(); ++i) positive[i] = truth[static_cast<Eigen::Index>(i)] >= 0.5F ? 1 : 0;
  score.auc = roc_auc({predicted.data(), positive.size()}, positive);
  return score;
}

AffordanceMeans affordance_means(const std::vector<AffordanceScore>& scores, Mode mode) {
  std::vector<double> sim, mae, auc, aiou;
  for (const auto& score : scores) {
    const bool both = score.auc.has_value() && score.aiou.has_value();
    if (both || mode == Mode::corrected) {
      sim.push_back(score.sim);
      mae.push_back(score.mae);
    }
    if (both) {
      auc.push_back(*score.auc);
      aiou.push_back(*score.aiou);
    }
  }
  return {mean_over_samples(sim, mode), mean_over_samples(mae, mode), mean_over_samples(auc, mode), mean_over_samples(aiou, mode),
          static_cast<int>(sim.size()), static_cast<int>(auc.size())};
}

SegmentationSample segmentation_sample(const std::vector<ImageF>& values, const std::vector<ImageF>& targets,
                                       const SegmentationOptions& options) {
  if (values.empty() || values.size() != targets.size())
    throw bad_input("segmentation score: " + std::to_string(values.size()) + " predicted views and " + std::to_string(targets.size()) +
                    " true ones; as many of each are needed, at least one");
  const bool official = options.mode == Mode::official;
  const float threshold = options.probabilities && !official ? 0.5F : 0.0F;
  SegmentationSample sample;
  for (std::size_t view = 0; view < values.size(); ++view) {
    const auto& value = values[view].data;
    const auto& target = targets[view].data;
    same_length(static_cast<Eigen::Index>(value.size()), static_cast<Eigen::Index>(target.size()), "segmentation score");
    double both = 0, either = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (target[i] < 0.0F) continue;
      const bool p = value[i] > threshold, t = official ? std::trunc(target[i]) == 1.0F : target[i] >= 0.5F;
      both += p && t ? 1 : 0;
      either += p || t ? 1 : 0;
    }
    sample.intersection += both;
    sample.union_ += either;
    sample.iou += either == 0 ? 1.0 : both / (either + 1e-5);
  }
  const auto views = static_cast<double>(values.size());
  sample.intersection /= views;
  sample.union_ /= views;
  sample.iou /= views;
  return sample;
}

double g_iou(const std::vector<SegmentationSample>& samples) {
  double sum = 0;
  for (const auto& sample : samples) sum += sample.iou;
  return samples.empty() ? 0.0 : sum / static_cast<double>(samples.size());
}

double c_iou(const std::vector<SegmentationSample>& samples) {
  double both = 0, either = 0;
  for (const auto& sample : samples) {
    both += sample.intersection;
    either += sample.union_;
  }
  return both / (either + 1e-10);
}

std::vector<ReliabilityBin> reliability(std::span<const float> probability, std::span<const std::uint8_t> positive, int bins) {
  same_length(static_cast<Eigen::Index>(probability.size()), static_cast<Eigen::Index>(positive.size()), "reliability");
  if (bins < 1) throw bad_input("reliability: " + std::to_string(bins) + " bins; at least 1 is needed");
  std::vector<ReliabilityBin> result(static_cast<std::size_t>(bins));
  for (int b = 0; b < bins; ++b) {
    result[static_cast<std::size_t>(b)].lower = static_cast<double>(b) / bins;
    result[static_cast<std::size_t>(b)].upper = static_cast<double>(b + 1) / bins;
  }
  for (std::size_t i = 0; i < probability.size(); ++i) {
    const auto p = static_cast<double>(probability[i]);
    if (!(p >= 0.0 && p <= 1.0)) throw bad_input("reliability: " + std::to_string(p) + " is not a probability");
    auto& bin = result[static_cast<std::size_t>(std::min(bins - 1, static_cast<int>(p * bins)))];
    ++bin.count;
    bin.confidence += p;
    bin.frequency += positive[i] != 0 ? 1 : 0;
  }
  for (auto& bin : result) {
    if (bin.count == 0) continue;
    bin.confidence /= static_cast<double>(bin.count);
    bin.frequency /= static_cast<double>(bin.count);
  }
  return result;
}

double expected_calibration_error(const std::vector<ReliabilityBin>& bins) {
  double sum = 0, count = 0;
  for (const auto& bin : bins) {
    sum += static_cast<double>(bin.count) * std::abs(bin.confidence - bin.frequency);
    count += static_cast<double>(bin.count);
  }
  return count == 0 ? 0.0 : sum / count;
}

double negative_log_likelihood(std::span<const float> logits, std::span<const std::uint8_t> positive, double temperature) {
  same_length(static_cast<Eigen::Index>(logits.size()), static_cast<Eigen::Index>(positive.size()), "log likelihood");
  if (!(temperature > 0.0)) throw bad_input("log likelihood: the temperature must be above 0");
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double x = static_cast<double>(logits[i]) / temperature * (positive[i] != 0 ? 1.0 : -1.0);
    sum += std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  }
  return logits.empty() ? 0.0 : sum / static_cast<double>(logits.size());
}

double fit_temperature(std::span<const float> logits, std::span<const std::uint8_t> positive) {
  if (logits.empty()) throw bad_input("temperature: no logits to fit it to");
  // Convex in 1 / temperature, so one valley: golden-section search there.
  constexpr double kRatio = 0.6180339887498949;
  double low = 1.0 / 20.0, high = 1.0 / 0.05;
  double a = high - kRatio * (high - low), b = low + kRatio * (high - low);
  double at_a = negative_log_likelihood(logits, positive, 1.0 / a), at_b = negative_log_likelihood(logits, positive, 1.0 / b);
  for (int i = 0; i < 60; ++i) {
    if (at_a <= at_b) {
      high = b, b = a, at_b = at_a;
      a = high - kRatio * (high - low);
      at_a = negative_log_likelihood(logits, positive, 1.0 / a);
    } else {
      low = a, a = b, at_a = at_b;
      b = low + kRatio * (high - low);
      at_b = negative_log_likelihood(logits, positive, 1.0 / b);
    }
  }
  return 2.0 / (low + high);
}

}  // namespace tactus::contact
