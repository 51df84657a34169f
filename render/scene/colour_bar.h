// The legend of contact: the colours with the threshold marked, and the grey of what no view saw.
#pragma once

#include <vtkActor2D.h>
#include <vtkNew.h>
#include <vtkPolyData.h>
#include <vtkTextActor.h>

#include <array>

class vtkRenderer;

namespace tactus::scene {

class ColourBar {
 public:
  explicit ColourBar(vtkRenderer* renderer);
  void set_visible(bool visible);
  // Places it in the lower right of a window of this size; `scale`: device pixels a logical pixel. Small windows get a
  // shorter bar, tiny ones none.
  void lay_out(int width, int height, double scale, float threshold, bool dark);

 private:
  vtkNew<vtkPolyData> data_;
  vtkNew<vtkActor2D> actor_;
  std::array<vtkNew<vtkTextActor>, 5> texts_;   // title, 1, 0, threshold, unseen
  bool visible_ = false;
  std::array<double, 5> laid_{};
};

}  // namespace tactus::scene
