#include "terminal_progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tactus::cli {

namespace {

bool can_redraw() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && (terminal == nullptr || std::string_view(terminal) != "dumb");
}

std::size_t columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// At most `most` characters of UTF-8 text: a line that wraps cannot be redrawn.
std::string_view cut(std::string_view text, std::size_t most) {
  std::size_t characters = 0, at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U;
    if (begins && ++characters > most) break;
  }
  return text.substr(0, at);
}

}  // namespace

TerminalProgress::TerminalProgress(bool wanted) : wanted_(wanted && can_redraw()) {}

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
  const std::size_t width = columns();
  const int bar_width = width >= 60 ? 30 : 10;
  const int filled = std::clamp(static_cast<int>(fraction * bar_width), 0, bar_width);
  std::string line;
  for (int i = 0; i < bar_width; ++i) line += i < filled ? "█" : "░";
  char percent[16];
  std::snprintf(percent, sizeof percent, " %3d %%  ", std::clamp(static_cast<int>(fraction * 100), 0, 100));
  line += percent;
  line += stage;
  line += "  ";
  line += message;
  const auto shown = cut(line, width - 1);
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(shown.size()), shown.data());
  std::fflush(stderr);
}

}  // namespace tactus::cli
