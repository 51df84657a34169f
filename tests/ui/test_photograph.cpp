// The photograph panel by mouse and keyboard: joints, masks, boxes, zoom, question, object and size.
#include <QAbstractItemView>
#include <QComboBox>
#include <QCompleter>
#include <QContextMenuEvent>
#include <QDoubleSpinBox>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QTextBlock>
#include <QToolButton>
#include <cmath>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/document.h"
#include "tactus/ui/needed_list.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/prompt_edit.h"

using namespace tactus;
using test::drag;
using ui::PhotoCanvas;

class TestPhotograph : public QObject {
  Q_OBJECT

  std::unique_ptr<ui::Document> document_;
  std::unique_ptr<ui::PhotographPanel> panel_;
  PhotoCanvas* canvas_ = nullptr;

  // A dark disc on light ground, off centre.
  static pipeline::Inputs picture(int width, int height) {
    pipeline::Inputs in;
    in.photo_name = "disc.png";
    in.photo = ImageU8(width, height, 3);
    for (int row = 0; row < height; ++row)
      for (int c = 0; c < width; ++c) {
        const bool disc = std::hypot(c - 0.6 * width, row - 0.5 * height) < 0.2 * height;
        for (int k = 0; k < 3; ++k) in.photo.at(c, row, k) = static_cast<std::uint8_t>((disc ? 60 : 200) + (c * 7 + row * 13 + k * 5) % 9);
      }
    return in;
  }
  QPoint at(double x, double y) const { return canvas_->widget_from_photo({x, y}).toPoint(); }
  const body::Keypoint& joint(std::size_t k) const { return (*document_->inputs().keypoints)[k]; }
  void choose(PhotoCanvas::Tool tool) { QTest::mouseClick(panel_->tool_button(tool), Qt::LeftButton); }

 private Q_SLOTS:
  void init() {
    document_ = std::make_unique<ui::Document>();
    panel_ = std::make_unique<ui::PhotographPanel>(document_.get());
    canvas_ = panel_->canvas();
    panel_->resize(420, 760);
    panel_->show();
    panel_->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(panel_.get()));
    document_->reset(picture(320, 240), {});
  }
  void cleanup() {
    panel_.reset();
    document_.reset();
  }

  void jointsArePlacedDraggedAndUndone() {
    choose(PhotoCanvas::Tool::joint);
    QTest::mouseClick(canvas_, Qt::LeftButton, {}, at(100, 60));
    QTest::mouseClick(canvas_, Qt::LeftButton, {}, at(110, 50));
    QVERIFY(std::abs(joint(0).x - 100) < 2 && std::abs(joint(0).y - 60) < 2);
    QVERIFY(joint(1).visibility == body::Visibility::visible);   // the next in order
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Place left eye"));
    choose(PhotoCanvas::Tool::select);
    const int steps = document_->undo_stack()->index();
    drag(canvas_, {at(100, 60), at(120, 90), at(150, 120), at(180, 150)});
    QVERIFY(std::abs(joint(0).x - 180) < 2 && std::abs(joint(0).y - 150) < 2);
    QCOMPARE(document_->undo_stack()->index(), steps + 1);       // one step for the whole drag
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Move nose"));
    document_->undo_stack()->undo();
    QVERIFY(std::abs(joint(0).x - 100) < 2);
    document_->undo_stack()->redo();
    QVERIFY(std::abs(joint(0).x - 180) < 2);
  }

  void jointsAreMovedByKeyboard() {
    choose(PhotoCanvas::Tool::joint);
    QTest::mouseClick(canvas_, Qt::LeftButton, {}, at(100, 60));
    QTest::mouseClick(canvas_, Qt::LeftButton, {}, at(200, 60));
    choose(PhotoCanvas::Tool::select);
    canvas_->setFocus();
    QTest::keyClick(canvas_, Qt::Key_Comma);
    QCOMPARE(canvas_->selected_joint(), 0);
    const double x = joint(0).x, y = joint(0).y;
    QTest::keyClick(canvas_, Qt::Key_Right);
    QTest::keyClick(canvas_, Qt::Key_Down, Qt::ShiftModifier);
    QCOMPARE(joint(0).x, x + 1);
    QCOMPARE(joint(0).y, y + 10);
    QTest::keyClick(canvas_, Qt::Key_H);
    QVERIFY(joint(0).visibility == body::Visibility::hidden);
    QTest::keyClick(canvas_, Qt::Key_Delete);
    QVERIFY(joint(0).visibility == body::Visibility::unknown);
    QTest::keyClick(canvas_, Qt::Key_Period);
    QCOMPARE(canvas_->selected_joint(), 1);                       // what is unknown is passed over
  }

  void aJointIsHiddenByItsMenu() {
    choose(PhotoCanvas::Tool::joint);
    QTest::mouseClick(canvas_, Qt::LeftButton, {}, at(100, 60));
    QContextMenuEvent event(QContextMenuEvent::Mouse, at(100, 60), canvas_->mapToGlobal(at(100, 60)));
    QApplication::sendEvent(canvas_, &event);
    auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
    QVERIFY(menu != nullptr);
    QTest::keyClick(menu, Qt::Key_Down);
    QTest::keyClick(menu, Qt::Key_Down);
    QTest::keyClick(menu, Qt::Key_Return);
    QVERIFY(joint(0).visibility == body::Visibility::hidden);
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Mark nose as hidden"));
  }

  void masksArePaintedErasedAndUndone() {
    choose(PhotoCanvas::Tool::brush);
    canvas_->set_brush_radius(12);
    drag(canvas_, {at(60, 60), at(120, 60)});
    QVERIFY(document_->inputs().object_mask.has_value());
    const auto inside = [&](int x, int y) { return document_->inputs().object_mask->at(x, y) != 0; };
    QVERIFY(inside(60, 60) && inside(90, 60) && inside(120, 68));
    QVERIFY(!inside(90, 80));
    choose(PhotoCanvas::Tool::erase);
    drag(canvas_, {at(90, 40), at(90, 80)});
    QVERIFY(!inside(90, 60) && inside(64, 60));
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Erase object mask"));
    document_->undo_stack()->undo();
    QVERIFY(inside(90, 60));
    document_->undo_stack()->undo();
    QVERIFY(!document_->inputs().object_mask.has_value());
    // The person's mask is another.
    choose(PhotoCanvas::Tool::brush);
    panel_->target()->setCurrentIndex(1);
    drag(canvas_, {at(60, 60), at(80, 60)});
    QVERIFY(document_->inputs().human_mask.has_value() && !document_->inputs().object_mask.has_value());
    // What is erased to nothing is no mask.
    choose(PhotoCanvas::Tool::erase);
    canvas_->set_brush_radius(60);
    drag(canvas_, {at(60, 60), at(80, 60)});
    QVERIFY(!document_->inputs().human_mask.has_value());
  }

  void aBoxFindsTheOutline() {
    choose(PhotoCanvas::Tool::box);
    drag(canvas_, {at(130, 60), at(180, 120), at(255, 182)});
    QTRY_VERIFY_WITH_TIMEOUT(document_->inputs().object_mask.has_value(), 20000);
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Mask the object"));
    QVERIFY(document_->inputs().object_box.has_value());
    int both = 0, either = 0;
    for (int row = 0; row < 240; ++row)
      for (int c = 0; c < 320; ++c) {
        const bool truth = std::hypot(c - 192.0, row - 120.0) < 48.0, found = document_->inputs().object_mask->at(c, row) != 0;
        both += truth && found ? 1 : 0;
        either += truth || found ? 1 : 0;
      }
    QVERIFY2(both > 0.9 * either, qPrintable(QStringLiteral("overlap %1").arg(double(both) / either)));
    QVERIFY(test::shot("photograph_box.png", panel_.get()));
    document_->undo_stack()->undo();
    QVERIFY(!document_->inputs().object_mask.has_value() && !document_->inputs().object_box.has_value());
  }

  void wheelZoomsAtThePointerAndDragPans() {
    const QPoint p = at(200, 100);
    const double zoom = canvas_->zoom();
    test::wheel(canvas_, p, 4);
    QVERIFY(canvas_->zoom() > 1.5 * zoom);
    QVERIFY((canvas_->widget_from_photo({200, 100}) - QPointF(p)).manhattanLength() < 3);   // stays under the pointer
    const QPointF before = canvas_->widget_from_photo({200, 100});
    drag(canvas_, {p, p + QPoint(15, 10), p + QPoint(30, 20)});
    QVERIFY((canvas_->widget_from_photo({200, 100}) - before - QPointF(30, 20)).manhattanLength() < 3);
    canvas_->setFocus();
    QTest::keyClick(canvas_, Qt::Key_F);
    QCOMPARE(canvas_->zoom(), zoom);
    QVERIFY(!document_->undo_stack()->canUndo());                                            // looking is no edit
  }

  void neededThingsHaveAButtonEach() {
    QVERIFY(panel_->needed().contains(QStringLiteral("Box the object")));
    QVERIFY(test::shot("photograph_needed.png", panel_.get()));
    QTest::mouseClick(test::button(panel_.get(), QStringLiteral("Mark the person's joints")), Qt::LeftButton);
    QCOMPARE(canvas_->tool(), PhotoCanvas::Tool::joint);
    QTest::mouseClick(test::button(panel_.get(), QStringLiteral("Box the object")), Qt::LeftButton);
    QCOMPARE(canvas_->tool(), PhotoCanvas::Tool::box);
    QTest::mouseClick(test::button(panel_.get(), QStringLiteral("Ask a question")), Qt::LeftButton);
    QVERIFY(panel_->prompt()->hasFocus());
    QTest::keyClicks(panel_->prompt(), QStringLiteral("Which body parts touch the bottle?"));
    QVERIFY(!panel_->needed().contains(QStringLiteral("Ask a question")));
    QVERIFY(!panel_->needed().contains(QStringLiteral("Name the object")));   // the question names it
  }

  void questionsAreOfferedWhileTyping() {
    auto* prompt = panel_->prompt();
    QSignalSpy asked(prompt, &ui::PromptEdit::asked);
    prompt->setFocus();
    QTest::keyClicks(prompt, QStringLiteral("skate"));
    auto* list = prompt->completer()->popup();
    QTRY_VERIFY(list->isVisible());
    QVERIFY(test::shot("prompt_offers.png", list));
    QTest::keyClick(list, Qt::Key_Down);
    QTest::keyClick(list, Qt::Key_Return);
    QTRY_VERIFY(!list->isVisible());
    QVERIFY2(prompt->text().startsWith(QStringLiteral("Which body parts touch the skateboard")), qPrintable(prompt->text()));
    QCOMPARE(QString::fromStdString(document_->inputs().prompt), prompt->text());
    QCOMPARE(asked.count(), 0);
    QTest::keyClick(prompt, Qt::Key_Return);
    QCOMPARE(asked.count(), 1);
    document_->undo_stack()->undo();
    QVERIFY(document_->inputs().prompt.empty());   // typing and choosing are one step
    QCOMPARE(prompt->text(), QString());
  }

  void longAndRightToLeftQuestionsStayReadable() {
    auto* prompt = panel_->prompt();
    const int one_line = prompt->height();
    prompt->setFocus();
    QString text;
    while (text.size() < 400) text += QStringLiteral("Which parts of the left hand hold the handle of the heavy suitcase? ");
    document_->edit(QStringLiteral("Paste"), [&](pipeline::Inputs& in) { in.prompt = text.toStdString(); });
    QVERIFY(prompt->height() > 2 * one_line && prompt->height() < 6 * one_line);
    QVERIFY(panel_->width() <= 420);
    QVERIFY(test::shot("prompt_long.png", panel_.get()));
    document_->edit(QStringLiteral("Paste"), [&](pipeline::Inputs& in) { in.prompt = "أي أجزاء الجسم تلمس الزجاجة؟"; });
    QCOMPARE(prompt->height(), one_line);
    QVERIFY(prompt->document()->firstBlock().textDirection() == Qt::RightToLeft);
    QVERIFY(test::shot("prompt_rtl.png", panel_.get()));
  }

  void objectAndSizeAreChosen() {
    auto* edit = panel_->object()->lineEdit();
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, QStringLiteral("chair"));
    QTest::keyClick(edit, Qt::Key_Return);
    QCOMPARE(document_->inputs().object_name, std::string("chair"));
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Choose object"));
    auto* size = panel_->size();
    size->setFocus();
    size->selectAll();
    QTest::keyClicks(size, QStringLiteral("0.95"));
    QTest::keyClick(size, Qt::Key_Return);
    QVERIFY(document_->inputs().object_size_m.has_value());
    QCOMPARE(*document_->inputs().object_size_m, 0.95);
    document_->undo_stack()->undo();
    QVERIFY(!document_->inputs().object_size_m.has_value());
    QCOMPARE(size->text(), QStringLiteral("usual size"));
  }

  void aTwelveMegapixelPhotographIsPaintedOn() {
    document_->reset(picture(4000, 3000), {});
    choose(PhotoCanvas::Tool::brush);
    QVERIFY(canvas_->brush_radius() > 40);          // sized for the photograph
    drag(canvas_, {at(1000, 1000), at(1500, 1200), at(2000, 1400), at(2500, 1600)});
    QVERIFY(document_->inputs().object_mask->at(2000, 1400) != 0);
    QTest::qWait(300);                              // its smaller copies are ready
    QVERIFY(test::shot("photograph_large.png", panel_.get()));
    document_->undo_stack()->undo();
    QVERIFY(!document_->inputs().object_mask.has_value());
  }
};

std::unique_ptr<QObject> tactus::test::make_photograph_suite() { return std::make_unique<TestPhotograph>(); }

#include "test_photograph.moc"
