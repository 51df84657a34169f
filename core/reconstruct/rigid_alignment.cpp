#include "rigid_alignment.h"

#include <Eigen/SVD>

namespace tactus::reconstruct {

geometry::SimilarityTransform rigid_alignment(const VerticesD& source, const VerticesD& target,
                                              const Eigen::VectorXd& given) {
  Eigen::VectorXd weights = given.size() == source.rows() ? given : Eigen::VectorXd::Ones(source.rows());
  weights /= weights.sum();
  const Eigen::RowVector3d source_mean = weights.transpose() * source, target_mean = weights.transpose() * target;
  const VerticesD a = source.rowwise() - source_mean, b = target.rowwise() - target_mean;
  const Eigen::Matrix3d covariance = b.transpose() * weights.asDiagonal() * a;   // target from source
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(covariance, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Eigen::Vector3d signs(1, 1, (svd.matrixU() * svd.matrixV().transpose()).determinant() < 0 ? -1.0 : 1.0);
  geometry::SimilarityTransform result;
  result.rotation = svd.matrixU() * signs.asDiagonal() * svd.matrixV().transpose();
  result.translation = target_mean.transpose() - result.rotation * source_mean.transpose();
  return result;
}

}  // namespace tactus::reconstruct
