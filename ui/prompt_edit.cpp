#include "tactus/ui/prompt_edit.h"

#include <QAbstractItemView>
#include <QCompleter>
#include <QKeyEvent>
#include <QMimeData>
#include <QStringListModel>
#include <QTextBlock>
#include <QTextDocument>
#include <QTextLayout>
#include <algorithm>
#include <cmath>

namespace tactus::ui {

PromptEdit::PromptEdit(QWidget* parent) : QPlainTextEdit(parent), completer_(new QCompleter(this)), suggestions_(new QStringListModel(this)) {
  completer_->setModel(suggestions_);
  completer_->setWidget(this);
  completer_->setCaseSensitivity(Qt::CaseInsensitive);
  completer_->setFilterMode(Qt::MatchContains);
  completer_->setMaxVisibleItems(6);
  connect(completer_, qOverload<const QString&>(&QCompleter::activated), this, [this](const QString& question) {
    setPlainText(question);
    moveCursor(QTextCursor::End);
  });
  setTabChangesFocus(true);
  setLineWrapMode(WidgetWidth);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  document()->setDocumentMargin(3);
  connect(this, &QPlainTextEdit::textChanged, this, [this] {
    fit_height();
    if (quiet_) return;
    Q_EMIT edited(toPlainText());
  });
  fit_height();
}

void PromptEdit::set_text(const QString& text) {
  quiet_ = true;
  setPlainText(text);
  quiet_ = false;
}

void PromptEdit::set_suggestions(const QStringList& questions) {
  if (questions != suggestions_->stringList()) suggestions_->setStringList(questions);
}

void PromptEdit::offer(const QString& typed) {
  completer_->setCompletionPrefix(typed);
  const int count = completer_->completionCount();
  if (count == 0 || (count == 1 && completer_->currentCompletion() == typed)) {
    completer_->popup()->hide();
    return;
  }
  completer_->complete();
}

void PromptEdit::fit_height() {
  int lines = 0;
  for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) lines += std::max(1, block.layout()->lineCount());
  lines = std::clamp(lines, 1, kMostLines + 1);
  setVerticalScrollBarPolicy(lines > kMostLines ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
  const int height = static_cast<int>(std::ceil(fontMetrics().lineSpacing() * std::min(lines, kMostLines) + 2 * document()->documentMargin())) + 2 * frameWidth() + 2;
  if (height != this->height() || height != minimumHeight()) setFixedHeight(height);
}

void PromptEdit::resizeEvent(QResizeEvent* e) {
  QPlainTextEdit::resizeEvent(e);
  fit_height();
}

void PromptEdit::keyPressEvent(QKeyEvent* e) {
  const bool offering = completer_->popup()->isVisible();
  switch (e->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (offering && completer_->popup()->currentIndex().isValid()) {
        e->ignore();   // the list takes it
        return;
      }
      completer_->popup()->hide();
      Q_EMIT asked();
      return;
    case Qt::Key_Escape:
    case Qt::Key_Tab:
      if (offering) {
        e->ignore();
        return;
      }
      break;
    case Qt::Key_Down:
      // On the last line there is nothing below to go to.
      if (!offering && textCursor().block() == document()->lastBlock()) {
        offer({});
        return;
      }
      break;
    default: break;
  }
  QPlainTextEdit::keyPressEvent(e);
  const bool typed = !e->text().isEmpty() && e->text().at(0).isPrint();
  if (typed && toPlainText().size() >= 2 && textCursor().atEnd()) offer(toPlainText());
  else if (offering && !typed) offer(toPlainText());
}

// A question is one paragraph: pasted lines are joined. Files are the window's to open.
void PromptEdit::insertFromMimeData(const QMimeData* data) { textCursor().insertText(data->text().simplified()); }
bool PromptEdit::canInsertFromMimeData(const QMimeData* data) const { return data->hasText() && !data->hasUrls(); }

}  // namespace tactus::ui
