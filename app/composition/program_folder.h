#pragma once

#include <filesystem>

namespace tactus::app {

// The folder of the running program; what belongs to it lies in ../share/tactus and ../lib/tactus.
std::filesystem::path program_folder();

}  // namespace tactus::app
