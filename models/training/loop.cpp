#include "tactus/training/loop.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "tactus/error.h"
#include "tactus/layers/threads.h"
#include "tactus/random.h"
#include "tactus/training/curve.h"
#include "tactus/training/optimiser.h"

namespace tactus::training {
namespace {

// The order of an epoch.
std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, 77 + static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  return order;
}

}  // namespace

TrainingLoop::TrainingLoop(const Progress& progress, std::function<void(const TrainStatus&)> on_status)
    : progress_(progress), on_status_(std::move(on_status)) {
  layers::compute_in_one_thread_each();   // the slices of a batch are the threads
#ifdef M_MMAP_THRESHOLD
  // A step's tensors come from memory that stays: a fifth of the time went into giving it back and clearing it again.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

void TrainingLoop::loop(const LoopOptions& options) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  const std::int64_t an_epoch = options.examples / options.per_step;
  const auto steps = std::max<std::int64_t>(1, std::llround(options.epochs * static_cast<double>(an_epoch)));
  const double before = position_.seconds, limit = 60.0 * options.minutes;
  const Clock::time_point begin = Clock::now();
  Clock::time_point saved = begin, validated = begin, told = begin;
  const std::int64_t first = position_.step;
  std::vector<std::int64_t> order;
  std::int64_t epoch = -1;
  status_ = TrainStatus{};
  status_.stage = "Train";
  status_.steps = steps;
  while (position_.step < steps) {
    if (progress_.stop_requested()) {
      save_state();
      progress_.check();
    }
    const double spent = before + since(begin);
    if (limit > 0 && spent >= limit) break;
    if (position_.step / an_epoch != epoch) {
      epoch = position_.step / an_epoch;
      order = shuffled(options.examples, options.seed, epoch);
      if (epoch > 0 && position_.step > first && since(validated) > 60.0 * options.validate_minutes) {
        check_up();
        validated = Clock::now();
      }
    }
    const double done = static_cast<double>(position_.step) / static_cast<double>(steps);
    const double way = limit > 0 ? std::max(done, spent / limit) : done;
    const double rate = options.learning_rate * schedule(way + 0.5 / static_cast<double>(steps), options.warmup, options.final_rate);
    const auto at = order.begin() + static_cast<std::ptrdiff_t>((position_.step % an_epoch) * options.per_step);
    const double loss = step({at, at + static_cast<std::ptrdiff_t>(options.per_step)}, rate);
    if (!std::isfinite(loss)) throw cannot_run("the loss is not finite at step " + std::to_string(position_.step) + "; choose a smaller \"learning_rate\"");
    position_.losses.push_back(static_cast<float>(loss));
    report_.losses.push_back(loss);
    ++position_.step;
    position_.seconds = before + since(begin);
    if (events_ && position_.step % 10 == 0) {
      events_->scalar("train/loss", position_.step, mean_of_last(20));
      events_->scalar("train/learning_rate", position_.step, rate);
    }
    progress_.part(0.31, 0.98, "Train").report(way);
    if (since(told) > 0.5) {
      told = Clock::now();
      status_.step = position_.step;
      status_.loss = mean_of_last(50);
      status_.per_second = static_cast<double>((position_.step - first) * options.per_step) / since(begin);
      const double left = since(begin) / static_cast<double>(position_.step - first) * static_cast<double>(steps - position_.step);
      status_.seconds_left = limit > 0 ? std::min(left, limit - position_.seconds) : left;
      status_.curve = curve(position_.losses, 40);
      tell();
    }
    if (since(saved) > options.checkpoint_seconds) {
      save_state();
      saved = Clock::now();
    }
  }
  report_.steps = position_.step;
  report_.training_seconds = position_.seconds;
  report_.prompts_per_second = static_cast<double>((position_.step - first) * options.per_step) / std::max(since(begin), 1e-9);
  save_state();
  check_up();
}

double TrainingLoop::mean_of_last(std::size_t count) const {
  const std::size_t n = std::min(count, position_.losses.size());
  return n == 0 ? 0.0 : std::accumulate(position_.losses.end() - static_cast<std::ptrdiff_t>(n), position_.losses.end(), 0.0) / static_cast<double>(n);
}

void TrainingLoop::tell() const {
  if (on_status_) on_status_(status_);
}

void TrainingLoop::tell_scores(const std::map<std::string, double>& shown) {
  if (events_)
    for (const auto& [name, value] : report_.scores) events_->scalar("validation/" + name, position_.step, value);
  status_.stage = "Validate";
  status_.step = position_.step;
  status_.scores = shown;
  tell();
  status_.stage = "Train";
  status_.scores.clear();
}

}  // namespace tactus::training
