// What is known of a made scene, and how far a result is from it.
#pragma once

#include <optional>
#include <vector>

#include "tactus/geometry/mesh.h"
#include "tactus/geometry/transform.h"

namespace tactus::pipeline {

struct Analysis;

// Frame photo, metres. Comes with a sample that was rendered; nothing in the analysis looks at it.
struct Truth {
  geometry::SimilarityTransform photo_from_object;
  geometry::Vertices body;                                    // the posed body, vertex by vertex as the baked one
  std::vector<int> body_contact, object_contact;              // indices of the vertices that touch
};

// METHOD.md §7: precision, recall and F1 of the vertices above probability 0.5. 0 where nothing was found or is there.
struct ContactScore {
  double precision = 0.0, recall = 0.0, f1 = 0.0;
};

struct TruthErrors {
  // Both persons' middles on one point: a wrong guess of how far away the two stand, which one photograph does not tell,
  // is no error.
  std::optional<double> body_cm;                              // mean distance of corresponding vertices
  std::optional<double> object_rotation_deg, object_centre_cm;
  std::optional<ContactScore> body_contact, object_contact;
};

// Each error whose stage has an output and whose mesh has the truth's vertices.
TruthErrors compare_with_truth(const Analysis& analysis, const Truth& truth);

}  // namespace tactus::pipeline
