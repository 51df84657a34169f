// An answer under way, told as it grows.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "tactus/contact/predictor.h"
#include "tactus/progress.h"

namespace tactus::pipeline {

// Tells the tokens of an answer as they come, about 20 times a second. The masks may take long after the last token, so
// what came too soon after the last telling is told with the next report of progress.
class GrowingAnswer {
 public:
  explicit GrowingAnswer(std::function<void(const std::vector<contact::TokenRecord>&)> tell) : tell_(std::move(tell)) {}

  void add(const contact::TokenRecord& token) {
    const std::scoped_lock lock(mutex_);
    tokens_.push_back(token);
    flush();
  }
  // `progress`, which also tells what is waiting.
  Progress watching(const Progress& progress) {
    return Progress(
        [this, progress](double fraction, std::string_view stage, std::string_view message) {
          progress.part(0.0, 1.0, stage).report(fraction, message);
          const std::scoped_lock lock(mutex_);
          flush();
        },
        progress.stop_token());
  }

 private:
  using Clock = std::chrono::steady_clock;
  void flush() {
    if (told_ == tokens_.size() || (told_ > 0 && Clock::now() - last_ < std::chrono::milliseconds(50))) return;
    tell_(tokens_);
    told_ = tokens_.size();
    last_ = Clock::now();
  }
  std::function<void(const std::vector<contact::TokenRecord>&)> tell_;
  std::mutex mutex_;   // progress may be reported from another thread than the run's
  std::vector<contact::TokenRecord> tokens_;
  std::size_t told_ = 0;
  Clock::time_point last_;
};

}  // namespace tactus::pipeline
