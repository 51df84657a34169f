#include "tactus/ui/view_strip.h"

#include <QApplication>
#include <QDrag>
#include <QGridLayout>
#include <QKeyEvent>
#include <QMimeData>
#include <QMouseEvent>
#include <QPainter>
#include <QTemporaryDir>
#include <QUrl>
#include <functional>

#include "tactus/geometry/colour_map.h"
#include "tactus/ui/contact_painting.h"
#include "tactus/ui/document.h"
#include "tactus/ui/photo_canvas.h"

namespace tactus::ui {

namespace {

constexpr QRgb kLitBody = 0xff4a9eff, kLitObject = 0xffe0a010;

// A view, its mask laid over in the colours of contact.
QImage with_mask(const views::RenderedView& view, const ImageF& p, int side) {
  QImage image = to_qimage(view.picture);
  if (side > 0) image = image.scaled(side, side, Qt::KeepAspectRatio, Qt::SmoothTransformation);
  image = image.convertToFormat(QImage::Format_RGB32);
  if (p.empty()) return image;
  for (int row = 0; row < image.height(); ++row) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
    for (int c = 0; c < image.width(); ++c) {
      const float value = p.at(c * p.width / image.width(), row * p.height / image.height());
      if (value < 0.5F) continue;
      const auto colour = geometry::contact_colour(value);
      const auto mix = [&](int old, float now) { return static_cast<int>(0.3F * static_cast<float>(old) + 0.7F * 255.0F * now); };
      line[c] = qRgb(mix(qRed(line[c]), colour[0]), mix(qGreen(line[c]), colour[1]), mix(qBlue(line[c]), colour[2]));
    }
  }
  return image;
}

}  // namespace

class Thumbnail : public QWidget {
 public:
  Thumbnail(int view, ViewStrip* strip) : view_(view), strip_(strip) {
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setAccessibleName(view_title(view));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setMinimumWidth(60);
  }
  void set_image(QImage image) {
    image_ = std::move(image);
    update();
  }
  void set_current(bool current) {
    if (current == current_) return;
    current_ = current;
    update();
  }
  void set_lit(bool lit, bool dim) {
    lit_ = lit;
    dim_ = dim;
    update();
  }
  QSize sizeHint() const override { return {76, 76}; }

 protected:
  void resizeEvent(QResizeEvent*) override { setFixedHeight(std::min(width(), 110)); }
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    painter.fillRect(rect(), image_.isNull() ? palette().color(QPalette::Base) : QColor(Qt::white));
    if (!image_.isNull()) {
      const QSizeF size = QSizeF(image_.size()).scaled(QSizeF(this->size()), Qt::KeepAspectRatio);
      painter.drawImage(QRectF(QPointF((width() - size.width()) / 2, (height() - size.height()) / 2), size), image_);
    }
    const bool marked = current_ || hasFocus();
    if (dim_) {
      QColor veil = palette().color(QPalette::Window);
      veil.setAlpha(170);
      painter.fillRect(rect(), veil);
    }
    painter.setPen(QPen(palette().color(marked ? QPalette::Highlight : QPalette::Mid), current_ ? 3 : 1));
    painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
    if (lit_) {
      painter.setPen(QPen(view_ < kViewCount / 2 ? QColor(kLitBody) : QColor(kLitObject), 3));
      painter.drawRect(QRectF(rect()).adjusted(1.5, 1.5, -1.5, -1.5));
    }
  }
  void mousePressEvent(QMouseEvent* e) override {
    press_ = e->pos();
    if (e->button() == Qt::LeftButton) Q_EMIT strip_->chosen(view_);
  }
  void mouseDoubleClickEvent(QMouseEvent* e) override {
    if (e->button() == Qt::LeftButton) Q_EMIT strip_->enlarged(view_);
  }
  void mouseMoveEvent(QMouseEvent* e) override {
    if (!(e->buttons() & Qt::LeftButton) || (e->pos() - press_).manhattanLength() < QApplication::startDragDistance()) return;
    auto data = strip_->drag_data(view_);
    if (!data) return;
    auto* drag = new QDrag(this);
    drag->setPixmap(QPixmap::fromImage(image_).scaledToWidth(width()));
    drag->setMimeData(data.release());
    drag->exec(Qt::CopyAction);
  }
  void keyPressEvent(QKeyEvent* e) override {
    if (e->key() == Qt::Key_Return || e->key() == Qt::Key_Enter) Q_EMIT strip_->enlarged(view_);
    else if (e->key() == Qt::Key_Space) Q_EMIT strip_->chosen(view_);
    else QWidget::keyPressEvent(e);
  }

 private:
  int view_;
  ViewStrip* strip_;
  QImage image_;
  QPoint press_;
  bool current_ = false, lit_ = false, dim_ = false;
};

ViewStrip::ViewStrip(Document* document, QWidget* parent) : QWidget(parent), document_(document) {
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setSpacing(4);
  for (int i = 0; i < kViewCount; ++i) {
    thumbnails_.push_back(new Thumbnail(i, this));
    grid->addWidget(thumbnails_.back(), i / 4, i % 4);
  }
  connect(document, &Document::changed, this, [this] {
    const auto& in = document_->inputs();
    const bool painted = in.body_contact_edit || in.object_contact_edit || !in.body_view_edit.empty() || !in.object_view_edit.empty();
    // Painting shows in the masks; other edits leave them until the next run.
    if (painted || stale_) {
      stale_ = painted;
      fill();
    }
  });
}

ViewStrip::~ViewStrip() = default;

QWidget* ViewStrip::thumbnail(int view) const { return thumbnails_.at(static_cast<std::size_t>(view)); }

void ViewStrip::set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  const void* views = analysis ? analysis->object_views.get() : nullptr;
  const void* prediction = analysis ? analysis->prediction.get() : nullptr;
  const bool same = views == shown_views_ && prediction == shown_prediction_;
  analysis_ = std::move(analysis);
  shown_views_ = views;
  shown_prediction_ = prediction;
  if (!same) fill();
}

void ViewStrip::set_current(int view, bool masks) {
  current_ = view;
  for (int i = 0; i < kViewCount; ++i) thumbnails_[static_cast<std::size_t>(i)]->set_current(i == view);
  if (masks == masks_) return;
  masks_ = masks;
  fill();
}

void ViewStrip::set_lit(int side) {
  if (side == lit_) return;
  lit_ = side;
  for (int i = 0; i < kViewCount; ++i) {
    const bool mine = side >= 0 && (i >= kViewCount / 2) == (side == 1);
    thumbnails_[static_cast<std::size_t>(i)]->set_lit(mine, side >= 0 && !mine);
  }
}

void ViewStrip::fill() {
  for (int i = 0; i < kViewCount; ++i) {
    auto* thumbnail = thumbnails_[static_cast<std::size_t>(i)];
    const auto* rendered = analysis_ ? rendered_view(*analysis_, i) : nullptr;
    if (rendered == nullptr) {
      thumbnail->set_image({});
      thumbnail->setToolTip(tr("%1: not rendered yet").arg(view_title(i)));
      continue;
    }
    thumbnail->set_image(with_mask(*rendered, masks_ ? shown_probability(*analysis_, document_->inputs(), i) : ImageF(), 160));
    thumbnail->setToolTip(tr("%1: %2\nDouble-click to enlarge and paint; drag out as a PNG file").arg(view_title(i), QString::fromStdString(rendered->view.name)));
  }
}

std::unique_ptr<QMimeData> ViewStrip::drag_data(int view) {
  const auto* rendered = analysis_ ? rendered_view(*analysis_, view) : nullptr;
  if (rendered == nullptr) return nullptr;
  if (!folder_) folder_ = std::make_unique<QTemporaryDir>();
  const QImage image = with_mask(*rendered, masks_ ? shown_probability(*analysis_, document_->inputs(), view) : ImageF(), 0);
  const QString file = folder_->filePath(QStringLiteral("%1_%2%3.png").arg(is_body_view(view) ? QStringLiteral("body") : QStringLiteral("object"),
                                                                           QString::fromStdString(rendered->view.name), masks_ ? QStringLiteral("_mask") : QString()));
  if (!image.save(file)) return nullptr;
  auto data = std::make_unique<QMimeData>();
  data->setUrls({QUrl::fromLocalFile(file)});
  data->setImageData(image);
  return data;
}

}  // namespace tactus::ui
