#include "terminal_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tactus::cli {

TerminalProgress::TerminalProgress(bool wanted) : wanted_(wanted && isatty(STDERR_FILENO) == 1) {}

TerminalProgress::~TerminalProgress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

Progress TerminalProgress::progress(std::stop_token stop) {
  return Progress([this](double fraction, std::string_view stage,
                         std::string_view message) { show(fraction, stage, message); },
                  std::move(stop));
}

void TerminalProgress::show(double fraction, std::string_view stage, std::string_view message) {
  if (!wanted_) return;
  const auto now = std::chrono::steady_clock::now();
  if (shown_ && stage == last_stage_ && now - last_ < std::chrono::milliseconds(50)) return;
  last_ = now;
  last_stage_ = stage;
  shown_ = true;
  constexpr int kWidth = 30;
  const int filled = std::clamp(static_cast<int>(fraction * kWidth), 0, kWidth);
  std::string bar;
  for (int i = 0; i < kWidth; ++i) bar += i < filled ? "█" : "░";
  std::fprintf(stderr, "\r\033[K%s %3d %%  %.*s  %.*s", bar.c_str(), static_cast<int>(fraction * 100),
               static_cast<int>(stage.size()), stage.data(), static_cast<int>(std::min<std::size_t>(message.size(), 60)),
               message.data());
  std::fflush(stderr);
}

}  // namespace tactus::cli
