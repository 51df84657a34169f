// Progress and cancel: one small object that every stage takes.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "tactus/error.h"

namespace tactus {

// Reports how far a stage is and carries the request to stop. A stage calls `report` at least ten times a
// second on long work and `check` often enough that a stop is honoured within 100 ms.
//
// Calls may come from any one thread at a time; the sink decides how to reach its window or terminal.
class Progress {
 public:
  // fraction in [0, 1] of the whole job; stage is a short name ("Fit"); message may be empty.
  using Sink = std::function<void(double fraction, std::string_view stage, std::string_view message)>;

  Progress() = default;
  explicit Progress(Sink sink, std::stop_token stop = {}) : sink_(std::move(sink)), stop_(std::move(stop)) {}

  void report(double fraction, std::string_view message = {}) const {
    if (sink_) sink_(begin_ + fraction * (end_ - begin_), stage_, message);
  }
  bool stop_requested() const { return stop_.stop_requested(); }
  // Throws Error{cancelled} when a stop was requested.
  void check() const {
    if (stop_requested()) throw Error(ErrorKind::cancelled, "cancelled");
  }
  const std::stop_token& stop_token() const { return stop_; }

  // The part [begin, end] of this progress, for a sub-step. An empty stage keeps the parent's name.
  Progress part(double begin, double end, std::string_view stage = {}) const {
    Progress child = *this;
    child.begin_ = begin_ + begin * (end_ - begin_);
    child.end_ = begin_ + end * (end_ - begin_);
    if (!stage.empty()) child.stage_ = stage;
    return child;
  }

 private:
  Sink sink_;
  std::stop_token stop_;
  std::string stage_;
  double begin_ = 0.0, end_ = 1.0;
};

}  // namespace tactus
