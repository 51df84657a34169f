// The pipeline as rows: state, name, seconds, what came out. A failed stage says its sentence in place, with Retry.
#pragma once

#include <QString>
#include <QWidget>
#include <array>
#include <memory>
#include <vector>

#include "tactus/pipeline/analysis.h"

namespace tactus::ui {

class StageRow;

class StageList : public QWidget {
  Q_OBJECT
 public:
  explicit StageList(QWidget* parent = nullptr);
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  void set_stale(const std::array<QString, pipeline::kStageCount>& reasons);
  // Stays until the next run or analysis without it.
  void set_failure(pipeline::Stage stage, const QString& sentence);
  void clear_failure();
  void set_current(pipeline::Stage stage);
  QString text_of(pipeline::Stage stage) const;         // as shown
  QWidget* row(pipeline::Stage stage) const;
  QWidget* retry_button(pipeline::Stage stage) const;   // visible on a failed stage

 Q_SIGNALS:
  void chosen(tactus::pipeline::Stage stage);
  void retry_requested();
  void dragged(tactus::pipeline::Stage stage);          // with the mouse, away from its row

 private:
  void fill();
  std::shared_ptr<const pipeline::Analysis> analysis_;
  std::array<QString, pipeline::kStageCount> stale_;
  int failed_ = -1;
  QString failure_;
  std::vector<StageRow*> rows_;
};

}  // namespace tactus::ui
