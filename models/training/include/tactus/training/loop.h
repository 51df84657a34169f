// The steps of a training, the same for every network: order of the examples, rate, clock, checkpoints, what is told meanwhile.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tactus/progress.h"
#include "tactus/synth/scene.h"
#include "tactus/training/checkpoint.h"
#include "tactus/training/event_file.h"
#include "tactus/training/train.h"

namespace tactus::training {

struct LoopOptions {
  std::int64_t examples = 0, per_step = 0;   // at least one step's in an epoch
  std::uint64_t seed = 1;
  double epochs = 1.0, minutes = 0.0;        // 0 minutes: no limit; else the schedule ends in this time, or after `epochs`
  double learning_rate = 0.0, warmup = 0.0, final_rate = 0.0;
  double checkpoint_seconds = 60.0, validate_minutes = 10.0;
};

template <typename Options>
LoopOptions loop_options(const Options& o, std::int64_t examples, std::int64_t per_step) {
  return {examples, per_step, o.seed, o.epochs, o.minutes, o.learning_rate, o.warmup, o.final_rate, o.checkpoint_seconds, o.validate_minutes};
}

// What the scenes of a training and of its validation are made of.
template <typename Options>
synth::SceneMaker::Options pools_of(const Options& o) {
  synth::SceneMaker::Options pools;
  pools.bodies = o.bodies;
  pools.instances = o.instances;
  pools.validation_bodies = std::min(pools.validation_bodies, o.bodies);
  pools.validation_instances = std::min(pools.validation_instances, o.instances);
  return pools;
}
// A number for them, for a cache's key.
template <typename Options>
std::uint64_t key_of_pools(const Options& o) {
  return static_cast<std::uint64_t>(o.bodies) << 32U | static_cast<std::uint64_t>(o.instances);
}

class TrainingLoop {
 public:
  virtual ~TrainingLoop() = default;

 protected:
  TrainingLoop(const Progress& progress, std::function<void(const TrainStatus&)> on_status);

  // One step on these examples → the mean of their losses.
  virtual double step(const std::vector<std::int64_t>& which, double rate) = 0;
  virtual void save_state() = 0;             // the checkpoint, where one is wanted
  virtual void check_up() = 0;               // scores, and the file of weights

  // From position_ on, then save_state() and check_up(). After a stop the state is saved and Error{cancelled} thrown;
  // Error{cannot_run}: the loss is not finite.
  void loop(const LoopOptions& options);
  void tell() const;
  void tell_scores(const std::map<std::string, double>& shown);   // after a validation; report_.scores go to the event file

  Progress progress_;
  std::function<void(const TrainStatus&)> on_status_;
  std::unique_ptr<EventFile> events_;        // none: not wanted
  Position position_;
  TrainStatus status_;
  TrainReport report_;

 private:
  double mean_of_last(std::size_t count) const;
};

}  // namespace tactus::training
