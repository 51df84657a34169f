#include "tactus/ui/photo_canvas.h"

#include <QFutureWatcher>
#include <QPainter>
#include <QtConcurrent>
#include <algorithm>
#include <array>
#include <cmath>

#include "tactus/ui/projected_outline.h"
#include "tactus/ui/theme.h"

namespace tactus::ui {

using pipeline::Stage;

namespace {

constexpr std::array<std::array<int, 2>, 18> kLimbs = {{{0, 1}, {0, 2}, {1, 3}, {2, 4}, {5, 6}, {5, 7}, {7, 9}, {6, 8}, {8, 10}, {5, 11},
                                                        {6, 12}, {11, 12}, {11, 13}, {13, 15}, {12, 14}, {14, 16}, {15, 17}, {16, 20}}};
constexpr QRgb kPersonColour = 0xff4a9eff, kObjectOutline = 0xff7dff6a, kBodyOutline = 0xffa8d4ff,
               kCandidate = 0xff7ffff0;
constexpr int kStripes = 36;                // on the photograph's larger side, of a guessed mask
constexpr double kOutlinePixels = 1000.0;   // longer side of the picture that outlines are drawn into

bool is_left(int k) { return body::kKeypointNames[static_cast<std::size_t>(k)].starts_with("left"); }

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
  setAccessibleDescription(tr("Comma and full stop choose a joint, arrows move it, H hides it, Delete removes it; F fits, plus and minus zoom"));
  connect(document, &Document::changed, this, qOverload<>(&QWidget::update));
  connect(document, &Document::replaced, this, &PhotoCanvas::take_photo);
  connect(document, &Document::masks_changed, this, [this] {
    const auto& photo = document_->inputs().photo;
    compose_masks({0, 0, photo.width, photo.height});
  });
}

// Halves of the photograph are made on another thread; until then it is drawn from its full size.
void PhotoCanvas::take_photo() {
  photo_.clear();
  projection_ = candidate_ = {};
  candidate_clicks_.clear();
  candidate_box_.reset();
  analysis_.reset();
  selected_ = hovered_ = dragged_ = -1;
  stroking_ = boxing_ = panning_ = false;
  const int serial = ++photo_serial_;
  if (const auto& photo = document_->inputs().photo; !photo.empty()) {
    set_brush_radius(std::round(0.02 * std::max(photo.width, photo.height)));
    photo_.push_back(to_qimage(photo).convertToFormat(QImage::Format_RGB32));
    if (photo.width > 1200 || photo.height > 1200) {
      auto* watcher = new QFutureWatcher<std::vector<QImage>>(this);
      connect(watcher, &QFutureWatcher<std::vector<QImage>>::finished, this, [this, watcher, serial] {
        watcher->deleteLater();
        if (serial != photo_serial_) return;
        photo_ = watcher->result();
        update();
      });
      watcher->setFuture(QtConcurrent::run([levels = photo_]() mutable {
        while (std::max(levels.back().width(), levels.back().height()) > 600)
          levels.push_back(levels.back().scaled(levels.back().size() / 2, Qt::IgnoreAspectRatio, Qt::SmoothTransformation));
        return levels;
      }));
    }
  }
  fit_to_view();
}

// Only the rectangle that changed: a brush on a large photograph must not wait for all of it.
void PhotoCanvas::compose_masks(QRect dirty) {
  const auto& in = document_->inputs();
  if (in.photo.empty() || (!in.object_mask && !in.human_mask && !stroking_)) {
    masks_ = {};
    update();
    return;
  }
  if (masks_.width() != in.photo.width || masks_.height() != in.photo.height) {
    masks_ = QImage(in.photo.width, in.photo.height, QImage::Format_ARGB32_Premultiplied);
    dirty = masks_.rect();
  }
  dirty &= masks_.rect();
  const bool object_stroke = stroking_ && target_ == Target::object, person_stroke = stroking_ && target_ == Target::person;
  const auto usable = [&](const ImageU8* mask) { return mask != nullptr && mask->same_size(masks_.width(), masks_.height()) ? mask : nullptr; };
  const ImageU8* object = usable(object_stroke ? &stroke_ : in.object_mask ? &*in.object_mask : nullptr);
  const ImageU8* person = usable(person_stroke ? &stroke_ : in.human_mask ? &*in.human_mask : nullptr);
  // A guess is striped: half of its lines are thinner.
  const int stripe = std::max(2, std::max(masks_.width(), masks_.height()) / (2 * kStripes));
  const bool object_guessed = in.guessed.object_mask && !object_stroke, person_guessed = in.guessed.human_mask && !person_stroke;
  const auto thinner = [](QRgb colour) { return qPremultiply((colour & 0xffffffU) | 0x30000000U); };
  for (int row = dirty.top(); row <= dirty.bottom(); ++row) {
    auto* line = reinterpret_cast<QRgb*>(masks_.scanLine(row));
    for (int c = dirty.left(); c <= dirty.right(); ++c) {
      const bool thin = ((c + row) / stripe) % 2 != 0;
      const bool on_object = object != nullptr && object->at(c, row) != 0, on_person = person != nullptr && person->at(c, row) != 0;
      if (on_object) line[c] = object_guessed && thin ? thinner(kObjectColour) : kObjectColour;
      else if (on_person) line[c] = person_guessed && thin ? thinner(kPersonColour) : kPersonColour;
      else line[c] = 0;
    }
  }
  update();
}

void PhotoCanvas::set_tool(Tool tool) {
  tool_ = tool;
  setCursor(tool == Tool::select ? Qt::ArrowCursor : Qt::CrossCursor);
  update();
}
void PhotoCanvas::set_brush_radius(double pixels) {
  pixels = std::clamp(pixels, 1.0, kLargestBrush);
  if (pixels == brush_) return;
  brush_ = pixels;
  update();
  Q_EMIT brush_changed(brush_);
}
void PhotoCanvas::set_mask_opacity(double opacity) {
  opacity_ = opacity;
  update();
}

void PhotoCanvas::show_projection(std::shared_ptr<const pipeline::Analysis> analysis, const pipeline::TimelinePosition& position) {
  analysis_ = std::move(analysis);
  position_ = position;
  draw_projection();
}

// One at a time; what came meanwhile is drawn after it, the newest alone.
void PhotoCanvas::draw_projection() {
  if (projecting_) {
    project_again_ = true;
    return;
  }
  if (!analysis_ || !analysis_->body || analysis_->body->camera.width < 1 || position_.stage == Stage::photograph) {
    projection_ = {};
    update();
    return;
  }
  projecting_ = true;
  auto* watcher = new QFutureWatcher<QImage>(this);
  connect(watcher, &QFutureWatcher<QImage>::finished, this, [this, watcher, serial = photo_serial_] {
    watcher->deleteLater();
    projecting_ = false;
    if (serial == photo_serial_) projection_ = watcher->result();
    update();
    if (std::exchange(project_again_, false)) draw_projection();
  });
  watcher->setFuture(QtConcurrent::run([analysis = analysis_, at = position_] {
    const auto& camera = analysis->body->camera;
    const double scale = kOutlinePixels / std::max(camera.width, camera.height);
    QImage picture(static_cast<int>(std::lround(scale * camera.width)), static_cast<int>(std::lround(scale * camera.height)), QImage::Format_ARGB32_Premultiplied);
    picture.fill(0);
    draw_outline(picture, analysis->body->mesh, std::nullopt, camera, scale, kBodyOutline);
    const auto pose = pipeline::object_pose(*analysis, at);
    if (pose && analysis->object) draw_outline(picture, analysis->object->mesh, pose, camera, scale, kObjectOutline);
    return picture;
  }));
}

void PhotoCanvas::fit_to_view() {
  fitted_ = true;
  const auto& photo = document_->inputs().photo;
  if (photo.empty()) return;
  scale_ = std::min((width() - 8.0) / photo.width, (height() - 8.0) / photo.height);
  scale_ = std::max(scale_, 0.01);
  origin_ = QPointF((width() - scale_ * photo.width) / 2, (height() - scale_ * photo.height) / 2);
  update();
}

void PhotoCanvas::resizeEvent(QResizeEvent*) {
  if (fitted_) fit_to_view();
}

void PhotoCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().color(QPalette::Base));
  if (photo_.empty()) {
    painter.setPen(palette().color(QPalette::PlaceholderText));
    painter.drawText(rect().adjusted(16, 16, -16, -16), Qt::AlignCenter | Qt::TextWordWrap,
                     tr("Drop a photograph here,\nor open one with Ctrl+O."));
    return;
  }
  painter.setRenderHint(QPainter::SmoothPixmapTransform, scale_ < 4.0);
  const QRectF target(origin_, QSizeF(photo_[0].width() * scale_, photo_[0].height() * scale_));
  std::size_t level = 0;
  while (level + 1 < photo_.size() && photo_[level + 1].width() >= target.width() * devicePixelRatioF()) ++level;
  painter.drawImage(target, photo_[level]);
  if (!masks_.isNull() && opacity_ > 0.0) {
    painter.setOpacity(opacity_);
    painter.drawImage(target, masks_);
    painter.setOpacity(1.0);
  }
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  if (!projection_.isNull()) painter.drawImage(target, projection_);
  if (!candidate_.isNull()) painter.drawImage(target, candidate_);
  painter.setRenderHint(QPainter::Antialiasing);
  const auto& in = document_->inputs();
  const auto box = [&](const std::optional<pipeline::Box>& b, QRgb colour) {
    if (!b) return;
    painter.setPen(QPen(QColor(colour), 1.5, Qt::DashLine));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(QRectF(widget_from_photo({b->x, b->y}), QSizeF(b->width * scale_, b->height * scale_)));
  };
  if (tool_ == Tool::box) {
    box(in.object_box, kObjectColour);
    box(in.person_box, kPersonColour);
  }
  draw_joints(painter);
  draw_candidate(painter);
  if (boxing_) {
    painter.setPen(QPen(Qt::white, 1.5, Qt::DashLine));
    painter.setBrush(QColor(255, 255, 255, 30));
    painter.drawRect(QRectF(press_, last_).normalized());
  }
  if ((tool_ == Tool::brush || tool_ == Tool::erase) && inside_) {
    painter.setBrush(Qt::NoBrush);
    for (const auto& [colour, width] : {std::pair{QColor(0, 0, 0, 160), 3.0}, {QColor(Qt::white), 1.2}}) {
      painter.setPen(QPen(colour, width));
      painter.drawEllipse(last_, brush_ * scale_, brush_ * scale_);
    }
  }
  if (hasFocus()) {
    painter.setPen(QPen(palette().color(QPalette::Highlight), 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
  }
}

void PhotoCanvas::show_candidate(std::vector<contact::PhotoClick> clicks, std::optional<contact::PhotoBox> box, QImage overlay) {
  candidate_clicks_ = std::move(clicks);
  candidate_box_ = box;
  candidate_ = std::move(overlay);
  update();
}

void PhotoCanvas::draw_candidate(QPainter& painter) const {
  if (candidate_box_) {
    const QRectF box(widget_from_photo({candidate_box_->x, candidate_box_->y}), QSizeF(candidate_box_->width, candidate_box_->height) * scale_);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(QColor(0, 0, 0, 160), 3));
    painter.drawRect(box);
    painter.setPen(QPen(QColor(kCandidate), 1.5, Qt::DashLine));
    painter.drawRect(box);
  }
  // Plus and minus, not colour alone, tell what counts as inside.
  for (const auto& click : candidate_clicks_) {
    const QPointF c = widget_from_photo({click.x, click.y});
    painter.setPen(QPen(Qt::white, 1.5));
    painter.setBrush(click.inside ? QColor(20, 120, 60) : QColor(180, 40, 40));
    painter.drawEllipse(c, 7, 7);
    painter.setPen(QPen(Qt::white, 2));
    painter.drawLine(c - QPointF(3.5, 0), c + QPointF(3.5, 0));
    if (click.inside) painter.drawLine(c - QPointF(0, 3.5), c + QPointF(0, 3.5));
  }
}

void PhotoCanvas::draw_joints(QPainter& painter) const {
  if (!document_->inputs().keypoints) return;
  const auto& points = *document_->inputs().keypoints;
  const auto known = [&](int k) { return points[static_cast<std::size_t>(k)].visibility != body::Visibility::unknown; };
  const auto at = [&](int k) { return widget_from_photo({points[static_cast<std::size_t>(k)].x, points[static_cast<std::size_t>(k)].y}); };
  const auto guessed = [&](int k) { return document_->inputs().guessed.joints[static_cast<std::size_t>(k)]; };
  for (const auto& limb : kLimbs) {
    if (!known(limb[0]) || !known(limb[1])) continue;
    const bool guess = guessed(limb[0]) || guessed(limb[1]);
    painter.setPen(QPen(QColor(255, 255, 255, 170), guess ? 1.5 : 2, guess ? Qt::DashLine : Qt::SolidLine));
    painter.drawLine(at(limb[0]), at(limb[1]));
  }
  const int named = dragged_ >= 0 ? dragged_ : hovered_ >= 0 ? hovered_ : hasFocus() ? selected_ : -1;
  for (int k = 0; k < body::kKeypointCount; ++k) {
    if (!known(k)) continue;
    const bool hidden = points[static_cast<std::size_t>(k)].visibility == body::Visibility::hidden;
    const QColor colour = is_left(k) ? QColor(80, 200, 255) : QColor(255, 120, 90);
    const double radius = k == named ? 7 : 5;
    painter.setPen(hidden ? QPen(colour, 2, Qt::DotLine) : QPen(Qt::white, 1.5));
    painter.setBrush(hidden ? QBrush(Qt::NoBrush) : QBrush(colour));
    if (guessed(k)) painter.drawPolygon(QPolygonF({at(k) - QPointF(0, radius + 1), at(k) + QPointF(radius + 1, 0), at(k) + QPointF(0, radius + 1), at(k) - QPointF(radius + 1, 0)}));
    else painter.drawEllipse(at(k), radius, radius);
    if (k == selected_ && hasFocus()) {
      painter.setPen(QPen(Qt::white, 1.5));
      painter.setBrush(Qt::NoBrush);
      painter.drawEllipse(at(k), radius + 4, radius + 4);
    }
  }
  if (named < 0 || !known(named)) return;
  const QString text = joint_text(named);
  const QSizeF size(painter.fontMetrics().horizontalAdvance(text) + 14, painter.fontMetrics().height() + 6);
  QRectF label(at(named) + QPointF(12, -size.height() - 6), size);
  label.moveLeft(std::clamp(label.left(), 2.0, std::max(2.0, width() - size.width() - 2)));
  label.moveTop(std::clamp(label.top(), 2.0, std::max(2.0, height() - size.height() - 2)));
  painter.setPen(Qt::NoPen);
  painter.setBrush(QColor(20, 22, 26, 225));
  painter.drawRoundedRect(label, 4, 4);
  painter.setPen(Qt::white);
  painter.drawText(label, Qt::AlignCenter, text);
}

QString PhotoCanvas::joint_text(int k) const {
  const auto name = body::kKeypointNames[static_cast<std::size_t>(k)];
  QString text = QString::fromLatin1(name.data(), static_cast<qsizetype>(name.size())).replace(QLatin1Char('_'), QLatin1Char(' '));
  if (document_->inputs().keypoints && (*document_->inputs().keypoints)[static_cast<std::size_t>(k)].visibility == body::Visibility::hidden) text += tr(" (hidden)");
  if (document_->inputs().guessed.joints[static_cast<std::size_t>(k)]) text += tr(" (guessed)");
  if (analysis_ && analysis_->body && analysis_->body->fit) {
    const auto& errors = analysis_->body->fit->best.keypoint_error_px;
    if (static_cast<std::size_t>(k) < errors.size() && std::isfinite(errors[static_cast<std::size_t>(k)]))
      text += tr(", %1 px from the body").arg(errors[static_cast<std::size_t>(k)], 0, 'f', 1);
  }
  return text;
}

}  // namespace tactus::ui
