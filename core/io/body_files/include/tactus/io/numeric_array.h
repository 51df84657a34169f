// Numbers out of the arrays of pickles and .npy files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tactus/io/pickle.h"

namespace tactus::io {

struct NumericArray {
  std::vector<std::int64_t> shape;
  std::vector<double> values;   // row-major
};

// Elements of an array as doubles in row-major order (dtype f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1).
// Error{bad_input} naming `what` for another type, big-endian data or a shape that does not match the data.
std::vector<double> array_as_doubles(const PickleValue& array, const std::string& what);

// Whatever holds an array: a numpy array; a sparse matrix of scipy (csc, csr, coo; made dense, at most 16 million
// elements); an array of chumpy (Ch: the array inside; Select: the elements it picks). Error{bad_input} otherwise.
NumericArray numeric_array(const PickleValue& value, const std::string& what);

// The bytes of a .npy file (versions 1 to 3) as an array. Error{bad_input} for damage and for Python objects.
PicklePointer read_npy(std::span<const std::uint8_t> bytes, const std::string& what);

}  // namespace tactus::io
