#include "tactus/ui/answer_view.h"

#include <QEvent>
#include <QLabel>
#include <QScrollArea>
#include <QScrollBar>
#include <QVBoxLayout>
#include <algorithm>

#include "tactus/ui/token_trace.h"

namespace tactus::ui {

using pipeline::Stage;
using pipeline::StageState;

namespace {

constexpr int kMostTraceHeight = 112;

// Words that no line holds may be broken.
QString breakable(const QString& text) {
  QString result;
  int run = 0;
  for (const QChar c : text) {
    run = c.isSpace() ? 0 : run + 1;
    result += c;
    if (run > 0 && run % 24 == 0) result += QChar(0x200b);
  }
  return result;
}

// Which model answered, from whose marks.
QString source_of(const pipeline::Analysis& analysis) {
  const QString model = QString::fromStdString(analysis.prediction->model);
  if (!analysis.prediction->from_marks) return AnswerView::tr("Answered by %1").arg(model);
  const auto& in = *analysis.inputs;
  if (!in.guessed.any()) return AnswerView::tr("Answered by %1, from your marks").arg(model);
  const int joints = in.keypoints ? static_cast<int>(std::count_if(in.keypoints->begin(), in.keypoints->end(), [](const auto& k) { return k.visibility != body::Visibility::unknown; })) : 0;
  const bool all = in.guessed.joint_count() == joints && in.guessed.object_mask && !in.given_body;
  return (all ? AnswerView::tr("Answered by %1, from guessed marks") : AnswerView::tr("Answered by %1, from your marks and guesses")).arg(model);
}

}  // namespace

AnswerView::AnswerView(QWidget* parent) : QWidget(parent), label_(new QLabel), source_(new QLabel), scroll_(new QScrollArea), trace_(new TokenTrace) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  label_->setWordWrap(true);
  label_->setTextFormat(Qt::PlainText);
  label_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  label_->setAccessibleName(tr("Answer"));
  column->addWidget(label_);
  source_->setWordWrap(true);
  source_->setTextFormat(Qt::PlainText);
  source_->setObjectName(QStringLiteral("quiet"));
  source_->hide();
  column->addWidget(source_);
  scroll_->setWidget(trace_);
  scroll_->setFrameShape(QFrame::NoFrame);
  scroll_->setFocusPolicy(Qt::NoFocus);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->hide();
  column->addWidget(scroll_);
  connect(trace_, &TokenTrace::moved, this, [this](const QRect& chip) { scroll_->ensureVisible(chip.center().x(), chip.center().y(), 0, chip.height()); });
  const auto side = [this](int token) {
    if (token < 0) return -1;
    const auto& record = trace_->tokens()[static_cast<std::size_t>(token)];
    return !record.makes_mask ? -1 : record.about_object ? 1 : 0;
  };
  connect(trace_, &TokenTrace::pointed, this, [this, side](int token) { Q_EMIT side_pointed(side(token)); });
  connect(trace_, &TokenTrace::chosen, this, [this, side](int token) {
    if (side(token) >= 0) Q_EMIT side_chosen(side(token));
  });
  set_analysis(nullptr);
}

QString AnswerView::source() const { return source_->isHidden() ? QString() : source_->text(); }
QString AnswerView::text() const { return QString(label_->text()).remove(QChar(0x200b)); }

void AnswerView::set_analysis(const std::shared_ptr<const pipeline::Analysis>& analysis) {
  const auto growing = analysis ? analysis->tokens_so_far : nullptr;
  const auto prediction = analysis ? analysis->prediction : nullptr;
  // The same answer may stand on other marks after an edit.
  const bool answered = growing == nullptr && prediction != nullptr;
  if (answered) source_->setText(breakable(source_of(*analysis)));
  source_->setVisible(answered);
  if (growing != nullptr) {
    if (growing == shown_) return;
    shown_ = growing;
    label_->setText(breakable(text_of(*growing)) + QStringLiteral("\u2009\u258c"));   // a caret where the next word comes
    show_tokens(*growing, true);
  } else if (prediction != nullptr) {
    if (prediction == shown_) return;
    shown_ = prediction;
    label_->setText(breakable(QString::fromStdString(prediction->answer)));
    show_tokens(prediction->tokens, false);
  } else {
    shown_.reset();
    const bool asked = analysis && analysis->report(Stage::predict).state == StageState::running;
    label_->setText(asked ? QStringLiteral("…") : tr("It comes with the masks."));
    show_tokens({}, false);
  }
}

// As wide as the panel, as high as its lines up to some, with a bar from there on.
void AnswerView::arrange() {
  int wide = width();
  const bool scrolls = trace_->height_for(wide) > kMostTraceHeight;
  if (scrolls) wide -= scroll_->verticalScrollBar()->sizeHint().width() + 2;
  scroll_->setVerticalScrollBarPolicy(scrolls ? Qt::ScrollBarAlwaysOn : Qt::ScrollBarAlwaysOff);
  const int high = trace_->height_for(wide);
  trace_->resize(wide, high);
  scroll_->setFixedHeight(std::min(high, kMostTraceHeight));
}

void AnswerView::resizeEvent(QResizeEvent*) { arrange(); }
void AnswerView::changeEvent(QEvent* e) {
  if (e->type() == QEvent::FontChange || e->type() == QEvent::StyleChange) arrange();
  QWidget::changeEvent(e);
}

void AnswerView::show_tokens(const std::vector<contact::TokenRecord>& tokens, bool growing) {
  trace_->set_tokens(tokens);
  arrange();
  scroll_->setVisible(!tokens.empty());
  if (growing) scroll_->verticalScrollBar()->setValue(scroll_->verticalScrollBar()->maximum());
}

}  // namespace tactus::ui
