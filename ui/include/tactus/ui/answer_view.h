// What the model says, word by word while it says it, and the tokens it was made of.
#pragma once

#include <QWidget>
#include <memory>

#include "tactus/pipeline/analysis.h"

class QLabel;
class QScrollArea;

namespace tactus::ui {

class TokenTrace;

class AnswerView : public QWidget {
  Q_OBJECT
 public:
  explicit AnswerView(QWidget* parent = nullptr);
  void set_analysis(const std::shared_ptr<const pipeline::Analysis>& analysis);
  QString text() const;                          // as shown
  QString source() const;                        // which model answered, from whose marks
  TokenTrace* trace() const { return trace_; }

 Q_SIGNALS:
  // The side whose masks the token under the pointer made: 0 the body, 1 the object; -1: none.
  void side_pointed(int side);
  void side_chosen(int side);

 protected:
  void resizeEvent(QResizeEvent*) override;
  void changeEvent(QEvent*) override;

 private:
  void arrange();
  void show_tokens(const std::vector<contact::TokenRecord>& tokens, bool growing);
  QLabel *label_, *source_;
  QScrollArea* scroll_;
  TokenTrace* trace_;
  std::shared_ptr<const void> shown_;            // held, so that nothing new gets its address
};

}  // namespace tactus::ui
