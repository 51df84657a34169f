// Marks that are found when a photograph is opened: shown as guesses, corrected by mouse, never in the place of marks.
#include <QAction>
#include <QComboBox>
#include <QMenuBar>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <atomic>
#include <thread>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/answer_view.h"
#include "tactus/ui/document.h"
#include "tactus/ui/mark_guesser.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/run_controller.h"

using namespace tactus;
using test::drag;
using test::shot;
using ui::PhotoCanvas;

namespace {

// A standing person in the middle, a bottle on the right, a chair on the left.
class Eyes : public contact::Perceiver {
 public:
  contact::Percept look(const ImageU8& rgb, const std::string& category, const Progress& progress) const override {
    ++looks;
    while (!allowed) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      progress.check();
    }
    if (fails) throw cannot_run("perception.safetensors: the weights are damaged; build Tactus again");
    contact::Percept p;
    if (!blind) {
      const double at[body::kKeypointCount][2] = {{320, 70}, {328, 62}, {312, 62}, {338, 66}, {302, 66}, {355, 115}, {285, 115}, {372, 170},
                                                  {268, 170}, {380, 225}, {260, 225}, {342, 230}, {298, 230}, {345, 310}, {295, 310}, {345, 390},
                                                  {295, 390}, {352, 405}, {358, 402}, {343, 400}, {288, 405}, {282, 402}, {297, 400}};
      for (int k = 0; k < body::kKeypointCount; ++k) p.joints.row(k) << at[k][0], at[k][1], k == 22 ? 0.2 : 0.9;
      p.person_mask = box(rgb, 280, 50, 80, 360);
      p.person_confidence = 0.9;
    }
    if (category == "bottle") p.object_mask = box(rgb, 372, 190, 26, 70);
    if (category == "chair") p.object_mask = box(rgb, 120, 200, 120, 200);
    p.object_confidence = p.object_mask.empty() ? 0.0 : 0.8;
    return p;
  }
  static ImageU8 box(const ImageU8& rgb, int x, int y, int width, int height) {
    ImageU8 mask(rgb.width, rgb.height);
    for (int row = y; row < y + height; ++row)
      for (int c = x; c < x + width; ++c) mask.at(c, row) = 255;
    return mask;
  }
  mutable std::atomic<int> looks{0};
  std::atomic<bool> allowed{true}, fails{false}, blind{false};
};

}  // namespace

class TestGuesses : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;
  ui::Document* document_ = nullptr;
  std::shared_ptr<Eyes> eyes_ = std::make_shared<Eyes>();

  PhotoCanvas* canvas() const { return window_->photograph()->canvas(); }
  QPoint at(double x, double y) const { return canvas()->widget_from_photo({x, y}).toPoint(); }
  const pipeline::Inputs& inputs() const { return document_->inputs(); }
  bool idle() const { return !window_->guesser()->busy(); }
  void open(const std::string& object, std::function<void(pipeline::Inputs&)> marks = {}) {
    pipeline::Inputs in;
    in.photo_name = "street.png";
    in.photo = ImageU8(640, 480, 3, 140);
    in.object_name = object;
    in.prompt = "What does the person touch?";
    if (marks) marks(in);
    document_->reset(std::move(in), {});
  }
  QAction* action(const QString& text) const {
    for (auto* menu : window_->menuBar()->findChildren<QMenu*>())
      for (auto* a : menu->actions())
        if (a->text() == text) return a;
    return nullptr;
  }

 private Q_SLOTS:
  void initTestCase() {
    window_ = test::studio().window();
    document_ = window_->document();
    window_->guesser()->set_perceiver(eyes_);
  }
  void init() {
    eyes_->allowed = true;
    eyes_->fails = eyes_->blind = false;
    QTest::mouseClick(window_->photograph()->tool_button(PhotoCanvas::Tool::select), Qt::LeftButton);
  }
  void cleanupTestCase() {
    window_->guesser()->set_perceiver(nullptr);
    window_->messages()->dismiss(QStringLiteral("error"));
    window_->close_document();
    QVERIFY(!action(tr("&Guess marks"))->isEnabled());
  }

  void anOpenedPhotographIsLookedAt() {
    eyes_->allowed = false;
    open("bottle");
    QVERIFY(window_->photograph()->needed().contains(QStringLiteral("Looking for the person")));
    QVERIFY(shot("guesses_looking.png"));
    eyes_->allowed = true;
    QTRY_VERIFY(idle());
    QCOMPARE(inputs().guessed.joint_count(), body::kKeypointCount);
    QVERIFY(inputs().guessed.human_mask && inputs().guessed.object_mask);
    QVERIFY((*inputs().keypoints)[22].visibility == body::Visibility::hidden);
    QVERIFY2(window_->photograph()->needed().startsWith(QStringLiteral("Guessed: 23 joints, the person's mask and the bottle's mask.")), qPrintable(window_->photograph()->needed()));
    QVERIFY(window_->status_text().contains(QStringLiteral("Guessed")));
    QVERIFY(!document_->unsaved());                       // nobody has done anything yet
    // The list of what is needed has changed its height, and with it the canvas.
    const auto pointed = [&] {
      QTest::mouseMove(canvas(), at(355, 130));
      QTest::mouseMove(canvas(), at(355, 115));
      return window_->status_text().contains(QStringLiteral("left shoulder (guessed)"));
    };
    QVERIFY2(QTest::qWaitFor(pointed, 5000), qPrintable(window_->status_text()));
    QVERIFY(shot("guesses.png"));
  }

  void whatIsCorrectedIsAMark() {
    open("bottle");
    QTRY_VERIFY(idle());
    drag(canvas(), {at(380, 225), at(384, 220), at(390, 215)});
    QVERIFY(!inputs().guessed.joints[9]);
    QCOMPARE(inputs().guessed.joint_count(), body::kKeypointCount - 1);
    QVERIFY(document_->unsaved());
    // Another object is looked for by itself; the rest stays as it is.
    const auto wrist = (*inputs().keypoints)[9];
    const int looks = eyes_->looks;
    auto* object = window_->photograph()->object();
    object->lineEdit()->selectAll();
    QTest::keyClicks(object->lineEdit(), QStringLiteral("chair"));
    QTest::keyClick(object->lineEdit(), Qt::Key_Return);
    QTRY_VERIFY(inputs().object_mask && inputs().object_mask->at(150, 250) != 0);
    QVERIFY(inputs().object_mask->at(380, 200) == 0 && inputs().guessed.object_mask);
    QCOMPARE(int(eyes_->looks), looks + 1);
    QVERIFY((*inputs().keypoints)[9] == wrist);
    // A painted mask is the user's: no other object takes its place.
    QTest::mouseClick(window_->photograph()->tool_button(PhotoCanvas::Tool::brush), Qt::LeftButton);
    drag(canvas(), {at(400, 300), at(420, 300)});
    QVERIFY(!inputs().guessed.object_mask && inputs().object_mask->at(410, 300) != 0);
    document_->edit(QStringLiteral("Choose object"), [](pipeline::Inputs& in) { in.object_name = "bottle"; });
    QTest::qWait(600);
    QVERIFY(inputs().object_mask->at(410, 300) != 0);
    QCOMPARE(int(eyes_->looks), looks + 1);
    QVERIFY(shot("guesses_corrected.png"));
  }

  void undoTakesThemAwayAndTheMenuBringsThemBack() {
    open("bottle");
    QTRY_VERIFY(idle());
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Guess marks"));
    document_->undo_stack()->undo();
    QVERIFY(!inputs().keypoints && !inputs().object_mask && !inputs().guessed.any());
    QTest::qWait(600);
    QVERIFY(!inputs().keypoints);                         // not at once again
    QVERIFY(action(tr("&Guess marks"))->isEnabled() && !action(tr("&Keep guesses as marks"))->isEnabled());
    window_->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(window_));
    QTest::keyClick(window_, Qt::Key_G, Qt::ControlModifier);
    QTRY_VERIFY(idle() && inputs().keypoints);
    action(tr("&Keep guesses as marks"))->trigger();
    QVERIFY(!inputs().guessed.any() && inputs().keypoints);
    QVERIFY(!window_->photograph()->needed().contains(QStringLiteral("Guessed")));
    document_->undo_stack()->undo();
    QVERIFY(inputs().guessed.any());
  }

  void whatIsNotFoundIsSaid() {
    eyes_->blind = true;
    open("umbrella");
    QTRY_VERIFY(idle());
    QVERIFY(!inputs().keypoints && !inputs().object_mask);
    QVERIFY2(window_->status_text().contains(QStringLiteral("Not found: a person and an umbrella")), qPrintable(window_->status_text()));
    QVERIFY(window_->photograph()->needed().contains(QStringLiteral("Mark the person's joints")));
    QVERIFY(shot("guesses_none.png"));
  }

  void aPhotographWithMarksIsLeftAlone() {
    const int looks = eyes_->looks;
    open("bottle", [](pipeline::Inputs& in) {
      in.keypoints.emplace();
      (*in.keypoints)[0] = {10, 10, body::Visibility::visible};
      in.object_mask = ImageU8(640, 480, 1, 255);
    });
    QTest::qWait(500);
    QCOMPARE(int(eyes_->looks), looks);
    QVERIFY(!inputs().guessed.any());
  }

  void aLookIsCancelledOrFails() {
    eyes_->allowed = false;
    open("bottle");
    QTRY_VERIFY(!idle());
    window_->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(window_));
    QTest::keyClick(window_, Qt::Key_Escape);
    QTRY_VERIFY(idle());
    eyes_->allowed = true;
    QTest::qWait(100);
    QVERIFY(!inputs().guessed.any());
    eyes_->fails = true;
    open("bottle");
    QTRY_VERIFY(idle());
    QVERIFY(window_->messages()->text(QStringLiteral("error")).contains(QStringLiteral("the weights are damaged")));
    QVERIFY(!inputs().guessed.any());
  }

  // Analyse waits for the look; the answer tells whose marks it rests on.
  void analyseUsesWhatIsFound() {
    eyes_->allowed = false;
    open("bottle");
    QSignalSpy started(window_->controller(), &ui::RunController::started), shown(window_, &ui::MainWindow::analysis_shown);
    QTest::mouseClick(window_->photograph()->run_button(), Qt::LeftButton);
    QTest::qWait(100);
    QCOMPARE(started.count(), 0);
    eyes_->allowed = true;
    QVERIFY(shown.wait(120000));
    QCOMPARE(started.count(), 1);
    const auto* answer = window_->findChild<ui::AnswerView*>();
    QVERIFY(answer != nullptr);
    QCOMPARE(answer->source(), QStringLiteral("Answered by compact, from guessed marks"));
    const auto& warnings = window_->analysis()->warnings;
    QVERIFY(std::any_of(warnings.begin(), warnings.end(), [](const std::string& w) { return w.find("Guessed in the photograph") == 0; }));
    QVERIFY(shot("guesses_analysed.png"));
    // One joint corrected: mixed from then on.
    drag(canvas(), {at(380, 225), at(382, 222)});
    QVERIFY(test::wait_idle(window_));
    QTRY_COMPARE(answer->source(), QStringLiteral("Answered by compact, from your marks and guesses"));
  }
};

std::unique_ptr<QObject> tactus::test::make_guesses_suite() { return std::make_unique<TestGuesses>(); }

#include "test_guesses.moc"
