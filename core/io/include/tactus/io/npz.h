// NumPy's .npz archives.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tactus/progress.h"

namespace tactus::io {

struct NpzArray {
  std::string name;                       // "file.npz: key", for messages
  std::string dtype;                      // "<f4", "|u1", …
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> data;         // row-major, little-endian, whatever the file's order
  std::string problem;                    // why it cannot be used (Python objects, records); NpzFile::at throws it

  std::size_t count() const;
  // Values converted; Error{bad_input} when the array is not numeric.
  std::vector<double> as_doubles() const;
  std::vector<float> as_floats() const;
  std::vector<std::int32_t> as_int32() const;
  // Error{bad_input} unless the shape is this; -1 accepts any length.
  const NpzArray& expect(const std::vector<std::int64_t>& wanted) const;
};

class NpzFile {
 public:
  explicit NpzFile(const std::filesystem::path& file);
  bool has(const std::string& key) const { return arrays_.contains(key); }
  // Error{bad_input} naming the key and those there are, or an array of Python objects or records: such a one in the
  // file does no harm until it is asked for.
  const NpzArray& at(const std::string& key) const;
  const std::map<std::string, NpzArray>& arrays() const { return arrays_; }

 private:
  std::string file_name_;
  std::map<std::string, NpzArray> arrays_;
};
inline NpzFile read_npz(const std::filesystem::path& file) { return NpzFile(file); }

// Deflated, fixed time stamps: the same arrays give the same bytes. Nothing is written before finish().
class NpzWriter {
 public:
  explicit NpzWriter(std::filesystem::path file) : file_(std::move(file)) {}
  void add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const float> values);
  void add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const double> values);
  void add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const std::int32_t> values);
  void add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const std::int64_t> values);
  void add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const std::uint8_t> values);
  void finish(const Progress& progress = {});   // honours a stop: then nothing is written

 private:
  void put(const std::string& key, const char* dtype, const std::vector<std::size_t>& shape, const void* data, std::size_t size);
  std::filesystem::path file_;
  std::vector<std::pair<std::string, std::string>> entries_;
};

}  // namespace tactus::io
