// The right side: the steps, the views with their masks, the answer, the threshold and the plots; or one view enlarged.
#pragma once

#include <QWidget>
#include <memory>

#include "tactus/pipeline/analysis.h"

class QLabel;
class QSlider;
class QStackedWidget;

namespace tactus::ui {

class AnswerView;
class Document;
class PlotWidget;
class StageList;
class ViewEditor;
class ViewStrip;

class StepsPanel : public QWidget {
  Q_OBJECT
 public:
  explicit StepsPanel(Document* document, QWidget* parent = nullptr);
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  void set_position(const pipeline::TimelinePosition& position);
  void enlarge(int view);                      // 0-7
  bool view_enlarged() const;
  double threshold() const;
  StageList* stages() const { return stages_; }
  ViewStrip* strip() const { return strip_; }
  AnswerView* answer() const { return answer_; }
  ViewEditor* editor() const { return editor_; }
  PlotWidget* loss_plot() const { return losses_; }
  PlotWidget* rmse_plot() const { return rmse_; }
  QSlider* threshold_slider() const { return threshold_; }
  QString contact_text() const;
  QSize sizeHint() const override;

 Q_SIGNALS:
  void stage_chosen(tactus::pipeline::Stage stage);
  void position_chosen(const tactus::pipeline::TimelinePosition& position);
  void threshold_changed(double threshold);
  void retry_requested();

 private:
  void fill_contact();
  std::shared_ptr<const pipeline::Analysis> analysis_;
  QStackedWidget* pages_;
  StageList* stages_;
  ViewStrip* strip_;
  ViewEditor* editor_;
  AnswerView* answer_;
  QLabel *contact_, *threshold_label_;
  QSlider* threshold_;
  PlotWidget *rmse_, *losses_;
  Eigen::VectorXf body_areas_, object_areas_;
};

}  // namespace tactus::ui
