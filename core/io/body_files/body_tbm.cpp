// body.tbm, little-endian: magic "TACTUSB1", then the arrays in the order of BodyModelData, each after its count.
#include <cstring>
#include <fstream>
#include <type_traits>

#include "tactus/error.h"
#include "tactus/io/body_files.h"
#include "tactus/io/zip_reader.h"

namespace tactus::io {
namespace {

constexpr char kMagic[] = "TACTUSB1";

class Writer {
 public:
  explicit Writer(const std::filesystem::path& file) : stream_(file, std::ios::binary) {}
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  void value(const T& v) {
    stream_.write(reinterpret_cast<const char*>(&v), sizeof v);
  }
  template <typename T>
  void array(const T* data, std::size_t count) {
    value(static_cast<std::uint64_t>(count));
    stream_.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(count * sizeof(T)));
  }
  void text(const std::string& t) { array(t.data(), t.size()); }
  template <typename Matrix>
  void matrix(const Matrix& m) {
    array(m.data(), static_cast<std::size_t>(m.size()));
  }
  bool good() {
    stream_.flush();
    return stream_.good();
  }

 private:
  std::ofstream stream_;
};

class Reader {
 public:
  Reader(const std::vector<std::uint8_t>& bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}
  void raw(void* target, std::size_t size) {
    if (size > bytes_.size() - at_) throw bad_input(name_ + ": the body model is cut off; build Tactus again");
    std::memcpy(target, bytes_.data() + at_, size);
    at_ += size;
  }
  template <typename T>
  T value() {
    T v;
    raw(&v, sizeof v);
    return v;
  }
  std::size_t count(std::size_t element_size) {
    const auto n = value<std::uint64_t>();
    if (n > (bytes_.size() - at_) / element_size)
      throw bad_input(name_ + ": the body model is cut off; build Tactus again");
    return static_cast<std::size_t>(n);
  }
  template <typename T>
  std::vector<T> array() {
    std::vector<T> values(count(sizeof(T)));
    raw(values.data(), values.size() * sizeof(T));
    return values;
  }
  bool at_end() const { return at_ == bytes_.size(); }
  std::string text() {
    std::string t(count(1), '\0');
    raw(t.data(), t.size());
    return t;
  }
  template <typename Matrix>
  Matrix matrix3() {
    using Scalar = typename Matrix::Scalar;
    const std::size_t n = count(sizeof(Scalar));
    if (n % 3 != 0) throw bad_input(name_ + ": the body model is damaged; build Tactus again");
    Matrix m(static_cast<Eigen::Index>(n / 3), 3);
    raw(m.data(), n * sizeof(Scalar));
    return m;
  }

 private:
  const std::vector<std::uint8_t>& bytes_;
  std::string name_;
  std::size_t at_ = 0;
};

}  // namespace

void write_body_model(const std::filesystem::path& file, const body::BodyModelData& d) {
  const std::filesystem::path beside = file.string() + ".part";
  bool written = false;
  {
    Writer w(beside);
    for (int i = 0; i < 8; ++i) w.value(kMagic[i]);
    w.matrix(d.template_vertices);
    w.matrix(d.faces);
    w.value(static_cast<std::uint64_t>(d.bones.size()));
    for (const auto& bone : d.bones) {
      w.text(bone.name);
      w.value(static_cast<std::int32_t>(bone.parent));
    }
    w.matrix(d.template_heads);
    w.value(static_cast<std::uint64_t>(d.shapes.size()));
    for (const auto& shape : d.shapes) {
      w.array(shape.variations.data(), shape.variations.size());
      w.matrix(shape.vertices);
      w.matrix(shape.heads);
    }
    w.value(static_cast<std::int32_t>(d.weights_per_vertex));
    w.array(d.skin_bones.data(), d.skin_bones.size());
    w.array(d.skin_weights.data(), d.skin_weights.size());
    for (const auto& keypoint : d.keypoints) {
      w.value(static_cast<std::uint64_t>(keypoint.size()));
      for (const auto& [vertex, weight] : keypoint) {
        w.value(vertex);
        w.value(weight);
      }
    }
    w.value(static_cast<std::uint64_t>(d.part_names.size()));
    for (const auto& name : d.part_names) w.text(name);
    w.array(d.vertex_parts.data(), d.vertex_parts.size());
    written = w.good();
  }
  std::error_code error;
  if (written) std::filesystem::rename(beside, file, error);
  if (!written || error) {
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    throw cannot_run(file.string() + ": the file could not be written; is the disk full, or the name taken by a folder?");
  }
}

body::BodyModelData read_body_model(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file);
  const std::string name = file.filename();
  if (bytes.size() < 8 || std::memcmp(bytes.data(), kMagic, 7) != 0)
    throw bad_input(name + ": this is not a body model of Tactus (body.tbm)");
  if (bytes[7] != static_cast<std::uint8_t>(kMagic[7]))
    throw bad_input(name + ": the body model was baked by another version; build Tactus again");
  Reader r(bytes, name);
  char magic[8];
  r.raw(magic, 8);
  body::BodyModelData d;
  d.template_vertices = r.matrix3<geometry::Vertices>();
  d.faces = r.matrix3<geometry::Faces>();
  d.bones.resize(r.count(12));
  for (auto& bone : d.bones) {
    bone.name = r.text();
    bone.parent = r.value<std::int32_t>();
  }
  d.template_heads = r.matrix3<body::BoneHeads>();
  d.shapes.resize(r.count(24));
  for (auto& shape : d.shapes) {
    shape.variations = r.array<body::Variation>();
    shape.vertices = r.matrix3<geometry::Vertices>();
    shape.heads = r.matrix3<body::BoneHeads>();
  }
  d.weights_per_vertex = r.value<std::int32_t>();
  d.skin_bones = r.array<std::uint16_t>();
  d.skin_weights = r.array<float>();
  for (auto& keypoint : d.keypoints) {
    keypoint.resize(r.count(8));
    for (auto& [vertex, weight] : keypoint) {
      vertex = r.value<std::int32_t>();
      weight = r.value<float>();
    }
  }
  d.part_names.resize(r.count(8));
  for (auto& part : d.part_names) part = r.text();
  d.vertex_parts = r.array<std::uint8_t>();
  if (!r.at_end()) throw bad_input(name + ": the body model is damaged (more follows its end); build Tactus again");
  validate(d, name);
  return d;
}

}  // namespace tactus::io
