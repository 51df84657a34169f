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
  // Cancels a run that is under way and starts this one.
  void start(std::shared_ptr<const pipeline::Inputs> inputs, const pipeline::Options& options);
  void cancel();

 Q_SIGNALS:
  void started();
  void progressed(double fraction, const QString& stage, const QString& message);
  void updated(std::shared_ptr<const pipeline::Analysis> analysis);   // at most about 30 a second
  void finished(std::shared_ptr<const pipeline::Analysis> analysis);
  void failed(const QString& stage, const QString& sentence);
  void cancelled();
  void model_described(const QString& description);

 private:
  struct Worker;
  void deliver();
  std::unique_ptr<Worker> worker_;
  bool running_ = false;
  std::uint64_t current_ = 0;
};

}  // namespace tactus::ui
