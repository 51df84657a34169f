#include "tactus/ui/view_canvas.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <limits>

#include "tactus/geometry/colour_map.h"
#include "tactus/ui/contact_painting.h"
#include "tactus/ui/document.h"
#include "tactus/ui/photo_canvas.h"

namespace tactus::ui {

ViewCanvas::ViewCanvas(Document* document, QWidget* parent) : QWidget(parent), document_(document) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Enlarged view"));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  set_tool(Tool::paint);
  connect(document, &Document::changed, this, &ViewCanvas::refresh);
}

void ViewCanvas::set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  if (analysis == analysis_) return;
  analysis_ = std::move(analysis);
  refresh();
}

void ViewCanvas::set_view(int view) {
  view_ = std::clamp(view, 0, kViewCount - 1);
  stroking_ = false;
  refresh();
  fit_to_view();
}

void ViewCanvas::set_tool(Tool tool) {
  tool_ = tool;
  setCursor(tool == Tool::pan ? Qt::OpenHandCursor : Qt::BlankCursor);
  update();
  Q_EMIT tool_changed();
}

void ViewCanvas::set_opacity(double opacity) {
  opacity_ = opacity;
  update();
}

void ViewCanvas::set_brush_radius(double radius) {
  radius = std::clamp(radius, 1.0, 80.0);
  if (radius == brush_) return;
  brush_ = radius;
  update();
  Q_EMIT brush_changed(brush_);
}

void ViewCanvas::refresh() {
  if (!isVisible()) return;   // drawn when it is shown
  const auto* rendered = analysis_ ? rendered_view(*analysis_, view_) : nullptr;
  picture_ = rendered != nullptr ? to_qimage(rendered->picture) : QImage();
  mask_ = {};
  if (rendered != nullptr) {
    ImageF p;
    if (stroking_) {
      auto inputs = pipeline::Inputs();   // what is painted so far, without copying the document
      const auto& in = document_->inputs();
      (is_body_view(view_) ? inputs.body_view_edit : inputs.object_view_edit)[view_ % 4] = edit_;
      auto& vertices = is_body_view(view_) ? inputs.body_contact_edit : inputs.object_contact_edit;
      vertices = is_body_view(view_) ? in.body_contact_edit : in.object_contact_edit;
      if (vertices) paint_vertices(vertices, static_cast<int>(vertices->size()), touched_, std::numeric_limits<float>::quiet_NaN());
      p = shown_probability(*analysis_, inputs, view_);
    } else {
      p = shown_probability(*analysis_, document_->inputs(), view_);
    }
    if (!p.empty()) {
      mask_ = QImage(p.width, p.height, QImage::Format_ARGB32);
      mask_.fill(0);
      for (int row = 0; row < p.height; ++row) {
        auto* line = reinterpret_cast<QRgb*>(mask_.scanLine(row));
        for (int c = 0; c < p.width; ++c) {
          if (p.at(c, row) < 0.5F) continue;
          const auto colour = geometry::contact_colour(p.at(c, row));
          line[c] = qRgb(static_cast<int>(255 * colour[0]), static_cast<int>(255 * colour[1]), static_cast<int>(255 * colour[2]));
        }
      }
    }
  }
  if (fitted_) fit_to_view();
  update();
}

void ViewCanvas::fit_to_view() {
  fitted_ = true;
  if (picture_.isNull()) return;
  scale_ = std::max(0.05, std::min((width() - 2.0) / picture_.width(), (height() - 2.0) / picture_.height()));
  origin_ = QPointF((width() - scale_ * picture_.width()) / 2, (height() - scale_ * picture_.height()) / 2);
  update();
}

void ViewCanvas::resizeEvent(QResizeEvent*) {
  if (fitted_) fit_to_view();
}

void ViewCanvas::showEvent(QShowEvent*) { refresh(); }

void ViewCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().color(QPalette::Base));
  if (picture_.isNull()) {
    painter.setPen(palette().color(QPalette::PlaceholderText));
    painter.drawText(rect().adjusted(12, 12, -12, -12), Qt::AlignCenter | Qt::TextWordWrap, tr("This view is rendered when the analysis runs."));
    return;
  }
  const QRectF target(origin_, QSizeF(picture_.width() * scale_, picture_.height() * scale_));
  painter.setRenderHint(QPainter::SmoothPixmapTransform, scale_ < 3.0);
  painter.drawImage(target, picture_);
  if (!mask_.isNull()) {
    painter.setOpacity(opacity_);
    painter.drawImage(target, mask_);
    painter.setOpacity(1.0);
  }
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  if (tool_ != Tool::pan && inside_) {
    // Two rings, so that it shows on any colour.
    painter.setPen(QPen(Qt::black, 3));
    painter.drawEllipse(last_, brush_ * scale_, brush_ * scale_);
    painter.setPen(QPen(tool_ == Tool::paint ? QColor(255, 220, 120) : QColor(140, 200, 255), 1.5));
    painter.drawEllipse(last_, brush_ * scale_, brush_ * scale_);
  }
  if (hasFocus()) {
    painter.setPen(QPen(palette().color(QPalette::Highlight), 1));
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
  }
}

void ViewCanvas::stroke_to(const QPointF& p) {
  const auto* rendered = rendered_view(*analysis_, view_);
  if (rendered == nullptr) return;
  const auto vertices = paint_pixels(edit_, rendered->maps, view_from_widget(last_), p, brush_, tool_ == Tool::paint);
  touched_.insert(touched_.end(), vertices.begin(), vertices.end());
  refresh();
}

void ViewCanvas::mousePressEvent(QMouseEvent* e) {
  last_ = e->position();
  if (picture_.isNull()) return;
  if (e->button() == Qt::MiddleButton || (e->button() == Qt::LeftButton && (tool_ == Tool::pan || e->modifiers().testFlag(Qt::ShiftModifier)))) {
    panning_ = true;
  } else if (e->button() == Qt::LeftButton && analysis_ && analysis_->prediction) {
    const auto& in = document_->inputs();
    const auto& edits = is_body_view(view_) ? in.body_view_edit : in.object_view_edit;
    const auto found = edits.find(view_ % 4);
    edit_ = found == edits.end() ? ImageF() : found->second;
    touched_.clear();
    stroking_ = true;
    stroke_to(view_from_widget(last_));
  }
}

void ViewCanvas::mouseMoveEvent(QMouseEvent* e) {
  inside_ = true;
  if (panning_) {
    origin_ += e->position() - last_;
    fitted_ = false;
  } else if (stroking_) {
    stroke_to(view_from_widget(e->position()));
  }
  last_ = e->position();
  update();
}

void ViewCanvas::mouseReleaseEvent(QMouseEvent*) {
  panning_ = false;
  if (!stroking_) return;
  stroking_ = false;
  const bool body = is_body_view(view_);
  document_->edit((tool_ == Tool::paint ? tr("Paint %1") : tr("Erase in %1")).arg(view_title(view_).toLower()), [&](pipeline::Inputs& in) {
    (body ? in.body_view_edit : in.object_view_edit)[view_ % 4] = edit_;
    // Where the surface itself had been painted, this newer stroke is what counts.
    auto& vertices = body ? in.body_contact_edit : in.object_contact_edit;
    if (vertices) paint_vertices(vertices, static_cast<int>(vertices->size()), touched_, std::numeric_limits<float>::quiet_NaN());
  });
  edit_ = {};
  touched_.clear();
  refresh();
}

void ViewCanvas::leaveEvent(QEvent*) {
  inside_ = false;
  update();
}

void ViewCanvas::wheelEvent(QWheelEvent* e) {
  if (picture_.isNull()) return;
  const double next = std::clamp(scale_ * std::pow(1.0015, e->angleDelta().y()), 0.05, 40.0);
  origin_ = e->position() - (e->position() - origin_) * next / scale_;
  scale_ = next;
  fitted_ = false;
  update();
  e->accept();   // the panel behind must not scroll
}

void ViewCanvas::keyPressEvent(QKeyEvent* e) {
  switch (e->key()) {
    case Qt::Key_BracketLeft: set_brush_radius(brush_ / 1.2); break;
    case Qt::Key_BracketRight: set_brush_radius(brush_ * 1.2); break;
    case Qt::Key_B: set_tool(Tool::paint); break;
    case Qt::Key_E: set_tool(Tool::erase); break;
    case Qt::Key_V: set_tool(Tool::pan); break;
    case Qt::Key_F: fit_to_view(); break;
    default: QWidget::keyPressEvent(e);
  }
}

}  // namespace tactus::ui
