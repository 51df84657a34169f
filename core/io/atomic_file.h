// Files are written beside and renamed, so that nobody meets one half-written.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include "tactus/error.h"

namespace tactus::io {

inline void write_file(const std::filesystem::path& file, const void* data, std::size_t size) {
  const std::filesystem::path beside = file.string() + ".part";
  std::error_code error;
  {
    std::ofstream stream(beside, std::ios::binary);
    stream.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    stream.flush();
    if (!stream) {
      std::filesystem::remove(beside, error);
      throw cannot_run(file.string() + ": the file could not be written; check the folder's permissions and the disk");
    }
  }
  std::filesystem::rename(beside, file, error);
  if (error) throw cannot_run(file.string() + ": the file could not be replaced (" + error.message() + ")");
}

inline void write_text(const std::filesystem::path& file, const std::string& text) { write_file(file, text.data(), text.size()); }

}  // namespace tactus::io
