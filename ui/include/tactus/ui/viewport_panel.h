// The middle of the window: the viewport under its tools, or what to do when nothing is open.
#pragma once

#include <QString>
#include <QWidget>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tactus/pipeline/analysis.h"
#include "tactus/ui/viewport.h"

class QLabel;
class QPushButton;
class QSlider;
class QStackedWidget;
class QToolButton;

namespace tactus::ui {

class ContactBrush;
class Document;
class Welcome;

class ViewportPanel : public QWidget {
  Q_OBJECT
 public:
  ViewportPanel(Document* document, const std::vector<std::string>& samples, QWidget* parent = nullptr);
  Viewport* viewport() const { return viewport_; }
  Welcome* welcome() const { return welcome_; }
  // What is known goes into the scene; only what changed is uploaded.
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  void set_position(const pipeline::TimelinePosition& position);
  void set_threshold(double threshold);
  void set_tool(Viewport::Tool tool);
  void clear_painting();
  void set_dark(bool dark);
  // Said in the middle of the empty scene while there is nothing to see; empty: nothing.
  void set_hint(const QString& text);
  QString hint() const;
  QToolButton* tool_button(Viewport::Tool tool) const;
  QPushButton* clear_button() const { return clear_; }

 Q_SIGNALS:
  void told(const QString& text);      // about what is under the pointer

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  void show_document();
  void show_tool();
  QString described(const scene::Pick& pick) const;
  void pin(const std::optional<scene::Pick>& pick);
  void place_hint();
  Document* document_;
  QStackedWidget* pages_;
  Viewport* viewport_;
  Welcome* welcome_;
  ContactBrush* brush_;
  QWidget *tools_, *brush_tools_;
  QLabel* hint_;
  std::optional<scene::Pick> pinned_;
  QToolButton *navigate_, *paint_, *erase_;
  QSlider* size_;
  QLabel* size_label_;
  QPushButton* clear_;
  std::shared_ptr<const pipeline::Analysis> analysis_;
  const void *shown_body_ = nullptr, *shown_object_ = nullptr, *shown_body_contact_ = nullptr, *shown_object_contact_ = nullptr, *shown_fit_ = nullptr;
};

}  // namespace tactus::ui
