// Composition of the panels; no algorithm here.
#pragma once

#include <QMainWindow>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tactus/contact/perceiver.h"
#include "tactus/pipeline/runner.h"
#include "tactus/ui/models.h"

class QMenu;
class QProgressBar;
class QPushButton;
class QToolButton;

namespace tactus::ui {

class AnalysisSession;
class Autosave;
class DebugView;
class Document;
class ElidedLabel;
class Exporter;
class LoadBar;
class MarkGuesser;
class MessageArea;
class ModelManager;
class PhotographPanel;
class ResultFile;
class RunController;
class SettingsDialog;
class StepsPanel;
class TimelineBar;
class Viewport;
class ViewportPanel;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  struct Services {
    std::function<pipeline::Ports()> make_ports;
    std::function<pipeline::Inputs(const std::string&)> make_sample;   // a bundled sample; may throw
    std::vector<std::string> samples;                                  // their names, the default first
    std::string version;
    std::string autosave_folder;                                       // empty: no autosave
    pipeline::Options options;                                         // of new documents
    ModelServices models;                                              // of folders and weights
    std::shared_ptr<const contact::Perceiver> perceiver;               // null: no marks are guessed
  };
  explicit MainWindow(Services services, QWidget* parent = nullptr);
  ~MainWindow() override;

  // Opens what the file is: picture, project, mesh, keypoints, posed body, mask. Reads on another thread.
  void open_file(const QString& path);
  // One after the other: a picture or project first, then what belongs to it.
  void open_files(const QStringList& paths);
  void open_sample(const QString& name = {});    // empty: the default one
  void close_document();                         // nothing open
  void run();                                    // after the marks that are being looked for
  void cancel();                                 // the run, and the look

  Document* document() const { return document_; }
  AnalysisSession* session() const { return session_; }
  RunController* controller() const;
  TimelineBar* timeline() const { return timeline_; }
  StepsPanel* steps() const { return steps_; }
  ViewportPanel* viewport_panel() const { return scene_; }
  Viewport* viewport() const;
  PhotographPanel* photograph() const { return photograph_; }
  MessageArea* messages() const { return messages_; }
  Exporter* exporter() const { return exporter_; }
  ResultFile* result_file() const { return result_; }
  Autosave* autosave() const { return autosave_; }
  DebugView* debug() const { return debug_; }
  ModelManager* models() const { return models_; }
  LoadBar* load_bar() const { return load_bar_; }
  MarkGuesser* guesser() const { return guesser_; }
  QToolButton* model_button() const { return model_; }
  SettingsDialog* settings();                    // made when first asked for
  std::shared_ptr<const pipeline::Analysis> analysis() const;
  QString status_text() const;
  void show_error(const QString& sentence);      // stays until it is read
  void show_notice(const QString& text);
  void save_project(const QString& file);
  void set_dark(bool dark);
  void copy_picture();

 Q_SIGNALS:
  void analysis_shown();                         // a run has ended well and is on the screen
  void opened(const QString& path, bool well);

 protected:
  void dragEnterEvent(QDragEnterEvent*) override;
  void dropEvent(QDropEvent*) override;
  void closeEvent(QCloseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;   // what no panel wanted goes to the timeline

 private:
  void lay_out();
  void connect_panels();
  void connect_session();
  void connect_models();
  void connect_guesser();
  void show_model();
  void choose_model_folder();
  void make_menus();
  void make_file_menu();
  void make_edit_menu();
  void make_view_menu();
  void make_analyse_menu();
  void make_help_menu();
  void open_with_dialog();
  void open_next();
  void show_hint();
  void offer_recovery();
  void show_analysis();
  void show_position(const pipeline::TimelinePosition& position);
  void remember(const QString& path);
  void fill_recent();
  Services services_;
  Document* document_;
  AnalysisSession* session_;
  Exporter* exporter_;
  Autosave* autosave_ = nullptr;
  PhotographPanel* photograph_;
  ViewportPanel* scene_;
  StepsPanel* steps_;
  TimelineBar* timeline_;
  MessageArea* messages_;
  DebugView* debug_;
  ResultFile* result_;
  ElidedLabel* status_;
  QToolButton* model_;
  ModelManager* models_;
  LoadBar* load_bar_;
  MarkGuesser* guesser_;
  SettingsDialog* settings_ = nullptr;
  QProgressBar* progress_;
  QPushButton* cancel_;
  QAction* cancel_action_ = nullptr;
  QStringList to_open_;
  bool opening_ = false;
  QMenu* recent_ = nullptr;
  bool run_after_guess_ = false;
  bool follow_ = true;      // the timeline follows a run until the user takes it
};

}  // namespace tactus::ui
