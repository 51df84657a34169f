// What is being loaded, how far it is, and a button that stops it. Hidden while nothing is.
#pragma once

#include <QFrame>

class QLabel;
class QProgressBar;
class QPushButton;

namespace tactus::ui {

class ElidedLabel;

class LoadBar : public QFrame {
  Q_OBJECT
 public:
  explicit LoadBar(QWidget* parent = nullptr);
  void begin(const QString& what);
  void set_progress(double fraction, const QString& message);
  void end() { hide(); }
  QString text() const;                   // as shown
  double fraction() const;
  QPushButton* cancel_button() const { return cancel_; }

 Q_SIGNALS:
  void cancel_requested();

 private:
  ElidedLabel* label_;
  QProgressBar* bar_;
  QPushButton* cancel_;
  QString what_;
};

}  // namespace tactus::ui
