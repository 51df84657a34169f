#include "tactus/ui/mark_guesser.h"

#include <QFuture>
#include <QtConcurrent>

#include "tactus/error.h"
#include "tactus/ui/document.h"

namespace tactus::ui {

namespace {

constexpr int kPauseMs = 350;

}  // namespace

struct MarkGuesser::Look {
  std::shared_ptr<const contact::Perceiver> perceiver;
  ImageU8 photo;
  std::string category;
  pipeline::GuessWhat what;
  std::stop_source stop;
  QFuture<void> future;
  contact::Percept percept;
  QString error;
  bool cancelled = false;
};

MarkGuesser::MarkGuesser(Document* document, QObject* parent) : QObject(parent), document_(document) {
  timer_.setSingleShot(true);
  timer_.setInterval(kPauseMs);
  connect(&timer_, &QTimer::timeout, this, &MarkGuesser::start);
  connect(document, &Document::replaced, this, &MarkGuesser::replaced);
  connect(document, &Document::changed, this, &MarkGuesser::changed);
  connect(document, &Document::gesture_ended, this, &MarkGuesser::write);
}

MarkGuesser::~MarkGuesser() {
  if (!look_) return;
  look_->stop.request_stop();
  look_->future.waitForFinished();
}

void MarkGuesser::set_perceiver(std::shared_ptr<const contact::Perceiver> perceiver) { perceiver_ = std::move(perceiver); }
bool MarkGuesser::can_guess() const { return perceiver_ != nullptr && !document_->inputs().photo.empty(); }

void MarkGuesser::guess() {
  if (!can_guess()) return;
  what_ = {};
  start();
}

void MarkGuesser::cancel() {
  const bool was_busy = busy();
  timer_.stop();
  found_.reset();
  if (look_) look_->stop.request_stop();
  look_.reset();   // what it still says is not listened to
  what_ = {false, false};
  if (was_busy) Q_EMIT ended({});
}

void MarkGuesser::replaced() {
  cancel();
  category_ = pipeline::category_of(document_->inputs());
  if (can_guess() && pipeline::lacks_marks(document_->inputs())) guess();
}

// Another object is named: its mask is looked for, unless the user has made one.
void MarkGuesser::changed() {
  const auto& in = document_->inputs();
  if (!can_guess() || (in.object_mask && !in.guessed.object_mask)) return;
  const std::string category = pipeline::category_of(in);
  if (category == category_ || category.empty()) return;
  what_.object = true;
  timer_.start();
}

void MarkGuesser::start() {
  timer_.stop();
  if (!can_guess()) return;
  if (look_) {   // with another object; what it was to find is looked for again
    what_.person = what_.person || look_->what.person;
    what_.object = what_.object || look_->what.object;
    look_->stop.request_stop();
  }
  const auto look = std::make_shared<Look>();
  look->perceiver = perceiver_;
  look->photo = document_->inputs().photo;
  look->category = category_ = pipeline::category_of(document_->inputs());
  look->what = std::exchange(what_, {false, false});
  look_ = look;
  Q_EMIT began();
  look->future = QtConcurrent::run([look] {
    try {
      look->percept = look->perceiver->look(look->photo, look->category, Progress({}, look->stop.get_token()));
    } catch (const Error& error) {
      look->cancelled = error.kind() == ErrorKind::cancelled;
      look->error = QString::fromUtf8(error.what());
    } catch (const std::exception& error) {
      look->error = QString::fromUtf8(error.what());
    }
  });
  // Never from here, even if it has ended already: who listens to the document must hear of the photograph first.
  look->future.then(this, [this, look] { QMetaObject::invokeMethod(this, [this, look] { take(look); }, Qt::QueuedConnection); });
}

void MarkGuesser::take(const std::shared_ptr<Look>& look) {
  if (look != look_) return;   // of another photograph or object
  if (!look->error.isEmpty()) {
    look_.reset();
    if (look->cancelled) Q_EMIT ended({});
    else Q_EMIT failed(look->error);
    return;
  }
  found_ = look;
  if (!document_->in_gesture()) write();
}

void MarkGuesser::write() {
  if (!found_) return;
  const auto found = std::exchange(found_, nullptr);
  look_.reset();
  document_->guess(tr("Guess marks"), [&](pipeline::Inputs& in) { pipeline::add_guesses(in, found->percept, found->what); });
  const auto& in = document_->inputs();
  const QString guessed = QString::fromStdString(pipeline::guesses_in_words(in));
  QStringList missing;
  if (!in.keypoints && !in.given_body) missing << tr("a person");
  if (!in.object_mask && !category_.empty()) {
    const QString name = QString::fromStdString(category_);
    missing << (QStringLiteral("aeiou").contains(name[0]) ? tr("an %1") : tr("a %1")).arg(name);
  }
  QString sentence = guessed.isEmpty() ? QString() : tr("Guessed: %1. Drag or paint what is wrong.").arg(guessed);
  if (!missing.isEmpty()) sentence += (sentence.isEmpty() ? QString() : QStringLiteral(" ")) + tr("Not found: %1; mark it by hand.").arg(missing.join(tr(" and ")));
  Q_EMIT ended(sentence);
}

}  // namespace tactus::ui
