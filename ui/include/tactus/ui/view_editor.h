// The enlarged view with its tools: which view, paint, erase, pan, brush, opacity.
#pragma once

#include <QWidget>
#include <memory>

#include "tactus/pipeline/analysis.h"

class QLabel;
class QPushButton;
class QSlider;
class QToolButton;

namespace tactus::ui {

class Document;
class ViewCanvas;

class ViewEditor : public QWidget {
  Q_OBJECT
 public:
  explicit ViewEditor(Document* document, QWidget* parent = nullptr);
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  void open(int view);                       // 0–7
  ViewCanvas* canvas() const { return canvas_; }

 Q_SIGNALS:
  void closed();
  void view_changed(int view);

 protected:
  void keyPressEvent(QKeyEvent*) override;   // Esc closes

 private:
  void step(int by);
  void show_state();
  Document* document_;
  std::shared_ptr<const pipeline::Analysis> analysis_;
  ViewCanvas* canvas_;
  QLabel *title_, *hint_;
  QToolButton *paint_, *erase_, *pan_;
  QSlider *brush_, *opacity_;
  QPushButton* clear_;
};

}  // namespace tactus::ui
