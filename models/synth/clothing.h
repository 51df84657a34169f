// What covers each part of a body in a picture.
#pragma once

#include <cstdint>
#include <vector>

#include "tactus/body/body_model.h"
#include "tactus/geometry/mesh.h"
#include "textures.h"

namespace tactus::synth {

struct Clothes {
  std::vector<std::uint8_t> layer;   // [V] index into looks
  std::vector<Look> looks;           // skin, hair, top, trousers, shoes, gloves
  std::vector<float> thickness;      // [V] metres that cloth or hair stands off the skin; 0 on bare skin
};

// Sleeves and trousers of any length, shirts, pullovers and coats to the hip or the knee, barefoot or shod, hair short, long or none.
// `variation` 0: one cloth over skin, of no thickness.
Clothes dress(const body::BodyModel& model, const body::ShapedBody& shaped, double variation, Random& random);

// The surface that is seen: `vertices` [V, 3] moved outwards by the thickness. Around what is touched cloth is pressed flat: a strap, a
// chair's back lie on it, not in it. `touched` [V]: 0 or 1.
geometry::Vertices dressed(const geometry::Vertices& vertices, const geometry::Faces& faces, const Clothes& clothes, const std::vector<std::uint8_t>& touched);

}  // namespace tactus::synth
