// What to do when nothing is open: three lines and the samples.
#pragma once

#include <QWidget>
#include <functional>
#include <string>
#include <vector>

namespace tactus::ui {

class Welcome : public QWidget {
  Q_OBJECT
 public:
  explicit Welcome(const std::vector<std::string>& samples, QWidget* parent = nullptr);

 Q_SIGNALS:
  void open_requested();
  void sample_requested(const QString& name);
};

}  // namespace tactus::ui
