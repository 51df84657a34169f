#include "tactus/ui/load_job.h"

#include <QMetaObject>
#include <chrono>
#include <new>

namespace tactus::ui {

LoadJob::~LoadJob() {
  stop_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void LoadJob::start(Work work) {
  stop_ = std::stop_source();
  thread_ = std::thread([this, work = std::move(work), token = stop_.get_token()] {
    auto last = std::chrono::steady_clock::now() - std::chrono::seconds(1);
    const Progress progress(
        [&](double fraction, std::string_view, std::string_view message) {
          const auto now = std::chrono::steady_clock::now();
          if (fraction < 1.0 && now - last < std::chrono::milliseconds(40)) return;
          last = now;
          QMetaObject::invokeMethod(this, [this, fraction, m = QString::fromStdString(std::string(message))] { Q_EMIT progressed(fraction, m); }, Qt::QueuedConnection);
        },
        token);
    Outcome outcome;
    try {
      outcome.apply = work(progress);
      progress.check();   // a stop that came too late for the work is still one
    } catch (const Error& error) {
      outcome.stopped = error.kind() == ErrorKind::cancelled;
      outcome.error = QString::fromUtf8(error.what());
    } catch (const std::bad_alloc&) {
      outcome.error = tr("The memory does not hold it; choose a smaller precision.");
    } catch (const std::exception& error) {
      outcome.error = QString::fromUtf8(error.what());
    }
    QMetaObject::invokeMethod(this, [this, outcome] { finish(outcome); }, Qt::QueuedConnection);
  });
}

void LoadJob::finish(const Outcome& outcome) {
  thread_.join();
  if (outcome.stopped) {
    Q_EMIT cancelled();
  } else if (!outcome.error.isEmpty()) {
    Q_EMIT failed(outcome.error);
  } else {
    outcome.apply();
    Q_EMIT done();
  }
}

}  // namespace tactus::ui
