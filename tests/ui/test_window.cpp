// The window as a whole, by real events on the sample.
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "studio.h"
#include "suites.h"
#include "tactus/io/project.h"
#include "tactus/ui/document.h"
#include "tactus/ui/main_window.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/plot_widget.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/timeline_bar.h"

using namespace tactus;
using pipeline::Stage;
using test::shot;

class TestWindow : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;

 private Q_SLOTS:
  void initTestCase() { window_ = test::studio().window(); }

  void emptyWindowSaysWhatToDo() {
    window_->run();
    QVERIFY(window_->messages()->text(QStringLiteral("error")).contains(QStringLiteral("no photograph")));
    QVERIFY(shot("empty.png"));
  }

  void sampleRunsToTheEnd() {
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    window_->open_sample();
    QVERIFY(window_->controller()->running());
    QTest::qWait(1500);
    QVERIFY(shot("running.png"));
    QVERIFY(shown.wait(120000));
    QCOMPARE(window_->timeline()->position().stage, Stage::result);
    QVERIFY(window_->analysis()->fit->records.size() > 20);
    QVERIFY(shot("result.png"));
  }

  void timelineMovesTheObject() {
    auto* bar = window_->timeline();
    bar->set_position({Stage::fit, 0});
    const auto first = pipeline::object_pose(*window_->analysis(), bar->position());
    QTest::mouseClick(bar, Qt::LeftButton, {}, QPoint(static_cast<int>(bar->width() * 0.85), 20));
    QCOMPARE(bar->position().stage, Stage::fit);
    QVERIFY(bar->position().step > 10);
    QCOMPARE(window_->steps()->loss_plot()->cursor(), bar->position().step);
    const auto later = pipeline::object_pose(*window_->analysis(), bar->position());
    QVERIFY((first->translation - later->translation).norm() > 1e-4);
    const int step = bar->position().step;
    QTest::keyClick(bar, Qt::Key_Left);
    QCOMPARE(bar->position().step, step - 1);
    QTest::keyClick(bar, Qt::Key_Home);
    QCOMPARE(bar->position().step, 0);
    QVERIFY(shot("fit_first.png"));
    bar->set_position({Stage::predict, 2});
    QVERIFY(shot("masks.png"));
    QTest::keyClick(bar, Qt::Key_Space);
    QTest::qWait(300);
    QVERIFY(bar->position() != (pipeline::TimelinePosition{Stage::predict, 2}));
    QTest::keyClick(bar, Qt::Key_Space);
    QVERIFY(!bar->playing());
  }

  void editsAreUndone() {
    auto* document = window_->document();
    const auto before = document->inputs().prompt;
    document->edit(QStringLiteral("Change prompt"), [](pipeline::Inputs& in) { in.prompt = "Which hand?"; });
    QCOMPARE(document->undo_stack()->undoText(), QStringLiteral("Change prompt"));
    document->undo_stack()->undo();
    QCOMPARE(document->inputs().prompt, before);
    // A joint dragged with the mouse: one step of undo for the whole drag.
    auto* canvas = window_->photograph()->canvas();
    const auto nose = (*document->inputs().keypoints)[0];
    const int depth = document->undo_stack()->index();
    const QPoint at = canvas->widget_from_photo({nose.x, nose.y}).toPoint();
    QTest::mousePress(canvas, Qt::LeftButton, {}, at);
    QTest::mouseMove(canvas, at + QPoint(6, 4));
    QTest::mouseMove(canvas, at + QPoint(12, 8));
    QTest::mouseRelease(canvas, Qt::LeftButton, {}, at + QPoint(12, 8));
    QVERIFY((*document->inputs().keypoints)[0].x > nose.x + 2);
    QCOMPARE(document->undo_stack()->index(), depth + 1);
    QVERIFY(window_->controller()->running());   // it refits
    window_->controller()->cancel();
    QTRY_VERIFY_WITH_TIMEOUT(!window_->controller()->running(), 5000);
    QVERIFY(window_->analysis()->fit != nullptr);   // the earlier result is still there
    document->undo_stack()->undo();
    QCOMPARE((*document->inputs().keypoints)[0].x, nose.x);
  }

  void wrongFileIsSaidInPlace() {
    QTemporaryDir folder;
    QFile file(folder.filePath(QStringLiteral("notes.png")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("no picture");
    file.close();
    window_->open_file(file.fileName());
    QTRY_VERIFY_WITH_TIMEOUT(window_->messages()->text(QStringLiteral("error")).contains(QStringLiteral("notes.png")), 5000);
    QVERIFY(shot("error.png"));
    QVERIFY(!window_->document()->inputs().photo.empty());
  }

  void projectComesBack() {
    QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("a.tactus"));
    window_->save_project(file);
    QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(file), 5000);
    const auto project = io::read_project(file.toStdString());
    QVERIFY(project.inputs.photo == window_->document()->inputs().photo);
    QVERIFY(project.inputs.keypoints == window_->document()->inputs().keypoints);
    QVERIFY(project.inputs.object_mask == window_->document()->inputs().object_mask);
    QCOMPARE(project.inputs.prompt, window_->document()->inputs().prompt);
  }

  void smallLightWindow() {
    window_->resize(1024, 700);
    window_->set_dark(false);
    window_->timeline()->go_to_end();
    QVERIFY(shot("light_small.png"));
    QVERIFY(window_->width() <= 1100);
  }
};

std::unique_ptr<QObject> tactus::test::make_window_suite() { return std::make_unique<TestWindow>(); }

#include "test_window.moc"
