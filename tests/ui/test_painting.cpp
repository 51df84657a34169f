// Contact painted in the scene and in the views; what is painted stays.
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>
#include <QToolButton>
#include <cmath>

#include "studio.h"
#include "suites.h"
#include "tactus/ui/contact_painting.h"
#include "tactus/ui/document.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/view_canvas.h"
#include "tactus/ui/view_editor.h"
#include "tactus/ui/view_strip.h"
#include "tactus/ui/viewport_panel.h"

using namespace tactus;
using test::shot;

class TestPainting : public QObject {
  Q_OBJECT

  ui::MainWindow* window_ = nullptr;
  ui::Document* document_ = nullptr;
  ui::Viewport* viewport_ = nullptr;

  // A pixel in the middle of body that has no contact.
  std::optional<QPoint> untouched() {
    const auto& contact = *window_->analysis()->body_contact;
    const double ratio = viewport_->devicePixelRatioF();
    const auto free = [&](int x, int y) {
      const auto pick = viewport_->scene().pick(static_cast<int>(x * ratio), static_cast<int>(y * ratio));
      return pick && pick->subject == scene::Subject::body && contact.probability[pick->vertex] < 0.2F;
    };
    for (int y = viewport_->height() / 4; y < viewport_->height(); y += 10)
      for (int x = 30; x < viewport_->width() - 30; x += 10)
        if (free(x, y) && free(x - 25, y) && free(x + 25, y) && free(x, y - 25) && free(x, y + 25)) return QPoint(x, y);
    return std::nullopt;
  }
  int painted(float value) const {
    const auto& edit = document_->inputs().body_contact_edit;
    return edit ? static_cast<int>((edit->array() == value).count()) : 0;
  }
  int touching() const { return static_cast<int>((window_->analysis()->body_contact->probability.array() > 0.5F).count()); }

 private Q_SLOTS:
  void initTestCase() {
    window_ = test::studio().window();
    test::studio().show_sample();
    document_ = window_->document();
    viewport_ = window_->viewport();
  }

  void aStrokeOnTheBodyTakesEffect() {
    const int before = touching();
    QTest::mouseClick(window_->viewport_panel()->tool_button(ui::Viewport::Tool::paint), Qt::LeftButton);
    QCOMPARE(viewport_->tool(), ui::Viewport::Tool::paint);
    QTest::qWait(60);   // the bar under it has come
    const auto at = untouched();
    QVERIFY(at);
    test::drag(viewport_, {*at, *at + QPoint(0, 6), *at + QPoint(0, 12)});
    QVERIFY(painted(1.0F) > 3);
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Paint contact on the body"));
    QTRY_VERIFY_WITH_TIMEOUT(touching() > before, 20000);     // the preview, then the run
    QVERIFY(test::wait_idle(window_));
    QVERIFY(touching() > before);
    QVERIFY(shot("painted.png"));
    // The eraser, by its key; the brush's size, by its own.
    viewport_->setFocus();
    QTest::keyClick(viewport_, Qt::Key_E);
    const double radius = viewport_->brush_radius();
    QTest::keyClick(viewport_, Qt::Key_BracketRight);
    QVERIFY(viewport_->brush_radius() > radius);
    test::drag(viewport_, {*at, *at + QPoint(0, 6)});
    QVERIFY(painted(0.0F) > 3);
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Erase contact on the body"));
    document_->undo_stack()->undo();
    QCOMPARE(painted(0.0F), 0);
  }

  void whatIsPaintedStaysThroughAnotherQuestion() {
    const int mine = painted(1.0F);
    QVERIFY(mine > 0);
    document_->edit(QStringLiteral("Change prompt"), [](pipeline::Inputs& in) { in.prompt = "Which hand holds the camera?"; });
    window_->run();
    QVERIFY(test::wait_idle(window_));
    const auto& edit = *document_->inputs().body_contact_edit;
    for (Eigen::Index i = 0; i < edit.size(); ++i)
      if (edit[i] == 1.0F) QCOMPARE(window_->analysis()->body_contact->probability[i], 1.0F);
    document_->undo_stack()->undo();
  }

  void paintingIsCleared() {
    auto* clear = window_->viewport_panel()->clear_button();
    QVERIFY(clear->isVisible() && clear->isEnabled());
    QTest::mouseClick(clear, Qt::LeftButton);
    QVERIFY(!document_->inputs().body_contact_edit.has_value());
    QVERIFY(!clear->isEnabled());
    document_->undo_stack()->undo();
    QVERIFY(document_->inputs().body_contact_edit.has_value());
    document_->undo_stack()->redo();
    viewport_->setFocus();
    QTest::keyClick(viewport_, Qt::Key_V);
    QVERIFY(!clear->isVisible());
    QVERIFY(test::wait_idle(window_));
  }

  void aRightDragTurnsTheSceneWhilePainting() {
    window_->viewport_panel()->set_tool(ui::Viewport::Tool::paint);
    viewport_->set_view(scene::NamedView::front);
    QTest::mousePress(viewport_, Qt::RightButton, {}, QPoint(200, 200));
    QTest::mouseMove(viewport_, QPoint(240, 210));
    QTest::mouseMove(viewport_, QPoint(300, 220));
    QTest::mouseRelease(viewport_, Qt::RightButton, {}, QPoint(300, 220));
    QVERIFY(!viewport_->scene().current_view().has_value());
    QVERIFY(!document_->inputs().body_contact_edit.has_value());
    viewport_->set_view(scene::NamedView::front);
    window_->viewport_panel()->set_tool(ui::Viewport::Tool::navigate);
  }

  void aViewIsEnlargedAndPainted() {
    auto* strip = window_->steps()->strip();
    QTest::mouseDClick(strip->thumbnail(1), Qt::LeftButton);
    QVERIFY(window_->steps()->view_enlarged());
    auto* canvas = window_->steps()->editor()->canvas();
    QTRY_VERIFY(canvas->isVisible());
    QTest::qWait(50);
    // A pixel that shows the body where nothing touches.
    const auto& view = *ui::rendered_view(*window_->analysis(), 1);
    const auto p = ui::shown_probability(*window_->analysis(), document_->inputs(), 1);
    QPoint free(-1, -1);
    for (int row = 12; row < p.height - 12 && free.x() < 0; row += 3)
      for (int c = 12; c < p.width - 12; c += 3)
        if (view.maps.vertex_ids.at(c, row, 0) >= 0 && view.maps.vertex_ids.at(c + 6, row, 0) >= 0 && view.maps.vertex_ids.at(c - 6, row, 0) >= 0 && p.at(c, row) < 0.2F) {
          free = {c, row};
          break;
        }
    QVERIFY(free.x() >= 0);
    const int before = touching();
    canvas->set_brush_radius(5);
    const QPoint at = canvas->widget_from_view(QPointF(free)).toPoint();
    test::drag(canvas, {at, at + QPoint(4, 0)});
    QVERIFY(document_->inputs().body_view_edit.contains(1));
    QCOMPARE(document_->undo_stack()->undoText(), QStringLiteral("Paint body view 2"));
    QVERIFY(ui::shown_probability(*window_->analysis(), document_->inputs(), 1).at(free.x(), free.y()) > 0.9F);
    QTRY_VERIFY_WITH_TIMEOUT(touching() != before, 20000);     // the lift follows
    QVERIFY(test::wait_idle(window_));
    QVERIFY(shot("view_painted.png"));
    // Zoomed, panned, the next view, closed by Esc.
    test::wheel(canvas, at, 3);
    QVERIFY((canvas->widget_from_view(QPointF(free)) - QPointF(at)).manhattanLength() < 4);
    QTest::keyClick(canvas, Qt::Key_PageDown);
    QCOMPARE(canvas->view(), 2);
    QTest::keyClick(canvas, Qt::Key_Escape);
    QVERIFY(!window_->steps()->view_enlarged());
    document_->undo_stack()->undo();
    QVERIFY(document_->inputs().body_view_edit.empty());
    QTRY_COMPARE_WITH_TIMEOUT(touching(), before, 20000);
    QVERIFY(test::wait_idle(window_));
  }

  void aViewAndTheSurfaceAgree() {
    // Painted on the surface, the pixels of a view that show it say so.
    const auto& view = *ui::rendered_view(*window_->analysis(), 0);
    int vertex = -1, column = 0, line = 0;
    for (int row = 0; row < view.maps.vertex_ids.height && vertex < 0; ++row)
      for (int c = 0; c < view.maps.vertex_ids.width; ++c) {
        int best = 0;
        for (int k = 1; k < 3; ++k)
          if (view.maps.barycentrics.at(c, row, k) > view.maps.barycentrics.at(c, row, best)) best = k;
        const int id = view.maps.vertex_ids.at(c, row, best);
        if (id >= 0 && window_->analysis()->body_contact->probability[id] < 0.1F) {
          vertex = id;
          column = c;
          line = row;
          break;
        }
      }
    QVERIFY(vertex >= 0);
    auto inputs = document_->inputs();
    ui::paint_vertices(inputs.body_contact_edit, static_cast<int>(window_->analysis()->body_contact->probability.size()), {vertex}, 1.0F);
    QCOMPARE(ui::shown_probability(*window_->analysis(), inputs, 0).at(column, line), 1.0F);
  }
};

std::unique_ptr<QObject> tactus::test::make_painting_suite() { return std::make_unique<TestPainting>(); }

#include "test_painting.moc"
