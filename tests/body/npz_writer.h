// Zip archives and .npz files with whatever inside, for tests.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace tactus::io {

inline void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xffU);
}

struct ZipEntry {
  std::string name, content;
  int method = 0;                        // 0 stored, 8 deflated, others as they are named
  int flags = 0;
  std::uint64_t stated_size = ~std::uint64_t{0};   // unless the true one; 2³² and more go to the zip64 field
  bool wrong_checksum = false;
};

inline std::string deflated(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string zip_of(const std::vector<ZipEntry>& entries) {
  std::string out, directory;
  for (const auto& entry : entries) {
    const std::string packed = entry.method == 8 ? deflated(entry.content) : entry.content;
    const std::uint64_t size = entry.stated_size != ~std::uint64_t{0} ? entry.stated_size : entry.content.size();
    const bool large = size > 0xffffffffU;
    const auto crc = static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()),
                                                      static_cast<uInt>(entry.content.size()))) +
                     (entry.wrong_checksum ? 1U : 0U);
    const auto offset = out.size();
    std::string common;
    append_number(common, 20, 2);
    append_number(common, static_cast<std::uint64_t>(entry.flags), 2);
    append_number(common, static_cast<std::uint64_t>(entry.method), 2);
    append_number(common, 0, 4);
    append_number(common, crc, 4);
    append_number(common, packed.size(), 4);
    append_number(common, large ? 0xffffffffU : size, 4);
    append_number(common, entry.name.size(), 2);
    std::string extra;
    if (large) {
      append_number(extra, 1, 2);
      append_number(extra, 8, 2);
      append_number(extra, size, 8);
    }
    append_number(out, 0x04034b50U, 4);
    out += common;
    append_number(out, 0, 2);
    out += entry.name + packed;
    append_number(directory, 0x02014b50U, 4);
    append_number(directory, 20, 2);
    directory += common;
    append_number(directory, extra.size(), 2);
    append_number(directory, 0, 2 + 2 + 2 + 4);
    append_number(directory, offset, 4);
    directory += entry.name + extra;
  }
  const auto start = out.size();
  out += directory;
  append_number(out, 0x06054b50U, 4);
  append_number(out, 0, 4);
  append_number(out, entries.size(), 2);
  append_number(out, entries.size(), 2);
  append_number(out, directory.size(), 4);
  append_number(out, start, 4);
  append_number(out, 0, 2);
  return out;
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

struct NpyArray {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
  std::string dtype = "<f8";   // written as it stands; the values are always doubles
};

inline std::string npy_of(const NpyArray& array) {
  std::string shape;
  for (const auto size : array.shape) shape += std::to_string(size) + ", ";
  std::string header = "{'descr': '" + array.dtype + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header += std::string(63 - (10 + header.size()) % 64, ' ') + "\n";
  std::string out("\x93NUMPY\1\0", 8);
  append_number(out, header.size(), 2);
  out += header;
  out.append(reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(double));
  return out;
}

inline void write_npz(const std::filesystem::path& file, const std::map<std::string, NpyArray>& arrays) {
  std::vector<ZipEntry> entries;
  for (const auto& [name, array] : arrays) entries.push_back({name + ".npy", npy_of(array)});
  write_bytes(file, zip_of(entries));
}

}  // namespace tactus::io
