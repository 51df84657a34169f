// The published contact demo's files: pictures and maps of body and object, the mapping to SMPL-X, overlays.
#include <cmath>

#include "helpers.h"
#include "pickle_writer.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/npz.h"
#include "tactus/io/numeric_array.h"
#include "tactus/io/official_contact.h"
#include "tactus/io/picture.h"
#include "tactus/io/zip_reader.h"

namespace tactus::io {
namespace {

// One triangle over the middle of every view, vertices 0, 1, 2.
class OneFaceRenderer : public views::ViewRenderer {
 public:
  views::RasterMaps rasterise(const geometry::Mesh&, const views::RasterCamera& camera) const override {
    views::RasterMaps maps{ImageI32(camera.width, camera.height, 1, -1), ImageI32(camera.width, camera.height, 3, -1),
                           ImageF(camera.width, camera.height, 3, -1.0F), ImageF(camera.width, camera.height, 1, -1.0F)};
    for (int row = 500; row < 520; ++row) {
      for (int column = 500; column < 520; ++column) {
        for (int k = 0; k < 3; ++k) {
          maps.vertex_ids.at(column, row, k) = k;
          maps.barycentrics.at(column, row, k) = 0.25F * static_cast<float>(k == 0 ? 2 : 1);
        }
      }
    }
    return maps;
  }
  ImageU8 shade(const geometry::Mesh&, const geometry::Colours& colours, const views::RasterCamera& camera,
                const views::RasterMaps& maps, const views::PhongLight&) const override {
    ImageU8 picture(camera.width, camera.height, 3, 255);
    for (std::size_t i = 0; i < picture.pixel_count(); ++i) {
      if (maps.vertex_ids.data[3 * i] < 0) continue;
      for (std::size_t c = 0; c < 3; ++c) picture.data[3 * i + c] = static_cast<std::uint8_t>(255.0F * colours(0, static_cast<Eigen::Index>(c)));
    }
    return picture;
  }
};

TEST(OfficialContact, DrawsTheObjectsViewsAndReadsThemBack) {
  const Folder folder;
  write_obj(folder / "object_mesh.obj", tetrahedron(), nullptr);
  const OneFaceRenderer renderer;
  const ObjectPictures drawn = read_object_pictures(folder.path(), views::object_mesh_views(), renderer, {});
  EXPECT_TRUE(drawn.drawn);
  ASSERT_EQ(drawn.views.names, (std::vector<std::string>{"frontleft", "frontright", "backleft", "backright"}));
  EXPECT_EQ(drawn.views.vertex_count, 4);

  write_object_pictures(folder / "sam_inp_objs", drawn.views);
  const ObjectPictures read = read_object_pictures(folder.path(), views::object_mesh_views(), renderer, {});
  EXPECT_FALSE(read.drawn);
  EXPECT_EQ(read.views.vertex_count, 4);
  for (std::size_t v = 0; v < 4; ++v) {
    EXPECT_EQ(read.views.maps[v].vertex_ids, drawn.views.maps[v].vertex_ids);
    EXPECT_EQ(read.views.maps[v].barycentrics, drawn.views.maps[v].barycentrics);
    EXPECT_EQ(read.views.pictures[v], drawn.views.pictures[v]);
    EXPECT_EQ(read.views.overlays[v], drawn.views.overlays[v]);
  }
}

TEST(OfficialContact, RefusesMapsOfAnotherMesh) {
  const Folder folder;
  write_obj(folder / "object_mesh.obj", tetrahedron(), nullptr);
  const OneFaceRenderer renderer;
  auto drawn = read_object_pictures(folder.path(), views::object_mesh_views(), renderer, {});
  drawn.views.vertex_count = 5;
  write_object_pictures(folder / "sam_inp_objs", drawn.views);
  expect_refused([&] { read_object_pictures(folder.path(), views::object_mesh_views(), renderer, {}); }, {"lift2d_dict.pkl", "5 vertices", "has 4"});
  folder.file("sam_inp_objs/lift2d_dict.pkl", "\x80\x03}.");
  expect_refused([&] { read_object_pictures(folder.path(), views::object_mesh_views(), renderer, {}); }, {"lift2d_dict.pkl", "pixel_to_vertices_map"});
  fs::remove(folder / "object_mesh.obj");
  expect_refused([&] { read_object_pictures(folder.path(), views::object_mesh_views(), renderer, {}); }, {"object_mesh.obj", "missing"});
}

void write_body_data(const Folder& folder) {
  fs::create_directories(folder / "hcontact_vitruvian");
  NpzWriter ids(folder / "hcontact_vitruvian/pixel_to_vertex_map_1024.npz"), weights(folder / "hcontact_vitruvian/bary_coords_map_1024.npz");
  std::int64_t first = 0;
  for (const char* name : {"topfront", "bottomfront", "topback", "bottomback"}) {
    std::vector<std::int64_t> id(64 * 64 * 3, -1);
    std::vector<float> weight(64 * 64 * 3, -1.0F);
    for (int k = 0; k < 3; ++k) id[300 + static_cast<std::size_t>(k)] = first + k, weight[300 + static_cast<std::size_t>(k)] = 1.0F / 3.0F;
    ids.add(name, {64, 64, 3}, std::span<const std::int64_t>(id));
    weights.add(name, {64, 64, 3}, std::span<const float>(weight));
    write_picture(folder / ("hcontact_vitruvian/body_render_norm_" + std::string(name) + ".png"), ImageU8(64, 64, 3, static_cast<std::uint8_t>(10 * first)));
    first += 3;
  }
  ids.finish();
  weights.finish();
}

TEST(OfficialContact, ReadsThePublishedBodyPicturesInTheTablesOrder) {
  const Folder folder;
  write_body_data(folder);
  const CanonicalPictures views = read_body_pictures(folder.path(), OneFaceRenderer(), {});
  ASSERT_EQ(views.names, (std::vector<std::string>{"topfront", "bottomfront", "topback", "bottomback"}));
  EXPECT_EQ(views.vertex_count, 6890);
  for (std::size_t v = 0; v < 4; ++v) {
    EXPECT_EQ(views.pictures[v].data[0], 30 * v);
    EXPECT_EQ(views.maps[v].vertex_ids.data[301], static_cast<int>(3 * v) + 1);
    EXPECT_FLOAT_EQ(views.maps[v].barycentrics.data[301], 1.0F / 3.0F);
  }
}

TEST(OfficialContact, SaysWhatIsMissingForTheBody) {
  const Folder folder;
  expect_refused([&] { read_body_pictures(folder / "nowhere", OneFaceRenderer(), {}); }, {"nowhere", "no such folder"});
  expect_refused([&] { read_body_pictures(folder.path(), OneFaceRenderer(), {}); }, {"SMPLH_NEUTRAL"}, ErrorKind::cannot_run);
  write_body_data(folder);
  write_picture(folder / "hcontact_vitruvian/body_render_norm_topback.png", ImageU8(32, 64, 3));
  expect_refused([&] { read_body_pictures(folder.path(), OneFaceRenderer(), {}); }, {"topback", "64×64", "32×64"});
}

TEST(OfficialContact, MapsToSmplxAsTheMatrixSays) {
  const Folder folder;
  const std::vector<float> matrix = {1, 0, 0, 0.25F, 0.75F, 0, 0, 0, 0, 0.5F, 0.25F, 0.25F};   // [4, 3]
  PickleWriter pickle;
  pickle.begin_dict();
  pickle.text("matrix");
  pickle.array("f4", {4, 3}, matrix.data(), matrix.size() * sizeof(float));
  pickle.end_dict();
  pickle.write(folder / "smpl_to_smplx.pkl");
  const auto mapping = SmplxMapping::find(folder.path());
  ASSERT_TRUE(mapping.has_value());
  EXPECT_EQ(mapping->smpl_vertices(), 3);
  ASSERT_EQ(mapping->smplx_vertices(), 4);
  const Eigen::VectorXf mapped = mapping->apply(Eigen::Vector3f(0.8F, 0.4F, 0.2F));
  EXPECT_TRUE(mapped.isApprox(Eigen::Vector4f(0.8F, 0.5F, 0.0F, 0.55F), 1e-6F)) << mapped.transpose();
  expect_refused([&] { mapping->apply(Eigen::Vector2f(1, 1)); }, {"maps 3", "has 2"});
  EXPECT_FALSE(SmplxMapping::find(folder / "elsewhere").has_value());
}

TEST(OfficialContact, OverlaysWhereTheLogitIsAboveAndThePictureNotWhite) {
  ImageU8 shown(3, 1, 3, 100), seen(3, 1, 3, 100);
  seen.at(2, 0, 0) = seen.at(2, 0, 1) = seen.at(2, 0, 2) = 255;
  ImageF logits(3, 1);
  logits.data = {0.3F, 0.31F, 5.0F};
  const ImageU8 drawn = mask_overlay(shown, seen, logits, 0.3F, {255, 38, 25}, 0.5);
  EXPECT_EQ(drawn.at(0, 0, 0), 100);   // not above
  EXPECT_EQ(drawn.at(1, 0, 0), 177);   // half and half, truncated
  EXPECT_EQ(drawn.at(1, 0, 1), 69);
  EXPECT_EQ(drawn.at(2, 0, 0), 100);   // background of the network's picture
}

TEST(OfficialContact, ArrangesFourPicturesInAGrid) {
  std::vector<ImageU8> pictures;
  for (int i = 0; i < 4; ++i) pictures.emplace_back(2, 3, 3, static_cast<std::uint8_t>(i));
  const ImageU8 grid = grid_of(pictures);
  ASSERT_TRUE(grid.same_size(4, 6));
  EXPECT_EQ(grid.at(0, 0, 0), 0);
  EXPECT_EQ(grid.at(2, 0, 0), 1);
  EXPECT_EQ(grid.at(1, 3, 0), 2);
  EXPECT_EQ(grid.at(3, 5, 0), 3);
  const ImageU8 both = side_by_side(ImageU8(40, 20, 3, 9), grid);
  EXPECT_TRUE(both.same_size(12 + 4, 6));
  EXPECT_EQ(both.at(0, 0, 0), 9);
  EXPECT_EQ(both.at(12, 3, 0), 2);
}

}  // namespace
}  // namespace tactus::io
