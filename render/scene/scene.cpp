#include "tactus/scene/scene.h"

#include <vtkActor.h>
#include <vtkCallbackCommand.h>
#include <vtkCamera.h>
#include <vtkCellArray.h>
#include <vtkCellPicker.h>
#include <vtkImageData.h>
#include <vtkLight.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>
#include <vtkPlaneSource.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkPolyDataMapper.h>
#include <vtkProperty.h>
#include <vtkRenderWindow.h>
#include <vtkRenderer.h>
#include <vtkSphereSource.h>
#include <vtkTexture.h>
#include <vtkWindowToImageFilter.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "colour_bar.h"
#include "surface.h"

namespace tactus::scene {
namespace {

// Frame photo (y down, z away) to frame display (y up).
const Eigen::Matrix4d& display_from_photo() {
  static const Eigen::Matrix4d m = Eigen::Vector4d(1, -1, -1, 1).asDiagonal();
  return m;
}

Eigen::Vector3d to_display(const Eigen::Vector3d& photo) { return {photo.x(), -photo.y(), -photo.z()}; }

void set_matrix(vtkActor* actor, const Eigen::Matrix4d& m) {
  vtkNew<vtkMatrix4x4> matrix;
  for (int r = 0; r < 4; ++r)
    for (int c = 0; c < 4; ++c) matrix->SetElement(r, c, m(r, c));
  actor->SetUserMatrix(matrix);
}

}  // namespace

struct Scene::Impl {
  vtkNew<vtkRenderer> renderer;
  vtkNew<vtkRenderWindow> window;      // for off-screen pictures; made real by the first of them
  Surface body{{0.62, 0.68, 0.76}}, object{{0.90, 0.82, 0.34}};
  vtkNew<vtkActor> ground, trajectory, links, backdrop, marker;
  vtkNew<vtkPolyData> trajectory_data, links_data, ground_data;
  ColourBar bar{renderer};
  vtkNew<vtkCallbackCommand> before_render;
  vtkNew<vtkTexture> texture;
  vtkNew<vtkPlaneSource> plane;
  vtkNew<vtkSphereSource> sphere;
  DisplayOptions display;
  geometry::PinholeCamera camera;
  bool has_photo = false;
  std::optional<geometry::SimilarityTransform> pose;
  std::optional<NamedView> view;

  Surface& surface(Subject s) { return s == Subject::body ? body : object; }

  void apply_display() {
    for (Surface* surface : {&body, &object}) {
      auto* property = surface->actor()->GetProperty();
      property->SetRepresentation(display.wireframe ? VTK_WIREFRAME : VTK_SURFACE);
      const bool through = display.wireframe || (surface == &body && display.see_through_body);
      property->SetBackfaceCulling(surface->closed() && !through);
    }
    body.actor()->GetProperty()->SetOpacity(display.see_through_body ? 0.35 : 1.0);
    body.actor()->SetVisibility(body.present() && display.show_body);
    object.actor()->SetVisibility(object.present() && display.show_object && pose.has_value());
    ground->SetVisibility(display.ground && body.present() && view != NamedView::photo);
    trajectory->SetVisibility(display.trajectory && view != NamedView::photo && trajectory_data->GetNumberOfPoints() > 1);
    links->SetVisibility(display.links && links_data->GetNumberOfPoints() > 1);
    bar.set_visible(display.colour_bar && display.contact_colours && body.has_contact());
    backdrop->SetVisibility(has_photo && display.photo_backdrop && view == NamedView::photo);
    if (display.dark) {
      renderer->SetBackground(0.10, 0.11, 0.13);
      renderer->SetBackground2(0.20, 0.22, 0.25);
    } else {
      renderer->SetBackground(0.84, 0.86, 0.89);
      renderer->SetBackground2(0.96, 0.97, 0.98);
    }
    renderer->GradientBackgroundOn();
    ground->GetProperty()->SetColor(display.dark ? 0.38 : 0.68, display.dark ? 0.40 : 0.70, display.dark ? 0.44 : 0.73);
  }

  // A metre grid under the lowest point of the body.
  void lay_ground() {
    const auto box = geometry::bounding_box(body.mesh().vertices);
    const double y = -static_cast<double>(box.upper.y());   // photo's y runs down
    const double x0 = std::floor(static_cast<double>(box.centre().x()) - 2.0), z0 = std::floor(-static_cast<double>(box.centre().z()) - 2.0);
    vtkNew<vtkPoints> points;
    vtkNew<vtkCellArray> lines;
    const auto line = [&](double xa, double za, double xb, double zb) {
      const vtkIdType ids[2] = {points->InsertNextPoint(xa, y, za), points->InsertNextPoint(xb, y, zb)};
      lines->InsertNextCell(2, ids);
    };
    for (int i = 0; i <= 10; ++i) {
      line(x0 + 0.5 * i, z0, x0 + 0.5 * i, z0 + 5.0);
      line(x0, z0 + 0.5 * i, x0 + 5.0, z0 + 0.5 * i);
    }
    ground_data->SetPoints(points);
    ground_data->SetLines(lines);
    ground_data->Modified();
  }
};

Scene::Scene() : impl_(std::make_unique<Impl>()) {
  auto& s = *impl_;
  s.renderer->AddActor(s.body.actor());
  s.renderer->AddActor(s.object.actor());
  set_matrix(s.body.actor(), display_from_photo());
  vtkNew<vtkPolyDataMapper> ground_mapper;
  ground_mapper->SetInputData(s.ground_data);
  s.ground->SetMapper(ground_mapper);
  s.ground->GetProperty()->SetLighting(false);
  s.ground->GetProperty()->SetOpacity(0.6);
  s.ground->PickableOff();
  s.renderer->AddActor(s.ground);
  vtkNew<vtkPolyDataMapper> path_mapper;
  path_mapper->SetInputData(s.trajectory_data);
  s.trajectory->SetMapper(path_mapper);
  s.trajectory->GetProperty()->SetColor(0.35, 0.75, 0.95);
  s.trajectory->GetProperty()->SetLighting(false);
  s.trajectory->PickableOff();
  s.trajectory->GetProperty()->SetLineWidth(2);
  s.renderer->AddActor(s.trajectory);
  vtkNew<vtkPolyDataMapper> links_mapper;
  links_mapper->SetInputData(s.links_data);
  s.links->SetMapper(links_mapper);
  s.links->GetProperty()->SetColor(0.35, 0.85, 0.75);
  s.links->GetProperty()->SetLighting(false);
  s.links->PickableOff();
  s.renderer->AddActor(s.links);
  vtkNew<vtkPolyDataMapper> plane_mapper;
  plane_mapper->SetInputConnection(s.plane->GetOutputPort());
  s.backdrop->SetMapper(plane_mapper);
  s.backdrop->SetTexture(s.texture);
  s.backdrop->GetProperty()->SetLighting(false);
  s.backdrop->PickableOff();
  s.backdrop->VisibilityOff();
  s.renderer->AddActor(s.backdrop);
  vtkNew<vtkPolyDataMapper> marker_mapper;
  s.sphere->SetRadius(0.012);
  marker_mapper->SetInputConnection(s.sphere->GetOutputPort());
  s.marker->SetMapper(marker_mapper);
  s.marker->GetProperty()->SetColor(0.3, 0.9, 1.0);
  s.marker->GetProperty()->SetLighting(false);
  s.marker->PickableOff();
  s.marker->VisibilityOff();
  s.renderer->AddActor(s.marker);
  // The colour bar is laid out for the window that is about to be drawn.
  s.before_render->SetClientData(&s);
  s.before_render->SetCallback([](vtkObject*, unsigned long, void* self, void*) {
    auto& impl = *static_cast<Impl*>(self);
    auto* window = impl.renderer->GetRenderWindow();
    if (window == nullptr) return;
    impl.bar.lay_out(window->GetSize()[0], window->GetSize()[1], window->GetDPI() / 72.0, impl.display.threshold, impl.display.dark);
  });
  s.renderer->AddObserver(vtkCommand::StartEvent, s.before_render);
  // Key, fill and back light move with the camera.
  s.renderer->AutomaticLightCreationOff();
  const double lights[3][4] = {{-0.6, 0.7, 1.0, 0.75}, {0.9, 0.1, 0.8, 0.35}, {0.2, 0.9, -1.0, 0.3}};
  for (const auto& l : lights) {
    vtkNew<vtkLight> light;
    light->SetLightTypeToCameraLight();
    light->SetPosition(l[0], l[1], l[2]);
    light->SetIntensity(l[3]);
    s.renderer->AddLight(light);
  }
  s.apply_display();
}

Scene::~Scene() { impl_->renderer->RemoveObserver(impl_->before_render); }

void Scene::set_body(const geometry::Mesh& mesh) {
  auto& s = *impl_;
  s.body.set_mesh(mesh);
  s.body.colour(s.display.contact_colours, s.display.threshold);
  s.lay_ground();
  s.apply_display();
}

void Scene::set_object(const geometry::Mesh& mesh) {
  auto& s = *impl_;
  s.object.set_mesh(mesh);
  s.object.colour(s.display.contact_colours, s.display.threshold);
  s.apply_display();
}

void Scene::clear() {
  auto& s = *impl_;
  s.body.clear();
  s.object.clear();
  s.pose.reset();
  s.has_photo = false;
  s.trajectory_data->Initialize();
  s.links_data->Initialize();
  s.marker->VisibilityOff();
  s.apply_display();
}

void Scene::set_contact(Subject subject, const Eigen::VectorXf& probability, const std::vector<std::uint8_t>& coverage) {
  auto& s = *impl_;
  s.surface(subject).set_contact(probability, coverage);
  s.surface(subject).colour(s.display.contact_colours, s.display.threshold);
  s.apply_display();
}

void Scene::clear_contact(Subject subject) {
  impl_->surface(subject).clear_contact();
  impl_->apply_display();
}

void Scene::set_object_pose(const std::optional<geometry::SimilarityTransform>& photo_from_object) {
  impl_->pose = photo_from_object;
  auto& object = impl_->object;
  if (photo_from_object) set_matrix(object.actor(), display_from_photo() * photo_from_object->matrix());
  object.actor()->SetVisibility(object.present() && impl_->display.show_object && impl_->pose.has_value());
}

void Scene::set_links(const std::vector<std::pair<Eigen::Vector3d, Eigen::Vector3d>>& links) {
  vtkNew<vtkPoints> points;
  vtkNew<vtkCellArray> lines;
  for (const auto& [from, to] : links) {
    const Eigen::Vector3d a = to_display(from), b = to_display(to);
    const vtkIdType ids[2] = {points->InsertNextPoint(a.x(), a.y(), a.z()), points->InsertNextPoint(b.x(), b.y(), b.z())};
    lines->InsertNextCell(2, ids);
  }
  impl_->links_data->SetPoints(points);
  impl_->links_data->SetLines(lines);
  impl_->links_data->Modified();
  impl_->apply_display();
}

void Scene::set_trajectory(const std::vector<Eigen::Vector3d>& centres) {
  vtkNew<vtkPoints> points;
  vtkNew<vtkCellArray> lines;
  if (!centres.empty()) lines->InsertNextCell(static_cast<int>(centres.size()));
  for (const auto& c : centres) {
    const Eigen::Vector3d d = to_display(c);
    lines->InsertCellPoint(points->InsertNextPoint(d.x(), d.y(), d.z()));
  }
  impl_->trajectory_data->SetPoints(points);
  impl_->trajectory_data->SetLines(lines);
  impl_->trajectory_data->Modified();
  impl_->apply_display();
}

void Scene::set_photo(const ImageU8& photo, const geometry::PinholeCamera& camera) {
  auto& s = *impl_;
  s.camera = camera;
  s.has_photo = !photo.empty();
  if (!s.has_photo) return;
  vtkNew<vtkImageData> image;
  image->SetDimensions(photo.width, photo.height, 1);
  image->AllocateScalars(VTK_UNSIGNED_CHAR, 3);
  for (int row = 0; row < photo.height; ++row)   // VTK's rows run upwards
    std::copy_n(photo.row(row), static_cast<std::size_t>(photo.width) * 3, static_cast<unsigned char*>(image->GetScalarPointer(0, photo.height - 1 - row, 0)));
  s.texture->SetInputData(image);
  s.texture->InterpolateOn();
  // The picture's rectangle, pulled out to a depth behind everything: seen from the origin it covers its own pixels.
  constexpr double kDepth = 30.0;
  const Eigen::Vector3d low_left = to_display(camera.unproject({0.0, static_cast<double>(camera.height)}, kDepth));
  const Eigen::Vector3d low_right = to_display(camera.unproject({static_cast<double>(camera.width), static_cast<double>(camera.height)}, kDepth));
  const Eigen::Vector3d up_left = to_display(camera.unproject({0.0, 0.0}, kDepth));
  s.plane->SetOrigin(low_left.x(), low_left.y(), low_left.z());
  s.plane->SetPoint1(low_right.x(), low_right.y(), low_right.z());
  s.plane->SetPoint2(up_left.x(), up_left.y(), up_left.z());
  s.apply_display();
}

void Scene::set_display(const DisplayOptions& options) {
  const bool recolour = options.contact_colours != impl_->display.contact_colours || options.threshold != impl_->display.threshold;
  impl_->display = options;
  if (recolour)
    for (Surface* surface : {&impl_->body, &impl_->object}) surface->colour(options.contact_colours, options.threshold);
  impl_->apply_display();
}
const DisplayOptions& Scene::display() const { return impl_->display; }

void Scene::set_view(NamedView view) {
  auto& s = *impl_;
  s.view = view;
  auto* camera = s.renderer->GetActiveCamera();
  if (view == NamedView::photo && s.camera.width > 0) {
    int size[2] = {1, 1};
    if (auto* window = s.renderer->GetRenderWindow()) std::copy_n(window->GetSize(), 2, size);
    const double aspect = size[1] > 1 ? static_cast<double>(size[0]) / size[1] : static_cast<double>(s.camera.width) / s.camera.height;
    const double half_height = std::max(0.5 * s.camera.height / s.camera.focal_y, 0.5 * s.camera.width / s.camera.focal_x / aspect);
    camera->SetPosition(0, 0, 0);
    camera->SetFocalPoint(0, 0, -1);
    camera->SetViewUp(0, 1, 0);
    camera->SetViewAngle(2.0 * std::atan(half_height) * 180.0 / std::numbers::pi);
    s.apply_display();
    s.renderer->ResetCameraClippingRange();
    return;
  }
  Eigen::Vector3d away(0, 0, 1), up(0, 1, 0);
  if (view == NamedView::side) away = {1, 0, 0};
  if (view == NamedView::back) away = {0, 0, -1};
  if (view == NamedView::top) {
    away = {0, 1, 0};
    up = {0, 0, -1};
  }
  camera->SetViewAngle(30.0);
  camera->SetFocalPoint(0, 0, 0);
  camera->SetPosition(away.x(), away.y(), away.z());
  camera->SetViewUp(up.x(), up.y(), up.z());
  s.apply_display();
  frame_all();
  s.view = view;
}

void Scene::frame_all() {
  auto& s = *impl_;
  if (s.view == NamedView::photo) s.view.reset();
  s.apply_display();
  // The ground would make everything small: only what it carries counts.
  double bounds[6] = {1e9, -1e9, 1e9, -1e9, 1e9, -1e9};
  bool any = false;
  for (Surface* surface : {&s.body, &s.object}) {
    if (!surface->present() || surface->actor()->GetVisibility() == 0) continue;
    const double* b = surface->actor()->GetBounds();
    for (int k = 0; k < 3; ++k) {
      bounds[2 * k] = std::min(bounds[2 * k], b[2 * k]);
      bounds[2 * k + 1] = std::max(bounds[2 * k + 1], b[2 * k + 1]);
    }
    any = true;
  }
  if (any) s.renderer->ResetCamera(bounds);
  s.renderer->GetActiveCamera()->Zoom(any ? 1.25 : 1.0);
  s.renderer->ResetCameraClippingRange();
}

std::optional<NamedView> Scene::current_view() const { return impl_->view; }

std::optional<Pick> Scene::pick(int x, int y) const {
  auto& s = *impl_;
  auto* window = s.renderer->GetRenderWindow();
  if (window == nullptr) return std::nullopt;
  vtkNew<vtkCellPicker> picker;
  picker->SetTolerance(0.0005);
  for (Surface* surface : {&s.body, &s.object})
    if (surface->present() && surface->actor()->GetVisibility() != 0) picker->AddLocator(surface->locator());
  if (picker->Pick(x + 0.5, window->GetSize()[1] - (y + 0.5), 0, s.renderer) == 0) return std::nullopt;
  for (const auto subject : {Subject::body, Subject::object}) {
    if (picker->GetActor() != s.surface(subject).actor()) continue;
    Pick pick;
    pick.subject = subject;
    pick.face = static_cast<int>(picker->GetCellId());
    pick.vertex = static_cast<int>(picker->GetPointId());
    const double* p = picker->GetPickPosition();
    pick.position_photo = {p[0], -p[1], -p[2]};
    return pick;
  }
  return std::nullopt;
}

void Scene::set_highlight(const std::optional<Pick>& pick) {
  impl_->marker->SetVisibility(pick.has_value());
  if (!pick) return;
  const Eigen::Vector3d d = to_display(pick->position_photo);
  impl_->marker->SetPosition(d.x(), d.y(), d.z());
}

std::vector<int> Scene::vertices_near(const Pick& pick, double radius_m) const {
  const auto& surface = impl_->surface(pick.subject);
  std::vector<int> near;
  if (pick.vertex < 0 || pick.vertex >= surface.mesh().vertex_count()) return near;
  // Distances are measured in the mesh's own frame, where a metre of the scene is 1 / scale.
  Eigen::Vector3d centre = pick.position_photo;
  double radius = radius_m;
  if (pick.subject == Subject::object && impl_->pose) {
    centre = impl_->pose->inverse() * centre;
    radius /= impl_->pose->scale;
  }
  const Eigen::RowVector3f c = centre.transpose().cast<float>();
  const auto limit = static_cast<float>(radius * radius);
  const Eigen::RowVector3f facing = surface.normals().row(pick.vertex);
  for (int i = 0; i < surface.mesh().vertex_count(); ++i)
    if ((surface.mesh().vertices.row(i) - c).squaredNorm() <= limit && surface.normals().row(i).dot(facing) > -0.1F) near.push_back(i);
  return near;
}

double Scene::pixels_per_metre(const Eigen::Vector3d& position_photo) const {
  auto* window = impl_->renderer->GetRenderWindow();
  if (window == nullptr) return 0.0;
  auto* camera = impl_->renderer->GetActiveCamera();
  const Eigen::Vector3d eye(camera->GetPosition()), along(camera->GetDirectionOfProjection());
  const double depth = (to_display(position_photo) - eye).dot(along);
  if (depth <= 1e-6) return 0.0;
  return 0.5 * window->GetSize()[1] / (depth * std::tan(0.5 * camera->GetViewAngle() * std::numbers::pi / 180.0));
}

ImageU8 Scene::render_picture(int width, int height) {
  auto& s = *impl_;
  vtkRenderWindow* other = s.renderer->GetRenderWindow();
  if (other == nullptr || other == s.window.Get()) {
    s.window->SetOffScreenRendering(1);
    if (other == nullptr) s.window->AddRenderer(s.renderer);
    s.window->SetMultiSamples(0);
    s.window->SetSize(width, height);
    if (s.view) set_view(*s.view);
    s.window->Render();
    other = s.window;
  }
  vtkNew<vtkWindowToImageFilter> grab;
  grab->SetInput(other);
  grab->SetInputBufferTypeToRGB();
  grab->ReadFrontBufferOff();
  grab->ShouldRerenderOff();
  grab->Update();
  auto* image = grab->GetOutput();
  int size[3];
  image->GetDimensions(size);
  ImageU8 picture(size[0], size[1], 3);
  for (int row = 0; row < size[1]; ++row)
    std::copy_n(static_cast<unsigned char*>(image->GetScalarPointer(0, size[1] - 1 - row, 0)), static_cast<std::size_t>(size[0]) * 3, picture.row(row));
  return picture;
}

vtkRenderer* Scene::renderer() const { return impl_->renderer; }

void Scene::user_moved_camera() {
  if (impl_->view) {
    impl_->view.reset();
    impl_->apply_display();
  }
}

}  // namespace tactus::scene
