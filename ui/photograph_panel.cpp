#include "tactus/ui/photograph_panel.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QFutureWatcher>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPointer>
#include <QPushButton>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>
#include <QtConcurrent>

#include "tactus/error.h"
#include "tactus/io/picture.h"
#include "tactus/objects/library.h"

namespace tactus::ui {

PhotographPanel::PhotographPanel(Document* document, QWidget* parent)
    : QWidget(parent), document_(document), canvas_(new PhotoCanvas(document)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 8, 8, 8);
  column->setSpacing(8);

  auto* bar = new QHBoxLayout;
  bar->setSpacing(4);
  auto* group = new QButtonGroup(this);
  const auto tool = [&](const QString& text, PhotoCanvas::Tool value, const QString& tip) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setToolTip(tip);
    button->setCheckable(true);
    button->setAccessibleName(tip);
    group->addButton(button);
    tools_.push_back(button);
    bar->addWidget(button);
    connect(button, &QToolButton::clicked, this, [this, value] {
      canvas_->set_tool(value);
      joint_->setVisible(value == PhotoCanvas::Tool::joint);
      target_->setVisible(value == PhotoCanvas::Tool::box || value == PhotoCanvas::Tool::brush || value == PhotoCanvas::Tool::erase);
      brush_->setVisible(value == PhotoCanvas::Tool::brush || value == PhotoCanvas::Tool::erase);
    });
    return button;
  };
  tool(tr("Select"), PhotoCanvas::Tool::select, tr("Drag joints; drag elsewhere to pan"))->setChecked(true);
  tool(tr("Joint"), PhotoCanvas::Tool::joint, tr("Click to place the joint named beside"));
  tool(tr("Box"), PhotoCanvas::Tool::box, tr("Draw a box; the mask inside is found"));
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
  brush_->setRange(1, 60);
  brush_->setValue(10);
  brush_->setAccessibleName(tr("Brush radius"));
  brush_->setToolTip(tr("Brush radius"));
  connect(brush_, &QSlider::valueChanged, this, [this](int v) { canvas_->set_brush_radius(v); });
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

  needed_ = new QLabel;
  needed_->setWordWrap(true);
  column->addWidget(needed_);

  auto* prompt_row = new QHBoxLayout;
  prompt_ = new QLineEdit;
  prompt_->setPlaceholderText(tr("Which body parts touch the bottle?"));
  prompt_->setAccessibleName(tr("Prompt"));
  prompt_->setClearButtonEnabled(true);
  auto* prompt_label = new QLabel(tr("&Prompt"));
  prompt_label->setBuddy(prompt_);
  prompt_row->addWidget(prompt_label);
  prompt_row->addWidget(prompt_, 1);
  column->addLayout(prompt_row);

  auto* object_row = new QHBoxLayout;
  object_ = new QComboBox;
  object_->setEditable(true);
  object_->setAccessibleName(tr("Object"));
  object_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  object_->setMinimumContentsLength(10);
  for (const auto& category : objects::categories()) object_->addItem(QString::fromStdString(category.name));
  auto* object_label = new QLabel(tr("&Object"));
  object_label->setBuddy(object_);
  auto* file = new QPushButton(tr("Mesh…"));
  file->setToolTip(tr("Use a mesh file of your own (.obj .ply .glb)"));
  connect(file, &QPushButton::clicked, this, &PhotographPanel::open_mesh_requested);
  run_ = new QPushButton(tr("Run"));
  run_->setDefault(true);
  run_->setObjectName(QStringLiteral("run"));
  run_->setToolTip(tr("Run the analysis (Ctrl+R)"));
  object_row->addWidget(object_label);
  object_row->addWidget(object_, 1);
  object_row->addWidget(file);
  object_row->addWidget(run_);
  column->addLayout(object_row);
  // Labels of equal width, so that the fields line up.
  const int width = std::max(prompt_label->sizeHint().width(), object_label->sizeHint().width());
  prompt_label->setFixedWidth(width);
  object_label->setFixedWidth(width);

  connect(run_, &QPushButton::clicked, this, [this] {
    if (running_) Q_EMIT cancel_requested();
    else Q_EMIT run_requested();
  });
  connect(prompt_, &QLineEdit::textEdited, this, [this](const QString& text) {
    document_->edit(tr("Change prompt"), [&](pipeline::Inputs& in) { in.prompt = text.toStdString(); }, 1);
  });
  connect(prompt_, &QLineEdit::returnPressed, this, &PhotographPanel::run_requested);
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
  connect(canvas_, &PhotoCanvas::box_drawn, this, &PhotographPanel::make_mask);
  connect(document_, &Document::changed, this, &PhotographPanel::show_document);
  setMinimumWidth(330);
  show_document();
}

void PhotographPanel::focus_prompt() { prompt_->setFocus(); }

void PhotographPanel::set_running(bool running) {
  running_ = running;
  run_->setText(running ? tr("Cancel") : tr("Run"));
}

void PhotographPanel::show_document() {
  const auto& in = document_->inputs();
  if (prompt_->text().toStdString() != in.prompt) prompt_->setText(QString::fromStdString(in.prompt));
  if (object_->currentText().toStdString() != in.object_name) {
    object_->setEditText(QString::fromStdString(in.object_name));
    object_->lineEdit()->setCursorPosition(0);   // long names show their beginning
  }
  // What is still needed, in the order a person would do it.
  QStringList steps;
  if (in.photo.empty()) {
    steps << tr("Open or drop a photograph.");
  } else {
    if (!in.keypoints && !in.given_body) steps << tr("Mark the person's joints (Joint tool), or drop a keypoints file.");
    if (!in.object_mask) steps << tr("Draw a box around the object (Box tool).");
    if (in.prompt.empty()) steps << tr("Type a question.");
  }
  needed_->setText(steps.isEmpty() ? QString() : tr("Still needed: ") + steps.join(QLatin1Char(' ')));
  needed_->setVisible(!steps.isEmpty());
  run_->setEnabled(!in.photo.empty());
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
