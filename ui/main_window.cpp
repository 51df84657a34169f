#include "tactus/ui/main_window.h"

#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDesktopServices>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QFutureWatcher>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSettings>
#include <QSplitter>
#include <QStandardPaths>
#include <QStatusBar>
#include <QTimer>
#include <QUrl>
#include <QVBoxLayout>
#include <QtConcurrent>

#include "tactus/error.h"
#include "tactus/io/project.h"
#include "tactus/io/results.h"
#include "tactus/ui/debug_overlay.h"
#include "tactus/ui/document.h"
#include "tactus/ui/file_opening.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/plot_widget.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/theme.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/viewport.h"

namespace tactus::ui {

using pipeline::Stage;

MainWindow::MainWindow(Services services, QWidget* parent)
    : QMainWindow(parent), services_(std::move(services)), document_(new Document(this)),
      controller_(new RunController(services_.make_ports, this)), photograph_(new PhotographPanel(document_)),
      viewport_(new Viewport), steps_(new StepsPanel), timeline_(new TimelineBar), autosave_(new QTimer(this)) {
  setAcceptDrops(true);
  setWindowTitle(document_->title());
  auto* split = new QSplitter(Qt::Horizontal);
  split->setHandleWidth(1);
  split->setChildrenCollapsible(false);
  split->addWidget(photograph_);
  auto* centre = new QWidget;
  auto* centre_column = new QVBoxLayout(centre);
  centre_column->setContentsMargins(0, 0, 0, 0);
  centre_column->addWidget(viewport_);
  viewport_->setMinimumWidth(240);
  split->addWidget(centre);
  split->addWidget(steps_);
  split->setStretchFactor(0, 3);
  split->setStretchFactor(1, 5);
  split->setStretchFactor(2, 0);
  split->setSizes({420, 760, 352});

  banner_ = new QFrame;
  banner_->setObjectName(QStringLiteral("banner"));
  auto* banner_row = new QHBoxLayout(banner_);
  banner_row->setContentsMargins(12, 6, 8, 6);
  banner_label_ = new QLabel;
  banner_label_->setWordWrap(true);
  banner_label_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  banner_row->addWidget(banner_label_, 1);
  retry_ = new QPushButton(tr("Retry"));
  connect(retry_, &QPushButton::clicked, this, &MainWindow::run);
  auto* copy = new QPushButton(tr("Copy"));
  connect(copy, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(banner_label_->text()); });
  auto* dismiss = new QPushButton(tr("Dismiss"));
  connect(dismiss, &QPushButton::clicked, banner_, &QWidget::hide);
  for (auto* button : {retry_, copy, dismiss}) banner_row->addWidget(button);
  banner_->hide();

  auto* centre_widget = new QWidget;
  auto* column = new QVBoxLayout(centre_widget);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(banner_);
  column->addWidget(split, 1);
  column->addWidget(timeline_);
  setCentralWidget(centre_widget);

  status_ = new QLabel(tr("Ready"));
  model_ = new QLabel;
  progress_ = new QProgressBar;
  progress_->setRange(0, 1000);
  progress_->setFixedWidth(180);
  progress_->setTextVisible(false);
  progress_->hide();
  cancel_ = new QPushButton(tr("Cancel"));
  cancel_->setToolTip(tr("Stop the run (Esc)"));
  cancel_->hide();
  connect(cancel_, &QPushButton::clicked, controller_, &RunController::cancel);
  statusBar()->addWidget(status_, 1);
  statusBar()->addWidget(progress_);
  statusBar()->addWidget(cancel_);
  statusBar()->addPermanentWidget(model_);

  make_menus();

  connect(document_, &Document::changed, this, [this] {
    setWindowTitle(document_->title());
    setWindowModified(!document_->undo_stack()->isClean());
    mark_stale();
    autosave_->start();
  });
  connect(document_, &Document::replaced, this, [this] {
    controller_->cancel();
    analysis_.reset();
    complete_.reset();
    run_inputs_.reset();
    shown_body_ = shown_object_ = shown_body_contact_ = shown_object_contact_ = shown_photo_ = nullptr;
    viewport_->scene().clear();
    viewport_->request_render();
    steps_->set_analysis(nullptr);
    timeline_->set_analysis(nullptr);
    timeline_->set_position({});
    banner_->hide();
  });
  connect(photograph_, &PhotographPanel::run_requested, this, &MainWindow::run);
  connect(photograph_, &PhotographPanel::cancel_requested, controller_, &RunController::cancel);
  connect(photograph_, &PhotographPanel::failed, this, &MainWindow::show_error);
  connect(photograph_, &PhotographPanel::open_mesh_requested, this, [this] {
    const QString file = QFileDialog::getOpenFileName(this, tr("Open a mesh"), {}, tr("Meshes (*.obj *.ply *.glb)"));
    if (!file.isEmpty()) open_file(file);
  });
  // A moved joint refits at once, when there is something to refit.
  connect(photograph_->canvas(), &PhotoCanvas::marks_finished, this, [this] {
    if (analysis_) run();
  });
  connect(timeline_, &TimelineBar::position_changed, this, &MainWindow::show_position);
  connect(steps_, &StepsPanel::position_chosen, this, [this](const auto& p) {
    follow_ = false;
    timeline_->set_position(p);
  });
  connect(steps_, &StepsPanel::stage_chosen, this, [this](Stage stage) {
    follow_ = false;
    if (analysis_ && pipeline::step_count(*analysis_, stage) > 0) timeline_->set_position({stage, 0});
  });
  connect(steps_, &StepsPanel::threshold_changed, this, [this](double t) {
    auto display = viewport_->scene().display();
    display.threshold = static_cast<float>(t);
    viewport_->scene().set_display(display);
    viewport_->request_render();
  });
  connect(viewport_, &Viewport::hovered, this, [this](const scene::Pick& pick) {
    if (!analysis_ || !analysis_->body_contact || pick.vertex < 0) return;
    const bool body = pick.subject == scene::Subject::body;
    const auto& contact = body ? *analysis_->body_contact : *analysis_->object_contact;
    if (pick.vertex >= contact.probability.size()) return;
    const auto v = static_cast<std::size_t>(pick.vertex);
    const auto& names = body ? analysis_->body->part_names : analysis_->object->part_names;
    const auto& parts = body ? analysis_->body->vertex_parts : analysis_->object->vertex_parts;
    const QString part = v < parts.size() ? QString::fromStdString(names[parts[v]]) : tr("surface");
    status_->setText(contact.coverage[v] == 0 ? tr("%1: no view saw vertex %2").arg(part).arg(pick.vertex)
                                              : tr("%1: contact %2, vertex %3, seen by %4 views").arg(part).arg(static_cast<double>(contact.probability[pick.vertex]), 0, 'f', 2).arg(pick.vertex).arg(contact.coverage[v]));
  });
  connect(viewport_, &Viewport::clicked, this, [this](const scene::Pick& pick) {
    viewport_->scene().set_highlight(pick);
    viewport_->request_render();
  });
  connect(controller_, &RunController::started, this, [this] {
    banner_->hide();
    photograph_->set_running(true);
    progress_->setValue(0);
    progress_->show();
    cancel_->show();
    status_->setText(tr("Starting …"));
  });
  connect(controller_, &RunController::progressed, this, [this](double f, const QString& stage, const QString& message) {
    progress_->setValue(static_cast<int>(1000 * f));
    status_->setText(message.isEmpty() ? stage : QStringLiteral("%1: %2").arg(stage, message));
  });
  const auto ended = [this](const QString& text) {
    photograph_->set_running(false);
    progress_->hide();
    cancel_->hide();
    status_->setText(text);
  };
  connect(controller_, &RunController::updated, this, &MainWindow::show_analysis);
  connect(controller_, &RunController::finished, this, [this, ended](auto analysis) {
    QString text = tr("Done");
    if (!analysis->warnings.empty()) text = QString::fromStdString(analysis->warnings.front());
    ended(text);
    complete_ = analysis;
    show_analysis(analysis);
    if (follow_) timeline_->go_to_end();
    mark_stale();
    Q_EMIT analysis_shown();
  });
  connect(controller_, &RunController::failed, this, [this, ended](const QString& stage, const QString& sentence) {
    ended(tr("%1 failed").arg(stage));
    for (int i = 0; i < pipeline::kStageCount; ++i)
      if (stage == QString::fromUtf8(pipeline::stage_name(static_cast<Stage>(i)))) steps_->set_failure(static_cast<Stage>(i), sentence);
    show_error(sentence);
    retry_->show();
  });
  connect(controller_, &RunController::cancelled, this, [this, ended] {
    ended(tr("Cancelled"));
    // What was known before the run stays usable.
    if (complete_) show_analysis(complete_);
    mark_stale();
  });
  connect(controller_, &RunController::model_described, this, [this](const QString& text) {
    model_->setText(text.section(QLatin1Char(':'), 0, 0));
    model_->setText(tr("model: prior (does not look at the photograph)"));
    model_->setToolTip(text);
  });
  autosave_->setSingleShot(true);
  autosave_->setInterval(3000);
  connect(autosave_, &QTimer::timeout, this, [this] {
    if (document_->inputs().photo.empty() || document_->undo_stack()->isClean()) return;
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
    QDir().mkpath(folder);
    write_in_background({}, folder + QStringLiteral("/autosave.tactus"), [in = document_->snapshot(), options = document_->options(), folder] {
      io::write_project((folder + QStringLiteral("/autosave.tactus")).toStdString(), *in, options);
    });
  });
  resize(1500, 920);
}

MainWindow::~MainWindow() = default;

void MainWindow::run() {
  if (document_->inputs().photo.empty()) {
    show_error(tr("There is no photograph yet; open one or drop it onto the window."));
    return;
  }
  follow_ = true;
  retry_->hide();
  run_inputs_ = document_->snapshot();
  controller_->start(run_inputs_, document_->options());
}

void MainWindow::mark_stale() {
  if (!analysis_ || !run_inputs_ || controller_->running()) {
    steps_->set_stale({});
    return;
  }
  const auto& now = document_->inputs();
  QStringList changed;
  if (complete_ == analysis_ && complete_) run_inputs_ = complete_->inputs;   // a cancelled run changed nothing
  if (now.prompt != run_inputs_->prompt) changed << tr("prompt");
  if (now.object_name != run_inputs_->object_name) changed << tr("object");
  if (now.keypoints != run_inputs_->keypoints) changed << tr("joints");
  if (now.human_mask != run_inputs_->human_mask || now.object_mask != run_inputs_->object_mask) changed << tr("masks");
  steps_->set_stale(changed.isEmpty() ? QString() : tr("%1 changed: run again").arg(changed.join(tr(" and "))));
}

void MainWindow::show_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  analysis_ = std::move(analysis);
  auto& scene = viewport_->scene();
  bool frame = false;
  if (analysis_->body && shown_body_ != analysis_->body.get()) {
    scene.set_body(analysis_->body->mesh);
    frame = shown_body_ == nullptr;
    shown_body_ = analysis_->body.get();
    shown_body_contact_ = nullptr;
    scene.set_photo(analysis_->inputs->photo, analysis_->body->camera);
  }
  if (analysis_->object && shown_object_ != analysis_->object.get()) {
    scene.set_object(analysis_->object->mesh);
    shown_object_ = analysis_->object.get();
    shown_object_contact_ = nullptr;
  }
  if (analysis_->body_contact && shown_body_contact_ != analysis_->body_contact.get()) {
    scene.set_contact(scene::Subject::body, analysis_->body_contact->probability, analysis_->body_contact->coverage);
    shown_body_contact_ = analysis_->body_contact.get();
  }
  if (analysis_->object_contact && shown_object_contact_ != analysis_->object_contact.get()) {
    scene.set_contact(scene::Subject::object, analysis_->object_contact->probability, analysis_->object_contact->coverage);
    shown_object_contact_ = analysis_->object_contact.get();
  }
  if (analysis_->fit && analysis_->object) {
    const Eigen::Vector3d centre = geometry::area_weighted_centroid(analysis_->object->mesh);
    std::vector<Eigen::Vector3d> path;
    for (const auto& pose : io::animation_frames(*analysis_)) path.push_back(pose * centre);
    scene.set_trajectory(path);
  }
  if (frame) scene.set_view(scene::NamedView::front);
  steps_->set_analysis(analysis_);
  timeline_->set_analysis(analysis_);
  if (follow_ && controller_->running()) {
    // Where the run is now.
    for (int i = pipeline::kStageCount - 1; i >= 0; --i) {
      const int steps = pipeline::step_count(*analysis_, static_cast<Stage>(i));
      if (steps == 0) continue;
      timeline_->set_position({static_cast<Stage>(i), steps - 1});
      break;
    }
  }
  show_position(timeline_->position());
}

void MainWindow::show_position(const pipeline::TimelinePosition& position) {
  steps_->set_position(position);
  if (!analysis_) return;
  const auto pose = pipeline::object_pose(*analysis_, position);
  viewport_->scene().set_object_pose(pose);
  viewport_->request_render();
  photograph_->canvas()->set_outline(analysis_->object ? &analysis_->object->mesh : nullptr, pose,
                                     analysis_->body ? analysis_->body->camera : geometry::PinholeCamera{});
}

QString MainWindow::banner_text() const { return banner_->isVisible() ? banner_label_->text() : QString(); }

void MainWindow::show_error(const QString& sentence) {
  banner_label_->setText(sentence);
  retry_->hide();
  banner_->show();
}

void MainWindow::show_notice(const QString& text) { status_->setText(text); }

void MainWindow::set_dark(bool dark) {
  apply_theme(*qApp, dark);
  auto display = viewport_->scene().display();
  display.dark = dark;
  viewport_->scene().set_display(display);
  viewport_->request_render();
  QSettings().setValue(QStringLiteral("dark"), dark);
}

void MainWindow::toggle_overlay(bool on) {
  if (!on) {
    viewport_->set_overlay({});
    return;
  }
  viewport_->set_overlay([this] {
    DebugInfo info;
    info.scene_ms = viewport_->last_scene_ms();
    info.scene_frames = viewport_->scene_frames();
    info.device = "processor";
    if (analysis_) {
      for (int i = 0; i < pipeline::kStageCount; ++i) {
        const auto& report = analysis_->report(static_cast<Stage>(i));
        info.stage_seconds.emplace_back(pipeline::stage_name(static_cast<Stage>(i)), report.seconds);
        info.memory_mb = std::max(info.memory_mb, report.peak_memory_mb);
      }
      if (analysis_->fit) {
        std::vector<float> total, sigma;
        for (const auto& r : analysis_->fit->records) {
          total.push_back(static_cast<float>(r.loss_total));
          sigma.push_back(static_cast<float>(r.sigma_ndc2));
        }
        info.scalars = {{"total loss", total}, {"sigma", sigma}};
        info.iteration = timeline_->position().stage == Stage::fit ? timeline_->position().step : -1;
      }
    }
    draw_debug_overlay(info);
  });
}

void MainWindow::write_in_background(const QString& what, const QString& target, std::function<void()> write) {
  auto* watcher = new QFutureWatcher<QString>(this);
  connect(watcher, &QFutureWatcher<QString>::finished, this, [this, watcher, what, target] {
    watcher->deleteLater();
    if (!watcher->result().isEmpty()) show_error(watcher->result());
    else if (!what.isEmpty()) show_notice(tr("%1 written to %2").arg(what, target));
  });
  watcher->setFuture(QtConcurrent::run([write = std::move(write)]() -> QString {
    try {
      write();
      return {};
    } catch (const std::exception& error) {
      return QString::fromUtf8(error.what());
    }
  }));
}

void MainWindow::export_results(const QString& folder) {
  if (!analysis_ || !analysis_->body_contact) {
    show_error(tr("There are no results yet; run the analysis first."));
    return;
  }
  write_in_background(tr("Results"), folder, [a = analysis_, folder, version = services_.version] {
    io::ReportExtras extras;
    extras.version = version;
    io::write_results(folder.toStdString(), *a, extras);
  });
}

void MainWindow::export_scene(const QString& file) {
  if (!analysis_ || !analysis_->body_contact) {
    show_error(tr("There is no scene yet; run the analysis first."));
    return;
  }
  write_in_background(tr("Scene"), file, [a = analysis_, file] { io::write_scene(file.toStdString(), *a); });
}

void MainWindow::save_project(const QString& file) {
  document_->set_file(file);
  remember(file);
  write_in_background(tr("Project"), file, [in = document_->snapshot(), options = document_->options(), file] {
    io::write_project(file.toStdString(), *in, options);
  });
}

void MainWindow::closeEvent(QCloseEvent* e) {
  if (!document_->undo_stack()->isClean() && !qApp->property("tactus_test").toBool()) {
    const auto answer = QMessageBox::question(this, tr("Tactus"), tr("Save changes to this project?"), QMessageBox::Save | QMessageBox::Discard | QMessageBox::Cancel);
    if (answer == QMessageBox::Cancel) {
      e->ignore();
      return;
    }
    if (answer == QMessageBox::Save) {
      QString file = document_->file();
      if (file.isEmpty()) file = QFileDialog::getSaveFileName(this, tr("Save project"), {}, tr("Projects (*.tactus)"));
      if (file.isEmpty()) {
        e->ignore();
        return;
      }
      io::write_project(file.toStdString(), document_->inputs(), document_->options());
    }
  }
  QFile::remove(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + QStringLiteral("/autosave.tactus"));
  controller_->cancel();
  e->accept();
}

}  // namespace tactus::ui
