// A progress bar on a terminal; nothing at all in a pipe.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "tactus/progress.h"

namespace tactus::cli {

class TerminalProgress {
 public:
  explicit TerminalProgress(bool wanted);
  ~TerminalProgress();   // ends the line
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;

  // Valid while this object lives.
  Progress progress(std::stop_token stop);

 private:
  void show(double fraction, std::string_view stage, std::string_view message);
  bool wanted_;
  bool shown_ = false;
  std::string last_stage_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace tactus::cli
