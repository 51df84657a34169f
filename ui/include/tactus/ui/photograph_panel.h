// The left side: the photograph and its tools, prompt, object, Run.
#pragma once

#include <QWidget>

#include "tactus/ui/photo_canvas.h"

class QComboBox;
class QLabel;
class QDoubleSpinBox;
class QPushButton;
class QSlider;
class QToolButton;

namespace tactus::ui {

class MaskTools;
class NeededList;
class PromptEdit;

class PhotographPanel : public QWidget {
  Q_OBJECT
 public:
  explicit PhotographPanel(Document* document, QWidget* parent = nullptr);
  PhotoCanvas* canvas() const { return canvas_; }
  void set_running(bool running);
  void set_looking(bool looking);         // marks are being looked for
  void focus_prompt();
  PromptEdit* prompt() const { return prompt_; }
  QComboBox* object() const { return object_; }
  QDoubleSpinBox* size() const { return size_; }
  QToolButton* tool_button(PhotoCanvas::Tool tool) const;
  QComboBox* target() const { return target_; }
  QPushButton* run_button() const { return run_; }
  NeededList* needed_list() const { return needed_; }
  MaskTools* mask_tools() const { return mask_tools_; }
  QString needed() const;                 // what is still needed, as shown; empty: nothing

 Q_SIGNALS:
  void run_requested();
  void cancel_requested();
  void open_mesh_requested();
  void failed(const QString& sentence);
  void told(const QString& text);         // about the joint under the pointer

 private:
  void show_document();
  void show_tool();
  void make_mask(const QRectF& photo_rect);
  void show_needed();
  Document* document_;
  PhotoCanvas* canvas_;
  PromptEdit* prompt_;
  QDoubleSpinBox* size_;
  QComboBox *object_, *target_, *joint_;
  QPushButton* run_;
  QLabel* busy_;
  MaskTools* mask_tools_;
  NeededList* needed_;
  QSlider* brush_;
  std::vector<QToolButton*> tools_;
  bool running_ = false, looking_ = false;
};

}  // namespace tactus::ui
