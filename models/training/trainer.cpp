#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/arange.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "data_set.h"
#include "objective.h"
#include "tactus/compact/vocabulary.h"
#include "tactus/compact/weights.h"
#include "tactus/error.h"
#include "tactus/hash.h"
#include "tactus/parallel.h"
#include "tactus/synth/language.h"
#include "tactus/training/checkpoint.h"
#include "tactus/training/loop.h"
#include "tactus/training/optimiser.h"
#include "tactus/training/replicas.h"
#include "tactus/training/train.h"
#include "validation.h"

namespace tactus::training {
namespace {

using Clock = std::chrono::steady_clock;
using compact::Network;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// What a checkpoint depends on: everything but the places of files and how often something is written.
std::uint64_t key_of(const TrainOptions& options, const compact::Vocabulary& vocabulary) {
  TrainOptions plain = options;
  plain.output = plain.checkpoint = plain.cache = plain.events = "";
  plain.checkpoint_seconds = plain.validate_minutes = 0;
  Hasher hasher;
  hasher.text(to_json(plain));
  for (const std::string& word : vocabulary.words()) hasher.text(word);
  return hasher.key();
}

void move(Items& items, at::Device device) {
  if (device.is_cpu()) return;
  compact::Batch& b = items.batch;
  for (at::Tensor* t : {&b.vertex, &b.global, &b.category, &b.words, &b.question_length, &b.object, &b.object_part, &b.points, &items.body,
                        &items.object, &items.object_weight, &items.touched, &items.asks, &items.targets}) {
    if (t->defined()) *t = t->to(device);
  }
}

// Error{bad_input}: it cannot be read.
std::uint64_t key_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  if (!in) throw bad_input(file.string() + ": it cannot be read");
  Hasher hasher;
  hasher.text(bytes);
  return hasher.key();
}

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

class Training : public TrainingLoop {
 public:
  Training(const TrainOptions& options, std::shared_ptr<const body::BodyModel> model, std::shared_ptr<const contact::Perceiver> perceiver,
           const Progress& progress, const std::function<void(const TrainStatus&)>& on_status)
      : TrainingLoop(progress, on_status),
        options_(options),
        model_(std::move(model)),
        perceiver_(std::move(perceiver)),
        sample_(evidence::make_body_sample(*model_, options.sample)),
        words_(synth::all_words(*model_)),
        vocabulary_(words_),
        device_(options.device) {
    for (const auto& category : objects::categories()) categories_.push_back(category.name);
    if (!device_.is_cpu() && !at::hasCUDA()) {
      throw cannot_run("\"device\" is \"" + options.device + "\", but no GPU can be used here; leave it out to train on the CPU");
    }
    if (options.photographed > 0 && !perceiver_) throw bad_input("\"photographed\" is above 0, but no perception was given to mark the photographs");
  }

  TrainReport run() {
    make_data();
    make_network();
    if (!options_.events.empty()) events_ = std::make_unique<EventFile>(options_.events, position_.step);
    loop(loop_options(options_, data_->size(), static_cast<std::int64_t>(options_.batch) * options_.accumulate));
    return report_;
  }

 private:
  void make_data() {
    const Clock::time_point begin = Clock::now();
    status_.stage = "Scenes";
    status_.steps = options_.scenes;
    const auto pools = pools_of(options_);
    const synth::SceneMaker maker(model_, synth::Split::train, pools, progress_.part(0.0, 0.01, "Scenes"));
    DataOptions data;
    data.seed = options_.seed;
    data.scenes = options_.scenes;
    data.marks_per_scene = options_.marks_per_scene;
    data.object_points = options_.object_points;
    if (options_.photographed > 0) {
      data.photographed = options_.photographed;
      data.perceiver = perceiver_;
      data.perceiver_key = key_of_file(options_.perception);
    }
    data.noise = options_.noise;
    data.damage = options_.damage;
    data.memory_gb = options_.memory_gb;
    data.minutes = options_.generation_minutes;
    data.cache = options_.cache;
    data.pools = key_of_pools(options_);
    std::int64_t first = -1;
    const auto told = [&](std::int64_t done) {
      if (first < 0) first = done;
      status_.step = done;
      status_.per_second = static_cast<double>(done) / since(begin);
      status_.seconds_left = static_cast<double>(options_.scenes - done) / std::max(status_.per_second, 1e-9);
      tell();
    };
    data_ = std::make_unique<DataSet>(data, maker, sample_, vocabulary_, categories_, progress_.part(0.01, 0.3, "Scenes"), told);
    const synth::SceneMaker other(model_, synth::Split::validation, pools);
    data.split = synth::Split::validation;
    data.scenes = options_.validation_scenes;
    data.marks_per_scene = 1;
    data.minutes = 0;
    data.balanced_objects = false;   // scored as they are
    data.photographed = 0.0;
    const auto beside = [&](const char* what) { return options_.cache.empty() ? options_.cache : std::filesystem::path(options_.cache.string() + what); };
    data.cache = beside(".validation");
    validation_ = std::make_unique<DataSet>(data, other, sample_, vocabulary_, categories_, progress_.part(0.3, 0.31, "Scenes"));
    if (options_.photographed > 0) {
      data.photographed = 1.0;
      data.scenes = options_.validation_photographs;
      data.seed = options_.seed + 1;   // other scenes of the split
      data.cache = beside(".photographs");
      photographs_ = std::make_unique<DataSet>(data, other, sample_, vocabulary_, categories_, progress_.part(0.31, 0.32, "Scenes"));
    }
    report_.scenes = data_->scenes();
    report_.prompts = data_->size();
    report_.generation_seconds = since(begin);
    if (data_->size() < options_.batch * options_.accumulate) {
      throw bad_input("\"scenes\" gave " + std::to_string(data_->size()) + " prompts, fewer than one step takes (" +
                      std::to_string(options_.batch * options_.accumulate) + "); ask for more scenes or a smaller \"batch\"");
    }
  }

  void make_network() {
    info_.options = options_.network;
    info_.options.vocabulary = vocabulary_.size();
    info_.options.categories = static_cast<std::int64_t>(categories_.size()) + 1;
    info_.options.vertex_features = evidence::kVertexFeatureCount;
    info_.options.global_features = evidence::kGlobalFeatureCount;
    info_.sample = options_.sample;
    info_.words = words_;
    info_.categories = categories_;
    Network master{nullptr};
    if (options_.start.empty()) {
      master = compact::make_network(info_.options, sample_);
      master->initialise(options_.seed);
      prior_ = category_prior(*data_, static_cast<std::int64_t>(categories_.size()), sample_.size());
      master->set_prior(prior_);
    } else {
      const compact::WeightsInfo start = compact::read_weights_info(options_.start);
      if (!(start.options == info_.options) || start.words != words_ || start.categories != categories_) {
        throw bad_input(options_.start.string() + ": these weights are of other sizes, words or categories than the configuration's; begin with others, or none");
      }
      master = compact::load_weights(options_.start, start, sample_);
      // What it says is what it adds to this prior.
      prior_ = master->prior(at::arange(info_.options.categories)).clone();
    }
    master->to(device_);
    for (const auto& p : master->parameters()) report_.parameters += p.numel();
    const auto trained = options_.trains == "all" ? std::vector<std::string>{} : split_words(options_.trains);
    AdamOptions adam;
    adam.weight_decay = options_.weight_decay;
    adam.clip = options_.clip;
    optimiser_ = std::make_unique<AdamW>(*master, adam, trained);
    if (optimiser_->names().empty()) {
      throw bad_input("\"trains\" is \"" + options_.trains + "\", which names no part of the network; name parts such as \"vertex_decoder\", or \"all\"");
    }
    key_ = key_of(options_, vocabulary_);
    if (!options_.checkpoint.empty()) {
      if (const auto found = load_checkpoint(options_.checkpoint, key_, *master, *optimiser_)) {
        position_ = *found;
        report_.resumed = true;
      }
    }
    replicas_ = std::make_unique<Replicas<Network>>(master, static_cast<std::size_t>(options_.batch / options_.slice),
                                                   [&] { return compact::make_network(master->options, sample_); });
  }

  // → the mean loss of the step's prompts.
  double step(const std::vector<std::int64_t>& which, double rate) override {
    const std::size_t slices = static_cast<std::size_t>(options_.batch / options_.slice), lanes = replicas_->all().size();
    std::vector<double> losses(slices * static_cast<std::size_t>(options_.accumulate), 0.0);
    const double count = static_cast<double>(which.size());
    replicas_->clear_gradients();
    for (std::size_t round = 0; round < static_cast<std::size_t>(options_.accumulate); ++round) {
      parallel_for(lanes, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t lane = begin; lane < end; ++lane) {
          const std::size_t slice = round * slices + lane;
          const auto first = which.begin() + static_cast<std::ptrdiff_t>(slice) * options_.slice;
          Items items = data_->collate({first, first + options_.slice}, options_.seed ^ (static_cast<std::uint64_t>(position_.step) << 20U),
                                       {.unknown_category = options_.unknown_category, .mirrored = options_.mirrored, .body_points = options_.body_points});
          move(items, device_);
          const bool half = options_.bf16;
          if (half) {
            at::autocast::set_autocast_dtype(device_.type(), at::kBFloat16);
            at::autocast::set_autocast_enabled(device_.type(), true);
          }
          compact::Output output = (*replicas_)[lane]->forward(items.batch);
          if (half) {
            at::autocast::clear_cache();
            at::autocast::set_autocast_enabled(device_.type(), false);
            for (at::Tensor* t : {&output.body, &output.object, &output.presence, &output.words}) *t = t->to(at::kFloat);
          }
          const at::Tensor loss = objective(output, items, options_.loss) / count;
          loss.backward();
          losses[slice] = loss.item<double>();
        }
      });
    }
    optimiser_->step(replicas_->sum(optimiser_->names()), rate);
    return std::accumulate(losses.begin(), losses.end(), 0.0);
  }

  void save_state() override {
    if (!options_.checkpoint.empty()) save_checkpoint(options_.checkpoint, key_, *(*replicas_)[0], *optimiser_, position_);
  }

  // Scores, thresholds, and the file of weights.
  void check_up() override {
    report_.scores = validate(replicas_->all(), *validation_, sample_, prior_, options_.slice, info_, progress_);
    if (photographs_) report_.scores.merge(validate_photographs(replicas_->all(), *photographs_, prior_, options_.slice, info_, progress_));
    nlohmann::ordered_json about;
    about["configuration"] = nlohmann::ordered_json::parse(to_json(options_));
    about["seed"] = options_.seed;
    about["scenes"] = report_.scenes;
    about["prompts"] = report_.prompts;
    about["steps"] = position_.step;
    about["generation_hours"] = report_.generation_seconds / 3600.0;
    about["training_hours"] = position_.seconds / 3600.0;
    about["threads"] = thread_count();
    about["device"] = options_.device;
    about["validation"] = report_.scores;
    info_.provenance = about.dump();
    compact::save_weights(options_.output, (*replicas_)[0], info_);
    auto shown = report_.scores;
    shown["threshold"] = info_.contact_threshold;
    shown["gate"] = info_.presence_gate;
    tell_scores(shown);
  }

  TrainOptions options_;
  std::shared_ptr<const body::BodyModel> model_;
  std::shared_ptr<const contact::Perceiver> perceiver_;
  evidence::BodySample sample_;
  std::vector<std::string> words_, categories_;
  compact::Vocabulary vocabulary_;
  at::Device device_;
  std::unique_ptr<DataSet> data_, validation_, photographs_;   // photographs_: null where none are learned from
  compact::WeightsInfo info_;
  at::Tensor prior_;
  std::unique_ptr<AdamW> optimiser_;
  std::unique_ptr<Replicas<Network>> replicas_;
  std::uint64_t key_ = 0;
};

}  // namespace

TrainReport train(const TrainOptions& options, std::shared_ptr<const body::BodyModel> model, const Progress& progress,
                  const std::function<void(const TrainStatus&)>& on_status, std::shared_ptr<const contact::Perceiver> perceiver) {
  return Training(options, std::move(model), std::move(perceiver), progress, on_status).run();
}

}  // namespace tactus::training
