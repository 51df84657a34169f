#include "tactus/evidence/evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "globals.h"
#include "tactus/error.h"

namespace tactus::evidence {
namespace {

constexpr int kSize = kCropSize;

// Sums of the pixels above and to the left.
class BoxSums {
 public:
  explicit BoxSums(const ImageU8& mask) : sums_(kSize + 1, kSize + 1) {
    for (int r = 0; r < kSize; ++r) {
      std::int32_t along = 0;
      for (int c = 0; c < kSize; ++c) {
        along += mask.at(c, r) != 0;
        sums_.at(c + 1, r + 1) = sums_.at(c + 1, r) + along;
      }
    }
  }
  // Pixels of columns [c0, c1) and rows [r0, r1), as far as they lie in the crop.
  int count(int c0, int r0, int c1, int r1) const {
    c0 = std::clamp(c0, 0, kSize);
    c1 = std::clamp(c1, 0, kSize);
    r0 = std::clamp(r0, 0, kSize);
    r1 = std::clamp(r1, 0, kSize);
    return sums_.at(c1, r1) - sums_.at(c0, r1) - sums_.at(c1, r0) + sums_.at(c0, r0);
  }
  // Part of a box around a place that is mask; what lies outside of the crop counts as none.
  float density(float u, float v, float side) const {
    const float half = std::max(0.5F * side, 0.5F);
    constexpr float kLift = 1e4F;   // rounds towards minus infinity without a call; boxes end far before it
    const float low = std::min(half, 1e3F) - 0.5F;
    const int c0 = static_cast<int>(u - low + kLift) - static_cast<int>(kLift);
    const int r0 = static_cast<int>(v - low + kLift) - static_cast<int>(kLift);
    const int width = std::max(1, static_cast<int>(2.0F * std::min(half, 1e3F) + 0.5F));
    const int all = width * width;
    return static_cast<float>(count(c0, r0, c0 + width, r0 + width)) / static_cast<float>(all);
  }

 private:
  ImageI32 sums_;
};

struct Place {
  float u = 0, v = 0;          // kept within the crop
  float beyond = 0;            // pixels from there to the true place
};

Place place_of(float u, float v) {
  constexpr float kLast = kSize - 0.5F;
  const float cu = std::clamp(u, 0.5F, kLast), cv = std::clamp(v, 0.5F, kLast);
  return {cu, cv, std::min(std::hypot(u - cu, v - cv), 1e5F)};
}

// Value between the pixels' centres, and its gradient a pixel.
float bilinear(const ImageF& image, float u, float v, float* gradient = nullptr) {
  const float x = u - 0.5F, y = v - 0.5F;
  const int c = std::clamp(static_cast<int>(x), 0, kSize - 2), r = std::clamp(static_cast<int>(y), 0, kSize - 2);
  const float a = x - static_cast<float>(c), b = y - static_cast<float>(r);
  const float v00 = image.at(c, r), v10 = image.at(c + 1, r), v01 = image.at(c, r + 1), v11 = image.at(c + 1, r + 1);
  if (gradient != nullptr) {
    gradient[0] = (1.0F - b) * (v10 - v00) + b * (v11 - v01);
    gradient[1] = (1.0F - a) * (v01 - v00) + a * (v11 - v10);
  }
  return (1.0F - b) * ((1.0F - a) * v00 + a * v10) + b * ((1.0F - a) * v01 + a * v11);
}

void check(const Observation& o, const BodySample& sample) {
  const auto refuse = [](const std::string& what) { throw bad_input("observation: " + what); };
  const Eigen::Index size = sample.size();
  if (o.points.rows() != size || o.normals.rows() != size || o.visible.size() != sample.vertices.size())
    refuse(std::to_string(o.points.rows()) + " points of the body; one for each of the sample's " + std::to_string(size) +
           " is needed");
  if (!(o.crop.focal_x > 0.0 && o.crop.focal_y > 0.0)) refuse("the crop's focal length is not positive; use crop_around");
  if (!o.body_depth.same_size(kSize, kSize)) refuse("the body's depth map is not of the crop's size; use place_body");
  for (const ImageU8* mask : {&o.object_mask, &o.person_mask})
    if (!mask->empty() && !(mask->same_size(kSize, kSize) && mask->channels == 1))
      refuse("a mask is not of the crop's size; use crop_mask");
}

MaskGeometry examine(const ImageU8& object, const ImageU8& person, const ImageF& distance) {
  MaskGeometry mask;
  mask.distance = &distance;
  mask.left.assign(kSize, kSize);
  mask.right.assign(kSize, -1);
  mask.first_row = kSize;
  mask.last_row = -1;
  mask.first_column = kSize;
  mask.last_column = -1;
  mask.border = ImageU8(kSize, kSize);
  if (object.empty()) return mask;
  const bool has_person = !person.empty();
  double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  const BoxSums near_person(has_person ? person : ImageU8(kSize, kSize));
  for (int r = 0; r < kSize; ++r) {
    for (int c = 0; c < kSize; ++c) {
      if (object.at(c, r) == 0) continue;
      ++mask.pixels;
      auto& left = mask.left[static_cast<std::size_t>(r)];
      left = std::min(left, c);
      mask.right[static_cast<std::size_t>(r)] = c;
      mask.first_row = std::min(mask.first_row, r);
      mask.last_row = r;
      mask.first_column = std::min(mask.first_column, c);
      mask.last_column = std::max(mask.last_column, c);
      x += c;
      y += r;
      xx += c * c;
      yy += r * r;
      xy += c * r;
      if (has_person && near_person.count(c - 2, r - 2, c + 3, r + 3) > 0) {
        mask.border.at(c, r) = 1;
        ++mask.border_pixels;
      }
    }
  }
  if (mask.pixels > 0) {
    const double n = mask.pixels;
    mask.variance_x = xx / n - x / n * (x / n);
    mask.variance_y = yy / n - y / n * (y / n);
    mask.covariance = xy / n - x / n * (y / n);
  }
  return mask;
}

}  // namespace

Eigen::Vector3d pelvis(const BodySample& sample, const geometry::Vertices& points) {
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  int count = 0;
  for (Eigen::Index s = 0; s < points.rows(); ++s) {
    if (std::abs(sample.rest(s, 1)) > 0.1F || std::abs(sample.rest(s, 0)) > 0.25F) continue;
    sum += points.row(s).transpose().cast<double>();
    ++count;
  }
  return count > 0 ? Eigen::Vector3d(sum / count) : Eigen::Vector3d(points.colwise().mean().transpose().cast<double>());
}

Evidence gather(const Observation& o, const BodySample& sample) {
  check(o, sample);
  Evidence evidence;
  const int size = sample.size();
  evidence.vertex = FeatureRows::Zero(size, kVertexFeatureCount);
  evidence.distance_m = Eigen::VectorXf::Constant(size, 10.0F);
  const Eigen::Vector3d middle = pelvis(sample, o.points);
  const auto focal = static_cast<float>(o.crop.focal_x);
  const float metres = static_cast<float>(std::max(middle.z(), 0.05)) / focal;   // a pixel at the pelvis

  const bool given = !o.object_mask.empty();
  const ImageF distance = given ? signed_distance(o.object_mask) : ImageF();
  const MaskGeometry mask = examine(o.object_mask, o.person_mask, distance);
  evidence.mask_empty = mask.pixels == 0;
  const BoxSums object_sums(given ? o.object_mask : ImageU8(kSize, kSize));
  const ImageF to_border = mask.border_pixels > 0 ? signed_distance(mask.border) : ImageF();

  enum : int {
    distance_, near_3cm, near_10cm, inside, inside_person, density_small, density_large, visible, inside_visible, covered, depth,
    facing, normal_x, normal_y, x, y, depth_gap, border_normal, person_border, joint_confidence, mask_x, mask_y
  };
  const auto in_box = [](float at, int first, int last) {   // pixels [first, last]
    const float half = 0.5F * static_cast<float>(last + 1 - first);
    return std::clamp((at - static_cast<float>(first) - half) / half, -2.0F, 2.0F);
  };
  float nearest_m = std::numeric_limits<float>::max();
  for (int s = 0; s < size; ++s) {
    auto f = evidence.vertex.row(s);
    const auto k = static_cast<std::size_t>(s);
    const Eigen::Vector3f point = o.points.row(s), normal = o.normals.row(s);
    const float z = std::max(point.z(), 0.05F);   // behind the camera: somewhere far outside of the crop
    const Place at = place_of(focal * point.x() / z + static_cast<float>(o.crop.centre_x),
                              static_cast<float>(o.crop.focal_y) * point.y() / z + static_cast<float>(o.crop.centre_y));
    const bool seen = o.visible[k] != 0;
    const bool in_crop = at.beyond <= 0.5F;
    const auto column = std::min(static_cast<int>(at.u), kSize - 1), row = std::min(static_cast<int>(at.v), kSize - 1);
    f[distance_] = 1.0F;
    if (!evidence.mask_empty) {
      float gradient[2];
      const float pixels = bilinear(distance, at.u, at.v, gradient) + at.beyond;
      const float d = std::clamp(pixels * metres, -0.8F, 0.8F);
      f[distance_] = std::copysign(std::sqrt(std::abs(d) / 0.8F), d);
      f[near_3cm] = std::exp(-std::max(d, 0.0F) / 0.03F);
      f[near_10cm] = std::exp(-std::max(d, 0.0F) / 0.10F);
      f[inside] = in_crop && o.object_mask.at(column, row) != 0 ? 1.0F : 0.0F;
      f[mask_x] = in_box(at.u, mask.first_column, mask.last_column);
      f[mask_y] = in_box(at.v, mask.first_row, mask.last_row);
      f[density_small] = object_sums.density(at.u, at.v, 0.06F / metres);
      f[density_large] = object_sums.density(at.u, at.v, 0.20F / metres);
      f[inside_visible] = seen ? f[inside] : 0.0F;
      const float steep = std::hypot(gradient[0], gradient[1]);
      if (steep > 1e-3F) f[border_normal] = -(normal.x() * gradient[0] + normal.y() * gradient[1]) / steep;
      if (mask.border_pixels > 0)
        f[person_border] = std::exp(-std::max(bilinear(to_border, at.u, at.v) + at.beyond, 0.0F) * metres / 0.05F);
      evidence.distance_m[s] = std::clamp(pixels * z / focal, -10.0F, 10.0F);
      if (seen) nearest_m = std::min(nearest_m, pixels * metres);
    }
    f[inside_person] = 0.5F;
    if (!o.person_mask.empty()) {
      f[inside_person] = in_crop && o.person_mask.at(column, row) != 0 ? 1.0F : 0.0F;
      f[covered] = f[inside] * (1.0F - f[inside_person]);
    }
    f[visible] = seen ? 1.0F : 0.0F;
    const Eigen::Vector3f from_pelvis = (point - middle.cast<float>()).cwiseMax(-3.0F).cwiseMin(3.0F);
    f[depth] = from_pelvis.z();
    f[facing] = std::clamp(-normal.dot(point) / std::max(point.norm(), 1e-3F), -1.0F, 1.0F);
    f[normal_x] = normal.x();
    f[normal_y] = normal.y();
    f[x] = from_pelvis.x();
    f[y] = from_pelvis.y();
    f[joint_confidence] = o.joint_confidence[sample.keypoint[k]];
  }

  const DepthFromSize object = gather_globals(o, sample, mask, middle, static_cast<double>(nearest_m), evidence);
  if (object.known) {
    const auto object_z = static_cast<float>(std::exp(std::clamp(object.log_depth, -5.0, 5.0)));
    const float tolerance = static_cast<float>(object.spread) * object_z;
    for (int s = 0; s < size; ++s)
      evidence.vertex(s, depth_gap) = std::clamp((object_z - o.points(s, 2)) / tolerance, -3.0F, 3.0F) / 3.0F;
  }
  return evidence;
}

}  // namespace tactus::evidence
