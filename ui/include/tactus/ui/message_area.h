// Messages in the window instead of boxes over it: errors stay until read and can be copied, questions carry their
// answers as buttons.
#pragma once

#include <QString>
#include <QWidget>
#include <functional>
#include <map>
#include <vector>

class QFrame;
class QVBoxLayout;

namespace tactus::ui {

class MessageArea : public QWidget {
  Q_OBJECT
 public:
  enum class Kind { error, notice, question };
  struct Action {
    QString text;
    std::function<void()> chosen;      // the message goes away afterwards
  };
  explicit MessageArea(QWidget* parent = nullptr);
  // A message with the same id takes the place of the earlier one. Errors get Copy; all but questions get Dismiss.
  void show_message(const QString& id, Kind kind, const QString& text, const std::vector<Action>& actions = {});
  void dismiss(const QString& id);
  QString text(const QString& id) const;     // empty when it is not shown

 private:
  struct Entry {
    QFrame* frame;
    QString text;
  };
  QVBoxLayout* column_;
  std::map<QString, Entry> entries_;
};

}  // namespace tactus::ui
