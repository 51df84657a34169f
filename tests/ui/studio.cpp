#include "studio.h"

#include <QApplication>
#include <QDir>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>

#include "tactus/app/ports.h"
#include "tactus/ui/document.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/theme.h"

namespace tactus::test {

namespace {
std::unique_ptr<Studio>& instance() {
  static std::unique_ptr<Studio> studio;
  return studio;
}
}  // namespace

Studio::Studio() {
  QStandardPaths::setTestModeEnabled(true);
  QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder_.path());
  qApp->setProperty("tactus_test", true);
  ui::apply_theme(*qApp, true);
  qputenv("TACTUS_DATA", TACTUS_BINARY_DIR "/share/tactus");
  open_window();
}

Studio::~Studio() = default;

void Studio::open_window() {
  ui::MainWindow::Services services;
  services.make_ports = [] { return app::make_ports(); };
  services.make_sample = [](const std::string& name) { return app::sample_inputs(name); };
  services.samples = app::sample_names();
  services.version = "test";
  services.autosave_folder = folder_.filePath(QStringLiteral("autosave")).toStdString();
  window_ = std::make_unique<ui::MainWindow>(services);
  window_->resize(1500, 920);
  window_->show();
  if (!QTest::qWaitForWindowExposed(window_.get())) qFatal("the window does not show");
}

void Studio::restart(bool crash) {
  if (!crash) window_->close();
  window_.reset();
  open_window();
}

void Studio::analyse_sample() {
  QSignalSpy shown(window_.get(), &ui::MainWindow::analysis_shown);
  window_->open_sample();
  if (!shown.wait(120000)) qFatal("the sample was not analysed: %s", qPrintable(window_->status_text()));
}

Studio& studio() {
  if (!instance()) instance() = std::make_unique<Studio>();
  return *instance();
}

void close_studio() { instance().reset(); }

bool shot(const char* name, QWidget* widget) {
  QTest::qWait(120);
  const QString folder = QStringLiteral(TACTUS_BINARY_DIR "/screenshots");
  QDir().mkpath(folder);
  return (widget != nullptr ? widget : studio().window())->grab().save(folder + QLatin1Char('/') + QLatin1String(name));
}

}  // namespace tactus::test
