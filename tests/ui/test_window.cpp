// First start, a run from the sample to its end, the steps.
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include "studio.h"
#include "suites.h"
#include "tactus/pipeline/analysis.h"
#include "tactus/ui/document.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/stage_list.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/viewport_panel.h"
#include "tactus/ui/welcome.h"

using namespace tactus;
using pipeline::Stage;
using test::shot;

class TestWindow : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;

 private Q_SLOTS:
  void initTestCase() { window_ = test::studio().window(); }

  void emptyWindowSaysWhatToDo() {
    QVERIFY(window_->viewport_panel()->welcome()->isVisible());
    QVERIFY(!window_->photograph()->run_button()->isEnabled());
    QVERIFY(shot("empty.png"));
    window_->run();   // Ctrl+R
    QVERIFY(window_->messages()->text(QStringLiteral("error")).contains(QStringLiteral("no photograph")));
    QTest::mouseClick(test::button(window_->messages(), QStringLiteral("Dismiss")), Qt::LeftButton);
    QVERIFY(!window_->messages()->isVisible());
  }

  void aPhotographWithoutMarksSaysWhatIsNeeded() {
    auto inputs = pipeline::Inputs();
    inputs.photo_name = "plain.png";
    inputs.photo = ImageU8(640, 480, 3);
    std::fill(inputs.photo.data.begin(), inputs.photo.data.end(), std::uint8_t{120});
    window_->document()->reset(std::move(inputs), {});
    QVERIFY(window_->photograph()->needed().contains(QStringLiteral("Mark the person's joints")));
    QVERIFY(window_->viewport_panel()->hint().contains(QStringLiteral("Analyse")));
    QVERIFY(shot("unmarked.png"));
    window_->run();
    QTRY_VERIFY_WITH_TIMEOUT(!window_->controller()->running(), 30000);
    QVERIFY(shot("unmarked_failed.png"));
    window_->close_document();
    QVERIFY(window_->viewport_panel()->welcome()->isVisible());
  }

  void sampleRunsToTheEnd() {
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    auto* sample = test::button(window_->viewport_panel()->welcome(), QStringLiteral("Camera"));
    QVERIFY(sample != nullptr);
    QTest::mouseClick(sample, Qt::LeftButton);
    QVERIFY(window_->controller()->running());
    QVERIFY(test::button(window_, QStringLiteral("Cancel")) != nullptr);
    QTRY_VERIFY_WITH_TIMEOUT(window_->analysis() && window_->analysis()->report(Stage::photograph).state == pipeline::StageState::done, 20000);
    QVERIFY(shot("running.png"));
    QVERIFY(shown.wait(120000));
    QCOMPARE(window_->timeline()->position().stage, Stage::result);   // the timeline followed
    QVERIFY(window_->analysis()->fit->records.size() > 10);
    QVERIFY(window_->photograph()->needed().isEmpty());
    QVERIFY(window_->viewport_panel()->hint().isEmpty());
    QTRY_VERIFY(!window_->photograph()->canvas()->projection().isNull());
    QVERIFY(shot("result.png"));
  }

  void aStepTakesTheTimelineThere() {
    auto* stages = window_->steps()->stages();
    QTest::mouseClick(stages->row(Stage::align), Qt::LeftButton, {}, QPoint(40, 8));
    QCOMPARE(window_->timeline()->position().stage, Stage::align);
    QVERIFY(shot("align.png"));
    QTest::keyClick(stages->row(Stage::predict), Qt::Key_Return);
    QCOMPARE(window_->timeline()->position().stage, Stage::predict);
    QVERIFY(stages->text_of(Stage::fit).contains(QStringLiteral("iterations")));
    window_->timeline()->go_to_end();
  }
};

std::unique_ptr<QObject> tactus::test::make_window_suite() { return std::make_unique<TestWindow>(); }

#include "test_window.moc"
