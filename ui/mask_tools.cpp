#include "tactus/ui/mask_tools.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace tactus::ui {

MaskTools::MaskTools(Document* document, PhotoCanvas* canvas, QWidget* parent)
    : QWidget(parent), document_(document), canvas_(canvas), finder_(new MaskFinder(this)), words_row_(new QWidget), state_row_(new QWidget),
      words_(new QLineEdit), state_(new QLabel), progress_(new QProgressBar), cancel_(new QPushButton(tr("Cancel"))), accept_(new QPushButton(tr("Accept"))),
      discard_(new QPushButton(tr("Discard"))), find_(new QPushButton(tr("Find"))) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  auto* words_row = new QHBoxLayout(words_row_);
  words_row->setContentsMargins(0, 0, 0, 0);
  words_row->setSpacing(8);
  words_->setPlaceholderText(tr("Find with words: the blue bicycle"));
  words_->setAccessibleName(tr("Find with words"));
  words_->setClearButtonEnabled(true);
  words_row->addWidget(words_, 1);
  words_row->addWidget(find_);
  column->addWidget(words_row_);
  auto* state_row = new QHBoxLayout(state_row_);
  state_row->setContentsMargins(0, 0, 0, 0);
  state_row->setSpacing(8);
  state_->setWordWrap(true);
  state_->setTextFormat(Qt::PlainText);
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setFixedWidth(80);
  progress_->setAccessibleName(tr("Reading the photograph"));
  accept_->setToolTip(tr("Take it as the mask (Enter)"));
  discard_->setToolTip(tr("Forget it (Esc); Backspace takes the last click back"));
  state_row->addWidget(state_, 1);
  for (QWidget* w : {static_cast<QWidget*>(progress_), static_cast<QWidget*>(cancel_), static_cast<QWidget*>(accept_), static_cast<QWidget*>(discard_)}) state_row->addWidget(w);
  for (auto* b : {cancel_, accept_, discard_, find_}) b->setAutoDefault(false);
  column->addWidget(state_row_);

  connect(find_, &QPushButton::clicked, this, &MaskTools::ask_words);
  connect(words_, &QLineEdit::returnPressed, this, &MaskTools::ask_words);
  connect(words_, &QLineEdit::textChanged, this, [this] { find_->setEnabled(!words_->text().trimmed().isEmpty()); });
  find_->setEnabled(false);
  connect(cancel_, &QPushButton::clicked, finder_, &MaskFinder::cancel);
  connect(accept_, &QPushButton::clicked, this, &MaskTools::accept);
  connect(discard_, &QPushButton::clicked, this, &MaskTools::discard);
  connect(canvas_, &PhotoCanvas::clicked, this, &MaskTools::add_click);
  connect(canvas_, &PhotoCanvas::candidate_accepted, this, &MaskTools::accept);
  connect(canvas_, &PhotoCanvas::candidate_discarded, this, &MaskTools::discard);
  connect(canvas_, &PhotoCanvas::click_taken_back, this, &MaskTools::take_back);
  connect(document_, &Document::replaced, this, [this] {
    finder_->set_photo(nullptr);
    clicks_.clear();
    box_.reset();
    found_.reset();
    show_candidate();
    set_tool(canvas_->tool());
  });
  connect(finder_, &MaskFinder::progressed, this, [this](double fraction, const QString& what) {
    progress_->setValue(static_cast<int>(1000 * fraction));
    say(tr("%1 …").arg(what));
  });
  connect(finder_, &MaskFinder::prepared, this, &MaskTools::show_row);
  connect(finder_, &MaskFinder::found, this, [this](const std::shared_ptr<const FoundMask>& found) {
    found_ = found;
    show_candidate();
  });
  connect(finder_, &MaskFinder::failed, this, [this](const QString& sentence) {
    discard();
    Q_EMIT failed(sentence);
  });
  connect(finder_, &MaskFinder::cancelled, this, &MaskTools::discard);
  words_row_->hide();
  state_row_->hide();
}

void MaskTools::set_segmenters(std::shared_ptr<contact::PhotoSegmenter> clicks, std::shared_ptr<contact::PhotoSegmenter> words) {
  finder_->set_segmenters(std::move(clicks), std::move(words));
  discard();
  Q_EMIT abilities_changed();
}

void MaskTools::set_tool(PhotoCanvas::Tool tool) {
  using Tool = PhotoCanvas::Tool;
  const bool marks = tool == Tool::box || tool == Tool::click, masks = marks || tool == Tool::brush || tool == Tool::erase;
  words_row_->setVisible(masks && takes_words() && !document_->inputs().photo.empty());
  if (marks && takes_clicks()) {
    take_photo();
    finder_->prepare();
  }
  if (!masks) discard();
  show_row();
}

// A copy, once a photograph: the network reads it on another thread.
void MaskTools::take_photo() {
  const auto& photo = document_->inputs().photo;
  if (!finder_->has_photo() && !photo.empty()) finder_->set_photo(std::make_shared<const ImageU8>(photo));
}

void MaskTools::add_click(const QPointF& p, bool inside) {
  if (!takes_clicks()) return;
  clicks_.push_back({p.x(), p.y(), inside});
  ask();
}

void MaskTools::take_box(const QRectF& r) {
  box_ = contact::PhotoBox{r.x(), r.y(), r.width(), r.height()};
  ask();
}

void MaskTools::take_back() {
  if (!clicks_.empty()) clicks_.pop_back();
  else box_.reset();
  if (clicks_.empty() && !box_) discard();
  else ask();
}

void MaskTools::ask() {
  take_photo();
  what_.clear();
  // The outline that is there stays until the next one comes.
  canvas_->show_candidate(clicks_, box_, found_ ? found_->overlay : QImage());
  finder_->ask(clicks_, box_);
  show_row();
}

void MaskTools::ask_words() {
  what_ = words_->text().trimmed();
  if (what_.isEmpty()) return;
  take_photo();
  clicks_.clear();
  box_.reset();
  found_.reset();
  canvas_->show_candidate({}, std::nullopt, {});
  finder_->ask(what_);
  show_row();
}

void MaskTools::accept() {
  if (!found_ || found_->mask.empty() || finder_->busy()) return;
  const bool object = canvas_->target() == PhotoCanvas::Target::object;
  const auto found = found_;
  const auto box = box_;
  discard();
  if (!found->mask.same_size(document_->inputs().photo.width, document_->inputs().photo.height)) return;
  document_->edit(object ? tr("Mask the object") : tr("Mask the person"), [&](pipeline::Inputs& in) {
    (object ? in.object_mask : in.human_mask) = found->mask;
    if (box) (object ? in.object_box : in.person_box) = pipeline::Box{box->x, box->y, box->width, box->height};
  });
}

void MaskTools::discard() {
  finder_->forget();
  clicks_.clear();
  box_.reset();
  found_.reset();
  what_.clear();
  show_candidate();
}

void MaskTools::show_candidate() {
  canvas_->show_candidate(clicks_, box_, found_ ? found_->overlay : QImage());
  show_row();
}

void MaskTools::show_row() {
  const bool busy = finder_->busy(), candidate = found_ && !found_->mask.empty();
  progress_->setVisible(busy);
  cancel_->setVisible(busy);
  accept_->setVisible(candidate && !busy);
  discard_->setVisible(!busy && (candidate || !clicks_.empty() || box_ || found_));
  if (busy) {
    if (state_row_->isHidden()) {
      progress_->setValue(0);
      say(tr("Outlining …"));
    }
    return;
  }
  if (candidate) {
    QString text = what_.isEmpty() ? tr("Outline found") : tr("“%1” found").arg(what_);
    if (found_->iou) text += tr(", quality %1").arg(*found_->iou, 0, 'f', 2);
    say(text);
  } else if (found_) {
    say(what_.isEmpty() ? tr("Nothing was found there; click elsewhere.") : tr("“%1” was not found: %2").arg(what_, found_->answer.isEmpty() ? tr("no answer") : found_->answer));
  } else if (canvas_->tool() == PhotoCanvas::Tool::click && takes_clicks()) {
    say(tr("Click on the thing; Alt or right click takes away, a drag draws a box."));
  } else {
    say({});
  }
}

void MaskTools::say(const QString& text) {
  state_->setText(text);
  state_row_->setVisible(!text.isEmpty());
}

QString MaskTools::text() const { return state_row_->isHidden() ? QString() : state_->text(); }

}  // namespace tactus::ui
