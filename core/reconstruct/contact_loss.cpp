#include "contact_loss.h"

#include <cmath>

#include "tactus/parallel.h"

namespace tactus::reconstruct {
namespace {

Points6 positions(const VerticesD& points) {
  Points6 six = Points6::Zero(points.rows(), 6);
  six.leftCols<3>() = points;
  return six;
}

// A few centimetres: beyond it a pair pulls with constant force, within it the pull fades to zero at contact.
constexpr double kSoftening = 0.002;

}  // namespace

double pairwise_contact_loss(const VerticesD& object, const Eigen::VectorXf& object_weights, const VerticesD& human,
                             const Eigen::VectorXf& human_weights, VerticesD& gradient) {
  gradient.setZero(object.rows(), 3);
  std::vector<Eigen::Index> active;
  double object_sum = 0.0, human_sum = 0.0;
  for (Eigen::Index i = 0; i < object.rows(); ++i) {
    object_sum += static_cast<double>(object_weights[i]);
    if (object_weights[i] != 0.0F) active.push_back(i);
  }
  // Structure of arrays for the inner loop.
  std::vector<float> hx, hy, hz, hw;
  for (Eigen::Index j = 0; j < human.rows(); ++j) {
    human_sum += static_cast<double>(human_weights[j]);
    if (human_weights[j] == 0.0F) continue;
    hx.push_back(static_cast<float>(human(j, 0)));
    hy.push_back(static_cast<float>(human(j, 1)));
    hz.push_back(static_cast<float>(human(j, 2)));
    hw.push_back(human_weights[j]);
  }
  const double norm = object_sum * human_sum;
  if (norm == 0.0) return 0.0;
  std::vector<double> of_row(active.size(), 0.0);
  parallel_for(active.size(), 32, [&](std::size_t begin, std::size_t end) {
    constexpr std::size_t kBlock = 512;   // short float sums, carried on in double
    for (std::size_t a = begin; a < end; ++a) {
      const Eigen::Index i = active[a];
      const auto ox = static_cast<float>(object(i, 0)), oy = static_cast<float>(object(i, 1)), oz = static_cast<float>(object(i, 2));
      double sum = 0.0, gx = 0.0, gy = 0.0, gz = 0.0;
      for (std::size_t first = 0; first < hx.size(); first += kBlock) {
        const std::size_t last = std::min(hx.size(), first + kBlock);
        float s = 0, sx = 0, sy = 0, sz = 0;
        for (std::size_t j = first; j < last; ++j) {
          const float dx = ox - hx[j], dy = oy - hy[j], dz = oz - hz[j];
          const float d = std::sqrt(dx * dx + dy * dy + dz * dz);
          s += hw[j] * d;
          const float pull = d > 0.0F ? hw[j] / d : 0.0F;
          sx += pull * dx;
          sy += pull * dy;
          sz += pull * dz;
        }
        sum += static_cast<double>(s);
        gx += static_cast<double>(sx);
        gy += static_cast<double>(sy);
        gz += static_cast<double>(sz);
      }
      const double weight = static_cast<double>(object_weights[i]) / norm;
      of_row[a] = weight * sum;
      gradient.row(i) << weight * gx, weight * gy, weight * gz;
    }
  });
  double loss = 0.0;
  for (const double row : of_row) loss += row;
  return loss;
}

NearestContactLoss::NearestContactLoss(const VerticesD& object_rest, const Eigen::VectorXd& object_weights,
                                       const VerticesD& human, const Eigen::VectorXd& human_weights)
    : object_(object_rest), human_(human), object_weights_(object_weights), human_weights_(human_weights),
      object_tree_(make_cpu_correspondence_search()), human_tree_(make_cpu_correspondence_search()) {
  if (empty()) return;
  object_weights_ /= object_weights_.sum();
  human_weights_ /= human_weights_.sum();
  object_tree_->set_targets(positions(object_));
  human_tree_->set_targets(positions(human_));
}

double NearestContactLoss::evaluate(const Eigen::Matrix3d& rotation, const Eigen::Vector3d& translation, double scale,
                                    VerticesD& gradient) const {
  gradient.setZero(object_.rows(), 3);
  if (empty()) return 0.0;
  const VerticesD posed = (scale * object_ * rotation.transpose()).rowwise() + translation.transpose();
  double loss = 0.0;
  const auto add = [&](Eigen::Index o, Eigen::Index h, double weight) {
    const Eigen::RowVector3d difference = posed.row(o) - human_.row(h);
    const double length = std::sqrt(difference.squaredNorm() + kSoftening * kSoftening);
    loss += 0.5 * weight * (length - kSoftening);
    gradient.row(o) += 0.5 * weight / length * difference;
  };
  const auto nearest_human = human_tree_->nearest(positions(posed));
  for (Eigen::Index i = 0; i < posed.rows(); ++i) add(i, nearest_human[static_cast<std::size_t>(i)], object_weights_[i]);
  // The human points seen from the object's frame; a similarity keeps the order of distances.
  const VerticesD carried = (human_.rowwise() - translation.transpose()) * rotation / scale;
  const auto nearest_object = object_tree_->nearest(positions(carried));
  for (Eigen::Index j = 0; j < human_.rows(); ++j) add(nearest_object[static_cast<std::size_t>(j)], j, human_weights_[j]);
  return loss;
}

}  // namespace tactus::reconstruct
