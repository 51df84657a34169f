// What the mouse and the keyboard do on the photograph.
#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <algorithm>
#include <cmath>

#include "tactus/ui/photo_canvas.h"

namespace tactus::ui {

namespace {

QString joint_name(int k) {
  const auto name = body::kKeypointNames[static_cast<std::size_t>(k)];
  return QString::fromLatin1(name.data(), static_cast<qsizetype>(name.size())).replace(QLatin1Char('_'), QLatin1Char(' '));
}

}  // namespace

int PhotoCanvas::joint_at(const QPointF& widget) const {
  if (!document_->inputs().keypoints) return -1;
  int best = -1;
  double nearest = 10.0;
  for (int k = 0; k < body::kKeypointCount; ++k) {
    const auto& p = (*document_->inputs().keypoints)[static_cast<std::size_t>(k)];
    if (p.visibility == body::Visibility::unknown) continue;
    const QPointF d = widget_from_photo({p.x, p.y}) - widget;
    const double distance = std::hypot(d.x(), d.y());
    if (distance < nearest) {
      nearest = distance;
      best = k;
    }
  }
  return best;
}

void PhotoCanvas::move_joint(int k, const QPointF& p) {
  const int width = document_->inputs().photo.width, height = document_->inputs().photo.height;   // not there during an edit
  document_->edit(tr("Move %1").arg(joint_name(k)), [&](pipeline::Inputs& in) {
    auto& mark = (*in.keypoints)[static_cast<std::size_t>(k)];
    // A joint may lie outside the picture, but not where the body's fit would refuse it.
    mark.x = std::clamp(p.x(), -0.9 * width, 1.9 * width);
    mark.y = std::clamp(p.y(), -0.9 * height, 1.9 * height);
    if (mark.visibility == body::Visibility::unknown) mark.visibility = body::Visibility::visible;
  }, 1000 + drag_serial_);
}

void PhotoCanvas::set_visibility(int k, body::Visibility visibility) {
  const QString what = visibility == body::Visibility::visible ? tr("visible") : visibility == body::Visibility::hidden ? tr("hidden") : tr("unknown");
  document_->edit(tr("Mark %1 as %2").arg(joint_name(k), what), [&](pipeline::Inputs& in) { (*in.keypoints)[static_cast<std::size_t>(k)].visibility = visibility; });
}

void PhotoCanvas::mousePressEvent(QMouseEvent* e) {
  press_ = last_ = e->position();
  if (photo_.empty()) return;
  if (e->button() == Qt::MiddleButton || (e->button() == Qt::LeftButton && e->modifiers().testFlag(Qt::ShiftModifier))) {
    panning_ = true;
    return;
  }
  if (tool_ == Tool::click && e->button() == Qt::RightButton) {
    click_at(e->position(), false);
    return;
  }
  if (e->button() != Qt::LeftButton) return;
  const QPointF p = photo_from_widget(e->position());
  switch (tool_) {
    case Tool::select:
    case Tool::joint:
      dragged_ = joint_at(e->position());
      ++drag_serial_;
      document_->begin_gesture();
      if (tool_ == Tool::joint && dragged_ < 0) {
        const int k = next_joint_;
        document_->edit(tr("Place %1").arg(joint_name(k)), [&](pipeline::Inputs& in) {
          if (!in.keypoints) in.keypoints.emplace();
          (*in.keypoints)[static_cast<std::size_t>(k)] = {p.x(), p.y(), body::Visibility::visible};
        });
        dragged_ = k;
        Q_EMIT joint_placed(k);
      } else if (dragged_ < 0) {
        panning_ = true;
      }
      selected_ = dragged_;
      break;
    case Tool::click:                      // a drag is a box
    case Tool::box: boxing_ = true; break;
    case Tool::brush:
    case Tool::erase: {
      const auto& in = document_->inputs();
      const auto& mask = target_ == Target::object ? in.object_mask : in.human_mask;
      stroke_ = mask ? *mask : ImageU8(in.photo.width, in.photo.height);
      stroking_ = true;
      paint_stroke(p, p);
      break;
    }
  }
  update();
}

void PhotoCanvas::mouseMoveEvent(QMouseEvent* e) {
  const QPointF before = last_;
  last_ = e->position();
  inside_ = true;
  if (panning_) {
    origin_ += last_ - before;
    fitted_ = false;
  } else if (dragged_ >= 0 && (e->buttons() & Qt::LeftButton)) {
    move_joint(dragged_, photo_from_widget(last_));
  } else if (stroking_) {
    paint_stroke(photo_from_widget(before), photo_from_widget(last_));
  } else if (!e->buttons() && (tool_ == Tool::select || tool_ == Tool::joint)) {
    const int k = joint_at(last_);
    if (k != hovered_) Q_EMIT told(k < 0 ? QString() : joint_text(k));
    hovered_ = k;
    setCursor(k >= 0 ? Qt::OpenHandCursor : tool_ == Tool::select ? Qt::ArrowCursor : Qt::CrossCursor);
  }
  update();
}

void PhotoCanvas::mouseReleaseEvent(QMouseEvent* e) {
  last_ = e->position();
  panning_ = false;
  dragged_ = -1;
  if (boxing_) {
    boxing_ = false;
    if (tool_ == Tool::click && (last_ - press_).manhattanLength() < 6) {
      click_at(press_, !e->modifiers().testFlag(Qt::AltModifier));
      return;
    }
    const auto& photo = document_->inputs().photo;
    const QRectF rect = QRectF(photo_from_widget(press_), photo_from_widget(last_)).normalized().intersected(QRectF(0, 0, photo.width, photo.height));
    if (rect.width() > 4 && rect.height() > 4) Q_EMIT box_drawn(rect);
  } else if (stroking_) {
    commit_stroke();
  }
  document_->end_gesture();
  update();
}

void PhotoCanvas::click_at(const QPointF& widget, bool inside) {
  const QPointF p = photo_from_widget(widget);
  const auto& photo = document_->inputs().photo;
  if (QRectF(0, 0, photo.width, photo.height).contains(p)) Q_EMIT clicked(p, inside);
  update();
}

void PhotoCanvas::leaveEvent(QEvent*) {
  inside_ = false;
  if (hovered_ >= 0) Q_EMIT told({});
  hovered_ = -1;
  update();
}

void PhotoCanvas::paint_stroke(const QPointF& from, const QPointF& to) {
  const std::uint8_t value = tool_ == Tool::brush ? 255 : 0;
  const QPointF along = to - from;
  const double length2 = along.x() * along.x() + along.y() * along.y();
  const QRect dirty = QRectF(from, to).normalized().adjusted(-brush_ - 1, -brush_ - 1, brush_ + 1, brush_ + 1).toAlignedRect() & QRect(0, 0, stroke_.width, stroke_.height);
  for (int row = dirty.top(); row <= dirty.bottom(); ++row)
    for (int c = dirty.left(); c <= dirty.right(); ++c) {
      const QPointF p = QPointF(c + 0.5, row + 0.5) - from;
      const double t = length2 > 0.0 ? std::clamp((p.x() * along.x() + p.y() * along.y()) / length2, 0.0, 1.0) : 0.0;
      const QPointF d = p - t * along;
      if (d.x() * d.x() + d.y() * d.y() <= brush_ * brush_) stroke_.at(c, row) = value;
    }
  compose_masks(dirty);
}

void PhotoCanvas::commit_stroke() {
  stroking_ = false;
  const bool object = target_ == Target::object, paint = tool_ == Tool::brush;
  const QString name = object ? (paint ? tr("Paint object mask") : tr("Erase object mask")) : (paint ? tr("Paint person mask") : tr("Erase person mask"));
  document_->edit(name, [&](pipeline::Inputs& in) {
    auto& mask = object ? in.object_mask : in.human_mask;
    // A mask with nothing in it is no mask.
    if (std::all_of(stroke_.data.begin(), stroke_.data.end(), [](std::uint8_t v) { return v == 0; })) mask.reset();
    else mask = stroke_;
  });
  stroke_ = {};
}

void PhotoCanvas::zoom_at(const QPointF& widget, double factor) {
  const double next = std::clamp(scale_ * factor, 0.02, 40.0);
  origin_ = widget - (widget - origin_) * next / scale_;
  scale_ = next;
  fitted_ = false;
  update();
}

void PhotoCanvas::wheelEvent(QWheelEvent* e) {
  if (photo_.empty()) return;
  zoom_at(e->position(), std::pow(1.0015, e->angleDelta().y()));
  e->accept();
}

void PhotoCanvas::step_selection(int by) {
  if (!document_->inputs().keypoints) return;
  const auto& points = *document_->inputs().keypoints;
  int k = selected_ < 0 ? (by > 0 ? -1 : 0) : selected_;
  for (int tried = 0; tried < body::kKeypointCount; ++tried) {
    k = (k + by + body::kKeypointCount) % body::kKeypointCount;
    if (points[static_cast<std::size_t>(k)].visibility == body::Visibility::unknown) continue;
    selected_ = k;
    ++drag_serial_;
    Q_EMIT told(joint_text(k));
    update();
    return;
  }
}

void PhotoCanvas::keyPressEvent(QKeyEvent* e) {
  const bool chosen = selected_ >= 0 && document_->inputs().keypoints && (*document_->inputs().keypoints)[static_cast<std::size_t>(selected_)].visibility != body::Visibility::unknown;
  const double step = e->modifiers().testFlag(Qt::ShiftModifier) ? 10.0 : 1.0;
  const auto nudge = [&](double x, double y) {
    const auto& p = (*document_->inputs().keypoints)[static_cast<std::size_t>(selected_)];
    move_joint(selected_, {p.x + step * x, p.y + step * y});
  };
  switch (e->key()) {
    case Qt::Key_Comma: step_selection(-1); return;
    case Qt::Key_Period: step_selection(1); return;
    case Qt::Key_F: fit_to_view(); return;
    case Qt::Key_Plus:
    case Qt::Key_Equal: zoom_at(rect().center(), 1.25); return;
    case Qt::Key_Minus: zoom_at(rect().center(), 0.8); return;
    case Qt::Key_BracketLeft: set_brush_radius(brush_ / 1.2); return;
    case Qt::Key_BracketRight: set_brush_radius(brush_ * 1.2); return;
    default: break;
  }
  if (has_candidate()) {
    switch (e->key()) {
      case Qt::Key_Return:
      case Qt::Key_Enter: Q_EMIT candidate_accepted(); return;
      case Qt::Key_Escape: Q_EMIT candidate_discarded(); return;
      case Qt::Key_Backspace: Q_EMIT click_taken_back(); return;
      default: break;
    }
  }
  if (chosen) {
    switch (e->key()) {
      case Qt::Key_Left: nudge(-1, 0); return;
      case Qt::Key_Right: nudge(1, 0); return;
      case Qt::Key_Up: nudge(0, -1); return;
      case Qt::Key_Down: nudge(0, 1); return;
      case Qt::Key_H: {
        const bool hidden = (*document_->inputs().keypoints)[static_cast<std::size_t>(selected_)].visibility == body::Visibility::hidden;
        set_visibility(selected_, hidden ? body::Visibility::visible : body::Visibility::hidden);
        return;
      }
      case Qt::Key_Delete: set_visibility(selected_, body::Visibility::unknown); return;
      default: break;
    }
  }
  QWidget::keyPressEvent(e);
}

void PhotoCanvas::contextMenuEvent(QContextMenuEvent* e) {
  if (tool_ == Tool::click && e->reason() == QContextMenuEvent::Mouse) return;   // it takes away
  const int k = e->reason() == QContextMenuEvent::Keyboard ? selected_ : joint_at(e->pos());
  if (k < 0) return;
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addSection(joint_name(k));
  const auto add = [&](const QString& text, body::Visibility v) {
    auto* action = menu->addAction(text);
    action->setCheckable(true);
    action->setChecked((*document_->inputs().keypoints)[static_cast<std::size_t>(k)].visibility == v);
    connect(action, &QAction::triggered, this, [this, k, v] { set_visibility(k, v); });
  };
  add(tr("Visible"), body::Visibility::visible);
  add(tr("Hidden"), body::Visibility::hidden);
  add(tr("Unknown (remove)"), body::Visibility::unknown);
  menu->popup(e->globalPos());
}

}  // namespace tactus::ui
