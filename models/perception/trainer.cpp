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
#include "tactus/training/loop.h"
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

class Training : public training::TrainingLoop {
 public:
  Training(const TrainOptions& options, std::shared_ptr<const body::BodyModel> model, const Progress& progress,
           const std::function<void(const TrainStatus&)>& on_status)
      : TrainingLoop(progress, on_status), options_(options), model_(std::move(model)) {
    for (const auto& category : objects::categories()) info_.categories.push_back(category.name);
    info_.parts.assign(kPartClassNames.begin(), kPartClassNames.end());
    info_.joints.assign(body::kKeypointNames.begin(), body::kKeypointNames.end());
    info_.options = options.network;
    info_.options.categories = static_cast<std::int64_t>(info_.categories.size()) + 1;
    info_.options.parts = kPartClasses;
    info_.options.joints = body::kKeypointCount;
  }

  TrainReport run() {
    const Network sizes(info_.options);   // refuses impossible ones before anything is made
    make_data();
    make_network();
    if (!options_.events.empty()) events_ = std::make_unique<training::EventFile>(options_.events, position_.step);
    loop(training::loop_options(options_, data_->size(), options_.batch));
    return report_;
  }

 private:
  void make_data() {
    const Clock::time_point begin = Clock::now();
    status_.stage = "Pictures";
    status_.steps = options_.pictures;
    const auto pools = training::pools_of(options_);
    const synth::SceneMaker maker(model_, synth::Split::train, pools, progress_.part(0.0, 0.01, "Pictures"));
    DataOptions data;
    data.seed = options_.seed;
    data.pools = training::key_of_pools(options_);
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
      NetworkOptions grown = start.options;
      grown.things = info_.options.things;
      if (start.options.things > grown.things || !(grown == info_.options) || start.categories != info_.categories) {
        throw bad_input(options_.start.string() + ": these weights are of other sizes or categories than the configuration's; begin with others, or none");
      }
      Network known = load_weights(options_.start, start);
      master->initialise(options_.seed);
      const torch::NoGradGuard no_grad;
      auto parameters = master->named_parameters();
      for (const auto& item : known->named_parameters()) parameters[item.key()].copy_(item.value());
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
  double step(const std::vector<std::int64_t>& which, double rate) override {
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

  void save_state() override {
    if (!options_.checkpoint.empty()) training::save_checkpoint(options_.checkpoint, key_, *(*replicas_)[0], *optimiser_, position_);
  }

  // Scores, and the file of weights.
  void check_up() override {
    report_.scores = validate_and_choose((*replicas_)[0], *validation_, info_, Progress({}, progress_.stop_token()));
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
    tell_scores(report_.scores);
  }

  TrainOptions options_;
  std::shared_ptr<const body::BodyModel> model_;
  WeightsInfo info_;
  std::unique_ptr<DataSet> data_, validation_;
  std::unique_ptr<training::AdamW> optimiser_;
  std::unique_ptr<training::Replicas<Network>> replicas_;
  std::uint64_t key_ = 0;
};

}  // namespace

TrainReport train(const TrainOptions& options, std::shared_ptr<const body::BodyModel> model, const Progress& progress,
                  const std::function<void(const TrainStatus&)>& on_status) {
  return Training(options, std::move(model), progress, on_status).run();
}

}  // namespace tactus::perception
