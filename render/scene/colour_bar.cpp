#include "colour_bar.h"

#include <vtkCellArray.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyDataMapper2D.h>
#include <vtkRenderer.h>
#include <vtkTextProperty.h>
#include <vtkUnsignedCharArray.h>

#include <cmath>
#include <cstdio>

#include "tactus/geometry/colour_map.h"

namespace tactus::scene {

namespace {

using Rgba = std::array<unsigned char, 4>;

Rgba rgba(const std::array<float, 3>& c, int alpha = 255) {
  Rgba out{};
  for (std::size_t k = 0; k < 3; ++k) out[k] = static_cast<unsigned char>(std::lround(255.0F * c[k]));
  out[3] = static_cast<unsigned char>(alpha);
  return out;
}

// Rectangles and triangles in window pixels, a colour a corner.
struct Drawing {
  vtkNew<vtkPoints> points;
  vtkNew<vtkCellArray> cells;
  vtkNew<vtkUnsignedCharArray> colours;
  Drawing() { colours->SetNumberOfComponents(4); }
  void polygon(std::initializer_list<std::array<double, 2>> corners, std::initializer_list<Rgba> corner_colours) {
    cells->InsertNextCell(static_cast<int>(corners.size()));
    auto colour = corner_colours.begin();
    for (const auto& p : corners) {
      cells->InsertCellPoint(points->InsertNextPoint(p[0], p[1], 0.0));
      colours->InsertNextTypedTuple(colour->data());
      if (colour + 1 != corner_colours.end()) ++colour;
    }
  }
  void rectangle(double x0, double y0, double x1, double y1, const Rgba& low, const Rgba& high) {
    polygon({{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}, {low, low, high, high});
  }
};

}  // namespace

ColourBar::ColourBar(vtkRenderer* renderer) {
  vtkNew<vtkPolyDataMapper2D> mapper;
  mapper->SetInputData(data_);
  actor_->SetMapper(mapper);
  actor_->PickableOff();
  actor_->VisibilityOff();
  renderer->AddActor2D(actor_);
  for (auto& text : texts_) {
    auto* style = text->GetTextProperty();
    style->SetFontFamilyToArial();
    style->SetFontSize(12);
    style->SetVerticalJustificationToCentered();
    text->PickableOff();
    text->VisibilityOff();
    renderer->AddActor2D(text);
  }
  texts_[0]->SetInput("contact\nprobability");
  texts_[0]->GetTextProperty()->SetVerticalJustificationToBottom();
  texts_[0]->GetTextProperty()->SetLineSpacing(1.1);
  texts_[1]->SetInput("1.0");
  texts_[2]->SetInput("0.0");
  texts_[4]->SetInput("unseen");
}

void ColourBar::set_visible(bool visible) { visible_ = visible; }

void ColourBar::lay_out(int width, int height, double scale, float threshold, bool dark) {
  const bool room = width > 180 * scale && height > 170 * scale;
  actor_->SetVisibility(visible_ && room);
  for (auto& text : texts_) text->SetVisibility(visible_ && room);
  if (!visible_ || !room) return;
  const std::array<double, 5> now = {static_cast<double>(width), static_cast<double>(height), scale, static_cast<double>(threshold), dark ? 1.0 : 0.0};
  if (now == laid_) return;
  laid_ = now;
  const auto px = [scale](double logical) { return std::round(scale * logical); };
  const double panel_width = px(92), bar_height = std::round(std::min(200 * scale, height - px(130)));
  const double right = width - px(12), left = right - panel_width, bottom = px(12);
  const double bar_left = left + px(10), bar_right = bar_left + px(14), bar_bottom = bottom + px(36), bar_top = bar_bottom + bar_height;
  const double top = bar_top + px(48);
  Drawing d;
  const Rgba panel = dark ? Rgba{24, 26, 30, 190} : Rgba{250, 251, 252, 205};
  d.rectangle(left, bottom, right, top, panel, panel);
  constexpr int kSteps = 64;
  for (int i = 0; i < kSteps; ++i)
    d.rectangle(bar_left, bar_bottom + bar_height * i / kSteps, bar_right, bar_bottom + bar_height * (i + 1) / kSteps,
                rgba(geometry::contact_colour(static_cast<float>(i) / kSteps)), rgba(geometry::contact_colour(static_cast<float>(i + 1) / kSteps)));
  const Rgba ink = dark ? Rgba{235, 238, 242, 255} : Rgba{29, 32, 36, 255};
  const double y = std::round(bar_bottom + bar_height * static_cast<double>(threshold));
  d.polygon({{bar_right + px(1), y}, {bar_right + px(7), y + px(4)}, {bar_right + px(7), y - px(4)}}, {ink});
  d.rectangle(bar_left, bottom + px(11), bar_right, bottom + px(23), rgba(geometry::kUnseenColour), rgba(geometry::kUnseenColour));
  data_->SetPoints(d.points);
  data_->SetPolys(d.cells);
  data_->GetPointData()->SetScalars(d.colours);
  char value[16];
  std::snprintf(value, sizeof value, "%.2f", static_cast<double>(threshold));
  texts_[3]->SetInput(value);
  texts_[0]->SetPosition(bar_left, bar_top + px(12));
  texts_[1]->SetPosition(bar_right + px(10), bar_top - px(1));
  texts_[2]->SetPosition(bar_right + px(10), bar_bottom + px(1));
  texts_[3]->SetPosition(bar_right + px(10), y);
  texts_[4]->SetPosition(bar_right + px(10), bottom + px(17));
  // The ends give way to a threshold that is near them.
  if (y > bar_top - px(14)) texts_[1]->VisibilityOff();
  if (y < bar_bottom + px(14)) texts_[2]->VisibilityOff();
  for (auto& text : texts_) text->GetTextProperty()->SetColor(ink[0] / 255.0, ink[1] / 255.0, ink[2] / 255.0);
}

}  // namespace tactus::scene
