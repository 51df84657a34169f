#include <Eigen/Geometry>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "prepared.h"
#include "rigid_alignment.h"
#include "tactus/error.h"
#include "tactus/parallel.h"
#include "tactus/random.h"
#include "tactus/reconstruct/correspondence_search.h"
#include "tactus/reconstruct/reconstruct.h"

namespace tactus::reconstruct {

void check_input(const ReconstructInput& input) {
  geometry::validate(input.human, "body");
  geometry::validate(input.object, "object");
  const auto same = [](const Eigen::VectorXf& values, int count, const char* what) {
    if (values.size() != count) {
      throw bad_input(std::string(what) + " contact: it has " + std::to_string(values.size()) +
                      " values but the mesh has " + std::to_string(count) + " vertices");
    }
  };
  same(input.human_contact, input.human.vertex_count(), "body");
  same(input.object_contact, input.object.vertex_count(), "object");
  if (!input.object_mask.same_size(input.camera.width, input.camera.height))
    throw bad_input("object mask: its size is not that of the camera's picture");
}

OfficialFrames::OfficialFrames(const ReconstructInput& input)
    : off(geometry::area_weighted_centroid(input.human)), object_centre(geometry::area_weighted_centroid(input.object)) {
  human = input.human.vertices.cast<double>().rowwise() - off.transpose();
  object = input.object.vertices.cast<double>().rowwise() - object_centre.transpose();
  object.col(1) *= -1.0;
  object.col(2) *= -1.0;
}

geometry::SimilarityTransform OfficialFrames::photo_from_object(const Eigen::Matrix3d& row_rotation,
                                                                const Eigen::Vector3d& translation, double scale) const {
  const Eigen::Matrix3d flip = Eigen::Vector3d(1, -1, -1).asDiagonal();
  geometry::SimilarityTransform result;
  result.rotation = row_rotation.transpose() * flip;
  result.scale = scale;
  result.translation = translation + off - scale * (result.rotation * object_centre);
  return result;
}

void OfficialFrames::to_rows(const geometry::SimilarityTransform& pose, Eigen::Matrix3d& row_rotation,
                             Eigen::Vector3d& translation) const {
  const Eigen::Matrix3d flip = Eigen::Vector3d(1, -1, -1).asDiagonal();
  row_rotation = (pose.rotation * flip).transpose();
  translation = pose.translation - off + pose.scale * (pose.rotation * object_centre);
}

Eigen::VectorXf filtered_object_contact(const ReconstructInput& input, double threshold) {
  Eigen::VectorXf kept = input.object_contact;
  for (auto& p : kept)
    if (!(static_cast<double>(p) > threshold)) p = 0.0F;
  return kept;
}

namespace {

struct ContactPoints {
  VerticesD human, human_normals, object, object_normals;   // object in its own (or flipped, centred) frame
};

std::vector<Eigen::Index> above(const Eigen::VectorXf& p, double threshold) {
  std::vector<Eigen::Index> ids;
  for (Eigen::Index i = 0; i < p.size(); ++i)
    if (static_cast<double>(p[i]) > threshold) ids.push_back(i);
  return ids;
}

template <typename Rows>
VerticesD rows_of(const Rows& all, const std::vector<Eigen::Index>& ids) {
  VerticesD rows(static_cast<Eigen::Index>(ids.size()), 3);
  for (std::size_t i = 0; i < ids.size(); ++i) rows.row(static_cast<Eigen::Index>(i)) = all.row(ids[i]).template cast<double>();
  return rows;
}

Points6 joined(const VerticesD& points, const VerticesD& normals, double normal_weight) {
  Points6 six(points.rows(), 6);
  six << points, normal_weight * normals;
  return six;
}

AlignResult align_official(const ReconstructInput& input, const AlignOptions& options, const Progress& progress) {
  const OfficialFrames frames(input);
  AlignResult result;
  AlignCandidate candidate;
  const auto human_ids = above(input.human_contact, options.human_threshold);
  auto object_ids = above(input.object_contact, options.object_threshold);
  VerticesD human_normals = geometry::vertex_normals(input.human).cast<double>();
  VerticesD object_normals = geometry::vertex_normals(input.object).cast<double>();
  object_normals.col(1) *= -1.0;
  object_normals.col(2) *= -1.0;
  const VerticesD y = rows_of(frames.human, human_ids), y_normals = -rows_of(human_normals, human_ids);

  // The published filter keeps every pair whose normals are not exactly at right angles (B26).
  std::vector<Eigen::Index> kept;
  for (const auto id : object_ids) {
    bool partner = false;
    for (Eigen::Index j = 0; j < y_normals.rows() && !partner; ++j) partner = object_normals.row(id).dot(y_normals.row(j)) != 0.0;
    if (partner) kept.push_back(id);
  }
  object_ids = std::move(kept);

  // The published start takes the first two mask pixels for the vectors of rows and columns (B24).
  Eigen::Vector3d translation = Eigen::Vector3d::Zero();
  if (y.rows() > 0) {
    std::vector<std::pair<double, double>> first;
    for (int row = 0; row < input.object_mask.height && first.size() < 2; ++row)
      for (int column = 0; column < input.object_mask.width && first.size() < 2; ++column)
        if (input.object_mask.at(column, row) != 0) first.emplace_back(row, column);
    const double z0 = y.col(2).mean();
    if (first.size() == 2) {
      const double cx = 0.5 * (first[1].first + first[1].second) - input.camera.centre_x;
      const double cy = 0.5 * (first[0].first + first[0].second) - input.camera.centre_y;
      translation = {cx * z0 / input.camera.focal_x, cy * z0 / input.camera.focal_y, z0};
    }
  }
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();   // acts on rows
  if (object_ids.empty() || y.rows() == 0) {
    candidate.photo_from_object = frames.photo_from_object(rotation, translation, 1.0);
    result.warnings.push_back(y.rows() == 0 ? "No body vertex is in contact, so ICP had nothing to align."
                                            : "No object vertex is in contact, so ICP had nothing to align.");
    result.message = "no contact to align";
    result.candidates.push_back(std::move(candidate));
    return result;
  }
  const VerticesD x0 = rows_of(frames.object, object_ids), x0_normals = rows_of(object_normals, object_ids);
  const VerticesD x = (x0 * rotation).rowwise() + translation.transpose();
  const auto search = make_cpu_correspondence_search();
  search->set_targets(joined(y, y_normals, 1.0));
  // Neither cloud is updated inside the loop (B27), so the correspondences are those of the start.
  const auto nearest = search->nearest(joined(x, x0_normals, 1.0));
  VerticesD q(x0.rows(), 3), q_normals(x0.rows(), 3);
  for (Eigen::Index i = 0; i < x0.rows(); ++i) {
    q.row(i) = y.row(nearest[static_cast<std::size_t>(i)]);
    q_normals.row(i) = -y_normals.row(nearest[static_cast<std::size_t>(i)]);
  }
  Eigen::VectorXd previous;
  for (int iteration = 0; iteration < options.max_iterations; ++iteration) {
    progress.check();
    AlignRecord record;
    record.photo_from_object = frames.photo_from_object(rotation, translation, 1.0);
    const auto fitted = rigid_alignment(x0, q);
    rotation = fitted.rotation.transpose();
    translation = fitted.translation;
    const VerticesD moved = (x0 * rotation).rowwise() + translation.transpose();
    record.rmse = std::sqrt((moved - q).rowwise().squaredNorm().mean());
    candidate.records.push_back(record);
    candidate.rmse = record.rmse;
    Eigen::VectorXd combined = (1.0 - (q_normals * rotation).cwiseProduct(q_normals).rowwise().sum().array()).matrix();
    combined.array() += record.rmse;
    const bool stop = previous.size() > 0 &&
                      (((combined - previous).array() / previous.array()) <= options.relative_rmse_threshold).all();
    previous = combined;
    if (stop) break;
  }
  candidate.photo_from_object = frames.photo_from_object(rotation, translation, 1.0);
  char text[120];
  std::snprintf(text, sizeof text, "%zu iterations, rmse %.1f cm", candidate.records.size(), 100.0 * candidate.rmse);
  result.message = text;
  result.candidates.push_back(std::move(candidate));
  return result;
}

// Fraction of the object's vertices that fall on the mask, and how its bounding box meets the mask's: what a pose
// costs in the picture, without a renderer. 0 is best, 2 worst.
class PictureCost {
 public:
  explicit PictureCost(const ReconstructInput& input) : input_(input) {
    for (int row = 0; row < input.object_mask.height; ++row) {
      for (int column = 0; column < input.object_mask.width; ++column) {
        if (input.object_mask.at(column, row) == 0) continue;
        low_ = low_.cwiseMin(Eigen::Vector2d(column, row));
        high_ = high_.cwiseMax(Eigen::Vector2d(column + 1, row + 1));
        any_ = true;
      }
    }
  }
  bool any() const { return any_; }
  Eigen::Vector2d centre() const { return 0.5 * (low_ + high_); }
  double operator()(const geometry::SimilarityTransform& pose) const {
    if (!any_) return 0.0;
    int in = 0, all = 0, sampled = 0;
    Eigen::Vector2d low(1e9, 1e9), high(-1e9, -1e9);
    const Eigen::Index step = std::max<Eigen::Index>(1, input_.object.vertices.rows() / 400);
    for (Eigen::Index i = 0; i < input_.object.vertices.rows(); i += step) {
      const Eigen::Vector3d p = pose * input_.object.vertices.row(i).transpose().cast<double>();
      if (p.z() < 0.05) return 2.0;
      const Eigen::Vector2d pixel = input_.camera.project(p);
      ++sampled;
      low = low.cwiseMin(pixel);
      high = high.cwiseMax(pixel);
      const int column = static_cast<int>(std::floor(pixel.x())), row = static_cast<int>(std::floor(pixel.y()));
      const bool outside = column < 0 || row < 0 || column >= input_.camera.width || row >= input_.camera.height;
      // Behind the person or beyond the border nothing is known: neither for nor against.
      if (outside) continue;
      const bool in_mask = input_.object_mask.at(column, row) != 0;
      if (!in_mask && input_.human_mask && input_.human_mask->at(column, row) != 0) continue;
      ++all;
      if (in_mask) ++in;
    }
    // The picture's border cuts both boxes alike.
    const Eigen::Vector2d size(input_.camera.width, input_.camera.height);
    low = low.cwiseMax(Eigen::Vector2d::Zero()).cwiseMin(size);
    high = high.cwiseMax(Eigen::Vector2d::Zero()).cwiseMin(size);
    const Eigen::Vector2d both = (high.cwiseMin(high_) - low.cwiseMax(low_)).cwiseMax(0.0);
    const double overlap = both.prod();
    const double united = (high - low).prod() + (high_ - low_).prod() - overlap;
    // A pose that hides nearly everything explains nothing.
    const double matched = static_cast<double>(in) / std::max<double>(all, 0.3 * sampled);
    return (1.0 - matched) + (1.0 - (united > 0.0 ? overlap / united : 0.0));
  }

 private:
  const ReconstructInput& input_;
  Eigen::Vector2d low_ = Eigen::Vector2d(1e9, 1e9), high_ = Eigen::Vector2d(-1e9, -1e9);
  bool any_ = false;
};

// The turn about the photograph's vertical that best carries `source` (already posed) onto `target`, both about their
// means: what ICP may do to a thing that stands upright.
Eigen::Matrix3d upright_turn(const VerticesD& source, const VerticesD& target, const Eigen::VectorXd& weights) {
  const Eigen::RowVector3d a = weights.transpose() * source, b = weights.transpose() * target;
  double sine = 0.0, cosine = 0.0;
  for (Eigen::Index i = 0; i < source.rows(); ++i) {
    const Eigen::RowVector3d s = source.row(i) - a, t = target.row(i) - b;
    sine += weights[i] * (t.x() * s.z() - t.z() * s.x());
    cosine += weights[i] * (t.x() * s.x() + t.z() * s.z());
  }
  return Eigen::AngleAxisd(std::atan2(sine, cosine), Eigen::Vector3d::UnitY()).toRotationMatrix();
}

int upright_count(int starts) { return (starts + 4) / 5; }

std::vector<Eigen::Matrix3d> starting_rotations(int count, std::uint64_t seed) {
  // Most things stand as they were made, so a fifth of the starts keep the object upright and turn it; the others are
  // spread over all rotations.
  std::vector<Eigen::Matrix3d> rotations;
  const Eigen::Matrix3d flip = Eigen::Vector3d(1, -1, -1).asDiagonal();   // photo from an upright object
  const int upright = upright_count(count);
  for (int i = 0; i < upright; ++i)
    rotations.push_back(flip * Eigen::AngleAxisd(2.0 * std::numbers::pi * i / upright, Eigen::Vector3d::UnitY()).toRotationMatrix());
  Random random(seed);
  while (static_cast<int>(rotations.size()) < count) {
    const Eigen::Quaterniond q(random.normal(), random.normal(), random.normal(), random.normal());
    rotations.push_back(q.normalized().toRotationMatrix());
  }
  return rotations;
}

constexpr double kLeastCandidateReach = 0.05, kMostMisfit = 0.2;   // metres
constexpr std::size_t kRefinedStarts = 24;

// Of the chosen vertices: probability times area, summing to 1.
Eigen::VectorXd contact_weights(const geometry::Mesh& mesh, const Eigen::VectorXf& p, const std::vector<Eigen::Index>& ids) {
  const Eigen::VectorXf areas = geometry::vertex_areas(mesh);
  Eigen::VectorXd weights(static_cast<Eigen::Index>(ids.size()));
  for (std::size_t i = 0; i < ids.size(); ++i)
    weights[static_cast<Eigen::Index>(i)] = static_cast<double>(p[ids[i]]) * (static_cast<double>(areas[ids[i]]) + 1e-9);
  return weights / weights.sum();
}

// What touches on both sides, thinned to at most so many vertices each: ICP needs the patches' shape, not every vertex.
struct Patches {
  VerticesD human, object, object_normals;         // frames photo and object
  Eigen::VectorXd human_weights, object_weights;   // vertices stand for their area: a finely meshed hand must not outweigh a seat
  Points6 human6;
  std::unique_ptr<CorrespondenceSearch> human_tree;

  Patches(const ReconstructInput& input, std::vector<Eigen::Index> human_ids, std::vector<Eigen::Index> object_ids,
          double normal_weight, std::size_t most)
      : human_tree(make_cpu_correspondence_search()) {
    for (auto* ids : {&human_ids, &object_ids}) {
      if (ids->size() <= most) continue;
      std::vector<Eigen::Index> fewer;
      for (std::size_t i = 0; i < most; ++i) fewer.push_back((*ids)[i * ids->size() / most]);
      *ids = std::move(fewer);
    }
    human = rows_of(input.human.vertices, human_ids);
    object = rows_of(input.object.vertices, object_ids);
    object_normals = rows_of(geometry::vertex_normals(input.object), object_ids);
    human_weights = contact_weights(input.human, input.human_contact, human_ids);
    object_weights = contact_weights(input.object, input.object_contact, object_ids);
    // Inwards, so that touching surfaces have the same normal.
    human6 = joined(human, -rows_of(geometry::vertex_normals(input.human), human_ids), normal_weight);
    human_tree->set_targets(human6);
  }
};

AlignResult align_corrected(const ReconstructInput& input, const AlignOptions& options, const Progress& progress) {
  AlignResult result;
  const PictureCost picture(input);
  auto human_ids = above(input.human_contact, options.human_threshold);
  auto object_ids = above(input.object_contact, options.object_threshold);
  const Eigen::Vector3d object_centre = geometry::area_weighted_centroid(input.object);
  const auto rotations = starting_rotations(std::max(1, options.starts), options.seed);

  if (human_ids.empty() || object_ids.empty()) {
    // Only the picture is left: at the mask's middle, as deep as the person, in each starting rotation.
    result.warnings.push_back(human_ids.empty() ? "No body vertex is in contact: the object is placed by its outline alone."
                                                : "No object vertex is in contact: the object is placed by its outline alone.");
    const double depth = geometry::area_weighted_centroid(input.human).z();
    for (const auto& rotation : rotations) {
      AlignCandidate candidate;
      candidate.photo_from_object.rotation = rotation;
      const Eigen::Vector2d centre = picture.any() ? picture.centre() : Eigen::Vector2d(input.camera.centre_x, input.camera.centre_y);
      candidate.photo_from_object.translation = input.camera.unproject(centre, depth) - rotation * object_centre;
      candidate.records.push_back({candidate.photo_from_object, 0.0});
      result.candidates.push_back(std::move(candidate));
    }
    std::stable_sort(result.candidates.begin(), result.candidates.end(), [&](const auto& a, const auto& b) {
      return picture(a.photo_from_object) < picture(b.photo_from_object);
    });
    result.candidates.resize(std::min<std::size_t>(result.candidates.size(), static_cast<std::size_t>(std::max(1, options.kept_starts))));
    result.message = "no contact to align";
    return result;
  }

  const Patches fine(input, human_ids, object_ids, options.normal_weight, 500);
  const Patches coarse(input, human_ids, object_ids, options.normal_weight, 120);   // for the first look at each start

  struct Start : AlignCandidate {
    double misfit = 0.0;   // mean distance of all pairs, each capped
    double cost = 0.0;     // what starts are ranked by
  };
  enum class Freedom { place, turn, all };   // what ICP may change of the rotation: nothing, the turn of an upright thing, all
  const int iterations = std::max(options.max_iterations, 30);
  const auto refine = [&](const Patches& patches, const geometry::SimilarityTransform& from, Freedom freedom, int most) {
    const VerticesD &human = patches.human, &object = patches.object;
    Start start;
    geometry::SimilarityTransform pose = from;
    const auto object_tree = make_cpu_correspondence_search();
    double previous = -1.0;
    for (int iteration = 0; iteration < most; ++iteration) {
      progress.check();
      const VerticesD moved = (object * pose.rotation.transpose()).rowwise() + pose.translation.transpose();
      const VerticesD normals = patches.object_normals * pose.rotation.transpose();
      const Points6 moved6 = joined(moved, normals, options.normal_weight);
      object_tree->set_targets(moved6);
      const auto to_human = patches.human_tree->nearest(moved6);
      const auto to_object = object_tree->nearest(patches.human6);
      // Both directions in one alignment, each with half of the weight.
      VerticesD source(object.rows() + human.rows(), 3), target(object.rows() + human.rows(), 3);
      Eigen::VectorXd whole(source.rows());
      for (Eigen::Index i = 0; i < object.rows(); ++i) {
        source.row(i) = object.row(i);
        target.row(i) = human.row(to_human[static_cast<std::size_t>(i)]);
        whole[i] = 0.5 * patches.object_weights[i];
      }
      for (Eigen::Index j = 0; j < human.rows(); ++j) {
        source.row(object.rows() + j) = object.row(to_object[static_cast<std::size_t>(j)]);
        target.row(object.rows() + j) = human.row(j);
        whole[object.rows() + j] = 0.5 * patches.human_weights[j];
      }
      // Pairs much farther apart than most are of a false patch, or of a part that this start does not bring near.
      Eigen::VectorXd weights = whole;
      const auto apart2 = [&] { return ((source * pose.rotation.transpose()).rowwise() + pose.translation.transpose() - target).rowwise().squaredNorm().eval(); };
      if (previous >= 0.0) {
        const double reach = std::max(kLeastCandidateReach, previous);
        weights = whole.array() / (1.0 + apart2().array() / (reach * reach)).square();
        weights /= weights.sum();
      }
      AlignRecord record;
      record.photo_from_object = pose;
      if (freedom == Freedom::all) {
        const auto fitted = rigid_alignment(source, target, weights);
        pose.rotation = fitted.rotation;
        pose.translation = fitted.translation;
      } else {
        if (freedom == Freedom::turn) pose.rotation = upright_turn(source * pose.rotation.transpose(), target, weights) * pose.rotation;
        pose.translation = target.transpose() * weights - pose.rotation * (source.transpose() * weights);
      }
      const Eigen::VectorXd squared = apart2();
      record.rmse = std::sqrt(squared.dot(weights));
      start.misfit = whole.dot(squared.cwiseSqrt().cwiseMin(kMostMisfit));
      start.records.push_back(record);
      start.rmse = record.rmse;
      if (previous >= 0.0 && std::abs(record.rmse - previous) <= 1e-4 * previous) break;
      previous = record.rmse;
    }
    start.photo_from_object = pose;
    // Ten times metres against the picture's cost: the weights of the fit that follows.
    start.cost = 10.0 * start.misfit + 2.5 * picture(pose);
    return start;
  };

  // First every rotation as it is, only moved to the person's patch: small patches tell little of it, the outline more.
  // Then the most promising may turn as the patches ask.
  const auto upright = static_cast<std::size_t>(upright_count(static_cast<int>(rotations.size())));
  std::vector<Start> candidates(rotations.size());
  parallel_for(rotations.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t s = begin; s < end; ++s) {
      geometry::SimilarityTransform pose;
      pose.rotation = rotations[s];
      pose.translation = coarse.human.transpose() * coarse.human_weights - pose.rotation * (coarse.object.transpose() * coarse.object_weights);
      candidates[s] = refine(coarse, pose, Freedom::place, 4);
    }
  });
  progress.report(0.5);
  std::vector<std::size_t> promising(rotations.size());
  for (std::size_t s = 0; s < promising.size(); ++s) promising[s] = s;
  std::stable_sort(promising.begin(), promising.end(), [&](std::size_t a, std::size_t b) { return candidates[a].cost < candidates[b].cost; });
  promising.resize(std::min(promising.size(), kRefinedStarts));
  const std::size_t first = candidates.size();
  candidates.resize(first + promising.size());
  parallel_for(promising.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const std::size_t s = promising[k];
      candidates[first + k] = refine(fine, candidates[s].records.front().photo_from_object,
                                     s < upright && k % 2 == 0 ? Freedom::turn : Freedom::all, iterations);
    }
  });
  progress.report(0.9);

  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t s = 0; s < candidates.size(); ++s) order.emplace_back(candidates[s].cost, s);
  std::stable_sort(order.begin(), order.end());
  for (const auto& [value, s] : order) {
    const auto& pose = candidates[s].photo_from_object;
    const bool distinct = std::all_of(result.candidates.begin(), result.candidates.end(), [&](const AlignCandidate& kept) {
      const double angle = geometry::rotation_angle(kept.photo_from_object.rotation, pose.rotation);
      const double distance = (kept.photo_from_object * object_centre - pose * object_centre).norm();
      return angle > 0.2 || distance > 0.05;
    });
    if (distinct && static_cast<int>(result.candidates.size()) < std::max(1, options.kept_starts))
      result.candidates.push_back(candidates[s]);
  }
  char text[120];
  std::snprintf(text, sizeof text, "%zu starts, %zu kept, best rmse %.1f cm", rotations.size(), result.candidates.size(),
                100.0 * result.candidates.front().rmse);
  result.message = text;
  return result;
}

}  // namespace

AlignResult align(const ReconstructInput& input, const AlignOptions& options, const Progress& progress) {
  check_input(input);
  const auto begun = std::chrono::steady_clock::now();
  AlignResult result = options.mode == Mode::official ? align_official(input, options, progress)
                                                      : align_corrected(input, options, progress);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  progress.report(1.0);
  return result;
}

}  // namespace tactus::reconstruct
