// Trains the compact contact model from random weights on made scenes. No torch types here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tactus/body/body_model.h"
#include "tactus/compact/weights_info.h"
#include "tactus/contact/perceiver.h"
#include "tactus/progress.h"

namespace tactus::training {

// A configuration is a JSON object of these names; "loss" and "network" are objects of theirs.
struct TrainOptions {
  std::string model = "compact";         // says whose configuration it is
  std::filesystem::path output = "compact.safetensors";   // the weights, written after each validation and at the end
  std::filesystem::path checkpoint;      // file of the state to go on from; empty: none
  std::filesystem::path cache;           // file of the made prompts; empty: none
  std::filesystem::path events;          // folder of TensorBoard's event file; empty: none
  std::uint64_t seed = 1;

  std::int64_t scenes = 20000, validation_scenes = 500;
  int marks_per_scene = 1;               // how often a scene is marked, each time with other noise
  double noise = 1.0, damage = 1.0;      // MarkNoise
  int bodies = 120, instances = 16;      // of the training split: bodies, and objects a category, that scenes are made of
  double photographed = 0.0;             // part of the scenes that are drawn and marked by a perception instead, as the application does
  std::filesystem::path perception;      // weights of that perception; needed where photographed is above 0
  int validation_photographs = 120;      // scenes whose thresholds for guesses are chosen on; none where photographed is 0
  double memory_gb = 6.0;                // prompts beyond it are not made
  double generation_minutes = 0.0;       // 0: no limit; scenes beyond it are not made

  double epochs = 8.0;
  double minutes = 0.0;                  // 0: no limit; else the schedule ends in this time, or after `epochs`
  int batch = 32, slice = 8;             // a batch is worked on in slices, one a thread; the result depends on them, not on the threads
  int accumulate = 1;                    // batches a step
  bool bf16 = false;                     // on a GPU; refused on the CPU, where it is slower
  std::string device = "cpu";            // or "cuda"
  double learning_rate = 1.5e-3, weight_decay = 0.02, warmup = 0.03, final_rate = 0.02, clip = 1.0;   // warmup: part of all steps
  double checkpoint_seconds = 60.0;
  double validate_minutes = 5.0;         // at the end of an epoch, when this long since the last; always at the end
  std::string trains = "all";            // "all", or the submodules that learn, separated by spaces: "vertex_decoder presence_head"
  std::filesystem::path start;           // weights to begin with and their prior, of the same sizes; empty: random ones

  struct Loss {
    double body_bce = 4.0, positive = 2.0, body_dice = 1.0, presence = 0.4, words = 0.2, object_bce = 1.0, object_dice = 0.3;
  } loss;
  double unknown_category = 0.05;        // how often a prompt hides the category
  double mirrored = 0.5;                 // how often it is learned from mirrored, left and right exchanged
  compact::NetworkOptions network;       // vocabulary and categories are those of the scenes
  evidence::BodySampleOptions sample;
  int object_points = 256;
  int body_points = 0;                   // so many of the body's, other ones for each slice, are decoded in a step; 0: all
};

// Error{bad_input}: not JSON, an unknown key (by its name), a value of another kind or an impossible one.
TrainOptions parse_train_options(const std::string& json, const std::string& name);
TrainOptions read_train_options(const std::filesystem::path& file);
std::string to_json(const TrainOptions& options);

// What is shown while it runs.
struct TrainStatus {
  std::string stage;                     // "Scenes", "Train", "Validate"
  std::int64_t step = 0, steps = 0;
  double loss = 0.0;                     // mean over the last steps
  double per_second = 0.0;               // scenes or prompts
  double seconds_left = 0.0;
  std::string curve;                     // of the loss so far, one line
  std::map<std::string, double> scores;  // after a validation
};

struct TrainReport {
  std::int64_t scenes = 0, prompts = 0, steps = 0, parameters = 0;
  double generation_seconds = 0.0, training_seconds = 0.0, prompts_per_second = 0.0;
  std::vector<double> losses;            // a step, since the start or the checkpoint
  std::map<std::string, double> scores;  // of the last validation
  bool resumed = false;
};

// `perceiver`: of options.perception; its marks are what photographed scenes are learned with.
// After a stop the checkpoint is written and Error{cancelled} thrown. Error{bad_input}: a checkpoint or cache of another
// configuration; Error{cannot_run}: the disk is full (what was written before stays).
TrainReport train(const TrainOptions& options, std::shared_ptr<const body::BodyModel> model, const Progress& progress = {},
                  const std::function<void(const TrainStatus&)>& on_status = {}, std::shared_ptr<const contact::Perceiver> perceiver = nullptr);

}  // namespace tactus::training
