// The directory of a zip archive whose entries are stored, not compressed (torch.save writes such).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "mapped_file.h"

namespace tactus::checkpoint {

struct ZipEntry {
  std::uint64_t offset = 0, size = 0;   // of the data, from the file's beginning
};

// By name. Every entry lies inside the file. Error{bad_input}: damaged, cut off, compressed or encrypted entries.
std::map<std::string, ZipEntry> read_zip_directory(const MappedFile& file);

}  // namespace tactus::checkpoint
