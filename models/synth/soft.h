// Soft things take the shape of who wears them: straps of a pack and of a board's bindings, the panel at a pack's back.
// Frame world of the generator, metres.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "draft.h"
#include "surface_tree.h"

namespace tactus::synth {

// What packs lie on of a body: the skin of the trunk, and the way of a strap as fixed points of that skin, so that it runs
// over the same places of every body in every pose. Made once for all bodies of a model.
class Wearer {
 public:
  explicit Wearer(const Rig& rig);
  SurfaceTree trunk(const geometry::Vertices& body) const { return {trunk_, body}; }
  // From the shoulder down to the flank, on the skin; `in_front`: of a pack worn before the chest.
  std::vector<Eigen::Vector3f> way(bool in_front, Side side, const geometry::Vertices& body) const;
  const std::vector<int>& sole(Side side) const { return soles_[side]; }   // some of its vertices

 private:
  struct SkinPoint {
    int face;
    Eigen::Vector3f weights;   // barycentric
  };
  std::shared_ptr<const SurfaceTopology> trunk_;
  std::array<std::array<std::vector<SkinPoint>, 2>, 2> ways_;   // [in_front][side]
  std::array<std::vector<int>, 2> soles_;
};

// Whether `laid_on` changes this thing: a backpack that is worn, a snowboard that is stood on.
bool takes_shape(const PlacedThing& placed);

// The thing with a mesh of its own whose soft parts lie on the posed body, a few millimetres off the skin. Vertices, faces and
// parts keep their numbers and names; the mesh is centred on its bounding box again and the pose follows.
// A worn strap is pressed flat: as wide as it was, 12 mm thick. A panel bends by up to 2 cm.
PlacedThing laid_on(const PlacedThing& placed, const Wearer& wearer, const SurfaceTree& body);

// The board alone, without the straps of its bindings: what a foot stands on before it is strapped in.
Thing without_straps(const Thing& board);

}  // namespace tactus::synth
