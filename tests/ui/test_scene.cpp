// The scene, the timeline and the plots by mouse and keyboard.
#include <QAction>
#include <QLabel>
#include <QMenuBar>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/debug_view.h"
#include "tactus/ui/plot_widget.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/viewport_panel.h"

using namespace tactus;
using pipeline::Stage;
using test::shot;

class TestScene : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;
  ui::TimelineBar* bar_ = nullptr;
  ui::Viewport* viewport_ = nullptr;

  // A pixel of the viewport that shows the body or the object.
  std::optional<QPoint> shows(scene::Subject subject) {
    for (int y = 20; y < viewport_->height(); y += 12)
      for (int x = 20; x < viewport_->width(); x += 12)
        if (const auto pick = viewport_->scene().pick(x, y); pick && pick->subject == subject) return QPoint(x, y);
    return std::nullopt;
  }
  int differing(const QImage& a, const QImage& b) {
    int count = 0;
    for (int y = 0; y < a.height(); ++y)
      for (int x = 0; x < a.width(); ++x) count += a.pixel(x, y) != b.pixel(x, y) ? 1 : 0;
    return count;
  }

 private Q_SLOTS:
  void initTestCase() {
    window_ = test::studio().window();
    test::studio().show_sample();
    bar_ = window_->timeline();
    viewport_ = window_->viewport();
  }

  void timelineMovesEverything() {
    bar_->set_position({Stage::fit, 0});
    const auto first = pipeline::object_pose(*window_->analysis(), bar_->position());
    QTest::mouseClick(bar_, Qt::LeftButton, {}, QPoint(static_cast<int>(bar_->width() * 0.85), 20));
    QCOMPARE(bar_->position().stage, Stage::fit);
    QVERIFY(bar_->position().step > 5);
    QCOMPARE(window_->steps()->loss_plot()->cursor(), bar_->position().step);
    const auto later = pipeline::object_pose(*window_->analysis(), bar_->position());
    QVERIFY((first->translation - later->translation).norm() > 1e-5);
    const int step = bar_->position().step;
    QTest::keyClick(bar_, Qt::Key_Left);
    QCOMPARE(bar_->position().step, step - 1);
    QTest::keyClick(bar_, Qt::Key_Home);
    QCOMPARE(bar_->position().step, 0);
    QVERIFY(shot("fit_first.png"));
    // Dragged over the spans.
    test::drag(bar_, {QPoint(static_cast<int>(bar_->width() * 0.2), 20), QPoint(static_cast<int>(bar_->width() * 0.3), 20)});
    QCOMPARE(bar_->position().stage, Stage::predict);
    QVERIFY(shot("masks.png"));
  }

  void keysThatNoPanelWantsPlayTheTimeline() {
    bar_->set_position({Stage::predict, 2});
    viewport_->setFocus();
    QTest::keyClick(viewport_, Qt::Key_Right);
    QCOMPARE(bar_->position(), (pipeline::TimelinePosition{Stage::predict, 3}));
    QTest::keyClick(viewport_, Qt::Key_Space);
    QVERIFY(bar_->playing());
    QTRY_VERIFY(bar_->position().stage != Stage::predict);
    QTest::keyClick(viewport_, Qt::Key_Space);
    QVERIFY(!bar_->playing());
    // At the end it stops by itself and begins again from the start.
    bar_->go_to_end();
    bar_->step(-1);
    QTest::keyClick(bar_, Qt::Key_Space);
    QTRY_VERIFY(!bar_->playing());
    QCOMPARE(bar_->position().stage, Stage::result);
    QTest::mouseClick(bar_, Qt::LeftButton, {}, QPoint(24, 20));   // the button
    QVERIFY(bar_->position().stage == Stage::photograph || bar_->position().stage == Stage::body_pose);
    QTest::mouseClick(bar_, Qt::LeftButton, {}, QPoint(24, 20));
    QVERIFY(!bar_->playing());
  }

  void aPlotSeeksTheTimeline() {
    auto* plot = window_->steps()->loss_plot();
    QTest::mouseClick(plot, Qt::LeftButton, {}, QPoint(plot->width() - 10, plot->height() / 2));
    QCOMPARE(bar_->position().stage, Stage::fit);
    QCOMPARE(bar_->position().step, static_cast<int>(window_->analysis()->fit->records.size()) - 1);
    auto* rmse = window_->steps()->rmse_plot();
    QTest::mouseClick(rmse, Qt::LeftButton, {}, QPoint(48, rmse->height() / 2));
    QCOMPARE(bar_->position(), (pipeline::TimelinePosition{Stage::align, 0}));
    QCOMPARE(rmse->cursor(), 0);
    QCOMPARE(plot->cursor(), -1);
    QVERIFY(shot("align_first.png"));
  }

  void aPlotOffersNoIterationOfALongerStart() {
    ui::PlotWidget plot(QStringLiteral("losses"));
    plot.set_series({{QStringLiteral("total"), Qt::white, {3, 2, 1}, false}, {QStringLiteral("other starts"), Qt::gray, {9, 8, 7, 6, 5, 4, 3, 2, 1}, true}});
    plot.resize(300, 140);
    int picked = -1;
    connect(&plot, &ui::PlotWidget::picked, this, [&](int iteration) { picked = iteration; });
    QTest::mouseClick(&plot, Qt::LeftButton, {}, QPoint(plot.width() - 10, 60));
    QCOMPARE(picked, 2);
  }

  void keysChooseViewsAndColours() {
    bar_->go_to_end();
    viewport_->setFocus();
    const auto changes = [&](Qt::Key key, const char* name) {
      QTest::qWait(60);
      const QImage before = viewport_->picture();
      QTest::keyClick(viewport_, key);
      QTest::qWait(60);
      const QImage after = viewport_->picture();
      if (name != nullptr) QVERIFY(shot(name, viewport_));
      QVERIFY2(differing(before, after) > 500, QKeySequence(key).toString().toLatin1());
    };
    QTest::keyClick(viewport_, Qt::Key_1);
    changes(Qt::Key_3, "view_side.png");
    changes(Qt::Key_7, "view_top.png");
    changes(Qt::Key_0, "view_photo.png");
    QCOMPARE(viewport_->scene().current_view(), scene::NamedView::photo);
    changes(Qt::Key_1, nullptr);
    changes(Qt::Key_W, "wireframe.png");
    changes(Qt::Key_W, nullptr);
    changes(Qt::Key_C, "plain.png");
    changes(Qt::Key_C, nullptr);
    changes(Qt::Key_X, "see_through.png");
    changes(Qt::Key_X, nullptr);
    changes(Qt::Key_G, nullptr);
    changes(Qt::Key_G, nullptr);
  }

  void dragTurnsWheelZoomsFrameShowsAll() {
    QTest::keyClick(viewport_, Qt::Key_1);
    QTest::qWait(60);
    const QImage before = viewport_->picture();
    test::drag(viewport_, {QPoint(200, 200), QPoint(230, 210), QPoint(300, 220)});
    QVERIFY(!viewport_->scene().current_view().has_value());
    test::wheel(viewport_, QPoint(200, 200), 3);
    QTest::qWait(60);
    QVERIFY(differing(before, viewport_->picture()) > 2000);
    QTest::keyClick(viewport_, Qt::Key_F);
    QTest::keyClick(viewport_, Qt::Key_1);
    QTest::qWait(60);
    QCOMPARE(differing(before, viewport_->picture()), 0);
  }

  void hoverTellsAndClickPins() {
    const auto at = shows(scene::Subject::body);
    QVERIFY(at);
    QTest::mouseMove(viewport_, QPoint(3, 3));
    QTest::qWait(80);
    QTest::mouseMove(viewport_, *at);
    QTRY_VERIFY2(window_->status_text().contains(QStringLiteral("vertex")), qPrintable(window_->status_text()));
    const QString told = window_->status_text();
    QTest::mouseClick(viewport_, Qt::LeftButton, {}, *at);
    QTest::qWait(80);
    QTest::mouseMove(viewport_, QPoint(3, 3));
    QTRY_COMPARE(window_->status_text(), QStringLiteral("Pinned: ") + told);
    QTest::mouseClick(viewport_, Qt::LeftButton, {}, QPoint(3, 3));   // nothing there: unpinned
    QVERIFY(!window_->status_text().contains(QStringLiteral("Pinned")));
  }

  void thresholdIsLive() {
    auto* slider = window_->steps()->threshold_slider();
    const QString before = window_->steps()->contact_text();
    QVERIFY(before.contains(QStringLiteral("cm²")) && before.contains(QStringLiteral("hand")));
    const int frames = viewport_->scene_frames();
    slider->setFocus();
    QTest::keyClick(slider, Qt::Key_End);
    QVERIFY(window_->steps()->contact_text() != before);
    QVERIFY(window_->steps()->contact_text().contains(QStringLiteral(" 0 vertices")));
    QTRY_VERIFY(viewport_->scene_frames() > frames);
    QCOMPARE(viewport_->scene().display().threshold, 1.0F);
    QVERIFY(shot("threshold.png"));
    slider->setValue(50);
    QCOMPARE(window_->steps()->contact_text(), before);
  }

  void debugOverlayShowsBuffers() {
    bar_->set_position({Stage::fit, 10});
    QTest::keyClick(window_, Qt::Key_F3);
    const auto has = [&](const std::string& name) {
      for (const auto& b : window_->debug()->buffers())
        if (b.name == name && b.picture && !b.picture->empty()) return true;
      return false;
    };
    QTRY_VERIFY_WITH_TIMEOUT(has("soft silhouette"), 10000);
    QVERIFY(has("depth") && has("vertex map") && has("view mask"));
    viewport_->update();
    QTest::qWait(150);
    QVERIFY(shot("debug.png"));
    const QImage with = viewport_->picture();
    QTest::keyClick(window_, Qt::Key_F3);
    QTest::qWait(100);
    QVERIFY(differing(with, viewport_->picture()) > 5000);
    bar_->go_to_end();
  }

  void lightTheme() {
    window_->set_dark(false);
    QVERIFY(shot("light.png"));
    window_->set_dark(true);
  }
};

std::unique_ptr<QObject> tactus::test::make_scene_suite() { return std::make_unique<TestScene>(); }

#include "test_scene.moc"
