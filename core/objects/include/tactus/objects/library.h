// Our own parametric objects: real sizes, named parts, closed surfaces.
// Frame `object`: y up, the front of the thing faces +z, origin at the centre of its bounding box; metres.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tactus/geometry/mesh.h"
#include "tactus/random.h"

namespace tactus::objects {

struct ObjectMesh {
  std::string category;                     // "chair"; empty for a file of the user without a known category
  std::string name;                         // what the user sees: "chair", "my_scan.obj"
  geometry::Mesh mesh;
  std::vector<std::string> part_names;      // "seat", "backrest", …; empty when unknown
  std::vector<std::uint8_t> vertex_parts;   // [N] index into part_names; empty when unknown
  bool metric = true;                       // sizes are real metres (library) or trusted to be (user file)
};

struct Category {
  std::string name;                         // lower case, spaces allowed: "camera on a tripod"
  std::vector<std::string> synonyms;        // "sofa", "armchair", …
  std::vector<std::string> part_names;
  double typical_size_m;                    // largest bounding-box side of the default instance
  double size_spread;                       // relative standard deviation of that size among real ones
};

const std::vector<Category>& categories();

// The category meant by a word, a phrase ("Camera", "the wooden chairs") or a question: the first one named after the word
// for touching, else the first at all; the longest name at the same place; not a part ("the seat of the bicycle").
// nullopt when none fits.
std::optional<std::string> find_category(std::string_view text);

struct ObjectOptions {
  double max_edge_m = 0.04;        // flat faces are tessellated until no edge is longer
  Random* variation = nullptr;     // nullptr: the default instance; else random proportions drawn from it
};

// Error{bad_input} for an unknown category, naming the closest ones.
ObjectMesh make_object(std::string_view category, const ObjectOptions& options = {});

}  // namespace tactus::objects
