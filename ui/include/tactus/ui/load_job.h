// One long piece of work on a thread of its own: progress, cancel, what came of it.
#pragma once

#include <QObject>
#include <QString>
#include <functional>
#include <stop_token>
#include <thread>

#include "tactus/progress.h"

namespace tactus::ui {

class LoadJob : public QObject {
  Q_OBJECT
 public:
  // Runs on the thread; what it returns runs on the window's, before `done`. May throw.
  using Work = std::function<std::function<void()>(const Progress&)>;
  explicit LoadJob(QObject* parent = nullptr) : QObject(parent) {}
  ~LoadJob() override;
  // Not while it runs.
  void start(Work work);
  bool running() const { return thread_.joinable(); }
  void cancel() { stop_.request_stop(); }

 Q_SIGNALS:
  void progressed(double fraction, const QString& message);   // at most 25 a second
  void done();
  void failed(const QString& sentence);
  void cancelled();

 private:
  struct Outcome {
    std::function<void()> apply;
    QString error;
    bool stopped = false;
  };
  void finish(const Outcome& outcome);
  std::thread thread_;
  std::stop_source stop_;
};

}  // namespace tactus::ui
