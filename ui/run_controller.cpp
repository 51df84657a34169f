#include "tactus/ui/run_controller.h"

#include <QMetaObject>
#include <QPointer>
#include <chrono>
#include <condition_variable>
#include <thread>

#include "tactus/error.h"

namespace tactus::ui {

namespace {

struct Request {
  std::uint64_t id = 0;
  std::shared_ptr<const pipeline::Inputs> inputs;
  pipeline::Options options;
};

}  // namespace

struct RunController::Worker {
  RunController* controller;
  std::function<pipeline::Ports()> make_ports;
  std::mutex mutex;
  std::condition_variable wake;
  std::optional<Request> next;
  std::stop_source stop;
  bool ending = false;
  // The newest analysis not yet shown; the window fetches it when it gets round to it.
  std::shared_ptr<const pipeline::Analysis> pending;
  bool delivery_posted = false;
  std::unique_ptr<pipeline::Runner> runner;
  std::thread thread;

  template <typename Function>
  void post(Function function) {
    QMetaObject::invokeMethod(controller, std::move(function), Qt::QueuedConnection);
  }

  void offer(const pipeline::Analysis& analysis) {
    auto copy = std::make_shared<const pipeline::Analysis>(analysis);
    const std::scoped_lock lock(mutex);
    pending = std::move(copy);
    if (delivery_posted) return;
    delivery_posted = true;
    post([c = controller] { c->deliver(); });
  }

  void loop() {
    for (;;) {
      Request request;
      std::stop_token token;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return ending || next.has_value(); });
        if (ending) return;
        request = std::move(*next);
        next.reset();
        token = stop.get_token();
      }
      run(request, token);
    }
  }

  void run(const Request& request, const std::stop_token& token) {
    auto* c = controller;
    const auto id = request.id;
    std::string stage = "Setup";
    auto last = std::chrono::steady_clock::now() - std::chrono::seconds(1);
    const Progress progress(
        [&](double fraction, std::string_view name, std::string_view message) {
          const auto now = std::chrono::steady_clock::now();
          if (name == stage && now - last < std::chrono::milliseconds(40)) return;
          last = now;
          stage = name;
          post([c, id, fraction, s = QString::fromStdString(stage), m = QString::fromStdString(std::string(message))] {
            if (c->current_ == id) Q_EMIT c->progressed(fraction, s, m);
          });
        },
        token);
    const auto end = [&](auto notify) {
      post([c, id, notify] {
        if (c->current_ != id) return;   // a newer run took its place
        c->running_ = false;
        notify(c);
      });
    };
    try {
      if (!runner) {
        auto ports = make_ports();
        const auto description = QString::fromStdString(ports.predictor->description());
        post([c, description] { Q_EMIT c->model_described(description); });
        runner = std::make_unique<pipeline::Runner>(std::move(ports));
      }
      auto result = std::make_shared<const pipeline::Analysis>(
          runner->run(request.inputs, request.options, progress, [&](const pipeline::Analysis& a, pipeline::Stage) { offer(a); }));
      end([result](RunController* r) { Q_EMIT r->finished(result); });
    } catch (const Error& error) {
      const bool stopped = error.kind() == ErrorKind::cancelled;
      end([stopped, s = QString::fromStdString(stage), text = QString::fromStdString(error.what())](RunController* r) {
        if (stopped) Q_EMIT r->cancelled();
        else Q_EMIT r->failed(s, text);
      });
    } catch (const std::exception& error) {
      end([s = QString::fromStdString(stage), text = QString::fromUtf8(error.what())](RunController* r) { Q_EMIT r->failed(s, text); });
    }
  }
};

RunController::RunController(std::function<pipeline::Ports()> make_ports, QObject* parent)
    : QObject(parent), worker_(std::make_unique<Worker>()) {
  worker_->controller = this;
  worker_->make_ports = std::move(make_ports);
  worker_->thread = std::thread([this] { worker_->loop(); });
}

RunController::~RunController() {
  {
    const std::scoped_lock lock(worker_->mutex);
    worker_->ending = true;
    worker_->stop.request_stop();
  }
  worker_->wake.notify_all();
  worker_->thread.join();
}

void RunController::start(std::shared_ptr<const pipeline::Inputs> inputs, const pipeline::Options& options) {
  running_ = true;
  ++current_;
  {
    const std::scoped_lock lock(worker_->mutex);
    worker_->stop.request_stop();
    worker_->stop = std::stop_source();
    worker_->next = Request{current_, std::move(inputs), options};
  }
  worker_->wake.notify_all();
  Q_EMIT started();
}

void RunController::cancel() {
  const std::scoped_lock lock(worker_->mutex);
  worker_->stop.request_stop();
}

void RunController::deliver() {
  std::shared_ptr<const pipeline::Analysis> analysis;
  {
    const std::scoped_lock lock(worker_->mutex);
    analysis = std::move(worker_->pending);
    worker_->delivery_posted = false;
  }
  if (analysis && running_) Q_EMIT updated(analysis);
}

}  // namespace tactus::ui
