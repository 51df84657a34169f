// The models in use: opens others in the background, keeps what there was when that fails, remembers the choice.
#pragma once

#include <QObject>
#include <QString>
#include <deque>

#include "tactus/ui/load_job.h"
#include "tactus/ui/models.h"

namespace tactus::ui {

class ModelManager : public QObject {
  Q_OBJECT
 public:
  explicit ModelManager(ModelServices services, QObject* parent = nullptr);

  // The contact model that answers, and the one whose words outline things (LISA), if any.
  const ModelChoice& choice() const { return choice_; }
  const OpenedModel& model() const { return model_; }           // predictor null: the one that runs begin with
  std::shared_ptr<contact::PhotoSegmenter> clicks() const { return clicks_; }
  std::shared_ptr<contact::PhotoSegmenter> words() const { return words_; }
  QString clicks_file() const { return clicks_file_; }
  // "InteractVLM-13B · int8 · 13.4 GB · cpu".
  QString summary() const;
  static QString summary(const ModelChoice& choice, const OpenedModel& model);

  // Opening another of the same kind takes the place of one under way.
  void open(const ModelChoice& choice);
  void open_weights(const QString& file);       // of Segment Anything; empty: none
  void close_words();
  void restore();                               // what the settings remember
  void cancel();                                // what is loading; what waits behind it goes on
  bool loads_model() const { return loading_kind_ == Kind::model; }   // the load that began last is a model's
  bool loading() const { return job_.running() || !waiting_.empty(); }
  const ModelServices& services() const { return services_; }

 Q_SIGNALS:
  void began(const QString& what);
  void progressed(double fraction, const QString& message);
  void ended();
  void model_changed();
  void segmenters_changed();
  void told(const QString& notice);
  void failed(const QString& sentence);

 private:
  enum class Kind { model, weights };
  struct Load {
    Kind kind;
    QString what;
    LoadJob::Work work;
  };
  Load load_of(const ModelChoice& choice);
  void enqueue(Load load);
  void next();
  void take(const ModelChoice& choice, OpenedModel opened);
  ModelServices services_;
  LoadJob job_;
  std::deque<Load> waiting_;
  Kind loading_kind_ = Kind::model;
  ModelChoice choice_;
  OpenedModel model_;
  std::shared_ptr<contact::PhotoSegmenter> clicks_, words_;
  QString clicks_file_;
};

// The name that a model is shown by: a folder's last part.
QString shown_name(const ModelChoice& choice);
QString gigabytes(std::int64_t bytes);

}  // namespace tactus::ui
