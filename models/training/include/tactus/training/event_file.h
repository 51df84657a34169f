// TensorBoard's event files: records of length, masked CRC-32C, protobuf "Event", masked CRC-32C.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace tactus::training {

// CRC-32C (Castagnoli, RFC 3720), and the form that the records store: rotated right by 15 bits plus 0xa282ead8.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t masked_crc32c(std::string_view bytes);

class EventFile {
 public:
  // A new file in the folder, which is made where it is not there. Error{cannot_run}: it cannot be written.
  EventFile(const std::filesystem::path& folder, std::int64_t first_step);
  // A failing disk loses the event, not the training.
  void scalar(const std::string& tag, std::int64_t step, double value);
  const std::filesystem::path& path() const { return path_; }

 private:
  void record(const std::string& event);
  std::filesystem::path path_;
  std::ofstream out_;
};

}  // namespace tactus::training
