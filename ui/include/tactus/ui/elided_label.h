// One line of text that never makes the window wider: what does not fit is cut with "…", the whole is the tooltip.
#pragma once

#include <QWidget>

namespace tactus::ui {

class ElidedLabel : public QWidget {
  Q_OBJECT
 public:
  explicit ElidedLabel(const QString& text = {}, QWidget* parent = nullptr);
  void set_text(const QString& text);
  QString text() const { return text_; }
  void set_alignment(Qt::Alignment alignment) { alignment_ = alignment; }
  void set_role(QPalette::ColorRole role);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  QString text_;
  Qt::Alignment alignment_ = Qt::AlignLeft;
  QPalette::ColorRole role_ = QPalette::WindowText;
};

}  // namespace tactus::ui
