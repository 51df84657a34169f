// Runs the suites on one Studio, in the order of a session; a suite's name as first argument runs that one alone.
#include <QApplication>
#include <QTest>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/viewport.h"

int main(int argc, char** argv) {
  QSurfaceFormat::setDefaultFormat(tactus::ui::Viewport::surface_format());
  QApplication application(argc, argv);
  QStringList arguments = QApplication::arguments();
  const auto suites = tactus::test::suites();
  QString only;
  for (const auto& suite : suites)
    if (arguments.size() > 1 && arguments[1] == QLatin1String(suite.name)) only = arguments[1];
  if (!only.isEmpty()) arguments.removeAt(1);
  int failures = 0;
  for (const auto& suite : suites) {
    if (only.isEmpty() ? suite.alone : only != QLatin1String(suite.name)) continue;
    failures += QTest::qExec(suite.make().get(), arguments);
  }
  tactus::test::close_studio();
  return failures == 0 ? 0 : 1;
}
