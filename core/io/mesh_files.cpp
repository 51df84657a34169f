#include "tactus/io/mesh_files.h"

#include <algorithm>
#include <charconv>

#include "atomic_file.h"
#include "mesh_readers.h"
#include "tactus/io/zip_reader.h"

namespace tactus::io {

namespace fs = std::filesystem;

MeshFile read_mesh(const fs::path& file) {
  std::string extension = file.extension();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string name = file.filename();
  std::error_code error;
  if (!fs::is_regular_file(file, error)) throw bad_input(file.string() + ": there is no such file");
  const auto read = extension == ".obj" ? read_obj : extension == ".ply" ? read_ply : extension == ".glb" ? read_glb : nullptr;
  if (read == nullptr) throw bad_input(name + ": meshes are read from .obj, .ply and .glb files");
  if (fs::file_size(file, error) > kLargestMeshFile) throw bad_input(name + ": the mesh file is larger than 2 GB; simplify the mesh");
  MeshFile result = read(read_file(file), name);
  geometry::validate(result.mesh, name);
  return result;
}

void write_obj(const fs::path& file, const geometry::Mesh& mesh, const geometry::Colours* colours) {
  std::string text;
  text.reserve(static_cast<std::size_t>(mesh.vertex_count()) * 48);
  char line[160];
  const auto append = [&](float v) {
    const auto end = std::to_chars(line, line + sizeof line, v);
    text += ' ';
    text.append(line, end.ptr);
  };
  for (int i = 0; i < mesh.vertex_count(); ++i) {
    text += 'v';
    for (int k = 0; k < 3; ++k) append(mesh.vertices(i, k));
    if (colours != nullptr)
      for (int k = 0; k < 3; ++k) append((*colours)(i, k));
    text += '\n';
  }
  for (int f = 0; f < mesh.face_count(); ++f)
    text += "f " + std::to_string(mesh.faces(f, 0) + 1) + ' ' + std::to_string(mesh.faces(f, 1) + 1) + ' ' + std::to_string(mesh.faces(f, 2) + 1) + '\n';
  write_text(file, text);
}

}  // namespace tactus::io
