// The OpenGL widget that shows a scene::Scene, with orbit controls, picking and the debug overlay.
#pragma once

#include <QImage>
#include <QOpenGLWidget>
#include <functional>
#include <memory>

#include "tactus/scene/scene.h"

namespace tactus::ui {

class Viewport : public QOpenGLWidget {
  Q_OBJECT
 public:
  explicit Viewport(QWidget* parent = nullptr);
  ~Viewport() override;

  // Call before the QApplication is made: QSurfaceFormat::setDefaultFormat(Viewport::surface_format()).
  static QSurfaceFormat surface_format();

  scene::Scene& scene();
  void request_render();                              // the scene changed: render again and repaint
  void set_view(scene::NamedView view);
  void set_overlay(std::function<void()> build);      // Dear ImGui code, called while painting; empty: none
  double last_scene_ms() const;
  int scene_frames() const;

  enum class Tool { navigate, paint, erase };         // paint and erase report brush strokes instead of orbiting
  void set_tool(Tool tool);                           // keys V, B, E
  Tool tool() const;
  void set_brush_radius(double metres);               // clamped; keys [ and ]
  double brush_radius() const;
  static constexpr double kSmallestBrush = 0.005, kLargestBrush = 0.15;
  QImage picture();                                   // what is shown, at the screen's resolution

 Q_SIGNALS:
  void hovered(const tactus::scene::Pick& pick);
  void hover_left();
  void clicked(const tactus::scene::Pick& pick);      // pins
  void clicked_nothing();
  void view_changed();                                // the camera moved or a named view was chosen
  // A stroke of the contact brush: vertices touched so far by this stroke; finished on release.
  void painted(tactus::scene::Subject subject, const std::vector<int>& vertices, bool erase, bool finished);
  void first_frame();
  void tool_changed();                                // the tool or the brush's size
  void display_changed();                             // a key changed what is shown

 protected:
  void initializeGL() override;
  void resizeGL(int width, int height) override;
  void paintGL() override;
  bool event(QEvent* event) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::ui
