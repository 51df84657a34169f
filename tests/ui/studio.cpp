#include "studio.h"

#include <QApplication>
#include <QDir>
#include <QDragEnterEvent>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>
#include <QUrl>
#include <QWheelEvent>

#include "tactus/app/ports.h"
#include "tactus/ui/document.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/theme.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/viewport_panel.h"

namespace tactus::test {

namespace {

std::unique_ptr<Studio>& instance() {
  static std::unique_ptr<Studio> studio;
  return studio;
}

// The whole chain, with fewer iterations than a user gets: the window is tested here, not the method.
pipeline::Options quick_options() {
  pipeline::Options o;
  o.view_size = 256;
  o.align.starts = 8;
  o.align.kept_starts = 2;
  o.fit.max_iterations = 30;
  return o;
}

}  // namespace

Studio::Studio() {
  QStandardPaths::setTestModeEnabled(true);
  QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder_.path());
  QApplication::setOrganizationName(QStringLiteral("Tactus"));
  QApplication::setApplicationName(QStringLiteral("Tactus tests"));
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
  services.options = quick_options();
  services.models.open_model = [](const ui::ModelChoice& choice, const Progress& progress) {
    if (!choice.is_folder()) return ui::OpenedModel{app::built_in_model(choice.model, app::make_ports().body_model), nullptr, {}, {}, 0};
    return model_script().open_model(choice, progress);
  };
  services.models.open_segmenter = [](const std::string& file, const Progress& progress) { return model_script().open_segmenter(file, progress); };
  services.models.inspect = [](const ui::ModelChoice& choice) { return model_script().inspect(choice); };
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

void Studio::show_sample() {
  window_->resize(1500, 920);
  window_->set_dark(true);
  window_->viewport_panel()->set_tool(ui::Viewport::Tool::navigate);
  QSignalSpy shown(window_.get(), &ui::MainWindow::analysis_shown);
  window_->open_sample();
  if (!shown.wait(120000)) qFatal("the sample was not analysed: %s", qPrintable(window_->status_text()));
  window_->viewport()->set_view(scene::NamedView::front);
  // Shortcuts are the active window's.
  window_->activateWindow();
  if (!QTest::qWaitForWindowActive(window_.get())) qWarning("the window is not active");
}

ui::ModelServices& model_script() {
  static ui::ModelServices script;
  return script;
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

QPushButton* button(QWidget* under, const QString& text) {
  for (auto* b : under->findChildren<QPushButton*>())
    if (b->isVisible() && b->text() == text) return b;
  return nullptr;
}

void drag(QWidget* widget, const std::vector<QPoint>& path, Qt::KeyboardModifiers modifiers) {
  QTest::mousePress(widget, Qt::LeftButton, modifiers, path.front());
  for (const auto& p : path) QTest::mouseMove(widget, p);
  QTest::mouseRelease(widget, Qt::LeftButton, modifiers, path.back());
}

void wheel(QWidget* widget, const QPoint& at, int notches) {
  QWheelEvent event(QPointF(at), QPointF(widget->mapToGlobal(at)), {}, {0, 120 * notches}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
  QApplication::sendEvent(widget, &event);
}

void drop(QWidget* window, const QStringList& files) {
  QMimeData data;
  QList<QUrl> urls;
  for (const auto& file : files) urls << QUrl::fromLocalFile(file);
  data.setUrls(urls);
  const QPoint at = window->rect().center();
  QDragEnterEvent enter(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(window, &enter);
  if (!enter.isAccepted()) qFatal("the window refuses files");
  QDropEvent dropped(QPointF(at), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(window, &dropped);
}

bool wait_idle(ui::MainWindow* window, int milliseconds) {
  return QTest::qWaitFor([window] { return !window->controller()->running() && window->controller()->previews_under_way() == 0; }, milliseconds);
}

}  // namespace tactus::test
