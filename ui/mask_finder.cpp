#include "tactus/ui/mask_finder.h"

#include <QMetaObject>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace tactus::ui {

namespace {

constexpr QRgb kInside = 0x66266b66, kEdge = 0xff7ffff0;   // premultiplied

QImage overlay_of(const ImageU8& mask) {
  QImage image(mask.width, mask.height, QImage::Format_ARGB32_Premultiplied);
  // The outline must show where a large photograph is drawn small.
  const int reach = std::max(1, std::max(mask.width, mask.height) / 320);
  for (int row = 0; row < mask.height; ++row) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
    for (int c = 0; c < mask.width; ++c) {
      if (mask.at(c, row) == 0) {
        line[c] = 0;
        continue;
      }
      const bool edge = c < reach || row < reach || c + reach >= mask.width || row + reach >= mask.height || mask.at(c - reach, row) == 0 ||
                        mask.at(c + reach, row) == 0 || mask.at(c, row - reach) == 0 || mask.at(c, row + reach) == 0;
      line[c] = edge ? kEdge : kInside;
    }
  }
  return image;
}

}  // namespace

struct MaskFinder::Request {
  std::uint64_t id = 0;
  std::shared_ptr<contact::PhotoSegmenter> segmenter;
  std::shared_ptr<const ImageU8> photo;
  std::vector<contact::PhotoClick> clicks;
  std::optional<contact::PhotoBox> box;
  std::string words;                     // neither marks nor words: the photograph is read alone
};

struct MaskFinder::Worker {
  MaskFinder* finder;
  std::mutex mutex;
  std::condition_variable wake;
  std::optional<Request> next;
  std::stop_source stop;
  bool ending = false;
  // What each network has read; the photographs are held, so that no other gets their address.
  std::map<std::shared_ptr<contact::PhotoSegmenter>, std::shared_ptr<const ImageU8>> read;
  std::thread thread;

  template <typename Function>
  void post(std::uint64_t id, Function function) {
    QMetaObject::invokeMethod(finder, [f = finder, id, function] {
      if (f->asked_ == id) function(f);
    }, Qt::QueuedConnection);
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
      serve(request, token);
    }
  }

  void serve(const Request& request, const std::stop_token& token) {
    const auto id = request.id;
    // Networks that went away are let go of.
    std::erase_if(read, [&](const auto& entry) { return entry.first != request.segmenter && entry.first.use_count() == 1; });
    if (!request.segmenter) return;
    auto last = std::chrono::steady_clock::now() - std::chrono::seconds(1);
    const auto progress = [&](const QString& what) {
      return Progress(
          [this, &last, what](double fraction, std::string_view, std::string_view) {
            const auto now = std::chrono::steady_clock::now();
            if (now - last < std::chrono::milliseconds(40)) return;
            last = now;
            // Later requests wait for the same reading: they are told, too.
            QMetaObject::invokeMethod(finder, [f = finder, fraction, what] {
              if (f->busy()) Q_EMIT f->progressed(fraction, what);
            }, Qt::QueuedConnection);
          },
          token);
    };
    try {
      auto& had = read[request.segmenter];
      if (had != request.photo) {
        had.reset();
        const auto reading = progress(MaskFinder::tr("Reading the photograph, once"));
        reading.report(0.0);
        request.segmenter->set_photo(*request.photo, reading);
        had = request.photo;
      }
      if (request.clicks.empty() && !request.box && request.words.empty()) {
        post(id, [id](MaskFinder* f) {
          f->answered_ = id;
          Q_EMIT f->prepared();
        });
        return;
      }
      const auto answer = request.words.empty() ? request.segmenter->segment(request.clicks, request.box)
                                                : request.segmenter->segment(request.words, progress(MaskFinder::tr("Looking for “%1”").arg(QString::fromStdString(request.words))));
      auto found = std::make_shared<FoundMask>();
      found->iou = answer.iou;
      found->answer = QString::fromStdString(answer.answer);
      bool any = false;
      ImageU8 mask(answer.logits.width, answer.logits.height);
      for (std::size_t i = 0; i < mask.data.size(); ++i) {
        mask.data[i] = answer.logits.data[i] > 0.0F ? 255 : 0;
        any = any || mask.data[i] != 0;
      }
      if (any) {
        found->overlay = overlay_of(mask);
        found->mask = std::move(mask);
      }
      post(id, [id, found = std::shared_ptr<const FoundMask>(found)](MaskFinder* f) {
        f->answered_ = id;
        Q_EMIT f->found(found);
      });
    } catch (const std::exception& error) {
      const auto* ours = dynamic_cast<const Error*>(&error);
      const bool stopped = ours != nullptr && ours->kind() == ErrorKind::cancelled;
      post(id, [id, stopped, text = QString::fromUtf8(error.what())](MaskFinder* f) {
        f->answered_ = id;
        if (stopped) Q_EMIT f->cancelled();
        else Q_EMIT f->failed(text);
      });
    }
  }
};

MaskFinder::MaskFinder(QObject* parent) : QObject(parent), worker_(std::make_unique<Worker>()) {
  worker_->finder = this;
  worker_->thread = std::thread([this] { worker_->loop(); });
}

MaskFinder::~MaskFinder() {
  {
    const std::scoped_lock lock(worker_->mutex);
    worker_->ending = true;
    worker_->stop.request_stop();
  }
  worker_->wake.notify_all();
  worker_->thread.join();
}

void MaskFinder::set_segmenters(std::shared_ptr<contact::PhotoSegmenter> clicks, std::shared_ptr<contact::PhotoSegmenter> words) {
  if (clicks == clicks_ && words == words_) return;
  clicks_ = std::move(clicks);
  words_ = std::move(words);
  send({}, true);
  answered_ = asked_;
}

void MaskFinder::set_photo(std::shared_ptr<const ImageU8> photo) {
  photo_ = std::move(photo);
  send({}, true);
  answered_ = asked_;
}

void MaskFinder::prepare() {
  if (!clicks_ || !photo_ || busy()) return;
  send({0, clicks_, photo_, {}, std::nullopt, {}}, false);
}

void MaskFinder::ask(const std::vector<contact::PhotoClick>& clicks, const std::optional<contact::PhotoBox>& box) {
  if (!clicks_ || !photo_) return;
  send({0, clicks_, photo_, clicks, box, {}}, std::exchange(asking_words_, false));
}

void MaskFinder::ask(const QString& words) {
  if (!words_ || !photo_) return;
  asking_words_ = true;
  send({0, words_, photo_, {}, std::nullopt, words.toStdString()}, true);
}

void MaskFinder::forget() {
  answered_ = ++asked_;
  asking_words_ = false;
}

void MaskFinder::cancel() {
  const std::scoped_lock lock(worker_->mutex);
  worker_->stop.request_stop();
}

void MaskFinder::send(Request request, bool stop_current) {
  request.id = ++asked_;
  {
    const std::scoped_lock lock(worker_->mutex);
    // A stop that was asked for belongs to what came before.
    if (stop_current) worker_->stop.request_stop();
    if (worker_->stop.stop_requested()) worker_->stop = std::stop_source();
    worker_->next = std::move(request);
  }
  worker_->wake.notify_all();
}

}  // namespace tactus::ui
