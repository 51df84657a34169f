// Live answers to a drag, cancelling and running again, failing and trying again, what is out of date.
#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QTimer>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/analysis_session.h"
#include "tactus/ui/document.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/prompt_edit.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/stage_list.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/timeline_bar.h"

using namespace tactus;
using pipeline::Stage;
using test::shot;

class TestLive : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;
  ui::Document* document_ = nullptr;

 private Q_SLOTS:
  void initTestCase() {
    window_ = test::studio().window();
    test::studio().show_sample();
    document_ = window_->document();
  }

  void theBodyFollowsADraggedJoint() {
    auto* canvas = window_->photograph()->canvas();
    const auto left_wrist = (*document_->inputs().keypoints)[9];
    QVERIFY(left_wrist.visibility != body::Visibility::unknown);
    const int steps = document_->undo_stack()->index();
    const auto body = window_->analysis()->body;
    const QPoint at = canvas->widget_from_photo({left_wrist.x, left_wrist.y}).toPoint();
    QTest::mousePress(canvas, Qt::LeftButton, {}, at);
    for (int i = 1; i <= 8; ++i) QTest::mouseMove(canvas, at + QPoint(3 * i, 2 * i));
    // Still held: the body has moved, and nothing waits for a full run.
    QTRY_VERIFY_WITH_TIMEOUT(window_->analysis()->body != body, 20000);
    QVERIFY(window_->analysis()->preview);
    QVERIFY(!window_->controller()->running());
    QVERIFY(window_->session()->last_preview_seconds() > 0.0);
    qInfo("a dragged joint was answered after %.2f s", window_->session()->last_preview_seconds());
    QVERIFY(shot("dragging.png"));
    QTest::mouseRelease(canvas, Qt::LeftButton, {}, at + QPoint(24, 16));
    QCOMPARE(document_->undo_stack()->index(), steps + 1);
    QVERIFY(test::wait_idle(window_));
    QVERIFY(!window_->analysis()->preview);          // the full run has taken its place
    document_->undo_stack()->undo();
    QCOMPARE((*document_->inputs().keypoints)[9].x, left_wrist.x);
    QVERIFY(test::wait_idle(window_));
    QVERIFY(window_->analysis()->body->mesh.vertices == body->mesh.vertices);
  }

  void aCancelledRunKeepsWhatWasKnown() {
    const auto before = window_->analysis();
    QTest::keyClick(window_->photograph()->prompt(), Qt::Key_End, Qt::ControlModifier);
    QTest::keyClicks(window_->photograph()->prompt(), QStringLiteral(" And why?"));
    QVERIFY(window_->steps()->stages()->text_of(Stage::predict).contains(QStringLiteral("question changed")));
    QVERIFY(shot("stale.png"));
    document_->edit(QStringLiteral("Move a joint"), [](pipeline::Inputs& in) { (*in.keypoints)[0].x += 9.0; });
    QTest::keyClick(window_, Qt::Key_R, Qt::ControlModifier);
    QVERIFY(window_->controller()->running());
    QTest::keyClick(window_, Qt::Key_Escape);
    QTRY_VERIFY_WITH_TIMEOUT(!window_->controller()->running(), 5000);
    QCOMPARE(window_->status_text(), QStringLiteral("Cancelled"));
    QVERIFY(window_->analysis() && window_->analysis()->fit);
    // And run again, by its button.
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    QTest::mouseClick(window_->photograph()->run_button(), Qt::LeftButton);
    QVERIFY(shown.wait(60000));
    QVERIFY(window_->analysis()->inputs->prompt.ends_with("And why?"));
    QVERIFY(window_->analysis() != before);
    for (int i = 0; i < pipeline::kStageCount; ++i) QVERIFY(window_->session()->stale_reasons()[static_cast<std::size_t>(i)].isEmpty());
    while (document_->undo_stack()->canUndo()) document_->undo_stack()->undo();
    QVERIFY(test::wait_idle(window_));
  }

  void aFailureIsSaidWhereItHappenedAndTriedAgain() {
    auto* object = window_->photograph()->object()->lineEdit();
    object->setFocus();
    object->selectAll();
    QTest::keyClicks(object, QStringLiteral("unobtainium"));
    QTest::keyClick(object, Qt::Key_Return);
    window_->photograph()->prompt()->setFocus();
    document_->edit(QStringLiteral("Change prompt"), [](pipeline::Inputs& in) { in.prompt = "Where is it touched?"; });
    QSignalSpy failed(window_->session(), &ui::AnalysisSession::failed);
    window_->run();
    QVERIFY(failed.wait(30000));
    const QString stage = failed[0][0].toString(), sentence = failed[0][1].toString();
    QVERIFY2(sentence.contains(QStringLiteral("unobtainium")), qPrintable(sentence));
    QWidget* retry = nullptr;
    for (int i = 0; i < pipeline::kStageCount; ++i)
      if (auto* b = window_->steps()->stages()->retry_button(static_cast<Stage>(i)); b->isVisible()) {
        retry = b;
        QCOMPARE(window_->steps()->stages()->text_of(static_cast<Stage>(i)), sentence);
      }
    QVERIFY2(retry != nullptr, qPrintable(stage));
    QVERIFY(shot("failure.png"));
    document_->undo_stack()->undo();
    document_->undo_stack()->undo();
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    QTest::mouseClick(retry, Qt::LeftButton);
    QVERIFY(shown.wait(60000));
    QVERIFY(!retry->isVisible());
  }

  void nothingBlocksTheWindowWhileItRuns() {
    // Timer events keep coming during a run. No figure is asserted; the longest wait is printed.
    QElapsedTimer clock;
    qint64 longest = 0, last = 0;
    QTimer beat;
    beat.setInterval(5);
    connect(&beat, &QTimer::timeout, this, [&] {
      longest = std::max(longest, clock.elapsed() - last);
      last = clock.elapsed();
    });
    document_->edit(QStringLiteral("Move a joint"), [](pipeline::Inputs& in) { (*in.keypoints)[0].x += 3.0; });
    clock.start();
    beat.start();
    QVERIFY(test::wait_idle(window_));
    beat.stop();
    qInfo("longest time without an event during a run: %lld ms", static_cast<long long>(longest));
    QVERIFY(last > 0);
    document_->undo_stack()->undo();
    QVERIFY(test::wait_idle(window_));
  }
};

std::unique_ptr<QObject> tactus::test::make_live_suite() { return std::make_unique<TestLive>(); }

#include "test_live.moc"
