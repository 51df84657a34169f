// The menus, opening by menu, drop and recent list.
#include <QActionGroup>
#include <QDesktopServices>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QFutureWatcher>
#include <QMenuBar>
#include <QMimeData>
#include <QSettings>
#include <QUrl>
#include <QtConcurrent>

#include "tactus/ui/document.h"
#include "tactus/ui/file_opening.h"
#include "tactus/ui/main_window.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/viewport.h"

namespace tactus::ui {

void MainWindow::make_menus() {
  const auto add = [this](QMenu* menu, const QString& text, const QKeySequence& keys, auto slot) {
    auto* action = menu->addAction(text);
    action->setShortcut(keys);
    connect(action, &QAction::triggered, this, slot);
    return action;
  };
  auto* file = menuBar()->addMenu(tr("&File"));
  add(file, tr("&Open…"), QKeySequence::Open, [this] {
    const QString path = QFileDialog::getOpenFileName(this, tr("Open"), QSettings().value(QStringLiteral("folder")).toString(),
                                                      tr("Everything Tactus reads (*.png *.jpg *.jpeg *.bmp *.tif *.tiff *.webp *.tactus *.obj *.ply *.glb *.json *.npz);;All files (*)"));
    if (!path.isEmpty()) open_file(path);
  });
  recent_ = file->addMenu(tr("Open &recent"));
  fill_recent();
  add(file, tr("Open the &sample"), {}, [this] { open_sample(); });
  file->addSeparator();
  const auto save_as = [this] {
    QString path = QFileDialog::getSaveFileName(this, tr("Save project"), QSettings().value(QStringLiteral("folder")).toString(), tr("Projects (*.tactus)"));
    if (path.isEmpty()) return;
    if (QFileInfo(path).suffix().isEmpty()) path += QStringLiteral(".tactus");
    save_project(path);
  };
  add(file, tr("&Save project"), QKeySequence::Save, [this, save_as] {
    if (document_->file().isEmpty()) save_as();
    else save_project(document_->file());
  });
  add(file, tr("Save project &as…"), QKeySequence::SaveAs, save_as);
  file->addSeparator();
  add(file, tr("&Export results…"), QKeySequence(QStringLiteral("Ctrl+E")), [this] {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Folder for the results"), QSettings().value(QStringLiteral("export")).toString());
    if (folder.isEmpty()) return;
    QSettings().setValue(QStringLiteral("export"), folder);
    export_results(folder + QLatin1Char('/') + QFileInfo(QString::fromStdString(document_->inputs().photo_name)).completeBaseName() + QStringLiteral("_tactus"));
  });
  add(file, tr("Export scene (&GLB)…"), QKeySequence(QStringLiteral("Ctrl+Shift+E")), [this] {
    QString path = QFileDialog::getSaveFileName(this, tr("Export scene"), QSettings().value(QStringLiteral("export")).toString(), tr("Binary glTF (*.glb)"));
    if (path.isEmpty()) return;
    if (QFileInfo(path).suffix().isEmpty()) path += QStringLiteral(".glb");
    QSettings().setValue(QStringLiteral("export"), QFileInfo(path).path());
    export_scene(path);
  });
  file->addSeparator();
  add(file, tr("&Quit"), QKeySequence::Quit, [this] { close(); });

  auto* edit = menuBar()->addMenu(tr("&Edit"));
  auto* undo = document_->undo_stack()->createUndoAction(this, tr("&Undo"));
  undo->setShortcut(QKeySequence::Undo);
  auto* redo = document_->undo_stack()->createRedoAction(this, tr("&Redo"));
  redo->setShortcut(QKeySequence::Redo);
  edit->addAction(undo);
  edit->addAction(redo);
  edit->addSeparator();
  add(edit, tr("Clear &joints"), {}, [this] { document_->edit(tr("Clear joints"), [](pipeline::Inputs& in) { in.keypoints.reset(); }); });
  add(edit, tr("Clear &object mask"), {}, [this] {
    document_->edit(tr("Clear object mask"), [](pipeline::Inputs& in) {
      in.object_mask.reset();
      in.object_box.reset();
    });
  });
  add(edit, tr("Clear &person mask"), {}, [this] { document_->edit(tr("Clear person mask"), [](pipeline::Inputs& in) { in.human_mask.reset(); }); });

  auto* view = menuBar()->addMenu(tr("&View"));
  using scene::NamedView;
  for (const auto& [text, named] : {std::pair{tr("&Front\t1"), NamedView::front}, {tr("&Side\t3"), NamedView::side}, {tr("&Top\t7"), NamedView::top}, {tr("&Photograph's camera\t0"), NamedView::photo}}) {
    auto* action = view->addAction(text);
    connect(action, &QAction::triggered, this, [this, n = named] { viewport_->set_view(n); });
  }
  view->addSeparator();
  const auto toggle = [&](const QString& text, bool scene::DisplayOptions::*field) {
    auto* action = view->addAction(text);
    action->setCheckable(true);
    action->setChecked(viewport_->scene().display().*field);
    connect(action, &QAction::toggled, this, [this, field](bool on) {
      auto display = viewport_->scene().display();
      display.*field = on;
      viewport_->scene().set_display(display);
      viewport_->request_render();
    });
    connect(viewport_, &Viewport::display_changed, action, [this, action, field] {
      const QSignalBlocker block(action);
      action->setChecked(viewport_->scene().display().*field);
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
  connect(overlay, &QAction::toggled, this, &MainWindow::toggle_overlay);

  auto* analyse = menuBar()->addMenu(tr("&Analyse"));
  add(analyse, tr("&Run"), QKeySequence(QStringLiteral("Ctrl+R")), [this] { run(); });
  add(analyse, tr("&Cancel"), QKeySequence(Qt::Key_Escape), [this] { controller_->cancel(); });
  analyse->addSeparator();
  auto* modes = new QActionGroup(this);
  for (const auto& [text, mode] : {std::pair{tr("Corr&ected mode"), Mode::corrected}, {tr("&Official mode (as published)"), Mode::official}}) {
    auto* action = analyse->addAction(text);
    action->setCheckable(true);
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
  add(analyse, tr("&Play the timeline"), {}, [this] { timeline_->toggle_play(); });
  add(analyse, tr("&Next step"), QKeySequence(QStringLiteral("Ctrl+Right")), [this] { timeline_->step(1); });
  add(analyse, tr("P&revious step"), QKeySequence(QStringLiteral("Ctrl+Left")), [this] { timeline_->step(-1); });

  auto* help = menuBar()->addMenu(tr("&Help"));
  add(help, tr("&How to start"), QKeySequence::HelpContents, [this] {
    show_notice(tr("1. Drop a photograph.  2. Mark the joints, box the object, ask.  3. Run, then drag the timeline."));
  });
  add(help, tr("&About Tactus"), {}, [this] { show_notice(tr("Tactus %1, Apache-2.0. Native, visible contact and joint reconstruction.").arg(QString::fromStdString(services_.version))); });
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

void MainWindow::open_file(const QString& path) {
  show_notice(tr("Reading %1 …").arg(QFileInfo(path).fileName()));
  using Result = std::pair<std::function<void(Document&)>, QString>;
  auto* watcher = new QFutureWatcher<Result>(this);
  connect(watcher, &QFutureWatcher<Result>::finished, this, [this, watcher, path] {
    watcher->deleteLater();
    const auto [apply, error] = watcher->result();
    if (!error.isEmpty()) {
      show_notice(tr("Nothing was changed"));
      show_error(error);
      return;
    }
    apply(*document_);
    show_notice(tr("Opened %1").arg(QFileInfo(path).fileName()));
    const auto kind = kind_of(path, true);
    if (kind == FileKind::picture || kind == FileKind::project) remember(path);
    if (kind == FileKind::project) run();
  });
  watcher->setFuture(QtConcurrent::run([path, current = document_->snapshot(), options = document_->options()]() -> Result {
    try {
      return {read_for_document(path, current, options), QString()};
    } catch (const std::exception& error) {
      return {nullptr, QString::fromUtf8(error.what())};
    }
  }));
}

void MainWindow::open_sample() {
  try {
    document_->reset(services_.make_sample(), pipeline::Options{});
    run();
  } catch (const std::exception& error) {
    show_error(QString::fromUtf8(error.what()));
  }
}

void MainWindow::dragEnterEvent(QDragEnterEvent* e) {
  if (e->mimeData()->hasUrls()) e->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* e) {
  for (const QUrl& url : e->mimeData()->urls())
    if (url.isLocalFile()) open_file(url.toLocalFile());
  e->acceptProposedAction();
}

}  // namespace tactus::ui
