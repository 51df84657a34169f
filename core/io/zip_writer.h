// Zip archives through libzip, built in memory, time stamps fixed.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tactus/progress.h"

namespace tactus::io {

// Writes the entries in order to `file`, beside and renamed. Throws Error{cancelled} on a stop.
void write_zip(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& entries,
               const Progress& progress = {});

}  // namespace tactus::io
