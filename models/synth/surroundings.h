// The camera, and things that nobody touches.
#pragma once

#include "draft.h"
#include "tactus/geometry/camera.h"

namespace tactus::synth {

struct CameraView {
  geometry::PinholeCamera camera;
  Eigen::Isometry3d photo_from_world;
};

// Looks at the person; `points` are some of its vertices, world. False when no distance gives a picture of it.
bool choose_camera(Random& random, const geometry::Vertices& points, CameraView& view);

// Puts a thing where `placement` says, given all of the body's skin as a tree in world. False when that does not work out.
bool place_untouched(Draft& draft, const SurfaceTree& body, const CameraView& view, PlacedThing& placed, Placement placement);

}  // namespace tactus::synth
