// Tiny checkpoint folders (tests/parity) opened by the window itself: dropped, read, asked; what they say reaches the fit.
#include <QComboBox>
#include <QDir>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <algorithm>

#include "studio.h"
#include "suites.h"
#include "tactus/app/studio_models.h"
#include "tactus/ui/answer_view.h"
#include "tactus/ui/document.h"
#include "tactus/ui/mask_finder.h"
#include "tactus/ui/mask_tools.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/model_manager.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/settings_dialog.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/token_trace.h"

using namespace tactus;
using test::shot;
using ui::PhotoCanvas;

class TestCheckpoints : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;

  static QString folder(const char* name) { return QStringLiteral(TACTUS_BINARY_DIR "/tests/parity/interactvlm/%1/model").arg(QLatin1String(name)); }
  QString said() const { return window_->messages()->text(QStringLiteral("model")); }
  ui::MaskTools* tools() const { return window_->photograph()->mask_tools(); }

 private Q_SLOTS:
  void initTestCase() {
    qputenv("XDG_CACHE_HOME", test::studio().folder().toUtf8());   // embeddings of views are kept there
    window_ = test::studio().window();
    const auto choice_of = [](const ui::ModelChoice& c) { return app::ModelChoice{c.model, c.clip_folder, c.precision, c.device, nullptr}; };
    auto& script = test::model_script();
    script.open_model = [choice_of](const ui::ModelChoice& choice, const Progress& progress) {
      auto opened = app::open_any_model(choice_of(choice), progress);
      return ui::OpenedModel{opened.predictor, opened.segmenter, opened.precision, opened.device, opened.weight_bytes};
    };
    script.open_segmenter = [](const std::string& file, const Progress& progress) { return app::open_segmenter(file, progress); };
    script.inspect = [](const ui::ModelChoice& choice) { return app::describe_model(choice.model); };
    test::studio().show_sample();
  }
  void cleanupTestCase() {
    tools()->words()->clear();
    window_->models()->close_words();
    if (window_->models()->choice().is_folder()) window_->models()->open({});
    QTRY_VERIFY(!window_->models()->loading());
    QVERIFY(test::wait_idle(window_));
    qunsetenv("XDG_CACHE_HOME");
  }

  void aDroppedFolderAnswersAboutBothSides() {
    test::drop(window_, {folder("hu_obj")});
    QTRY_VERIFY2_WITH_TIMEOUT(window_->model_button()->text().contains(QStringLiteral(" · cpu")), qPrintable(said()), 60000);
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    QTest::keyClick(window_, Qt::Key_R, Qt::ControlModifier);
    QVERIFY2(shown.wait(120000), qPrintable(window_->status_text()));
    const auto analysis = window_->analysis();
    QVERIFY(analysis->fit != nullptr);
    const auto& prediction = *analysis->prediction;
    QVERIFY2(QString::fromStdString(prediction.model).contains(QStringLiteral("interactvlm")), prediction.model.c_str());
    QVERIFY(!prediction.from_marks);
    QCOMPARE(window_->steps()->answer()->source(), QStringLiteral("Answered by %1").arg(QString::fromStdString(prediction.model)));
    // It generated a contact token about each side, and each made four masks.
    for (const bool object : {false, true})
      QVERIFY(std::any_of(prediction.tokens.begin(), prediction.tokens.end(), [=](const auto& t) { return t.makes_mask && t.about_object == object; }));
    QCOMPARE(prediction.body_logits.size(), std::size_t{4});
    QCOMPARE(prediction.object_logits.size(), std::size_t{4});
    QCOMPARE(window_->steps()->answer()->trace()->tokens().size(), prediction.tokens.size());
    QVERIFY(shot("checkpoint_answer.png"));
  }

  // The words' mask becomes the object's, and the object is placed by it.
  void wordsMarkTheObjectThatIsPlaced() {
    test::drop(window_, {folder("lisa")});
    QTRY_VERIFY2_WITH_TIMEOUT(tools()->takes_words(), qPrintable(said()), 60000);
    QTest::mouseClick(window_->photograph()->tool_button(PhotoCanvas::Tool::box), Qt::LeftButton);
    window_->photograph()->target()->setCurrentIndex(0);
    tools()->words()->setFocus();
    QTest::keyClicks(tools()->words(), QStringLiteral("camera"));
    QTest::mouseClick(test::button(tools(), QStringLiteral("Find")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!tools()->finder()->busy(), 60000);
    QVERIFY2(!window_->photograph()->canvas()->candidate().isNull(), qPrintable(tools()->text()));
    QVERIFY(shot("checkpoint_words.png"));
    const auto before = window_->document()->inputs().object_mask;
    QSignalSpy shown(window_, &ui::MainWindow::analysis_shown);
    QTest::mouseClick(test::button(tools(), QStringLiteral("Accept")), Qt::LeftButton);
    const auto mask = window_->document()->inputs().object_mask;
    QVERIFY(mask && mask != before);
    QVERIFY(shown.wait(120000));
    QVERIFY(window_->analysis()->inputs->object_mask == mask);
    QVERIFY(window_->analysis()->fit != nullptr && !window_->analysis()->fit->records.empty());
    QTest::mouseClick(window_->photograph()->tool_button(PhotoCanvas::Tool::select), Qt::LeftButton);
  }
};

std::unique_ptr<QObject> tactus::test::make_checkpoints_suite() { return std::make_unique<TestCheckpoints>(); }

#include "test_checkpoints.moc"
