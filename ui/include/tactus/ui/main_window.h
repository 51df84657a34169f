// Composition of the panels; no algorithm here.
#pragma once

#include <QMainWindow>
#include <functional>
#include <memory>

#include "tactus/pipeline/runner.h"
#include "tactus/scene/scene.h"

class QFrame;
class QLabel;
class QMenu;
class QProgressBar;
class QPushButton;
class QTimer;

namespace tactus::ui {

class Document;
class PhotographPanel;
class RunController;
class StepsPanel;
class TimelineBar;
class Viewport;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  struct Services {
    std::function<pipeline::Ports()> make_ports;
    std::function<pipeline::Inputs()> make_sample;           // the bundled sample; may throw
    std::string version;
  };
  explicit MainWindow(Services services, QWidget* parent = nullptr);
  ~MainWindow() override;

  // Opens what the file is: picture, project, mesh, keypoints, mask. Reads on another thread.
  void open_file(const QString& path);
  void open_sample();
  void run();

  Document* document() const { return document_; }
  TimelineBar* timeline() const { return timeline_; }
  StepsPanel* steps() const { return steps_; }
  Viewport* viewport() const { return viewport_; }
  PhotographPanel* photograph() const { return photograph_; }
  RunController* controller() const { return controller_; }
  std::shared_ptr<const pipeline::Analysis> analysis() const { return analysis_; }
  QString banner_text() const;
  void show_error(const QString& sentence);
  void show_notice(const QString& text);
  void export_results(const QString& folder);
  void export_scene(const QString& file);
  void save_project(const QString& file);
  void set_dark(bool dark);

 Q_SIGNALS:
  void analysis_shown();

 protected:
  void dragEnterEvent(QDragEnterEvent*) override;
  void dropEvent(QDropEvent*) override;
  void closeEvent(QCloseEvent*) override;

 private:
  void make_menus();
  void show_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  void show_position(const pipeline::TimelinePosition& position);
  void mark_stale();
  void toggle_overlay(bool on);
  void write_in_background(const QString& what, const QString& target, std::function<void()> write);
  void remember(const QString& path);
  void fill_recent();
  void apply_opened(const QString& path, const std::function<void()>& apply, const QString& error);
  Services services_;
  Document* document_;
  RunController* controller_;
  PhotographPanel* photograph_;
  Viewport* viewport_;
  StepsPanel* steps_;
  TimelineBar* timeline_;
  QFrame* banner_;
  QLabel *banner_label_, *status_, *model_;
  QProgressBar* progress_;
  QPushButton *cancel_, *retry_;
  QMenu* recent_;
  QTimer* autosave_;
  std::shared_ptr<const pipeline::Analysis> analysis_;
  std::shared_ptr<const pipeline::Analysis> complete_;   // of the last run that came to its end
  std::shared_ptr<const pipeline::Inputs> run_inputs_;
  const void *shown_body_ = nullptr, *shown_object_ = nullptr, *shown_body_contact_ = nullptr, *shown_object_contact_ = nullptr, *shown_photo_ = nullptr;
  bool follow_ = true;      // the timeline follows a run until the user takes it
};

}  // namespace tactus::ui
