// Writes the few Python values that other programs expect from us as a pickle of protocol 3.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tactus::io {

class PickleWriter {
 public:
  PickleWriter();
  void begin_dict();                       // then key, value, key, value, … as calls
  void end_dict();
  void begin_list();
  void end_list();
  void text(const std::string& value);
  void integer(std::int64_t value);
  // A numpy array, C order, little-endian; type as in dtype('i8').
  void array(const std::string& type, const std::vector<std::int64_t>& shape, const void* data, std::size_t bytes);
  // Written beside and renamed. Error{cannot_run} when the file cannot be written.
  void write(const std::filesystem::path& file);

 private:
  void op(char code) { bytes_ += code; }
  void global(const std::string& module, const std::string& name);
  void length(std::uint32_t size);
  std::string bytes_;
};

}  // namespace tactus::io
