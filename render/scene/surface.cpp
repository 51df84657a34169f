#include "surface.h"

#include <vtkCellArray.h>
#include <vtkFloatArray.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkProperty.h>
#include <vtkTypeInt32Array.h>
#include <vtkUnsignedCharArray.h>

#include <algorithm>
#include <cmath>

#include "tactus/geometry/colour_map.h"

namespace tactus::scene {

namespace {

vtkNew<vtkFloatArray> float_array(const geometry::Vertices& rows) {
  vtkNew<vtkFloatArray> array;
  array->SetNumberOfComponents(3);
  array->SetNumberOfTuples(rows.rows());
  std::copy_n(rows.data(), rows.size(), array->GetPointer(0));
  return array;
}

}  // namespace

Surface::Surface(std::array<double, 3> plain_colour) : plain_(plain_colour) {
  mapper_->SetInputData(data_);
  mapper_->ScalarVisibilityOff();
  actor_->SetMapper(mapper_);
  auto* property = actor_->GetProperty();
  property->SetColor(plain_[0], plain_[1], plain_[2]);
  property->SetInterpolationToPhong();
  property->SetAmbient(0.18);
  property->SetDiffuse(0.82);
  property->SetSpecular(0.12);
  property->SetSpecularPower(30);
  actor_->VisibilityOff();
  locator_->SetDataSet(data_);
}

void Surface::set_mesh(const geometry::Mesh& mesh) {
  const bool same_triangles = present_ && mesh.faces.rows() == mesh_.faces.rows() && mesh.vertex_count() == mesh_.vertex_count() && mesh.faces == mesh_.faces;
  mesh_ = mesh;
  normals_ = geometry::vertex_normals(mesh);
  vtkNew<vtkPoints> points;
  points->SetData(float_array(mesh.vertices));
  data_->SetPoints(points);
  if (!same_triangles) {
    vtkNew<vtkTypeInt32Array> offsets, corners;
    offsets->SetNumberOfTuples(mesh.face_count() + 1);
    for (int f = 0; f <= mesh.face_count(); ++f) offsets->SetValue(f, 3 * f);
    corners->SetNumberOfTuples(3 * mesh.face_count());
    std::copy_n(mesh.faces.data(), mesh.faces.size(), corners->GetPointer(0));
    vtkNew<vtkCellArray> cells;
    cells->SetData(offsets, corners);
    data_->SetPolys(cells);
  }
  // Our own normals: VTK's filter would split and reorder vertices, which contact is indexed by.
  data_->GetPointData()->SetNormals(float_array(normals_));
  present_ = true;
  if (same_triangles) return;
  // Nobody sees the inside of a closed surface: leaving it out saves a quarter of a frame under software GL.
  constexpr int kMostChecked = 200'000;   // triangles; the check takes about as long as a frame of them
  closed_ = mesh.face_count() <= kMostChecked && geometry::is_closed_and_oriented(mesh) && geometry::signed_volume(mesh) > 0.0;
  clear_contact();
}

void Surface::clear() {
  present_ = false;
  clear_contact();
}

void Surface::set_contact(const Eigen::VectorXf& probability, const std::vector<std::uint8_t>& coverage) {
  probability_ = probability;
  coverage_ = coverage;
}

void Surface::clear_contact() {
  probability_.resize(0);
  coverage_.clear();
  data_->GetPointData()->SetScalars(nullptr);
  mapper_->ScalarVisibilityOff();
}

void Surface::colour(bool contact_colours, float threshold) {
  const bool coloured = contact_colours && has_contact();
  mapper_->SetScalarVisibility(coloured ? 1 : 0);
  if (!coloured) {
    data_->GetPointData()->SetScalars(nullptr);
    return;
  }
  vtkNew<vtkUnsignedCharArray> colours;
  colours->SetNumberOfComponents(3);
  colours->SetNumberOfTuples(mesh_.vertex_count());
  unsigned char* out = colours->GetPointer(0);
  for (int i = 0; i < mesh_.vertex_count(); ++i) {
    const bool seen = coverage_.empty() || coverage_[static_cast<std::size_t>(i)] > 0;
    std::array<float, 3> c = seen ? geometry::contact_colour(probability_[i]) : geometry::kUnseenColour;
    // Below the threshold the colour fades towards the plain surface.
    if (seen && probability_[i] <= threshold)
      for (std::size_t k = 0; k < 3; ++k) c[k] = 0.55F * c[k] + 0.45F * static_cast<float>(plain_[k]);
    for (const float v : c) *out++ = static_cast<unsigned char>(std::lround(255.0F * std::clamp(v, 0.0F, 1.0F)));
  }
  data_->GetPointData()->SetScalars(colours);
}

vtkStaticCellLocator* Surface::locator() {
  locator_->Update();
  return locator_;
}

}  // namespace tactus::scene
