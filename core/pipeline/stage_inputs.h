// What several stages are handed, made from what is known so far.
#pragma once

#include <vector>

#include "tactus/pipeline/analysis.h"

namespace tactus::pipeline {

std::vector<const views::RasterMaps*> maps_of(const std::vector<views::RenderedView>& rendered);

// Needs the body, both contacts, the object and inputs.object_mask.
reconstruct::ReconstructInput joint_input(const Analysis& analysis);

}  // namespace tactus::pipeline
