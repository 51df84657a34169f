// The photograph with what is marked on it: zoom, pan, joints, masks, boxes, the projected body and object.
#pragma once

#include <QImage>
#include <QWidget>
#include <memory>
#include <optional>
#include <vector>

#include "tactus/contact/photo_segmenter.h"
#include "tactus/ui/document.h"

namespace tactus::ui {

class PhotoCanvas : public QWidget {
  Q_OBJECT
 public:
  enum class Tool { select, joint, box, click, brush, erase };
  enum class Target { object, person };

  explicit PhotoCanvas(Document* document, QWidget* parent = nullptr);
  void set_tool(Tool tool);
  Tool tool() const { return tool_; }
  void set_target(Target target) { target_ = target; }
  Target target() const { return target_; }
  void set_brush_radius(double pixels);              // of the photograph; clamped
  double brush_radius() const { return brush_; }
  static constexpr double kLargestBrush = 120.0;
  void set_mask_opacity(double opacity);
  // The joint that the next click of the joint tool places.
  void set_next_joint(int keypoint) { next_joint_ = keypoint; }
  int next_joint() const { return next_joint_; }
  int selected_joint() const { return selected_; }   // -1: none
  // Outlines of the body and of the object at a position of the timeline; drawn on another thread.
  void show_projection(std::shared_ptr<const pipeline::Analysis> analysis, const pipeline::TimelinePosition& position);
  const QImage& projection() const { return projection_; }
  // Marks and outline of a mask that is not taken yet; no marks and a null image: none.
  void show_candidate(std::vector<contact::PhotoClick> clicks, std::optional<contact::PhotoBox> box, QImage overlay);
  bool has_candidate() const { return !candidate_clicks_.empty() || candidate_box_ || !candidate_.isNull(); }
  const QImage& candidate() const { return candidate_; }
  void fit_to_view();
  double zoom() const { return scale_; }
  QPointF widget_from_photo(const QPointF& p) const { return origin_ + scale_ * p; }
  QPointF photo_from_widget(const QPointF& p) const { return (p - origin_) / scale_; }
  QSize minimumSizeHint() const override { return {220, 180}; }

 Q_SIGNALS:
  void box_drawn(const QRectF& photo_rect);          // of the current target
  void joint_placed(int keypoint);
  void clicked(const QPointF& photo, bool inside);   // with the click tool; Alt or the right button: not inside
  void candidate_accepted();                         // Enter
  void candidate_discarded();                        // Esc
  void click_taken_back();                           // Backspace
  void brush_changed(double radius);
  void told(const QString& text);                    // about the joint under the pointer; empty: nothing there

 protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void leaveEvent(QEvent*) override;
  void contextMenuEvent(QContextMenuEvent*) override;

 private:
  int joint_at(const QPointF& widget) const;
  QString joint_text(int k) const;                   // name and, once the body is fitted, its error
  void take_photo();
  void compose_masks(QRect dirty);
  void draw_candidate(QPainter& painter) const;
  void draw_joints(QPainter& painter) const;
  void draw_projection();
  void move_joint(int k, const QPointF& photo);
  void set_visibility(int k, body::Visibility visibility);
  void step_selection(int by);
  void click_at(const QPointF& widget, bool inside);
  void zoom_at(const QPointF& widget, double factor);
  void paint_stroke(const QPointF& from, const QPointF& to);
  void commit_stroke();
  Document* document_;
  std::vector<QImage> photo_;                        // the photograph, then halves of it for drawing it small
  QImage masks_, projection_, candidate_;
  std::vector<contact::PhotoClick> candidate_clicks_;
  std::optional<contact::PhotoBox> candidate_box_;
  double scale_ = 1.0, opacity_ = 0.45, brush_ = 10.0;
  QPointF origin_, press_, last_;
  bool fitted_ = true, panning_ = false, boxing_ = false, stroking_ = false, inside_ = false;
  int dragged_ = -1, hovered_ = -1, selected_ = -1, next_joint_ = 0, drag_serial_ = 0;
  Tool tool_ = Tool::select;
  Target target_ = Target::object;
  ImageU8 stroke_;
  std::shared_ptr<const pipeline::Analysis> analysis_;
  pipeline::TimelinePosition position_;
  bool projecting_ = false, project_again_ = false;
  int photo_serial_ = 0;
};

// A copy Qt can draw.
QImage to_qimage(const ImageU8& picture);

}  // namespace tactus::ui
