#include "soft.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace tactus::synth {
namespace {

using Eigen::Vector3f;
using geometry::Vertices;

constexpr float kGap = 0.003F;          // between the skin and what lies on it
constexpr float kHalfThick = 0.006F;    // of a strap under load
constexpr float kBend = 0.02F;          // of a pack's panel, at most
constexpr float kFound = 0.15F;         // how far off the skin is looked for
constexpr int kAround = 16;             // vertices of a ring of the library's thin tubes

// A tube of the library: rings of kAround vertices one after the other, then the first cap's smaller rings and middle, then
// the last cap's.
struct Tube {
  std::vector<int> vertices;
  int rings = 0;
  int vertex(int ring, int k) const { return vertices[static_cast<std::size_t>(ring * kAround + k)]; }
  Vector3f centre(const Vertices& at, int ring) const {
    Vector3f sum = Vector3f::Zero();
    for (int k = 0; k < kAround; ++k) sum += at.row(vertex(ring, k)).transpose();
    return sum / static_cast<float>(kAround);
  }
  float radius(const Vertices& at, int ring) const { return (at.row(vertex(ring, 0)).transpose() - centre(at, ring)).norm(); }
};

// Counts the rings of a connected piece; false where it is no such tube.
bool measure(Tube& tube, const Vertices& at) {
  const auto count = static_cast<int>(tube.vertices.size());
  if (count < 3 * kAround + 2 || (count - 2) % kAround != 0) return false;
  const float radius = tube.radius(at, 0);
  if (radius > 0.03F) return false;
  while ((tube.rings + 1) * kAround <= count - 2) {
    const Vector3f middle = tube.centre(at, tube.rings);
    bool round = true;
    for (int k = 0; k < kAround; ++k)
      round = round && std::abs((at.row(tube.vertex(tube.rings, k)).transpose() - middle).norm() - radius) < 0.05F * radius;
    if (!round) break;
    ++tube.rings;
  }
  const int caps = count - tube.rings * kAround;   // both have as many
  return tube.rings >= 3 && (caps / 2 - 1) % kAround == 0;
}

// The connected pieces of a part that are tubes.
std::vector<Tube> tubes_of(const objects::ObjectMesh& object, const std::string& part) {
  const auto count = static_cast<std::size_t>(object.mesh.vertex_count());
  std::vector<int> root(count);
  std::iota(root.begin(), root.end(), 0);
  const auto find = [&](int v) {
    while (root[static_cast<std::size_t>(v)] != v) v = root[static_cast<std::size_t>(v)] = root[static_cast<std::size_t>(root[static_cast<std::size_t>(v)])];
    return v;
  };
  for (Eigen::Index f = 0; f < object.mesh.faces.rows(); ++f)
    for (int k = 1; k < 3; ++k) {
      const int a = find(object.mesh.faces(f, 0)), b = find(object.mesh.faces(f, k));
      root[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
    }
  std::vector<Tube> all;
  std::vector<int> piece(count, -1);
  for (std::size_t v = 0; v < count; ++v) {
    if (object.part_names[object.vertex_parts[v]] != part) continue;
    const auto r = static_cast<std::size_t>(find(static_cast<int>(v)));
    if (piece[r] < 0) {
      piece[r] = static_cast<int>(all.size());
      all.emplace_back();
    }
    all[static_cast<std::size_t>(piece[r])].vertices.push_back(static_cast<int>(v));
  }
  std::erase_if(all, [&](Tube& tube) { return !measure(tube, object.mesh.vertices); });
  return all;
}

// The caps follow the rings at the tube's ends.
void close_caps(Vertices& at, const Tube& tube) {
  const int first = tube.rings * kAround, each = (static_cast<int>(tube.vertices.size()) - first) / 2, smaller = (each - 1) / kAround;
  for (int end = 0; end < 2; ++end) {
    const int ring = end == 0 ? 0 : tube.rings - 1;
    const Vector3f middle = tube.centre(at, ring);
    for (int i = 0; i < each; ++i) {
      const float size = i + 1 == each ? 0.0F : static_cast<float>(smaller - i / kAround) / static_cast<float>(smaller + 1);
      at.row(tube.vertices[static_cast<std::size_t>(first + end * each + i)]) =
          (middle + size * (at.row(tube.vertex(ring, i % kAround)).transpose() - middle)).transpose();
    }
  }
}

Vector3f tangent(const std::vector<Vector3f>& path, std::size_t i) {
  return (path[std::min(i + 1, path.size() - 1)] - path[i == 0 ? 0 : i - 1]).stableNormalized();
}

// A strap's middle line: from its upper end over the points of the skin to its lower end, at an even pace.
struct Line {
  std::vector<Vector3f> at;
  std::vector<bool> on_skin;   // else it spans freely, outside of the body
};

Line strap_line(const Vector3f& upper, const std::vector<Vector3f>& way, const Vector3f& lower, const SurfaceTree& trunk, int points) {
  constexpr float kLift = kGap + kHalfThick;
  std::vector<Vector3f> knots = {upper};
  knots.insert(knots.end(), way.begin(), way.end());
  knots.push_back(lower);
  Line fine;
  constexpr int kPieces = 6;
  for (std::size_t i = 0; i + 1 < knots.size(); ++i)
    for (int k = 0; k < kPieces; ++k) {
      fine.at.push_back(knots[i] + (knots[i + 1] - knots[i]) * (static_cast<float>(k) / kPieces));
      fine.on_skin.push_back(i > 0 && (i + 2 < knots.size()));
    }
  fine.at.push_back(lower);
  fine.on_skin.push_back(false);
  for (int round = 0; round < 4; ++round) {
    const std::vector<Vector3f> before = fine.at;
    for (std::size_t i = 1; i + 1 < fine.at.size(); ++i) {
      fine.at[i] = 0.5F * before[i] + 0.25F * (before[i - 1] + before[i + 1]);
      const SurfaceHit hit = trunk.nearest(fine.at[i], kFound);
      if (hit.face >= 0 && (fine.on_skin[i] || hit.distance < kLift)) fine.at[i] = hit.point + kLift * hit.normal;
    }
  }
  std::vector<float> along = {0.0F};
  for (std::size_t i = 1; i < fine.at.size(); ++i) along.push_back(along.back() + (fine.at[i] - fine.at[i - 1]).norm());
  Line line;
  std::size_t i = 0;
  for (int k = 0; k < points; ++k) {
    const float where = along.back() * static_cast<float>(k) / static_cast<float>(points - 1);
    while (i + 2 < along.size() && along[i + 1] < where) ++i;
    const float t = std::clamp((where - along[i]) / std::max(1e-6F, along[i + 1] - along[i]), 0.0F, 1.0F);
    line.at.push_back(fine.at[i] + t * (fine.at[i + 1] - fine.at[i]));
    line.on_skin.push_back(fine.on_skin[i] && fine.on_skin[i + 1]);
  }
  return line;
}

// `across`: the direction of the strap's width before it is laid.
void lay_strap(Vertices& at, const Tube& tube, const std::vector<Vector3f>& way, const Vector3f& across, const SurfaceTree& trunk) {
  const auto rings = static_cast<std::size_t>(tube.rings);
  std::vector<Vector3f> old;
  for (std::size_t r = 0; r < rings; ++r) old.push_back(tube.centre(at, static_cast<int>(r)));
  const Line line = strap_line(old.front(), way, old.back(), trunk, tube.rings);
  const float radius = tube.radius(at, 0);
  std::vector<Vector3f> normals;
  for (const auto& p : line.at) {
    const SurfaceHit hit = trunk.nearest(p, kFound);
    normals.push_back(hit.face >= 0 ? hit.normal : (normals.empty() ? Vector3f(Vector3f::UnitY()) : normals.back()));
  }
  for (std::size_t r = 0; r < rings; ++r) {
    const Vector3f old_along = tangent(old, r), old_side = (across - old_along * old_along.dot(across)).stableNormalized(), old_up = old_along.cross(old_side);
    const Vector3f along = tangent(line.at, r);
    const Vector3f mean = normals[r] + 0.5F * (normals[r == 0 ? 0 : r - 1] + normals[std::min(r + 1, rings - 1)]);
    const Vector3f side = mean.cross(along).stableNormalized(), up = along.cross(side);
    for (int k = 0; k < kAround; ++k) {
      const int v = tube.vertex(static_cast<int>(r), k);
      const Vector3f off = at.row(v).transpose() - old[r];
      const float high = off.dot(old_up) * kHalfThick / radius;
      const Vector3f flat = line.at[r] + off.dot(old_side) * side;
      const float lift = kGap + kHalfThick + high;   // over the skin
      const SurfaceHit hit = trunk.nearest(flat, kFound);
      Vector3f laid = flat + high * up;
      if (hit.face >= 0 && (line.on_skin[r] || hit.distance + high < lift)) laid = hit.point + lift * hit.normal;
      at.row(v) = laid.transpose();
    }
  }
  close_caps(at, tube);
}

// The side of a pack's body that faces the wearer gives way to the trunk, or follows it.
void bend_panel(Vertices& at, const Thing& pack, const Vector3f& outward, const SurfaceTree& trunk) {
  const PartBox box = pack.part("body");
  for (const int v : pack.part_vertices("body")) {
    const double depth = (box.centre().z() - static_cast<double>(pack.object->mesh.vertices(v, 2))) / (0.5 * box.size().z());
    if (depth <= 0.0) continue;
    const SurfaceHit hit = trunk.nearest(at.row(v).transpose(), 0.08F);
    if (hit.face < 0 || hit.normal.dot(outward) < 0.3F) continue;
    const float move = std::clamp((hit.distance - kGap) / hit.normal.dot(outward), -kBend, kBend);
    at.row(v) -= static_cast<float>(depth) * move * outward.transpose();
  }
}

// A binding is set to its foot: a strap goes over the instep or the balls of the toes, however long the foot is. Frame object,
// where toes point to +x; `middle`: x of the deck's middle, behind which the instep's straps are.
void set_to_foot(Vertices& object, const Tube& strap, float middle, const std::array<geometry::BoundingBox, 2>& soles) {
  constexpr float kInstep = 0.44F, kToes = 0.75F;   // of the foot's length, from the heel
  const Vector3f top = strap.centre(object, strap.rings / 2);
  const auto& sole = std::abs(soles[kLeft].centre().z() - top.z()) < std::abs(soles[kRight].centre().z() - top.z()) ? soles[kLeft] : soles[kRight];
  const float wanted = sole.lower.x() + (top.x() < middle + 0.02F ? kInstep : kToes) * sole.size().x();
  for (const int v : strap.vertices) object(v, 0) += wanted - top.x();
}

// Rings of a strap over the foot go down until they lie on it; its ends stay on the board.
void tighten(Vertices& at, const Tube& tube, const SurfaceTree& body) {
  const int rings = tube.rings;
  const float radius = tube.radius(at, 0);
  std::vector<Vector3f> moves(static_cast<std::size_t>(rings), Vector3f::Zero());
  for (int r = 1; r + 1 < rings; ++r) {
    const Vector3f centre = tube.centre(at, r);
    const SurfaceHit hit = body.nearest(centre, kFound);
    if (hit.face >= 0) moves[static_cast<std::size_t>(r)] = hit.point + (radius + kGap) * hit.normal - centre;
  }
  for (int r = 0; r < rings; ++r)
    for (int k = 0; k < kAround; ++k)
      at.row(tube.vertex(r, k)) += moves[static_cast<std::size_t>(r)].transpose();
  close_caps(at, tube);
}

bool is_worn_pack(const PlacedThing& placed) {
  return placed.thing->category() == "backpack" && (placed.interaction == Interaction::carry_back || placed.interaction == Interaction::wear);
}

}  // namespace

Wearer::Wearer(const Rig& rig) {
  const body::ShapedBody rest = rig.model.shape({});
  const auto& vertices = rest.rest_vertices;
  const float shoulder = std::abs(static_cast<float>(rest.rest_heads(rig.arm[kLeft].upper, 0)));
  std::vector<bool> kept(static_cast<std::size_t>(rig.model.vertex_count()));
  for (std::size_t v = 0; v < kept.size(); ++v) {
    const std::string& part = rig.model.part_names()[rig.model.vertex_parts()[v]];
    for (const char* word : {"neck", "chest", "back", "shoulder", "abdomen", "buttock", "hip"}) kept[v] = kept[v] || part.find(word) != std::string::npos;
    // The roots of the arms, but not what may hang beside the flank.
    if (part.find("upper arm") != std::string::npos) kept[v] = std::abs(vertices(static_cast<Eigen::Index>(v), 0)) < shoulder;
  }
  const auto& all = rig.model.faces();
  geometry::Faces faces(all.rows(), 3);
  Eigen::Index count = 0;
  for (Eigen::Index f = 0; f < all.rows(); ++f)
    if (kept[static_cast<std::size_t>(all(f, 0))] && kept[static_cast<std::size_t>(all(f, 1))] && kept[static_cast<std::size_t>(all(f, 2))])
      faces.row(count++) = all.row(f);
  faces.conservativeResize(count, 3);
  trunk_ = std::make_shared<const SurfaceTopology>(vertices, faces, false);
  for (const Side side : {kLeft, kRight}) soles_[side] = rig.region(Region::sole, side);
  const SurfaceTree skin(trunk_, vertices);
  // Near the skin of the usual body in its rest pose, left side. Both go over the middle of the shoulder and under the arm.
  static const std::array<std::vector<Vector3f>, 2> near = {
      std::vector<Vector3f>{{0.1F, 0.58F, 0.0F}, {0.105F, 0.62F, 0.07F}, {0.11F, 0.6F, 0.14F}, {0.11F, 0.53F, 0.2F}, {0.115F, 0.46F, 0.25F},
                            {0.125F, 0.4F, 0.26F}, {0.15F, 0.33F, 0.22F}, {0.19F, 0.27F, 0.14F}, {0.2F, 0.22F, 0.06F}},
      std::vector<Vector3f>{{0.105F, 0.55F, 0.2F}, {0.105F, 0.62F, 0.1F}, {0.1F, 0.59F, 0.0F}, {0.095F, 0.5F, -0.05F}, {0.1F, 0.42F, -0.05F},
                            {0.115F, 0.34F, -0.04F}, {0.165F, 0.27F, 0.03F}, {0.2F, 0.22F, 0.11F}}};
  for (std::size_t front = 0; front < 2; ++front)
    for (const Side side : {kLeft, kRight})
      for (Vector3f p : near[front]) {
        if (side == kRight) p.x() = -p.x();
        const SurfaceHit hit = skin.nearest(p, 1.0F);
        Eigen::Matrix3f corners;
        for (Eigen::Index k = 0; k < 3; ++k) corners.col(k) = vertices.row(faces(hit.face, k)).transpose();
        // The point lies in the triangle's plane, which does not go through the origin of the model.
        const Vector3f a = corners.col(1) - corners.col(0), b = corners.col(2) - corners.col(0), c = hit.point - corners.col(0);
        const float aa = a.dot(a), ab = a.dot(b), bb = b.dot(b), ca = c.dot(a), cb = c.dot(b), scale = aa * bb - ab * ab;
        const float u = (bb * ca - ab * cb) / scale, w = (aa * cb - ab * ca) / scale;
        ways_[front][side].push_back({hit.face, {1.0F - u - w, u, w}});
      }
}

std::vector<Vector3f> Wearer::way(bool in_front, Side side, const Vertices& body) const {
  std::vector<Vector3f> points;
  for (const SkinPoint& p : ways_[in_front ? 1 : 0][side]) {
    Vector3f at = Vector3f::Zero();
    for (Eigen::Index k = 0; k < 3; ++k) at += p.weights[k] * body.row(trunk_->faces(p.face, k)).transpose();
    points.push_back(at);
  }
  return points;
}

bool takes_shape(const PlacedThing& placed) {
  return is_worn_pack(placed) || (placed.thing->category() == "snowboard" && placed.interaction == Interaction::stand);
}

PlacedThing laid_on(const PlacedThing& placed, const Wearer& wearer, const SurfaceTree& body) {
  const Eigen::Isometry3f pose = placed.world_from_thing.cast<float>();
  objects::ObjectMesh object = *placed.thing->object;
  Vertices at = (object.mesh.vertices * pose.linear().transpose()).rowwise() + pose.translation().transpose();
  if (is_worn_pack(placed)) {
    const SurfaceTree trunk = wearer.trunk(body.vertices());
    bend_panel(at, *placed.thing, pose.linear().col(2), trunk);
    const bool in_front = placed.interaction == Interaction::wear;
    const std::array<std::vector<Vector3f>, 2> ways = {wearer.way(in_front, kLeft, body.vertices()), wearer.way(in_front, kRight, body.vertices())};
    for (const Tube& tube : tubes_of(object, "straps")) {
      const Vector3f end = tube.centre(at, tube.rings - 1);
      const auto side = (ways[kLeft].back() - end).norm() < (ways[kRight].back() - end).norm() ? kLeft : kRight;
      lay_strap(at, tube, ways[side], pose.linear().col(0), trunk);
    }
  } else {
    std::array<geometry::BoundingBox, 2> soles;
    for (const Side side : {kLeft, kRight}) {
      Vertices points(static_cast<Eigen::Index>(wearer.sole(side).size()), 3);
      for (Eigen::Index i = 0; i < points.rows(); ++i)
        points.row(i) = (body.vertices().row(wearer.sole(side)[static_cast<std::size_t>(i)]) - pose.translation().transpose()) * pose.linear();
      soles[side] = geometry::bounding_box(points);
    }
    const std::vector<Tube> straps = tubes_of(object, "bindings");
    const auto middle = static_cast<float>(placed.thing->part("deck").centre().x());
    for (const Tube& strap : straps) set_to_foot(object.mesh.vertices, strap, middle, soles);
    at = (object.mesh.vertices * pose.linear().transpose()).rowwise() + pose.translation().transpose();
    for (const Tube& strap : straps) tighten(at, strap, body);
  }
  object.mesh.vertices = (at.rowwise() - pose.translation().transpose()) * pose.linear();
  const Vector3f centre = geometry::bounding_box(object.mesh.vertices).centre();
  object.mesh.vertices.rowwise() -= centre.transpose();
  PlacedThing laid = placed;
  laid.world_from_thing.translation() += placed.world_from_thing.linear() * centre.cast<double>();
  laid.thing = std::make_shared<const Thing>(std::move(object));
  return laid;
}

Thing without_straps(const Thing& board) {
  objects::ObjectMesh bare = *board.object;
  std::vector<bool> strap(static_cast<std::size_t>(bare.mesh.vertex_count()));
  for (const Tube& tube : tubes_of(bare, "bindings"))
    for (const int v : tube.vertices) strap[static_cast<std::size_t>(v)] = true;
  Eigen::Index count = 0;
  for (Eigen::Index f = 0; f < bare.mesh.faces.rows(); ++f)
    if (!strap[static_cast<std::size_t>(bare.mesh.faces(f, 0))]) bare.mesh.faces.row(count++) = bare.mesh.faces.row(f);
  bare.mesh.faces.conservativeResize(count, 3);
  return Thing(std::move(bare));
}

}  // namespace tactus::synth
