#include "tactus/io/numeric_array.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "tactus/error.h"

namespace tactus::io {
namespace {

using Kind = PickleValue::Kind;

constexpr std::int64_t kMostDenseElements = std::int64_t{1} << 24;
// Selections of selections of …; real files have one.
constexpr int kDeepestSelection = 8;

// IEEE half precision, which NumPy writes as f2.
struct Half {
  std::uint16_t bits = 0;
  explicit operator double() const {
    const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const double size = exponent == 0    ? std::ldexp(fraction, -24)
                        : exponent == 31 ? (fraction != 0 ? std::nan("") : HUGE_VAL)
                                         : std::ldexp(1024 + fraction, exponent - 25);
    return (bits >> 15) != 0 ? -size : size;
  }
};

std::vector<double> row_major(const std::vector<double>& columns, const std::vector<std::int64_t>& shape) {
  std::vector<double> rows(columns.size());
  std::vector<std::size_t> at(shape.size(), 0);
  for (const double value : columns) {
    std::size_t target = 0;
    for (std::size_t d = 0; d < at.size(); ++d) target = target * static_cast<std::size_t>(shape[d]) + at[d];
    rows[target] = value;
    for (std::size_t d = 0; d < at.size() && ++at[d] == static_cast<std::size_t>(shape[d]); ++d) at[d] = 0;
  }
  return rows;
}

std::vector<double> part(const PickleValue& object, const char* key, const std::string& what) {
  const auto value = object.find(key);
  if (!value) throw bad_input(what + ": the " + object.text + " lacks its part " + key);
  return array_as_doubles(*value, what);
}

NumericArray dense_from_sparse(const PickleValue& matrix, const std::string& what) {
  auto shape = matrix.find("_shape");
  if (!shape) shape = matrix.find("shape");
  if (!shape || shape->items.size() != 2) throw bad_input(what + ": the sparse matrix has no shape");
  const std::int64_t rows = shape->items[0]->integer, columns = shape->items[1]->integer;
  if (rows < 0 || columns < 0 || (rows > 0 && columns > kMostDenseElements / rows))
    throw bad_input(what + ": the sparse matrix is larger than 16 million elements");
  const auto values = part(matrix, "data", what);
  NumericArray dense{{rows, columns}, std::vector<double>(static_cast<std::size_t>(rows * columns), 0.0)};
  const auto add = [&](double row, double column, double value) {
    if (!(row >= 0 && row < static_cast<double>(rows) && column >= 0 && column < static_cast<double>(columns)))
      throw bad_input(what + ": the sparse matrix has an index outside its shape");
    dense.values[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
                 static_cast<std::size_t>(column)] += value;
  };
  if (matrix.text.ends_with(" coo_matrix")) {
    const auto row = part(matrix, "row", what), column = part(matrix, "col", what);
    if (row.size() != values.size() || column.size() != values.size())
      throw bad_input(what + ": the parts of the sparse matrix differ in length");
    for (std::size_t i = 0; i < values.size(); ++i) add(row[i], column[i], values[i]);
    return dense;
  }
  const bool by_column = matrix.text.ends_with(" csc_matrix");
  const auto first = part(matrix, "indptr", what), other = part(matrix, "indices", what);
  const auto lines = static_cast<std::size_t>(by_column ? columns : rows);
  if (first.size() != lines + 1 || other.size() != values.size())
    throw bad_input(what + ": the parts of the sparse matrix differ in length");
  for (std::size_t line = 0; line < lines; ++line) {
    if (!(first[line] >= 0 && first[line] <= first[line + 1] &&
          first[line + 1] <= static_cast<double>(values.size())))
      throw bad_input(what + ": the sparse matrix is damaged (indptr)");
    for (auto i = static_cast<std::size_t>(first[line]); i < static_cast<std::size_t>(first[line + 1]); ++i) {
      const auto here = static_cast<double>(line);
      add(by_column ? other[i] : here, by_column ? here : other[i], values[i]);
    }
  }
  return dense;
}

NumericArray numbers_of(const PickleValue& value, const std::string& what, int depth) {
  if (value.kind == Kind::array) return {value.shape, array_as_doubles(value, what)};
  if (depth > kDeepestSelection) throw bad_input(what + ": selections of selections go too deep");
  const std::string_view name = value.text;
  if (value.kind == Kind::object && name.starts_with("scipy.sparse.")) return dense_from_sparse(value, what);
  if (value.kind == Kind::object && name == "chumpy.ch Ch") {
    const auto inside = value.find("x");
    if (!inside) throw bad_input(what + ": the chumpy array holds no numbers");
    return numbers_of(*inside, what, depth + 1);
  }
  if (value.kind == Kind::object && name == "chumpy.reordering Select") {
    const auto source = value.find("a"), which = value.find("idxs"), shape = value.find("preferred_shape");
    if (!source || !which || !shape) throw bad_input(what + ": the chumpy selection lacks a part");
    const auto all = numbers_of(*source, what, depth + 1);
    const auto ids = array_as_doubles(*which, what);
    NumericArray picked;
    std::int64_t count = 1;
    for (const auto& size : shape->items) {
      if (size->integer < 0 || (size->integer > 0 && count > kMostDenseElements * 4 / size->integer))
        throw bad_input(what + ": the chumpy selection has no usable shape");
      count *= size->integer;
      picked.shape.push_back(size->integer);
    }
    if (count != static_cast<std::int64_t>(ids.size()))
      throw bad_input(what + ": the chumpy selection's shape does not match its elements");
    for (const double id : ids) {
      if (!(id >= 0 && id < static_cast<double>(all.values.size())))
        throw bad_input(what + ": the chumpy selection picks an element that is not there");
      picked.values.push_back(all.values[static_cast<std::size_t>(id)]);
    }
    return picked;
  }
  throw bad_input(what + ": an array was expected" +
                  (name.empty() || value.kind != Kind::object ? "" : " instead of " + value.text));
}

// The text after 'key': in the header of a .npy file.
std::string_view header_field(std::string_view header, const std::string& key) {
  const auto at = header.find("'" + key + "':");
  return at == std::string_view::npos ? std::string_view() : header.substr(at + key.size() + 3);
}

}  // namespace

std::vector<double> array_as_doubles(const PickleValue& array, const std::string& what) {
  if (array.kind != Kind::array || array.dtype.size() < 3) throw bad_input(what + ": an array was expected");
  if (array.dtype[0] == '>') throw bad_input(what + ": big-endian arrays are not supported; save it little-endian");
  const bool empty = std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end();
  std::size_t count = empty ? 0 : 1;
  for (const auto size : array.shape) {
    if (size < 0 || (size > 0 && count > array.data.size() / static_cast<std::size_t>(size)))
      throw bad_input(what + ": the array's shape does not match its data");
    count *= static_cast<std::size_t>(size);
  }
  const std::string type = array.dtype.substr(1);
  std::vector<double> values;
  const auto convert = [&]<typename T>(T) {
    if (array.data.size() != count * sizeof(T)) throw bad_input(what + ": the array's shape does not match its data");
    values.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      T v;
      std::memcpy(&v, array.data.data() + i * sizeof(T), sizeof(T));
      values[i] = static_cast<double>(v);
    }
  };
  if (type == "f4") convert(float{});
  else if (type == "f8") convert(double{});
  else if (type == "f2") convert(Half{});
  else if (type == "i8") convert(std::int64_t{});
  else if (type == "i4") convert(std::int32_t{});
  else if (type == "i2") convert(std::int16_t{});
  else if (type == "i1") convert(std::int8_t{});
  else if (type == "u8") convert(std::uint64_t{});
  else if (type == "u4") convert(std::uint32_t{});
  else if (type == "u2") convert(std::uint16_t{});
  else if (type == "u1" || type == "b1") convert(std::uint8_t{});
  else throw bad_input(what + ": arrays of type " + array.dtype + " are not numbers that can be read");
  return array.fortran_order && array.shape.size() > 1 ? row_major(values, array.shape) : values;
}

NumericArray numeric_array(const PickleValue& value, const std::string& what) { return numbers_of(value, what, 0); }

PicklePointer read_npy(std::span<const std::uint8_t> bytes, const std::string& what) {
  const auto refuse = [&](const std::string& why) { throw bad_input(what + ": " + why); };
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0) refuse("this is not a NumPy array");
  const std::size_t start = bytes[6] >= 2 ? 12 : 10;
  std::size_t length = 0;
  for (std::size_t i = 8; i < start; ++i) length |= static_cast<std::size_t>(bytes[i]) << (8 * (i - 8));
  if (length > bytes.size() - start) refuse("the array is cut off");
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + start, length);
  const auto descr = header_field(header, "descr");
  const auto quote = descr.find('\''), end = descr.find('\'', quote + 1);
  if (quote == std::string_view::npos || end == std::string_view::npos || descr.find('[') < quote)
    refuse("the array's type is not understood");
  auto array = std::make_shared<PickleValue>();
  array->kind = Kind::array;
  array->dtype = descr.substr(quote + 1, end - quote - 1);
  if (array->dtype.find('O') != std::string::npos) refuse("the array holds Python objects, which Tactus does not read");
  array->fortran_order = header_field(header, "fortran_order").find("True") < 3;
  const auto shape = header_field(header, "shape");
  const auto open = shape.find('('), close = shape.find(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    refuse("the array's shape is not understood");
  for (std::size_t at = open + 1; at < close;) {
    if (shape[at] == ' ' || shape[at] == ',') {
      ++at;
      continue;
    }
    std::int64_t size = 0;
    const auto parsed = std::from_chars(shape.data() + at, shape.data() + close, size);
    if (parsed.ec != std::errc() || array->shape.size() == 32) refuse("the array's shape is not understood");
    array->shape.push_back(size);
    at = static_cast<std::size_t>(parsed.ptr - shape.data());
  }
  const auto data = bytes.subspan(start + length);
  array->data.assign(data.begin(), data.end());
  return array;
}

}  // namespace tactus::io
