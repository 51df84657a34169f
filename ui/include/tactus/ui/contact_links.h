// Which points ICP draws together at a pose.
#pragma once

#include <Eigen/Core>
#include <utility>
#include <vector>

#include "tactus/pipeline/analysis.h"

namespace tactus::ui {

// From contact vertices of the object, placed by `photo_from_object`, to the nearest contact vertices of the body (frame
// photo); about `most` of them, spread evenly over the contact. Distances count normals as the alignment does. Empty
// where either has no contact.
std::vector<std::pair<Eigen::Vector3d, Eigen::Vector3d>> contact_links(const pipeline::Analysis& analysis,
                                                                       const geometry::SimilarityTransform& photo_from_object, int most);

}  // namespace tactus::ui
