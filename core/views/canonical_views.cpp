#include <algorithm>
#include <cmath>

#include "tactus/views/view_renderer.h"

namespace tactus::views {
namespace {

std::vector<RenderedView> render(const ViewRenderer& renderer, const geometry::Mesh& mesh,
                                 const geometry::Colours& colours, const std::vector<ViewCamera>& cameras,
                                 const std::vector<Eigen::Vector3d>& lights, int size, const Progress& progress) {
  std::vector<RenderedView> rendered;
  for (std::size_t i = 0; i < cameras.size(); ++i) {
    progress.check();
    progress.report(static_cast<double>(i) / static_cast<double>(cameras.size()), cameras[i].name);
    RenderedView view;
    view.view = cameras[i];
    const RasterCamera camera = raster_camera(cameras[i], size);
    view.maps = renderer.rasterise(mesh, camera);
    PhongLight light;
    light.position = lights[i];
    view.picture = renderer.shade(mesh, colours, camera, view.maps, light);
    rendered.push_back(std::move(view));
  }
  progress.report(1.0);
  return rendered;
}

}  // namespace

geometry::Colours normal_colours(const geometry::Mesh& mesh) {
  return (geometry::vertex_normals(mesh).array() + 1.0F) / 2.0F;
}

geometry::Colours position_colours(const geometry::Mesh& mesh) {
  const auto box = geometry::bounding_box(mesh.vertices);
  geometry::Colours colours(mesh.vertex_count(), 3);
  for (int axis = 0; axis < 3; ++axis) {
    const float extent = box.size()[axis];
    for (int i = 0; i < mesh.vertex_count(); ++i) {
      // A flat axis has no gradient; the published division by zero is not reproduced.
      const float t = extent > 0.0F ? (mesh.vertices(i, axis) - box.lower[axis]) / extent : 0.5F;
      colours(i, axis) = t * 0.8F + 0.1F;
    }
  }
  return colours;
}

geometry::Mesh normalised_object(const geometry::Mesh& mesh) {
  geometry::Mesh result = mesh;
  const Eigen::RowVector3f mean = mesh.vertices.cast<double>().colwise().mean().cast<float>();
  result.vertices.rowwise() -= mean;
  const float side = geometry::bounding_box(mesh.vertices).size().maxCoeff();
  if (side > 0.0F) result.vertices /= side;
  return result;
}

std::vector<RenderedView> render_body_views(const ViewRenderer& renderer, const geometry::Mesh& body,
                                            const CanonicalViewsOptions& options, const Progress& progress) {
  // The lights of the script's own view order, by view name (METHOD.md §3.8): the two bottom views are lit from
  // the side opposite to the camera.
  return render(renderer, body, normal_colours(body), body_views(), {{0, 0, 3}, {0, 0, -3}, {0, 0, -3}, {0, 0, 3}},
                options.size, progress);
}

std::vector<RenderedView> render_object_views(const ViewRenderer& renderer, const geometry::Mesh& object,
                                              const std::vector<ViewCamera>& cameras,
                                              const CanonicalViewsOptions& options, const Progress& progress) {
  const geometry::Mesh mesh = normalised_object(object);
  std::vector<Eigen::Vector3d> lights;
  for (const auto& camera : cameras) lights.emplace_back(0.0, 0.0, std::cos(camera.azimuth_deg * M_PI / 180.0) < -0.01 ? -3.0 : 3.0);
  return render(renderer, mesh, position_colours(mesh), cameras, lights, options.size, progress);
}

std::vector<RenderedView> render_object_views(const ViewRenderer& renderer, const geometry::Mesh& object,
                                              const CanonicalViewsOptions& options, const Progress& progress) {
  return render_object_views(renderer, object, object_mesh_views(), options, progress);
}

}  // namespace tactus::views
