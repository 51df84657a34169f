// One of the eight views enlarged: zoom, pan, its mask laid over, a brush that corrects the mask.
#pragma once

#include <QImage>
#include <QWidget>
#include <memory>

#include "tactus/pipeline/analysis.h"

namespace tactus::ui {

class Document;

class ViewCanvas : public QWidget {
  Q_OBJECT
 public:
  enum class Tool { pan, paint, erase };
  explicit ViewCanvas(Document* document, QWidget* parent = nullptr);
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  void set_view(int view);                       // 0–7; fits it
  int view() const { return view_; }
  void set_tool(Tool tool);
  Tool tool() const { return tool_; }
  void set_opacity(double opacity);
  void set_brush_radius(double view_pixels);     // clamped
  double brush_radius() const { return brush_; }
  void fit_to_view();
  QPointF widget_from_view(const QPointF& p) const { return origin_ + scale_ * p; }
  QPointF view_from_widget(const QPointF& p) const { return (p - origin_) / scale_; }
  QSize sizeHint() const override { return {330, 330}; }
  QSize minimumSizeHint() const override { return {200, 200}; }

 Q_SIGNALS:
  void brush_changed(double radius);
  void tool_changed();

 protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void showEvent(QShowEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void leaveEvent(QEvent*) override;

 private:
  void refresh();
  void stroke_to(const QPointF& view_position);
  Document* document_;
  std::shared_ptr<const pipeline::Analysis> analysis_;
  int view_ = 0;
  QImage picture_, mask_;
  Tool tool_ = Tool::paint;
  double scale_ = 1.0, opacity_ = 0.7, brush_ = 12.0;
  QPointF origin_, last_;
  bool fitted_ = true, panning_ = false, stroking_ = false, inside_ = false;
  ImageF edit_;
  std::vector<int> touched_;
};

}  // namespace tactus::ui
