// The photograph with what is marked on it: zoom, pan, joints, masks, boxes, the projected object.
#pragma once

#include <QImage>
#include <QWidget>
#include <optional>

#include "tactus/geometry/camera.h"
#include "tactus/geometry/transform.h"
#include "tactus/ui/document.h"

namespace tactus::ui {

class PhotoCanvas : public QWidget {
  Q_OBJECT
 public:
  enum class Tool { select, joint, box, brush, erase };
  enum class Target { object, person };

  explicit PhotoCanvas(Document* document, QWidget* parent = nullptr);
  void set_tool(Tool tool);
  void set_target(Target target) { target_ = target; }
  void set_brush_radius(double pixels);              // of the photograph
  void set_mask_opacity(double opacity);
  // The joint that the next click of the joint tool places.
  void set_next_joint(int keypoint) { next_joint_ = keypoint; }
  int next_joint() const { return next_joint_; }
  // Outline of the object at a pose; nullopt: none.
  void set_outline(const geometry::Mesh* object, const std::optional<geometry::SimilarityTransform>& photo_from_object,
                   const geometry::PinholeCamera& camera);
  void fit_to_view();
  QPointF widget_from_photo(const QPointF& p) const { return origin_ + scale_ * p; }
  QPointF photo_from_widget(const QPointF& p) const { return (p - origin_) / scale_; }
  QSize minimumSizeHint() const override { return {220, 180}; }

 Q_SIGNALS:
  void box_drawn(const QRectF& photo_rect);          // of the current target
  void marks_finished();                             // a drag or stroke ended
  void joint_placed(int keypoint);

 protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void wheelEvent(QWheelEvent*) override;
  void contextMenuEvent(QContextMenuEvent*) override;
  bool event(QEvent*) override;

 private:
  int joint_at(const QPointF& widget) const;
  void refresh();
  void paint_stroke(const QPointF& from, const QPointF& to);
  void commit_stroke();
  Document* document_;
  QImage photo_, masks_, outline_;
  double scale_ = 1.0, opacity_ = 0.45, brush_ = 10.0;
  QPointF origin_, press_, last_;
  bool fitted_ = true, panning_ = false, boxing_ = false, stroking_ = false;
  int dragged_ = -1, next_joint_ = 0, drag_serial_ = 0;
  Tool tool_ = Tool::select;
  Target target_ = Target::object;
  ImageU8 stroke_;
  std::string shown_photo_;
};

// A copy Qt can draw.
QImage to_qimage(const ImageU8& picture);

}  // namespace tactus::ui
