#include "tactus/ui/debug_overlay.h"

#include <QOpenGLContext>
#include <QOpenGLFunctions>
#include <QPointer>

#include <algorithm>
#include <imgui.h>
#include <map>

namespace tactus::ui {

struct DebugOverlay::Impl {
  struct Texture {
    std::shared_ptr<const ImageU8> picture;   // kept alive: the pointer is the key
    GLuint id = 0;
  };
  QPointer<QOpenGLContext> context;           // the textures belong to it and go with it
  std::map<std::string, Texture> textures;

  GLuint texture(const DebugBuffer& buffer) {
    auto* current = QOpenGLContext::currentContext();
    if (current == nullptr) return 0;
    if (context != current) {
      textures.clear();
      context = current;
    }
    Texture& t = textures[buffer.name];
    if (t.picture == buffer.picture && t.id != 0) return t.id;
    auto* gl = current->functions();
    if (t.id == 0) gl->glGenTextures(1, &t.id);
    GLint bound = 0, alignment = 4;
    gl->glGetIntegerv(GL_TEXTURE_BINDING_2D, &bound);
    gl->glGetIntegerv(GL_UNPACK_ALIGNMENT, &alignment);
    gl->glBindTexture(GL_TEXTURE_2D, t.id);
    gl->glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    gl->glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    gl->glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    gl->glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    gl->glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    gl->glTexImage2D(GL_TEXTURE_2D, 0, GL_RGB, buffer.picture->width, buffer.picture->height, 0, GL_RGB, GL_UNSIGNED_BYTE, buffer.picture->data.data());
    gl->glPixelStorei(GL_UNPACK_ALIGNMENT, alignment);
    gl->glBindTexture(GL_TEXTURE_2D, static_cast<GLuint>(bound));
    t.picture = buffer.picture;
    return t.id;
  }
};

DebugOverlay::DebugOverlay() : impl_(std::make_unique<Impl>()) {}
DebugOverlay::~DebugOverlay() = default;

void DebugOverlay::draw(const DebugInfo& info) {
  const ImVec2 screen = ImGui::GetIO().DisplaySize;
  ImGui::SetNextWindowPos({10, 10}, ImGuiCond_FirstUseEver);
  ImGui::SetNextWindowSize({330, std::max(200.0F, screen.y - 20)}, ImGuiCond_FirstUseEver);
  ImGui::Begin("Debug (F3)");
  ImGui::Text("scene %.1f ms, %d frames", info.scene_ms, info.scene_frames);
  ImGui::Text("memory %.0f MB", info.memory_mb);
  if (info.preview_seconds > 0.0) ImGui::Text("last live edit %.2f s", info.preview_seconds);
  ImGui::TextWrapped("%s", info.device.c_str());
  if (ImGui::CollapsingHeader("Stages", ImGuiTreeNodeFlags_DefaultOpen))
    for (const auto& [name, seconds] : info.stage_seconds) ImGui::Text("%-12s %7.3f s", name.c_str(), seconds);
  if (ImGui::CollapsingHeader("Buffers", ImGuiTreeNodeFlags_DefaultOpen)) {
    const float width = 0.5F * (ImGui::GetContentRegionAvail().x - 8.0F);
    for (std::size_t i = 0; i < info.buffers.size(); ++i) {
      const auto& buffer = info.buffers[i];
      if (!buffer.picture || buffer.picture->empty()) continue;
      if (i % 2 == 1) ImGui::SameLine();
      ImGui::BeginGroup();
      ImGui::TextUnformatted(buffer.name.c_str());
      const auto id = reinterpret_cast<ImTextureID>(static_cast<std::uintptr_t>(impl_->texture(buffer)));
      const float height = width * static_cast<float>(buffer.picture->height) / static_cast<float>(buffer.picture->width);
      ImGui::Image(id, {width, height}, {0, 0}, {1, 1}, {1, 1, 1, 1}, {1, 1, 1, 0.3F});
      if (ImGui::IsItemHovered()) {
        ImGui::BeginTooltip();
        ImGui::Text("%s, %d x %d", buffer.name.c_str(), buffer.picture->width, buffer.picture->height);
        const float large = std::min(480.0F, 0.6F * screen.x);
        ImGui::Image(id, {large, large * height / width});
        ImGui::EndTooltip();
      }
      ImGui::EndGroup();
    }
    if (info.buffers.empty()) ImGui::TextWrapped("none yet");
  }
  if (ImGui::CollapsingHeader("Iterations", ImGuiTreeNodeFlags_DefaultOpen)) {
    for (const auto& [name, values] : info.scalars) {
      if (values.empty()) continue;
      const int at = info.iteration >= 0 && info.iteration < static_cast<int>(values.size()) ? info.iteration : static_cast<int>(values.size()) - 1;
      ImGui::Text("%s = %g", name.c_str(), static_cast<double>(values[static_cast<std::size_t>(at)]));
      ImGui::PlotLines(("##" + name).c_str(), values.data(), static_cast<int>(values.size()), 0, nullptr, 3.4e38F, 3.4e38F, {ImGui::GetContentRegionAvail().x, 36});
    }
  }
  ImGui::End();
}

}  // namespace tactus::ui
