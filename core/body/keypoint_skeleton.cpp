#include "keypoint_skeleton.h"

#include <array>
#include <cmath>
#include <map>
#include <set>

#include "tactus/parallel.h"

namespace tactus::body {

KeypointSkeleton::KeypointSkeleton(const BodyModelData& data, const std::vector<int>& extra_vertices)
    : data_(data), extra_vertices_(extra_vertices) {
  // (term, vertex, weight): which vertices feed each term.
  struct Share {
    int term, vertex;
    double weight;
  };
  std::vector<Share> shares;
  const auto add_point = [&](const std::vector<std::pair<std::int32_t, float>>& vertices) {
    first_term_.push_back(static_cast<int>(terms_.size()));
    std::map<int, int> term_of_bone;
    for (const auto& [vertex, weight] : vertices) {
      for (int k = 0; k < data.weights_per_vertex; ++k) {
        const auto cell = static_cast<std::size_t>(vertex) * static_cast<std::size_t>(data.weights_per_vertex) +
                          static_cast<std::size_t>(k);
        const double w = static_cast<double>(weight) * static_cast<double>(data.skin_weights[cell]);
        if (w == 0.0) continue;
        const int bone = data.skin_bones[cell];
        auto found = term_of_bone.find(bone);
        if (found == term_of_bone.end()) {
          found = term_of_bone.emplace(bone, static_cast<int>(terms_.size())).first;
          terms_.push_back({bone, 0.0});
        }
        terms_[static_cast<std::size_t>(found->second)].weight += w;
        shares.push_back({found->second, vertex, w});
      }
    }
  };
  for (const auto& keypoint : data.keypoints) add_point(keypoint);
  for (const int vertex : extra_vertices) add_point({{vertex, 1.0F}});
  first_term_.push_back(static_cast<int>(terms_.size()));

  const auto gather = [&](const geometry::Vertices& vertices) {
    Rows sums;
    sums.setZero(static_cast<Eigen::Index>(terms_.size()), 3);
    for (const Share& s : shares) sums.row(s.term) += s.weight * vertices.row(s.vertex).cast<double>();
    return sums;
  };
  template_terms_ = gather(data.template_vertices);
  shape_terms_.resize(data.shapes.size());
  parallel_for(data.shapes.size(), 8, [&](std::size_t begin, std::size_t end) {
    for (std::size_t s = begin; s < end; ++s) shape_terms_[s] = gather(data.shapes[s].vertices);
  });
}

KeypointSkeleton::Shaped KeypointSkeleton::shape(const Phenotype& phenotype, int points) const {
  const auto weights = variation_weights(phenotype);
  const Eigen::Index terms = term_count(points);
  Shaped shaped{data_.template_heads.cast<double>(), template_terms_.topRows(terms), points};
  for (std::size_t s = 0; s < data_.shapes.size(); ++s) {
    double product = 1.0;
    for (const auto v : data_.shapes[s].variations) product *= weights[static_cast<std::size_t>(v)];
    if (product == 0.0) continue;
    shaped.heads += product * data_.shapes[s].heads.cast<double>();
    shaped.terms += product * shape_terms_[s].topRows(terms);
  }
  const Eigen::RowVector3d origin = shaped.heads.row(0);
  shaped.heads.rowwise() -= origin;
  for (Eigen::Index t = 0; t < terms; ++t) shaped.terms.row(t) -= terms_[static_cast<std::size_t>(t)].weight * origin;
  return shaped;
}

KeypointSkeleton::Posed KeypointSkeleton::pose(const Shaped& shaped,
                                               const std::vector<Eigen::Matrix3d>& rotations) const {
  const std::size_t bones = data_.bones.size();
  Posed posed;
  posed.turns.resize(bones);
  posed.heads.resize(static_cast<Eigen::Index>(bones), 3);
  std::vector<Eigen::Vector3d> offset(bones);
  for (std::size_t b = 0; b < bones; ++b) {
    const Eigen::Vector3d head = shaped.heads.row(static_cast<Eigen::Index>(b)).transpose();
    const int parent = data_.bones[b].parent;
    Eigen::Vector3d posed_head = head;
    posed.turns[b] = rotations[b];
    if (parent >= 0) {
      const auto p = static_cast<std::size_t>(parent);
      posed.turns[b] = posed.turns[p] * rotations[b];
      posed_head = posed.turns[p] * head + offset[p];
    }
    offset[b] = posed_head - posed.turns[b] * head;
    posed.heads.row(static_cast<Eigen::Index>(b)) = posed_head.transpose();
  }
  posed.points.setZero(shaped.points, 3);
  posed.terms.resize(shaped.terms.rows(), 3);
  for (int i = 0; i < shaped.points; ++i) {
    for (int t = first_term_[static_cast<std::size_t>(i)]; t < first_term_[static_cast<std::size_t>(i) + 1];
         ++t) {
      const Term& term = terms_[static_cast<std::size_t>(t)];
      const auto b = static_cast<std::size_t>(term.bone);
      posed.terms.row(t) =
          (posed.turns[b] * shaped.terms.row(t).transpose() + term.weight * offset[b]).transpose();
      posed.points.row(i) += posed.terms.row(t);
    }
  }
  return posed;
}

void KeypointSkeleton::carried(const Posed& posed, int bone, Rows& sums, Eigen::VectorXd& weights) const {
  const std::size_t bones = data_.bones.size();
  std::vector<char> moves(bones, 0);
  moves[static_cast<std::size_t>(bone)] = 1;
  for (std::size_t b = static_cast<std::size_t>(bone) + 1; b < bones; ++b) {   // parents stand first
    const int parent = data_.bones[b].parent;
    if (parent >= bone && moves[static_cast<std::size_t>(parent)] != 0) moves[b] = 1;
  }
  const auto points = static_cast<int>(posed.points.rows());
  sums.setZero(points, 3);
  weights.setZero(points);
  for (int i = 0; i < points; ++i) {
    for (int t = first_term_[static_cast<std::size_t>(i)]; t < first_term_[static_cast<std::size_t>(i) + 1];
         ++t) {
      const Term& term = terms_[static_cast<std::size_t>(t)];
      if (moves[static_cast<std::size_t>(term.bone)] == 0) continue;
      sums.row(i) += posed.terms.row(t);
      weights[i] += term.weight;
    }
  }
}

std::vector<int> surface_samples(const BodyModelData& data) {
  constexpr float kCellMetres = 0.1F;
  std::vector<int> samples;
  std::set<std::array<int, 3>> cells;
  for (Eigen::Index v = 0; v < data.template_vertices.rows(); ++v) {
    std::array<int, 3> cell{};
    for (int i = 0; i < 3; ++i)
      cell[static_cast<std::size_t>(i)] = static_cast<int>(std::floor(data.template_vertices(v, i) / kCellMetres));
    if (cells.insert(cell).second) samples.push_back(static_cast<int>(v));
  }
  return samples;
}

}  // namespace tactus::body
