#include "tactus/ui/contact_links.h"

#include <limits>

namespace tactus::ui {

std::vector<std::pair<Eigen::Vector3d, Eigen::Vector3d>> contact_links(const pipeline::Analysis& a, const geometry::SimilarityTransform& pose, int most) {
  std::vector<std::pair<Eigen::Vector3d, Eigen::Vector3d>> links;
  if (!a.body || !a.object || !a.body_contact || !a.object_contact) return links;
  const auto touching = [](const Eigen::VectorXf& p, double threshold) {
    std::vector<int> list;
    for (Eigen::Index i = 0; i < p.size(); ++i)
      if (static_cast<double>(p[i]) > threshold) list.push_back(static_cast<int>(i));
    return list;
  };
  const auto body = touching(a.body_contact->probability, a.options.align.human_threshold);
  const auto object = touching(a.object_contact->probability, a.options.align.object_threshold);
  if (body.empty() || object.empty() || most < 1) return links;
  const auto body_normals = geometry::vertex_normals(a.body->mesh), object_normals = geometry::vertex_normals(a.object->mesh);
  const double weight = a.options.align.mode == Mode::corrected ? a.options.align.normal_weight : 0.0;
  const auto count = std::min<std::size_t>(object.size(), static_cast<std::size_t>(most));
  for (std::size_t k = 0; k < count; ++k) {
    const int from = object[k * object.size() / count];
    const Eigen::Vector3d p = pose * a.object->mesh.vertices.row(from).transpose().cast<double>();
    const Eigen::Vector3d n = pose.rotation * object_normals.row(from).transpose().cast<double>();
    double nearest = std::numeric_limits<double>::max();
    Eigen::Vector3d best = p;
    for (const int to : body) {
      const Eigen::Vector3d q = a.body->mesh.vertices.row(to).transpose().cast<double>();
      // Surfaces that touch face each other.
      const double distance = (q - p).squaredNorm() + weight * weight * (n + body_normals.row(to).transpose().cast<double>()).squaredNorm();
      if (distance >= nearest) continue;
      nearest = distance;
      best = q;
    }
    links.emplace_back(p, best);
  }
  return links;
}

}  // namespace tactus::ui
