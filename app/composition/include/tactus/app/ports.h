// Chooses the implementations of the ports; shared by Studio and the command line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tactus/pipeline/analysis.h"
#include "tactus/pipeline/runner.h"

namespace tactus::app {

// Where body.tbm and the samples lie: $TACTUS_DATA, else share/tactus beside the program's folder.
// Error{cannot_run} when body.tbm is in neither.
std::filesystem::path data_folder();

// Models that this build can run, the default first.
const std::vector<std::string>& model_names();

// Error{bad_input} for an unknown model, naming those there are.
pipeline::Ports make_ports(const std::string& model = "prior");

// The bundled projects, the default first.
std::vector<std::string> sample_names();
// Error{bad_input} for an unknown name.
pipeline::Inputs sample_inputs(const std::string& name);

}  // namespace tactus::app
