#include "tactus/ui/settings_dialog.h"

#include <QComboBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>
#include <QtConcurrent>
#include <algorithm>
#include <utility>

#include "tactus/ui/model_manager.h"
#include "tactus/ui/theme.h"

namespace tactus::ui {

namespace {

QLabel* wrapped() {
  auto* label = new QLabel;
  label->setTextFormat(Qt::PlainText);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  return label;
}

}  // namespace

// A field for a path with its Browse button; an empty filter means a folder.
QLineEdit* SettingsDialog::path_row(QGridLayout* grid, int row, const QString& text, const QString& title, const QString& filter) {
  auto* edit = new QLineEdit;
  edit->setAccessibleName(title);
  edit->setClearButtonEnabled(true);
  auto* label = new QLabel(text);
  label->setBuddy(edit);
  auto* browse = new QPushButton(tr("Browse…"));
  browse->setAutoDefault(false);
  browse->setAccessibleName(tr("Browse: %1").arg(title));
  connect(browse, &QPushButton::clicked, this, [this, edit, title, filter] {
    const QString start = edit->text();
    const QString path = filter.isEmpty() ? QFileDialog::getExistingDirectory(this, title, start) : QFileDialog::getOpenFileName(this, title, start, filter);
    if (!path.isEmpty()) edit->setText(path);
  });
  grid->addWidget(label, row, 0);
  grid->addWidget(edit, row, 1, 1, 3);
  grid->addWidget(browse, row, 4);
  if (filter.isEmpty()) of_folders_.insert(of_folders_.end(), {label, edit, browse});
  return edit;
}

SettingsDialog::SettingsDialog(ModelManager* models, QWidget* parent) : QDialog(parent), models_(models), watcher_(new QFutureWatcher<QString>(this)) {
  setWindowTitle(tr("Settings"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(16, 16, 16, 16);
  column->setSpacing(12);
  const auto make_grid = [&] {
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(8);
    grid->setColumnStretch(3, 1);
    grid->setColumnMinimumWidth(0, fontMetrics().horizontalAdvance(tr("SAM weights")) + 4);   // one column in both
    column->addLayout(grid);
    return grid;
  };

  column->addWidget(heading(tr("Contact model")));
  auto* grid = make_grid();
  kind_ = new QComboBox;
  kind_->setAccessibleName(tr("Contact model"));
  kind_->addItems({tr("compact: built in, our own network, reads your marks"), tr("prior: built in, what people usually touch"),
                   tr("a folder of weights (InteractVLM, LISA)")});   // the built-in ones in their order
  auto* model_label = new QLabel(tr("&Model"));
  model_label->setBuddy(kind_);
  grid->addWidget(model_label, 0, 0);
  grid->addWidget(kind_, 0, 1, 1, 4);
  folder_ = path_row(grid, 1, tr("&Folder"), tr("Folder of the model"), {});
  folder_->setPlaceholderText(tr("the one with config.json and tokenizer.model"));
  clip_ = path_row(grid, 2, tr("&CLIP folder"), tr("Folder of CLIP's weights"), {});
  clip_->setPlaceholderText(tr("looked for beside the model"));
  const auto combo = [&](const QString& text, int at, const QStringList& names, const QString& tip) {
    auto* box = new QComboBox;
    box->addItems(names);
    box->setToolTip(tip);
    auto* label = new QLabel(text);
    label->setBuddy(box);
    box->setAccessibleName(QString(text).remove(QLatin1Char('&')));
    grid->addWidget(label, 3, at);
    grid->addWidget(box, 3, at + 1, Qt::AlignLeft);
    of_folders_.insert(of_folders_.end(), {label, box});
    return box;
  };
  precision_ = combo(tr("&Precision"), 0, {QStringLiteral("auto"), QStringLiteral("fp32"), QStringLiteral("bf16"), QStringLiteral("int8"), QStringLiteral("int4")},
                     tr("auto: the best that the free memory holds"));
  device_ = combo(tr("&Device"), 2, {QStringLiteral("auto"), QStringLiteral("cpu"), QStringLiteral("cuda")}, tr("auto: the GPU where there is one"));
  findings_ = wrapped();
  findings_->setMinimumHeight(3 * findings_->fontMetrics().lineSpacing());   // room for a sentence, so that nothing jumps
  findings_->setAlignment(Qt::AlignLeft | Qt::AlignTop);
  of_folders_.push_back(findings_);
  grid->addWidget(findings_, 4, 1, 1, 4);
  auto* model_row = new QHBoxLayout;
  model_row->setSpacing(8);
  state_ = wrapped();
  load_ = new QPushButton(tr("&Load"));
  load_->setToolTip(tr("The model in use stays until the other is ready"));
  load_->setAutoDefault(false);
  model_row->addWidget(state_, 1);
  model_row->addWidget(load_, 0, Qt::AlignTop);
  column->addLayout(model_row);

  column->addWidget(heading(tr("Masks by clicks and boxes")));
  grid = make_grid();
  weights_ = path_row(grid, 0, tr("&SAM weights"), tr("Weights of Segment Anything"), tr("Weights (*.pth *.pt *.safetensors);;All files (*)"));
  weights_->setPlaceholderText(tr("sam_vit_b_….pth; without it boxes are outlined by GrabCut"));
  auto* weights_row = new QHBoxLayout;
  weights_row->setSpacing(8);
  weights_state_ = wrapped();
  load_weights_ = new QPushButton(tr("L&oad"));
  load_weights_->setAccessibleName(tr("Load the weights for masks"));
  load_weights_->setAutoDefault(false);
  weights_row->addWidget(weights_state_, 1);
  weights_row->addWidget(load_weights_, 0, Qt::AlignTop);
  column->addLayout(weights_row);
  column->addStretch(1);
  auto* close_row = new QHBoxLayout;
  close_row->addStretch(1);
  auto* close_button = new QPushButton(tr("Close"));
  close_button->setAutoDefault(false);
  close_row->addWidget(close_button);
  column->addLayout(close_row);
  connect(close_button, &QPushButton::clicked, this, &QDialog::close);

  const auto& choice = models->choice();
  const bool folder = choice.is_folder();
  const auto built_in = std::find(kBuiltInModels.begin(), kBuiltInModels.end(), choice.model);
  kind_->setCurrentIndex(static_cast<int>(built_in - kBuiltInModels.begin()));
  if (folder) folder_->setText(QString::fromStdString(choice.model));
  clip_->setText(QString::fromStdString(choice.clip_folder));
  precision_->setCurrentText(QString::fromStdString(choice.precision));
  device_->setCurrentText(QString::fromStdString(choice.device));
  weights_->setText(models->clicks_file());

  connect(kind_, &QComboBox::currentIndexChanged, this, &SettingsDialog::show_fields);
  for (auto* edit : {folder_, clip_}) connect(edit, &QLineEdit::textChanged, this, &SettingsDialog::inspect);
  connect(precision_, &QComboBox::currentIndexChanged, this, &SettingsDialog::inspect);
  connect(device_, &QComboBox::currentIndexChanged, this, &SettingsDialog::inspect);
  connect(load_, &QPushButton::clicked, this, [this] { models_->open(this->choice()); });
  connect(folder_, &QLineEdit::returnPressed, load_, &QPushButton::click);
  connect(load_weights_, &QPushButton::clicked, this, [this] { models_->open_weights(weights_->text().trimmed()); });
  connect(weights_, &QLineEdit::returnPressed, load_weights_, &QPushButton::click);
  connect(weights_, &QLineEdit::textChanged, this, &SettingsDialog::show_state);
  connect(watcher_, &QFutureWatcher<QString>::finished, this, [this] {
    if (std::exchange(inspect_again_, false)) {
      inspect();
      return;
    }
    findings_->setText(watcher_->result());
  });
  for (const auto signal : {&ModelManager::model_changed, &ModelManager::segmenters_changed, &ModelManager::ended}) connect(models_, signal, this, &SettingsDialog::show_state);
  connect(models_, &ModelManager::began, this, [this](const QString& what) {
    if (!models_->loads_model()) weights_error_.clear();
    (models_->loads_model() ? state_ : weights_state_)->setText(tr("%1 …").arg(what));
  });
  connect(models_, &ModelManager::failed, this, [this](const QString& sentence) {
    if (models_->loads_model()) findings_->setText(sentence);
    else weights_error_ = sentence;
  });
  show_fields();
  resize(680, std::max(sizeHint().height(), heightForWidth(680)));
}

ModelChoice SettingsDialog::choice() const {
  if (!wants_folder()) return {kBuiltInModels[static_cast<std::size_t>(kind_->currentIndex())], {}, "auto", "auto"};
  return {folder_->text().trimmed().toStdString(), clip_->text().trimmed().toStdString(), precision_->currentText().toStdString(), device_->currentText().toStdString()};
}

bool SettingsDialog::wants_folder() const { return kind_->currentIndex() == static_cast<int>(kBuiltInModels.size()); }

QString SettingsDialog::findings() const { return findings_->text(); }
QString SettingsDialog::weights_state() const { return weights_state_->text(); }

void SettingsDialog::show_fields() {
  for (auto* w : of_folders_) w->setEnabled(wants_folder());
  inspect();
}

void SettingsDialog::show_state() {
  load_->setEnabled(!wants_folder() || !folder_->text().trimmed().isEmpty());
  load_->setText(!wants_folder() ? tr("&Use") : tr("&Load"));
  QString text = tr("In use: %1").arg(models_->summary());
  if (models_->words()) text += QLatin1Char('\n') + tr("Outlines by words: %1").arg(QString::fromStdString(models_->words()->name()));
  state_->setText(text);
  const bool none = weights_->text().trimmed().isEmpty();
  load_weights_->setText(none && models_->clicks() ? tr("Rem&ove") : tr("L&oad"));
  load_weights_->setEnabled(!none || models_->clicks());
  weights_state_->setText(!weights_error_.isEmpty() ? weights_error_ : models_->clicks() ? tr("In use: %1").arg(QString::fromStdString(models_->clicks()->name())) : tr("None: boxes are outlined by GrabCut."));
}

// Reads the folder off the window's thread: it may lie on a slow disk.
void SettingsDialog::inspect() {
  show_state();
  if (!wants_folder() || folder_->text().trimmed().isEmpty() || !models_->services().inspect) {
    findings_->clear();
    return;
  }
  if (watcher_->isRunning()) {
    inspect_again_ = true;
    return;
  }
  watcher_->setFuture(QtConcurrent::run([choice = choice(), look = models_->services().inspect] {
    try {
      return QString::fromStdString(look(choice));
    } catch (const std::exception& error) {
      return QString::fromUtf8(error.what());
    }
  }));
}

}  // namespace tactus::ui
