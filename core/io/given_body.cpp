#include "tactus/io/given_body.h"

#include <cmath>

#include "tactus/error.h"
#include "tactus/io/npz.h"

namespace tactus::io {

pipeline::GivenBody read_osx(const std::filesystem::path& file, int photo_width, int photo_height) {
  const NpzFile npz(file);
  const NpzArray& vertices = npz.at("smpl_vertices");
  if (vertices.shape.size() == 3) vertices.expect({-1, -1, 3});
  else vertices.expect({-1, 3});
  const std::size_t count = vertices.shape[vertices.shape.size() - 2];
  if (vertices.shape.size() == 3 && vertices.shape[0] == 0) throw bad_input(vertices.name + ": it holds no person");
  const auto points = vertices.as_floats();
  const NpzArray& faces = npz.at("smpl_faces").expect({-1, 3});
  const auto ids = faces.as_int32();
  const NpzArray& boxes = npz.at("bbox_2");
  const auto box = boxes.as_doubles();
  if (box.size() < 4) throw bad_input(boxes.name + ": a box x, y, w, h is needed");
  for (std::size_t i = 0; i < 4; ++i)
    if (!std::isfinite(box[i])) throw bad_input(boxes.name + ": the person's box is not a finite number");
  if (!(box[2] > 0.0) || !(box[3] > 0.0)) throw bad_input(boxes.name + ": the person's box has no size");
  pipeline::GivenBody body;
  body.mesh.vertices = Eigen::Map<const geometry::Vertices>(points.data(), static_cast<Eigen::Index>(count), 3);
  body.mesh.faces = Eigen::Map<const geometry::Faces>(ids.data(), static_cast<Eigen::Index>(ids.size() / 3), 3);
  body.source = file.filename();
  geometry::validate(body.mesh, body.source);
  body.camera = geometry::osx_camera(photo_width, photo_height, {box[0], box[1], box[2], box[3]});
  return body;
}

}  // namespace tactus::io
