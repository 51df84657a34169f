// What has been analysed of the document: runs, previews of live edits, what is out of date and why.
#pragma once

#include <QObject>
#include <QString>
#include <array>
#include <functional>
#include <memory>

#include "tactus/pipeline/runner.h"

namespace tactus::ui {

class Document;
class RunController;

class AnalysisSession : public QObject {
  Q_OBJECT
 public:
  using Shared = std::shared_ptr<const pipeline::Analysis>;
  AnalysisSession(Document* document, std::function<pipeline::Ports()> make_ports, QObject* parent = nullptr);

  RunController* controller() const { return controller_; }
  // The newest known: of the run under way filled up with earlier outputs, of a preview, or complete. Null: nothing yet.
  Shared shown() const { return shown_; }
  // A full run. Needs a photograph.
  void run();
  void cancel();
  // Another contact model for the runs to come; what the one before answered stays in view, marked out of date.
  void set_predictor(std::shared_ptr<const contact::ContactPredictor> predictor);
  // A run that was started by an edit and keeps the earlier outputs in view.
  bool refining() const { return refining_; }
  // One reason a stage ("prompt changed"); empty where the stage is up to date.
  std::array<QString, pipeline::kStageCount> stale_reasons() const;
  double last_preview_seconds() const { return preview_seconds_; }

 Q_SIGNALS:
  void started();
  void changed();                                   // shown() is another
  void stale_changed();
  void completed();
  void failed(const QString& stage, const QString& sentence);
  void cancelled();

 private:
  void document_changed();
  bool asks_anew() const;   // something other than a correction: Analyse is needed
  void show(Shared analysis);
  Document* document_;
  RunController* controller_;
  Shared shown_, complete_, base_;                  // base_: what a run under way is filled up with
  std::shared_ptr<const pipeline::Inputs> requested_;
  pipeline::Options requested_options_;
  int model_ = 0, requested_model_ = 0, complete_model_ = 0;   // the how-manieth; the models themselves are not held
  bool refining_ = false, refined_ = true;          // refined_: the last edit got its full run
  qint64 edited_at_ = 0;
  double preview_seconds_ = 0.0;
};

}  // namespace tactus::ui
