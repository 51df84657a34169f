// The debug overlay of F3.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tactus::ui {

struct DebugInfo {
  double scene_ms = 0.0;
  int scene_frames = 0;
  double memory_mb = 0.0;
  std::string device;
  std::vector<std::pair<std::string, double>> stage_seconds;
  std::vector<std::pair<std::string, std::vector<float>>> scalars;   // one value an iteration
  int iteration = -1;
};

// Dear ImGui calls; only inside the viewport's overlay callback.
void draw_debug_overlay(const DebugInfo& info);

}  // namespace tactus::ui
