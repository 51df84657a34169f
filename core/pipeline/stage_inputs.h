// What several stages are handed, made from what is known so far.
#pragma once

#include <vector>

#include "tactus/pipeline/analysis.h"

namespace tactus::pipeline {

std::vector<const views::RasterMaps*> maps_of(const std::vector<views::RenderedView>& rendered);

// Contact on the vertices: of the painted views, or of the model's own answer on the surface; then what was painted on the
// vertices. Needs the prediction, the views and the meshes of the analysis; the edits are those of its inputs.
contact::VertexContact body_contact(const Analysis& analysis);
contact::VertexContact object_contact(const Analysis& analysis);

// Needs the body, both contacts, the object and inputs.object_mask.
reconstruct::ReconstructInput joint_input(const Analysis& analysis);

}  // namespace tactus::pipeline
