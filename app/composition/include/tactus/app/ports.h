// Chooses the implementations of the ports; shared by Studio and the command line.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tactus/app/networks.h"
#include "tactus/contact/perceiver.h"
#include "tactus/pipeline/analysis.h"
#include "tactus/pipeline/runner.h"

namespace tactus::app {

// Where body.tbm and the samples lie: $TACTUS_DATA, else share/tactus beside the program's folder.
// Error{cannot_run} when body.tbm is in neither.
std::filesystem::path data_folder();
// Where what can be made again is kept: $XDG_CACHE_HOME/tactus, else ~/.cache/tactus; empty without a home.
std::filesystem::path cache_folder();

// Models that this build can run without any file, the default first.
const std::vector<std::string>& model_names();

// A contact model by name, or a checkpoint's folder.
struct ModelChoice {
  std::string model = "compact";
  std::filesystem::path clip_folder;    // of a checkpoint; empty: looked for
  std::string precision = "auto", device = "auto";
  std::shared_ptr<Stages> stages;   // receives every stage, where wanted
  bool is_folder() const;
};

// Error{bad_input} for an unknown model, naming those there are, and for what is wrong in a folder.
pipeline::Ports make_ports(const ModelChoice& choice = {}, const Progress& progress = {});
// A built-in contact model by name. The compact one opens its network at its first question; with no network in this
// installation that is when Error{cannot_run} says so.
std::shared_ptr<const contact::ContactPredictor> built_in_model(const std::string& name,
                                                                std::shared_ptr<const body::BodyModel> body_model);
// The weights that come with Tactus.
std::filesystem::path compact_weights();
std::filesystem::path perception_weights();
// Finds marks in photographs with those weights; opens them at its first look. Null where this installation has none.
std::shared_ptr<const contact::Perceiver> make_perceiver();
// The folder's model alone.
std::shared_ptr<Checkpoint> open_model(const ModelChoice& choice, const Progress& progress);

// The bundled projects, the default first.
std::vector<std::string> sample_names();
// Error{bad_input} for an unknown name.
pipeline::Inputs sample_inputs(const std::string& name);

}  // namespace tactus::app
