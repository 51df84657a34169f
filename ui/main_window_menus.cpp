// The menus, opening by menu, drop and recent list.
#include <QActionGroup>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QFutureWatcher>
#include <QMenuBar>
#include <QMimeData>
#include <QSettings>
#include <QUrl>
#include <QtConcurrent>
#include <algorithm>

#include "tactus/ui/analysis_session.h"
#include "tactus/ui/debug_view.h"
#include "tactus/ui/document.h"
#include "tactus/ui/exporter.h"
#include "tactus/ui/file_opening.h"
#include "tactus/ui/main_window.h"
#include "tactus/ui/mark_guesser.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/model_manager.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/settings_dialog.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/viewport_panel.h"

namespace tactus::ui {

namespace {

template <typename Slot>
QAction* add(QMenu* menu, const QString& text, const QKeySequence& keys, MainWindow* window, Slot slot) {
  auto* action = menu->addAction(text);
  action->setShortcut(keys);
  QObject::connect(action, &QAction::triggered, window, slot);
  return action;
}

constexpr const char* kEverything = "*.png *.jpg *.jpeg *.bmp *.tif *.tiff *.webp *.tactus *.obj *.ply *.glb *.json *.npz *.pth *.safetensors";

}  // namespace

void MainWindow::make_menus() {
  make_file_menu();
  make_edit_menu();
  make_view_menu();
  make_analyse_menu();
  make_help_menu();
}

void MainWindow::open_with_dialog() {
  const QString path = QFileDialog::getOpenFileName(this, tr("Open"), QSettings().value(QStringLiteral("folder")).toString(),
                                                    tr("Everything Tactus reads (%1);;All files (*)").arg(QLatin1String(kEverything)));
  if (!path.isEmpty()) open_file(path);
}

void MainWindow::make_file_menu() {
  auto* file = menuBar()->addMenu(tr("&File"));
  add(file, tr("&Open…"), QKeySequence::Open, this, [this] { open_with_dialog(); });
  add(file, tr("Open a &folder…"), QKeySequence(QStringLiteral("Ctrl+Shift+O")), this, [this] {
    const QString path = QFileDialog::getExistingDirectory(this, tr("Open an analysis or a sample folder"), QSettings().value(QStringLiteral("folder")).toString());
    if (!path.isEmpty()) open_file(path);
  });
  recent_ = file->addMenu(tr("Open &recent"));
  fill_recent();
  auto* samples = file->addMenu(tr("Open a &sample"));
  for (const auto& name : services_.samples) add(samples, QString::fromStdString(name), {}, this, [this, name] { open_sample(QString::fromStdString(name)); });
  add(file, tr("&Close"), QKeySequence::Close, this, [this] { close_document(); });
  file->addSeparator();
  const auto save_as = [this] {
    QString path = QFileDialog::getSaveFileName(this, tr("Save project"), QSettings().value(QStringLiteral("folder")).toString(), tr("Projects (*.tactus)"));
    if (path.isEmpty()) return;
    if (QFileInfo(path).suffix().isEmpty()) path += QStringLiteral(".tactus");
    save_project(path);
  };
  add(file, tr("&Save project"), QKeySequence::Save, this, [this, save_as] {
    if (document_->file().isEmpty()) save_as();
    else save_project(document_->file());
  });
  add(file, tr("Save project &as…"), QKeySequence::SaveAs, this, save_as);
  file->addSeparator();
  const auto renderer = [this] {
    const auto ports = session_->controller()->ports();
    return ports ? ports->view_renderer : nullptr;
  };
  add(file, tr("&Export results…"), QKeySequence(QStringLiteral("Ctrl+E")), this, [this, renderer] {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Folder for the results"), Exporter::last_folder());
    if (folder.isEmpty()) return;
    const QString name = QFileInfo(QString::fromStdString(document_->inputs().photo_name)).completeBaseName();
    exporter_->write(Exporter::What::results, analysis(), folder + QLatin1Char('/') + name + QStringLiteral("_tactus"), renderer());
  });
  add(file, tr("Export scene (&GLB)…"), QKeySequence(QStringLiteral("Ctrl+Shift+E")), this, [this] {
    QString path = QFileDialog::getSaveFileName(this, tr("Export scene"), Exporter::last_folder(), tr("Binary glTF (*.glb)"));
    if (path.isEmpty()) return;
    if (QFileInfo(path).suffix().isEmpty()) path += QStringLiteral(".glb");
    exporter_->write(Exporter::What::scene, analysis(), path);
  });
  auto* again = add(file, tr("Export a&gain"), QKeySequence(QStringLiteral("Ctrl+Alt+E")), this, [this, renderer] {
    const auto choice = Exporter::last_choice();
    if (!choice.target.isEmpty()) exporter_->write(choice.what, analysis(), choice.target, renderer());
  });
  again->setToolTip(tr("The same files to the same place as last time"));
  connect(file, &QMenu::aboutToShow, again, [again] {
    const auto choice = Exporter::last_choice();
    again->setText(choice.target.isEmpty() ? tr("Export a&gain") : tr("Export a&gain to %1").arg(QFileInfo(choice.target).fileName()));
    again->setEnabled(!choice.target.isEmpty());
  });
  connect(file, &QMenu::aboutToHide, again, [again] { again->setEnabled(true); });
  file->addSeparator();
  add(file, tr("&Quit"), QKeySequence::Quit, this, [this] { close(); });
}

void MainWindow::make_edit_menu() {
  auto* edit = menuBar()->addMenu(tr("&Edit"));
  auto* undo = document_->undo_stack()->createUndoAction(this, tr("&Undo"));
  undo->setShortcut(QKeySequence::Undo);
  auto* redo = document_->undo_stack()->createRedoAction(this, tr("&Redo"));
  redo->setShortcut(QKeySequence::Redo);
  edit->addAction(undo);
  edit->addAction(redo);
  edit->addSeparator();
  add(edit, tr("&Copy picture of the scene"), QKeySequence::Copy, this, [this] { copy_picture(); });
  edit->addSeparator();
  auto* guess = add(edit, tr("&Guess marks"), QKeySequence(QStringLiteral("Ctrl+G")), this, [this] { guesser_->guess(); });
  guess->setToolTip(tr("Joints and masks that are not marked are looked for in the photograph"));
  auto* keep = add(edit, tr("&Keep guesses as marks"), {}, this, [this] { document_->edit(tr("Keep guesses"), [](pipeline::Inputs& in) { in.guessed = {}; }); });
  const auto enable = [this, guess, keep] {
    guess->setEnabled(guesser_->can_guess());
    keep->setEnabled(document_->inputs().guessed.any());
  };
  connect(document_, &Document::changed, this, enable);
  enable();
  edit->addSeparator();
  add(edit, tr("Clear &joints"), {}, this, [this] { document_->edit(tr("Clear joints"), [](pipeline::Inputs& in) { in.keypoints.reset(); }); });
  add(edit, tr("Clear &object mask"), {}, this, [this] {
    document_->edit(tr("Clear object mask"), [](pipeline::Inputs& in) {
      in.object_mask.reset();
      in.object_box.reset();
    });
  });
  add(edit, tr("Clear &person mask"), {}, this, [this] { document_->edit(tr("Clear person mask"), [](pipeline::Inputs& in) { in.human_mask.reset(); }); });
  add(edit, tr("Clear pa&inted contact"), {}, this, [this] { scene_->clear_painting(); });
  edit->addSeparator();
  add(edit, tr("&Settings…"), QKeySequence(QStringLiteral("Ctrl+,")), this, [this] {
    settings()->show();
    settings()->raise();
    settings()->activateWindow();
  });
}

void MainWindow::make_view_menu() {
  auto* view = menuBar()->addMenu(tr("&View"));
  using scene::NamedView;
  for (const auto& [text, named] : {std::pair{tr("&Front\t1"), NamedView::front}, {tr("&Side\t3"), NamedView::side}, {tr("&Top\t7"), NamedView::top}, {tr("&Photograph's camera\t0"), NamedView::photo}})
    add(view, text, {}, this, [this, n = named] { viewport()->set_view(n); });
  view->addSeparator();
  for (const auto& [text, tool] : {std::pair{tr("&Orbit\tV"), Viewport::Tool::navigate}, {tr("Paint contact\tB"), Viewport::Tool::paint}, {tr("Erase contact\tE"), Viewport::Tool::erase}})
    add(view, text, {}, this, [this, t = tool] { scene_->set_tool(t); });
  view->addSeparator();
  const auto toggle = [&](const QString& text, bool scene::DisplayOptions::*field) {
    auto* action = view->addAction(text);
    action->setCheckable(true);
    action->setChecked(viewport()->scene().display().*field);
    connect(action, &QAction::toggled, this, [this, field](bool on) {
      auto display = viewport()->scene().display();
      display.*field = on;
      viewport()->scene().set_display(display);
      viewport()->request_render();
    });
    connect(viewport(), &Viewport::display_changed, action, [this, action, field] {
      const QSignalBlocker block(action);
      action->setChecked(viewport()->scene().display().*field);
    });
  };
  toggle(tr("&Contact colours\tC"), &scene::DisplayOptions::contact_colours);
  toggle(tr("&Wireframe\tW"), &scene::DisplayOptions::wireframe);
  toggle(tr("See-through &body\tX"), &scene::DisplayOptions::see_through_body);
  toggle(tr("&Ground and grid\tG"), &scene::DisplayOptions::ground);
  toggle(tr("Tra&jectory"), &scene::DisplayOptions::trajectory);
  view->addSeparator();
  auto* dark = view->addAction(tr("&Dark"));
  dark->setCheckable(true);
  dark->setChecked(QSettings().value(QStringLiteral("dark"), true).toBool());
  connect(dark, &QAction::toggled, this, &MainWindow::set_dark);
  auto* overlay = view->addAction(tr("D&ebug overlay"));
  overlay->setCheckable(true);
  overlay->setShortcut(QKeySequence(Qt::Key_F3));
  connect(overlay, &QAction::toggled, debug_, &DebugView::set_shown);
}

void MainWindow::make_analyse_menu() {
  auto* analyse = menuBar()->addMenu(tr("&Analyse"));
  add(analyse, tr("&Analyse"), QKeySequence(QStringLiteral("Ctrl+R")), this, [this] { run(); });
  cancel_action_ = add(analyse, tr("&Cancel"), QKeySequence(Qt::Key_Escape), this, [this] { cancel(); });
  cancel_action_->setEnabled(false);   // Esc is other widgets' while nothing runs
  analyse->addSeparator();
  auto* modes = new QActionGroup(this);
  for (const auto& [text, mode] : {std::pair{tr("Corr&ected mode"), Mode::corrected}, {tr("&Official mode (as published)"), Mode::official}}) {
    auto* action = analyse->addAction(text);
    action->setCheckable(true);
    action->setChecked(document_->options().mode == mode);
    modes->addAction(action);
    connect(action, &QAction::triggered, this, [this, m = mode] {
      document_->edit_options(tr("Change mode"), [m](pipeline::Options& o) { o = m == Mode::official ? pipeline::official_options() : pipeline::Options{}; });
    });
    connect(document_, &Document::changed, action, [this, action, m = mode] { action->setChecked(document_->options().mode == m); });
  }
  auto* scale = analyse->addAction(tr("Fit the object's &size"));
  scale->setCheckable(true);
  connect(scale, &QAction::triggered, this, [this](bool on) {
    document_->edit_options(tr("Fit the object's size"), [on](pipeline::Options& o) { o.fit.optimise_scale = on; });
  });
  connect(document_, &Document::changed, scale, [this, scale] { scale->setChecked(document_->options().fit.optimise_scale); });
  analyse->addSeparator();
  add(analyse, tr("&Play the timeline"), QKeySequence(QStringLiteral("Ctrl+Space")), this, [this] { timeline_->toggle_play(); });
  add(analyse, tr("&Next step"), QKeySequence(QStringLiteral("Ctrl+Right")), this, [this] { timeline_->step(1); });
  add(analyse, tr("P&revious step"), QKeySequence(QStringLiteral("Ctrl+Left")), this, [this] { timeline_->step(-1); });
}

void MainWindow::make_help_menu() {
  auto* help = menuBar()->addMenu(tr("&Help"));
  add(help, tr("&How to start"), QKeySequence::HelpContents, this, [this] {
    messages_->show_message(QStringLiteral("help"), MessageArea::Kind::notice,
                            tr("1. Drop a photograph.  2. Type a question, mark the person's joints and box the object.  3. Press Analyse, then drag the timeline."));
  });
  add(help, tr("&About Tactus"), {}, this, [this] {
    messages_->show_message(QStringLiteral("help"), MessageArea::Kind::notice,
                            tr("Tactus %1, Apache-2.0. Where a person touches an object in a photograph, on both surfaces and in space.").arg(QString::fromStdString(services_.version)));
  });
}

void MainWindow::fill_recent() {
  recent_->clear();
  for (const QString& path : QSettings().value(QStringLiteral("recent")).toStringList()) {
    auto* action = recent_->addAction(QFileInfo(path).fileName());
    action->setToolTip(path);
    connect(action, &QAction::triggered, this, [this, path] { open_file(path); });
  }
  recent_->setEnabled(!recent_->isEmpty());
}

void MainWindow::remember(const QString& path) {
  QSettings settings;
  QStringList list = settings.value(QStringLiteral("recent")).toStringList();
  list.removeAll(path);
  list.prepend(path);
  settings.setValue(QStringLiteral("recent"), list.mid(0, 8));
  settings.setValue(QStringLiteral("folder"), QFileInfo(path).path());
  fill_recent();
}

void MainWindow::open_file(const QString& path) { open_files({path}); }

void MainWindow::open_files(const QStringList& paths) {
  QStringList sorted;
  for (const QString& path : paths) {
    // Models are loaded beside whatever is open.
    switch (kind_of(path, false)) {
      case FileKind::model: models_->open({path.toStdString(), {}, "auto", "auto"}); break;
      case FileKind::weights: models_->open_weights(path); break;
      default: sorted << path;
    }
  }
  // A mask is only one beside its photograph, so the order of a drop must not matter.
  const auto rank = [&](const QString& path) {
    switch (kind_of(path, sorted.size() > 1 || !document_->inputs().photo.empty())) {
      case FileKind::picture:
      case FileKind::project:
      case FileKind::folder: return 0;
      default: return 1;
    }
  };
  std::stable_sort(sorted.begin(), sorted.end(), [&](const QString& a, const QString& b) { return rank(a) < rank(b); });
  to_open_ += sorted;
  open_next();
}

void MainWindow::open_next() {
  if (opening_ || to_open_.isEmpty()) return;
  opening_ = true;
  const QString path = to_open_.takeFirst();
  show_notice(tr("Reading %1 …").arg(QFileInfo(path).fileName()));
  using Result = std::pair<std::function<void(Document&)>, QString>;
  auto* watcher = new QFutureWatcher<Result>(this);
  connect(watcher, &QFutureWatcher<Result>::finished, this, [this, watcher, path] {
    watcher->deleteLater();
    opening_ = false;
    const auto [apply, error] = watcher->result();
    if (!error.isEmpty()) {
      show_notice(tr("Nothing was changed"));
      show_error(error);
    } else {
      const auto changes = document_->undo_stack()->index();
      const bool had_photo = !document_->inputs().photo.empty();
      const auto kind = kind_of(path, had_photo);
      apply(*document_);
      show_notice(tr("Opened %1").arg(QFileInfo(path).fileName()));
      if (kind == FileKind::picture || kind == FileKind::project) remember(path);
      if (kind == FileKind::project || kind == FileKind::folder) run();
      // Another object asks anew; marks are answered by themselves.
      else if (kind == FileKind::mesh && had_photo && document_->undo_stack()->index() != changes && analysis()) run();
    }
    Q_EMIT opened(path, error.isEmpty());
    open_next();
  });
  watcher->setFuture(QtConcurrent::run([path, current = document_->snapshot(), options = document_->file().isEmpty() ? services_.options : document_->options()]() -> Result {
    try {
      return {read_for_document(path, current, options), QString()};
    } catch (const std::exception& error) {
      return {nullptr, QString::fromUtf8(error.what())};
    }
  }));
}

void MainWindow::open_sample(const QString& name) {
  try {
    const std::string sample = !name.isEmpty() ? name.toStdString() : services_.samples.empty() ? std::string() : services_.samples.front();
    document_->reset(services_.make_sample(sample), services_.options);
    run();
  } catch (const std::exception& error) {
    show_error(QString::fromUtf8(error.what()));
  }
}

void MainWindow::close_document() { document_->reset({}, services_.options); }

void MainWindow::dragEnterEvent(QDragEnterEvent* e) {
  if (e->mimeData()->hasUrls()) e->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* e) {
  QStringList paths;
  for (const QUrl& url : e->mimeData()->urls())
    if (url.isLocalFile()) paths << url.toLocalFile();
  open_files(paths);
  e->acceptProposedAction();
}

}  // namespace tactus::ui
