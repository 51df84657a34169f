// Turns strokes in the viewport into painted contact: shown at once, one step of undo a stroke.
#pragma once

#include <QObject>
#include <memory>
#include <vector>

#include "tactus/pipeline/analysis.h"
#include "tactus/scene/scene.h"

namespace tactus::ui {

class Document;
class Viewport;

class ContactBrush : public QObject {
  Q_OBJECT
 public:
  ContactBrush(Document* document, Viewport* viewport, QObject* parent = nullptr);
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) { analysis_ = std::move(analysis); }
  bool painted() const;             // is anything painted, on the surfaces or in views?
  void clear();                     // undoable: back to what the model says

 private:
  void stroke(scene::Subject subject, const std::vector<int>& vertices, bool erase, bool finished);
  Document* document_;
  Viewport* viewport_;
  std::shared_ptr<const pipeline::Analysis> analysis_;
};

}  // namespace tactus::ui
