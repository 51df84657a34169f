// Trains the perception network from random weights on made photographs. No torch types here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "tactus/body/body_model.h"
#include "tactus/perception/weights_info.h"
#include "tactus/progress.h"
#include "tactus/training/train.h"

namespace tactus::perception {

// A configuration is a JSON object of these names; "loss" and "network" are objects of theirs.
struct TrainOptions {
  std::string model = "perception";      // what the configuration is for; nothing else is taken
  std::filesystem::path output = "perception.safetensors";   // the weights, written after each validation and at the end
  std::filesystem::path checkpoint;      // file of the state to go on from; empty: none
  std::filesystem::path cache;           // file of the made pictures; empty: none
  std::filesystem::path events;          // folder of TensorBoard's event file; empty: none
  std::filesystem::path start;           // weights to begin with, of the same sizes (or of before things were named); empty: random ones
  std::uint64_t seed = 1;

  std::int64_t pictures = 10000, validation_pictures = 200;
  int bodies = 120, instances = 16;      // of the training split: bodies, and objects a category, that scenes are made of
  int side = 192;                        // larger side of a made picture, pixels
  int supersampling = 2;                 // samples a pixel and direction
  double without_person = 0.06;          // share of pictures without a person
  double flat = 0.02;                    // share of examples that are a plain colour
  double memory_gb = 6.0;                // pictures beyond it are not made
  double generation_minutes = 0.0;       // 0: no limit; pictures beyond it are not made

  double epochs = 10.0;
  double minutes = 0.0;                  // 0: no limit; else the schedule ends in this time, or after `epochs`
  int batch = 32, slice = 8;             // a batch is worked on in slices, one a thread; the result depends on them, not on the threads
  double learning_rate = 2e-3, weight_decay = 0.05, warmup = 0.03, final_rate = 0.01, clip = 2.0;   // warmup: part of all steps
  double checkpoint_seconds = 60.0;
  double validate_minutes = 10.0;        // at the end of an epoch, when this long since the last; always at the end

  struct Loss {
    double parts = 1.0, parts_dice = 0.7, object = 2.0, object_dice = 0.7, joints = 0.4, seen = 0.3, things = 0.5;
    double background = 0.5, hands = 3.0, feet = 2.0, arms = 1.5;   // weights of classes; all others 1
    double joint_sigma = 1.0;            // of the joints' target, in pixels of the maps
  } loss;
  NetworkOptions network;                // categories, parts and joints are the program's
};

// Error{bad_input}: not JSON, an unknown key (by its name), a value of another kind or an impossible one.
TrainOptions parse_train_options(const std::string& json, const std::string& name);
TrainOptions read_train_options(const std::filesystem::path& file);
std::string to_json(const TrainOptions& options);
// Whether a configuration says "model": "perception"; false for what cannot be read, which its own reader refuses.
bool is_perception_config(const std::filesystem::path& file);

using TrainStatus = training::TrainStatus;   // stages "Pictures", "Train", "Validate"
using TrainReport = training::TrainReport;   // scenes and prompts: pictures

// Scores of the validation pictures are those of score.h.
// After a stop the checkpoint is written and Error{cancelled} thrown. Error{bad_input}: a checkpoint or cache of another
// configuration; Error{cannot_run}: the disk is full (what was written before stays).
TrainReport train(const TrainOptions& options, std::shared_ptr<const body::BodyModel> model, const Progress& progress = {},
                  const std::function<void(const TrainStatus&)>& on_status = {});

}  // namespace tactus::perception
