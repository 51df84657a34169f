#include "tactus/ui/plot_widget.h"

#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>
#include <utility>

namespace tactus::ui {

PlotWidget::PlotWidget(QString title, QWidget* parent) : QWidget(parent), title_(std::move(title)) {
  setAccessibleName(title_);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
}

void PlotWidget::set_series(std::vector<Series> series) {
  series_ = std::move(series);
  update();
}

void PlotWidget::set_cursor(int iteration) {
  cursor_ = iteration;
  update();
}

int PlotWidget::count() const {
  std::size_t most = 0;
  for (const auto& s : series_) most = std::max(most, s.values.size());
  return static_cast<int>(most);
}

QRectF PlotWidget::area() const { return QRectF(rect()).adjusted(46, 24, -8, -24); }

void PlotWidget::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QColor ink = palette().color(QPalette::WindowText), faint = palette().color(QPalette::Mid);
  QFont small = font();
  small.setPointSizeF(std::max(7.0, small.pointSizeF() - 1.5));
  painter.setFont(small);
  painter.setPen(ink);
  painter.drawText(QRectF(4, 2, width() - 8, 18), Qt::AlignLeft | Qt::AlignVCenter, title_);
  const QRectF plot = area();
  const int n = count();
  painter.setPen(faint);
  painter.drawRect(plot);
  if (n == 0) {
    painter.setPen(palette().color(QPalette::PlaceholderText));
    painter.drawText(plot, Qt::AlignCenter, tr("no iterations yet"));
    return;
  }
  double top = 0.0;
  // A start far off would press the others to the ground: it is cut at the border instead.
  for (const auto& s : series_)
    if (!s.background)
      for (const double v : s.values) top = std::max(top, v);
  if (!(top > 0.0)) top = 1.0;
  // A round upper bound: 1, 2 or 5 times a power of ten.
  const double power = std::pow(10.0, std::floor(std::log10(top)));
  for (const double step : {1.0, 2.0, 5.0, 10.0}) {
    if (step * power >= top) {
      top = step * power;
      break;
    }
  }
  const auto x_of = [&](int i) { return plot.left() + (n > 1 ? plot.width() * i / (n - 1.0) : 0.5 * plot.width()); };
  const auto y_of = [&](double v) { return plot.bottom() - plot.height() * v / top; };
  for (int k = 0; k <= 2; ++k) {
    const double value = top * k / 2.0;
    painter.setPen(faint);
    painter.drawLine(QPointF(plot.left(), y_of(value)), QPointF(plot.right(), y_of(value)));
    painter.setPen(ink);
    painter.drawText(QRectF(0, y_of(value) - 8, plot.left() - 5, 16), Qt::AlignRight | Qt::AlignVCenter, QString::number(value, 'g', 3));
  }
  painter.setClipRect(plot.adjusted(-1, -1, 1, 1));
  for (const auto& s : series_) {
    QPainterPath path;
    for (std::size_t i = 0; i < s.values.size(); ++i) {
      const QPointF p(x_of(static_cast<int>(i)), y_of(s.values[i]));
      if (i == 0) path.moveTo(p);
      else path.lineTo(p);
    }
    painter.setPen(QPen(s.colour, s.background ? 0.8 : 1.6));
    painter.drawPath(path);
  }
  if (cursor_ >= 0 && cursor_ < n) {
    painter.setPen(QPen(palette().color(QPalette::Highlight), 1.5));
    painter.drawLine(QPointF(x_of(cursor_), plot.top()), QPointF(x_of(cursor_), plot.bottom()));
  }
  painter.setClipping(false);
  // Legend under the plot, with the value at the cursor.
  double x = plot.left();
  bool background_named = false;
  for (const auto& s : series_) {
    if (s.background && std::exchange(background_named, true)) continue;
    QString text = s.name;
    if (!s.background && cursor_ >= 0 && cursor_ < static_cast<int>(s.values.size())) text += QStringLiteral(" %1").arg(s.values[static_cast<std::size_t>(cursor_)], 0, 'g', 3);
    const double w = painter.fontMetrics().horizontalAdvance(text) + 20;
    if (x + w > width()) break;
    painter.setPen(QPen(s.colour, 2.5));
    painter.drawLine(QPointF(x, plot.bottom() + 14), QPointF(x + 10, plot.bottom() + 14));
    painter.setPen(ink);
    painter.drawText(QRectF(x + 13, plot.bottom() + 5, w, 18), Qt::AlignLeft | Qt::AlignVCenter, text);
    x += w + 4;
  }
}

void PlotWidget::pick(const QPointF& at) {
  // A background curve may be longer than those in front; only theirs can be gone to.
  int there = 0;
  for (const auto& s : series_)
    if (!s.background) there = std::max(there, static_cast<int>(s.values.size()));
  if (there < 1) return;
  const QRectF plot = area();
  Q_EMIT picked(std::clamp(static_cast<int>(std::lround((at.x() - plot.left()) / plot.width() * (count() - 1))), 0, there - 1));
}
void PlotWidget::mousePressEvent(QMouseEvent* e) { pick(e->position()); }
void PlotWidget::mouseMoveEvent(QMouseEvent* e) {
  if (e->buttons() & Qt::LeftButton) pick(e->position());
}

}  // namespace tactus::ui
