// Zip archives through libzip, built in memory, time stamps fixed.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace tactus::io {

// Writes the entries in order to `file`, beside and renamed.
void write_zip(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& entries);

}  // namespace tactus::io
