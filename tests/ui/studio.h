// One Studio for the tests of this program: the real window on the real pipeline, with settings and folders of its own.
// Its pictures go to screenshots/ of the build folder.
#pragma once

#include <QTemporaryDir>
#include <memory>

#include "tactus/ui/main_window.h"

namespace tactus::test {

class Studio {
 public:
  Studio();
  ~Studio();
  ui::MainWindow* window() const { return window_.get(); }
  // Opens the sample and waits for its analysis; at once when it is already there, unedited.
  void analyse_sample();
  QString folder() const { return folder_.path(); }
  // Closes and opens the window: what the next start of the program finds. `crash`: without a clean exit.
  void restart(bool crash = false);

 private:
  void open_window();
  QTemporaryDir folder_;
  std::unique_ptr<ui::MainWindow> window_;
};

Studio& studio();
// Saves a picture of a widget, by default the window; false when it cannot be written.
bool shot(const char* name, QWidget* widget = nullptr);
void close_studio();

}  // namespace tactus::test
