#include "tactus/ui/photo_canvas.h"

#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <array>
#include <cmath>

namespace tactus::ui {

namespace {

constexpr std::array<std::array<int, 2>, 18> kLimbs = {{{0, 1}, {0, 2}, {1, 3}, {2, 4}, {5, 6}, {5, 7}, {7, 9}, {6, 8}, {8, 10}, {5, 11},
                                                        {6, 12}, {11, 12}, {11, 13}, {13, 15}, {12, 14}, {14, 16}, {15, 17}, {16, 20}}};
constexpr QRgb kObjectColour = 0xffffc83c, kPersonColour = 0xff4a9eff;

bool is_left(int k) { return body::kKeypointNames[static_cast<std::size_t>(k)].starts_with("left"); }

QString joint_name(int k) {
  QString name = QString::fromLatin1(body::kKeypointNames[static_cast<std::size_t>(k)].data(), static_cast<qsizetype>(body::kKeypointNames[static_cast<std::size_t>(k)].size()));
  return name.replace(QLatin1Char('_'), QLatin1Char(' '));
}

}  // namespace

QImage to_qimage(const ImageU8& picture) {
  if (picture.empty()) return {};
  const auto format = picture.channels == 1 ? QImage::Format_Grayscale8 : QImage::Format_RGB888;
  return QImage(picture.data.data(), picture.width, picture.height, picture.width * picture.channels, format).copy();
}

PhotoCanvas::PhotoCanvas(Document* document, QWidget* parent) : QWidget(parent), document_(document) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Photograph"));
  connect(document, &Document::changed, this, &PhotoCanvas::refresh);
  connect(document, &Document::replaced, this, [this] {
    photo_ = to_qimage(document_->inputs().photo);
    outline_ = {};
    fit_to_view();
  });
}

void PhotoCanvas::refresh() {
  const auto& in = document_->inputs();
  masks_ = {};
  if (!in.photo.empty() && (in.object_mask || in.human_mask || !stroke_.empty())) {
    masks_ = QImage(in.photo.width, in.photo.height, QImage::Format_ARGB32);
    masks_.fill(0);
    const auto lay = [&](const ImageU8* mask, QRgb colour) {
      if (mask == nullptr || !mask->same_size(masks_.width(), masks_.height())) return;
      for (int row = 0; row < masks_.height(); ++row) {
        auto* line = reinterpret_cast<QRgb*>(masks_.scanLine(row));
        for (int c = 0; c < masks_.width(); ++c)
          if (mask->at(c, row) != 0) line[c] = colour;
      }
    };
    const bool object_stroke = stroking_ && target_ == Target::object, person_stroke = stroking_ && target_ == Target::person;
    lay(person_stroke ? &stroke_ : in.human_mask ? &*in.human_mask : nullptr, kPersonColour);
    lay(object_stroke ? &stroke_ : in.object_mask ? &*in.object_mask : nullptr, kObjectColour);
  }
  update();
}

void PhotoCanvas::set_tool(Tool tool) {
  tool_ = tool;
  setCursor(tool == Tool::select ? Qt::ArrowCursor : Qt::CrossCursor);
  update();
}
void PhotoCanvas::set_brush_radius(double pixels) {
  brush_ = pixels;
  update();
}
void PhotoCanvas::set_mask_opacity(double opacity) {
  opacity_ = opacity;
  update();
}

void PhotoCanvas::set_outline(const geometry::Mesh* object, const std::optional<geometry::SimilarityTransform>& pose,
                              const geometry::PinholeCamera& camera) {
  outline_ = {};
  if (object != nullptr && pose && camera.width > 0) {
    QImage mask(camera.width, camera.height, QImage::Format_Grayscale8);
    mask.fill(0);
    QPainter painter(&mask);
    painter.setPen(Qt::NoPen);
    painter.setBrush(Qt::white);
    std::vector<QPointF> pixels(static_cast<std::size_t>(object->vertex_count()));
    std::vector<bool> front(pixels.size());
    for (int i = 0; i < object->vertex_count(); ++i) {
      const Eigen::Vector3d p = *pose * object->vertices.row(i).transpose().cast<double>();
      front[static_cast<std::size_t>(i)] = p.z() > 0.01;
      const Eigen::Vector2d u = camera.project(p);
      pixels[static_cast<std::size_t>(i)] = {u.x(), u.y()};
    }
    for (int f = 0; f < object->face_count(); ++f) {
      QPointF corners[3];
      bool visible = true;
      for (int k = 0; k < 3; ++k) {
        const auto id = static_cast<std::size_t>(object->faces(f, k));
        visible = visible && front[id];
        corners[k] = pixels[id];
      }
      if (visible) painter.drawPolygon(corners, 3);
    }
    painter.end();
    outline_ = QImage(mask.size(), QImage::Format_ARGB32);
    outline_.fill(0);
    for (int row = 1; row + 1 < mask.height(); ++row) {
      const uchar *up = mask.constScanLine(row - 1), *line = mask.constScanLine(row), *down = mask.constScanLine(row + 1);
      auto* out = reinterpret_cast<QRgb*>(outline_.scanLine(row));
      for (int c = 1; c + 1 < mask.width(); ++c)
        if (line[c] && (!up[c] || !down[c] || !line[c - 1] || !line[c + 1])) out[c] = 0xff7dff6a;
    }
  }
  update();
}

void PhotoCanvas::fit_to_view() {
  fitted_ = true;
  if (photo_.isNull()) return;
  scale_ = std::min((width() - 8.0) / photo_.width(), (height() - 8.0) / photo_.height());
  scale_ = std::max(scale_, 0.01);
  origin_ = QPointF((width() - scale_ * photo_.width()) / 2, (height() - scale_ * photo_.height()) / 2);
  update();
}

void PhotoCanvas::resizeEvent(QResizeEvent*) {
  if (fitted_) fit_to_view();
}

void PhotoCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().color(QPalette::Base));
  if (photo_.isNull()) {
    painter.setPen(palette().color(QPalette::PlaceholderText));
    painter.drawText(rect().adjusted(16, 16, -16, -16), Qt::AlignCenter | Qt::TextWordWrap,
                     tr("Drop a photograph here,\nor open one with Ctrl+O."));
    return;
  }
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  const QRectF target(origin_, QSizeF(photo_.width() * scale_, photo_.height() * scale_));
  painter.drawImage(target, photo_);
  if (!masks_.isNull()) {
    painter.setOpacity(opacity_);
    painter.drawImage(target, masks_);
    painter.setOpacity(1.0);
  }
  if (!outline_.isNull()) painter.drawImage(target, outline_);
  painter.setRenderHint(QPainter::Antialiasing);
  const auto& in = document_->inputs();
  const auto box = [&](const std::optional<pipeline::Box>& b, QRgb colour) {
    if (!b) return;
    painter.setPen(QPen(QColor(colour), 1.5, Qt::DashLine));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(QRectF(widget_from_photo({b->x, b->y}), QSizeF(b->width * scale_, b->height * scale_)));
  };
  box(in.object_box, kObjectColour);
  if (in.keypoints) {
    const auto& points = *in.keypoints;
    const auto known = [&](int k) { return points[static_cast<std::size_t>(k)].visibility != body::Visibility::unknown; };
    const auto at = [&](int k) { return widget_from_photo({points[static_cast<std::size_t>(k)].x, points[static_cast<std::size_t>(k)].y}); };
    for (const auto& limb : kLimbs) {
      if (!known(limb[0]) || !known(limb[1])) continue;
      painter.setPen(QPen(QColor(255, 255, 255, 170), 2));
      painter.drawLine(at(limb[0]), at(limb[1]));
    }
    for (int k = 0; k < body::kKeypointCount; ++k) {
      if (!known(k)) continue;
      const bool hidden = points[static_cast<std::size_t>(k)].visibility == body::Visibility::hidden;
      const QColor colour = is_left(k) ? QColor(80, 200, 255) : QColor(255, 120, 90);
      painter.setPen(QPen(Qt::white, 1.5, hidden ? Qt::DotLine : Qt::SolidLine));
      painter.setBrush(hidden ? QBrush(Qt::NoBrush) : QBrush(colour));
      if (hidden) painter.setPen(QPen(colour, 2));
      painter.drawEllipse(at(k), k == dragged_ ? 7 : 5, k == dragged_ ? 7 : 5);
    }
  }
  if (boxing_) {
    painter.setPen(QPen(Qt::white, 1.5, Qt::DashLine));
    painter.setBrush(QColor(255, 255, 255, 30));
    painter.drawRect(QRectF(press_, last_).normalized());
  }
  if ((tool_ == Tool::brush || tool_ == Tool::erase) && underMouse()) {
    painter.setPen(QPen(Qt::white, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(last_, brush_ * scale_, brush_ * scale_);
  }
  if (hasFocus()) {
    painter.setPen(QPen(palette().color(QPalette::Highlight), 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
  }
}

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

void PhotoCanvas::mousePressEvent(QMouseEvent* e) {
  press_ = last_ = e->position();
  if (photo_.isNull()) return;
  if (e->button() == Qt::MiddleButton || (e->button() == Qt::LeftButton && e->modifiers().testFlag(Qt::ShiftModifier))) {
    panning_ = true;
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
      break;
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
  if (panning_) {
    origin_ += last_ - before;
    fitted_ = false;
  } else if (dragged_ >= 0 && (e->buttons() & Qt::LeftButton)) {
    const QPointF p = photo_from_widget(last_);
    const int k = dragged_;
    document_->edit(tr("Move %1").arg(joint_name(k)), [&](pipeline::Inputs& in) {
      auto& mark = (*in.keypoints)[static_cast<std::size_t>(k)];
      mark.x = p.x();
      mark.y = p.y();
      if (mark.visibility == body::Visibility::unknown) mark.visibility = body::Visibility::visible;
    }, 1000 + drag_serial_);
  } else if (stroking_) {
    paint_stroke(photo_from_widget(before), photo_from_widget(last_));
  }
  update();
}

void PhotoCanvas::mouseReleaseEvent(QMouseEvent* e) {
  last_ = e->position();
  const bool dragged = dragged_ >= 0;
  panning_ = false;
  dragged_ = -1;
  if (boxing_) {
    boxing_ = false;
    const QRectF rect = QRectF(photo_from_widget(press_), photo_from_widget(last_)).normalized().intersected(QRectF(photo_.rect()));
    if (rect.width() > 4 && rect.height() > 4) Q_EMIT box_drawn(rect);
  } else if (stroking_) {
    commit_stroke();
    Q_EMIT marks_finished();
  } else if (dragged && e->button() == Qt::LeftButton) {
    Q_EMIT marks_finished();
  }
  document_->end_gesture();
  update();
}

void PhotoCanvas::paint_stroke(const QPointF& from, const QPointF& to) {
  const std::uint8_t value = tool_ == Tool::brush ? 255 : 0;
  const double length = std::hypot(to.x() - from.x(), to.y() - from.y());
  const int steps = std::max(1, static_cast<int>(length / std::max(1.0, brush_ / 2)));
  for (int s = 0; s <= steps; ++s) {
    const QPointF p = from + (to - from) * s / steps;
    for (int row = std::max(0, static_cast<int>(p.y() - brush_)); row <= std::min(stroke_.height - 1, static_cast<int>(p.y() + brush_)); ++row)
      for (int c = std::max(0, static_cast<int>(p.x() - brush_)); c <= std::min(stroke_.width - 1, static_cast<int>(p.x() + brush_)); ++c)
        if (std::hypot(c + 0.5 - p.x(), row + 0.5 - p.y()) <= brush_) stroke_.at(c, row) = value;
  }
  refresh();
}

void PhotoCanvas::commit_stroke() {
  stroking_ = false;
  const bool object = target_ == Target::object;
  document_->edit(tool_ == Tool::brush ? tr("Paint %1 mask").arg(object ? tr("object") : tr("person")) : tr("Erase %1 mask").arg(object ? tr("object") : tr("person")),
                  [&](pipeline::Inputs& in) { (object ? in.object_mask : in.human_mask) = stroke_; });
  stroke_ = {};
}

void PhotoCanvas::wheelEvent(QWheelEvent* e) {
  if (photo_.isNull()) return;
  const double factor = std::pow(1.0015, e->angleDelta().y());
  const double next = std::clamp(scale_ * factor, 0.02, 40.0);
  origin_ = e->position() - (e->position() - origin_) * next / scale_;
  scale_ = next;
  fitted_ = false;
  update();
}

void PhotoCanvas::contextMenuEvent(QContextMenuEvent* e) {
  const int k = joint_at(e->pos());
  if (k < 0) return;
  QMenu menu(this);
  menu.addSection(joint_name(k));
  const auto add = [&](const QString& text, body::Visibility v) {
    auto* action = menu.addAction(text);
    action->setCheckable(true);
    action->setChecked((*document_->inputs().keypoints)[static_cast<std::size_t>(k)].visibility == v);
    connect(action, &QAction::triggered, this, [this, k, v, text] {
      document_->edit(tr("%1: %2").arg(joint_name(k), text.toLower()), [&](pipeline::Inputs& in) { (*in.keypoints)[static_cast<std::size_t>(k)].visibility = v; });
      Q_EMIT marks_finished();
    });
  };
  add(tr("Visible"), body::Visibility::visible);
  add(tr("Hidden"), body::Visibility::hidden);
  add(tr("Unknown (remove)"), body::Visibility::unknown);
  menu.exec(e->globalPos());
}

bool PhotoCanvas::event(QEvent* e) {
  if (e->type() == QEvent::ToolTip) {
    auto* help = static_cast<QHelpEvent*>(e);
    const int k = joint_at(help->pos());
    if (k >= 0) QToolTip::showText(help->globalPos(), joint_name(k), this);
    else QToolTip::hideText();
    return true;
  }
  return QWidget::event(e);
}

}  // namespace tactus::ui
