#include "tactus/contact/lift.h"

#include <algorithm>
#include <cmath>

#include "tactus/error.h"

namespace tactus::contact {
namespace {

float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

// Gathers votes a view, then averages over the views that saw a vertex.
class Votes {
 public:
  explicit Votes(int count) : votes_(count), weights_(count), sum_(Eigen::VectorXd::Zero(count)), views_(static_cast<std::size_t>(count), 0) {}

  void begin_view() {
    votes_.setZero();
    weights_.setZero();
  }
  void add(int id, double weight, double value) {
    votes_[id] += weight * value;
    weights_[id] += weight;
  }
  void end_view() {
    for (Eigen::Index i = 0; i < sum_.size(); ++i) {
      if (!(weights_[i] > 0.0)) continue;
      sum_[i] += votes_[i] / weights_[i];
      ++views_[static_cast<std::size_t>(i)];
    }
  }
  VertexContact result() const {
    VertexContact contact;
    contact.probability.resize(sum_.size());
    contact.coverage = views_;
    for (Eigen::Index i = 0; i < sum_.size(); ++i) {
      const int seen = views_[static_cast<std::size_t>(i)];
      contact.probability[i] = seen > 0 ? static_cast<float>(sum_[i] / seen) : 0.0F;
    }
    return contact;
  }

 private:
  Eigen::VectorXd votes_, weights_, sum_;
  std::vector<std::uint8_t> views_;
};

void check(const std::vector<ImageF>& logits, const std::vector<const views::RasterMaps*>& maps) {
  if (logits.size() != maps.size()) {
    throw bad_input("lift: there are " + std::to_string(logits.size()) + " masks but " + std::to_string(maps.size()) +
                    " views; each view needs one");
  }
  for (std::size_t v = 0; v < maps.size(); ++v) {
    if (!logits[v].same_size(maps[v]->vertex_ids.width, maps[v]->vertex_ids.height)) {
      throw bad_input("lift: mask " + std::to_string(v + 1) + " is " + std::to_string(logits[v].width) + "×" +
                      std::to_string(logits[v].height) + " pixels but its view is " +
                      std::to_string(maps[v]->vertex_ids.width) + "×" + std::to_string(maps[v]->vertex_ids.height));
    }
  }
}

template <typename Probability>
VertexContact lift_mesh(const std::vector<ImageF>& logits, const std::vector<const views::RasterMaps*>& maps,
                        int vertex_count, Probability probability, float keep_above) {
  check(logits, maps);
  Votes votes(vertex_count);
  for (std::size_t v = 0; v < maps.size(); ++v) {
    votes.begin_view();
    const auto& ids = maps[v]->vertex_ids.data;
    const auto& weights = maps[v]->barycentrics.data;
    for (std::size_t pixel = 0; pixel < logits[v].data.size(); ++pixel) {
      const std::int32_t* id = ids.data() + 3 * pixel;
      bool valid = true;
      for (int k = 0; k < 3; ++k) valid = valid && id[k] >= 0 && id[k] < vertex_count;
      if (!valid) continue;
      const float value = probability(logits[v].data[pixel]);
      if (!(value > keep_above)) continue;
      for (int k = 0; k < 3; ++k) votes.add(id[k], weights[3 * pixel + static_cast<std::size_t>(k)], value);
    }
    votes.end_view();
  }
  return votes.result();
}

}  // namespace

VertexContact lift_body(const std::vector<ImageF>& logits, const std::vector<const views::RasterMaps*>& maps,
                        int vertex_count, const LiftOptions&) {
  VertexContact contact = lift_mesh(
      logits, maps, vertex_count, [](float s) { return sigmoid(std::clamp(s, -20.0F, 20.0F)); }, -1.0F);
  contact.probability = contact.probability.cwiseMax(0.0F).cwiseMin(1.0F);
  return contact;
}

VertexContact lift_object(const std::vector<ImageF>& logits, const std::vector<const views::RasterMaps*>& maps,
                          int vertex_count, const LiftOptions& options) {
  if (options.mode == Mode::corrected) return lift_body(logits, maps, vertex_count, options);
  return lift_mesh(logits, maps, vertex_count, sigmoid, options.object_pixel_threshold);
}

VertexContact lift_points(const std::vector<ImageF>& values, const std::vector<ImageI32>& point_ids, int point_count) {
  Votes votes(point_count);
  if (values.size() != point_ids.size()) throw bad_input("lift: each view needs one mask and one map of points");
  for (std::size_t v = 0; v < values.size(); ++v) {
    if (!values[v].same_size(point_ids[v].width, point_ids[v].height))
      throw bad_input("lift: a mask and its map of points differ in size");
    votes.begin_view();
    for (std::size_t pixel = 0; pixel < values[v].data.size(); ++pixel) {
      const int id = point_ids[v].data[pixel];
      if (id >= 0 && id < point_count) votes.add(id, 1.0, values[v].data[pixel]);
    }
    votes.end_view();
  }
  return votes.result();
}

}  // namespace tactus::contact
