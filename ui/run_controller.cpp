#include "tactus/ui/run_controller.h"

#include <QMetaObject>
#include <QPointer>
#include <chrono>
#include <condition_variable>
#include <thread>

#include "tactus/error.h"
#include "tactus/pipeline/preview.h"

namespace tactus::ui {

namespace {

struct Request {
  std::uint64_t id = 0;
  std::shared_ptr<const pipeline::Inputs> inputs;
  pipeline::Options options;
  std::shared_ptr<const pipeline::Analysis> known;   // to preview from; null: no preview
  bool full = true;
  std::shared_ptr<const contact::ContactPredictor> predictor = {};   // null: the one of the ports
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
  std::shared_ptr<const contact::ContactPredictor> swap;   // another model, while nothing runs
  // The newest analysis not yet shown; the window fetches it when it gets round to it.
  std::shared_ptr<const pipeline::Analysis> pending;
  bool delivery_posted = false;
  std::unique_ptr<pipeline::Runner> runner;
  pipeline::Ports ports;
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
        wake.wait(lock, [this] { return ending || next.has_value() || swap; });
        if (ending) return;
        if (swap && runner) runner->set_predictor(swap);
        swap.reset();
        if (!next) continue;
        request = std::move(*next);
        next.reset();
        token = stop.get_token();
      }
      run(request, token);
    }
  }

  // A preview alone is not stopped by the next one: while a joint is dragged each drawn preview counts, and only the
  // newest waits. What is wrong with the marks is said by the full run.
  void preview(const Request& request, const std::stop_token& token) {
    auto* c = controller;
    std::shared_ptr<const pipeline::Analysis> quick;
    try {
      quick = std::make_shared<const pipeline::Analysis>(pipeline::preview(ports, *request.known, request.inputs, {}, Progress({}, token)));
    } catch (const std::exception&) {
    }
    post([c, id = request.id, quick, full = request.full] {
      if (!full) --c->previews_;
      if (quick) Q_EMIT c->previewed(quick, c->current_ == id);
    });
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
        ports = make_ports();
        const auto name = QString::fromStdString(ports.predictor->name()), description = QString::fromStdString(ports.predictor->description());
        post([c, name, description, p = std::make_shared<const pipeline::Ports>(ports)] {
          c->ports_ = p;
          Q_EMIT c->model_described(name, description);
        });
        runner = std::make_unique<pipeline::Runner>(ports);
      }
      if (request.known) preview(request, request.full ? token : std::stop_token());
      if (!request.full) return;
      if (request.predictor) runner->set_predictor(request.predictor);
      auto result = std::make_shared<const pipeline::Analysis>(
          runner->run(request.inputs, request.options, progress, [&](const pipeline::Analysis& a, pipeline::Stage) { offer(a); }));
      end([result](RunController* r) { Q_EMIT r->finished(result); });
    } catch (const std::exception& error) {
      if (!request.full) return;   // the full run will say what is wrong
      const auto* ours = dynamic_cast<const Error*>(&error);
      const bool stopped = ours != nullptr && ours->kind() == ErrorKind::cancelled;
      end([stopped, s = QString::fromStdString(stage), text = QString::fromUtf8(error.what())](RunController* r) {
        if (stopped) Q_EMIT r->cancelled();
        else Q_EMIT r->failed(s, text);
      });
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

void RunController::set_predictor(std::shared_ptr<const contact::ContactPredictor> predictor) {
  predictor_ = std::move(predictor);
  {
    const std::scoped_lock lock(worker_->mutex);
    worker_->swap = predictor_;
  }
  worker_->wake.notify_all();
}

void RunController::preview(std::shared_ptr<const pipeline::Inputs> inputs, std::shared_ptr<const pipeline::Analysis> known) {
  const bool was_running = running_;
  {
    const std::scoped_lock lock(worker_->mutex);
    // Takes the place of a waiting preview and of a run under way.
    if (!worker_->next || worker_->next->full) ++previews_;
    if (was_running) {
      worker_->stop.request_stop();
      worker_->stop = std::stop_source();
      ++current_;
      running_ = false;
    }
    worker_->next = Request{current_, std::move(inputs), {}, std::move(known), false};
  }
  worker_->wake.notify_all();
  if (was_running) Q_EMIT cancelled();
}

void RunController::start(std::shared_ptr<const pipeline::Inputs> inputs, const pipeline::Options& options, std::shared_ptr<const pipeline::Analysis> known) {
  running_ = true;
  ++current_;
  {
    const std::scoped_lock lock(worker_->mutex);
    worker_->stop.request_stop();
    worker_->stop = std::stop_source();
    if (worker_->next && !worker_->next->full) --previews_;
    worker_->next = Request{current_, std::move(inputs), options, std::move(known), true, predictor_};
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
