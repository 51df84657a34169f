// The question: one line that grows to four with its text, then scrolls; Enter asks, Down offers questions. Right-to-left
// text runs so.
#pragma once

#include <QPlainTextEdit>
#include <QStringList>

class QCompleter;
class QStringListModel;

namespace tactus::ui {

class PromptEdit : public QPlainTextEdit {
  Q_OBJECT
 public:
  explicit PromptEdit(QWidget* parent = nullptr);
  static constexpr int kMostLines = 4;
  QString text() const { return toPlainText(); }
  void set_text(const QString& text);            // without `edited`
  // Offered while typing where they contain what is typed; all of them on Down.
  void set_suggestions(const QStringList& questions);
  QCompleter* completer() const { return completer_; }

 Q_SIGNALS:
  void edited(const QString& text);
  void asked();

 protected:
  void keyPressEvent(QKeyEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void insertFromMimeData(const QMimeData*) override;
  bool canInsertFromMimeData(const QMimeData*) const override;

 private:
  void fit_height();
  void offer(const QString& typed);
  QCompleter* completer_;
  QStringListModel* suggestions_;
  bool quiet_ = false;
};

}  // namespace tactus::ui
