#include "tactus/ui/elided_label.h"

#include <QPainter>

namespace tactus::ui {

ElidedLabel::ElidedLabel(const QString& text, QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  set_text(text);
}

void ElidedLabel::set_text(const QString& text) {
  if (text == text_) return;
  text_ = text;
  setAccessibleName(text);
  setToolTip(text);
  updateGeometry();
  update();
}

void ElidedLabel::set_role(QPalette::ColorRole role) {
  role_ = role;
  update();
}

QSize ElidedLabel::sizeHint() const { return {fontMetrics().horizontalAdvance(text_) + 2, fontMetrics().height()}; }
QSize ElidedLabel::minimumSizeHint() const { return {fontMetrics().averageCharWidth() * 4, fontMetrics().height()}; }

void ElidedLabel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setPen(palette().color(isEnabled() ? QPalette::Active : QPalette::Disabled, role_));
  const QString line = QString(text_).replace(QLatin1Char('\n'), QLatin1Char(' '));
  painter.drawText(rect(), static_cast<int>(alignment_ | Qt::AlignVCenter | Qt::TextSingleLine), fontMetrics().elidedText(line, Qt::ElideRight, width()));
}

}  // namespace tactus::ui
