#include "tactus/io/glb.h"

#include <tiny_gltf.h>

#include <cmath>
#include <sstream>

#include "atomic_file.h"

namespace tactus::io {
namespace {

// Frame photo (x right, y down, z away) to glTF (y up, right-handed).
geometry::SimilarityTransform display_from_photo() {
  geometry::SimilarityTransform t;
  t.rotation = Eigen::Vector3d(1, -1, -1).asDiagonal();
  return t;
}

class Builder {
 public:
  Builder() {
    model_.asset.version = "2.0";
    model_.asset.generator = "Tactus";
    model_.buffers.emplace_back();
  }

  template <typename T>
  int accessor(const std::vector<T>& values, int component, int type, std::size_t components, int target, bool bounds = false) {
    auto& buffer = model_.buffers[0].data;
    while (buffer.size() % 4 != 0) buffer.push_back(0);
    tinygltf::BufferView view;
    view.buffer = 0;
    view.byteOffset = buffer.size();
    view.byteLength = values.size() * sizeof(T);
    view.target = target;
    const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
    buffer.insert(buffer.end(), bytes, bytes + view.byteLength);
    model_.bufferViews.push_back(view);
    tinygltf::Accessor accessor;
    accessor.bufferView = static_cast<int>(model_.bufferViews.size()) - 1;
    accessor.componentType = component;
    accessor.type = type;
    accessor.count = values.size() / components;
    if (bounds) {
      accessor.minValues.assign(components, 1e30);
      accessor.maxValues.assign(components, -1e30);
      for (std::size_t i = 0; i < values.size(); ++i) {
        accessor.minValues[i % components] = std::min(accessor.minValues[i % components], static_cast<double>(values[i]));
        accessor.maxValues[i % components] = std::max(accessor.maxValues[i % components], static_cast<double>(values[i]));
      }
    }
    model_.accessors.push_back(accessor);
    return static_cast<int>(model_.accessors.size()) - 1;
  }

  int mesh(const std::string& name, const geometry::Mesh& mesh, const geometry::Colours& colours) {
    const auto flat = [](const auto& m) {
      using Scalar = typename std::decay_t<decltype(m)>::Scalar;
      return std::vector<Scalar>(m.data(), m.data() + m.size());
    };
    tinygltf::Primitive primitive;
    primitive.mode = TINYGLTF_MODE_TRIANGLES;
    primitive.attributes["POSITION"] = accessor(flat(mesh.vertices), TINYGLTF_COMPONENT_TYPE_FLOAT, TINYGLTF_TYPE_VEC3, 3, TINYGLTF_TARGET_ARRAY_BUFFER, true);
    geometry::Vertices normals = geometry::vertex_normals(mesh);
    for (Eigen::Index i = 0; i < normals.rows(); ++i)
      if (normals.row(i).norm() < 0.5F) normals.row(i) << 0, 1, 0;   // glTF wants unit normals everywhere
    primitive.attributes["NORMAL"] = accessor(flat(normals), TINYGLTF_COMPONENT_TYPE_FLOAT, TINYGLTF_TYPE_VEC3, 3, TINYGLTF_TARGET_ARRAY_BUFFER);
    // glTF's vertex colours are linear.
    std::vector<float> linear;
    for (Eigen::Index i = 0; i < colours.size(); ++i) {
      const float c = colours.data()[i];
      linear.push_back(c <= 0.04045F ? c / 12.92F : std::pow((c + 0.055F) / 1.055F, 2.4F));
    }
    primitive.attributes["COLOR_0"] = accessor(linear, TINYGLTF_COMPONENT_TYPE_FLOAT, TINYGLTF_TYPE_VEC3, 3, TINYGLTF_TARGET_ARRAY_BUFFER);
    std::vector<std::uint32_t> indices;
    for (Eigen::Index i = 0; i < mesh.faces.size(); ++i) indices.push_back(static_cast<std::uint32_t>(mesh.faces.data()[i]));
    primitive.indices = accessor(indices, TINYGLTF_COMPONENT_TYPE_UNSIGNED_INT, TINYGLTF_TYPE_SCALAR, 1, TINYGLTF_TARGET_ELEMENT_ARRAY_BUFFER);
    if (model_.materials.empty()) {
      tinygltf::Material material;
      material.name = "contact";
      material.pbrMetallicRoughness.metallicFactor = 0.0;
      material.pbrMetallicRoughness.roughnessFactor = 0.8;
      model_.materials.push_back(material);
    }
    primitive.material = 0;
    tinygltf::Mesh entry;
    entry.name = name;
    entry.primitives.push_back(primitive);
    model_.meshes.push_back(entry);
    tinygltf::Node node;
    node.name = name;
    node.mesh = static_cast<int>(model_.meshes.size()) - 1;
    return add(node);
  }

  int add(const tinygltf::Node& node) {
    model_.nodes.push_back(node);
    return static_cast<int>(model_.nodes.size()) - 1;
  }
  tinygltf::Model& model() { return model_; }

  std::string bytes() {
    tinygltf::Scene scene;
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) scene.nodes.push_back(static_cast<int>(i));
    model_.scenes.push_back(scene);
    model_.defaultScene = 0;
    std::ostringstream stream;
    tinygltf::TinyGLTF writer;
    if (!writer.WriteGltfSceneToStream(&model_, stream, false, true)) throw cannot_run("scene.glb: the scene could not be encoded");
    return stream.str();
  }

 private:
  tinygltf::Model model_;
};

Eigen::Quaterniond quaternion(const Eigen::Matrix3d& rotation) { return Eigen::Quaterniond(rotation).normalized(); }

}  // namespace

void write_scene_glb(const std::filesystem::path& file, const SceneExport& scene) {
  Builder builder;
  const auto display = display_from_photo();
  geometry::Mesh body = scene.body;
  body.vertices = geometry::transform(display, scene.body.vertices);
  builder.mesh("body", body, scene.body_colours);
  if (scene.object && !scene.photo_from_object.empty()) {
    const int node = builder.mesh("object", *scene.object, scene.object_colours);
    std::vector<float> times, translations, rotations, scales;
    Eigen::Quaterniond previous = Eigen::Quaterniond::Identity();
    for (std::size_t i = 0; i < scene.photo_from_object.size(); ++i) {
      const auto pose = display * scene.photo_from_object[i];
      Eigen::Quaterniond q = quaternion(pose.rotation);
      if (i > 0 && q.dot(previous) < 0.0) q.coeffs() *= -1.0;   // the short way round between key frames
      previous = q;
      times.push_back(static_cast<float>(static_cast<double>(i) * scene.seconds_per_frame));
      for (int k = 0; k < 3; ++k) translations.push_back(static_cast<float>(pose.translation[k]));
      for (const double c : {q.x(), q.y(), q.z(), q.w()}) rotations.push_back(static_cast<float>(c));
      for (int k = 0; k < 3; ++k) scales.push_back(static_cast<float>(pose.scale));
    }
    const auto last = display * scene.photo_from_object.back();
    auto& target = builder.model().nodes[static_cast<std::size_t>(node)];
    target.translation = {last.translation.x(), last.translation.y(), last.translation.z()};
    target.rotation = {previous.x(), previous.y(), previous.z(), previous.w()};
    target.scale = {last.scale, last.scale, last.scale};
    if (times.size() > 1) {
      tinygltf::Animation animation;
      animation.name = "fit";
      const int input = builder.accessor(times, TINYGLTF_COMPONENT_TYPE_FLOAT, TINYGLTF_TYPE_SCALAR, 1, 0, true);
      const auto channel = [&](const char* path, const std::vector<float>& values, int type, std::size_t components) {
        tinygltf::AnimationSampler sampler;
        sampler.input = input;
        sampler.output = builder.accessor(values, TINYGLTF_COMPONENT_TYPE_FLOAT, type, components, 0);
        sampler.interpolation = "LINEAR";
        animation.samplers.push_back(sampler);
        tinygltf::AnimationChannel entry;
        entry.sampler = static_cast<int>(animation.samplers.size()) - 1;
        entry.target_node = node;
        entry.target_path = path;
        animation.channels.push_back(entry);
      };
      channel("translation", translations, TINYGLTF_TYPE_VEC3, 3);
      channel("rotation", rotations, TINYGLTF_TYPE_VEC4, 4);
      channel("scale", scales, TINYGLTF_TYPE_VEC3, 3);
      builder.model().animations.push_back(animation);
    }
  }
  tinygltf::Camera camera;
  camera.name = "photograph";
  camera.type = "perspective";
  camera.perspective.yfov = 2.0 * std::atan(0.5 * scene.camera.height / scene.camera.focal_y);
  camera.perspective.aspectRatio = static_cast<double>(scene.camera.width) / scene.camera.height;
  camera.perspective.znear = 0.05;
  camera.perspective.zfar = 200.0;
  builder.model().cameras.push_back(camera);
  tinygltf::Node eye;   // at the origin, looking along -z: frame photo turned the same way
  eye.name = "camera";
  eye.camera = 0;
  builder.add(eye);
  const std::string bytes = builder.bytes();
  write_file(file, bytes.data(), bytes.size());
}

}  // namespace tactus::io
