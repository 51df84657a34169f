// The tokens of an answer as chips: text, a bar for the probability, those that made masks in the colour of their side.
#pragma once

#include <QWidget>
#include <vector>

#include "tactus/contact/predictor.h"

namespace tactus::ui {

class TokenTrace : public QWidget {
  Q_OBJECT
 public:
  explicit TokenTrace(QWidget* parent = nullptr);
  void set_tokens(const std::vector<contact::TokenRecord>& tokens);
  const std::vector<contact::TokenRecord>& tokens() const { return tokens_; }
  int current() const { return current_; }         // by keyboard; -1: none
  QRect chip(int token) const { return layout_.chips.at(static_cast<std::size_t>(token)).rect; }
  int height_for(int width) const { return lay_out(width).height; }
  static QString description(const contact::TokenRecord& token);   // "“hand”, 97 %"
  QSize sizeHint() const override { return {200, layout_.height}; }

 Q_SIGNALS:
  void pointed(int token);                         // by mouse or keyboard; -1: at none any more
  void chosen(int token);                          // clicked, or Enter
  void moved(const QRect& chip);                   // the keyboard went there

 protected:
  bool event(QEvent*) override;
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void changeEvent(QEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;
  void focusInEvent(QFocusEvent*) override;
  void focusOutEvent(QFocusEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  struct Chip {
    QRect rect;
    QString text;
  };
  struct Layout {
    std::vector<Chip> chips;
    std::vector<Chip> captions;                    // "Body", "Object", where both were asked
    int height = 0;
  };
  Layout lay_out(int width) const;
  void arrange();
  int token_at(const QPoint& at) const;
  void point_at(int token);
  void move_to(int token);
  std::vector<contact::TokenRecord> tokens_;
  Layout layout_;
  int current_ = -1, hovered_ = -1, pointed_ = -1;
};

// What the tokens say together: SentencePiece's marks turned into blanks, bytes into letters, no closing token.
QString text_of(const std::vector<contact::TokenRecord>& tokens);

}  // namespace tactus::ui
