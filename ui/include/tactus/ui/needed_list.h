// What an analysis still needs, one button each.
#pragma once

#include <QString>
#include <QWidget>
#include <vector>

class QLabel;
class QVBoxLayout;

namespace tactus::ui {

class NeededList : public QWidget {
  Q_OBJECT
 public:
  enum class Need { joints, object_mask, question, object };
  struct Item {
    Need need;
    QString text;      // of the button
    QString why;       // its tooltip
  };
  explicit NeededList(QWidget* parent = nullptr);
  // Hides itself when there is nothing.
  void set_items(const QString& heading, const std::vector<Item>& items);
  QString text() const;    // heading and buttons, as shown; empty: nothing

 Q_SIGNALS:
  void chosen(tactus::ui::NeededList::Need need);

 private:
  QLabel* heading_;
  QVBoxLayout* column_;
  std::vector<QWidget*> buttons_;
  std::vector<Item> items_;
};

}  // namespace tactus::ui
