#include "tactus/io/official_contact.h"

#include <algorithm>
#include <cmath>

#include "pickle_writer.h"
#include "tactus/body/smpl_model.h"
#include "tactus/error.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/npz.h"
#include "tactus/io/numeric_array.h"
#include "tactus/io/picture.h"
#include "tactus/io/pickle.h"
#include "tactus/io/smpl_model.h"
#include "tactus/io/zip_reader.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;

constexpr int kSize = 1024;               // the published pictures
constexpr int kSmplVertices = 6890;
constexpr int kDeepest = 3;               // folders searched below `data`

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// The first file or folder below `root` that `wanted` accepts; empty when there is none.
template <typename Wanted>
fs::path find_below(const fs::path& root, Wanted wanted) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && at != end; at.increment(error)) {
    if (wanted(at->path())) found.push_back(at->path());
    if (at.depth() >= kDeepest) at.disable_recursion_pending();
  }
  std::sort(found.begin(), found.end());
  return found.empty() ? fs::path() : found.front();
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// A neutral model file of the family, by name.
fs::path find_model(const fs::path& data, const std::string& family) {
  return find_below(data, [&](const fs::path& path) {
    const std::string name = lower(path.filename().string());
    return name.starts_with(family + "_neutral") && (name.ends_with(".npz") || name.ends_with(".pkl"));
  });
}

geometry::Mesh mesh_of(const body::SmplModel& model, const body::SmplRows& pose) {
  geometry::Mesh mesh;
  mesh.vertices = model.pose(model.shape(Eigen::VectorXd::Zero(0)), pose).vertices;
  mesh.faces = model.data().faces;
  return mesh;
}

void check_maps(const views::RasterMaps& maps, const ImageU8& picture, const std::string& what) {
  if (maps.vertex_ids.width != picture.width || maps.vertex_ids.height != picture.height) {
    throw bad_input(what + ": the map is " + std::to_string(maps.vertex_ids.width) + "×" + std::to_string(maps.vertex_ids.height) +
                    " pixels and the picture of that view " + std::to_string(picture.width) + "×" + std::to_string(picture.height));
  }
}

views::RasterMaps maps_of(std::vector<std::int32_t> ids, std::vector<float> weights, const std::vector<std::int64_t>& shape) {
  views::RasterMaps maps;
  const int height = static_cast<int>(shape[0]), width = static_cast<int>(shape[1]);
  maps.vertex_ids = ImageI32(width, height, 3);
  maps.vertex_ids.data = std::move(ids);
  maps.barycentrics = ImageF(width, height, 3);
  maps.barycentrics.data = std::move(weights);
  return maps;
}

std::vector<std::int64_t> map_shape(const NpzArray& array) {
  array.expect({-1, -1, 3});
  return {array.shape.begin(), array.shape.end()};
}

// Uniformly coloured renders of maps that were just made.
std::vector<ImageU8> plain_renders(const views::ViewRenderer& renderer, const geometry::Mesh& mesh,
                                   const std::vector<views::RenderedView>& rendered, const Eigen::RowVector3f& colour) {
  const geometry::Colours colours = colour.replicate(mesh.vertex_count(), 1);
  std::vector<ImageU8> pictures;
  for (const auto& view : rendered) {
    views::PhongLight light;
    light.position = view.view.azimuth_deg > 90.0 && view.view.azimuth_deg < 270.0 ? Eigen::Vector3d(0, 0, -3) : Eigen::Vector3d(0, 0, 3);
    pictures.push_back(renderer.shade(mesh, colours, views::raster_camera(view.view, view.picture.width), view.maps, light));
  }
  return pictures;
}

const Eigen::RowVector3f kBodyBlue(0.05F, 0.66F, 0.96F);
const Eigen::RowVector3f kObjectYellow(0.90F, 0.82F, 0.34F);

CanonicalPictures pictures_of(const views::ViewRenderer& renderer, const geometry::Mesh& mesh,
                              const std::vector<views::RenderedView>& rendered, const Eigen::RowVector3f& overlay) {
  CanonicalPictures views;
  views.overlays = plain_renders(renderer, mesh, rendered, overlay);
  for (const auto& view : rendered) {
    views.names.push_back(view.view.name);
    views.pictures.push_back(view.picture);
    views.maps.push_back({{}, view.maps.vertex_ids, view.maps.barycentrics, {}});
  }
  views.vertex_count = mesh.vertex_count();
  return views;
}

CanonicalPictures drawn_body(const views::ViewRenderer& renderer, const geometry::Mesh& mesh, const Progress& progress) {
  return pictures_of(renderer, mesh, views::render_body_views(renderer, mesh, {kSize}, progress), kBodyBlue);
}

CanonicalPictures drawn_object(const views::ViewRenderer& renderer, const geometry::Mesh& mesh,
                               const std::vector<views::ViewCamera>& cameras, const Progress& progress) {
  return pictures_of(renderer, views::normalised_object(mesh), views::render_object_views(renderer, mesh, cameras, {kSize}, progress),
                     kObjectYellow);
}

fs::path view_folder(const fs::path& data) {
  for (const char* name : {"hcontact_vitruvian", "hcontact_vitruvian_mv2"}) {
    if (data.filename() == name && is_there(data / "pixel_to_vertex_map_1024.npz")) return data;
    const fs::path found = find_below(data, [&](const fs::path& path) {
      return path.filename() == name && is_there(path / "pixel_to_vertex_map_1024.npz");
    });
    if (!found.empty()) return found;
  }
  return {};
}

PicklePointer read_pickle_file(const fs::path& file) {
  return read_pickle(decompressed(read_file(file), file.string()), file.string());
}

}  // namespace

CanonicalPictures read_body_pictures(const fs::path& data, const views::ViewRenderer& renderer, const Progress& progress) {
  std::error_code error;
  if (!fs::is_directory(data, error)) {
    throw bad_input(data.string() + ": there is no such folder; name the folder that holds hcontact_vitruvian or the SMPL-H files");
  }
  const fs::path folder = view_folder(data), model = find_model(data, "smplh");
  if (folder.empty() && model.empty()) {
    throw cannot_run(data.string() + ": neither the folder hcontact_vitruvian nor SMPL-H (SMPLH_NEUTRAL.pkl or .npz) is there; "
                     "the views of the published body need one of them");
  }
  std::optional<CanonicalPictures> from_model;
  const auto model_views = [&]() -> const CanonicalPictures& {
    if (!from_model) {
      if (model.empty()) throw cannot_run(data.string() + ": pictures of the body are missing and SMPL-H, to draw them from, is not there");
      const body::SmplModel body(read_smpl_model(model));
      from_model = drawn_body(renderer, mesh_of(body, body.vitruvian_pose()), progress);
    }
    return *from_model;
  };

  if (folder.empty()) {
    CanonicalPictures views = model_views();
    views.notes.push_back("the body's views were drawn from " + model.filename().string() +
                          "; the published pictures (hcontact_vitruvian) may differ in light");
    return views;
  }
  CanonicalPictures views;
  views.vertex_count = kSmplVertices;
  const NpzFile ids(folder / "pixel_to_vertex_map_1024.npz"), weights(folder / "bary_coords_map_1024.npz");
  for (std::size_t v = 0; v < views::body_views().size(); ++v) {
    progress.check();
    const std::string& name = views::body_views()[v].name;
    views.names.push_back(name);
    const fs::path seen = folder / ("body_render_norm_" + name + ".png"), shown = folder / ("smplh_body_render_blue_" + name + ".png");
    if (is_there(seen)) {
      views.pictures.push_back(read_picture(seen));
    } else {
      views.pictures.push_back(model_views().pictures[v]);
      views.notes.push_back(seen.filename().string() + " is not there; it was drawn from SMPL-H");
    }
    views.overlays.push_back(is_there(shown) ? read_picture(shown) : views.pictures.back());
    const NpzArray& id = ids.at(name);
    const NpzArray& weight = weights.at(name);
    weight.expect({static_cast<std::int64_t>(id.shape.empty() ? 0 : id.shape[0]), static_cast<std::int64_t>(id.shape.size() > 1 ? id.shape[1] : 0), 3});
    views.maps.push_back(maps_of(id.as_int32(), weight.as_floats(), map_shape(id)));
    check_maps(views.maps.back(), views.pictures.back(), id.name);
  }
  return views;
}

ObjectPictures read_object_pictures(const fs::path& folder, const std::vector<views::ViewCamera>& cameras,
                                    const views::ViewRenderer& renderer, const Progress& progress) {
  ObjectPictures object;
  if (!is_there(folder / "object_mesh.obj")) {
    throw bad_input(folder.string() + ": object_mesh.obj is missing; contact on an object needs the object's mesh beside the photograph");
  }
  object.mesh = read_mesh(folder / "object_mesh.obj").mesh;
  const fs::path made = folder / "sam_inp_objs";
  object.drawn = !is_there(made / "lift2d_dict.pkl");
  if (object.drawn) {
    object.views = drawn_object(renderer, object.mesh, cameras, progress);
    return object;
  }
  auto& views = object.views;
  const std::string file = (made / "lift2d_dict.pkl").string();
  const PicklePointer dictionary = read_pickle_file(file);
  const auto entry = [&](const char* key) {
    const PicklePointer value = dictionary->find(key);
    if (!value) throw bad_input(file + ": the key " + key + " is missing; delete the folder sam_inp_objs and it is made again");
    return value;
  };
  const PicklePointer ids = entry("pixel_to_vertices_map"), weights = entry("bary_coords_map"), count = entry("num_vertices");
  const std::size_t expected = cameras.size();
  if (ids->items.size() != expected || weights->items.size() != expected) {
    throw bad_input(file + ": it holds maps of " + std::to_string(ids->items.size()) + " views instead of " + std::to_string(expected));
  }
  views.vertex_count = static_cast<int>(count->integer);
  if (views.vertex_count != object.mesh.vertex_count()) {
    throw bad_input(file + ": it was made for a mesh of " + std::to_string(count->integer) + " vertices and object_mesh.obj has " +
                    std::to_string(object.mesh.vertex_count()) + "; delete the folder sam_inp_objs and it is made again");
  }
  for (std::size_t v = 0; v < expected; ++v) {
    progress.check();
    const std::string& name = cameras[v].name;
    views.names.push_back(name);
    const NumericArray id = numeric_array(*ids->items[v], file), weight = numeric_array(*weights->items[v], file);
    if (id.shape.size() != 3 || id.shape[2] != 3 || weight.shape != id.shape) {
      throw bad_input(file + ": the maps of view " + name + " must be [height, width, 3]; delete the folder sam_inp_objs and it is made again");
    }
    views.maps.push_back(maps_of({id.values.begin(), id.values.end()}, {weight.values.begin(), weight.values.end()}, id.shape));
    views.pictures.push_back(read_picture(made / ("obj_render_color_" + name + ".png")));
    const fs::path shown = made / ("obj_render_grey_" + name + ".png");
    views.overlays.push_back(is_there(shown) ? read_picture(shown) : views.pictures.back());
    check_maps(views.maps.back(), views.pictures.back(), file);
  }
  return object;
}

void write_object_pictures(const fs::path& folder, const CanonicalPictures& views) {
  fs::create_directories(folder);
  for (std::size_t v = 0; v < views.names.size(); ++v) {
    write_picture(folder / ("obj_render_color_" + views.names[v] + ".png"), views.pictures[v]);
    write_picture(folder / ("obj_render_grey_" + views.names[v] + ".png"), views.overlays[v]);
  }
  PickleWriter pickle;
  pickle.begin_dict();
  pickle.text("pixel_to_vertices_map");
  pickle.begin_list();
  for (const auto& maps : views.maps) {
    const std::vector<std::int64_t> ids(maps.vertex_ids.data.begin(), maps.vertex_ids.data.end());
    pickle.array("i8", {maps.vertex_ids.height, maps.vertex_ids.width, 3}, ids.data(), ids.size() * sizeof ids[0]);
  }
  pickle.end_list();
  pickle.text("bary_coords_map");
  pickle.begin_list();
  for (const auto& maps : views.maps) {
    const auto& data = maps.barycentrics.data;
    pickle.array("f4", {maps.barycentrics.height, maps.barycentrics.width, 3}, data.data(), data.size() * sizeof data[0]);
  }
  pickle.end_list();
  pickle.text("num_vertices");
  pickle.integer(views.vertex_count);
  pickle.end_dict();
  pickle.write(folder / "lift2d_dict.pkl");
}

std::optional<SmplxMapping> SmplxMapping::find(const fs::path& data) {
  const fs::path file = find_below(data, [](const fs::path& path) { return path.filename() == "smpl_to_smplx.pkl"; });
  if (file.empty()) return std::nullopt;
  const PicklePointer dictionary = read_pickle_file(file);
  const PicklePointer matrix = dictionary->find("matrix");
  if (!matrix) throw bad_input(file.string() + ": the key matrix is missing; it should be SMPL-X × SMPL vertices");
  const NumericArray values = numeric_array(*matrix, file.string());
  if (values.shape.size() != 2) throw bad_input(file.string() + ": the matrix must have two dimensions, SMPL-X × SMPL vertices");
  SmplxMapping mapping;
  mapping.columns_ = static_cast<int>(values.shape[1]);
  mapping.rows_.push_back(0);
  for (std::int64_t row = 0; row < values.shape[0]; ++row) {
    for (std::int64_t column = 0; column < values.shape[1]; ++column) {
      const double value = values.values[static_cast<std::size_t>(row * values.shape[1] + column)];
      if (value != 0.0) mapping.entries_.emplace_back(static_cast<int>(column), static_cast<float>(value));
    }
    mapping.rows_.push_back(mapping.entries_.size());
  }
  return mapping;
}

Eigen::VectorXf SmplxMapping::apply(const Eigen::VectorXf& contact) const {
  if (contact.size() != columns_) {
    throw bad_input("smpl_to_smplx.pkl: it maps " + std::to_string(columns_) + " vertices and the body has " + std::to_string(contact.size()));
  }
  Eigen::VectorXf result(smplx_vertices());
  for (int row = 0; row < smplx_vertices(); ++row) {
    double sum = 0.0;
    const auto r = static_cast<std::size_t>(row);
    for (std::size_t i = rows_[r]; i < rows_[r + 1]; ++i) sum += static_cast<double>(entries_[i].second) * contact[entries_[i].first];
    result[row] = static_cast<float>(sum);
  }
  return result;
}

std::optional<geometry::Mesh> find_smplx_body(const fs::path& data) {
  const fs::path file = find_model(data, "smplx");
  if (file.empty()) return std::nullopt;
  const body::SmplModel model(read_smpl_model(file));
  return mesh_of(model, model.rest_pose());
}

ImageU8 mask_overlay(const ImageU8& shown, const ImageU8& seen, const ImageF& logits, float threshold,
                     const std::array<std::uint8_t, 3>& colour, double alpha) {
  ImageU8 result = shown;
  for (std::size_t pixel = 0; pixel < logits.data.size() && pixel < shown.pixel_count(); ++pixel) {
    const std::uint8_t* s = seen.data.data() + 3 * pixel;
    if (!(logits.data[pixel] > threshold) || s[0] + s[1] + s[2] >= 765) continue;
    for (std::size_t c = 0; c < 3; ++c) {
      std::uint8_t& value = result.data[3 * pixel + c];
      value = static_cast<std::uint8_t>((1.0 - alpha) * value + alpha * colour[c]);
    }
  }
  return result;
}

ImageU8 grid_of(const std::vector<ImageU8>& pictures) {
  if (pictures.empty()) return {};
  const int width = pictures[0].width, height = pictures[0].height, columns = pictures.size() > 1 ? 2 : 1;
  const int rows = (static_cast<int>(pictures.size()) + columns - 1) / columns;
  ImageU8 grid(width * columns, height * rows, 3, 255);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const int left = static_cast<int>(i) % columns * width, top = static_cast<int>(i) / columns * height;
    for (int row = 0; row < std::min(height, pictures[i].height); ++row) {
      std::copy_n(pictures[i].row(row), 3 * static_cast<std::size_t>(std::min(width, pictures[i].width)), grid.row(top + row) + 3 * static_cast<std::size_t>(left));
    }
  }
  return grid;
}

ImageU8 side_by_side(const ImageU8& left, const ImageU8& right) {
  const int width = std::max(1, static_cast<int>(std::lround(static_cast<double>(left.width) * right.height / left.height)));
  const ImageU8 scaled = resized(left, width, right.height);
  ImageU8 result(width + right.width, right.height, 3);
  for (int row = 0; row < right.height; ++row) {
    std::copy_n(scaled.row(row), 3 * static_cast<std::size_t>(width), result.row(row));
    std::copy_n(right.row(row), 3 * static_cast<std::size_t>(right.width), result.row(row) + 3 * static_cast<std::size_t>(width));
  }
  return result;
}

}  // namespace tactus::io
