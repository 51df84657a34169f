#include "tactus/evidence/observation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tactus/error.h"
#include "tactus/evidence/evidence.h"
#include "tactus/objects/library.h"

namespace tactus::evidence {
namespace {

constexpr double kCropMargin = 1.7;   // of the larger side of the body's box
constexpr float kNearest = 0.05F;     // metres before the camera: a projected place nearer than that means nothing

}  // namespace

geometry::PinholeCamera crop_around(const geometry::Vertices& points, const geometry::PinholeCamera& camera) {
  Eigen::Array2d low(std::numeric_limits<double>::max(), std::numeric_limits<double>::max()), high = -low;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if (!(points(i, 2) > kNearest)) continue;
    const Eigen::Array2d pixel = camera.project(points.row(i).transpose().cast<double>()).array();
    low = low.min(pixel);
    high = high.max(pixel);
  }
  if (!(low.x() <= high.x())) throw bad_input("body: no point of it is before the camera; it must stand at a positive depth");
  // A hand just before the lens would spread the box without end: one picture's size around the picture is enough.
  const Eigen::Array2d size(camera.width, camera.height);
  low = low.max(-size).min(2.0 * size);
  high = high.max(-size).min(2.0 * size);
  const double side = std::max(8.0, kCropMargin * (high - low).maxCoeff());
  const Eigen::Array2d corner = 0.5 * (low + high) - 0.5 * side;
  const double scale = kCropSize / side;
  return {kCropSize, kCropSize, camera.focal_x * scale, camera.focal_y * scale,
          (camera.centre_x - corner.x()) * scale, (camera.centre_y - corner.y()) * scale};
}

std::vector<std::uint8_t> visible_points(const geometry::Vertices& vertices, const geometry::Vertices& normals,
                                         const std::vector<int>& chosen, const ImageF& depth,
                                         const geometry::PinholeCamera& camera, double slack_m) {
  std::vector<std::uint8_t> visible(chosen.size(), 0);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const Eigen::Vector3d point = vertices.row(chosen[i]).transpose().cast<double>();
    const Eigen::Vector3d normal = normals.row(chosen[i]).transpose().cast<double>();
    if (!(point.z() > 0.0) || !(normal.dot(point) < 0.0)) continue;
    const Eigen::Vector2d pixel = camera.project(point);
    if (!(pixel.x() >= 0.0 && pixel.y() >= 0.0 && pixel.x() < depth.width && pixel.y() < depth.height)) continue;
    const float before = depth.at(static_cast<int>(pixel.x()), static_cast<int>(pixel.y()));
    visible[i] = before <= 0.0F || point.z() <= static_cast<double>(before) + slack_m;   // 0: just outside the outline
  }
  return visible;
}

void place_body(Observation& observation, const geometry::Vertices& vertices, const geometry::Faces& faces,
                const std::vector<int>& points_on_body, const geometry::PinholeCamera& camera) {
  observation.crop = crop_around(vertices, camera);
  observation.body_depth = depth_map(vertices, faces, observation.crop);
  const geometry::Vertices normals = geometry::vertex_normals({vertices, faces});
  const auto count = static_cast<Eigen::Index>(points_on_body.size());
  observation.points.resize(count, 3);
  observation.normals.resize(count, 3);
  observation.visible = visible_points(vertices, normals, points_on_body, observation.body_depth, observation.crop);
  for (Eigen::Index i = 0; i < count; ++i) {
    const int v = points_on_body[static_cast<std::size_t>(i)];
    observation.points.row(i) = vertices.row(v);
    observation.normals.row(i) = normals.row(v);
    if (observation.visible[static_cast<std::size_t>(i)] == 0) continue;
    const Eigen::Vector2d pixel = camera.project(vertices.row(v).transpose().cast<double>());
    if (!(pixel.x() >= 0.0 && pixel.y() >= 0.0 && pixel.x() < camera.width && pixel.y() < camera.height))
      observation.visible[static_cast<std::size_t>(i)] = 0;
  }
}

ImageU8 crop_mask(const ImageU8& mask, const geometry::PinholeCamera& camera, const geometry::PinholeCamera& crop,
                  double& outside) {
  const int width = mask.width, height = mask.height;
  // Sums of all pixels above and to the left; between them the sum of a box of fractional bounds is bilinear, and exact.
  Image<std::uint32_t> sums(width + 1, height + 1);
  for (int r = 0; r < height; ++r) {
    std::uint32_t along = 0;
    for (int c = 0; c < width; ++c) {
      along += mask.at(c, r, 0) != 0;
      sums.at(c + 1, r + 1) = sums.at(c + 1, r) + along;
    }
  }
  struct Bound {
    int cell;
    double part;
  };
  const auto bounds = [](int count, double scale, double offset, int limit) {
    std::vector<Bound> result(static_cast<std::size_t>(count) + 1);
    for (int i = 0; i <= count; ++i) {
      const double at = std::clamp(i * scale + offset, 0.0, static_cast<double>(limit));
      const int cell = std::min(static_cast<int>(at), std::max(limit - 1, 0));
      result[static_cast<std::size_t>(i)] = {cell, at - cell};
    }
    return result;
  };
  const double scale_x = camera.focal_x / crop.focal_x, scale_y = camera.focal_y / crop.focal_y;
  const auto columns = bounds(crop.width, scale_x, camera.centre_x - crop.centre_x * scale_x, width);
  const auto rows = bounds(crop.height, scale_y, camera.centre_y - crop.centre_y * scale_y, height);
  const auto sum = [&](const Bound& x, const Bound& y) {
    const double above = sums.at(x.cell, y.cell) * (1.0 - x.part) + sums.at(x.cell + 1, y.cell) * x.part;
    const double below = sums.at(x.cell, y.cell + 1) * (1.0 - x.part) + sums.at(x.cell + 1, y.cell + 1) * x.part;
    return above * (1.0 - y.part) + below * y.part;
  };
  ImageU8 result(crop.width, crop.height);
  outside = 0.0;
  if (width == 0 || height == 0) return result;
  const double half = 0.5 * scale_x * scale_y;
  std::vector<double> above(columns.size()), below(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) above[i] = sum(columns[i], rows[0]);
  for (int r = 0; r < crop.height; ++r) {
    for (std::size_t i = 0; i < columns.size(); ++i) below[i] = sum(columns[i], rows[static_cast<std::size_t>(r) + 1]);
    for (int c = 0; c < crop.width; ++c) {
      const auto i = static_cast<std::size_t>(c);
      result.at(c, r) = below[i + 1] - below[i] - above[i + 1] + above[i] > half ? 1 : 0;
    }
    std::swap(above, below);
  }
  const double all = sums.at(width, height);
  if (all > 0.0) {
    const double within = sum(columns.back(), rows.back()) - sum(columns.front(), rows.back()) -
                          sum(columns.back(), rows.front()) + sum(columns.front(), rows.front());
    outside = std::clamp(1.0 - within / all, 0.0, 1.0);
  }
  return result;
}

Observation observe(const BodySample& sample, const std::vector<int>& points_on_body, const body::PhotoBody& body,
                    const contact::Marks& marks, const objects::ObjectMesh& object) {
  const geometry::PinholeCamera& camera = body.camera;
  if (static_cast<int>(points_on_body.size()) != sample.size())
    throw bad_input("body: " + std::to_string(points_on_body.size()) + " points stand for the sample's " +
                    std::to_string(sample.size()) + "; one a point is needed");
  Observation observation;
  observation.category = object.category;
  place_body(observation, body.mesh.vertices, body.mesh.faces, points_on_body, camera);
  const auto cropped = [&](const std::optional<ImageU8>& mask, const char* what, double& outside) {
    if (!mask || mask->empty()) return ImageU8();
    if (!mask->same_size(camera.width, camera.height))
      throw bad_input(std::string(what) + " mask: it is " + std::to_string(mask->width) + "×" + std::to_string(mask->height) +
                      " but the photograph is " + std::to_string(camera.width) + "×" + std::to_string(camera.height) +
                      "; save it at the photograph's size");
    return crop_mask(*mask, camera, observation.crop, outside);
  };
  double person_outside = 0.0;
  observation.object_mask = cropped(marks.object_mask, "object", observation.object_mask_outside);
  observation.person_mask = cropped(marks.human_mask, "person", person_outside);
  observation.joints_guessed = marks.joints_guessed;
  observation.object_mask_guessed = marks.object_mask_guessed;
  observation.object_doubt = marks.object_doubt;
  if (marks.keypoints)
    for (std::size_t k = 0; k < observation.joint_confidence.size(); ++k)
      observation.joint_confidence[k] = 0.5F * static_cast<float>((*marks.keypoints)[k].visibility);
  if (body.fit) {
    observation.fit_error_m =
        body.fit->best.reprojection_rms_px * pelvis(sample, observation.points).z() / std::max(camera.focal_x, 1.0);
    if (body.fit->runner_up) observation.facing_gap = std::clamp(body.fit->objective_gap, 0.0, 1.0);
  }
  if (object.metric) {
    Eigen::Vector3d size = geometry::bounding_box(object.mesh.vertices).size().cast<double>();
    std::sort(size.data(), size.data() + 3, std::greater<>());
    observation.object_size = size;
  }
  observation.size_spread = 0.4;   // a thing of no known kind
  for (const auto& category : objects::categories())
    if (category.name == object.category) observation.size_spread = category.size_spread;
  return observation;
}

}  // namespace tactus::evidence
