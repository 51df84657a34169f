// tactus-studio [PHOTO|PROJECT]: the window. --screenshot FILE saves a picture of it after the first run and quits.
#include <QApplication>
#include <QCommandLineParser>
#include <QSettings>
#include <QStandardPaths>
#include <QSurfaceFormat>
#include <QTimer>
#include <cstdio>

#include "tactus/app/ports.h"
#include "tactus/app/studio_models.h"
#include "tactus/ui/main_window.h"
#include "tactus/ui/theme.h"
#include "tactus/ui/viewport.h"

int main(int argc, char** argv) {
  using namespace tactus;
  QSurfaceFormat::setDefaultFormat(ui::Viewport::surface_format());
  QApplication application(argc, argv);
  QApplication::setOrganizationName(QStringLiteral("Tactus"));
  QApplication::setApplicationName(QStringLiteral("Tactus Studio"));
  QApplication::setApplicationVersion(QStringLiteral(TACTUS_VERSION));
  QCommandLineParser parser;
  parser.setApplicationDescription(QStringLiteral("Finds where a person touches an object in a photograph and places both in 3D."));
  parser.addHelpOption();
  parser.addVersionOption();
  parser.addPositionalArgument(QStringLiteral("file"), QStringLiteral("a photograph or a project (.tactus); default: the bundled sample"));
  const QCommandLineOption shot(QStringLiteral("screenshot"), QStringLiteral("save a picture of the window after the first run, then quit"), QStringLiteral("file"));
  parser.addOption(shot);
  const QCommandLineOption first_frame(QStringLiteral("first-frame"), QStringLiteral("quit when the scene has been drawn for the first time; for measuring"));
  parser.addOption(first_frame);
  parser.process(application);
  try {
    const bool dark = QSettings().value(QStringLiteral("dark"), true).toBool();
    ui::apply_theme(application, dark);
    ui::MainWindow::Services services;
    services.make_ports = [] { return app::make_ports(); };
    services.make_sample = [](const std::string& name) { return app::sample_inputs(name); };
    try {
      services.samples = app::sample_names();
      services.perceiver = app::make_perceiver();
    } catch (const std::exception&) {   // the first run says what is missing
    }
    services.version = TACTUS_VERSION;
    const auto choice_of = [](const ui::ModelChoice& choice) {
      return app::ModelChoice{choice.model, choice.clip_folder, choice.precision, choice.device, nullptr};
    };
    services.models.open_model = [choice_of](const ui::ModelChoice& choice, const Progress& progress) {
      auto opened = app::open_any_model(choice_of(choice), progress);
      return ui::OpenedModel{opened.predictor, opened.segmenter, opened.precision, opened.device, opened.weight_bytes};
    };
    services.models.open_segmenter = [](const std::string& file, const Progress& progress) { return app::open_segmenter(file, progress); };
    services.models.inspect = [](const ui::ModelChoice& choice) { return app::describe_model(choice.model); };
    services.autosave_folder = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation).toStdString();
    ui::MainWindow window(services);
    window.show();
    if (parser.isSet(first_frame)) {
      application.setProperty("tactus_test", true);
      QObject::connect(window.viewport(), &ui::Viewport::first_frame, &window, &QWidget::close, Qt::QueuedConnection);
    }
    if (parser.isSet(shot)) {
      application.setProperty("tactus_test", true);
      QObject::connect(&window, &ui::MainWindow::analysis_shown, &window, [&] {
        QTimer::singleShot(1500, &window, [&] {
          window.grab().save(parser.value(shot));
          window.close();
        });
      });
    }
    QTimer::singleShot(0, &window, [&] {
      const QStringList files = parser.positionalArguments();
      if (files.isEmpty()) window.open_sample();
      else window.open_files(files);
    });
    return QApplication::exec();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tactus-studio: %s\n", error.what());
    return 3;
  }
}
