// The published pre-processing (METHOD.md §8.3–8.5), shared by ICP and fit of the official mode.
#pragma once

#include "tactus/reconstruct/reconstruct.h"

namespace tactus::reconstruct {

struct OfficialFrames {
  explicit OfficialFrames(const ReconstructInput& input);
  Eigen::Vector3d off;              // the human's centroid, frame photo
  Eigen::Vector3d object_centre;    // the object's, in its file's frame
  VerticesD human;                  // centred [V, 3]
  VerticesD object;                 // centred, y and z flipped [N, 3]

  // From row-vector rotation and translation of the centred frame: v' = v·R + t.
  geometry::SimilarityTransform photo_from_object(const Eigen::Matrix3d& row_rotation, const Eigen::Vector3d& translation,
                                                  double scale) const;
  // The reverse.
  void to_rows(const geometry::SimilarityTransform& photo_from_object, Eigen::Matrix3d& row_rotation,
               Eigen::Vector3d& translation) const;
};

// Object probabilities as the filter leaves them: 0 at or below the threshold (§8.5).
Eigen::VectorXf filtered_object_contact(const ReconstructInput& input, double threshold);

void check_input(const ReconstructInput& input);

}  // namespace tactus::reconstruct
