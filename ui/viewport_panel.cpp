#include "tactus/ui/viewport_panel.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSlider>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "tactus/io/results.h"
#include "tactus/ui/contact_brush.h"
#include "tactus/ui/contact_links.h"
#include "tactus/ui/document.h"
#include "tactus/ui/welcome.h"

namespace tactus::ui {

namespace {
constexpr int kMostLinks = 80;
}

ViewportPanel::ViewportPanel(Document* document, const std::vector<std::string>& samples, QWidget* parent)
    : QWidget(parent), document_(document), pages_(new QStackedWidget), viewport_(new Viewport), welcome_(new Welcome(samples)),
      brush_(new ContactBrush(document, viewport_, this)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  tools_ = new QWidget;
  auto* bar = new QHBoxLayout(tools_);
  bar->setContentsMargins(8, 8, 8, 8);
  bar->setSpacing(4);
  const auto button = [&](const QString& text, const QString& tip) {
    auto* b = new QToolButton;
    b->setText(text);
    b->setToolTip(tip);
    b->setAccessibleName(tip);
    bar->addWidget(b);
    return b;
  };
  auto* group = new QButtonGroup(this);
  const auto tool = [&](const QString& text, const QString& tip, Viewport::Tool value) {
    auto* b = button(text, tip);
    b->setCheckable(true);
    group->addButton(b);
    connect(b, &QToolButton::clicked, this, [this, value] { viewport_->set_tool(value); });
    return b;
  };
  navigate_ = tool(tr("Orbit"), tr("Turn the scene (V): drag turns, middle drag moves, the wheel zooms"), Viewport::Tool::navigate);
  paint_ = tool(tr("Paint"), tr("Paint contact on the body or the object (B); right drag turns the scene, [ and ] change the size"), Viewport::Tool::paint);
  erase_ = tool(tr("Erase"), tr("Paint \"no contact\" (E); right drag turns the scene, [ and ] change the size"), Viewport::Tool::erase);
  size_ = new QSlider(Qt::Horizontal);
  size_->setRange(5, 150);
  size_->setMaximumWidth(220);
  size_->setToolTip(tr("Brush radius ([ and ])"));
  size_->setAccessibleName(tr("Brush radius in millimetres"));
  size_label_ = new QLabel;
  size_label_->setMinimumWidth(size_label_->fontMetrics().horizontalAdvance(QStringLiteral("15.0 cm")));
  clear_ = new QPushButton(tr("Clear"));
  clear_->setToolTip(tr("Forget all painted contact, here and in the views"));
  bar->addStretch(1);
  auto* frame = button(tr("Frame"), tr("Show everything (F)"));
  auto* photo = button(tr("Photo"), tr("Look through the photograph's camera (0)"));
  // What belongs to a brush comes in a row of its own, so that the bar fits a narrow window.
  brush_tools_ = new QWidget;
  auto* brush_bar = new QHBoxLayout(brush_tools_);
  brush_bar->setContentsMargins(12, 0, 8, 8);
  brush_bar->setSpacing(8);
  brush_bar->addWidget(new QLabel(tr("Brush")));
  brush_bar->addWidget(size_, 1);
  brush_bar->addWidget(size_label_);
  brush_bar->addStretch(1);
  brush_bar->addWidget(clear_);
  column->addWidget(tools_);
  column->addWidget(brush_tools_);
  pages_->addWidget(welcome_);
  pages_->addWidget(viewport_);
  viewport_->setMinimumSize(240, 160);
  hint_ = new QLabel(viewport_);
  hint_->setAlignment(Qt::AlignCenter);
  hint_->setWordWrap(true);
  hint_->setAttribute(Qt::WA_TransparentForMouseEvents);
  hint_->setObjectName(QStringLiteral("scene_hint"));
  hint_->hide();
  column->addWidget(pages_, 1);
  setMinimumWidth(300);

  connect(frame, &QToolButton::clicked, this, [this] {
    viewport_->scene().frame_all();
    viewport_->request_render();
  });
  connect(photo, &QToolButton::clicked, this, [this] { viewport_->set_view(scene::NamedView::photo); });
  connect(clear_, &QPushButton::clicked, this, &ViewportPanel::clear_painting);
  connect(size_, &QSlider::valueChanged, this, [this](int mm) {
    if (std::lround(1000 * viewport_->brush_radius()) != mm) viewport_->set_brush_radius(1e-3 * mm);
  });
  connect(viewport_, &Viewport::tool_changed, this, &ViewportPanel::show_tool);
  connect(viewport_, &Viewport::hovered, this, [this](const scene::Pick& pick) { Q_EMIT told(described(pick)); });
  connect(viewport_, &Viewport::hover_left, this, [this] { Q_EMIT told(pinned_ ? tr("Pinned: %1").arg(described(*pinned_)) : QString()); });
  connect(viewport_, &Viewport::clicked, this, [this](const scene::Pick& pick) { pin(pick); });
  connect(viewport_, &Viewport::clicked_nothing, this, [this] { pin(std::nullopt); });
  connect(document, &Document::changed, this, &ViewportPanel::show_document);
  show_tool();
  show_document();
}

void ViewportPanel::set_tool(Viewport::Tool tool) { viewport_->set_tool(tool); }
void ViewportPanel::clear_painting() { brush_->clear(); }

void ViewportPanel::show_document() {
  const bool open = !document_->inputs().photo.empty();
  pages_->setCurrentWidget(open ? static_cast<QWidget*>(viewport_) : welcome_);
  tools_->setVisible(open);
  show_tool();
}

void ViewportPanel::show_tool() {
  const auto tool = viewport_->tool();
  navigate_->setChecked(tool == Viewport::Tool::navigate);
  paint_->setChecked(tool == Viewport::Tool::paint);
  erase_->setChecked(tool == Viewport::Tool::erase);
  const bool brushing = tool != Viewport::Tool::navigate;
  brush_tools_->setVisible(!document_->inputs().photo.empty() && brushing);
  clear_->setEnabled(brush_->painted());
  const bool possible = analysis_ && analysis_->body_contact;
  paint_->setEnabled(possible);
  erase_->setEnabled(possible);
  size_->setValue(static_cast<int>(std::lround(1000 * viewport_->brush_radius())));
  size_label_->setText(tr("%1 cm").arg(100 * viewport_->brush_radius(), 0, 'f', 1));
}

void ViewportPanel::set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  const bool had_contact = analysis_ && analysis_->body_contact;
  analysis_ = std::move(analysis);
  brush_->set_analysis(analysis_);
  auto& scene = viewport_->scene();
  if (!analysis_) {
    shown_body_ = shown_object_ = shown_body_contact_ = shown_object_contact_ = shown_fit_ = nullptr;
    scene.clear();
    pin(std::nullopt);
    viewport_->set_tool(Viewport::Tool::navigate);
    viewport_->request_render();
    return;
  }
  const auto& a = *analysis_;
  bool frame = false;
  if (a.body && shown_body_ != a.body.get()) {
    scene.set_body(a.body->mesh);
    scene.set_photo(a.inputs->photo, a.body->camera);
    frame = shown_body_ == nullptr;
    shown_body_ = a.body.get();
    shown_body_contact_ = nullptr;
  }
  if (a.object && shown_object_ != a.object.get()) {
    scene.set_object(a.object->mesh);
    shown_object_ = a.object.get();
    shown_object_contact_ = nullptr;
  }
  if (a.body_contact && shown_body_contact_ != a.body_contact.get()) {
    scene.set_contact(scene::Subject::body, a.body_contact->probability, a.body_contact->coverage);
    shown_body_contact_ = a.body_contact.get();
  }
  if (a.object_contact && shown_object_contact_ != a.object_contact.get()) {
    scene.set_contact(scene::Subject::object, a.object_contact->probability, a.object_contact->coverage);
    shown_object_contact_ = a.object_contact.get();
  }
  // What this analysis does not have must not stay from the one before it.
  if (!a.body_contact && shown_body_contact_ != nullptr) {
    scene.clear_contact(scene::Subject::body);
    scene.clear_contact(scene::Subject::object);
    shown_body_contact_ = shown_object_contact_ = nullptr;
  }
  if (!a.fit && shown_fit_ != nullptr) {
    scene.set_trajectory({});
    shown_fit_ = nullptr;
  }
  if (a.fit && a.object && shown_fit_ != a.fit.get()) {
    // The object has come: it belongs into the picture, unless the user has chosen another view meanwhile.
    frame = frame || (shown_fit_ == nullptr && scene.current_view() == scene::NamedView::front);
    shown_fit_ = a.fit.get();
    const Eigen::Vector3d centre = geometry::area_weighted_centroid(a.object->mesh);
    std::vector<Eigen::Vector3d> path;
    for (const auto& pose : io::animation_frames(a)) path.push_back(pose * centre);
    scene.set_trajectory(path);
  }
  if (frame) scene.set_view(scene::NamedView::front);
  if (had_contact != (a.body_contact != nullptr)) show_tool();
  viewport_->request_render();
}

void ViewportPanel::set_position(const pipeline::TimelinePosition& position) {
  if (!analysis_) return;
  const auto pose = pipeline::object_pose(*analysis_, position);
  viewport_->scene().set_object_pose(pose);
  // While the alignment is shown, what it draws together.
  viewport_->scene().set_links(pose && position.stage == pipeline::Stage::align ? contact_links(*analysis_, *pose, kMostLinks) : decltype(contact_links(*analysis_, *pose, 0)){});
  viewport_->request_render();
}

void ViewportPanel::pin(const std::optional<scene::Pick>& pick) {
  pinned_ = pick;
  viewport_->scene().set_highlight(pick);
  viewport_->request_render();
  Q_EMIT told(pick ? tr("Pinned: %1").arg(described(*pick)) : QString());
}

void ViewportPanel::set_hint(const QString& text) {
  hint_->setText(text);
  hint_->setVisible(!text.isEmpty());
  place_hint();
}
QString ViewportPanel::hint() const { return hint_->isHidden() ? QString() : hint_->text(); }

void ViewportPanel::place_hint() {
  const int width = std::min(360, viewport_->width() - 24);
  const int wide = std::max(60, width);
  hint_->setMinimumSize(0, 0);   // the label counts its lines for no less than its minimum width
  hint_->setFixedSize(wide, std::max(0, hint_->heightForWidth(wide)));
  hint_->move((viewport_->width() - hint_->width()) / 2, (viewport_->height() - hint_->height()) / 2);
}

void ViewportPanel::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  place_hint();
}

QToolButton* ViewportPanel::tool_button(Viewport::Tool tool) const {
  return tool == Viewport::Tool::navigate ? navigate_ : tool == Viewport::Tool::paint ? paint_ : erase_;
}

void ViewportPanel::set_threshold(double threshold) {
  auto display = viewport_->scene().display();
  display.threshold = static_cast<float>(threshold);
  viewport_->scene().set_display(display);
  viewport_->request_render();
}

void ViewportPanel::set_dark(bool dark) {
  auto display = viewport_->scene().display();
  display.dark = dark;
  viewport_->scene().set_display(display);
  viewport_->request_render();
}

QString ViewportPanel::described(const scene::Pick& pick) const {
  if (!analysis_ || pick.vertex < 0) return {};
  const bool body = pick.subject == scene::Subject::body;
  if (!(body ? analysis_->body != nullptr : analysis_->object != nullptr)) return {};
  const auto v = static_cast<std::size_t>(pick.vertex);
  const auto& names = body ? analysis_->body->part_names : analysis_->object->part_names;
  const auto& parts = body ? analysis_->body->vertex_parts : analysis_->object->vertex_parts;
  const QString part = v < parts.size() ? QString::fromStdString(names[parts[v]]) : body ? tr("body") : tr("object");
  const auto& contact = body ? analysis_->body_contact : analysis_->object_contact;
  if (!contact || pick.vertex >= contact->probability.size()) return tr("%1: vertex %2").arg(part).arg(pick.vertex);
  const auto& edit = body ? document_->inputs().body_contact_edit : document_->inputs().object_contact_edit;
  if (edit && pick.vertex < edit->size() && !std::isnan((*edit)[pick.vertex]))
    return tr("%1: painted %2, vertex %3").arg(part, (*edit)[pick.vertex] > 0.5F ? tr("contact") : tr("no contact")).arg(pick.vertex);
  if (contact->coverage[v] == 0) return tr("%1: no view saw vertex %2").arg(part).arg(pick.vertex);
  return tr("%1: contact %2, vertex %3, seen by %4 views").arg(part).arg(static_cast<double>(contact->probability[pick.vertex]), 0, 'f', 2).arg(pick.vertex).arg(contact->coverage[v]);
}

}  // namespace tactus::ui
