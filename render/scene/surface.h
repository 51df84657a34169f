// One mesh of the scene with its contact colours.
#pragma once

#include <vtkActor.h>
#include <vtkNew.h>
#include <vtkPolyData.h>
#include <vtkPolyDataMapper.h>
#include <vtkStaticCellLocator.h>

#include <array>

#include "tactus/scene/scene.h"

namespace tactus::scene {

class Surface {
 public:
  explicit Surface(std::array<double, 3> plain_colour);

  // New positions of the same triangles keep them on the graphics card. Another mesh forgets the contact.
  void set_mesh(const geometry::Mesh& mesh);
  void clear();
  void set_contact(const Eigen::VectorXf& probability, const std::vector<std::uint8_t>& coverage);
  void clear_contact();
  void colour(bool contact_colours, float threshold);

  bool present() const { return present_; }
  bool closed() const { return closed_; }   // known to be; faces look outwards
  bool has_contact() const { return present_ && probability_.size() == mesh_.vertex_count(); }
  const geometry::Mesh& mesh() const { return mesh_; }
  const geometry::Vertices& normals() const { return normals_; }
  vtkActor* actor() const { return actor_; }
  // For rays; built when it is asked for after a change.
  vtkStaticCellLocator* locator();

 private:
  geometry::Mesh mesh_;
  geometry::Vertices normals_;
  Eigen::VectorXf probability_;
  std::vector<std::uint8_t> coverage_;
  vtkNew<vtkPolyData> data_;
  vtkNew<vtkPolyDataMapper> mapper_;
  vtkNew<vtkActor> actor_;
  vtkNew<vtkStaticCellLocator> locator_;
  std::array<double, 3> plain_;
  bool present_ = false, closed_ = false;
};

}  // namespace tactus::scene
