#include "tactus/ui/photograph_panel.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QFutureWatcher>
#include <QHBoxLayout>
#include <QLabel>
#include <QDoubleSpinBox>
#include <QGridLayout>
#include <QLineEdit>
#include <QPointer>
#include <QPushButton>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>
#include <QtConcurrent>
#include <cmath>

#include "tactus/error.h"
#include "tactus/io/picture.h"
#include "tactus/objects/library.h"
#include "tactus/pipeline/guesses.h"
#include "tactus/ui/mask_tools.h"
#include "tactus/ui/needed_list.h"
#include "tactus/ui/prompt_edit.h"

namespace tactus::ui {

PhotographPanel::PhotographPanel(Document* document, QWidget* parent)
    : QWidget(parent), document_(document), canvas_(new PhotoCanvas(document)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 8, 8, 8);
  column->setSpacing(8);

  auto* bar = new QHBoxLayout;
  bar->setSpacing(2);
  auto* group = new QButtonGroup(this);
  const auto tool = [&](const QString& text, PhotoCanvas::Tool value, const QString& tip) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setToolTip(tip);
    button->setCheckable(true);
    button->setObjectName(QStringLiteral("narrow"));   // six of them fit a small window
    button->setAccessibleName(tip);
    group->addButton(button);
    tools_.push_back(button);
    bar->addWidget(button);
    connect(button, &QToolButton::clicked, this, [this, value] {
      canvas_->set_tool(value);
      show_tool();
    });
    return button;
  };
  tool(tr("Select"), PhotoCanvas::Tool::select, tr("Drag joints; drag elsewhere to pan"))->setChecked(true);
  tool(tr("Joint"), PhotoCanvas::Tool::joint, tr("Click to place the joint named beside"));
  tool(tr("Box"), PhotoCanvas::Tool::box, tr("Draw a box; the mask inside is found"));
  tool(tr("Click"), PhotoCanvas::Tool::click, tr("Click on the thing to outline it; Alt or right click takes away, a drag draws a box"))->hide();
  tool(tr("Brush"), PhotoCanvas::Tool::brush, tr("Paint the mask"));
  tool(tr("Erase"), PhotoCanvas::Tool::erase, tr("Erase the mask"));
  bar->addStretch(1);
  column->addLayout(bar);

  auto* options = new QHBoxLayout;
  options->setSpacing(8);
  joint_ = new QComboBox;
  joint_->setAccessibleName(tr("Joint to place"));
  for (const auto name : body::kKeypointNames) joint_->addItem(QString::fromLatin1(name.data(), static_cast<qsizetype>(name.size())).replace(QLatin1Char('_'), QLatin1Char(' ')));
  connect(joint_, &QComboBox::currentIndexChanged, canvas_, &PhotoCanvas::set_next_joint);
  connect(canvas_, &PhotoCanvas::joint_placed, this, [this](int k) { joint_->setCurrentIndex(std::min(k + 1, joint_->count() - 1)); });
  target_ = new QComboBox;
  target_->setAccessibleName(tr("Mask to edit"));
  target_->addItems({tr("Object mask"), tr("Person mask")});
  connect(target_, &QComboBox::currentIndexChanged, this, [this](int i) { canvas_->set_target(i == 0 ? PhotoCanvas::Target::object : PhotoCanvas::Target::person); });
  brush_ = new QSlider(Qt::Horizontal);
  brush_->setRange(1, static_cast<int>(PhotoCanvas::kLargestBrush));
  brush_->setValue(10);
  brush_->setAccessibleName(tr("Brush radius"));
  brush_->setToolTip(tr("Brush radius"));
  connect(brush_, &QSlider::valueChanged, this, [this](int v) {
    if (std::lround(canvas_->brush_radius()) != v) canvas_->set_brush_radius(v);
  });
  connect(canvas_, &PhotoCanvas::brush_changed, this, [this](double radius) { brush_->setValue(static_cast<int>(std::lround(radius))); });
  connect(canvas_, &PhotoCanvas::told, this, &PhotographPanel::told);
  auto* opacity = new QSlider(Qt::Horizontal);
  opacity->setRange(0, 100);
  opacity->setValue(45);
  opacity->setToolTip(tr("Mask opacity"));
  opacity->setAccessibleName(tr("Mask opacity"));
  connect(opacity, &QSlider::valueChanged, this, [this](int v) { canvas_->set_mask_opacity(v / 100.0); });
  for (QWidget* w : {static_cast<QWidget*>(joint_), static_cast<QWidget*>(target_), static_cast<QWidget*>(brush_)}) {
    w->hide();
    options->addWidget(w);
  }
  options->addStretch(1);
  options->addWidget(new QLabel(tr("Masks")));
  opacity->setMaximumWidth(90);
  options->addWidget(opacity);
  column->addLayout(options);

  column->addWidget(canvas_, 1);
  busy_ = new QLabel;
  busy_->hide();
  column->addWidget(busy_);
  mask_tools_ = new MaskTools(document, canvas_);
  column->addWidget(mask_tools_);
  connect(mask_tools_, &MaskTools::failed, this, &PhotographPanel::failed);
  connect(mask_tools_, &MaskTools::abilities_changed, this, [this] {
    auto* click = tool_button(PhotoCanvas::Tool::click);
    click->setVisible(mask_tools_->takes_clicks());
    if (click->isChecked() && !mask_tools_->takes_clicks()) tool_button(PhotoCanvas::Tool::box)->click();
    show_tool();
  });

  auto* form = new QGridLayout;
  form->setHorizontalSpacing(8);
  form->setVerticalSpacing(8);
  const auto label = [&](const QString& text, QWidget* buddy, int row) {
    auto* l = new QLabel(text);
    l->setBuddy(buddy);
    form->addWidget(l, row, 0, row == 0 ? Qt::AlignTop : Qt::AlignVCenter);
    return l;
  };
  prompt_ = new PromptEdit;
  prompt_->setPlaceholderText(tr("Which body parts touch the bottle?"));
  prompt_->setAccessibleName(tr("Question"));
  prompt_->setToolTip(tr("What to ask about the photograph; Enter analyses"));
  label(tr("&Question"), prompt_, 0)->setContentsMargins(0, 4, 0, 0);
  form->addWidget(prompt_, 0, 1, 1, 3);

  object_ = new QComboBox;
  object_->setEditable(true);
  object_->setAccessibleName(tr("Object"));
  object_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  object_->setMinimumContentsLength(8);
  for (const auto& category : objects::categories()) object_->addItem(QString::fromStdString(category.name));
  auto* file = new QPushButton(tr("Mesh…"));
  file->setToolTip(tr("Use a mesh file of your own (.obj .ply .glb)"));
  connect(file, &QPushButton::clicked, this, &PhotographPanel::open_mesh_requested);
  label(tr("&Object"), object_, 1);
  form->addWidget(object_, 1, 1, 1, 2);
  form->addWidget(file, 1, 3);

  size_ = new QDoubleSpinBox;
  size_->setRange(0.0, 100.0);
  size_->setDecimals(3);
  size_->setSingleStep(0.01);
  size_->setSuffix(tr(" m"));
  size_->setSpecialValueText(tr("usual size"));
  size_->setKeyboardTracking(false);
  size_->setAccessibleName(tr("Real size of the object in metres"));
  size_->setToolTip(tr("The object's longest side in metres, if you know it; else its usual size is taken"));
  label(tr("&Size"), size_, 2);
  form->addWidget(size_, 2, 1);
  run_ = new QPushButton(tr("Analyse"));
  run_->setObjectName(QStringLiteral("run"));
  run_->setToolTip(tr("Analyse the photograph (Ctrl+R)"));
  form->addWidget(run_, 2, 3);
  form->setColumnStretch(2, 1);
  column->addLayout(form);
  needed_ = new NeededList;
  column->addWidget(needed_);

  connect(run_, &QPushButton::clicked, this, [this] {
    if (running_) Q_EMIT cancel_requested();
    else Q_EMIT run_requested();
  });
  connect(prompt_, &PromptEdit::edited, this, [this](const QString& text) {
    document_->edit(tr("Change prompt"), [&](pipeline::Inputs& in) { in.prompt = text.toStdString(); }, 1);
  });
  connect(prompt_, &PromptEdit::asked, this, &PhotographPanel::run_requested);
  connect(size_, &QDoubleSpinBox::valueChanged, this, [this](double metres) {
    document_->edit(tr("Change the object's size"), [&](pipeline::Inputs& in) {
      in.object_size_m = metres >= 0.001 ? std::optional(metres) : std::nullopt;
    });
  });
  const auto choose = [this](const QString& text) {
    if (text.toStdString() == document_->inputs().object_name) return;
    document_->edit(tr("Choose object"), [&](pipeline::Inputs& in) {
      in.object_name = text.toStdString();
      in.object_mesh.reset();
      in.object_contact_edit.reset();
      in.object_view_edit.clear();
    });
  };
  connect(object_, &QComboBox::textActivated, this, choose);
  connect(object_->lineEdit(), &QLineEdit::editingFinished, this, [this, choose] { choose(object_->currentText()); });
  connect(canvas_, &PhotoCanvas::box_drawn, this, [this](const QRectF& rect) {
    if (mask_tools_->takes_clicks()) mask_tools_->take_box(rect);
    else make_mask(rect);
  });
  connect(needed_, &NeededList::chosen, this, [this](NeededList::Need need) {
    switch (need) {
      case NeededList::Need::joints:
        tool_button(PhotoCanvas::Tool::joint)->click();
        canvas_->setFocus();
        break;
      case NeededList::Need::object_mask:
        target_->setCurrentIndex(0);
        tool_button(PhotoCanvas::Tool::box)->click();
        canvas_->setFocus();
        break;
      case NeededList::Need::question: prompt_->setFocus(); break;
      case NeededList::Need::object: object_->setFocus(); break;
    }
  });
  connect(document_, &Document::changed, this, &PhotographPanel::show_document);
  setMinimumWidth(330);
  show_document();
}

void PhotographPanel::focus_prompt() { prompt_->setFocus(); }
QString PhotographPanel::needed() const { return needed_->text(); }
QToolButton* PhotographPanel::tool_button(PhotoCanvas::Tool tool) const { return tools_[static_cast<std::size_t>(tool)]; }

void PhotographPanel::show_tool() {
  using Tool = PhotoCanvas::Tool;
  const Tool tool = canvas_->tool();
  joint_->setVisible(tool == Tool::joint);
  target_->setVisible(tool == Tool::box || tool == Tool::click || tool == Tool::brush || tool == Tool::erase);
  brush_->setVisible(tool == Tool::brush || tool == Tool::erase);
  mask_tools_->set_tool(tool);
}

void PhotographPanel::set_running(bool running) {
  running_ = running;
  run_->setText(running ? tr("Cancel") : tr("Analyse"));
}

void PhotographPanel::set_looking(bool looking) {
  looking_ = looking;
  show_needed();
}

void PhotographPanel::show_document() {
  const auto& in = document_->inputs();
  if (prompt_->text().toStdString() != in.prompt) prompt_->set_text(QString::fromStdString(in.prompt));
  {
    const QSignalBlocker block(size_);
    size_->setValue(in.object_size_m.value_or(0.0));
  }
  if (object_->currentText().toStdString() != in.object_name) {
    object_->setEditText(QString::fromStdString(in.object_name));
    object_->lineEdit()->setCursorPosition(0);   // long names show their beginning
  }
  // Questions about this object first, then about every other one.
  QStringList questions;
  const auto ask = [&](const QString& object) { questions << tr("Which body parts touch the %1?").arg(object) << tr("Where does the person hold the %1?").arg(object); };
  const auto named = objects::find_category(in.object_name);
  if (named) ask(QString::fromStdString(*named));
  for (const auto& category : objects::categories())
    if (!named || category.name != *named) ask(QString::fromStdString(category.name));
  prompt_->set_suggestions(questions);
  show_needed();
  run_->setEnabled(!in.photo.empty());
}

// In the order in which a person would do it.
void PhotographPanel::show_needed() {
  const auto& in = document_->inputs();
  if (in.photo.empty()) {
    needed_->set_items(tr("Open or drop a photograph."), {});
    return;
  }
  std::vector<NeededList::Item> items;
  if (!in.keypoints && !in.given_body) items.push_back({NeededList::Need::joints, tr("Mark the person's joints"), tr("Click each joint in turn, or drop a keypoints file (.json) or a posed body (.npz)")});
  if (!in.object_mask) items.push_back({NeededList::Need::object_mask, tr("Box the object"), tr("Draw a box around the object; its outline is found inside")});
  if (in.prompt.empty()) items.push_back({NeededList::Need::question, tr("Ask a question"), tr("Say what to look for, for example: Which body parts touch the bottle?")});
  if (in.object_name.empty() && !in.object_mesh && !objects::find_category(in.prompt)) items.push_back({NeededList::Need::object, tr("Name the object"), tr("Choose a shape from the list, or a mesh of your own")});
  QStringList heading;
  const QString guessed = QString::fromStdString(pipeline::guesses_in_words(in));
  if (looking_) heading << tr("Looking for the person and the object …");
  else if (!guessed.isEmpty()) heading << tr("Guessed: %1. Drag or paint what is wrong.").arg(guessed);
  if (!items.empty()) heading << (looking_ ? tr("Meanwhile you can:") : tr("Still needed:"));
  needed_->set_items(heading.join(QLatin1Char('\n')), items);
}

void PhotographPanel::make_mask(const QRectF& r) {
  const bool object = target_->currentIndex() == 0;
  const pipeline::Box box{r.x(), r.y(), r.width(), r.height()};
  busy_->setText(tr("Finding the outline inside the box …"));
  busy_->show();
  using Result = std::pair<ImageU8, QString>;
  auto* watcher = new QFutureWatcher<Result>(this);
  const auto photo = std::make_shared<const ImageU8>(document_->inputs().photo);
  const auto name = document_->inputs().photo_name;
  connect(watcher, &QFutureWatcher<Result>::finished, this, [this, watcher, object, box, name] {
    watcher->deleteLater();
    busy_->hide();
    const auto [mask, error] = watcher->result();
    if (!error.isEmpty()) {
      Q_EMIT failed(error);
    } else if (document_->inputs().photo_name == name && mask.same_size(document_->inputs().photo.width, document_->inputs().photo.height)) {
      document_->edit(object ? tr("Mask the object") : tr("Mask the person"), [&](pipeline::Inputs& in) {
        (object ? in.object_mask : in.human_mask) = mask;
        (object ? in.object_box : in.person_box) = box;
      });
    }
  });
  watcher->setFuture(QtConcurrent::run([photo, box]() -> Result {
    try {
      return {io::grabcut(*photo, box.x, box.y, box.width, box.height, nullptr, 5, {}), QString()};
    } catch (const std::exception& error) {
      return {{}, QString::fromUtf8(error.what())};
    }
  }));
}

}  // namespace tactus::ui
