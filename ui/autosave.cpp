#include "tactus/ui/autosave.h"

#include <QDir>
#include <QFile>
#include <QTimer>
#include <QtConcurrent>
#include <mutex>

#include "tactus/io/project.h"
#include "tactus/ui/document.h"

namespace tactus::ui {

// Shared with writes under way: a save that comes late must not bring back what a clean exit removed.
struct Autosave::Writing {
  std::mutex mutex;
  std::uint64_t newest = 0;
};

Autosave::Autosave(Document* document, QString folder, QObject* parent)
    : QObject(parent), document_(document), folder_(std::move(folder)), lock_((QDir().mkpath(folder_), folder_ + QStringLiteral("/session.lock"))),
      timer_(new QTimer(this)), writing_(std::make_shared<Writing>()) {
  lock_.setStaleLockTime(0);   // a lock is stale when its program is gone, however old it is
  ours_ = lock_.tryLock(0);
  if (ours_ && QFile::exists(file())) {
    QFile::remove(set_aside());
    QFile::rename(file(), set_aside());
  }
  timer_->setSingleShot(true);
  timer_->setInterval(2000);
  connect(timer_, &QTimer::timeout, this, &Autosave::save);
  connect(document, &Document::changed, this, [this] {
    // Whether there is anything unsaved is known after the change, when the timer fires.
    if (ours_ && !document_->inputs().photo.empty()) timer_->start();
  });
}

Autosave::~Autosave() = default;

QString Autosave::file() const { return folder_ + QStringLiteral("/autosave.tactus"); }
QString Autosave::set_aside() const { return folder_ + QStringLiteral("/recovered.tactus"); }

QString Autosave::recoverable() const { return ours_ && QFile::exists(set_aside()) ? set_aside() : QString(); }

void Autosave::discard_recoverable() {
  if (ours_) QFile::remove(set_aside());
}

void Autosave::adopt_recoverable() {
  if (!ours_) return;
  QFile::remove(file());
  QFile::rename(set_aside(), file());
}

void Autosave::save() {
  if (!ours_ || document_->inputs().photo.empty() || !document_->unsaved()) return;
  std::uint64_t serial = 0;
  {
    const std::scoped_lock lock(writing_->mutex);
    serial = ++writing_->newest;
  }
  // Errors are not shown: the disk may be full, and the user is in the middle of something.
  std::ignore = QtConcurrent::run([writing = writing_, serial, in = document_->snapshot(), options = document_->options(), path = file().toStdString()] {
    const std::scoped_lock lock(writing->mutex);
    if (serial != writing->newest) return;
    try {
      io::write_project(path, *in, options);
    } catch (const std::exception&) {
    }
  });
}

void Autosave::save_now() {
  if (!ours_ || document_->inputs().photo.empty()) return;
  const std::scoped_lock lock(writing_->mutex);
  ++writing_->newest;
  io::write_project(file().toStdString(), document_->inputs(), document_->options());
}

void Autosave::saved_by_user() {
  if (!ours_) return;
  timer_->stop();
  const std::scoped_lock lock(writing_->mutex);
  ++writing_->newest;
  QFile::remove(file());
}

void Autosave::clean_exit() {
  if (!ours_) return;
  saved_by_user();
  lock_.unlock();
  ours_ = false;
}

}  // namespace tactus::ui
