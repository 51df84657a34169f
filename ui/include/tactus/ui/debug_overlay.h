// The debug overlay of F3.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tactus/image.h"

namespace tactus::ui {

// A picture shown as a texture; uploaded when its pointer is new.
struct DebugBuffer {
  std::string name;
  std::shared_ptr<const ImageU8> picture;   // RGB
};

struct DebugInfo {
  double scene_ms = 0.0;
  int scene_frames = 0;
  double memory_mb = 0.0;
  double preview_seconds = 0.0;             // from the last live edit to its answer; 0: none yet
  std::string device;
  std::vector<std::pair<std::string, double>> stage_seconds;
  std::vector<std::pair<std::string, std::vector<float>>> scalars;   // one value an iteration
  int iteration = -1;
  std::vector<DebugBuffer> buffers;
};

// Owns the textures. Used inside the viewport's overlay callback alone, where its GL context is current.
class DebugOverlay {
 public:
  DebugOverlay();
  ~DebugOverlay();
  void draw(const DebugInfo& info);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::ui
