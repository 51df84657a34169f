// What covers each part of a body in a picture.
#pragma once

#include <cstdint>
#include <vector>

#include "tactus/body/body_model.h"
#include "textures.h"

namespace tactus::synth {

struct Clothes {
  std::vector<std::uint8_t> layer;   // [V] index into looks
  std::vector<Look> looks;           // skin, hair, top, trousers, shoes, gloves
};

// Sleeves and trousers of any length, barefoot or shod, hair short, long or none. `variation` 0: one cloth over skin.
Clothes dress(const body::BodyModel& model, const body::ShapedBody& shaped, double variation, Random& random);

}  // namespace tactus::synth
