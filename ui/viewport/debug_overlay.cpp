#include "tactus/ui/debug_overlay.h"

#include <imgui.h>

namespace tactus::ui {

void draw_debug_overlay(const DebugInfo& info) {
  ImGui::SetNextWindowPos({12, 12}, ImGuiCond_FirstUseEver);
  ImGui::SetNextWindowSize({330, 420}, ImGuiCond_FirstUseEver);
  ImGui::Begin("Debug (F3)");
  ImGui::Text("scene %.1f ms, %d frames", info.scene_ms, info.scene_frames);
  ImGui::Text("memory %.0f MB", info.memory_mb);
  ImGui::TextWrapped("%s", info.device.c_str());
  if (ImGui::CollapsingHeader("Stages", ImGuiTreeNodeFlags_DefaultOpen))
    for (const auto& [name, seconds] : info.stage_seconds) ImGui::Text("%-12s %7.3f s", name.c_str(), seconds);
  if (ImGui::CollapsingHeader("Iterations", ImGuiTreeNodeFlags_DefaultOpen)) {
    for (const auto& [name, values] : info.scalars) {
      if (values.empty()) continue;
      const int at = info.iteration >= 0 && info.iteration < static_cast<int>(values.size()) ? info.iteration : static_cast<int>(values.size()) - 1;
      ImGui::Text("%s = %g", name.c_str(), static_cast<double>(values[static_cast<std::size_t>(at)]));
      ImGui::PlotLines(("##" + name).c_str(), values.data(), static_cast<int>(values.size()), 0, nullptr, 3.4e38F, 3.4e38F, {300, 42});
    }
  }
  ImGui::End();
}

}  // namespace tactus::ui
