// A small person and object with a known pose, and a predictor that can be counted and held.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tactus/error.h"
#include "tactus/pipeline/runner.h"
#include "tactus/render/cpu.h"

namespace tactus::pipeline {

// Contact on the right part of each view of the body and on the middle of each view of the object.
class PlainPredictor : public contact::ContactPredictor {
 public:
  explicit PlainPredictor(bool reads_photo = false) : reads_photo_(reads_photo) {}
  std::string name() const override { return "plain"; }
  std::string description() const override { return "for tests"; }
  bool reads_photo() const override { return reads_photo_; }
  contact::ContactPrediction predict(const contact::ContactQuery& query, const Progress& progress) const override {
    ++calls;
    progress.check();
    contact::ContactPrediction p;
    p.model = name();
    p.answer = "It answers \"" + query.prompt + "\".";
    const auto logits = [](const std::vector<views::RenderedView>& rendered, bool body) {
      std::vector<ImageF> all;
      for (const auto& view : rendered) {
        const int size = view.picture.width;
        ImageF image(size, size, 1, -6.0F);
        for (int row = 0; row < size; ++row)
          for (int column = 0; column < size; ++column)
            if (body ? column > size / 2 : row > size / 3 && row < 2 * size / 3) image.at(column, row) = 6.0F;
        all.push_back(image);
      }
      return all;
    };
    p.body_logits = logits(query.body_views, true);
    p.object_logits = logits(query.object_views, false);
    return p;
  }
  mutable std::atomic<int> calls{0};

 private:
  bool reads_photo_;
};

// An ellipsoid 1.7 m tall, three metres away.
inline GivenBody person(int width, int height) {
  GivenBody given;
  given.mesh = objects::make_object("ball").mesh;
  const Eigen::Vector3f size = geometry::bounding_box(given.mesh.vertices).size().cast<float>();
  for (int i = 0; i < given.mesh.vertex_count(); ++i) {
    const Eigen::RowVector3f p = given.mesh.vertices.row(i);
    given.mesh.vertices.row(i) << p.x() / size.x() * 0.5F, p.y() / size.y() * 1.7F, p.z() / size.z() * 0.3F + 3.0F;
  }
  given.camera = geometry::camera_with_field_of_view(width, height, 45.0);
  given.source = "ellipsoid";
  return given;
}

inline ImageU8 silhouette(const geometry::Mesh& mesh, const geometry::PinholeCamera& camera) {
  const auto maps = render::make_cpu_view_renderer()->rasterise(mesh, views::raster_camera(camera));
  ImageU8 mask(camera.width, camera.height);
  for (std::size_t i = 0; i < mask.data.size(); ++i) mask.data[i] = maps.face_ids.data[i] >= 0 ? 255 : 0;
  return mask;
}

inline ImageU8 object_mask(double x, int width = 96, int height = 72) {
  geometry::SimilarityTransform pose;
  pose.rotation = Eigen::Vector3d(1, -1, -1).asDiagonal();
  pose.translation = {x, 0.1, 2.9};
  auto mesh = objects::make_object("backpack").mesh;
  mesh.vertices = geometry::transform(pose, mesh.vertices);
  return silhouette(mesh, geometry::camera_with_field_of_view(width, height, 45.0));
}

inline Inputs small_inputs() {
  Inputs in;
  in.photo_name = "photo.png";
  in.photo = ImageU8(96, 72, 3, 90);
  in.prompt = "Which body parts touch the backpack?";
  in.object_name = "backpack";
  in.given_body = person(96, 72);
  in.human_mask = silhouette(in.given_body->mesh, in.given_body->camera);
  in.object_mask = object_mask(0.4);
  return in;
}

inline Options small_options() {
  Options o;
  o.view_size = 64;
  o.align.starts = 4;
  o.align.kept_starts = 2;
  o.fit.max_iterations = 4;
  return o;
}

struct Bench {
  std::shared_ptr<PlainPredictor> predictor;
  Ports ports;
};

inline Bench bench(bool reads_photo = false) {
  Bench b;
  b.predictor = std::make_shared<PlainPredictor>(reads_photo);
  b.ports.view_renderer = render::make_cpu_view_renderer();
  b.ports.predictor = b.predictor;
  b.ports.make_silhouette_renderer = [] { return render::make_cpu_silhouette_renderer(); };
  return b;
}

inline std::shared_ptr<const Inputs> shared(Inputs inputs) { return std::make_shared<const Inputs>(std::move(inputs)); }

template <typename Matrix>
bool same_bytes(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(*a.data())) == 0;
}

inline bool same_pose(const geometry::SimilarityTransform& a, const geometry::SimilarityTransform& b) {
  return same_bytes(a.rotation, b.rotation) && same_bytes(a.translation, b.translation) && a.scale == b.scale;
}

}  // namespace tactus::pipeline
