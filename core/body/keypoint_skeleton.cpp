#include "keypoint_skeleton.h"

#include <map>

namespace tactus::body {

KeypointSkeleton::KeypointSkeleton(const BodyModelData& data, const std::vector<int>& extra_vertices)
    : data_(data) {
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
    Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> sums;
    sums.setZero(static_cast<Eigen::Index>(terms_.size()), 3);
    for (const Share& s : shares) sums.row(s.term) += s.weight * vertices.row(s.vertex).cast<double>();
    return sums;
  };
  template_terms_ = gather(data.template_vertices);
  for (const auto& shape : data.shapes) shape_terms_.push_back(gather(shape.vertices));
}

KeypointSkeleton::Shaped KeypointSkeleton::shape(const Phenotype& phenotype) const {
  const auto weights = variation_weights(phenotype);
  Shaped shaped{data_.template_heads.cast<double>(), template_terms_};
  for (std::size_t s = 0; s < data_.shapes.size(); ++s) {
    double product = 1.0;
    for (const auto v : data_.shapes[s].variations) product *= weights[static_cast<std::size_t>(v)];
    if (product == 0.0) continue;
    shaped.heads += product * data_.shapes[s].heads.cast<double>();
    shaped.terms += product * shape_terms_[s];
  }
  const Eigen::RowVector3d origin = shaped.heads.row(0);
  shaped.heads.rowwise() -= origin;
  for (std::size_t t = 0; t < terms_.size(); ++t)
    shaped.terms.row(static_cast<Eigen::Index>(t)) -= terms_[t].weight * origin;
  return shaped;
}

Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> KeypointSkeleton::pose(
    const Shaped& shaped, const std::vector<Eigen::Matrix3d>& rotations) const {
  const std::size_t bones = data_.bones.size();
  std::vector<Eigen::Matrix3d> linear(bones);
  std::vector<Eigen::Vector3d> offset(bones);
  for (std::size_t b = 0; b < bones; ++b) {
    const Eigen::Vector3d head = shaped.heads.row(static_cast<Eigen::Index>(b)).transpose();
    const int parent = data_.bones[b].parent;
    const Eigen::Vector3d turn = head - rotations[b] * head;
    if (parent < 0) {
      linear[b] = rotations[b];
      offset[b] = turn;
    } else {
      const auto p = static_cast<std::size_t>(parent);
      linear[b] = linear[p] * rotations[b];
      offset[b] = linear[p] * turn + offset[p];
    }
  }
  Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor> points;
  points.setZero(point_count(), 3);
  for (int i = 0; i < point_count(); ++i) {
    for (int t = first_term_[static_cast<std::size_t>(i)]; t < first_term_[static_cast<std::size_t>(i) + 1];
         ++t) {
      const Term& term = terms_[static_cast<std::size_t>(t)];
      const auto b = static_cast<std::size_t>(term.bone);
      points.row(i) += (linear[b] * shaped.terms.row(t).transpose() + term.weight * offset[b]).transpose();
    }
  }
  return points;
}

}  // namespace tactus::body
