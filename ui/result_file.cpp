#include "tactus/ui/result_file.h"

#include <QDrag>
#include <QFile>
#include <QFileInfo>
#include <QFutureWatcher>
#include <QMimeData>
#include <QUrl>
#include <QtConcurrent>

#include "tactus/io/results.h"

namespace tactus::ui {

void ResultFile::set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  if (analysis == analysis_) return;
  analysis_ = std::move(analysis);
  file_.clear();
  if (!writing_) write();
}

void ResultFile::write() {
  if (!analysis_ || !analysis_->body_contact || !folder_.isValid()) return;
  writing_ = true;
  const QString file = folder_.filePath(QFileInfo(QString::fromStdString(analysis_->inputs->photo_name)).completeBaseName() + QStringLiteral("_tactus.glb"));
  auto* watcher = new QFutureWatcher<bool>(this);
  connect(watcher, &QFutureWatcher<bool>::finished, this, [this, watcher, file, written = analysis_] {
    watcher->deleteLater();
    writing_ = false;
    if (written != analysis_) {
      write();
    } else if (watcher->result()) {
      file_ = file;
      Q_EMIT ready();
    }
  });
  watcher->setFuture(QtConcurrent::run([analysis = analysis_, path = file.toStdString()] {
    try {
      io::write_scene(path, *analysis);
      return true;
    } catch (const std::exception&) {
      return false;   // nothing to drag; exporting says why
    }
  }));
}

std::unique_ptr<QMimeData> ResultFile::drag_data() const {
  if (file_.isEmpty() || !QFile::exists(file_)) return nullptr;
  auto data = std::make_unique<QMimeData>();
  data->setUrls({QUrl::fromLocalFile(file_)});
  return data;
}

void ResultFile::start_drag() {
  auto data = drag_data();
  if (!data) return;
  auto* drag = new QDrag(parent());
  drag->setMimeData(data.release());
  drag->exec(Qt::CopyAction);
}

}  // namespace tactus::ui
