#include "globals.h"

#include <Eigen/Geometry>
#include <Eigen/SVD>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace tactus::evidence {
namespace {

// Sides of the smallest rectangle, turned in steps of 3°, around the mask; pixels, larger first.
Eigen::Vector2d smallest_rectangle(const MaskGeometry& mask) {
  Eigen::Vector2d best(0.0, 0.0);
  double smallest = std::numeric_limits<double>::max();
  constexpr int kSteps = 30;
  for (int step = 0; step < kSteps; ++step) {
    const double angle = 0.5 * std::numbers::pi * step / kSteps;
    const double c = std::cos(angle), s = std::sin(angle);
    double low_a = std::numeric_limits<double>::max(), high_a = -low_a, low_b = low_a, high_b = -low_a;
    for (int r = mask.first_row; r <= mask.last_row; ++r) {
      const auto row = static_cast<std::size_t>(r);
      if (mask.left[row] > mask.right[row]) continue;
      for (const int column : {mask.left[row], mask.right[row]}) {
        const double a = c * column + s * r, b = -s * column + c * r;
        low_a = std::min(low_a, a);
        high_a = std::max(high_a, a);
        low_b = std::min(low_b, b);
        high_b = std::max(high_b, b);
      }
    }
    const double one = 1.0;   // centres of pixels → their far sides
    const Eigen::Vector2d sides(high_a - low_a + one, high_b - low_b + one);
    if (sides.prod() < smallest) {
      smallest = sides.prod();
      best = {sides.maxCoeff(), sides.minCoeff()};
    }
  }
  return best;
}

// Along the shared border: how often the body lies under the object's mask (the object is before it), and how often the mask
// ends at the body's outline (the body may cut it off). The fitted body is wrong by a few pixels: it is asked for 3 pixels
// inside the mask.
void order_at_border(const Observation& o, const MaskGeometry& mask, float& object_before, float& person_before) {
  object_before = person_before = 0.0F;
  if (mask.border_pixels == 0) return;
  const auto body_at = [&](float x, float y) {
    const int c = std::clamp(static_cast<int>(std::lround(x)), 0, kCropSize - 1);
    const int r = std::clamp(static_cast<int>(std::lround(y)), 0, kCropSize - 1);
    return o.body_depth.at(c, r) > 0.0F;
  };
  int covers = 0, cut = 0;
  for (int r = 0; r < kCropSize; ++r) {
    for (int c = 0; c < kCropSize; ++c) {
      if (mask.border.at(c, r) == 0) continue;
      const ImageF& d = *mask.distance;
      const int c0 = std::max(c - 1, 0), c1 = std::min(c + 1, kCropSize - 1);
      const int r0 = std::max(r - 1, 0), r1 = std::min(r + 1, kCropSize - 1);
      const float gx = d.at(c1, r) - d.at(c0, r), gy = d.at(c, r1) - d.at(c, r0);
      const float length = std::max(std::sqrt(gx * gx + gy * gy), 1e-6F);
      const auto x = static_cast<float>(c), y = static_cast<float>(r);
      constexpr float kDeep = 3.0F;
      if (body_at(x - kDeep * gx / length, y - kDeep * gy / length)) {
        ++covers;
      } else if (body_at(x + kDeep * gx / length, y + kDeep * gy / length)) {
        ++cut;
      }
    }
  }
  object_before = static_cast<float>(covers) / static_cast<float>(mask.border_pixels);
  person_before = static_cast<float>(cut) / static_cast<float>(mask.border_pixels);
}

// Yaw of the trunk, in (-1, 1]: 0 looks at the camera, ±1 away, 0.5: to the right of the picture. By the rotation that
// brings the trunk's points of the rest pose onto their places.
float facing_yaw(const BodySample& sample, const geometry::Vertices& points) {
  Eigen::Vector3d mean_rest = Eigen::Vector3d::Zero(), mean = Eigen::Vector3d::Zero();
  std::vector<Eigen::Index> trunk;
  for (Eigen::Index s = 0; s < points.rows(); ++s) {
    const auto rest = sample.rest.row(s);
    if (std::abs(rest.x()) > 0.2F || rest.y() < -0.1F || rest.y() > 0.5F) continue;
    trunk.push_back(s);
    mean_rest += rest.transpose().cast<double>();
    mean += points.row(s).transpose().cast<double>();
  }
  if (trunk.size() < 3) return 0.0F;
  mean_rest /= static_cast<double>(trunk.size());
  mean /= static_cast<double>(trunk.size());
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
  for (const auto s : trunk)
    covariance += (points.row(s).transpose().cast<double>() - mean) *
                  (sample.rest.row(s).transpose().cast<double>() - mean_rest).transpose();
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(covariance, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Eigen::Matrix3d flip = Eigen::Matrix3d::Identity();
  flip(2, 2) = (svd.matrixU() * svd.matrixV().transpose()).determinant() < 0.0 ? -1.0 : 1.0;
  const Eigen::Vector3d front = (svd.matrixU() * flip * svd.matrixV().transpose()).col(2);
  return static_cast<float>(std::atan2(front.x(), -front.z()) / std::numbers::pi);
}

}  // namespace

DepthFromSize depth_from_size(const MaskGeometry& mask, const Eigen::Vector3d& size, double size_spread, double focal_px,
                              double covered, bool cut) {
  if (mask.pixels == 0 || !(size.minCoeff() > 0.0) || !(focal_px > 0.0)) return {};
  const Eigen::Vector2d sides = smallest_rectangle(mask);
  const double aspect = std::log(sides.x() / sides.y());
  // Seen along one of its axes the box shows two of its sides: which two, the rectangle's proportions tell, and that a large
  // face is seen more often.
  constexpr double kAspectSpread = 0.25;
  std::array<double, 3> log_depth{}, weight{};
  double sum = 0.0, mean = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    const double a = size[k == 2 ? 1 : 0], b = size[k == 0 ? 1 : 2];
    const double miss = (aspect - std::log(a / b)) / kAspectSpread;
    log_depth[k] = std::log(focal_px) + 0.5 * std::log(a * b / sides.prod());
    weight[k] = a * b * a * b * (std::exp(-0.5 * miss * miss) + 1e-3);
    sum += weight[k];
    mean += weight[k] * log_depth[k];
  }
  DepthFromSize result;
  result.known = true;
  result.log_depth = mean / sum;
  double variance = 0.0;
  for (std::size_t k = 0; k < 3; ++k) variance += weight[k] / sum * std::pow(log_depth[k] - result.log_depth, 2);
  const double pixel = 1.0 / sides.y();   // of a small mask
  constexpr double kOblique = 0.15;
  variance += size_spread * size_spread + kOblique * kOblique + pixel * pixel + std::pow(0.6 * covered, 2) +
              (cut ? 0.25 : 0.0);
  result.spread = std::min(std::sqrt(variance), 1.0);
  return result;
}

DepthFromSize gather_globals(const Observation& o, const BodySample& sample, const MaskGeometry& mask,
                             const Eigen::Vector3d& pelvis, double nearest_m, Evidence& evidence) {
  const double metres = std::max(pelvis.z(), 0.05) / o.crop.focal_x;   // a pixel at the pelvis
  const auto clipped = [](double value, double limit) { return static_cast<float>(std::clamp(value, -limit, limit)); };
  const bool has_mask = mask.pixels > 0;
  auto& g = evidence.global;
  g.setZero();
  std::size_t next = 0;
  const auto put = [&](float value) { g[static_cast<Eigen::Index>(next++)] = value; };
  int person_area = 0, both = 0;
  for (std::size_t i = 0; i < o.body_depth.data.size(); ++i) {
    const int body = o.body_depth.data[i] > 0.0F;
    person_area += body;
    if (has_mask) both += body & static_cast<int>(o.object_mask.data[i] != 0);
  }
  std::vector<std::uint8_t> of_head, of_feet;
  for (const auto& part : sample.part_names) {
    of_head.push_back(part == "head" || part == "face");
    of_feet.push_back(part.find("foot") != std::string::npos || part.find("sole") != std::string::npos);
  }
  double head = std::numeric_limits<double>::max(), feet = -head;
  for (Eigen::Index s = 0; s < o.points.rows(); ++s) {
    if (!(o.points(s, 2) > 0.05F)) continue;
    const double row = o.crop.focal_y * static_cast<double>(o.points(s, 1) / o.points(s, 2)) + o.crop.centre_y;
    const auto part = sample.parts[static_cast<std::size_t>(s)];
    if (of_head[part] != 0) head = std::min(head, row);
    if (of_feet[part] != 0) feet = std::max(feet, row);
  }
  double perimeter = 0.0;
  bool cut = o.object_mask_outside > 0.02;
  if (has_mask) {
    for (int r = mask.first_row; r <= mask.last_row; ++r) {
      for (int c = std::max(mask.left[static_cast<std::size_t>(r)], 0); c <= mask.right[static_cast<std::size_t>(r)]; ++c) {
        const float d = mask.distance->at(c, r);
        perimeter += d < 0.0F && d > -1.5F;   // the outermost pixels
      }
      cut = cut || mask.left[static_cast<std::size_t>(r)] == 0 || mask.right[static_cast<std::size_t>(r)] == kCropSize - 1;
    }
    cut = cut || mask.first_row == 0 || mask.last_row == kCropSize - 1;
  }
  const double covered = std::min(mask.border_pixels / std::max(2.0 * perimeter, 1.0), 1.0);   // the border is 2 pixels wide
  const DepthFromSize depth = depth_from_size(mask, o.object_size, o.size_spread, o.crop.focal_x, covered, cut);
  float object_before = 0.0F, person_before = 0.0F;
  order_at_border(o, mask, object_before, person_before);
  float marked = 0.0F;
  for (const float c : o.joint_confidence) marked += c > 0.0F;

  put(has_mask ? 1.0F : 0.0F);
  put(has_mask ? static_cast<float>(std::clamp(std::log((mask.pixels + 1.0) / (person_area + 1.0)), -4.0, 3.0) / 4.0) : -1.0F);
  put(clipped(o.object_mask_outside, 1.0));
  put(has_mask ? clipped(nearest_m / 0.8, 1.0) : 1.0F);
  put(has_mask ? static_cast<float>(both) / static_cast<float>(mask.pixels) : 0.0F);
  put(depth.known ? clipped(depth.log_depth - std::log(std::max(pelvis.z(), 0.05)), 1.5) : 0.0F);
  put(static_cast<float>(depth.spread));
  put(has_mask && feet > -1e9 ? clipped((mask.last_row + 0.5 - feet) * metres, 1.0) : 0.0F);
  put(has_mask && head < 1e9 ? clipped((mask.first_row + 0.5 - head) * metres, 2.0) / 2.0F : 0.0F);
  put(object_before);
  put(person_before);
  put(clipped(o.fit_error_m / 0.2, 1.0));
  put(clipped(o.facing_gap, 1.0));
  put(o.person_mask.empty() ? 0.0F : 1.0F);
  put(marked / static_cast<float>(o.joint_confidence.size()));
  put(facing_yaw(sample, o.points));
  put(clipped(o.joints_guessed, 1.0));
  put(o.object_mask_guessed ? 1.0F : 0.0F);
  put(clipped(o.object_doubt, 1.0));
  const double spread = mask.variance_x + mask.variance_y;   // 0: no mask, or a single pixel
  put(has_mask ? clipped((mask.last_column + 1 - mask.first_column) * metres, 3.0) / 3.0F : 0.0F);
  put(spread > 0.0 ? clipped((mask.variance_y - mask.variance_x) / spread, 1.0) : 0.0F);
  put(spread > 0.0 ? clipped(2.0 * mask.covariance / spread, 1.0) : 0.0F);
  evidence.guessed = o.object_mask_guessed || o.joints_guessed >= 0.5;
  return depth;
}

}  // namespace tactus::evidence
