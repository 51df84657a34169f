// One Studio for the tests of this program: the real window on the real pipeline, with settings and folders of its own.
// Its pictures go to screenshots/ of the build folder.
#pragma once

#include <QTemporaryDir>
#include <QWidget>
#include <functional>
#include <memory>

#include "tactus/ui/main_window.h"
#include "tactus/ui/models.h"

class QPushButton;

namespace tactus::test {

class Studio {
 public:
  Studio();
  ~Studio();
  ui::MainWindow* window() const { return window_.get(); }
  // The sample, unedited and analysed, in a window of the usual size with everything as at the start.
  void show_sample();
  QString folder() const { return folder_.path(); }
  // What the next start of the program finds; `crash`: without a clean exit before it.
  void restart(bool crash = false);

 private:
  void open_window();
  QTemporaryDir folder_;
  std::unique_ptr<ui::MainWindow> window_;
};

// What opens the models of every Studio of these tests; a suite sets them. Empty: the one without files alone.
ui::ModelServices& model_script();

Studio& studio();
void close_studio();

// Saves a picture of a widget, by default the window; false when it cannot be written.
bool shot(const char* name, QWidget* widget = nullptr);
// The visible button with this text under a widget; null: none.
QPushButton* button(QWidget* under, const QString& text);
// Press, moves and release of the left button through these points.
void drag(QWidget* widget, const std::vector<QPoint>& path, Qt::KeyboardModifiers modifiers = {});
// A wheel turn of `notches` at a point.
void wheel(QWidget* widget, const QPoint& at, int notches);
// Files dropped onto the window.
void drop(QWidget* window, const QStringList& files);
// Waits until no run is under way and none is about to start.
bool wait_idle(ui::MainWindow* window, int milliseconds = 60000);

}  // namespace tactus::test
