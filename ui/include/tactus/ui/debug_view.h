// Feeds the debug overlay of F3: times, memory, iteration scalars and the buffers of the position shown.
#pragma once

#include <QObject>
#include <memory>
#include <vector>

#include "tactus/image.h"
#include "tactus/pipeline/analysis.h"
#include "tactus/ui/debug_overlay.h"

namespace tactus::ui {

class AnalysisSession;
class Document;
class Viewport;

class DebugView : public QObject {
  Q_OBJECT
 public:
  DebugView(Document* document, AnalysisSession* session, Viewport* viewport, QObject* parent = nullptr);
  void set_shown(bool shown);
  void set_position(const pipeline::TimelinePosition& position);
  // Depth, vertex map, mask, soft silhouette, as far as they are known at the position.
  const std::vector<DebugBuffer>& buffers() const { return buffers_; }

 Q_SIGNALS:
  void buffers_changed();

 private:
  void gather();
  void render_silhouette();
  Document* document_;
  AnalysisSession* session_;
  Viewport* viewport_;
  pipeline::TimelinePosition position_;
  bool shown_ = false, rendering_ = false, again_ = false;
  std::vector<DebugBuffer> buffers_;
};

}  // namespace tactus::ui
