// Scenes with their truth drawn in, to be looked at.
#pragma once

#include <vector>

#include "tactus/synth/pictures.h"

namespace tactus::synth {

// The picture with the visible part of the truth: the body's contact in yellow, the objects' in cyan, joints in green (left)
// and red (right). Contact behind the body or a thing is drawn darker.
ImageU8 annotated(const Scene& scene, const body::BodyModel& model, const Picture& picture);

// Tiles in rows, each in the middle of its cell.
ImageU8 tiled(const std::vector<ImageU8>& tiles, int columns);

}  // namespace tactus::synth
