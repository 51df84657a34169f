#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "data_set.h"
#include "objective.h"
#include "parts.h"
#include "tactus/error.h"
#include "tactus/hash.h"
#include "tactus/objects/library.h"
#include "tactus/parallel.h"
#include "tactus/perception/train.h"
#include "tactus/perception/weights.h"
#include "tactus/training/checkpoint.h"
#include "tactus/training/curve.h"
#include "tactus/training/event_file.h"
#include "tactus/training/optimiser.h"
#include "tactus/training/replicas.h"
#include "validation.h"

namespace tactus::perception {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// What a checkpoint depends on: everything but the places of files and how often something is written.
std::uint64_t key_of(const TrainOptions& options) {
  TrainOptions plain = options;
  plain.output = plain.checkpoint = plain.cache = plain.events = "";
  plain.checkpoint_seconds = plain.validate_minutes = 0;
  Hasher hasher;
  hasher.text(to_json(plain));
  return hasher.key();
}

// The order of an epoch.
std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, 77 + static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  return order;
}

class Training {
 public:
  Training(const TrainOptions& options, std::shared_ptr<const body::BodyModel> model, const Progress& progress,
           const std::function<void(const TrainStatus&)>& on_status)
      : options_(options), model_(std::move(model)), progress_(progress), on_status_(on_status) {
    for (const auto& category : objects::categories()) info_.categories.push_back(category.name);
    info_.parts.assign(kPartClassNames.begin(), kPartClassNames.end());
    info_.joints.assign(body::kKeypointNames.begin(), body::kKeypointNames.end());
    info_.options = options.network;
    info_.options.categories = static_cast<std::int64_t>(info_.categories.size()) + 1;
    info_.options.parts = kPartClasses;
    info_.options.joints = body::kKeypointCount;
  }

  TrainReport run() {
    at::set_num_threads(1);   // the slices are the threads
#ifdef M_MMAP_THRESHOLD
    // A step's tensors come from memory that stays: an eighth of the time went into giving it back and clearing it again.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
    const Network sizes(info_.options);   // refuses impossible ones before anything is made
    make_data();
    make_network();
    if (!options_.events.empty()) events_ = std::make_unique<training::EventFile>(options_.events, position_.step);
    loop();
    save_state();
    check_up();
    return report_;
  }

 private:
  void make_data() {
    const Clock::time_point begin = Clock::now();
    status_.stage = "Pictures";
    status_.steps = options_.pictures;
    synth::SceneMaker::Options pools;
    pools.bodies = options_.bodies;
    pools.instances = options_.instances;
    pools.validation_bodies = std::min(pools.validation_bodies, pools.bodies);
    pools.validation_instances = std::min(pools.validation_instances, pools.instances);
    const synth::SceneMaker maker(model_, synth::Split::train, pools, progress_.part(0.0, 0.01, "Pictures"));
    DataOptions data;
    data.seed = options_.seed;
    data.pools = static_cast<std::uint64_t>(options_.bodies) << 32U | static_cast<std::uint64_t>(options_.instances);
    data.pictures = options_.pictures;
    data.side = options_.side;
    data.supersampling = options_.supersampling;
    data.without_person = options_.without_person;
    data.memory_gb = options_.memory_gb;
    data.minutes = options_.generation_minutes;
    data.cache = options_.cache;
    std::int64_t first = -1;
    Clock::time_point first_at = begin;
    const auto told = [&](std::int64_t done) {
      if (first < 0) {
        first = done;
        first_at = Clock::now();
      }
      status_.step = done;
      status_.per_second = static_cast<double>(done - first) / std::max(since(first_at), 1e-9);
      status_.seconds_left = done > first ? static_cast<double>(options_.pictures - done) / status_.per_second : 0.0;   // not known yet
      tell();
    };
    data_ = std::make_unique<DataSet>(data, maker, info_.categories, progress_.part(0.01, 0.3, "Pictures"), told);
    const synth::SceneMaker other(model_, synth::Split::validation, pools);
    data.split = synth::Split::validation;
    data.pictures = options_.validation_pictures;
    data.minutes = 0;
    data.cache = options_.cache.empty() ? options_.cache : std::filesystem::path(options_.cache.string() + ".validation");
    validation_ = std::make_unique<DataSet>(data, other, info_.categories, progress_.part(0.3, 0.31, "Pictures"));
    report_.scenes = report_.prompts = data_->size();
    report_.generation_seconds = since(begin);
    if (data_->size() < options_.batch) {
      throw bad_input("\"pictures\" gave " + std::to_string(data_->size()) + " pictures, fewer than one step takes (" + std::to_string(options_.batch) +
                      "); ask for more pictures or a smaller \"batch\"");
    }
  }

  void make_network() {
    Network master(info_.options);
    if (options_.start.empty()) {
      master->initialise(options_.seed);
    } else {
      const WeightsInfo start = read_weights_info(options_.start);
      if (!(start.options == info_.options) || start.categories != info_.categories) {
        throw bad_input(options_.start.string() + ": these weights are of other sizes or categories than the configuration's; begin with others, or none");
      }
      master = load_weights(options_.start, start);
    }
    const std::int64_t parameters = [&] {
      std::int64_t sum = 0;
      for (const auto& p : master->parameters()) sum += p.numel();
      return sum;
    }();
    report_.parameters = parameters;
    training::AdamOptions adam;
    adam.weight_decay = options_.weight_decay;
    adam.clip = options_.clip;
    optimiser_ = std::make_unique<training::AdamW>(*master, adam);
    key_ = key_of(options_);
    if (!options_.checkpoint.empty()) {
      if (const auto found = training::load_checkpoint(options_.checkpoint, key_, *master, *optimiser_)) {
        position_ = *found;
        report_.resumed = true;
      }
    }
    replicas_ = std::make_unique<training::Replicas<Network>>(master, static_cast<std::size_t>(options_.batch / options_.slice),
                                                              [&] { return Network(info_.options); });
  }

  // → the mean loss of the step's examples.
  double step(const std::vector<std::int64_t>& which, double rate) {
    std::vector<double> losses(replicas_->all().size(), 0.0);
    const double count = static_cast<double>(which.size());
    replicas_->clear_gradients();
    parallel_for(losses.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t slice = begin; slice < end; ++slice) {
        std::vector<Example> examples;
        for (std::size_t k = 0; k < static_cast<std::size_t>(options_.slice); ++k) {
          const std::size_t place = slice * static_cast<std::size_t>(options_.slice) + k;
          Random random(options_.seed ^ (static_cast<std::uint64_t>(position_.step) << 20U), 1000 + place);
          examples.push_back(draw_example((*data_)[which[place]], static_cast<int>(info_.options.image), static_cast<int>(info_.options.categories), options_.flat, random));
        }
        const Items items = collate(examples);
        const at::Tensor loss = objective((*replicas_)[slice]->forward(items.image, items.category), items, options_.loss) / count;
        loss.backward();
        losses[slice] = loss.item<double>();
      }
    });
    optimiser_->step(replicas_->sum(optimiser_->names()), rate);
    return std::accumulate(losses.begin(), losses.end(), 0.0);
  }

  void loop() {
    const std::int64_t batch = options_.batch, an_epoch = data_->size() / batch;
    const auto steps = std::max<std::int64_t>(1, std::llround(options_.epochs * static_cast<double>(an_epoch)));
    const double before = position_.seconds, limit = 60.0 * options_.minutes;
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
        order = shuffled(data_->size(), options_.seed, epoch);
        if (epoch > 0 && position_.step > first && since(validated) > 60.0 * options_.validate_minutes) {
          check_up();
          validated = Clock::now();
        }
      }
      const double done = static_cast<double>(position_.step) / static_cast<double>(steps);
      const double way = limit > 0 ? std::max(done, spent / limit) : done;
      const double rate = options_.learning_rate * training::schedule(way + 0.5 / static_cast<double>(steps), options_.warmup, options_.final_rate);
      const auto at = order.begin() + static_cast<std::ptrdiff_t>((position_.step % an_epoch) * batch);
      const double loss = step({at, at + static_cast<std::ptrdiff_t>(batch)}, rate);
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
        status_.per_second = static_cast<double>((position_.step - first) * batch) / since(begin);
        const double left = since(begin) / static_cast<double>(position_.step - first) * static_cast<double>(steps - position_.step);
        status_.seconds_left = limit > 0 ? std::min(left, limit - position_.seconds) : left;
        status_.curve = training::curve(position_.losses, 40);
        tell();
      }
      if (since(saved) > options_.checkpoint_seconds) {
        save_state();
        saved = Clock::now();
      }
    }
    report_.steps = position_.step;
    report_.training_seconds = position_.seconds;
    report_.prompts_per_second = static_cast<double>((position_.step - first) * batch) / std::max(since(begin), 1e-9);
  }

  double mean_of_last(std::size_t count) const {
    const std::size_t n = std::min(count, position_.losses.size());
    return n == 0 ? 0.0 : std::accumulate(position_.losses.end() - static_cast<std::ptrdiff_t>(n), position_.losses.end(), 0.0) / static_cast<double>(n);
  }

  void save_state() {
    if (!options_.checkpoint.empty()) training::save_checkpoint(options_.checkpoint, key_, *(*replicas_)[0], *optimiser_, position_);
  }

  // Scores, and the file of weights.
  void check_up() {
    report_.scores = validate((*replicas_)[0], *validation_, Progress({}, progress_.stop_token()));
    nlohmann::ordered_json about;
    about["configuration"] = nlohmann::ordered_json::parse(to_json(options_));
    about["seed"] = options_.seed;
    about["pictures"] = report_.prompts;
    about["steps"] = position_.step;
    about["generation_hours"] = report_.generation_seconds / 3600.0;
    about["training_hours"] = position_.seconds / 3600.0;
    about["threads"] = thread_count();
    about["validation"] = report_.scores;
    info_.provenance = about.dump();
    save_weights(options_.output, (*replicas_)[0], info_);
    if (events_)
      for (const auto& [name, value] : report_.scores) events_->scalar("validation/" + name, position_.step, value);
    status_.stage = "Validate";
    status_.step = position_.step;
    status_.scores = report_.scores;
    tell();
    status_.stage = "Train";
    status_.scores.clear();
  }

  void tell() const {
    if (on_status_) on_status_(status_);
  }

  TrainOptions options_;
  std::shared_ptr<const body::BodyModel> model_;
  Progress progress_;
  std::function<void(const TrainStatus&)> on_status_;
  WeightsInfo info_;
  std::unique_ptr<DataSet> data_, validation_;
  std::unique_ptr<training::AdamW> optimiser_;
  std::unique_ptr<training::Replicas<Network>> replicas_;
  std::unique_ptr<training::EventFile> events_;
  std::uint64_t key_ = 0;
  training::Position position_;
  TrainStatus status_;
  TrainReport report_;
};

}  // namespace

TrainReport train(const TrainOptions& options, std::shared_ptr<const body::BodyModel> model, const Progress& progress,
                  const std::function<void(const TrainStatus&)>& on_status) {
  return Training(options, std::move(model), progress, on_status).run();
}

}  // namespace tactus::perception
