// R5 and R6 of METHOD.md §10.9: an icosphere of 642 vertices against make_icosphere.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tactus/render/cpu.h"

namespace tactus::render {
namespace {

constexpr int kSize = 128;

struct Icosphere {
  geometry::Mesh mesh;
  std::vector<std::int16_t> face_ids;
  std::vector<std::uint8_t> picture;
};

template <typename T>
std::vector<T> read(std::ifstream& file, std::size_t count) {
  std::vector<T> values(count);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)));
  EXPECT_TRUE(file.good());
  return values;
}

Icosphere icosphere() {
  std::ifstream file(TACTUS_TEST_DATA "/icosphere.bin", std::ios::binary);
  Icosphere expected;
  const auto vertices = read<float>(file, 642 * 3);
  const auto faces = read<std::int16_t>(file, 1280 * 3);
  expected.mesh.vertices = Eigen::Map<const geometry::Vertices>(vertices.data(), 642, 3);
  expected.mesh.faces.resize(1280, 3);
  for (int i = 0; i < 1280 * 3; ++i) expected.mesh.faces(i / 3, i % 3) = faces[static_cast<std::size_t>(i)];
  expected.face_ids = read<std::int16_t>(file, kSize * kSize);
  expected.picture = read<std::uint8_t>(file, kSize * kSize * 3);
  return expected;
}

TEST(Icosphere, FacesAndPictureAgreeWithTheReference) {
  const Icosphere expected = icosphere();
  const auto camera = views::raster_camera(views::body_views()[0], kSize);
  const auto renderer = make_cpu_view_renderer();
  const auto maps = renderer->rasterise(expected.mesh, camera);
  const auto picture = renderer->shade(expected.mesh, views::normal_colours(expected.mesh), camera, maps, {});
  int covered = 0, other_face = 0, worst_level = 0;
  for (std::size_t i = 0; i < expected.face_ids.size(); ++i) {
    covered += expected.face_ids[i] >= 0 ? 1 : 0;
    if (maps.face_ids.data[i] != expected.face_ids[i]) {
      ++other_face;   // a pixel on an edge: single against double precision
      continue;
    }
    for (std::size_t k = 0; k < 3; ++k)
      worst_level = std::max(worst_level, std::abs(static_cast<int>(picture.data[3 * i + k]) - static_cast<int>(expected.picture[3 * i + k])));
  }
  EXPECT_GT(covered, 3000);
  EXPECT_LE(other_face, kSize * kSize / 2000);   // 0.05 %
  EXPECT_LE(worst_level, 1);
  RecordProperty("covered", covered);
  RecordProperty("other_face", other_face);
  RecordProperty("worst_level", worst_level);
}

}  // namespace
}  // namespace tactus::render
