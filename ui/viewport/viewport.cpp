// A QOpenGLWidget that hosts a VTK scene without VTK's own Qt module: all GL work happens inside paintGL.
#include "tactus/ui/viewport.h"

#include <vtkCallbackCommand.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkGenericRenderWindowInteractor.h>
#include <vtkInteractorStyleTrackballCamera.h>
#include <vtkNew.h>
#include <vtkOpenGLState.h>
#include <vtkRenderer.h>

#include <QElapsedTimer>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QOpenGLContext>
#include <QOpenGLFunctions>
#include <QScreen>
#include <QSurfaceFormat>
#include <QTimer>
#include <QWheelEvent>

#include <algorithm>
#include <imgui.h>
#include <set>

#include "imgui_layer.h"

namespace tactus::ui {

struct Viewport::Impl {
  explicit Impl(Viewport* viewport) : q(viewport) {}
  Viewport* q;
  scene::Scene scene;
  vtkNew<vtkGenericOpenGLRenderWindow> window;
  vtkNew<vtkGenericRenderWindowInteractor> interactor;
  vtkNew<vtkCallbackCommand> observer;
  ImGuiLayer imgui;
  std::function<void()> overlay;
  bool gl_ready = false, scene_dirty = true, first_frame_told = false;
  int overlay_frames = 0, wheel_rest = 0, scene_frames = 0;
  double scene_ms = 0.0;
  Tool tool = Tool::navigate;
  double brush_radius = 0.03;
  bool pressed = false, moved = false, painting = false;
  QPoint press_at;
  QElapsedTimer hover_clock;
  std::set<int> stroke;
  std::optional<QPointF> pointer;          // where the brush ring is drawn
  double ring_radius = 20.0;               // logical pixels
  bool orbiting = false;                   // a right or Alt drag while a brush is chosen
  scene::Subject stroke_subject = scene::Subject::body;

  bool is_current() const { return q->context() != nullptr && QOpenGLContext::currentContext() == q->context(); }

  static void on_vtk_event(vtkObject*, unsigned long id, void* self_pointer, void* data) {
    auto* self = static_cast<Impl*>(self_pointer);
    switch (id) {
      case vtkCommand::WindowMakeCurrentEvent:
        // Asked in the middle of a render, too, where makeCurrent() would rebind Qt's framebuffer behind VTK.
        if (!self->is_current()) self->q->makeCurrent();
        break;
      case vtkCommand::WindowIsCurrentEvent: *static_cast<bool*>(data) = self->is_current(); break;
      case vtkCommand::WindowSupportsOpenGLEvent:
      case vtkCommand::WindowIsDirectEvent: *static_cast<int*>(data) = 1; break;
      case vtkCommand::RenderEvent: self->q->request_render(); break;
      default: break;
    }
  }

  void release_gl() {
    if (!gl_ready) return;
    q->makeCurrent();
    imgui.shutdownGL();
    window->Finalize();
    window->SetReadyForRendering(false);
    gl_ready = false;
    scene_dirty = true;
    q->doneCurrent();
  }

  void sync_size() {
    const double ratio = q->devicePixelRatioF();
    const int w = std::max(1, qRound(q->width() * ratio)), h = std::max(1, qRound(q->height() * ratio));
    if (q->screen() != nullptr) window->SetScreenSize(qRound(q->screen()->size().width() * ratio), qRound(q->screen()->size().height() * ratio));
    window->SetDPI(qRound(72 * ratio));
    const int* now = window->GetSize();
    if (now[0] != w || now[1] != h) {
      interactor->UpdateSize(w, h);
      interactor->InvokeEvent(vtkCommand::ConfigureEvent);
      if (scene.current_view() == scene::NamedView::photo) scene.set_view(scene::NamedView::photo);
    }
    scene_dirty = true;
  }

  std::optional<scene::Pick> pick_at(const QPointF& position) {
    const double ratio = q->devicePixelRatioF();
    return gl_ready ? scene.pick(static_cast<int>(position.x() * ratio), static_cast<int>(position.y() * ratio)) : std::nullopt;
  }

  // The ring takes the brush's size at the depth of the surface under it.
  void move_ring(const QPointF& position, const std::optional<scene::Pick>& pick) {
    pointer = position;
    if (pick) ring_radius = std::max(2.0, brush_radius * scene.pixels_per_metre(pick->position_photo) / q->devicePixelRatioF());
    q->update();
  }

  void paint_at(const QPointF& position, bool finished) {
    const auto pick = pick_at(position);
    move_ring(position, pick);
    if (pick) {
      if (stroke.empty()) stroke_subject = pick->subject;
      if (pick->subject == stroke_subject) {
        const auto near = scene.vertices_near(*pick, brush_radius);
        stroke.insert(near.begin(), near.end());
      }
    }
    if (!stroke.empty()) Q_EMIT q->painted(stroke_subject, std::vector<int>(stroke.begin(), stroke.end()), tool == Tool::erase, finished);
    if (finished) stroke.clear();
  }

  void draw_ring() const {
    if (tool == Tool::navigate || !pointer || orbiting) return;
    auto* list = ImGui::GetForegroundDrawList();
    const ImVec2 centre(static_cast<float>(pointer->x()), static_cast<float>(pointer->y()));
    const auto radius = static_cast<float>(ring_radius);
    const ImU32 colour = tool == Tool::paint ? IM_COL32(255, 220, 120, 255) : IM_COL32(140, 200, 255, 255);
    list->AddCircle(centre, radius, IM_COL32(0, 0, 0, 160), 48, 4.0F);   // two rings: visible on any colour
    list->AddCircle(centre, radius, colour, 48, 2.0F);
    list->AddCircleFilled(centre, 1.5F, colour);
  }

  bool key(QKeyEvent* e) {
    if (e->modifiers() & (Qt::ControlModifier | Qt::AltModifier)) return false;
    auto display = scene.display();
    switch (e->key()) {
      case Qt::Key_F: scene.frame_all(); break;
      case Qt::Key_V: q->set_tool(Tool::navigate); return true;
      case Qt::Key_B: q->set_tool(Tool::paint); return true;
      case Qt::Key_E: q->set_tool(Tool::erase); return true;
      case Qt::Key_BracketLeft: q->set_brush_radius(brush_radius / 1.2); return true;
      case Qt::Key_BracketRight: q->set_brush_radius(brush_radius * 1.2); return true;
      case Qt::Key_1: q->set_view(scene::NamedView::front); return true;
      case Qt::Key_3: q->set_view(scene::NamedView::side); return true;
      case Qt::Key_7: q->set_view(scene::NamedView::top); return true;
      case Qt::Key_0: q->set_view(scene::NamedView::photo); return true;
      case Qt::Key_W: display.wireframe = !display.wireframe; break;
      case Qt::Key_C: display.contact_colours = !display.contact_colours; break;
      case Qt::Key_X: display.see_through_body = !display.see_through_body; break;
      case Qt::Key_G: display.ground = !display.ground; break;
      default: return false;
    }
    scene.set_display(display);
    q->request_render();
    Q_EMIT q->display_changed();
    return true;
  }

  bool forward(QEvent* e);
};

QSurfaceFormat Viewport::surface_format() {
  QSurfaceFormat f;
  f.setRenderableType(QSurfaceFormat::OpenGL);
  f.setVersion(3, 2);
  f.setProfile(QSurfaceFormat::CoreProfile);
  f.setSwapBehavior(QSurfaceFormat::DoubleBuffer);
  f.setRedBufferSize(8);
  f.setGreenBufferSize(8);
  f.setBlueBufferSize(8);
  f.setAlphaBufferSize(8);
  f.setDepthBufferSize(24);
  f.setStencilBufferSize(8);
  f.setSamples(0);   // VTK smooths in its own framebuffer
  return f;
}

Viewport::Viewport(QWidget* parent) : QOpenGLWidget(parent), impl_(std::make_unique<Impl>(this)) {
  auto& s = *impl_;
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setUpdateBehavior(QOpenGLWidget::NoPartialUpdate);
  setAccessibleName(tr("3D scene"));
  s.window->SetReadyForRendering(false);
  s.window->SetFrameBlitModeToNoBlit();   // we copy to Qt's framebuffer ourselves
  s.window->SetMultiSamples(4);
  s.window->AddRenderer(s.scene.renderer());
  s.observer->SetClientData(&s);
  s.observer->SetCallback(&Impl::on_vtk_event);
  for (auto id : {vtkCommand::WindowMakeCurrentEvent, vtkCommand::WindowIsCurrentEvent, vtkCommand::WindowSupportsOpenGLEvent, vtkCommand::WindowIsDirectEvent})
    s.window->AddObserver(id, s.observer);
  s.interactor->SetRenderWindow(s.window);
  s.interactor->Initialize();
  // Styles call Render(); with this off it only fires RenderEvent, which becomes an update().
  s.interactor->EnableRenderOff();
  s.interactor->AddObserver(vtkCommand::RenderEvent, s.observer);
  vtkNew<vtkInteractorStyleTrackballCamera> style;
  s.interactor->SetInteractorStyle(style);
  s.hover_clock.start();
}

Viewport::~Viewport() {
  if (context() != nullptr) disconnect(context(), nullptr, this, nullptr);
  impl_->release_gl();
  impl_->window->RemoveObserver(impl_->observer);
  impl_->interactor->RemoveObserver(impl_->observer);
  impl_->interactor->SetRenderWindow(nullptr);
}

scene::Scene& Viewport::scene() { return impl_->scene; }
void Viewport::request_render() {
  impl_->scene_dirty = true;
  update();
}
void Viewport::set_view(scene::NamedView view) {
  impl_->scene.set_view(view);
  request_render();
  Q_EMIT view_changed();
}
void Viewport::set_overlay(std::function<void()> build) {
  impl_->overlay = std::move(build);
  impl_->overlay_frames = 3;
  update();
}
double Viewport::last_scene_ms() const { return impl_->scene_ms; }
int Viewport::scene_frames() const { return impl_->scene_frames; }
void Viewport::set_tool(Tool tool) {
  if (tool == impl_->tool) return;
  impl_->tool = tool;
  impl_->stroke.clear();
  setCursor(tool == Tool::navigate ? Qt::ArrowCursor : Qt::BlankCursor);   // the ring is the cursor
  update();
  Q_EMIT tool_changed();
}
Viewport::Tool Viewport::tool() const { return impl_->tool; }
void Viewport::set_brush_radius(double metres) {
  auto& s = *impl_;
  metres = std::clamp(metres, kSmallestBrush, kLargestBrush);
  if (metres == s.brush_radius) return;
  s.ring_radius *= metres / s.brush_radius;
  s.brush_radius = metres;
  update();
  Q_EMIT tool_changed();
}
double Viewport::brush_radius() const { return impl_->brush_radius; }
QImage Viewport::picture() { return grabFramebuffer(); }

void Viewport::initializeGL() {
  auto& s = *impl_;
  // Moving to another window destroys the context: free everything, then this runs again.
  connect(context(), &QOpenGLContext::aboutToBeDestroyed, this, [this] { impl_->release_gl(); }, Qt::DirectConnection);
  s.window->SetForceMaximumHardwareLineWidth(1);   // a core profile has no wide lines
  s.window->SetOwnContext(0);
  s.window->SetMapped(1);
  s.window->SetReadyForRendering(true);
  s.window->OpenGLInitContext();
  // Four samples a pixel cost a graphics card nothing and a processor most of the frame: there edges are smoothed after.
  const auto* name = reinterpret_cast<const char*>(context()->functions()->glGetString(GL_RENDERER));
  const QString card = QString::fromLatin1(name);
  if (card.contains(QLatin1String("llvmpipe")) || card.contains(QLatin1String("softpipe"))) {
    s.window->SetMultiSamples(0);
    s.scene.renderer()->UseFXAAOn();
  }
  s.imgui.initGL();
  s.gl_ready = true;
  s.sync_size();
}

void Viewport::resizeGL(int, int) { impl_->sync_size(); }

void Viewport::paintGL() {
  auto& s = *impl_;
  QOpenGLFunctions* f = context()->functions();
  vtkOpenGLState* state = s.window->GetState();
  state->Reset();   // Qt changed the state behind VTK
  state->Push();
  if (s.scene_dirty) {
    QElapsedTimer timer;
    timer.start();
    state->vtkglDepthFunc(GL_LEQUAL);   // Qt leaves GL_LESS
    s.window->Render();
    s.scene_dirty = false;
    ++s.scene_frames;
    makeCurrent();
    f->glFinish();
    s.scene_ms = static_cast<double>(timer.nsecsElapsed()) * 1e-6;
  }
  const int* size = s.window->GetSize();
  f->glBindFramebuffer(GL_FRAMEBUFFER, defaultFramebufferObject());
  state->vtkglDisable(GL_SCISSOR_TEST);   // it clips blits
  s.window->BlitDisplayFramebuffer(0, 0, 0, size[0], size[1], 0, 0, size[0], size[1], GL_COLOR_BUFFER_BIT, GL_NEAREST);
  // VTK's background alpha may be 0, and Qt would show what is behind.
  state->vtkglColorMask(false, false, false, true);
  state->vtkglClearColor(0, 0, 0, 1);
  f->glClear(GL_COLOR_BUFFER_BIT);
  state->vtkglColorMask(true, true, true, true);
  state->Pop();
  f->glBindFramebuffer(GL_FRAMEBUFFER, defaultFramebufferObject());
  const bool ring = s.tool != Tool::navigate && s.pointer;
  if (s.overlay || ring) {
    s.imgui.draw(this, [&s] {
      if (s.overlay) s.overlay();
      s.draw_ring();
    });
    if (s.overlay && s.overlay_frames > 0) {
      --s.overlay_frames;
      QTimer::singleShot(0, this, qOverload<>(&QWidget::update));
    }
  }
  if (!s.first_frame_told) {
    s.first_frame_told = true;
    Q_EMIT first_frame();
  }
}

bool Viewport::event(QEvent* e) {
  auto& s = *impl_;
  switch (e->type()) {
    case QEvent::MouseButtonPress:
    case QEvent::MouseButtonDblClick:
    case QEvent::MouseButtonRelease:
    case QEvent::MouseMove:
    case QEvent::Wheel:
    case QEvent::KeyPress:
    case QEvent::KeyRelease:
    case QEvent::ShortcutOverride:
    case QEvent::FocusOut:
    case QEvent::Leave:
      if (s.overlay && s.imgui.ready()) {
        const bool taken = s.imgui.handleEvent(e);
        s.overlay_frames = 3;
        update();
        if (taken) {
          e->accept();
          return true;
        }
      }
      if (s.forward(e)) {
        e->accept();
        return true;
      }
      break;
    default: break;
  }
  return QOpenGLWidget::event(e);
}

bool Viewport::Impl::forward(QEvent* e) {
  const double ratio = q->devicePixelRatioF();
  const auto tell = [&](QPointF p, Qt::KeyboardModifiers m) {
    interactor->SetEventInformationFlipY(static_cast<int>(p.x() * ratio), static_cast<int>(p.y() * ratio), m.testFlag(Qt::ControlModifier), m.testFlag(Qt::ShiftModifier));
  };
  switch (e->type()) {
    case QEvent::Leave:
      pointer.reset();
      q->update();
      Q_EMIT q->hover_left();
      return false;
    case QEvent::MouseMove: {
      auto* m = static_cast<QMouseEvent*>(e);
      if (pressed && (m->pos() - press_at).manhattanLength() > 3) moved = true;
      if (painting) {
        paint_at(m->position(), false);
        return true;
      }
      if (!pressed && tool != Tool::navigate) {
        pointer = m->position();
        q->update();
      }
      tell(m->position(), m->modifiers());
      interactor->InvokeEvent(vtkCommand::MouseMoveEvent);
      if (pressed && moved) {
        scene.user_moved_camera();
      } else if (!pressed && hover_clock.elapsed() > 60) {
        hover_clock.restart();
        const auto pick = pick_at(m->position());
        if (tool != Tool::navigate) move_ring(m->position(), pick);
        if (pick) Q_EMIT q->hovered(*pick);
        else Q_EMIT q->hover_left();
      }
      return true;
    }
    case QEvent::MouseButtonPress:
    case QEvent::MouseButtonDblClick:
    case QEvent::MouseButtonRelease: {
      auto* m = static_cast<QMouseEvent*>(e);
      const bool down = e->type() != QEvent::MouseButtonRelease;
      if (down) {
        q->setFocus(Qt::MouseFocusReason);
        press_at = m->pos();
        moved = false;
      }
      pressed = down;
      if (m->button() == Qt::LeftButton && ((down && tool != Tool::navigate && !m->modifiers().testFlag(Qt::AltModifier)) || (!down && painting))) {
        painting = down;
        paint_at(m->position(), !down);
        return true;
      }
      tell(m->position(), m->modifiers());
      // With a brush in hand the right button (or Alt) turns the scene.
      orbiting = down && tool != Tool::navigate;
      switch (m->button() == Qt::RightButton && tool != Tool::navigate ? Qt::LeftButton : m->button()) {
        case Qt::LeftButton:
          interactor->InvokeEvent(down ? vtkCommand::LeftButtonPressEvent : vtkCommand::LeftButtonReleaseEvent);
          if (!down && !moved && tool == Tool::navigate) {
            if (const auto pick = pick_at(m->position())) Q_EMIT q->clicked(*pick);
            else Q_EMIT q->clicked_nothing();
          } else if (!down) {
            Q_EMIT q->view_changed();
          }
          return true;
        case Qt::MiddleButton: interactor->InvokeEvent(down ? vtkCommand::MiddleButtonPressEvent : vtkCommand::MiddleButtonReleaseEvent); return true;
        default: return false;
      }
    }
    case QEvent::Wheel: {
      auto* w = static_cast<QWheelEvent*>(e);
      tell(w->position(), w->modifiers());
      wheel_rest += w->angleDelta().y();
      if (std::abs(wheel_rest) >= 120) scene.user_moved_camera();
      for (; wheel_rest >= 120; wheel_rest -= 120) interactor->InvokeEvent(vtkCommand::MouseWheelForwardEvent);
      for (; wheel_rest <= -120; wheel_rest += 120) interactor->InvokeEvent(vtkCommand::MouseWheelBackwardEvent);
      return true;
    }
    case QEvent::KeyPress: return key(static_cast<QKeyEvent*>(e));
    default: return false;
  }
}

}  // namespace tactus::ui
