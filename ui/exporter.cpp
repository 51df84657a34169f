#include "tactus/ui/exporter.h"

#include <QDir>
#include <QFileInfo>
#include <QFutureWatcher>
#include <QSettings>
#include <QtConcurrent>

#include "tactus/io/project.h"
#include "tactus/io/results.h"

namespace tactus::ui {

Exporter::Choice Exporter::last_choice() {
  const QSettings settings;
  return {settings.value(QStringLiteral("export/what")).toString() == QLatin1String("scene") ? What::scene : What::results,
          settings.value(QStringLiteral("export/target")).toString()};
}

QString Exporter::last_folder() { return QSettings().value(QStringLiteral("export/folder")).toString(); }

void Exporter::in_background(std::function<void()> write, std::function<void()> done) {
  auto* watcher = new QFutureWatcher<QString>(this);
  connect(watcher, &QFutureWatcher<QString>::finished, this, [this, watcher, done = std::move(done)] {
    watcher->deleteLater();
    if (watcher->result().isEmpty()) done();
    else Q_EMIT failed(watcher->result());
  });
  watcher->setFuture(QtConcurrent::run([write = std::move(write)]() -> QString {
    try {
      write();
      return {};
    } catch (const std::exception& error) {
      return QString::fromUtf8(error.what());
    }
  }));
}

void Exporter::write(What what, Shared analysis, const QString& target, std::shared_ptr<const views::ViewRenderer> renderer) {
  if (!analysis || !analysis->body_contact) {
    Q_EMIT failed(tr("There are no results yet; press Analyse first."));
    return;
  }
  QSettings settings;
  settings.setValue(QStringLiteral("export/what"), what == What::scene ? QStringLiteral("scene") : QStringLiteral("results"));
  settings.setValue(QStringLiteral("export/target"), target);
  settings.setValue(QStringLiteral("export/folder"), QFileInfo(target).absolutePath());
  const QString folder = what == What::scene ? QFileInfo(target).absolutePath() : target;
  const auto path = target.toStdString();
  in_background(
      [=, version = version_] {
        if (what == What::scene) {
          io::write_scene(path, *analysis);
        } else {
          io::ReportExtras extras;
          extras.version = version;
          extras.renderer = renderer.get();
          io::write_results(path, *analysis, extras);
        }
      },
      [=, this] {
        if (what == What::scene) {
          Q_EMIT written(tr("The scene was written to %1.").arg(QDir::toNativeSeparators(target)), folder);
        } else {
          const auto files = QDir(target).entryList(QDir::Files | QDir::Dirs | QDir::NoDotAndDotDot, QDir::DirsFirst);
          Q_EMIT written(tr("The results were written to %1: %2.").arg(QDir::toNativeSeparators(target), files.join(QStringLiteral(", "))), folder);
        }
      });
}

void Exporter::write_project(std::shared_ptr<const pipeline::Inputs> inputs, const pipeline::Options& options, const QString& file) {
  in_background([=] { io::write_project(file.toStdString(), *inputs, options); }, [=, this] { Q_EMIT project_written(file); });
}

}  // namespace tactus::ui
