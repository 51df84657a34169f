#include "tactus/evidence/body_sample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "tactus/body/keypoints.h"
#include "tactus/error.h"
#include "tactus/geometry/mesh.h"

namespace tactus::evidence {
namespace {

using geometry::Vertices;

bool starts_with(const std::string& text, const char* word) { return text.rfind(word, 0) == 0; }
bool is_hand(const std::string& part) {
  return part.find("hand") != std::string::npos || part.find("finger") != std::string::npos;
}
int side_of(const std::string& part) { return starts_with(part, "left ") ? 1 : starts_with(part, "right ") ? -1 : 0; }

// For each vertex the one at the mirrored place (x → -x) within `tolerance`, itself on the middle; -1 where there is none.
std::vector<int> mirrored(const Vertices& at, float tolerance) {
  const auto count = static_cast<int>(at.rows());
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) { return at(a, 1) < at(b, 1) || (at(a, 1) == at(b, 1) && a < b); });
  std::vector<int> mirror(static_cast<std::size_t>(count), -1);
  std::size_t low = 0;
  for (const int v : order) {
    while (at(order[low], 1) < at(v, 1) - tolerance) ++low;
    const Eigen::RowVector3f wanted(-at(v, 0), at(v, 1), at(v, 2));
    float best = tolerance * tolerance;
    for (std::size_t i = low; i < order.size() && at(order[i], 1) <= at(v, 1) + tolerance; ++i) {
      const float d = (at.row(order[i]) - wanted).squaredNorm();
      if (d < best) {
        best = d;
        mirror[static_cast<std::size_t>(v)] = order[i];
      }
    }
  }
  for (int v = 0; v < count; ++v) {   // pairs point at each other
    int& m = mirror[static_cast<std::size_t>(v)];
    if (m >= 0 && mirror[static_cast<std::size_t>(m)] != v) m = -1;
  }
  return mirror;
}

// Farthest points of `at`, those of `scale` s counting their distances s times; each with its mirror. The first is the
// point nearest to the mean.
std::vector<int> farthest_points(const Vertices& at, const std::vector<float>& scale, const std::vector<int>& mirror,
                                 int wanted) {
  const auto count = static_cast<int>(at.rows());
  const Eigen::VectorXf x = at.col(0), y = at.col(1), z = at.col(2);
  std::vector<float> distance(static_cast<std::size_t>(count), std::numeric_limits<float>::max());
  std::vector<int> chosen;
  const auto choose = [&](int v) {
    chosen.push_back(v);
    const float cx = x[v], cy = y[v], cz = z[v];
    for (int i = 0; i < count; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const float dx = x[i] - cx, dy = y[i] - cy, dz = z[i] - cz;
      distance[k] = std::min(distance[k], scale[k] * (dx * dx + dy * dy + dz * dz));
    }
    distance[static_cast<std::size_t>(v)] = -1.0F;   // never again, not even where all others coincide with it
  };
  const Eigen::RowVector3f mean = at.colwise().mean();
  Eigen::Index first = 0;
  (at.rowwise() - mean).rowwise().squaredNorm().minCoeff(&first);
  int next = static_cast<int>(first);
  while (true) {
    const int other = mirror[static_cast<std::size_t>(next)];
    choose(next);
    if (static_cast<int>(chosen.size()) == wanted) return chosen;
    if (other >= 0 && other != next) choose(other);
    const int left = wanted - static_cast<int>(chosen.size());
    if (left == 0) return chosen;
    next = -1;
    float farthest = -1.0F;
    // A single place left goes to the middle, where a point is its own mirror.
    for (const bool middle_only : {left == 1, false}) {
      for (int i = 0; i < count; ++i) {
        const auto k = static_cast<std::size_t>(i);
        if (distance[k] > farthest && (!middle_only || mirror[k] == i)) {
          farthest = distance[k];
          next = i;
        }
      }
      if (next >= 0) break;
    }
  }
}

// The three of `candidates` nearest to `point`, nearest first; fewer when there are fewer. Ties go to the lower index.
struct Nearest {
  std::array<int, 3> index{-1, -1, -1};
  std::array<float, 3> squared{};
  int count = 0;
  void offer(int candidate, float d) {
    int place = count;
    while (place > 0 && squared[static_cast<std::size_t>(place - 1)] > d) --place;
    if (place > 2) return;
    for (int i = std::min(count, 2); i > place; --i) {
      index[static_cast<std::size_t>(i)] = index[static_cast<std::size_t>(i - 1)];
      squared[static_cast<std::size_t>(i)] = squared[static_cast<std::size_t>(i - 1)];
    }
    index[static_cast<std::size_t>(place)] = candidate;
    squared[static_cast<std::size_t>(place)] = d;
    count = std::min(count + 1, 3);
  }
  // Inverse distance, adding up to 1; a point that coincides takes all. Empty places repeat the first with weight 0.
  void weigh(int* to, float* weights) const {
    float sum = 0.0F;
    for (int i = 0; i < 3; ++i) {
      to[i] = index[static_cast<std::size_t>(i < count ? i : 0)];
      weights[i] = i < count ? 1.0F / (std::sqrt(squared[static_cast<std::size_t>(i)]) + 1e-5F) : 0.0F;
      sum += weights[i];
    }
    for (int i = 0; i < 3; ++i) weights[i] /= sum;
  }
};

void make_clusters(BodySample& sample, const Vertices& apart, const std::vector<float>& scale, int wanted) {
  const int size = sample.size();
  const std::vector<int> mirror(sample.mirror.begin(), sample.mirror.end());
  const std::vector<int> centres = farthest_points(apart, scale, mirror, wanted);
  sample.cluster_count = wanted;
  sample.cluster.resize(static_cast<std::size_t>(size));
  Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor> middle =
      Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>::Zero(wanted, 3);
  Eigen::VectorXf members = Eigen::VectorXf::Zero(wanted);
  for (int s = 0; s < size; ++s) {
    Nearest nearest;
    for (int c = 0; c < wanted; ++c)
      nearest.offer(c, (apart.row(s) - apart.row(centres[static_cast<std::size_t>(c)])).squaredNorm());
    sample.cluster[static_cast<std::size_t>(s)] = static_cast<std::int16_t>(nearest.index[0]);
    middle.row(nearest.index[0]) += apart.row(s);
    members[nearest.index[0]] += 1.0F;
  }
  for (int c = 0; c < wanted; ++c) middle.row(c) /= members[c];   // a centre is its own member
  sample.near_clusters.resize(size, 3);
  sample.near_weights.resize(size, 3);
  for (int s = 0; s < size; ++s) {
    Nearest nearest;
    for (int c = 0; c < wanted; ++c) nearest.offer(c, (apart.row(s) - middle.row(c)).squaredNorm());
    std::array<int, 3> to{};
    nearest.weigh(to.data(), sample.near_weights.row(s).data());
    for (int i = 0; i < 3; ++i) sample.near_clusters(s, i) = static_cast<std::int16_t>(to[static_cast<std::size_t>(i)]);
  }
}

void make_interpolation(BodySample& sample, const body::BodyModel& model, const Vertices& apart) {
  const auto& parts = model.vertex_parts();
  const int count = model.vertex_count();
  std::vector<std::vector<int>> of_part(sample.part_names.size());
  for (int s = 0; s < sample.size(); ++s) of_part[sample.parts[static_cast<std::size_t>(s)]].push_back(s);
  sample.full_from.resize(count, 3);
  sample.full_weights.resize(count, 3);
  for (int v = 0; v < count; ++v) {
    const auto part = parts[static_cast<std::size_t>(v)];
    const auto offer = [&](Nearest& nearest, int s) {
      nearest.offer(s, (apart.row(sample.vertices[static_cast<std::size_t>(s)]) - apart.row(v)).squaredNorm());
    };
    Nearest nearest;
    for (const int s : of_part[part]) offer(nearest, s);
    if (nearest.count < 3) {   // a part of a few vertices: all but the other side of the body may help
      const int side = side_of(sample.part_names[part]);
      nearest = {};
      for (int s = 0; s < sample.size(); ++s)
        if (side_of(sample.part_names[sample.parts[static_cast<std::size_t>(s)]]) != -side || side == 0) offer(nearest, s);
    }
    nearest.weigh(sample.full_from.row(v).data(), sample.full_weights.row(v).data());
  }
}

}  // namespace

BodySample make_body_sample(const body::BodyModel& model, const BodySampleOptions& options) {
  if (options.count < 3 || options.count > model.vertex_count() || options.clusters < 3 || options.clusters > options.count ||
      options.count > std::numeric_limits<std::int16_t>::max() || !(options.hand_density > 0.0))
    throw bad_input("body sample: " + std::to_string(options.count) + " points in " + std::to_string(options.clusters) +
                    " clusters cannot be taken from " + std::to_string(model.vertex_count()) +
                    " vertices; at least 3 clusters and not more clusters than points are needed");
  const body::ShapedBody shaped = model.shape({});
  const Vertices& rest = shaped.rest_vertices;
  const auto& part_names = model.part_names();
  std::vector<float> scale(static_cast<std::size_t>(rest.rows()), 1.0F);
  for (std::size_t v = 0; v < scale.size(); ++v)
    if (is_hand(part_names[model.vertex_parts()[v]])) scale[v] = static_cast<float>(options.hand_density);

  const std::vector<int> mirror = mirrored(rest, 1e-3F);
  BodySample sample;
  sample.part_names = part_names;
  sample.vertices = farthest_points(rest, scale, mirror, options.count);
  std::sort(sample.vertices.begin(), sample.vertices.end());
  std::vector<int> place(scale.size(), -1);
  for (int s = 0; s < options.count; ++s) place[static_cast<std::size_t>(sample.vertices[static_cast<std::size_t>(s)])] = s;

  // Distances between parts are taken with the legs apart.
  const Vertices apart = model.pose(shaped, model.vitruvian_pose()).vertices;
  const auto keypoints = model.pose_keypoints(shaped, model.rest_pose());
  Vertices sample_apart(options.count, 3);
  std::vector<float> cluster_scale;
  sample.rest.resize(options.count, 3);
  for (int s = 0; s < options.count; ++s) {
    const int v = sample.vertices[static_cast<std::size_t>(s)];
    const auto part = model.vertex_parts()[static_cast<std::size_t>(v)];
    const int other = mirror[static_cast<std::size_t>(v)];
    const int other_place = other < 0 ? -1 : place[static_cast<std::size_t>(other)];
    sample.parts.push_back(part);
    sample.rest.row(s) = rest.row(v);
    sample.mirror.push_back(static_cast<std::int16_t>(other_place < 0 ? s : other_place));
    Eigen::Index nearest = 0;
    (keypoints.rowwise() - rest.row(v).cast<double>()).rowwise().squaredNorm().minCoeff(&nearest);
    sample.keypoint.push_back(static_cast<std::uint8_t>(nearest));
    sample_apart.row(s) = apart.row(v);
    // Hands carry most of the answers: their tokens are smaller still.
    cluster_scale.push_back(is_hand(part_names[part]) ? 2.0F * static_cast<float>(options.hand_density) : 1.0F);
  }
  make_clusters(sample, sample_apart, cluster_scale, options.clusters);
  make_interpolation(sample, model, apart);
  return sample;
}

Eigen::VectorXf to_all_vertices(const BodySample& sample, const Eigen::VectorXf& values) {
  if (values.size() != sample.size())
    throw bad_input("body sample: " + std::to_string(values.size()) + " values for " + std::to_string(sample.size()) +
                    " points; one a point is needed");
  Eigen::VectorXf all(sample.full_from.rows());
  for (Eigen::Index v = 0; v < all.size(); ++v) {
    float sum = 0.0F;
    for (int i = 0; i < 3; ++i) sum += sample.full_weights(v, i) * values[sample.full_from(v, i)];
    all[v] = sum;
  }
  return all;
}

namespace {

// The model's canonical pose with the arms raised by `degrees` and the elbows stretched by a part of that: bodies of other
// makes hold them level.
body::Pose canonical_with_arms(const body::BodyModel& model, const body::ShapedBody& shaped, double raised) {
  body::Pose pose = model.vitruvian_pose();
  if (raised == 0.0) return pose;
  const auto keypoints = model.pose_keypoints(shaped, model.rest_pose());
  for (const bool left : {true, false}) {
    const std::string side = left ? ".L" : ".R";
    const Eigen::Vector3d shoulder = keypoints.row(left ? 5 : 6), elbow = keypoints.row(left ? 7 : 8),
                          wrist = keypoints.row(left ? 9 : 10);
    const Eigen::Vector3d upper = (elbow - shoulder).normalized(), fore = (wrist - elbow).normalized();
    const Eigen::Vector3d level(left ? 1.0 : -1.0, 0.0, 0.0);
    const Eigen::AngleAxisd whole(Eigen::Quaterniond::FromTwoVectors(upper, level));
    const Eigen::Quaterniond turn(Eigen::AngleAxisd(raised * whole.angle(), whole.axis()));
    const Eigen::Vector3d fore_wanted = Eigen::Quaterniond::Identity().slerp(
        raised, Eigen::Quaterniond::FromTwoVectors(fore, turn.inverse() * level)) * fore;
    const Eigen::AngleAxisd bend(Eigen::Quaterniond::FromTwoVectors(fore, fore_wanted));
    pose.rotations.row(model.bone_index("upperarm01" + side)) =
        (raised * whole.angle() * whole.axis()).transpose();
    pose.rotations.row(model.bone_index("lowerarm01" + side)) = (bend.angle() * bend.axis()).transpose();
  }
  return pose;
}

}  // namespace

std::vector<int> sample_on(const BodySample& sample, const body::BodyModel& model, const body::PhotoBody& body) {
  if (body.canonical.vertex_count() == model.vertex_count() && body.canonical.faces == model.faces()) return sample.vertices;
  geometry::validate(body.canonical, "body");
  const Vertices normals = geometry::vertex_normals(body.canonical);
  const geometry::BoundingBox box = geometry::bounding_box(body.canonical.vertices);
  const body::ShapedBody shaped = model.shape({});
  std::vector<int> best;
  double best_cost = std::numeric_limits<double>::max();
  for (const double raised : {0.0, 0.5, 1.0}) {
    geometry::Mesh mesh{model.pose(shaped, canonical_with_arms(model, shaped, raised)).vertices, model.faces()};
    const geometry::BoundingBox own = geometry::bounding_box(mesh.vertices);
    const float height_ratio = box.size().y() / std::max(own.size().y(), 1e-6F);
    const Vertices own_normals = geometry::vertex_normals(mesh);
    for (Eigen::Index v = 0; v < mesh.vertices.rows(); ++v)
      mesh.vertices.row(v) = ((mesh.vertices.row(v).transpose() - own.centre()) * height_ratio + box.centre()).transpose();
    // Squared metres; a normal turned round counts like 4 cm of a person of 1.8 m.
    const float turn_cost = 4e-4F * height_ratio * height_ratio;
    std::vector<int> found;
    double cost = 0.0;
    for (const int v : sample.vertices) {
      const auto squared = (body.canonical.vertices.rowwise() - mesh.vertices.row(v)).rowwise().squaredNorm();
      const auto turned = (normals.rowwise() - own_normals.row(v)).rowwise().squaredNorm();
      Eigen::Index nearest = 0;
      cost += static_cast<double>((squared + turn_cost * turned).minCoeff(&nearest));
      found.push_back(static_cast<int>(nearest));
    }
    if (cost < best_cost) {
      best_cost = cost;
      best = std::move(found);
    }
  }
  return best;
}

}  // namespace tactus::evidence
