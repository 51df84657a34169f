#include "tactus/body/smpl_model.h"

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "tactus/error.h"
#include "tactus/parallel.h"

namespace tactus::body {
namespace {

constexpr int kSmplVertices = 6890, kSmplxVertices = 10475;

// The published formula, with its small offset (METHOD.md §9.6, step 3).
Eigen::Matrix3d rodrigues(const Eigen::Vector3d& r) {
  const double angle = (r.array() + 1e-8).matrix().norm();
  const Eigen::Vector3d axis = r / angle;
  Eigen::Matrix3d cross;
  cross << 0, -axis.z(), axis.y(), axis.z(), 0, -axis.x(), -axis.y(), axis.x(), 0;
  return Eigen::Matrix3d::Identity() + std::sin(angle) * cross + (1.0 - std::cos(angle)) * (cross * cross);
}

}  // namespace

std::string smpl_family_name(SmplFamily family) {
  switch (family) {
    case SmplFamily::smpl: return "SMPL";
    case SmplFamily::smplh: return "SMPL-H";
    case SmplFamily::smplx: return "SMPL-X";
    case SmplFamily::other: break;
  }
  return "SMPL-like";
}

void validate(const SmplModelData& d, const std::string& what) {
  const auto refuse = [&](const std::string& why) { throw bad_input(what + ": " + why); };
  const auto size = [](Eigen::Index n) { return std::to_string(n); };
  const Eigen::Index vertices = d.template_vertices.rows();
  const auto joints = static_cast<Eigen::Index>(d.parents.size());
  geometry::validate({d.template_vertices.cast<float>(), d.faces}, what);
  if (joints < 1 || d.parents[0] != -1) refuse("the first joint is not the root");
  for (Eigen::Index k = 1; k < joints; ++k) {
    const int parent = d.parents[static_cast<std::size_t>(k)];
    if (parent < 0 || parent >= k) refuse("joint " + size(k) + " does not follow its parent");
  }
  const auto expect = [&](const char* name, Eigen::Index rows, Eigen::Index columns, Eigen::Index r, Eigen::Index c) {
    if (rows != r || columns != c)
      refuse(std::string(name) + " is " + size(rows) + " × " + size(columns) + " but " + size(r) + " × " + size(c) +
             " belongs to " + size(vertices) + " vertices and " + size(joints) + " joints");
  };
  expect("shapedirs", d.shape_directions.rows(), d.shape_directions.cols(), 3 * vertices, d.shape_directions.cols());
  expect("posedirs", d.pose_directions.rows(), d.pose_directions.cols(), 3 * vertices, 9 * (joints - 1));
  expect("J_regressor", d.joint_regressor.rows(), d.joint_regressor.cols(), joints, vertices);
  expect("weights", d.skin_weights.rows(), d.skin_weights.cols(), vertices, joints);
  if (!d.shape_directions.allFinite() || !d.pose_directions.allFinite() || !d.joint_regressor.allFinite() ||
      !d.skin_weights.allFinite() || !d.left_hand_components.allFinite() || !d.right_hand_components.allFinite() ||
      !d.left_hand_mean.allFinite() || !d.right_hand_mean.allFinite())
    refuse("it holds numbers that are not finite");
  const Eigen::Index hand = d.left_hand_mean.size();
  if (d.right_hand_mean.size() != hand || (hand != 0 && hand != 45) ||
      (d.left_hand_components.size() > 0 && d.left_hand_components.cols() != hand) ||
      (d.right_hand_components.size() > 0 && d.right_hand_components.cols() != hand))
    refuse("the hands' means and components do not belong together (45 numbers each)");
}

SmplModel::SmplModel(SmplModelData data) : data_(std::move(data)) { validate(data_, "body model"); }

SmplFamily SmplModel::family() const {
  switch (joint_count()) {
    case 24: return SmplFamily::smpl;
    case 52: return SmplFamily::smplh;
    case 55: return SmplFamily::smplx;
    default: return SmplFamily::other;
  }
}

int SmplModel::shape_count() const {
  return static_cast<int>(data_.shape_directions.cols()) - expression_count();
}

int SmplModel::expression_count() const {
  if (family() != SmplFamily::smplx) return 0;
  const Eigen::Index columns = data_.shape_directions.cols();
  return columns == 400 ? 100 : columns == 20 ? 10 : 0;
}

SmplShaped SmplModel::shape(const Eigen::VectorXd& betas, const Eigen::VectorXd& expression) const {
  const auto check = [](const char* name, Eigen::Index given, int most) {
    if (given > most)
      throw bad_input("shape: " + std::to_string(given) + " " + name + " coefficients are given but the model has " +
                      std::to_string(most));
  };
  check("shape", betas.size(), shape_count());
  check("expression", expression.size(), expression_count());
  SmplShaped body;
  body.vertices = data_.template_vertices;
  Eigen::Map<Eigen::VectorXd> rows(body.vertices.data(), body.vertices.size());
  const auto add = [&](const Eigen::VectorXd& coefficients, Eigen::Index first) {
    for (Eigen::Index l = 0; l < coefficients.size(); ++l)
      if (coefficients[l] != 0.0) rows += coefficients[l] * data_.shape_directions.col(first + l).cast<double>();
  };
  add(betas, 0);
  add(expression, shape_count());
  body.joints = data_.joint_regressor * body.vertices;
  return body;
}

SmplPosed SmplModel::pose(const SmplShaped& body, const SmplRows& rotations, const Eigen::Vector3d& translation) const {
  const int joints = joint_count();
  if (rotations.rows() != joints)
    throw bad_input("pose: it has " + std::to_string(rotations.rows()) + " rotations but the model has " +
                    std::to_string(joints) + " joints");
  if (body.vertices.rows() != data_.template_vertices.rows() || body.joints.rows() != joints)
    throw bad_input("pose: the shaped body belongs to another model");
  SmplPosed posed;
  posed.joints.resize(joints, 3);
  posed.posed_from_rest.resize(static_cast<std::size_t>(joints));
  Eigen::VectorXf feature(9 * (joints - 1));
  std::vector<Eigen::Isometry3d> chain(static_cast<std::size_t>(joints));
  for (int k = 0; k < joints; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const Eigen::Matrix3d turn = rodrigues(rotations.row(k).transpose());
    const int parent = data_.parents[i];
    Eigen::Isometry3d local = Eigen::Isometry3d::Identity();
    local.linear() = turn;
    local.translation() = body.joints.row(k).transpose();
    if (parent >= 0) {
      local.translation() -= body.joints.row(parent).transpose();
      const Eigen::Matrix<double, 3, 3, Eigen::RowMajor> off = turn - Eigen::Matrix3d::Identity();
      feature.segment<9>(9 * (k - 1)) = Eigen::Map<const Eigen::Matrix<double, 9, 1>>(off.data()).cast<float>();
    }
    chain[i] = parent < 0 ? local : chain[static_cast<std::size_t>(parent)] * local;
    posed.joints.row(k) = (chain[i].translation() + translation).transpose();
    posed.posed_from_rest[i] = chain[i];
    posed.posed_from_rest[i].translation() +=
        translation - chain[i].linear() * body.joints.row(k).transpose();
  }
  posed.vertices.resize(body.vertices.rows(), 3);
  parallel_for(static_cast<std::size_t>(vertex_count()), 256, [&](std::size_t begin, std::size_t end) {
    for (auto v = static_cast<Eigen::Index>(begin); v < static_cast<Eigen::Index>(end); ++v) {
      const Eigen::Vector3f corrective = data_.pose_directions.middleRows<3>(3 * v) * feature;
      const Eigen::Vector3d rest = body.vertices.row(v).transpose() + corrective.cast<double>();
      Eigen::Vector3d sum = Eigen::Vector3d::Zero();
      for (int k = 0; k < joints; ++k) {
        const auto weight = static_cast<double>(data_.skin_weights(v, k));
        if (weight != 0.0) sum += weight * (posed.posed_from_rest[static_cast<std::size_t>(k)] * rest);
      }
      posed.vertices.row(v) = sum.transpose().cast<float>();
    }
  });
  return posed;
}

SmplRows SmplModel::vitruvian_pose() const {
  SmplRows rotations = rest_pose();
  constexpr int kLeftHip = 1, kRightHip = 2;
  if (joint_count() <= kRightHip) throw bad_input("pose: the model has no hips");
  rotations(kLeftHip, 2) = 30.0 * std::numbers::pi / 180.0;
  rotations(kRightHip, 2) = -rotations(kLeftHip, 2);
  return rotations;
}

SmplRows SmplModel::hand_pose(Hand hand, const Eigen::VectorXd& coefficients, bool flat) const {
  const auto& mean = hand == Hand::left ? data_.left_hand_mean : data_.right_hand_mean;
  const auto& components = hand == Hand::left ? data_.left_hand_components : data_.right_hand_components;
  if (mean.size() == 0) throw bad_input("hand pose: a " + smpl_family_name(family()) + " model without hands was given");
  if (coefficients.size() > components.rows())
    throw bad_input("hand pose: " + std::to_string(coefficients.size()) + " coefficients are given but the model has " +
                    std::to_string(components.rows()));
  Eigen::VectorXd pose = Eigen::VectorXd::Zero(45);
  if (coefficients.size() > 0) pose = components.topRows(coefficients.size()).transpose() * coefficients;
  if (!flat) pose += mean;
  return Eigen::Map<const SmplRows>(pose.data(), 15, 3);
}

Eigen::Matrix<double, kKeypointCount, 3, Eigen::RowMajor> SmplModel::keypoints(const SmplPosed& posed) const {
  // In the order of kKeypointNames: face from vertices, body from joints, feet from vertices.
  using Ids = std::array<int, 11>;
  constexpr Ids kSmplIds = {332, 2800, 6260, 583, 4071, 3216, 3226, 3387, 6617, 6624, 6787};
  constexpr Ids kSmplxIds = {9120, 9448, 9929, 6, 616, 5770, 5780, 8846, 8463, 8474, 8635};
  constexpr std::array<int, 12> kJoints = {16, 17, 18, 19, 20, 21, 1, 2, 4, 5, 7, 8};
  if (family() == SmplFamily::other || (vertex_count() != kSmplVertices && vertex_count() != kSmplxVertices))
    throw bad_input("keypoints: they are known for 6890 and 10475 vertices, not for " + std::to_string(vertex_count()));
  const Ids& ids = vertex_count() == kSmplVertices ? kSmplIds : kSmplxIds;
  Eigen::Matrix<double, kKeypointCount, 3, Eigen::RowMajor> points;
  for (int k = 0; k < kKeypointCount; ++k) {
    if (k >= 5 && k < 17) {
      points.row(k) = posed.joints.row(kJoints[static_cast<std::size_t>(k - 5)]);
    } else {
      points.row(k) = posed.vertices.row(ids[static_cast<std::size_t>(k < 5 ? k : k - 12)]).cast<double>();
    }
  }
  return points;
}

}  // namespace tactus::body
