// Reads zip archives (stored and deflated entries) from memory: torch checkpoints, npz files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tactus::io {

std::vector<std::uint8_t> read_file(const std::filesystem::path& file);

// The bytes themselves, or what they hold when they are one zlib or gzip stream (as joblib compresses its pickles).
// Error{bad_input} naming `what` when the stream is damaged or holds more than 4 GiB.
std::vector<std::uint8_t> decompressed(std::vector<std::uint8_t> bytes, const std::string& what);

// Inflates a whole gzip file.
std::string read_gzip(const std::filesystem::path& file);

class ZipReader {
 public:
  // Error{bad_input} when the file is no zip archive or its directory is damaged.
  explicit ZipReader(const std::filesystem::path& file);

  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return entries_.contains(name); }
  // Error{bad_input} for a missing, cut off, encrypted or wrongly checksummed entry.
  std::vector<std::uint8_t> read(const std::string& name) const;

 private:
  struct Entry {
    std::uint32_t method, crc;
    std::uint64_t packed, size, offset;
  };
  std::string file_name_;
  std::vector<std::uint8_t> bytes_;
  std::map<std::string, Entry> entries_;
};

}  // namespace tactus::io
