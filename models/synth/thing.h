// An object instance of the pool, ready for distance queries and for being sat on, gripped and leant on.
#pragma once

#include <Eigen/Geometry>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "figure.h"
#include "surface_tree.h"
#include "tactus/objects/library.h"
#include "tactus/random.h"

namespace tactus::synth {

// Axis-aligned box of some vertices, frame object.
struct PartBox {
  Eigen::Vector3d lower = Eigen::Vector3d::Constant(1e9), upper = Eigen::Vector3d::Constant(-1e9);
  Eigen::Vector3d centre() const { return 0.5 * (lower + upper); }
  Eigen::Vector3d size() const { return upper - lower; }
  bool empty() const { return lower.x() > upper.x(); }
};

class Thing {
 public:
  explicit Thing(objects::ObjectMesh mesh);

  std::shared_ptr<const objects::ObjectMesh> object;
  SurfaceTree surface;
  PartBox box;                                    // of the whole

  const std::string& category() const { return object->category; }
  bool has_part(std::string_view part) const;
  // `side`: only the half with x > 0 (left) or x < 0. Empty where there is none.
  PartBox part(std::string_view name, std::optional<Side> side = {}) const;
  std::vector<int> part_vertices(std::string_view name, std::optional<Side> side = {}) const;

 private:
  static SurfaceTree tree_of(const objects::ObjectMesh& mesh);
};

// Smallest signed distance of points (world) to a thing, looked for within `radius`; `radius` where nothing is nearer.
double clearance(const geometry::Vertices& points, const Thing& thing, const Eigen::Isometry3d& world_from_thing, double radius);

// How a hand takes a thing. Frame object. A left and a right hand that have the same frame lie mirrored.
struct Grip {
  Eigen::Vector3d point;            // where the palm comes to lie, on the surface
  Eigen::Vector3d fingers, palm;    // directions of the hand: along the fingers; out of the palm, into the thing
  double along = 0.8;               // what of the hand lies on the point: 0 wrist, 1 knuckles, 1.6 the fingers' middle
  double closing = 1.5;             // the fingers' largest bend a joint
  std::optional<Eigen::Vector3d> elbow;   // where the elbow is to be, frame world, a direction
};

// Around a bar-like part: anywhere between `from` and `to` of its length (0 … 1), from any side.
Grip bar_grip(const Thing& thing, const std::vector<int>& vertices, double from, double to, Random& random);
// Flat on a face of the part's box, whose outward normal is given.
Grip face_grip(const PartBox& box, const Eigen::Vector3d& normal, const Eigen::Vector3d& fingers, Random& random);
// On a round thing.
Grip ball_grip(const Thing& thing, const Eigen::Vector3d& towards, Random& random);

}  // namespace tactus::synth
