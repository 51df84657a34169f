// Mesh files. Vertices keep their number and order: nothing is merged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "tactus/geometry/mesh.h"

namespace tactus::io {

inline constexpr std::uintmax_t kLargestMeshFile = 2'000'000'000;   // bytes

struct MeshFile {
  geometry::Mesh mesh;
  std::optional<geometry::Colours> colours;   // where every vertex has one
};

// .obj (polygons become fans, negative indices count back), .ply (ASCII and binary), .glb (every triangle mesh of
// the default scene with its node's transform). Numbers are rounded correctly, so what write_obj wrote comes back to
// the bit. Error{bad_input} for anything else, no faces, bad indices, NaN, compressed GLB.
MeshFile read_mesh(const std::filesystem::path& file);

// With vertex colours after the coordinates where given.
void write_obj(const std::filesystem::path& file, const geometry::Mesh& mesh, const geometry::Colours* colours);

}  // namespace tactus::io
