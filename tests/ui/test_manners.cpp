// Names for those who do not see, contrast for those who see little, keys for those without a mouse; small windows.
#include <QAbstractButton>
#include <QAbstractSlider>
#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <cmath>
#include <set>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/document.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/theme.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/viewport_panel.h"

using namespace tactus;
using test::shot;

namespace {

double luminance(const QColor& c) {
  const auto linear = [](double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
  return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF());
}
// WCAG 2's ratio.
double contrast(const QColor& a, const QColor& b) {
  const double la = luminance(a), lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

}  // namespace

class TestManners : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;

  // Widgets that reach out of the window or whose text does not fit them.
  QStringList cut_off() {
    QStringList list;
    for (auto* w : window_->findChildren<QWidget*>()) {
      if (!w->isVisible() || w->width() == 0) continue;
      if (auto* b = qobject_cast<QAbstractButton*>(w); b != nullptr && !b->text().isEmpty() && b->width() < b->fontMetrics().horizontalAdvance(b->text()) + 6) list << b->text();
      const QRect there(w->mapTo(window_, QPoint(0, 0)), w->size());
      if (there.right() > window_->width()) list << QString::fromLatin1(w->metaObject()->className()) + QLatin1Char(' ') + w->accessibleName();
    }
    return list;
  }

 private Q_SLOTS:
  void initTestCase() {
    window_ = test::studio().window();
    test::studio().show_sample();
  }

  void allControlsHaveNames() {
    for (auto* w : window_->findChildren<QWidget*>()) {
      if (w->focusPolicy() == Qt::NoFocus || w->objectName().startsWith(QLatin1String("qt_"))) continue;
      if (qobject_cast<QMenu*>(w) != nullptr || qobject_cast<QMenuBar*>(w) != nullptr) continue;
      if (w->parentWidget() != nullptr && w->parentWidget()->inherits("QAbstractScrollArea")) continue;                 // a viewport of something named
      if (qobject_cast<QLineEdit*>(w) != nullptr && w->parentWidget() != nullptr && !w->parentWidget()->accessibleName().isEmpty()) continue;   // of a combo or spin box
      if (w->inherits("QAbstractItemView") || w->inherits("QComboBoxPrivateContainer") || w->inherits("QScrollArea")) continue;
      if (w->inherits("QLabel") || w->inherits("QSplitterHandle")) continue;
      auto* b = qobject_cast<QAbstractButton*>(w);
      const QString name = !w->accessibleName().isEmpty() ? w->accessibleName() : b != nullptr ? b->text() : QString();
      QVERIFY2(!name.isEmpty(), w->metaObject()->className());
    }
  }

  void textHasContrast() {
    for (const bool dark : {true, false}) {
      ui::apply_theme(*qApp, dark);
      const QPalette p = QApplication::palette();
      for (const auto& [text, ground] : {std::pair{QPalette::WindowText, QPalette::Window}, {QPalette::Text, QPalette::Base}, {QPalette::ButtonText, QPalette::Button},
                                         {QPalette::PlaceholderText, QPalette::Base}, {QPalette::PlaceholderText, QPalette::Window}, {QPalette::ToolTipText, QPalette::ToolTipBase},
                                         {QPalette::Link, QPalette::Window}, {QPalette::HighlightedText, QPalette::Highlight}}) {
        const double ratio = contrast(p.color(QPalette::Active, text), p.color(QPalette::Active, ground));
        QVERIFY2(ratio >= 4.5, qPrintable(QStringLiteral("%1 on %2, %3: %4").arg(text).arg(ground).arg(dark ? "dark" : "light").arg(ratio)));
      }
    }
    ui::apply_theme(*qApp, true);
  }

  void tabReachesEveryPanel() {
    window_->activateWindow();
    window_->photograph()->canvas()->setFocus();
    std::set<QWidget*> reached;
    for (int i = 0; i < 80; ++i) {
      QTest::keyClick(QApplication::focusWidget() != nullptr ? QApplication::focusWidget() : window_, Qt::Key_Tab);
      if (QApplication::focusWidget() != nullptr) reached.insert(QApplication::focusWidget());
    }
    QVERIFY(reached.contains(window_->timeline()));
    QVERIFY(reached.contains(window_->viewport()));
    QVERIFY(reached.contains(window_->photograph()->object()));
    QVERIFY(reached.contains(window_->steps()->threshold_slider()));
  }

  void menusHaveDifferentShortcuts() {
    std::set<QString> keys;
    for (auto* menu : window_->menuBar()->findChildren<QMenu*>())
      for (auto* action : menu->actions()) {
        const QString key = action->shortcut().toString();
        if (key.isEmpty()) continue;
        QVERIFY2(keys.insert(key).second, qPrintable(key));
      }
    QVERIFY(keys.size() > 10);
  }

  void aSmallWindowCutsNothingOff() {
    window_->resize(1024, 700);
    QTest::qWait(80);
    QCOMPARE(window_->size(), QSize(1024, 700));
    QVERIFY2(cut_off().isEmpty(), qPrintable(cut_off().join(QStringLiteral("; "))));
    QVERIFY(shot("small.png"));
    window_->viewport_panel()->set_tool(ui::Viewport::Tool::paint);
    window_->steps()->enlarge(0);
    window_->set_dark(false);
    QTest::qWait(80);
    QCOMPARE(window_->size(), QSize(1024, 700));
    QVERIFY2(cut_off().isEmpty(), qPrintable(cut_off().join(QStringLiteral("; "))));
    QVERIFY(shot("small_light.png"));
    window_->viewport_panel()->set_tool(ui::Viewport::Tool::navigate);
    QTest::keyClick(window_->steps(), Qt::Key_Escape);
    window_->set_dark(true);
  }

  void longTextsDoNotWidenTheWindow() {
    const auto before = window_->document()->inputs().prompt;
    window_->document()->edit(QStringLiteral("Paste"), [](pipeline::Inputs& in) {
      in.prompt.clear();
      for (int i = 0; i < 40; ++i) in.prompt += "Which of the many parts of the body touch it? ";
      in.object_name = "a_file_with_a_very_long_name_that_goes_on_and_on_and_on_until_nobody_reads_it_any_more.obj";
    });
    window_->show_notice(QString(400, QLatin1Char('x')));
    window_->show_error(QStringLiteral("something.obj: ") + QString(300, QLatin1Char('y')) + QStringLiteral(" and a long sentence about what was wrong with it and what would have been right instead, in words."));
    QTest::qWait(80);
    QCOMPARE(window_->size(), QSize(1024, 700));
    QVERIFY(shot("small_long.png"));
    window_->document()->undo_stack()->undo();
    QCOMPARE(window_->document()->inputs().prompt, before);
    QTest::mouseClick(test::button(window_, QStringLiteral("Dismiss")), Qt::LeftButton);
    window_->resize(1500, 920);
  }
};

std::unique_ptr<QObject> tactus::test::make_manners_suite() { return std::make_unique<TestManners>(); }

// At 200 % the picture, the pointer and the pick must still agree.
class TestScaled : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void everythingIsInItsPlace() {
    auto* window = test::studio().window();
    test::studio().show_sample();
    QCOMPARE(window->devicePixelRatioF(), 2.0);
    window->resize(1400, 860);
    QTest::qWait(100);
    auto* viewport = window->viewport();
    std::optional<QPoint> at;
    for (int y = 20; y < viewport->height() && !at; y += 10)
      for (int x = 20; x < viewport->width(); x += 10)
        if (const auto pick = viewport->scene().pick(2 * x, 2 * y); pick && pick->subject == scene::Subject::body) {
          at = QPoint(x, y);
          break;
        }
    QVERIFY(at);
    QSignalSpy clicked(viewport, &ui::Viewport::clicked);
    QTest::mouseClick(viewport, Qt::LeftButton, {}, *at);
    QCOMPARE(clicked.count(), 1);
    QCOMPARE(clicked[0][0].value<scene::Pick>().vertex, viewport->scene().pick(2 * at->x(), 2 * at->y())->vertex);
    // The picture is sharp: as many pixels as the screen has.
    QCOMPARE(viewport->picture().width(), 2 * viewport->width());
    QTest::keyClick(window, Qt::Key_F3);
    QTest::qWait(150);
    QVERIFY(shot("scaled.png"));
    QTest::keyClick(window, Qt::Key_F3);
  }
};

std::unique_ptr<QObject> tactus::test::make_scaled_suite() { return std::make_unique<TestScaled>(); }

#include "test_manners.moc"
