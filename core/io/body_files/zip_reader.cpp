#include "tactus/io/zip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "tactus/error.h"

namespace tactus::io {
namespace {

constexpr std::uint64_t kLargestEntry = std::uint64_t{4} << 30U;

template <typename T>
T little_endian(const std::uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

}  // namespace

std::vector<std::uint8_t> read_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) throw bad_input(file.string() + ": this is a folder; name a file");
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) throw bad_input(file.string() + ": the file could not be opened; check its name and permissions");
  const auto size = static_cast<std::streamoff>(stream.tellg());
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(std::max<std::streamoff>(size, 0)));
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), size);
  if (!stream) throw bad_input(file.string() + ": the file could not be read to its end");
  return bytes;
}

std::vector<std::uint8_t> decompressed(std::vector<std::uint8_t> bytes, const std::string& what) {
  const bool gzip = bytes.size() > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
  const bool zlib = bytes.size() > 2 && bytes[0] == 0x78 && ((bytes[0] << 8) + bytes[1]) % 31 == 0;
  if (!gzip && !zlib) return bytes;
  z_stream stream{};
  constexpr int kEitherHeader = 32;
  if (inflateInit2(&stream, MAX_WBITS + kEitherHeader) != Z_OK) throw cannot_run(what + ": zlib could not start");
  std::vector<std::uint8_t> out;
  std::size_t read = 0;
  int status = Z_OK;
  constexpr std::size_t kChunk = std::size_t{1} << 20U;
  while (status == Z_OK && out.size() < kLargestEntry) {
    const std::size_t done = out.size();
    out.resize(done + kChunk);
    const std::size_t given = std::min(bytes.size() - read, kChunk);
    stream.next_in = bytes.data() + read;
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = out.data() + done;
    stream.avail_out = static_cast<uInt>(kChunk);
    status = inflate(&stream, Z_NO_FLUSH);
    read += given - stream.avail_in;
    out.resize(out.size() - stream.avail_out);
    if (status == Z_OK && out.size() == done && read == bytes.size()) status = Z_DATA_ERROR;   // cut off
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw bad_input(what + ": the compressed data is damaged, cut off or larger than 4 GiB");
  return out;
}

std::string read_gzip(const std::filesystem::path& file) {
  gzFile archive = gzopen(file.c_str(), "rb");
  if (archive == nullptr) throw bad_input(file.string() + ": the file could not be opened");
  std::string text;
  char buffer[1 << 16];
  int got = 0;
  while ((got = gzread(archive, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(got));
  const int closed = gzclose(archive);
  if (got < 0 || closed != Z_OK) throw bad_input(file.string() + ": the gzip data is damaged or cut off");
  return text;
}

ZipReader::ZipReader(const std::filesystem::path& file) : file_name_(file.filename()), bytes_(read_file(file)) {
  const auto refuse = [&](const char* why) { throw bad_input(file_name_ + ": " + why); };
  const std::uint8_t* b = bytes_.data();
  const std::size_t n = bytes_.size();
  if (n < 22) refuse("this is not a zip archive (too short)");
  // The end record lies in the last 64 KiB, before an optional comment.
  std::size_t end = n - 22;
  const std::size_t stop = n > 22 + 65535 ? n - 22 - 65535 : 0;
  while (little_endian<std::uint32_t>(b + end) != 0x06054b50U) {
    if (end == stop) refuse("this is not a zip archive, or it is cut off");
    --end;
  }
  std::uint64_t count = little_endian<std::uint16_t>(b + end + 10);
  std::uint64_t offset = little_endian<std::uint32_t>(b + end + 16);
  if (end >= 20 && little_endian<std::uint32_t>(b + end - 20) == 0x07064b50U) {   // zip64
    const auto record = little_endian<std::uint64_t>(b + end - 12);
    if (record > n || n - record < 56 || little_endian<std::uint32_t>(b + record) != 0x06064b50U)
      refuse("the archive's directory is damaged");
    count = little_endian<std::uint64_t>(b + record + 32);
    offset = little_endian<std::uint64_t>(b + record + 48);
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (offset > n || n - offset < 46 || little_endian<std::uint32_t>(b + offset) != 0x02014b50U)
      refuse("the archive's directory is damaged or cut off");
    const std::uint8_t* h = b + offset;
    Entry entry{little_endian<std::uint16_t>(h + 10), little_endian<std::uint32_t>(h + 16),
                little_endian<std::uint32_t>(h + 20), little_endian<std::uint32_t>(h + 24),
                little_endian<std::uint32_t>(h + 42)};
    const std::size_t name = little_endian<std::uint16_t>(h + 28), extra = little_endian<std::uint16_t>(h + 30),
                      comment = little_endian<std::uint16_t>(h + 32);
    if (n - offset - 46 < name + extra + comment) refuse("the archive's directory is cut off");
    // Sizes and offsets of 2³² - 1 stand in the zip64 extra field.
    const std::uint8_t* e = h + 46 + name;
    for (std::size_t at = 0; at + 4 <= extra;) {
      const std::size_t id = little_endian<std::uint16_t>(e + at), size = little_endian<std::uint16_t>(e + at + 2);
      if (at + 4 + size > extra) break;
      if (id == 1) {
        std::size_t field = 0;
        const auto take = [&](std::uint64_t& value) {
          if (value == 0xffffffffU && field + 8 <= size) {
            value = little_endian<std::uint64_t>(e + at + 4 + field);
            field += 8;
          }
        };
        take(entry.size);
        take(entry.packed);
        take(entry.offset);
      }
      at += 4 + size;
    }
    entries_[std::string(reinterpret_cast<const char*>(h + 46), name)] = entry;
    offset += 46 + name + extra + comment;
  }
}

std::vector<std::string> ZipReader::names() const {
  std::vector<std::string> all;
  for (const auto& [name, entry] : entries_) all.push_back(name);
  return all;
}

std::vector<std::uint8_t> ZipReader::read(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw bad_input(file_name_ + ": the entry " + name + " is missing");
  const Entry& entry = found->second;
  const auto refuse = [&](const char* why) { throw bad_input(file_name_ + ": the entry " + name + " " + why); };
  const std::size_t n = bytes_.size();
  if (entry.offset > n || n - entry.offset < 30) refuse("is cut off");
  const std::uint8_t* h = bytes_.data() + entry.offset;
  if (little_endian<std::uint32_t>(h) != 0x04034b50U) refuse("is damaged");
  if ((little_endian<std::uint16_t>(h + 6) & 1U) != 0) refuse("is encrypted, which is not supported");
  const std::uint64_t start = entry.offset + 30 + little_endian<std::uint16_t>(h + 26) + little_endian<std::uint16_t>(h + 28);
  if (start > n || n - start < entry.packed) refuse("is cut off");
  if (entry.size > kLargestEntry) refuse("is larger than 4 GiB");
  // Refuse absurd sizes before memory is taken for them; a deflated byte yields at most about 1032 bytes.
  if (entry.method == 0 ? entry.packed != entry.size : entry.size / 1100 > entry.packed + 1) refuse("is damaged");
  std::vector<std::uint8_t> out(entry.size);
  if (entry.method == 0) {
    std::memcpy(out.data(), bytes_.data() + start, entry.size);
  } else if (entry.method == 8) {
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw cannot_run(file_name_ + ": zlib could not start");
    stream.next_in = const_cast<Bytef*>(bytes_.data() + start);
    stream.avail_in = static_cast<uInt>(entry.packed);
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(entry.size);
    const int status = inflate(&stream, Z_FINISH);
    const bool whole = (status == Z_STREAM_END || entry.size == 0) && stream.total_out == entry.size;
    inflateEnd(&stream);
    if (!whole) refuse("is damaged");
  } else {
    refuse("is compressed in a way that is not supported");
  }
  if (crc32(0, out.data(), static_cast<uInt>(out.size())) != entry.crc) refuse("is damaged (checksum)");
  return out;
}

}  // namespace tactus::io
