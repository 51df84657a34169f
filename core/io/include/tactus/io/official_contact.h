// What the published contact demo reads and writes (METHOD.md §2.10, §2.14, §2.16, §3.12).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tactus/contact/lift.h"
#include "tactus/geometry/mesh.h"
#include "tactus/image.h"
#include "tactus/progress.h"
#include "tactus/views/view_renderer.h"

namespace tactus::io {

// Pictures of a body or an object in its canonical views, in the order of the published table.
struct CanonicalPictures {
  std::vector<std::string> names;          // "topfront", …
  std::vector<ImageU8> pictures;           // RGB, what the network sees
  std::vector<ImageU8> overlays;           // RGB, what masks are drawn on
  std::vector<views::RasterMaps> maps;     // vertex_ids and barycentrics alone
  int vertex_count = 0;
  std::vector<std::string> notes;          // sentences: what was drawn anew because a file was missing
};

// The body's, from the folder hcontact_vitruvian (or hcontact_vitruvian_mv2) in `data` or up to three folders deep;
// what is missing is drawn from SMPL-H in the same folder. `vertex_count` is 6890, the published predictor's.
// Error{bad_input} naming a damaged file; Error{cannot_run} when neither is there.
CanonicalPictures read_body_pictures(const std::filesystem::path& data, const views::ViewRenderer& renderer,
                                     const Progress& progress);

// The object's: object_mesh.obj of `folder` with sam_inp_objs/ (pictures, lift2d_dict.pkl) beside it, drawn anew where
// missing.
struct ObjectPictures {
  geometry::Mesh mesh;
  CanonicalPictures views;
  bool drawn = false;                      // sam_inp_objs was not there
};
// `cameras`: the views in the order of the model's table, views::object_mesh_views() for the published four.
ObjectPictures read_object_pictures(const std::filesystem::path& folder, const std::vector<views::ViewCamera>& cameras,
                                    const views::ViewRenderer& renderer, const Progress& progress);
// Writes `views` as a folder sam_inp_objs that read_object_pictures and the published demo read.
void write_object_pictures(const std::filesystem::path& folder, const CanonicalPictures& views);

// SMPL → SMPL-X (§2.14): smpl_to_smplx.pkl, key "matrix", dense or sparse. Kept sparse.
class SmplxMapping {
 public:
  // The file in `data` or up to three folders deep; none when it is not there.
  static std::optional<SmplxMapping> find(const std::filesystem::path& data);
  int smpl_vertices() const { return columns_; }
  int smplx_vertices() const { return static_cast<int>(rows_.size()) - 1; }
  // Error{bad_input} when `contact` has not smpl_vertices() values.
  Eigen::VectorXf apply(const Eigen::VectorXf& contact) const;

 private:
  std::vector<std::size_t> rows_;          // where each row begins
  std::vector<std::pair<int, float>> entries_;
  int columns_ = 0;
};

// The neutral SMPL-X body of `data` at zero pose; none when there is no such file.
std::optional<geometry::Mesh> find_smplx_body(const std::filesystem::path& data);

// Half picture, half colour where the logit is above the threshold and the network's picture is not white (§2.10).
ImageU8 mask_overlay(const ImageU8& shown, const ImageU8& seen, const ImageF& logits, float threshold,
                     const std::array<std::uint8_t, 3>& colour, double alpha);
// Four pictures of one size: 0 top left, 1 top right, 2 bottom left, 3 bottom right.
ImageU8 grid_of(const std::vector<ImageU8>& pictures);
// `left`, scaled to the height of `right`, beside it.
ImageU8 side_by_side(const ImageU8& left, const ImageU8& right);

}  // namespace tactus::io
