#include "tactus/ui/model_manager.h"

#include <QDir>
#include <QFileInfo>
#include <QSettings>
#include <algorithm>

namespace tactus::ui {

namespace {

void remember(const QString& group, const ModelChoice& choice) {
  QSettings settings;
  settings.beginGroup(group);
  settings.setValue(QStringLiteral("model"), QString::fromStdString(choice.model));
  settings.setValue(QStringLiteral("clip"), QString::fromStdString(choice.clip_folder));
  settings.setValue(QStringLiteral("precision"), QString::fromStdString(choice.precision));
  settings.setValue(QStringLiteral("device"), QString::fromStdString(choice.device));
}

ModelChoice remembered(const QString& group) {
  QSettings settings;
  settings.beginGroup(group);
  const auto text = [&](const char* key, const char* otherwise) { return settings.value(QLatin1String(key), QLatin1String(otherwise)).toString().toStdString(); };
  return {text("model", kBuiltInModels.front()), text("clip", ""), text("precision", "auto"), text("device", "auto")};
}

}  // namespace

QString shown_name(const ModelChoice& choice) {
  const QString text = QString::fromStdString(choice.model);
  const QString last = QFileInfo(QDir::cleanPath(text)).fileName();
  return last.isEmpty() ? text : last;
}

QString gigabytes(std::int64_t bytes) {
  const double mb = static_cast<double>(bytes) / 1e6;
  return mb < 1000.0 ? ModelManager::tr("%1 MB").arg(mb, 0, 'f', mb < 10 ? 1 : 0) : ModelManager::tr("%1 GB").arg(mb / 1000.0, 0, 'f', 1);
}

ModelManager::ModelManager(ModelServices services, QObject* parent) : QObject(parent), services_(std::move(services)), job_(this) {
  connect(&job_, &LoadJob::progressed, this, &ModelManager::progressed);
  const auto end = [this] {
    Q_EMIT ended();
    next();
  };
  connect(&job_, &LoadJob::done, this, end);
  connect(&job_, &LoadJob::failed, this, [this, end](const QString& sentence) {
    Q_EMIT failed(loading_kind_ == Kind::model ? tr("%1; %2 stays in use").arg(sentence, shown_name(choice_)) : sentence);
    end();
  });
  connect(&job_, &LoadJob::cancelled, this, [this, end] {
    Q_EMIT told(loading_kind_ == Kind::model ? tr("Loading was cancelled; %1 stays").arg(shown_name(choice_)) : tr("Loading was cancelled"));
    end();
  });
}

QString ModelManager::summary() const { return summary(choice_, model_); }

QString ModelManager::summary(const ModelChoice& choice, const OpenedModel& model) {
  QStringList parts{shown_name(choice)};
  if (!model.precision.empty()) parts << QString::fromStdString(model.precision);
  if (model.weight_bytes > 0) parts << gigabytes(model.weight_bytes);
  if (!model.device.empty()) parts << QString::fromStdString(model.device);
  return parts.join(QStringLiteral(" · "));
}

ModelManager::Load ModelManager::load_of(const ModelChoice& choice) {
  return {Kind::model, tr("Loading %1").arg(shown_name(choice)), [this, choice, open = services_.open_model](const Progress& progress) -> std::function<void()> {
            const OpenedModel opened = open(choice, progress);
            return [this, choice, opened] { take(choice, opened); };
          }};
}

void ModelManager::open(const ModelChoice& choice) { enqueue(load_of(choice)); }

void ModelManager::close_words() {
  words_.reset();
  QSettings().remove(QStringLiteral("words"));
  Q_EMIT segmenters_changed();
}

void ModelManager::open_weights(const QString& file) {
  if (file.isEmpty()) {
    std::erase_if(waiting_, [](const Load& load) { return load.kind == Kind::weights; });
    if (job_.running() && loading_kind_ == Kind::weights) job_.cancel();
    clicks_.reset();
    clicks_file_.clear();
    QSettings().remove(QStringLiteral("segmenter/file"));
    Q_EMIT segmenters_changed();
    return;
  }
  enqueue({Kind::weights, tr("Loading %1").arg(QFileInfo(file).fileName()), [this, file, open = services_.open_segmenter](const Progress& progress) -> std::function<void()> {
             auto segmenter = open(file.toStdString(), progress);
             return [this, file, segmenter] {
               clicks_ = segmenter;
               clicks_file_ = file;
               QSettings().setValue(QStringLiteral("segmenter/file"), file);
               Q_EMIT segmenters_changed();
               Q_EMIT told(tr("%1 is ready: choose Click above the photograph").arg(QString::fromStdString(segmenter->name())));
             };
           }});
}

void ModelManager::take(const ModelChoice& choice, OpenedModel opened) {
  if (opened.predictor) {
    choice_ = choice;
    model_ = opened;
    remember(QStringLiteral("model"), choice);
    Q_EMIT model_changed();
  }
  // Words outline the photograph with the model that was opened for it last; another contact model leaves it.
  if (opened.segmenter && opened.segmenter->understands_words()) {
    words_ = opened.segmenter;
    if (!opened.predictor) remember(QStringLiteral("words"), choice);
    Q_EMIT segmenters_changed();
  }
  const QString what = summary(choice, opened);
  if (opened.predictor) Q_EMIT told(tr("%1 is ready; Analyse asks it").arg(what));
  else Q_EMIT told(tr("%1 is ready and outlines by words; contact stays with %2").arg(what, shown_name(choice_)));
}

void ModelManager::restore() {
  if (services_.open_model) {
    for (const char* group : {"model", "words"})
      if (const auto choice = remembered(QLatin1String(group)); !(choice == ModelChoice{})) waiting_.push_back(load_of(choice));   // one after the other
  }
  next();
  const QString file = QSettings().value(QStringLiteral("segmenter/file")).toString();
  if (!file.isEmpty() && services_.open_segmenter) open_weights(file);
}

void ModelManager::cancel() { job_.cancel(); }

void ModelManager::enqueue(Load load) {
  std::erase_if(waiting_, [&](const Load& other) { return other.kind == load.kind; });
  if (job_.running() && loading_kind_ == load.kind) job_.cancel();
  waiting_.push_back(std::move(load));
  next();
}

void ModelManager::next() {
  if (job_.running() || waiting_.empty()) return;
  Load load = std::move(waiting_.front());
  waiting_.pop_front();
  loading_kind_ = load.kind;
  Q_EMIT began(load.what);
  job_.start(std::move(load.work));
}

}  // namespace tactus::ui
