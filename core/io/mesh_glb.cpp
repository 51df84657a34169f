// Binary glTF 2.0 through tinygltf.
#include <tiny_gltf.h>

#include <Eigen/Geometry>
#include <algorithm>
#include <cstring>

#include "mesh_readers.h"
#include "tactus/error.h"

namespace tactus::io {
namespace {

// Whether brackets of the JSON chunk, which stands first, open more than 200 deep: the library reads them recursively.
bool nested_too_deeply(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 12, 4);
  const std::size_t end = std::min<std::size_t>(bytes.size(), std::size_t{20} + length);
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 20; at < end; ++at) {
    const auto c = static_cast<char>(bytes[at]);
    if (quoted) {
      if (c == '\\') ++at;
      else if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > 200) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

class GlbReader {
 public:
  GlbReader(const std::vector<std::uint8_t>& bytes, const std::string& name) : name_(name) {
    if (bytes.size() < 20 || std::memcmp(bytes.data(), "glTF", 4) != 0) throw bad_input(name_ + ": this is not a GLB file");
    if (nested_too_deeply(bytes)) refuse("the GLB file's description is nested too deeply");
    tinygltf::TinyGLTF loader;
    loader.SetImageLoader([](tinygltf::Image*, int, std::string*, std::string*, int, int, const unsigned char*, int, void*) { return true; }, nullptr);
    std::string error, warning;
    bool good = false;
    try {
      good = loader.LoadBinaryFromMemory(&model_, &error, &warning, bytes.data(), static_cast<unsigned>(bytes.size()));
    } catch (const std::exception&) {
      good = false;   // the reader's JSON library, on numbers beyond its range
    }
    if (!good) {
      error = error.substr(0, error.find('\n'));
      throw bad_input(name_ + ": the GLB file is damaged, or needs other files" + (error.empty() ? "" : " (" + error + ")"));
    }
    for (const auto& extension : model_.extensionsRequired) {
      if (extension == "KHR_draco_mesh_compression" || extension == "EXT_meshopt_compression" || extension == "KHR_mesh_quantization")
        throw bad_input(name_ + ": the mesh is compressed with " + extension + ", which is not supported; save it uncompressed");
    }
  }

  MeshFile read() {
    visited_.assign(model_.nodes.size(), false);
    const int scene = model_.defaultScene >= 0 ? model_.defaultScene : 0;
    if (scene < static_cast<int>(model_.scenes.size()))
      for (const int node : model_.scenes[static_cast<std::size_t>(scene)].nodes) walk(node, Eigen::Matrix4d::Identity());
    MeshFile result;
    result.mesh = {rows_of(vertices_), rows_of(faces_)};
    if (!colours_.empty() && colours_.size() == vertices_.size()) result.colours = rows_of(colours_);
    return result;
  }

 private:
  [[noreturn]] void refuse(const char* why = "the GLB file is damaged") const { throw bad_input(name_ + ": " + why); }

  void walk(int index, const Eigen::Matrix4d& parent) {
    if (index < 0 || index >= static_cast<int>(model_.nodes.size())) refuse();
    // glTF's nodes form trees; a node met twice would make the walk endless.
    if (visited_[static_cast<std::size_t>(index)]) refuse("the GLB file is damaged: a node has two parents");
    visited_[static_cast<std::size_t>(index)] = true;
    if (++depth_ > 200) refuse("the GLB file's nodes are nested too deeply");
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
    for (const int child : node.children) walk(child, world);
    --depth_;
  }

  const tinygltf::Accessor& accessor_at(int index) const {
    if (index < 0 || index >= static_cast<int>(model_.accessors.size())) refuse();
    const auto& accessor = model_.accessors[static_cast<std::size_t>(index)];
    if (accessor.sparse.isSparse) refuse("the GLB file has sparse accessors, which are not supported; save the mesh again without them");
    return accessor;
  }

  // First byte and stride of an accessor whose every element lies inside its buffer.
  struct Span {
    const unsigned char* data;
    std::size_t stride;
  };
  Span span_of(const tinygltf::Accessor& accessor, std::size_t size) const {
    if (accessor.bufferView < 0 || accessor.bufferView >= static_cast<int>(model_.bufferViews.size())) refuse();
    const auto& view = model_.bufferViews[static_cast<std::size_t>(accessor.bufferView)];
    if (view.buffer < 0 || view.buffer >= static_cast<int>(model_.buffers.size())) refuse();
    const auto& buffer = model_.buffers[static_cast<std::size_t>(view.buffer)].data;
    const std::size_t stride = view.byteStride > 0 ? view.byteStride : size;
    // Each term is bounded before it is used, so that the sum cannot wrap round.
    if (accessor.count == 0 || view.byteOffset > buffer.size() || accessor.byteOffset > buffer.size() || stride > buffer.size() ||
        accessor.count > buffer.size())
      refuse();
    if (view.byteOffset + accessor.byteOffset + (accessor.count - 1) * stride + size > buffer.size()) refuse();
    return {buffer.data() + view.byteOffset + accessor.byteOffset, stride};
  }

  void add(const tinygltf::Primitive& primitive, const Eigen::Matrix4d& world) {
    const auto position = primitive.attributes.find("POSITION");
    const int mode = primitive.mode < 0 ? TINYGLTF_MODE_TRIANGLES : primitive.mode;
    const bool triangles = mode == TINYGLTF_MODE_TRIANGLES || mode == TINYGLTF_MODE_TRIANGLE_STRIP || mode == TINYGLTF_MODE_TRIANGLE_FAN;
    if (!triangles || position == primitive.attributes.end()) return;   // points and lines have no surface
    const auto& points = accessor_at(position->second);
    if (points.componentType != TINYGLTF_COMPONENT_TYPE_FLOAT || points.type != TINYGLTF_TYPE_VEC3) refuse();
    const Span span = span_of(points, 12);
    const auto first = static_cast<std::int32_t>(vertices_.size() / 3);
    for (std::size_t i = 0; i < points.count; ++i) {
      float p[3];
      std::memcpy(p, span.data + i * span.stride, 12);
      const Eigen::Vector4d moved = world * Eigen::Vector4d(p[0], p[1], p[2], 1.0);
      for (int k = 0; k < 3; ++k) vertices_.push_back(static_cast<float>(moved[k]));
    }
    add_colours(primitive, points.count);
    std::vector<std::int32_t> corners;
    if (primitive.indices < 0) {
      for (std::size_t i = 0; i < points.count; ++i) corners.push_back(first + static_cast<std::int32_t>(i));
    } else {
      const auto& indices = accessor_at(primitive.indices);
      const std::size_t width = indices.componentType == TINYGLTF_COMPONENT_TYPE_UNSIGNED_INT ? 4
                                : indices.componentType == TINYGLTF_COMPONENT_TYPE_UNSIGNED_SHORT ? 2
                                : indices.componentType == TINYGLTF_COMPONENT_TYPE_UNSIGNED_BYTE ? 1 : 0;
      if (width == 0 || indices.type != TINYGLTF_TYPE_SCALAR) refuse();
      const Span ids = span_of(indices, width);
      corners.reserve(indices.count);
      for (std::size_t i = 0; i < indices.count; ++i) {
        std::uint32_t value = 0;
        std::memcpy(&value, ids.data + i * ids.stride, width);
        // Of this primitive's vertices, not of its neighbour's.
        if (value >= points.count) refuse("a triangle of the GLB file names a vertex that does not exist");
        corners.push_back(first + static_cast<std::int32_t>(value));
      }
    }
    if (mode == TINYGLTF_MODE_TRIANGLES) {
      faces_.insert(faces_.end(), corners.begin(), corners.begin() + static_cast<std::ptrdiff_t>(corners.size() / 3 * 3));
      return;
    }
    for (std::size_t i = 2; i < corners.size(); ++i) {
      if (mode == TINYGLTF_MODE_TRIANGLE_FAN) faces_.insert(faces_.end(), {corners[0], corners[i - 1], corners[i]});
      else if (i % 2 == 0) faces_.insert(faces_.end(), {corners[i - 2], corners[i - 1], corners[i]});
      else faces_.insert(faces_.end(), {corners[i - 1], corners[i - 2], corners[i]});
    }
  }

  // glTF's vertex colours are linear; ours are sRGB.
  void add_colours(const tinygltf::Primitive& primitive, std::size_t count) {
    const auto found = primitive.attributes.find("COLOR_0");
    if (found == primitive.attributes.end()) return;
    const auto& accessor = accessor_at(found->second);
    const std::size_t width = accessor.componentType == TINYGLTF_COMPONENT_TYPE_FLOAT ? 4
                              : accessor.componentType == TINYGLTF_COMPONENT_TYPE_UNSIGNED_SHORT ? 2
                              : accessor.componentType == TINYGLTF_COMPONENT_TYPE_UNSIGNED_BYTE ? 1 : 0;
    const bool shaped = accessor.type == TINYGLTF_TYPE_VEC3 || accessor.type == TINYGLTF_TYPE_VEC4;
    if (width == 0 || !shaped || accessor.count != count) refuse();
    const Span span = span_of(accessor, width * (accessor.type == TINYGLTF_TYPE_VEC3 ? 3 : 4));
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < 3; ++k) {
        const unsigned char* p = span.data + i * span.stride + k * width;
        float c = 0.0F;
        std::uint16_t whole = 0;
        if (width == 4) std::memcpy(&c, p, 4);
        else std::memcpy(&whole, p, width);
        if (width != 4) c = static_cast<float>(whole) / (width == 1 ? 255.0F : 65535.0F);
        c = std::isfinite(c) ? std::min(std::max(c, 0.0F), 1.0F) : 0.0F;
        colours_.push_back(c <= 0.0031308F ? 12.92F * c : 1.055F * std::pow(c, 1.0F / 2.4F) - 0.055F);
      }
    }
  }

  const std::string& name_;
  tinygltf::Model model_;
  std::vector<bool> visited_;
  int depth_ = 0;
  std::vector<float> vertices_, colours_;
  std::vector<std::int32_t> faces_;
};

}  // namespace

MeshFile read_glb(const std::vector<std::uint8_t>& bytes, const std::string& name) { return GlbReader(bytes, name).read(); }

}  // namespace tactus::io
