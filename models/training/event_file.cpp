#include "tactus/training/event_file.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>

#include "tactus/error.h"

namespace tactus::training {
namespace {

std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    table[i] = crc;
  }
  return table;
}

// Little-endian bytes of a plain value.
template <typename T>
void append(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof value);
  bytes.append(raw, sizeof raw);
}

void varint(std::string& bytes, std::uint64_t value) {
  while (value >= 128) {
    bytes += static_cast<char>((value & 127U) | 128U);
    value >>= 7U;
  }
  bytes += static_cast<char>(value);
}

// Protobuf: field number and wire type, then the value.
void key(std::string& bytes, unsigned field, unsigned wire) { varint(bytes, (field << 3U) | wire); }
void text(std::string& bytes, unsigned field, std::string_view value) {
  key(bytes, field, 2);
  varint(bytes, value.size());
  bytes += value;
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// Event: 1 wall_time (double), 2 step (varint), 3 file_version (text), 5 summary.
std::string event(std::int64_t step) {
  std::string bytes;
  key(bytes, 1, 1);
  append(bytes, now());
  key(bytes, 2, 0);
  varint(bytes, static_cast<std::uint64_t>(step));
  return bytes;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = crc_table();
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) crc = (crc >> 8U) ^ table[(crc ^ static_cast<unsigned char>(c)) & 255U];
  return ~crc;
}

std::uint32_t masked_crc32c(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t first_step) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  path_ = folder / ("events.out.tfevents." + std::to_string(static_cast<std::int64_t>(now())) + ".tactus." +
                    std::to_string(::getpid()) + "." + std::to_string(first_step));
  out_.open(path_, std::ios::binary);
  if (!out_) throw cannot_run(path_.string() + ": the event file cannot be written; name a folder that can be, or leave \"events\" out");
  std::string first = event(first_step);
  text(first, 3, "brain.Event:2");
  record(first);
}

void EventFile::scalar(const std::string& tag, std::int64_t step, double value) {
  // Summary: 1 value; its 1 tag, 2 simple_value (float).
  std::string entry;
  text(entry, 1, tag);
  key(entry, 2, 5);
  append(entry, static_cast<float>(value));
  std::string summary;
  text(summary, 1, entry);
  std::string bytes = event(step);
  text(bytes, 5, summary);
  record(bytes);
}

void EventFile::record(const std::string& bytes) {
  std::string length;
  append(length, static_cast<std::uint64_t>(bytes.size()));
  std::string whole = length;
  append(whole, masked_crc32c(length));
  whole += bytes;
  append(whole, masked_crc32c(bytes));
  out_.write(whole.data(), static_cast<std::streamsize>(whole.size()));
  out_.flush();
}

}  // namespace tactus::training
