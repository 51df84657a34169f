// The licensed bodies SMPL, SMPL-H and SMPL-X (METHOD.md §9.6): shape and pose → vertices and joints.
// Files are read by io::read_smpl_model. The frame is the model's own: y up, facing +z, the person's left is +x,
// metres, the origin near the chest; nothing is moved to the pelvis.
#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <string>
#include <vector>

#include "tactus/body/keypoints.h"
#include "tactus/geometry/mesh.h"

namespace tactus::body {

// By the number of joints: 24, 52, 55. `other` poses and shapes alike but has no named points.
enum class SmplFamily { smpl, smplh, smplx, other };
std::string smpl_family_name(SmplFamily family);   // "SMPL", "SMPL-H", "SMPL-X", "SMPL-like"

using SmplRows = Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor>;
using SmplTable = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct SmplModelData {
  SmplRows template_vertices;          // [V, 3], v_template
  geometry::Faces faces;               // [F, 3]
  std::vector<int> parents;            // [K], -1 for the root, which stands first
  SmplTable shape_directions;          // [3V, S]: rows x, y, z of vertex 0, then of vertex 1, …
  SmplTable pose_directions;           // [3V, 9(K-1)]
  Eigen::MatrixXd joint_regressor;     // [K, V]
  SmplTable skin_weights;              // [V, K]
  // SMPL-H and SMPL-X; empty in SMPL. A hand is 15 rotation vectors in a row.
  Eigen::VectorXd left_hand_mean, right_hand_mean;              // [45]
  Eigen::MatrixXd left_hand_components, right_hand_components;  // [C, 45], one a row
};

// Error{bad_input} naming `what` when sizes, parents or faces do not belong together.
void validate(const SmplModelData& data, const std::string& what);

struct SmplShaped {
  SmplRows vertices;   // [V, 3], rest pose
  SmplRows joints;     // [K, 3]
};

struct SmplPosed {
  geometry::Vertices vertices;                       // [V, 3]
  SmplRows joints;                                   // [K, 3]
  std::vector<Eigen::Isometry3d> posed_from_rest;    // a joint
};

enum class Hand { left, right };

class SmplModel {
 public:
  explicit SmplModel(SmplModelData data);   // Error{bad_input} as validate()

  SmplFamily family() const;
  int vertex_count() const { return static_cast<int>(data_.template_vertices.rows()); }
  int joint_count() const { return static_cast<int>(data_.parents.size()); }
  const SmplModelData& data() const { return data_; }

  // Columns of shape and of expression. SMPL-X keeps both in one table: the expression starts at column 300 where
  // there are 400, at 10 where there are 20; other files have none.
  int shape_count() const;
  int expression_count() const;

  // Fewer coefficients than columns are followed by zeros; Error{bad_input} for more.
  SmplShaped shape(const Eigen::VectorXd& betas, const Eigen::VectorXd& expression = {}) const;

  // rotations [K, 3]: axis · radians of each joint about the axes of its parent, the root's about the model's.
  // Pose correctives and linear blend skinning. Error{bad_input} for another number of rows.
  SmplPosed pose(const SmplShaped& body, const SmplRows& rotations,
                 const Eigen::Vector3d& translation = Eigen::Vector3d::Zero()) const;
  SmplRows rest_pose() const { return SmplRows::Zero(joint_count(), 3); }
  // Legs apart by 30° a side, all else at rest: the pose of the canonical views (METHOD.md §3.5).
  SmplRows vitruvian_pose() const;

  // The 15 rotations of a hand from PCA coefficients (missing ones are 0); the mean pose is added unless `flat`.
  // Error{bad_input} for more coefficients than components, or a model without hands.
  SmplRows hand_pose(Hand hand, const Eigen::VectorXd& coefficients, bool flat) const;

  // The 23 named points of a posed body. Error{bad_input} unless the mesh is SMPL's (6890 vertices) or SMPL-X's
  // (10475): the face and feet are single vertices of those.
  Eigen::Matrix<double, kKeypointCount, 3, Eigen::RowMajor> keypoints(const SmplPosed& posed) const;

 private:
  SmplModelData data_;
};

}  // namespace tactus::body
