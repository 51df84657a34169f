// The directory of a zip archive.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "mapped_file.h"

namespace tactus::checkpoint {

struct ZipEntry {
  std::uint64_t offset = 0, size = 0;   // of the bytes as they lie in the file, from its beginning
  bool compressed = false;
};

// By name. Every entry lies inside the file. Error{bad_input}: damaged, cut off, encrypted entries.
std::map<std::string, ZipEntry> read_zip_directory(const MappedFile& file);

}  // namespace tactus::checkpoint
