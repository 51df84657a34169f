#include "tactus/io/npz.h"

#include <zip.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "atomic_file.h"
#include "tactus/io/zip_reader.h"
#include "zip_writer.h"

namespace tactus::io {
namespace {

std::string field(const std::string& header, const std::string& key) {
  const auto at = header.find("'" + key + "':");
  return at == std::string::npos ? "" : header.substr(at + key.size() + 3);
}

// Bytes of one element of a plain type; 0 for objects, records and the like.
std::size_t width_of(const std::string& dtype) {
  if (dtype.size() < 3 || std::string_view("<>|=").find(dtype[0]) == std::string_view::npos) return 0;
  std::size_t width = 0;
  const char* end = dtype.data() + dtype.size();
  const auto parsed = std::from_chars(dtype.data() + 2, end, width);
  if (parsed.ec != std::errc() || parsed.ptr != end || width > 65536) return 0;
  if (dtype[1] == 'U') return 4 * width;
  return std::string_view("fiubcSV").find(dtype[1]) == std::string_view::npos ? 0 : width;
}

// The elements in file order become row-major.
std::vector<std::uint8_t> row_major(const std::vector<std::uint8_t>& data, const std::vector<std::size_t>& shape, std::size_t width) {
  std::vector<std::uint8_t> rows(data.size());
  std::vector<std::size_t> at(shape.size(), 0);
  for (std::size_t i = 0; i * width < data.size(); ++i) {
    std::size_t target = 0;
    for (std::size_t d = 0; d < at.size(); ++d) target = target * shape[d] + at[d];
    std::memcpy(rows.data() + target * width, data.data() + i * width, width);
    for (std::size_t d = 0; d < at.size() && ++at[d] == shape[d]; ++d) at[d] = 0;
  }
  return rows;
}

void swap_bytes(std::vector<std::uint8_t>& data, std::size_t width) {
  for (std::size_t at = 0; at + width <= data.size(); at += width)
    std::reverse(data.begin() + static_cast<std::ptrdiff_t>(at), data.begin() + static_cast<std::ptrdiff_t>(at + width));
}

NpzArray parse_npy(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  const auto refuse = [&](const std::string& why) { throw bad_input(name + ": " + why); };
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0) refuse("this is not a NumPy array");
  const bool wide = bytes[6] >= 2;
  std::size_t length = bytes[8] | (std::size_t{bytes[9]} << 8U);
  if (wide) length |= (std::size_t{bytes[10]} << 16U) | (std::size_t{bytes[11]} << 24U);
  const std::size_t start = wide ? 12 : 10;
  if (length > bytes.size() - start) refuse("the array is cut off");
  const std::string header(reinterpret_cast<const char*>(bytes.data()) + start, length);
  NpzArray array;
  array.name = name;
  const std::string descr = field(header, "descr");
  const auto quote = descr.find('\'');
  const auto bracket = descr.find('[');
  if (quote == std::string::npos) refuse("the array's type is not understood");
  array.dtype = descr.substr(quote + 1, descr.find('\'', quote + 1) - quote - 1);
  const std::size_t width = bracket < quote ? 0 : width_of(array.dtype);
  if (width == 0) {
    array.problem = bracket < quote ? "arrays of records are not supported" : "arrays of type " + array.dtype.substr(0, 20) + " are not supported";
    return array;
  }
  const bool fortran = field(header, "fortran_order").find("True") < 3;
  const std::string shape = field(header, "shape");
  const auto open = shape.find('('), close = shape.find(')');
  if (open == std::string::npos || close == std::string::npos) refuse("the array's shape is not understood");
  for (std::size_t at = open + 1; at < close;) {
    std::size_t value = 0;
    while (at < close && (shape[at] == ' ' || shape[at] == ',')) ++at;
    if (at >= close) break;
    const auto parsed = std::from_chars(shape.data() + at, shape.data() + close, value);
    if (parsed.ec != std::errc()) refuse("the array's shape is not understood");
    array.shape.push_back(value);
    at = static_cast<std::size_t>(parsed.ptr - shape.data());
  }
  std::size_t count = 1;
  for (const auto n : array.shape) {
    if (n > 0 && count > bytes.size() / n + 1) refuse("the array's shape does not match its data");
    count *= n;
  }
  const std::size_t offset = start + length;
  if ((bytes.size() - offset) / width < count) refuse("the array is cut off");
  array.data.assign(bytes.begin() + static_cast<std::ptrdiff_t>(offset), bytes.begin() + static_cast<std::ptrdiff_t>(offset + count * width));
  if (array.dtype[0] == '>') {
    swap_bytes(array.data, array.dtype[1] == 'c' ? width / 2 : array.dtype[1] == 'U' ? 4 : array.dtype[1] == 'S' ? 1 : width);
    array.dtype[0] = '<';
  }
  if (fortran && array.shape.size() > 1) array.data = row_major(array.data, array.shape, width);
  return array;
}

template <typename Out>
std::vector<Out> converted(const NpzArray& array) {
  std::vector<Out> values(array.count());
  const std::string type = array.dtype.substr(1);
  const auto convert = [&]<typename T>(T) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      T v;
      std::memcpy(&v, array.data.data() + i * sizeof(T), sizeof(T));
      values[i] = static_cast<Out>(v);
    }
  };
  if (type == "f4") convert(float{});
  else if (type == "f8") convert(double{});
  else if (type == "i8") convert(std::int64_t{});
  else if (type == "i4") convert(std::int32_t{});
  else if (type == "i2") convert(std::int16_t{});
  else if (type == "i1") convert(std::int8_t{});
  else if (type == "u8") convert(std::uint64_t{});
  else if (type == "u4") convert(std::uint32_t{});
  else if (type == "u2") convert(std::uint16_t{});
  else if (type == "u1" || type == "b1") convert(std::uint8_t{});
  else throw bad_input(array.name + ": arrays of type " + array.dtype + " are not numbers that can be read");
  return values;
}

}  // namespace

std::size_t NpzArray::count() const {
  std::size_t n = 1;
  for (const auto s : shape) n *= s;
  return n;
}
std::vector<double> NpzArray::as_doubles() const { return converted<double>(*this); }
std::vector<float> NpzArray::as_floats() const { return converted<float>(*this); }
std::vector<std::int32_t> NpzArray::as_int32() const {
  // Through double: whole numbers up to 2⁵³ survive, and what no int32 holds is refused rather than bent.
  const auto wide = converted<double>(*this);
  std::vector<std::int32_t> values(wide.size());
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (!(wide[i] >= -2147483648.0 && wide[i] <= 2147483647.0) || wide[i] != std::floor(wide[i]))
      throw bad_input(name + ": element " + std::to_string(i) + " is not a whole number of 32 bits");
    values[i] = static_cast<std::int32_t>(wide[i]);
  }
  return values;
}

const NpzArray& NpzArray::expect(const std::vector<std::int64_t>& wanted) const {
  bool same = wanted.size() == shape.size();
  for (std::size_t d = 0; same && d < wanted.size(); ++d) same = wanted[d] < 0 || static_cast<std::size_t>(wanted[d]) == shape[d];
  if (same) return *this;
  std::string has, need;
  for (const auto s : shape) has += (has.empty() ? "" : ", ") + std::to_string(s);
  for (const auto w : wanted) need += (need.empty() ? "" : ", ") + (w < 0 ? std::string("any") : std::to_string(w));
  throw bad_input(name + ": the shape is [" + has + "] but [" + need + "] is needed");
}

NpzFile::NpzFile(const std::filesystem::path& file) : file_name_(file.filename()) {
  const ZipReader archive(file);
  for (const auto& entry : archive.names()) {
    if (!entry.ends_with(".npy")) continue;
    const std::string key = entry.substr(0, entry.size() - 4);
    arrays_[key] = parse_npy(archive.read(entry), file_name_ + ": " + key);
  }
}

const NpzArray& NpzFile::at(const std::string& key) const {
  const auto found = arrays_.find(key);
  if (found != arrays_.end()) {
    if (!found->second.problem.empty()) throw bad_input(found->second.name + ": " + found->second.problem);
    return found->second;
  }
  std::string known;
  for (const auto& [name, array] : arrays_) known += (known.empty() ? "" : ", ") + name;
  throw bad_input(file_name_ + ": the array " + key + " is missing; the file holds " + (known.empty() ? "none" : known));
}

void NpzWriter::put(const std::string& key, const char* dtype, const std::vector<std::size_t>& shape, const void* data,
                    std::size_t size) {
  std::string header = "{'descr': '" + std::string(dtype) + "', 'fortran_order': False, 'shape': (";
  for (const auto s : shape) header += std::to_string(s) + ", ";
  if (shape.size() > 1) header.resize(header.size() - 2);
  else if (shape.size() == 1) header.resize(header.size() - 1);
  header += "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string entry("\x93NUMPY\x01\x00", 8);
  entry += static_cast<char>(header.size() & 0xffU);
  entry += static_cast<char>(header.size() >> 8U);
  entry += header;
  entry.append(static_cast<const char*>(data), size);
  entries_.emplace_back(key + ".npy", std::move(entry));
}

void NpzWriter::add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const float> v) { put(key, "<f4", shape, v.data(), v.size_bytes()); }
void NpzWriter::add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const double> v) { put(key, "<f8", shape, v.data(), v.size_bytes()); }
void NpzWriter::add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const std::int32_t> v) { put(key, "<i4", shape, v.data(), v.size_bytes()); }
void NpzWriter::add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const std::int64_t> v) { put(key, "<i8", shape, v.data(), v.size_bytes()); }
void NpzWriter::add(const std::string& key, const std::vector<std::size_t>& shape, std::span<const std::uint8_t> v) { put(key, "|u1", shape, v.data(), v.size_bytes()); }
void NpzWriter::finish(const Progress& progress) { write_zip(file_, entries_, progress); }

void write_zip(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& entries,
               const Progress& progress) {
  const std::filesystem::path beside = file.string() + ".part";
  std::error_code error;
  std::filesystem::remove(beside, error);
  int code = 0;
  zip_t* archive = zip_open(beside.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (archive == nullptr) throw cannot_run(file.string() + ": the file could not be made; check the folder's permissions");
  bool good = true;
  for (const auto& [name, bytes] : entries) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = source == nullptr ? -1 : zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      good = false;
      break;
    }
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_DEFLATE, 3);
    zip_file_set_dostime(archive, static_cast<zip_uint64_t>(index), 0, (1U << 5U) | 1U, 0);   // 1 January 1980
  }
  zip_register_cancel_callback_with_state(
      archive, [](zip_t*, void* told) { return static_cast<const Progress*>(told)->stop_requested() ? 1 : 0; }, nullptr,
      const_cast<Progress*>(&progress));
  if (!good || zip_close(archive) != 0) {
    zip_discard(archive);
    std::filesystem::remove(beside, error);
    progress.check();
    throw cannot_run(file.string() + ": the file could not be written; check the folder's permissions and the disk");
  }
  std::filesystem::rename(beside, file, error);
  if (error) throw cannot_run(file.string() + ": the file could not be replaced (" + error.message() + ")");
}

}  // namespace tactus::io
