// Masks by clicks, boxes and words, with networks of a script: candidates until they are accepted.
#include <QAction>
#include <QComboBox>
#include <QDir>
#include <QFile>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QTest>
#include <QToolButton>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/document.h"
#include "tactus/ui/load_bar.h"
#include "tactus/ui/mask_tools.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/model_manager.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/settings_dialog.h"

using namespace tactus;
using test::drag;
using test::shot;
using ui::PhotoCanvas;

namespace {

// Discs around the clicks, or the ellipse in the box; "person" by words is the left half.
class Discs : public contact::PhotoSegmenter {
 public:
  explicit Discs(bool words) : words_(words) {}
  std::string name() const override { return words_ ? "lisa-7b" : "sam_test"; }
  bool understands_clicks() const override { return !words_; }
  bool understands_words() const override { return words_; }
  void set_photo(const ImageU8& photo, const Progress& progress) override {
    for (int i = 0; !reading_allowed; i = std::min(i + 1, 34)) {
      progress.report(i / 100.0);
      progress.check();
      std::this_thread::sleep_for(std::chrono::milliseconds(4));
    }
    ++readings;
    width_ = photo.width;
    height_ = photo.height;
  }
  contact::PhotoMask segment(const std::vector<contact::PhotoClick>& clicks, const std::optional<contact::PhotoBox>& box) override {
    if (fails) throw cannot_run("sam_test: the memory does not hold this photograph; choose a smaller one");
    contact::PhotoMask found{ImageF(width_, height_, 1, -5.0F), 0.93, {}};
    for (int row = 0; row < height_; ++row)
      for (int c = 0; c < width_; ++c) {
        bool inside = box && std::hypot((c - box->x) / box->width - 0.5, (row - box->y) / box->height - 0.5) < 0.5;
        for (const auto& click : clicks)
          if (std::hypot(c - click.x, row - click.y) < 40) inside = click.inside;
        if (inside) found.logits.at(c, row) = 4.0F;
      }
    return found;
  }
  contact::PhotoMask segment(const std::string& words, const Progress& progress) override {
    progress.report(0.5);
    contact::PhotoMask found;
    found.answer = "Sorry, there is no " + words + ".";
    if (words != "person") return found;
    found.answer = "It is [SEG].";
    found.logits = ImageF(width_, height_, 1, -5.0F);
    for (int row = 0; row < height_; ++row)
      for (int c = 0; c < width_ / 2; ++c) found.logits.at(c, row) = 2.0F;
    return found;
  }
  static std::atomic<bool> reading_allowed, fails;
  static std::atomic<int> readings;

 private:
  bool words_;
  int width_ = 0, height_ = 0;
};
std::atomic<bool> Discs::reading_allowed{true}, Discs::fails{false};
std::atomic<int> Discs::readings{0};

}  // namespace

class TestMasks : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;
  ui::Document* document_ = nullptr;
  QTemporaryDir folder_;

  PhotoCanvas* canvas() const { return window_->photograph()->canvas(); }
  ui::MaskTools* tools() const { return window_->photograph()->mask_tools(); }
  QPoint at(double x, double y) const { return canvas()->widget_from_photo({x, y}).toPoint(); }
  void choose(PhotoCanvas::Tool tool) { QTest::mouseClick(window_->photograph()->tool_button(tool), Qt::LeftButton); }
  bool object_at(int x, int y) const { return document_->inputs().object_mask && document_->inputs().object_mask->at(x, y) != 0; }
  bool found() const { return !tools()->finder()->busy() && !canvas()->candidate().isNull(); }

 private Q_SLOTS:
  void initTestCase() {
    window_ = test::studio().window();
    document_ = window_->document();
    auto& script = test::model_script();
    script.open_segmenter = [](const std::string& file, const Progress& progress) -> std::shared_ptr<contact::PhotoSegmenter> {
      progress.report(0.5, "180 of 375 MB");
      if (file.find("broken") != std::string::npos) throw bad_input("broken.pth: this is no archive of tensors; give the weights of Segment Anything");
      return std::make_shared<Discs>(false);
    };
    script.open_model = [](const ui::ModelChoice&, const Progress&) {
      return ui::OpenedModel{nullptr, std::make_shared<Discs>(true), "bf16", "cpu", 14'000'000'000};
    };
  }
  void init() {
    pipeline::Inputs in;
    in.photo_name = "plain.png";
    in.photo = ImageU8(640, 480, 3, 140);
    in.object_name = "bottle";
    // Before the new photograph: with the click tool it would be read at once.
    QTest::mouseClick(window_->photograph()->tool_button(PhotoCanvas::Tool::select), Qt::LeftButton);
    document_->reset(std::move(in), {});
  }
  void cleanupTestCase() {
    window_->models()->open_weights({});
    window_->models()->close_words();
    window_->close_document();
    QVERIFY(!tools()->takes_clicks() && !tools()->takes_words());
    QVERIFY(!window_->photograph()->tool_button(PhotoCanvas::Tool::click)->isVisible());
  }

  void withoutWeightsNothingIsDifferent() {
    QVERIFY(!window_->photograph()->tool_button(PhotoCanvas::Tool::click)->isVisible());
    choose(PhotoCanvas::Tool::box);
    QVERIFY(!tools()->words()->isVisible());
    QVERIFY(tools()->text().isEmpty());
  }

  void weightsAreDroppedOrRefused() {
    const auto file = [&](const char* name) {
      QFile f(folder_.filePath(QLatin1String(name)));
      if (!f.open(QIODevice::WriteOnly)) qFatal("cannot write");
      return f.fileName();
    };
    test::drop(window_, {file("broken.pth")});
    QTRY_VERIFY(window_->messages()->text(QStringLiteral("model")).contains(QStringLiteral("no archive of tensors")));
    QVERIFY(!tools()->takes_clicks());
    window_->messages()->dismiss(QStringLiteral("model"));
    test::drop(window_, {file("sam_test.pth")});
    QTRY_VERIFY(tools()->takes_clicks());
    QVERIFY(window_->photograph()->tool_button(PhotoCanvas::Tool::click)->isVisible());
    QVERIFY(window_->status_text().contains(QStringLiteral("sam_test")));
    QVERIFY(!tools()->words()->isVisible());
  }

  void clicksAddAndTakeAwayAndEnterAccepts() {
    Discs::reading_allowed = false;
    const int readings = Discs::readings;
    choose(PhotoCanvas::Tool::click);
    // The photograph is being read; clicks may come already.
    QTRY_VERIFY2(tools()->text().contains(QStringLiteral("Reading the photograph")), qPrintable(tools()->text()));
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(300, 240));
    QVERIFY(canvas()->has_candidate() && canvas()->candidate().isNull());
    QVERIFY(shot("masks_reading.png"));
    Discs::reading_allowed = true;
    QTRY_VERIFY(found());
    QCOMPARE(int(Discs::readings), readings + 1);
    QVERIFY2(tools()->text().contains(QStringLiteral("0.93")), qPrintable(tools()->text()));
    QVERIFY(!document_->inputs().object_mask.has_value());   // not taken yet
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(350, 240));
    QTest::mouseClick(canvas(), Qt::RightButton, {}, at(300, 200));
    QTest::mouseClick(canvas(), Qt::LeftButton, Qt::AltModifier, at(390, 240));
    QTRY_VERIFY(found());
    QVERIFY(shot("masks_candidate.png"));
    canvas()->setFocus();
    QTest::keyClick(canvas(), Qt::Key_Return);
    QVERIFY(object_at(300, 250) && object_at(340, 240));
    QVERIFY(!object_at(300, 205) && !object_at(385, 240));
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Mask the object"));
    QCOMPARE(int(Discs::readings), readings + 1);            // once a photograph
    QVERIFY(!canvas()->has_candidate());
    document_->undo_stack()->undo();
    QVERIFY(!document_->inputs().object_mask.has_value());
  }

  void escapeForgetsAndBackspaceTakesBack() {
    choose(PhotoCanvas::Tool::click);
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(200, 200));
    QTRY_VERIFY(found());
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(500, 200));
    QTRY_VERIFY(found() && qAlpha(canvas()->candidate().pixel(500, 200)) > 0);
    canvas()->setFocus();
    QTest::keyClick(canvas(), Qt::Key_Backspace);
    QTRY_VERIFY(found() && qAlpha(canvas()->candidate().pixel(500, 200)) == 0);
    QVERIFY(qAlpha(canvas()->candidate().pixel(200, 200)) > 0);
    QTest::keyClick(canvas(), Qt::Key_Escape);
    QVERIFY(!canvas()->has_candidate());
    QVERIFY(!document_->undo_stack()->canUndo());
    // By buttons, for the person.
    window_->photograph()->target()->setCurrentIndex(1);
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(200, 200));
    QTRY_VERIFY(found());
    QTest::mouseClick(test::button(tools(), QStringLiteral("Accept")), Qt::LeftButton);
    QVERIFY(document_->inputs().human_mask && document_->inputs().human_mask->at(200, 200) != 0);
    QVERIFY(!document_->inputs().object_mask);
    window_->photograph()->target()->setCurrentIndex(0);
  }

  void aBoxIsOutlinedAndRefinedByClicks() {
    choose(PhotoCanvas::Tool::box);
    drag(canvas(), {at(100, 100), at(200, 180), at(300, 260)});
    QTRY_VERIFY(found());
    QVERIFY(!document_->inputs().object_mask.has_value());
    choose(PhotoCanvas::Tool::click);                        // the candidate stays
    QTest::mouseClick(canvas(), Qt::RightButton, {}, at(200, 110));
    QTRY_VERIFY(found() && qAlpha(canvas()->candidate().pixel(200, 115)) == 0);
    QTest::keyClick(canvas(), Qt::Key_Enter);
    QVERIFY(object_at(200, 200) && !object_at(200, 115));
    QVERIFY(document_->inputs().object_box.has_value());
    QVERIFY(std::abs(document_->inputs().object_box->width - 200) < 3);
    // With the click tool a drag is a box as well.
    drag(canvas(), {at(400, 300), at(450, 350), at(500, 400)});
    QTRY_VERIFY(found() && qAlpha(canvas()->candidate().pixel(450, 350)) > 0);
    choose(PhotoCanvas::Tool::select);                       // another job: the candidate is gone
    QVERIFY(!canvas()->has_candidate());
  }

  void aFailureIsSaidAndNothingIsChanged() {
    Discs::fails = true;
    choose(PhotoCanvas::Tool::click);
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(200, 200));
    QTRY_VERIFY(window_->messages()->text(QStringLiteral("error")).contains(QStringLiteral("does not hold this photograph")));
    QVERIFY(!canvas()->has_candidate());
    QVERIFY(!document_->undo_stack()->canUndo());
    Discs::fails = false;
    window_->messages()->dismiss(QStringLiteral("error"));
  }

  void readingIsCancelledAndBeginsAnew() {
    Discs::reading_allowed = false;
    choose(PhotoCanvas::Tool::click);
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(200, 200));
    QTRY_VERIFY(test::button(tools(), QStringLiteral("Cancel")) != nullptr);
    QTest::mouseClick(test::button(tools(), QStringLiteral("Cancel")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!tools()->finder()->busy(), 2000);
    QVERIFY(!canvas()->has_candidate());
    Discs::reading_allowed = true;
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(200, 200));
    QTRY_VERIFY(found());
  }

  void wordsFindAPerson() {
    QDir(folder_.path()).mkdir(QStringLiteral("lisa-7b"));
    for (const char* name : {"config.json", "tokenizer.model"}) {
      QFile f(folder_.filePath(QStringLiteral("lisa-7b/") + QLatin1String(name)));
      QVERIFY(f.open(QIODevice::WriteOnly));
    }
    test::drop(window_, {folder_.filePath(QStringLiteral("lisa-7b"))});
    QTRY_VERIFY(tools()->takes_words());
    // It is no contact model: the one that was there goes on.
    QVERIFY(window_->model_button()->text().contains(QStringLiteral("compact")));
    QVERIFY2(window_->status_text().contains(QStringLiteral("contact stays with compact")), qPrintable(window_->status_text()));
    choose(PhotoCanvas::Tool::click);
    QVERIFY(tools()->words()->isVisible());
    tools()->words()->setFocus();
    QTest::keyClicks(tools()->words(), QStringLiteral("unicorn"));
    QTest::keyClick(tools()->words(), Qt::Key_Return);
    QTRY_VERIFY2(tools()->text().contains(QStringLiteral("there is no unicorn")), qPrintable(tools()->text()));
    QVERIFY(canvas()->candidate().isNull());
    tools()->words()->clear();
    QTest::keyClicks(tools()->words(), QStringLiteral("person"));
    QTest::mouseClick(test::button(tools(), QStringLiteral("Find")), Qt::LeftButton);
    QTRY_VERIFY(found());
    QVERIFY(shot("masks_words.png"));
    window_->photograph()->target()->setCurrentIndex(1);
    window_->resize(1024, 700);
    QVERIFY(shot("masks_words_small.png"));
    QCOMPARE(window_->size(), QSize(1024, 700));
    for (const auto tool : {PhotoCanvas::Tool::select, PhotoCanvas::Tool::click, PhotoCanvas::Tool::erase}) {
      auto* button = window_->photograph()->tool_button(tool);
      QVERIFY2(button->width() >= button->fontMetrics().horizontalAdvance(button->text()) + 10, qPrintable(button->text()));
    }
    window_->resize(1500, 920);
    QTest::mouseClick(test::button(tools(), QStringLiteral("Accept")), Qt::LeftButton);
    QVERIFY(document_->inputs().human_mask && document_->inputs().human_mask->at(100, 100) != 0 && document_->inputs().human_mask->at(400, 100) == 0);
    window_->photograph()->target()->setCurrentIndex(0);
  }

  void anotherPhotographForgetsTheCandidate() {
    const int readings = Discs::readings;
    choose(PhotoCanvas::Tool::click);
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(200, 200));
    QTRY_VERIFY(found());
    QVERIFY(Discs::readings > readings);
    pipeline::Inputs in;
    in.photo_name = "other.png";
    in.photo = ImageU8(200, 300, 3, 90);
    document_->reset(std::move(in), {});
    QVERIFY(!canvas()->has_candidate());
    QTest::mouseClick(canvas(), Qt::LeftButton, {}, at(100, 150));
    QTRY_VERIFY(found());
    QCOMPARE(canvas()->candidate().size(), QSize(200, 300));
  }
};

std::unique_ptr<QObject> tactus::test::make_masks_suite() { return std::make_unique<TestMasks>(); }

#include "test_masks.moc"
