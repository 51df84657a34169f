// Line plots of values an iteration, with a cursor that follows the timeline.
#pragma once

#include <QColor>
#include <QString>
#include <QWidget>
#include <vector>

namespace tactus::ui {

class PlotWidget : public QWidget {
  Q_OBJECT
 public:
  struct Series {
    QString name;
    QColor colour;
    std::vector<double> values;
    bool background = false;   // thin, behind the others; named once in the legend
  };
  explicit PlotWidget(QString title, QWidget* parent = nullptr);
  void set_series(std::vector<Series> series);
  void set_cursor(int iteration);   // -1: none
  int cursor() const { return cursor_; }
  QSize sizeHint() const override { return {260, 132}; }
  QSize minimumSizeHint() const override { return {160, 96}; }

 Q_SIGNALS:
  void picked(int iteration);       // clicked or dragged

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;

 private:
  QRectF area() const;
  int count() const;
  void pick(const QPointF& at);
  QString title_;
  std::vector<Series> series_;
  int cursor_ = -1;
};

}  // namespace tactus::ui
