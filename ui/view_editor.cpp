#include "tactus/ui/view_editor.h"

#include <QButtonGroup>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

#include "tactus/ui/contact_painting.h"
#include "tactus/ui/document.h"
#include "tactus/ui/view_canvas.h"

namespace tactus::ui {

ViewEditor::ViewEditor(Document* document, QWidget* parent) : QWidget(parent), document_(document), canvas_(new ViewCanvas(document)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 8, 8, 8);
  column->setSpacing(8);
  const auto button = [](const QString& text, const QString& tip) {
    auto* b = new QToolButton;
    b->setText(text);
    b->setToolTip(tip);
    b->setAccessibleName(tip);
    return b;
  };
  auto* header = new QHBoxLayout;
  header->setSpacing(4);
  title_ = new QLabel;
  QFont bold = title_->font();
  bold.setBold(true);
  title_->setFont(bold);
  auto *before = button(QStringLiteral("‹"), tr("Previous view (Page Up)")), *after = button(QStringLiteral("›"), tr("Next view (Page Down)"));
  auto* close = button(tr("Close"), tr("Back to the steps (Esc)"));
  header->addWidget(title_, 1);
  for (auto* b : {before, after, close}) header->addWidget(b);
  column->addLayout(header);

  auto* tools = new QHBoxLayout;
  tools->setSpacing(4);
  auto* group = new QButtonGroup(this);
  const auto tool = [&](const QString& text, const QString& tip, ViewCanvas::Tool value) {
    auto* b = button(text, tip);
    b->setCheckable(true);
    group->addButton(b);
    tools->addWidget(b);
    connect(b, &QToolButton::clicked, this, [this, value] { canvas_->set_tool(value); });
    return b;
  };
  paint_ = tool(tr("Paint"), tr("Paint contact (B)"), ViewCanvas::Tool::paint);
  erase_ = tool(tr("Erase"), tr("Erase contact (E)"), ViewCanvas::Tool::erase);
  pan_ = tool(tr("Pan"), tr("Move the picture (V, or Shift-drag); the wheel zooms, F fits"), ViewCanvas::Tool::pan);
  tools->addStretch(1);
  clear_ = new QPushButton(tr("Clear"));
  clear_->setToolTip(tr("Forget what was painted in this view"));
  tools->addWidget(clear_);
  column->addLayout(tools);

  column->addWidget(canvas_, 1);

  auto* sliders = new QGridLayout;
  sliders->setHorizontalSpacing(8);
  const auto slider = [&](int row, const QString& text, int low, int high, int value, const QString& tip) {
    auto* s = new QSlider(Qt::Horizontal);
    s->setRange(low, high);
    s->setValue(value);
    s->setToolTip(tip);
    s->setAccessibleName(tip);
    auto* label = new QLabel(text);
    label->setBuddy(s);
    sliders->addWidget(label, row, 0);
    sliders->addWidget(s, row, 1);
    return s;
  };
  brush_ = slider(0, tr("Brush"), 1, 80, static_cast<int>(canvas_->brush_radius()), tr("Brush radius in pixels of the view ([ and ])"));
  opacity_ = slider(1, tr("Mask"), 0, 100, 70, tr("Opacity of the mask"));
  column->addLayout(sliders);
  hint_ = new QLabel;
  hint_->setWordWrap(true);
  column->addWidget(hint_);

  connect(before, &QToolButton::clicked, this, [this] { step(-1); });
  connect(after, &QToolButton::clicked, this, [this] { step(1); });
  connect(close, &QToolButton::clicked, this, &ViewEditor::closed);
  connect(brush_, &QSlider::valueChanged, this, [this](int v) {
    if (std::lround(canvas_->brush_radius()) != v) canvas_->set_brush_radius(v);
  });
  connect(canvas_, &ViewCanvas::brush_changed, this, [this](double r) { brush_->setValue(static_cast<int>(std::lround(r))); });
  connect(opacity_, &QSlider::valueChanged, this, [this](int v) { canvas_->set_opacity(v / 100.0); });
  connect(canvas_, &ViewCanvas::tool_changed, this, &ViewEditor::show_state);
  connect(clear_, &QPushButton::clicked, this, [this] {
    const int view = canvas_->view();
    document_->edit(tr("Clear %1").arg(view_title(view).toLower()),
                    [&](pipeline::Inputs& in) { (is_body_view(view) ? in.body_view_edit : in.object_view_edit).erase(view % 4); });
  });
  connect(document, &Document::changed, this, &ViewEditor::show_state);
  show_state();
}

void ViewEditor::set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  analysis_ = analysis;
  canvas_->set_analysis(std::move(analysis));
  show_state();
}

void ViewEditor::open(int view) {
  canvas_->set_view(view);
  canvas_->setFocus();
  show_state();
  Q_EMIT view_changed(view);
}

void ViewEditor::step(int by) { open((canvas_->view() + by + kViewCount) % kViewCount); }

void ViewEditor::show_state() {
  paint_->setChecked(canvas_->tool() == ViewCanvas::Tool::paint);
  erase_->setChecked(canvas_->tool() == ViewCanvas::Tool::erase);
  pan_->setChecked(canvas_->tool() == ViewCanvas::Tool::pan);
  const int view = canvas_->view();
  const auto* rendered = analysis_ ? rendered_view(*analysis_, view) : nullptr;
  title_->setText(rendered != nullptr ? QStringLiteral("%1: %2").arg(view_title(view), QString::fromStdString(rendered->view.name)) : view_title(view));
  const auto& in = document_->inputs();
  clear_->setEnabled((is_body_view(view) ? in.body_view_edit : in.object_view_edit).contains(view % 4));
  hint_->setText(!analysis_ || !analysis_->prediction ? tr("The mask can be painted once it has been predicted.")
                                                      : tr("Paint what touches, erase what does not; the surface and the fit follow."));
}

void ViewEditor::keyPressEvent(QKeyEvent* e) {
  switch (e->key()) {
    case Qt::Key_Escape: Q_EMIT closed(); break;
    case Qt::Key_PageUp: step(-1); break;
    case Qt::Key_PageDown: step(1); break;
    default: QWidget::keyPressEvent(e);
  }
}

}  // namespace tactus::ui
