#include "contact_loss.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "tactus/parallel.h"

namespace tactus::reconstruct {
namespace {

Points6 positions(const VerticesD& points) {
  Points6 six = Points6::Zero(points.rows(), 6);
  six.leftCols<3>() = points;
  return six;
}

constexpr double kAround = 0.10;                   // metres around a patch that say where it ends
constexpr std::size_t kMostPoints = 1200;          // a side; more are thinned
constexpr int kBandRounds = 2;
constexpr double kLeastReach = 0.003, kMostReach = 0.06, kLeastWidth = 0.003, kMostWidth = 0.03;

// Vertices in the patch and around it, thinned evenly, with the area each stands for.
struct Around {
  VerticesD points;
  std::vector<double> probabilities, areas;
};

Around around_patch(const geometry::Mesh& mesh, const Eigen::VectorXf& p) {
  Around result;
  std::vector<Eigen::Index> in;
  for (Eigen::Index i = 0; i < p.size(); ++i)
    if (p[i] > 0.3F) in.push_back(i);
  if (in.empty()) return result;
  VerticesD patch(static_cast<Eigen::Index>(in.size()), 3);
  for (std::size_t i = 0; i < in.size(); ++i) patch.row(static_cast<Eigen::Index>(i)) = mesh.vertices.row(in[i]).cast<double>();
  const auto tree = make_cpu_correspondence_search();
  tree->set_targets(positions(patch));
  const auto nearest = tree->nearest(positions(mesh.vertices.cast<double>()));
  std::vector<Eigen::Index> chosen;
  for (Eigen::Index i = 0; i < p.size(); ++i)
    if ((mesh.vertices.row(i).cast<double>() - patch.row(nearest[static_cast<std::size_t>(i)])).norm() < kAround) chosen.push_back(i);
  const std::size_t count = std::min(chosen.size(), kMostPoints);
  const Eigen::VectorXf areas = geometry::vertex_areas(mesh);
  result.points.resize(static_cast<Eigen::Index>(count), 3);
  for (std::size_t k = 0; k < count; ++k) {
    const Eigen::Index i = chosen[k * chosen.size() / count];
    result.points.row(static_cast<Eigen::Index>(k)) = mesh.vertices.row(i).cast<double>();
    result.probabilities.push_back(static_cast<double>(std::clamp(p[i], 0.0F, 1.0F)));
    result.areas.push_back(static_cast<double>(areas[i]) + 1e-9);
  }
  return result;
}

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

void PlacementGradient::add(const Placement& at, const Eigen::Vector3d& rest, const Eigen::Vector3d& force) {
  rotation += at.scale * force * rest.transpose();
  place += force;
  log_scale += at.scale * (at.rotation * rest).dot(force);
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

double NearestContactLoss::evaluate(const Placement& at, double factor, PlacementGradient& gradient) const {
  if (empty()) return 0.0;
  const VerticesD posed = (at.scale * object_ * at.rotation.transpose()).rowwise() + at.place.transpose();
  double loss = 0.0;
  const auto add = [&](Eigen::Index o, Eigen::Index h, double weight) {
    const Eigen::RowVector3d difference = posed.row(o) - human_.row(h);
    const double squared = difference.squaredNorm(), length = std::sqrt(squared + kNear * kNear);
    // ρ = f/(1 + f/kFar) of f = sqrt(d² + kNear²) - kNear
    const double f = length - kNear, level = 1.0 + f / kFar;
    loss += 0.5 * weight * f / level;
    gradient.add(at, object_.row(o).transpose(), (factor * 0.5 * weight / (length * level * level)) * difference.transpose());
  };
  const auto nearest_human = human_tree_->nearest(positions(posed));
  for (Eigen::Index i = 0; i < posed.rows(); ++i) add(i, nearest_human[static_cast<std::size_t>(i)], object_weights_[i]);
  // The human points seen from the object's frame; a similarity keeps the order of distances.
  const VerticesD carried = (human_.rowwise() - at.place.transpose()) * at.rotation / at.scale;
  const auto nearest_object = object_tree_->nearest(positions(carried));
  for (Eigen::Index j = 0; j < human_.rows(); ++j) add(nearest_object[static_cast<std::size_t>(j)], j, human_weights_[j]);
  return loss;
}

ContactBandLoss::ContactBandLoss(const geometry::Mesh& object_rest, const Eigen::VectorXf& object_contact,
                                 const geometry::Mesh& human, const Eigen::VectorXf& human_contact) {
  const Around object = around_patch(object_rest, object_contact), body = around_patch(human, human_contact);
  object_points_ = object.points;
  human_points_ = body.points;
  if (empty()) return;
  const auto count = object_points_.rows() + human_points_.rows();
  probabilities_.resize(count);
  weights_.resize(count);
  Eigen::Index at = 0;
  for (const Around* side : {&object, &body}) {
    double total = 0.0;
    for (const double area : side->areas) total += area;
    for (std::size_t i = 0; i < side->areas.size(); ++i, ++at) {
      probabilities_[at] = side->probabilities[i];
      weights_[at] = 0.5 * side->areas[i] / total;
    }
  }
  object_surface_ = std::make_unique<SurfaceDistance>(object_rest.vertices.cast<double>(), object_rest.faces);
  human_surface_ = std::make_unique<SurfaceDistance>(human.vertices.cast<double>(), human.faces);
}

double ContactBandLoss::evaluate(const Placement& at, double factor, PlacementGradient& gradient, Band& band) const {
  if (empty()) return 0.0;
  const Eigen::Index objects = object_points_.rows(), count = probabilities_.size();
  VerticesD rest(count, 3), apart(count, 3);   // the object's end of each line, and the line from the body's end to it
  parallel_for(static_cast<std::size_t>(count), 128, [&](std::size_t begin, std::size_t end) {
    for (auto i = static_cast<Eigen::Index>(begin); i < static_cast<Eigen::Index>(end); ++i) {
      if (i < objects) {
        const Eigen::Vector3d own = object_points_.row(i).transpose();
        const Eigen::Vector3d posed = at.scale * (at.rotation * own) + at.place;
        rest.row(i) = own.transpose();
        apart.row(i) = (posed - human_surface_->nearest(posed)).transpose();
      } else {
        const Eigen::Vector3d body = human_points_.row(i - objects).transpose();
        const Eigen::Vector3d on = object_surface_->nearest(at.rotation.transpose() * (body - at.place) / at.scale);
        rest.row(i) = on.transpose();
        apart.row(i) = (at.scale * (at.rotation * on) + at.place - body).transpose();
      }
    }
  });
  const Eigen::VectorXd distance = apart.rowwise().norm();
  // Gauss-Newton on reach and width; at their optimum the pose's gradient needs no terms for them.
  Eigen::VectorXd model(count);
  double loss = 0.0;
  for (int side = 0; side < 2; ++side) {
    double& reach = band.reach[side];
    double& width = band.width[side];
    const Eigen::Index first = side == 0 ? 0 : objects, last = side == 0 ? objects : count;
    for (int round = 0;; ++round) {
      Eigen::Matrix2d normal = 1e-9 * Eigen::Matrix2d::Identity();
      Eigen::Vector2d right = Eigen::Vector2d::Zero();
      double squares = 0.0;
      for (Eigen::Index i = first; i < last; ++i) {
        const double x = (distance[i] - reach) / width;
        model[i] = 1.0 / (1.0 + std::exp(x));
        const double residual = probabilities_[i] - model[i], slope = model[i] * (1.0 - model[i]) / width;
        squares += weights_[i] * residual * residual;
        const Eigen::Vector2d row(slope, slope * x);
        normal += weights_[i] * row * row.transpose();
        right += weights_[i] * residual * row;
      }
      if (round == kBandRounds) {
        loss += squares;
        break;
      }
      normal.diagonal() *= 1.1;
      const Eigen::Vector2d step = normal.ldlt().solve(right).cwiseMax(-0.004).cwiseMin(0.004);
      reach = std::clamp(reach + step[0], kLeastReach, kMostReach);
      width = std::clamp(width + step[1], kLeastWidth, kMostWidth);
    }
  }
  for (Eigen::Index i = 0; i < count; ++i) {
    const double of_distance = 2.0 * weights_[i] * (probabilities_[i] - model[i]) * model[i] * (1.0 - model[i]) / band.width[i < objects ? 0 : 1];
    if (distance[i] < 1e-9) continue;
    gradient.add(at, rest.row(i).transpose(), (factor * of_distance / distance[i]) * apart.row(i).transpose());
  }
  return loss;
}

}  // namespace tactus::reconstruct
