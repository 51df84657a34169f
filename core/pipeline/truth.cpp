#include "tactus/pipeline/truth.h"

#include <numbers>

#include "tactus/pipeline/analysis.h"

namespace tactus::pipeline {
namespace {

std::optional<ContactScore> score(const contact::VertexContact* found, int vertex_count, const std::vector<int>& truth) {
  if (found == nullptr || found->probability.size() != vertex_count) return std::nullopt;
  std::vector<bool> touches(static_cast<std::size_t>(vertex_count), false);
  for (const int i : truth) {
    if (i < 0 || i >= vertex_count) return std::nullopt;   // of another mesh
    touches[static_cast<std::size_t>(i)] = true;
  }
  double hits = 0.0, claimed = 0.0;
  for (Eigen::Index i = 0; i < found->probability.size(); ++i) {
    if (found->probability[i] <= 0.5F) continue;
    claimed += 1.0;
    hits += touches[static_cast<std::size_t>(i)] ? 1.0 : 0.0;
  }
  ContactScore result;
  if (claimed > 0.0) result.precision = hits / claimed;
  if (!truth.empty()) result.recall = hits / static_cast<double>(truth.size());
  if (hits > 0.0) result.f1 = 2.0 * result.precision * result.recall / (result.precision + result.recall);
  return result;
}

}  // namespace

TruthErrors compare_with_truth(const Analysis& analysis, const Truth& truth) {
  TruthErrors errors;
  if (!analysis.body || analysis.body->mesh.vertices.rows() != truth.body.rows()) return errors;
  const Eigen::RowVector3f middle = analysis.body->mesh.vertices.colwise().mean(), true_middle = truth.body.colwise().mean();
  const geometry::Vertices apart = (analysis.body->mesh.vertices.rowwise() - middle) - (truth.body.rowwise() - true_middle);
  errors.body_cm = 100.0 * static_cast<double>(apart.rowwise().norm().mean());
  const int body_count = analysis.body->mesh.vertex_count();
  errors.body_contact = score(analysis.body_contact.get(), body_count, truth.body_contact);
  if (!analysis.object) return errors;
  errors.object_contact = score(analysis.object_contact.get(), analysis.object->mesh.vertex_count(), truth.object_contact);
  if (!analysis.fit) return errors;
  const auto& pose = analysis.fit->photo_from_object;
  const Eigen::Vector3d centre = geometry::area_weighted_centroid(analysis.object->mesh);
  errors.object_rotation_deg = geometry::rotation_angle(pose.rotation, truth.photo_from_object.rotation) * 180.0 / std::numbers::pi;
  const Eigen::Vector3d from_person = pose * centre - middle.transpose().cast<double>();
  const Eigen::Vector3d true_from_person = truth.photo_from_object * centre - true_middle.transpose().cast<double>();
  errors.object_centre_cm = 100.0 * (from_person - true_from_person).norm();
  return errors;
}

}  // namespace tactus::pipeline
