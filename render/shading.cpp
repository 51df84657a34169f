#include "shading.h"

#include <cmath>

#include "raster_math.h"
#include "tactus/parallel.h"

namespace tactus::render {
namespace {

template <typename Rows>
Float3 interpolated(const Rows& values, const views::RasterMaps& maps, std::size_t corner) {
  Float3 sum = Float3::Zero();
  for (std::size_t k = 0; k < 3; ++k)
    sum += maps.barycentrics.data[corner + k] * values.row(maps.vertex_ids.data[corner + k]).transpose();
  return sum;
}

Float3 unit(const Float3& v) { return v / std::max(v.norm(), 1e-6F); }

}  // namespace

ImageU8 phong_picture(const geometry::Mesh& mesh, const geometry::Colours& colours, const views::RasterCamera& camera,
                      const views::RasterMaps& maps, const views::PhongLight& light) {
  const geometry::Vertices normals = geometry::vertex_normals(mesh);
  const Float3 centre = camera.centre_world().cast<float>(), lamp = light.position.cast<float>();
  const auto ambient = static_cast<float>(light.ambient), diffuse = static_cast<float>(light.diffuse);
  const auto specular = static_cast<float>(light.specular), shininess = static_cast<float>(light.shininess);
  ImageU8 picture(camera.width, camera.height, 3, 255);
  parallel_for(static_cast<std::size_t>(camera.height), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t pixel = begin * static_cast<std::size_t>(camera.width);
         pixel < end * static_cast<std::size_t>(camera.width); ++pixel) {
      if (maps.face_ids.data[pixel] < 0) continue;
      const Float3 point = interpolated(mesh.vertices, maps, 3 * pixel);
      const Float3 normal = unit(interpolated(normals, maps, 3 * pixel));
      const Float3 texel = interpolated(colours, maps, 3 * pixel);
      const Float3 to_light = unit(lamp - point);
      const float facing = normal.dot(to_light);
      Float3 colour = (ambient + diffuse * std::max(facing, 0.0F)) * texel;
      if (facing > 0.0F) {
        const Float3 mirrored = -to_light + 2.0F * facing * normal;
        const float glint = std::max(unit(centre - point).dot(mirrored), 0.0F);
        colour.array() += specular * std::pow(glint, shininess);
      }
      for (int k = 0; k < 3; ++k)
        picture.data[3 * pixel + static_cast<std::size_t>(k)] =
            static_cast<std::uint8_t>(std::clamp(colour[k] * 255.0F, 0.0F, 255.0F));
    }
  });
  return picture;
}

}  // namespace tactus::render
