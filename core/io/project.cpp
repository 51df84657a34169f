#include "tactus/io/project.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "options_json.h"
#include "tactus/error.h"
#include "tactus/io/picture.h"
#include "tactus/io/zip_reader.h"
#include "zip_writer.h"

namespace tactus::io {
namespace {

using nlohmann::json;
constexpr int kVersion = 1;

// Raw arrays: their sizes stand in project.json.
class Packer {
 public:
  template <typename T>
  json add(const std::string& name, const Image<T>& image) {
    entries_.emplace_back(name, std::string(reinterpret_cast<const char*>(image.data.data()), image.data.size() * sizeof(T)));
    return {{"entry", name}, {"width", image.width}, {"height", image.height}, {"channels", image.channels}};
  }
  template <typename Matrix>
  json add_matrix(const std::string& name, const Matrix& m) {
    entries_.emplace_back(name, std::string(reinterpret_cast<const char*>(m.data()), static_cast<std::size_t>(m.size()) * sizeof(*m.data())));
    return {{"entry", name}, {"rows", m.rows()}};
  }
  json add_mesh(const std::string& name, const geometry::Mesh& mesh) {
    return {{"vertices", add_matrix(name + ".vertices", mesh.vertices)}, {"faces", add_matrix(name + ".faces", mesh.faces)}};
  }
  std::vector<std::pair<std::string, std::string>> entries_;
};

class Unpacker {
 public:
  explicit Unpacker(const std::filesystem::path& file) : archive_(file), name_(file.filename()) {}
  json document() const {
    const auto bytes = archive_.read("project.json");
    return json::parse(bytes.begin(), bytes.end());
  }
  template <typename T>
  Image<T> image(const json& j) const {
    const int width = j.at("width"), height = j.at("height"), channels = j.at("channels");
    if (width < 1 || height < 1 || channels < 1 || channels > 4 || width > 100000 || height > 100000) damaged();
    const auto bytes = archive_.read(j.at("entry").get<std::string>());
    const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * static_cast<std::size_t>(channels);
    if (bytes.size() != count * sizeof(T)) damaged();
    Image<T> result(width, height, channels);
    std::memcpy(result.data.data(), bytes.data(), bytes.size());
    return result;
  }
  // Of the photograph's size; one channel.
  ImageU8 mask(const json& j, const ImageU8& photo) const {
    auto result = image<std::uint8_t>(j);
    if (!result.same_size(photo.width, photo.height) || result.channels != 1) damaged();
    return result;
  }
  ImageF view(const json& j) const {
    auto result = image<float>(j);
    if (result.channels != 1) damaged();
    return result;
  }
  template <typename Matrix>
  Matrix matrix(const json& j, Eigen::Index columns) const {
    const auto bytes = archive_.read(j.at("entry").get<std::string>());
    const auto rows = j.at("rows").get<Eigen::Index>();
    using Scalar = typename Matrix::Scalar;
    // The first test keeps the product in the second from wrapping round.
    if (rows < 0 || static_cast<std::size_t>(rows) > bytes.size() || bytes.size() != static_cast<std::size_t>(rows * columns) * sizeof(Scalar)) damaged();
    Matrix m(rows, columns);
    std::memcpy(m.data(), bytes.data(), bytes.size());
    return m;
  }
  geometry::Mesh mesh(const json& j) const {
    geometry::Mesh m{matrix<geometry::Vertices>(j.at("vertices"), 3), matrix<geometry::Faces>(j.at("faces"), 3)};
    geometry::validate(m, name_);
    return m;
  }
  [[noreturn]] void damaged() const { throw bad_input(name_ + ": the project file is damaged"); }

 private:
  ZipReader archive_;
  std::string name_;
};

json camera_json(const geometry::PinholeCamera& c) {
  return {c.width, c.height, c.focal_x, c.focal_y, c.centre_x, c.centre_y};
}

}  // namespace

void write_project(const std::filesystem::path& file, const pipeline::Inputs& in, const pipeline::Options& options) {
  Packer pack;
  json j = {{"format", "tactus"}, {"version", kVersion}, {"photo_name", in.photo_name}, {"prompt", in.prompt},
            {"object_name", in.object_name}, {"options", options_json(options)}};
  j["photo"] = pack.add("photo.rgb", in.photo);
  if (in.object_mesh) j["object_mesh"] = pack.add_mesh("object", *in.object_mesh);
  if (in.object_size_m) j["object_size_m"] = *in.object_size_m;
  if (in.keypoints) {
    json points = json::array();
    for (const auto& k : *in.keypoints) points.push_back({k.x, k.y, static_cast<int>(k.visibility)});
    j["keypoints"] = points;
  }
  if (in.human_mask) j["human_mask"] = pack.add("human_mask", *in.human_mask);
  if (in.object_mask) j["object_mask"] = pack.add("object_mask", *in.object_mask);
  if (in.guessed.any()) {
    json joints = json::array();
    for (std::size_t k = 0; k < in.guessed.joints.size(); ++k)
      if (in.guessed.joints[k]) joints.push_back(k);
    j["guessed"] = {{"joints", joints}, {"human_mask", in.guessed.human_mask}, {"object_mask", in.guessed.object_mask}, {"object_doubt", in.guessed.object_doubt}};
  }
  const auto box = [&](const char* key, const std::optional<pipeline::Box>& b) {
    if (b) j[key] = {b->x, b->y, b->width, b->height};
  };
  box("object_box", in.object_box);
  box("person_box", in.person_box);
  if (in.given_body) {
    j["given_body"] = {{"mesh", pack.add_mesh("given_body", in.given_body->mesh)}, {"camera", camera_json(in.given_body->camera)},
                       {"source", in.given_body->source}};
  }
  if (in.body_contact_edit) j["body_contact_edit"] = pack.add_matrix("body_contact_edit", *in.body_contact_edit);
  if (in.object_contact_edit) j["object_contact_edit"] = pack.add_matrix("object_contact_edit", *in.object_contact_edit);
  const auto edits = [&](const char* key, const std::map<int, ImageF>& views) {
    json list = json::array();
    for (const auto& [view, image] : views) list.push_back({{"view", view}, {"image", pack.add(std::string(key) + std::to_string(view), image)}});
    if (!list.empty()) j[key] = list;
  };
  edits("body_view_edit", in.body_view_edit);
  edits("object_view_edit", in.object_view_edit);
  std::vector<std::pair<std::string, std::string>> entries = {{"project.json", j.dump(1, ' ', false, json::error_handler_t::replace)}};
  entries.insert(entries.end(), pack.entries_.begin(), pack.entries_.end());
  write_zip(file, entries);
}

Project read_project(const std::filesystem::path& file) {
  const std::string name = file.filename();
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) throw bad_input(file.string() + ": this is a folder; name a project file (.tactus)");
  const Unpacker unpack(file);
  try {
    const json j = unpack.document();
    if (!j.is_object() || j.value("format", "") != "tactus") throw bad_input(name + ": this is not a project of Tactus");
    if (j.at("version").get<int>() > kVersion)
      throw bad_input(name + ": the project was saved by a later version of Tactus; update to open it");
    Project project;
    auto& in = project.inputs;
    project.options = options_of(j.at("options"), name);
    in.photo_name = j.at("photo_name");
    in.prompt = j.at("prompt");
    in.object_name = j.at("object_name");
    in.photo = unpack.image<std::uint8_t>(j.at("photo"));
    if (in.photo.channels != 3 || in.photo.width < kSmallestSide || in.photo.height < kSmallestSide) unpack.damaged();
    if (j.contains("object_size_m")) in.object_size_m = j["object_size_m"].get<double>();
    if (j.contains("object_mesh")) in.object_mesh = unpack.mesh(j["object_mesh"]);
    if (j.contains("keypoints")) {
      if (j["keypoints"].size() != body::kKeypointCount) unpack.damaged();
      body::Keypoints points;
      for (std::size_t k = 0; k < points.size(); ++k) {
        const json& p = j["keypoints"][k];
        const int flag = p.at(2);
        if (flag < 0 || flag > 2) unpack.damaged();
        points[k] = {p.at(0), p.at(1), static_cast<body::Visibility>(flag)};
      }
      in.keypoints = points;
    }
    if (j.contains("human_mask")) in.human_mask = unpack.mask(j["human_mask"], in.photo);
    if (j.contains("object_mask")) in.object_mask = unpack.mask(j["object_mask"], in.photo);
    if (j.contains("guessed")) {
      const json& g = j["guessed"];
      for (const json& k : g.at("joints")) {
        const auto joint = k.get<std::int64_t>();
        if (joint < 0 || joint >= body::kKeypointCount || !in.keypoints) unpack.damaged();
        in.guessed.joints[static_cast<std::size_t>(joint)] = true;
      }
      in.guessed.human_mask = g.at("human_mask").get<bool>() && in.human_mask;
      in.guessed.object_mask = g.at("object_mask").get<bool>() && in.object_mask;
      in.guessed.object_doubt = g.value("object_doubt", 0.0);   // projects of before know none
      if (!(in.guessed.object_doubt >= 0.0 && in.guessed.object_doubt <= 1.0)) unpack.damaged();
    }
    const auto box = [&](const char* key) -> std::optional<pipeline::Box> {
      if (!j.contains(key)) return std::nullopt;
      return pipeline::Box{j[key].at(0), j[key].at(1), j[key].at(2), j[key].at(3)};
    };
    in.object_box = box("object_box");
    in.person_box = box("person_box");
    if (j.contains("given_body")) {
      const json& g = j["given_body"];
      const json& c = g.at("camera");
      in.given_body = pipeline::GivenBody{unpack.mesh(g.at("mesh")), {c.at(0), c.at(1), c.at(2), c.at(3), c.at(4), c.at(5)}, g.at("source")};
      const auto& camera = in.given_body->camera;
      if (camera.width != in.photo.width || camera.height != in.photo.height || !(camera.focal_x > 0.0) || !(camera.focal_y > 0.0)) unpack.damaged();
    }
    if (j.contains("body_contact_edit")) in.body_contact_edit = unpack.matrix<Eigen::VectorXf>(j["body_contact_edit"], 1);
    if (j.contains("object_contact_edit")) in.object_contact_edit = unpack.matrix<Eigen::VectorXf>(j["object_contact_edit"], 1);
    const auto edits = [&](const char* key, std::map<int, ImageF>& views) {
      if (!j.contains(key)) return;
      for (const auto& entry : j[key]) views[entry.at("view").get<int>()] = unpack.view(entry.at("image"));
    };
    edits("body_view_edit", in.body_view_edit);
    edits("object_view_edit", in.object_view_edit);
    return project;
  } catch (const json::exception&) {
    unpack.damaged();
  }
}

}  // namespace tactus::io
