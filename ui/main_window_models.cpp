// Models in the window: the button that names the one in use, loading, Settings.
#include <QFileDialog>
#include <QMenu>
#include <QToolButton>
#include <QSettings>

#include "tactus/ui/analysis_session.h"
#include "tactus/ui/load_bar.h"
#include "tactus/ui/main_window.h"
#include "tactus/ui/mask_tools.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/model_manager.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/settings_dialog.h"

namespace tactus::ui {

void MainWindow::connect_models() {
  auto* menu = new QMenu(model_);
  menu->setAccessibleName(tr("Model"));
  model_->setMenu(menu);
  connect(menu, &QMenu::aboutToShow, this, [this, menu] {
    menu->clear();
    const auto& choice = models_->choice();
    const std::array<QString, kBuiltInModels.size()> built_in = {tr("&compact: our own network, reads your marks"),
                                                                 tr("&prior: what people usually touch")};
    for (std::size_t i = 0; i < kBuiltInModels.size(); ++i) {
      auto* action = menu->addAction(built_in[i]);
      action->setCheckable(true);
      action->setChecked(choice.model == kBuiltInModels[i]);
      connect(action, &QAction::triggered, this, [this, name = std::string(kBuiltInModels[i])] {
        if (models_->choice().model != name) models_->open({name, {}, "auto", "auto"});
        else if (models_->loading()) models_->cancel();
      });
    }
    QStringList known = QSettings().value(QStringLiteral("model/recent")).toStringList();
    for (const QString& folder : known) {
      ModelChoice other{folder.toStdString(), {}, "auto", "auto"};
      if (folder.toStdString() == choice.model) other = choice;
      auto* action = menu->addAction(shown_name(other));
      action->setToolTip(folder);
      action->setCheckable(true);
      action->setChecked(folder.toStdString() == choice.model);
      connect(action, &QAction::triggered, this, [this, other] {
        if (!(other == models_->choice())) models_->open(other);
      });
    }
    menu->addSeparator();
    menu->addAction(tr("Open a &model folder…"), this, &MainWindow::choose_model_folder);
    if (models_->words()) menu->addAction(tr("Close %1").arg(QString::fromStdString(models_->words()->name())), models_, &ModelManager::close_words);
    menu->addAction(tr("&Settings…"), this, [this] { settings()->show(); });
  });
  connect(models_, &ModelManager::began, load_bar_, &LoadBar::begin);
  connect(models_, &ModelManager::progressed, load_bar_, &LoadBar::set_progress);
  connect(models_, &ModelManager::ended, load_bar_, &LoadBar::end);
  connect(load_bar_, &LoadBar::cancel_requested, models_, &ModelManager::cancel);
  connect(models_, &ModelManager::told, this, &MainWindow::show_notice);
  connect(models_, &ModelManager::failed, this, [this](const QString& sentence) {
    messages_->show_message(QStringLiteral("model"), MessageArea::Kind::error, sentence,
                            {{tr("Settings…"), [this] { settings()->show(); }}});
    show_notice(tr("Nothing was changed"));
  });
  connect(models_, &ModelManager::began, this, [this] { messages_->dismiss(QStringLiteral("model")); });
  connect(models_, &ModelManager::model_changed, this, [this] {
    session_->set_predictor(models_->model().predictor);
    if (models_->choice().is_folder()) {
      const QString folder = QString::fromStdString(models_->choice().model);
      QStringList known = QSettings().value(QStringLiteral("model/recent")).toStringList();
      known.removeAll(folder);
      known.prepend(folder);
      QSettings().setValue(QStringLiteral("model/recent"), known.mid(0, 5));
    }
    show_model();
  });
  connect(models_, &ModelManager::segmenters_changed, this, [this] { photograph_->mask_tools()->set_segmenters(models_->clicks(), models_->words()); });
  show_model();
  models_->restore();
}

void MainWindow::show_model() {
  const QString text = tr("model: %1").arg(models_->summary());
  model_->setText(model_->fontMetrics().elidedText(text, Qt::ElideMiddle, 24 * model_->fontMetrics().horizontalAdvance(QLatin1Char('m'))));
  const auto& predictor = models_->model().predictor;
  if (predictor) model_->setToolTip(QString::fromStdString(predictor->description()));
  model_->setAccessibleName(text);
}

void MainWindow::choose_model_folder() {
  const QString start = models_->choice().is_folder() ? QString::fromStdString(models_->choice().model) : QString();
  const QString folder = QFileDialog::getExistingDirectory(this, tr("Open a model folder"), start);
  if (!folder.isEmpty()) models_->open({folder.toStdString(), {}, "auto", "auto"});
}

SettingsDialog* MainWindow::settings() {
  if (settings_ == nullptr) settings_ = new SettingsDialog(models_, this);
  return settings_;
}

}  // namespace tactus::ui
