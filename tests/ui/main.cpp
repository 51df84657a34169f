// Runs the test classes on one Studio, in the order of a session: each is registered in its own file.
#include <QApplication>
#include <QTest>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/viewport.h"

int main(int argc, char** argv) {
  QSurfaceFormat::setDefaultFormat(tactus::ui::Viewport::surface_format());
  QApplication application(argc, argv);
  // A suite's name as first argument runs that suite alone.
  const QString only = argc > 1 ? QString::fromLocal8Bit(argv[1]) : QString();
  int failures = 0;
  bool found = false;
  QStringList arguments = application.arguments();
  for (const auto& [name, make] : tactus::test::suites()) {
    if (!only.isEmpty() && only == QLatin1String(name)) found = true;
  }
  if (found) arguments.removeAt(1);
  for (const auto& [name, make] : tactus::test::suites()) {
    if (found && only != QLatin1String(name)) continue;
    const std::unique_ptr<QObject> suite = make();
    failures += QTest::qExec(suite.get(), arguments);
  }
  tactus::test::close_studio();
  return failures == 0 ? 0 : 1;
}
