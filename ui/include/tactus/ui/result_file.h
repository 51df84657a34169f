// The result as a file that can be dragged out of the window: scene.glb, written beside a complete run.
#pragma once

#include <QObject>
#include <QString>
#include <QTemporaryDir>
#include <memory>

#include "tactus/pipeline/analysis.h"

class QMimeData;

namespace tactus::ui {

class ResultFile : public QObject {
  Q_OBJECT
 public:
  explicit ResultFile(QObject* parent = nullptr) : QObject(parent) {}
  // Writes it on another thread, named after the photograph; null: there is no result.
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  std::unique_ptr<QMimeData> drag_data() const;   // null while it is not there
  void start_drag();                              // from the widget that is this object's parent

 Q_SIGNALS:
  void ready();

 private:
  void write();
  QTemporaryDir folder_;
  QString file_;
  std::shared_ptr<const pipeline::Analysis> analysis_;
  bool writing_ = false;
};

}  // namespace tactus::ui
