// One timeline over all stages and every iteration.
#pragma once

#include <QWidget>
#include <memory>

#include "tactus/pipeline/analysis.h"

class QTimer;

namespace tactus::ui {

class TimelineBar : public QWidget {
  Q_OBJECT
 public:
  explicit TimelineBar(QWidget* parent = nullptr);
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  pipeline::TimelinePosition position() const { return position_; }
  void set_position(const pipeline::TimelinePosition& position);
  QSize sizeHint() const override { return {600, 54}; }

  void toggle_play();
  bool playing() const;
  void step(int by);              // across stages
  void jump_stage(int direction); // to the start of the previous or next stage
  void go_to_end();
  bool handle_key(QKeyEvent* e);  // Space, arrows, Home, End; false: none of these

 Q_SIGNALS:
  void taken();                   // the user moved it
  void position_changed(const tactus::pipeline::TimelinePosition& position);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  struct Span {
    pipeline::Stage stage;
    int steps;
    QRectF rect;
  };
  std::vector<Span> spans() const;
  void seek(const QPointF& at);
  QRectF play_button() const;
  std::shared_ptr<const pipeline::Analysis> analysis_;
  pipeline::TimelinePosition position_;
  QTimer* timer_;
};

}  // namespace tactus::ui
