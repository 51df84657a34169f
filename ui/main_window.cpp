#include "tactus/ui/main_window.h"

#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDesktopServices>
#include <QFileDialog>
#include <QMessageBox>
#include <QProgressBar>
#include <QPushButton>
#include <QSettings>
#include <QSplitter>
#include <QStatusBar>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>

#include "tactus/io/project.h"
#include "tactus/pipeline/guesses.h"
#include "tactus/ui/analysis_session.h"
#include "tactus/ui/autosave.h"
#include "tactus/ui/debug_view.h"
#include "tactus/ui/document.h"
#include "tactus/ui/elided_label.h"
#include "tactus/ui/exporter.h"
#include "tactus/ui/load_bar.h"
#include "tactus/ui/mark_guesser.h"
#include "tactus/ui/message_area.h"
#include "tactus/ui/model_manager.h"
#include "tactus/ui/photograph_panel.h"
#include "tactus/ui/result_file.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/stage_list.h"
#include "tactus/ui/steps_panel.h"
#include "tactus/ui/theme.h"
#include "tactus/ui/timeline_bar.h"
#include "tactus/ui/viewport_panel.h"
#include "tactus/ui/welcome.h"

namespace tactus::ui {

using pipeline::Stage;

MainWindow::MainWindow(Services services, QWidget* parent)
    : QMainWindow(parent), services_(std::move(services)), document_(new Document(this)),
      session_(new AnalysisSession(document_, services_.make_ports, this)), exporter_(new Exporter(services_.version, this)),
      photograph_(new PhotographPanel(document_)), scene_(new ViewportPanel(document_, services_.samples)), steps_(new StepsPanel(document_)),
      timeline_(new TimelineBar), messages_(new MessageArea), debug_(new DebugView(document_, session_, scene_->viewport(), this)), result_(new ResultFile(this)),
      models_(new ModelManager(services_.models, this)), load_bar_(new LoadBar), guesser_(new MarkGuesser(document_, this)) {
  document_->reset({}, services_.options);
  setAcceptDrops(true);
  setWindowTitle(document_->title());
  lay_out();
  make_menus();
  connect_panels();
  connect_session();
  connect_models();
  connect_guesser();
  if (!services_.autosave_folder.empty()) {
    autosave_ = new Autosave(document_, QString::fromStdString(services_.autosave_folder), this);
    offer_recovery();
  }
  resize(1500, 920);
}

MainWindow::~MainWindow() = default;

void MainWindow::lay_out() {
  auto* split = new QSplitter(Qt::Horizontal);
  split->setHandleWidth(1);
  split->setChildrenCollapsible(false);
  split->addWidget(photograph_);
  split->addWidget(scene_);
  split->addWidget(steps_);
  split->setStretchFactor(0, 3);
  split->setStretchFactor(1, 5);
  split->setStretchFactor(2, 0);
  split->setSizes({420, 760, 352});
  auto* middle = new QWidget;
  auto* column = new QVBoxLayout(middle);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(messages_);
  column->addWidget(load_bar_);
  column->addWidget(split, 1);
  column->addWidget(timeline_);
  setCentralWidget(middle);

  status_ = new ElidedLabel(tr("Ready"));
  model_ = new QToolButton;
  model_->setObjectName(QStringLiteral("model"));
  model_->setPopupMode(QToolButton::InstantPopup);
  model_->setToolButtonStyle(Qt::ToolButtonTextOnly);
  progress_ = new QProgressBar;
  progress_->setRange(0, 1000);
  progress_->setFixedWidth(160);
  progress_->setTextVisible(false);
  progress_->setAccessibleName(tr("Progress"));
  progress_->hide();
  cancel_ = new QPushButton(tr("Cancel"));
  cancel_->setToolTip(tr("Stop the run (Esc)"));
  cancel_->hide();
  statusBar()->addWidget(status_, 1);
  statusBar()->addWidget(progress_);
  statusBar()->addWidget(cancel_);
  statusBar()->addPermanentWidget(model_);
  statusBar()->setContentsMargins(8, 0, 0, 0);
}

void MainWindow::connect_panels() {
  connect(document_, &Document::changed, this, [this] {
    setWindowTitle(document_->title());
    setWindowModified(document_->unsaved());
  });
  connect(document_->undo_stack(), &QUndoStack::cleanChanged, this, [this] { setWindowModified(document_->unsaved()); });
  connect(document_, &Document::replaced, this, [this] {
    timeline_->set_position({});
    messages_->dismiss(QStringLiteral("error"));
    steps_->stages()->clear_failure();
    result_->set_analysis(nullptr);
    follow_ = true;
    show_hint();
  });
  connect(photograph_, &PhotographPanel::run_requested, this, &MainWindow::run);
  connect(photograph_, &PhotographPanel::cancel_requested, this, &MainWindow::cancel);
  connect(photograph_, &PhotographPanel::failed, this, &MainWindow::show_error);
  connect(photograph_, &PhotographPanel::open_mesh_requested, this, [this] {
    const QString file = QFileDialog::getOpenFileName(this, tr("Open a mesh"), QSettings().value(QStringLiteral("folder")).toString(), tr("Meshes (*.obj *.ply *.glb)"));
    if (!file.isEmpty()) open_file(file);
  });
  const auto tell = [this](const QString& text) {
    if (!session_->controller()->running()) status_->set_text(text);
  };
  connect(scene_, &ViewportPanel::told, this, tell);
  connect(photograph_, &PhotographPanel::told, this, tell);
  connect(scene_->welcome(), &Welcome::open_requested, this, &MainWindow::open_with_dialog);
  connect(scene_->welcome(), &Welcome::sample_requested, this, &MainWindow::open_sample);
  connect(timeline_, &TimelineBar::position_changed, this, &MainWindow::show_position);
  connect(timeline_, &TimelineBar::taken, this, [this] { follow_ = false; });
  connect(steps_, &StepsPanel::position_chosen, this, [this](const auto& p) {
    follow_ = false;
    timeline_->set_position(p);
  });
  connect(steps_, &StepsPanel::stage_chosen, this, [this](Stage stage) {
    follow_ = false;
    const auto shown = session_->shown();
    if (shown && pipeline::step_count(*shown, stage) > 0) timeline_->set_position({stage, 0});
  });
  connect(steps_, &StepsPanel::retry_requested, this, &MainWindow::run);
  connect(steps_->stages(), &StageList::dragged, this, [this](Stage stage) {
    if (stage == Stage::result) result_->start_drag();
  });
  connect(steps_, &StepsPanel::threshold_changed, scene_, &ViewportPanel::set_threshold);
  connect(cancel_, &QPushButton::clicked, this, &MainWindow::cancel);
  connect(exporter_, &Exporter::failed, this, &MainWindow::show_error);
  connect(exporter_, &Exporter::written, this, [this](const QString& sentence, const QString& folder) {
    messages_->show_message(QStringLiteral("export"), MessageArea::Kind::notice, sentence,
                            {{tr("Open folder"), [folder] { QDesktopServices::openUrl(QUrl::fromLocalFile(folder)); }}});
  });
  connect(exporter_, &Exporter::project_written, this, [this](const QString& file) {
    document_->set_file(file);
    remember(file);
    if (autosave_ != nullptr) autosave_->saved_by_user();
    show_notice(tr("The project was written to %1").arg(file));
  });
}

void MainWindow::connect_session() {
  auto* controller = session_->controller();
  connect(session_, &AnalysisSession::started, this, [this] {
    messages_->dismiss(QStringLiteral("error"));
    steps_->stages()->clear_failure();
    photograph_->set_running(true);
    progress_->setValue(0);
    progress_->show();
    cancel_->show();
    cancel_action_->setEnabled(true);
    show_hint();
    status_->set_text(session_->refining() ? tr("Refining …") : tr("Starting …"));
  });
  connect(controller, &RunController::progressed, this, [this](double f, const QString& stage, const QString& message) {
    progress_->setValue(static_cast<int>(1000 * f));
    status_->set_text(message.isEmpty() ? stage : QStringLiteral("%1: %2").arg(stage, message));
  });
  const auto ended = [this](const QString& text) {
    photograph_->set_running(false);
    progress_->hide();
    cancel_->hide();
    cancel_action_->setEnabled(false);
    show_hint();
    status_->set_text(text);
  };
  connect(session_, &AnalysisSession::changed, this, &MainWindow::show_analysis);
  connect(session_, &AnalysisSession::stale_changed, this, [this] { steps_->stages()->set_stale(session_->stale_reasons()); });
  connect(session_, &AnalysisSession::completed, this, [this, ended] {
    const auto analysis = session_->shown();
    ended(analysis->warnings.empty() ? tr("Done") : QString::fromStdString(analysis->warnings.front()));
    if (follow_ && !session_->refining()) timeline_->go_to_end();
    result_->set_analysis(analysis);
    Q_EMIT analysis_shown();
  });
  connect(session_, &AnalysisSession::failed, this, [this, ended](const QString& stage, const QString& sentence) {
    ended(tr("%1 failed").arg(stage));
    for (int i = 0; i < pipeline::kStageCount; ++i) {
      if (stage != QString::fromUtf8(pipeline::stage_name(static_cast<Stage>(i)))) continue;
      steps_->stages()->set_failure(static_cast<Stage>(i), sentence);
      return;
    }
    show_error(sentence);   // before any stage: a missing model file, say
  });
  connect(session_, &AnalysisSession::cancelled, this, [ended] { ended(tr("Cancelled")); });
  connect(controller, &RunController::model_described, this, [this](const QString&, const QString& description) {
    if (!models_->model().predictor) model_->setToolTip(description);
  });
}

void MainWindow::offer_recovery() {
  const QString file = autosave_->recoverable();
  if (file.isEmpty()) return;
  messages_->show_message(QStringLiteral("recovery"), MessageArea::Kind::question, tr("Tactus closed unexpectedly. Restore the last work?"),
                          {{tr("Restore"),
                            [this, file] {
                              try {
                                auto project = io::read_project(file.toStdString());
                                document_->reset(std::move(project.inputs), project.options);
                                document_->set_recovered();
                                autosave_->adopt_recoverable();
                                run();
                              } catch (const std::exception& error) {
                                autosave_->discard_recoverable();
                                show_error(QString::fromUtf8(error.what()));
                              }
                            }},
                           {tr("Discard"), [this] { autosave_->discard_recoverable(); }}});
}

RunController* MainWindow::controller() const { return session_->controller(); }
Viewport* MainWindow::viewport() const { return scene_->viewport(); }
std::shared_ptr<const pipeline::Analysis> MainWindow::analysis() const { return session_->shown(); }
QString MainWindow::status_text() const { return status_->text(); }

void MainWindow::run() {
  if (document_->inputs().photo.empty()) {
    show_error(tr("There is no photograph yet; open one or drop it onto the window."));
    return;
  }
  follow_ = true;
  run_after_guess_ = guesser_->busy() && pipeline::lacks_marks(document_->inputs());
  if (!run_after_guess_) session_->run();
}

void MainWindow::cancel() {
  run_after_guess_ = false;
  guesser_->cancel();
  session_->cancel();
}

void MainWindow::connect_guesser() {
  guesser_->set_perceiver(services_.perceiver);
  connect(guesser_, &MarkGuesser::began, this, [this] {
    photograph_->set_looking(true);
    cancel_action_->setEnabled(true);
    if (!session_->controller()->running()) status_->set_text(tr("Looking for the person and the object …"));
  });
  const auto ended = [this](const QString& sentence) {
    photograph_->set_looking(false);
    const bool running = session_->controller()->running();
    cancel_action_->setEnabled(running);
    if (!running) status_->set_text(sentence.isEmpty() ? tr("Ready") : sentence);
    if (std::exchange(run_after_guess_, false)) run();
  };
  connect(guesser_, &MarkGuesser::ended, this, ended);
  connect(guesser_, &MarkGuesser::failed, this, [this, ended](const QString& sentence) {
    ended({});
    show_error(sentence);
  });
}

void MainWindow::show_analysis() {
  const auto analysis = session_->shown();
  scene_->set_analysis(analysis);
  steps_->set_analysis(analysis);
  timeline_->set_analysis(analysis);
  show_hint();
  if (!analysis) {
    photograph_->canvas()->show_projection(nullptr, {});
    return;
  }
  if (follow_ && session_->controller()->running() && !session_->refining()) {
    // Where the run is now.
    for (int i = pipeline::kStageCount - 1; i >= 0; --i) {
      const int steps = pipeline::step_count(*analysis, static_cast<Stage>(i));
      if (steps == 0) continue;
      timeline_->set_position({static_cast<Stage>(i), steps - 1});
      break;
    }
  }
  show_position(timeline_->position());
}

void MainWindow::show_position(const pipeline::TimelinePosition& position) {
  steps_->set_position(position);
  scene_->set_position(position);
  debug_->set_position(position);
  const auto analysis = session_->shown();
  if (!analysis) return;
  photograph_->canvas()->show_projection(analysis, position);
}

// What the empty scene waits for.
void MainWindow::show_hint() {
  const auto analysis = session_->shown();
  if (analysis && analysis->body) scene_->set_hint({});
  else if (session_->controller()->running()) scene_->set_hint(tr("The body appears here as soon as it is placed."));
  else if (!document_->inputs().photo.empty()) scene_->set_hint(tr("Press Analyse, and the body and the object appear here."));
  else scene_->set_hint({});
}

void MainWindow::keyPressEvent(QKeyEvent* e) {
  if (!timeline_->handle_key(e)) QMainWindow::keyPressEvent(e);
}

void MainWindow::show_error(const QString& sentence) { messages_->show_message(QStringLiteral("error"), MessageArea::Kind::error, sentence); }
void MainWindow::show_notice(const QString& text) { status_->set_text(text); }

void MainWindow::set_dark(bool dark) {
  apply_theme(*qApp, dark);
  scene_->set_dark(dark);
  QSettings().setValue(QStringLiteral("dark"), dark);
}

void MainWindow::copy_picture() {
  if (!scene_->viewport()->isVisible()) return;
  QApplication::clipboard()->setImage(scene_->viewport()->picture());
  show_notice(tr("The picture of the scene was copied"));
}

void MainWindow::save_project(const QString& file) { exporter_->write_project(document_->snapshot(), document_->options(), file); }

void MainWindow::closeEvent(QCloseEvent* e) {
  if (document_->unsaved() && !qApp->property("tactus_test").toBool()) {
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
      try {
        io::write_project(file.toStdString(), document_->inputs(), document_->options());
      } catch (const std::exception& error) {
        show_error(QString::fromUtf8(error.what()));
        e->ignore();
        return;
      }
    }
  }
  if (autosave_ != nullptr) autosave_->clean_exit();
  session_->cancel();
  e->accept();
}

}  // namespace tactus::ui
