#include "pickle_writer.h"

#include <fstream>

#include "tactus/error.h"

namespace tactus::io {

PickleWriter::PickleWriter() : bytes_("\x80\x03") {}

void PickleWriter::length(std::uint32_t size) {
  for (int i = 0; i < 4; ++i) op(static_cast<char>(size >> (8 * i)));
}

void PickleWriter::begin_dict() { bytes_ += "}("; }
void PickleWriter::end_dict() { op('u'); }
void PickleWriter::begin_list() { bytes_ += "]("; }
void PickleWriter::end_list() { op('e'); }

void PickleWriter::text(const std::string& value) {
  op('X');
  length(static_cast<std::uint32_t>(value.size()));
  bytes_ += value;
}

void PickleWriter::integer(std::int64_t value) {
  op('\x8a');
  op(8);
  for (int i = 0; i < 8; ++i) op(static_cast<char>(value >> (8 * i)));
}

void PickleWriter::global(const std::string& module, const std::string& name) { bytes_ += "c" + module + "\n" + name + "\n"; }

void PickleWriter::array(const std::string& type, const std::vector<std::int64_t>& shape, const void* data, std::size_t size) {
  // What numpy's own arrays reduce to: an empty array, then its state.
  global("numpy.core.multiarray", "_reconstruct");
  op('(');
  global("numpy", "ndarray");
  op('(');
  integer(0);
  op('t');
  op('B');
  length(1);
  bytes_ += "btR";
  op('(');
  integer(1);   // version of the state
  op('(');
  for (const auto d : shape) integer(d);
  op('t');
  global("numpy", "dtype");
  op('(');
  text(type);
  bytes_ += "\x89\x88tR(";
  integer(3);
  text("<");
  bytes_ += "NNN";
  integer(-1);
  integer(-1);
  integer(0);
  bytes_ += "tb\x89";
  op('B');
  length(static_cast<std::uint32_t>(size));
  bytes_.append(static_cast<const char*>(data), size);
  bytes_ += "tb";
}

void PickleWriter::write(const std::filesystem::path& file) {
  op('.');
  const std::filesystem::path beside = file.string() + ".part";
  std::ofstream stream(beside, std::ios::binary);
  stream.write(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
  stream.close();
  std::error_code error;
  if (stream) std::filesystem::rename(beside, file, error);
  if (!stream || error) {
    std::filesystem::remove(beside, error);
    throw cannot_run(file.string() + ": the file could not be written; is the disk full?");
  }
}

}  // namespace tactus::io
