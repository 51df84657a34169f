#include "tactus/ui/prompt_edit.h"

#include <QKeyEvent>
#include <QMimeData>
#include <QTextBlock>
#include <QTextDocument>
#include <QTextLayout>
#include <algorithm>
#include <cmath>

namespace tactus::ui {

PromptEdit::PromptEdit(QWidget* parent) : QPlainTextEdit(parent) {
  setTabChangesFocus(true);
  setLineWrapMode(WidgetWidth);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  document()->setDocumentMargin(3);
  connect(this, &QPlainTextEdit::textChanged, this, [this] {
    fit_height();
    if (!quiet_) Q_EMIT edited(toPlainText());
  });
  fit_height();
}

void PromptEdit::set_text(const QString& text) {
  quiet_ = true;
  setPlainText(text);
  quiet_ = false;
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
  if (e->key() == Qt::Key_Return || e->key() == Qt::Key_Enter) {
    Q_EMIT asked();
    return;
  }
  QPlainTextEdit::keyPressEvent(e);
}

// A question is one paragraph: pasted lines are joined. Files are the window's to open.
void PromptEdit::insertFromMimeData(const QMimeData* data) { textCursor().insertText(data->text().simplified()); }
bool PromptEdit::canInsertFromMimeData(const QMimeData* data) const { return data->hasText() && !data->hasUrls(); }

}  // namespace tactus::ui
