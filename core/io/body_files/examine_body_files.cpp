#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "tactus/error.h"
#include "tactus/io/numeric_array.h"
#include "tactus/io/smpl_model.h"
#include "tactus/io/zip_reader.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;
using State = BodyFileFinding::State;

constexpr int kDeepest = 3;
constexpr std::size_t kMostEntries = 20'000;   // a home folder given by mistake is not searched to its end

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool names_a_model(const fs::path& file) {
  const std::string name = lower(file.filename()), folder = lower(file.parent_path().filename()),
                    above = lower(file.parent_path().parent_path().filename());
  if (!name.ends_with(".npz") && !name.ends_with(".pkl")) return false;
  if (name == "model.npz" || name == "model.pkl") return folder.starts_with("smpl") || above.starts_with("smpl");
  if (name.starts_with("basicmodel_")) return true;
  for (const char* start : {"smpl_", "smplh_", "smplx_"})
    if (name.starts_with(start))
      for (const char* gender : {"neutral", "male", "female"})
        if (name.find(gender) != std::string::npos) return true;
  return false;
}

struct Found {
  std::vector<fs::path> models;
  fs::path mapping, views;
};

Found search(const fs::path& folder) {
  Found found;
  std::size_t seen = 0;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && at != end && ++seen < kMostEntries; at.increment(error)) {
    const fs::path& path = at->path();
    std::error_code ignored;
    if (at->is_directory(ignored)) {
      if (path.filename() == "hcontact_vitruvian" && found.views.empty()) found.views = path;
      if (at.depth() >= kDeepest) at.disable_recursion_pending();
    } else if (path.filename() == "smpl_to_smplx.pkl" && found.mapping.empty()) {
      found.mapping = path;
    } else if (names_a_model(path)) {
      found.models.push_back(path);
    }
  }
  std::sort(found.models.begin(), found.models.end());
  return found;
}

BodyFileFinding examine_mapping(const fs::path& file) {
  BodyFileFinding finding{"SMPL to SMPL-X", State::ok, file, ""};
  const std::string name = file.filename();
  const auto bytes = decompressed(read_file(file), name);
  const auto root = read_pickle(bytes, name);
  const auto matrix = root->find("matrix");
  if (!matrix) throw bad_input(name + ": the array matrix is missing");
  const auto& shape = matrix->kind == PickleValue::Kind::array ? matrix->shape : std::vector<std::int64_t>();
  const bool right = (shape == std::vector<std::int64_t>{10475, 6890}) || matrix->kind == PickleValue::Kind::object;
  if (!right) throw bad_input(name + ": the matrix is not 10475 × 6890");
  finding.detail = "10475 × 6890 weights";
  return finding;
}

BodyFileFinding examine_views(const fs::path& folder) {
  BodyFileFinding finding{"views of the body", State::ok, folder, ""};
  std::vector<fs::path> wanted = {"pixel_to_vertex_map_1024.npz", "bary_coords_map_1024.npz"};
  for (const char* view : {"topfront", "bottomfront", "topback", "bottomback"})
    wanted.emplace_back(std::string("body_render_norm_") + view + ".png");
  for (const auto& name : wanted)
    if (!fs::exists(folder / name)) throw bad_input(name.string() + " is missing in the folder");
  for (std::size_t i = 0; i < 2; ++i) {
    const ZipReader archive(folder / wanted[i]);
    if (archive.names().empty()) throw bad_input(wanted[i].string() + ": it holds no array");
    for (const auto& entry : archive.names()) {
      const std::string what = wanted[i].string() + ": " + entry;
      if (read_npy(archive.read(entry), what)->shape.size() < 2) throw bad_input(what + " is no map of pixels");
    }
  }
  finding.detail = "pictures and pixel maps of the 4 views";
  return finding;
}

}  // namespace

std::vector<BodyFileFinding> examine_body_files(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) throw bad_input(folder.string() + ": there is no such folder");
  const Found found = search(folder);
  std::vector<BodyFileFinding> findings, damaged;
  const auto guarded = [&](const char* what, const fs::path& path, const auto& examine) {
    try {
      findings.push_back(examine(path));
    } catch (const Error& problem) {
      findings.push_back({what, State::damaged, path, problem.what()});
    }
  };
  for (const auto& file : found.models) {
    guarded("body file", file, [](const fs::path& path) {
      const body::SmplModel model(read_smpl_model(path));
      std::string detail = std::to_string(model.vertex_count()) + " vertices, " + std::to_string(model.joint_count()) +
                           " joints, " + std::to_string(model.shape_count()) + " shapes";
      if (model.expression_count() > 0) detail += ", " + std::to_string(model.expression_count()) + " expressions";
      return BodyFileFinding{body::smpl_family_name(model.family()), State::ok, path, detail};
    });
  }
  const auto is_there = [&](const std::string& what) {
    return std::any_of(findings.begin(), findings.end(), [&](const auto& f) { return f.what == what; });
  };
  const std::array<std::pair<const char*, const char*>, 3> families = {{
      {"SMPL", "labels and results on SMPL's mesh stay on the mesh they were made for"},
      {"SMPL-H", "the views that the published networks were trained on cannot be drawn; the free body is drawn instead"},
      {"SMPL-X", "bodies of OSX keep their own mesh but cannot be posed anew"},
  }};
  for (const auto& [family, cost] : families)
    if (!is_there(family)) findings.push_back({family, State::missing, {}, std::string("not there; without it ") + cost});
  if (found.mapping.empty()) {
    findings.push_back({"SMPL to SMPL-X", State::missing, {},
                        "smpl_to_smplx.pkl is not there; without it contact on SMPL-H cannot be carried to SMPL-X"});
  } else {
    guarded("SMPL to SMPL-X", found.mapping, examine_mapping);
  }
  if (found.views.empty()) {
    findings.push_back({"views of the body", State::missing, {},
                        "hcontact_vitruvian is not there; without it the views are drawn anew, which costs seconds"});
  } else {
    guarded("views of the body", found.views, examine_views);
  }
  return findings;
}

}  // namespace tactus::io
