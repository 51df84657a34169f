// Owns the runs: one worker thread, results as queued signals, cancel and coalesced progress.
#pragma once

#include <QObject>
#include <QString>
#include <QThread>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "tactus/pipeline/runner.h"

namespace tactus::ui {

class RunController : public QObject {
  Q_OBJECT
 public:
  // The ports are made on the worker thread: loading the body model must not hold up the window.
  explicit RunController(std::function<pipeline::Ports()> make_ports, QObject* parent = nullptr);
  ~RunController() override;

  bool running() const { return running_; }
  // Cancels a run that is under way and starts this one; with `known` a preview from it comes first.
  void start(std::shared_ptr<const pipeline::Inputs> inputs, const pipeline::Options& options, std::shared_ptr<const pipeline::Analysis> known = nullptr);
  // A preview alone, while something is dragged. Cancels a run; a preview still waiting gives way to this one.
  void preview(std::shared_ptr<const pipeline::Inputs> inputs, std::shared_ptr<const pipeline::Analysis> known);
  int previews_under_way() const { return previews_; }
  // Asked from the next start on; the one that make_ports gives until then.
  // The one before is let go of as soon as no run needs it.
  void set_predictor(std::shared_ptr<const contact::ContactPredictor> predictor);
  // What the runs use; null until the first run has loaded it.
  std::shared_ptr<const pipeline::Ports> ports() const { return ports_; }
  void cancel();

 Q_SIGNALS:
  void started();
  void progressed(double fraction, const QString& stage, const QString& message);
  void updated(std::shared_ptr<const pipeline::Analysis> analysis);   // at most about 30 a second
  void finished(std::shared_ptr<const pipeline::Analysis> analysis);
  void failed(const QString& stage, const QString& sentence);
  void cancelled();
  void previewed(std::shared_ptr<const pipeline::Analysis> analysis, bool newest);
  void model_described(const QString& name, const QString& description);

 private:
  struct Worker;
  void deliver();
  std::unique_ptr<Worker> worker_;
  bool running_ = false;
  int previews_ = 0;
  std::uint64_t current_ = 0;
  std::shared_ptr<const pipeline::Ports> ports_;
  std::shared_ptr<const contact::ContactPredictor> predictor_;
};

}  // namespace tactus::ui
