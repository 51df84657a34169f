#include "tactus/io/mesh_files.h"

#include <tiny_gltf.h>
#include <tiny_obj_loader.h>

#include <Eigen/Geometry>
#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "atomic_file.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;

// The OBJ reader takes "nan" and "inf" for zero; a mesh with a hole in its numbers must not pass as one without.
void refuse_words_for_numbers(std::ifstream& stream, const std::string& name) {
  std::string line;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    if (line.size() < 2 || line[0] != 'v' || line[1] != ' ') continue;
    if (line.find_first_of("nN", 2) != std::string::npos)
      throw bad_input(name + ": line " + std::to_string(number) + " holds a coordinate that is not a finite number; all must be");
  }
  stream.clear();
  stream.seekg(0);
}

MeshFile read_obj(const fs::path& file) {
  const std::string name = file.filename();
  tinyobj::attrib_t attributes;
  std::vector<tinyobj::shape_t> shapes;
  std::vector<tinyobj::material_t> materials;
  std::string warning, error;
  std::ifstream stream(file);
  if (!stream) throw bad_input(file.string() + ": the file could not be opened; check its name and permissions");
  refuse_words_for_numbers(stream, name);
  // Not triangulated by the reader: its ear clipping may drop corners; fans keep every one.
  const bool good = tinyobj::LoadObj(&attributes, &shapes, &materials, &warning, &error, &stream, nullptr, false, true);
  if (!good) throw bad_input(name + ": the OBJ file is damaged" + (error.empty() ? "" : " (" + error.substr(0, error.find('\n')) + ")"));
  MeshFile result;
  const auto count = static_cast<Eigen::Index>(attributes.vertices.size() / 3);
  result.mesh.vertices = Eigen::Map<const geometry::Vertices>(attributes.vertices.data(), count, 3);
  std::vector<std::int32_t> faces;
  for (const auto& shape : shapes) {
    std::size_t at = 0;
    for (const auto corners : shape.mesh.num_face_vertices) {
      for (std::size_t k = 1; k + 1 < corners; ++k)
        for (const std::size_t c : {std::size_t{0}, k, k + 1}) faces.push_back(shape.mesh.indices[at + c].vertex_index);
      at += corners;
    }
  }
  result.mesh.faces = Eigen::Map<const geometry::Faces>(faces.data(), static_cast<Eigen::Index>(faces.size() / 3), 3);
  return result;
}

struct PlyProperty {
  std::string type, name, count_type;   // count_type: of a list
};
struct PlyElement {
  std::string name;
  std::size_t count = 0;
  std::vector<PlyProperty> properties;
};

std::size_t ply_width(const std::string& t) {
  if (t == "char" || t == "uchar" || t == "int8" || t == "uint8") return 1;
  if (t == "short" || t == "ushort" || t == "int16" || t == "uint16") return 2;
  if (t == "int" || t == "uint" || t == "float" || t == "int32" || t == "uint32" || t == "float32") return 4;
  if (t == "double" || t == "float64") return 8;
  return 0;
}

class PlyReader {
 public:
  explicit PlyReader(const fs::path& file) : name_(file.filename()), stream_(file, std::ios::binary) {
    if (!stream_) throw bad_input(file.string() + ": the file could not be opened; check its name and permissions");
    std::error_code error;
    file_size_ = fs::file_size(file, error);
  }

  MeshFile read() {
    header();
    MeshFile result;
    std::vector<std::int32_t> faces;
    for (const auto& element : elements_) {
      const bool vertices = element.name == "vertex", polygons = element.name == "face";
      // An element takes at least a byte, so a count beyond the file's size is a lie.
      if (element.count > file_size_) refuse("the header announces more elements than the file can hold");
      if (vertices) result.mesh.vertices.setZero(static_cast<Eigen::Index>(element.count), 3);
      for (std::size_t i = 0; i < element.count; ++i) {
        for (const auto& property : element.properties) {
          if (property.count_type.empty()) {
            const double value = number(property.type);
            if (!vertices) continue;
            const auto axis = std::string("xyz").find(property.name);
            if (property.name.size() == 1 && axis != std::string::npos)
              result.mesh.vertices(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(axis)) = static_cast<float>(value);
            continue;
          }
          const double length = number(property.count_type);
          if (!(length >= 0.0 && length <= 100000.0)) refuse("a face has an impossible number of corners");
          std::vector<std::int32_t> corners;
          for (int k = 0; k < static_cast<int>(length); ++k) corners.push_back(static_cast<std::int32_t>(number(property.type)));
          if (polygons && (property.name == "vertex_indices" || property.name == "vertex_index"))
            for (std::size_t k = 1; k + 1 < corners.size(); ++k) faces.insert(faces.end(), {corners[0], corners[k], corners[k + 1]});
        }
      }
    }
    result.mesh.faces = Eigen::Map<const geometry::Faces>(faces.data(), static_cast<Eigen::Index>(faces.size() / 3), 3);
    return result;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw bad_input(name_ + ": " + why); }

  void header() {
    std::string line;
    std::getline(stream_, line);
    if (line.substr(0, 3) != "ply") refuse("this is not a PLY file");
    while (std::getline(stream_, line)) {
      std::istringstream words(line);
      std::string word;
      words >> word;
      if (word == "end_header") return;
      if (word == "format") {
        words >> word;
        if (word != "ascii" && word != "binary_little_endian") refuse("PLY files of the format " + word + " are not supported; save it as binary little-endian");
        ascii_ = word == "ascii";
      } else if (word == "element") {
        PlyElement element;
        words >> element.name >> element.count;
        elements_.push_back(element);
      } else if (word == "property") {
        if (elements_.empty()) refuse("the PLY header is damaged");
        PlyProperty property;
        words >> property.type;
        if (property.type == "list") words >> property.count_type >> property.type;
        words >> property.name;
        if (ply_width(property.type) == 0 || (!property.count_type.empty() && ply_width(property.count_type) == 0)) refuse("the PLY header names an unknown type");
        elements_.back().properties.push_back(property);
      }
    }
    refuse("the PLY header is cut off");
  }

  double number(const std::string& type) {
    if (ascii_) {
      double value = 0;
      std::string word;
      if (!(stream_ >> word)) refuse("the PLY file is cut off");
      char* end = nullptr;
      value = std::strtod(word.c_str(), &end);
      if (end == word.c_str()) refuse("the PLY file holds \"" + word.substr(0, 20) + "\" where a number belongs");
      return value;
    }
    char bytes[8];
    stream_.read(bytes, static_cast<std::streamsize>(ply_width(type)));
    if (!stream_) refuse("the PLY file is cut off");
    const auto as = [&]<typename T>(T) {
      T v;
      std::memcpy(&v, bytes, sizeof v);
      return static_cast<double>(v);
    };
    if (type == "char" || type == "int8") return as(std::int8_t{});
    if (type == "uchar" || type == "uint8") return as(std::uint8_t{});
    if (type == "short" || type == "int16") return as(std::int16_t{});
    if (type == "ushort" || type == "uint16") return as(std::uint16_t{});
    if (type == "int" || type == "int32") return as(std::int32_t{});
    if (type == "uint" || type == "uint32") return as(std::uint32_t{});
    if (type == "float" || type == "float32") return static_cast<double>(as(float{}));
    return as(double{});
  }

  std::string name_;
  std::ifstream stream_;
  std::uintmax_t file_size_ = 0;
  bool ascii_ = true;
  std::vector<PlyElement> elements_;
};

class GlbReader {
 public:
  explicit GlbReader(const fs::path& file) : name_(file.filename()) {
    tinygltf::TinyGLTF loader;
    loader.SetImageLoader([](tinygltf::Image*, int, std::string*, std::string*, int, int, const unsigned char*, int, void*) { return true; }, nullptr);
    std::string error, warning;
    if (!loader.LoadBinaryFromFile(&model_, &error, &warning, file.string())) {
      throw bad_input(name_ + ": the GLB file could not be read" + (error.empty() ? "" : " (" + error.substr(0, error.find('\n')) + ")"));
    }
  }

  MeshFile read() {
    const int scene = model_.defaultScene >= 0 ? model_.defaultScene : 0;
    if (scene < static_cast<int>(model_.scenes.size()))
      for (const int node : model_.scenes[static_cast<std::size_t>(scene)].nodes) walk(node, Eigen::Matrix4d::Identity(), 0);
    MeshFile result;
    result.mesh.vertices = Eigen::Map<const geometry::Vertices>(vertices_.data(), static_cast<Eigen::Index>(vertices_.size() / 3), 3);
    result.mesh.faces = Eigen::Map<const geometry::Faces>(faces_.data(), static_cast<Eigen::Index>(faces_.size() / 3), 3);
    return result;
  }

 private:
  [[noreturn]] void refuse() const { throw bad_input(name_ + ": the GLB file is damaged"); }

  void walk(int index, const Eigen::Matrix4d& parent, int depth) {
    if (index < 0 || index >= static_cast<int>(model_.nodes.size()) || depth > 64) refuse();
    const auto& node = model_.nodes[static_cast<std::size_t>(index)];
    Eigen::Matrix4d local = Eigen::Matrix4d::Identity();
    if (node.matrix.size() == 16) {
      local = Eigen::Map<const Eigen::Matrix4d>(node.matrix.data());
    } else {
      Eigen::Affine3d t = Eigen::Affine3d::Identity();
      if (node.translation.size() == 3) t.translate(Eigen::Vector3d(node.translation[0], node.translation[1], node.translation[2]));
      if (node.rotation.size() == 4) t.rotate(Eigen::Quaterniond(node.rotation[3], node.rotation[0], node.rotation[1], node.rotation[2]));
      if (node.scale.size() == 3) t.scale(Eigen::Vector3d(node.scale[0], node.scale[1], node.scale[2]));
      local = t.matrix();
    }
    const Eigen::Matrix4d world = parent * local;
    if (node.mesh >= 0) {
      if (node.mesh >= static_cast<int>(model_.meshes.size())) refuse();
      for (const auto& primitive : model_.meshes[static_cast<std::size_t>(node.mesh)].primitives) add(primitive, world);
    }
    for (const int child : node.children) walk(child, world, depth + 1);
  }

  // Element `i` of an accessor, bounds checked.
  const unsigned char* element(const tinygltf::Accessor& accessor, std::size_t i, std::size_t size) const {
    if (accessor.bufferView < 0 || accessor.bufferView >= static_cast<int>(model_.bufferViews.size())) refuse();
    const auto& view = model_.bufferViews[static_cast<std::size_t>(accessor.bufferView)];
    if (view.buffer < 0 || view.buffer >= static_cast<int>(model_.buffers.size())) refuse();
    const auto& buffer = model_.buffers[static_cast<std::size_t>(view.buffer)].data;
    const std::size_t stride = view.byteStride > 0 ? view.byteStride : size;
    const std::size_t at = view.byteOffset + accessor.byteOffset + i * stride;
    if (at + size > buffer.size()) refuse();
    return buffer.data() + at;
  }

  void add(const tinygltf::Primitive& primitive, const Eigen::Matrix4d& world) {
    const auto position = primitive.attributes.find("POSITION");
    if (primitive.mode != TINYGLTF_MODE_TRIANGLES || position == primitive.attributes.end()) return;
    const auto accessor_at = [&](int index) -> const tinygltf::Accessor& {
      if (index < 0 || index >= static_cast<int>(model_.accessors.size())) refuse();
      return model_.accessors[static_cast<std::size_t>(index)];
    };
    const auto& points = accessor_at(position->second);
    if (points.componentType != TINYGLTF_COMPONENT_TYPE_FLOAT || points.type != TINYGLTF_TYPE_VEC3) refuse();
    const auto first = static_cast<std::int32_t>(vertices_.size() / 3);
    for (std::size_t i = 0; i < points.count; ++i) {
      float p[3];
      std::memcpy(p, element(points, i, 12), 12);
      const Eigen::Vector4d moved = world * Eigen::Vector4d(p[0], p[1], p[2], 1.0);
      for (int k = 0; k < 3; ++k) vertices_.push_back(static_cast<float>(moved[k]));
    }
    if (primitive.indices < 0) {
      for (std::size_t i = 0; i + 2 < points.count; i += 3)
        for (std::size_t k = 0; k < 3; ++k) faces_.push_back(first + static_cast<std::int32_t>(i + k));
      return;
    }
    const auto& indices = accessor_at(primitive.indices);
    const std::size_t width = indices.componentType == TINYGLTF_COMPONENT_TYPE_UNSIGNED_INT ? 4
                              : indices.componentType == TINYGLTF_COMPONENT_TYPE_UNSIGNED_SHORT ? 2
                              : indices.componentType == TINYGLTF_COMPONENT_TYPE_UNSIGNED_BYTE ? 1 : 0;
    if (width == 0) refuse();
    for (std::size_t i = 0; i < indices.count; ++i) {
      std::uint32_t value = 0;
      std::memcpy(&value, element(indices, i, width), width);
      faces_.push_back(first + static_cast<std::int32_t>(value));
    }
  }

  std::string name_;
  tinygltf::Model model_;
  std::vector<float> vertices_;
  std::vector<std::int32_t> faces_;
};

}  // namespace

MeshFile read_mesh(const fs::path& file) {
  std::string extension = file.extension();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  std::error_code error;
  if (!fs::is_regular_file(file, error)) throw bad_input(file.string() + ": there is no such file");
  MeshFile result;
  if (extension == ".obj") result = read_obj(file);
  else if (extension == ".ply") result = PlyReader(file).read();
  else if (extension == ".glb") result = GlbReader(file).read();
  else throw bad_input(file.filename().string() + ": meshes are read from .obj, .ply and .glb files");
  geometry::validate(result.mesh, file.filename());
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
