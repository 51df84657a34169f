// The pipeline as a list, the views with their masks, the answer, the threshold and the plots.
#pragma once

#include <QWidget>
#include <array>
#include <memory>
#include <vector>

#include "tactus/pipeline/analysis.h"

class QLabel;
class QListWidget;
class QSlider;

namespace tactus::ui {

class PlotWidget;

class StepsPanel : public QWidget {
  Q_OBJECT
 public:
  explicit StepsPanel(QWidget* parent = nullptr);
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  void set_position(const pipeline::TimelinePosition& position);
  void set_stale(const QString& reason);       // marks what is shown as stale; empty: fresh
  void set_failure(pipeline::Stage stage, const QString& sentence);
  double threshold() const;
  PlotWidget* loss_plot() const { return losses_; }

 Q_SIGNALS:
  void stage_chosen(tactus::pipeline::Stage stage);
  void position_chosen(const tactus::pipeline::TimelinePosition& position);
  void threshold_changed(double threshold);

 private:
  void fill_list();
  void fill_views();
  void fill_contact();
  std::shared_ptr<const pipeline::Analysis> analysis_;
  pipeline::TimelinePosition position_;
  QString stale_;
  QListWidget* list_;
  std::vector<QLabel*> thumbnails_;
  QLabel *answer_, *contact_, *threshold_label_;
  QSlider* threshold_;
  PlotWidget *rmse_, *losses_;
  const void* shown_views_ = nullptr;
  const void* shown_masks_ = nullptr;
  Eigen::VectorXf body_areas_, object_areas_;
};

}  // namespace tactus::ui
