#include "tactus/io/smpl_model.h"

#include <cmath>
#include <cstring>
#include <optional>

#include "tactus/error.h"
#include "tactus/io/numeric_array.h"
#include "tactus/io/zip_reader.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;

// The arrays of a model file by key, whatever holds them.
class Arrays {
 public:
  explicit Arrays(const fs::path& file) : name_(file.filename()) {
    auto bytes = read_file(file);
    if (bytes.size() >= 4 && std::memcmp(bytes.data(), "PK\x03\x04", 4) == 0) {
      bytes.clear();
      archive_.emplace(file);
      return;
    }
    bytes = decompressed(std::move(bytes), name_);
    root_ = read_pickle(bytes, name_);
    if (root_->kind != PickleValue::Kind::dict)
      throw bad_input(name_ + ": this is no body model; a dictionary of arrays was expected");
  }

  bool has(const std::string& key) const { return archive_ ? archive_->has(key + ".npy") : root_->find(key) != nullptr; }

  // dimensions: how many the array must have.
  NumericArray get(const std::string& key, std::size_t dimensions) const {
    const std::string what = name_ + ": " + key;
    if (!has(key)) throw bad_input(what + " is missing; this is no SMPL, SMPL-H or SMPL-X model");
    NumericArray array =
        archive_ ? numeric_array(*read_npy(archive_->read(key + ".npy"), what), what) : numeric_array(*root_->find(key), what);
    if (array.shape.size() != dimensions)
      throw bad_input(what + " has " + std::to_string(array.shape.size()) + " dimensions; " +
                      std::to_string(dimensions) + " were expected");
    return array;
  }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::optional<ZipReader> archive_;
  PicklePointer root_;
};

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// The first axes together are the rows, the last one the columns.
Eigen::Map<const RowMajor> table(const NumericArray& array) {
  const auto columns = static_cast<Eigen::Index>(array.shape.back());
  const auto rows = columns > 0 ? static_cast<Eigen::Index>(array.values.size()) / columns : 0;
  return {array.values.data(), rows, columns};
}

geometry::Faces faces_of(const NumericArray& array, Eigen::Index vertices, const std::string& what) {
  if (array.shape[1] != 3) throw bad_input(what + ": the faces are not triangles");
  const auto values = table(array);
  if (!((values.array() >= 0.0).all() && (values.array() < static_cast<double>(vertices)).all()))
    throw bad_input(what + ": a face names a vertex that is not there");
  return values.cast<std::int32_t>();
}

std::vector<int> parents_of(const NumericArray& array, const std::string& what) {
  if (array.shape[0] < 1 || array.shape[1] < 1) throw bad_input(what + ": the table of joints is empty");
  const auto joints = static_cast<double>(array.shape[1]);
  std::vector<int> parents(static_cast<std::size_t>(array.shape[1]), -1);
  // The root's parent is written as -1 in whatever width: 2³² - 1, 2⁶⁴ - 1.
  for (std::size_t k = 1; k < parents.size(); ++k) {
    const double parent = array.values[k];
    if (!(parent >= 0.0 && parent < joints)) throw bad_input(what + ": joint " + std::to_string(k) + " has no parent");
    parents[k] = static_cast<int>(parent);
  }
  return parents;
}

}  // namespace

body::SmplModelData read_smpl_model(const fs::path& file) {
  const Arrays arrays(file);
  body::SmplModelData data;
  const NumericArray vertices = arrays.get("v_template", 2);
  if (vertices.shape[1] != 3) throw bad_input(arrays.name() + ": v_template has no x, y and z");
  data.template_vertices = table(vertices);
  const std::string faces = arrays.has("f") ? "f" : "faces";
  data.faces = faces_of(arrays.get(faces, 2), data.template_vertices.rows(), arrays.name() + ": " + faces);
  data.parents = parents_of(arrays.get("kintree_table", 2), arrays.name() + ": kintree_table");
  const auto directions = [&](const char* key) -> body::SmplTable {
    const NumericArray array = arrays.get(key, 3);
    if (array.shape[0] != vertices.shape[0] || array.shape[1] != 3)
      throw bad_input(arrays.name() + ": " + key + " does not have three rows a vertex");
    if (array.shape[2] == 0) return body::SmplTable(3 * data.template_vertices.rows(), 0);
    return table(array).cast<float>();
  };
  data.shape_directions = directions("shapedirs");
  data.pose_directions = directions("posedirs");
  data.joint_regressor = table(arrays.get("J_regressor", 2));
  data.skin_weights = table(arrays.get("weights", 2)).cast<float>();
  if (arrays.has("hands_meanl") || arrays.has("hands_meanr")) {
    const auto mean = [&](const char* key) -> Eigen::VectorXd {
      const auto values = arrays.get(key, 1).values;
      return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
    };
    data.left_hand_mean = mean("hands_meanl");
    data.right_hand_mean = mean("hands_meanr");
    if (arrays.has("hands_componentsl")) data.left_hand_components = table(arrays.get("hands_componentsl", 2));
    if (arrays.has("hands_componentsr")) data.right_hand_components = table(arrays.get("hands_componentsr", 2));
  }
  validate(data, arrays.name());
  return data;
}

}  // namespace tactus::io
