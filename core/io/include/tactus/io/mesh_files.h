// Mesh files. Vertices keep their number and order: nothing is merged.
#pragma once

#include <filesystem>
#include <optional>

#include "tactus/geometry/mesh.h"

namespace tactus::io {

struct MeshFile {
  geometry::Mesh mesh;
  std::optional<geometry::Colours> colours;
};

// .obj (polygons become fans, negative indices count back), .ply (ASCII and binary little-endian), .glb (every mesh
// of the file with its node's transform). Error{bad_input} for anything else, no faces, bad indices, NaN.
MeshFile read_mesh(const std::filesystem::path& file);

// With vertex colours after the coordinates where given.
void write_obj(const std::filesystem::path& file, const geometry::Mesh& mesh, const geometry::Colours* colours);

}  // namespace tactus::io
