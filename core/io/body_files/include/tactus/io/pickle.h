// A restricted reader of Python pickles. Nothing in a pickle is ever executed: the few constructors that data files
// need are recognised by name, anything else is refused by name.
//
// Understood: protocols 0 to 4; dict, list, tuple, set-free scalars, str, bytes; numpy arrays and scalars; scipy
// sparse matrices (as their attributes); chumpy arrays (as the array inside); tensors of torch zip archives.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tactus::io {

struct PickleValue;
using PicklePointer = std::shared_ptr<PickleValue>;

struct PickleValue {
  enum class Kind { none, boolean, integer, real, text, bytes, list, tuple, dict, global, object, array };
  Kind kind = Kind::none;
  std::int64_t integer = 0;                          // integer, boolean
  double real = 0.0;
  std::string text;                                  // text, bytes, global ("module name"), object (its class)
  std::vector<PicklePointer> items;                  // list, tuple; object: constructor arguments
  std::vector<std::pair<PicklePointer, PicklePointer>> pairs;   // dict, in order
  PicklePointer state;                               // object: what __setstate__ would get
  // array:
  std::string dtype;                                 // numpy's: "<f8"
  std::vector<std::int64_t> shape;
  bool fortran_order = false;
  std::vector<std::uint8_t> data;

  // Value of a text key of a dict (or of an object's state); nullptr when there is none.
  PicklePointer find(const std::string& key) const;
};

// Tensors name their storage by a persistent id; `storage` returns its bytes by key ("0").
using StorageReader = std::function<std::vector<std::uint8_t>(const std::string& key)>;

// Error{bad_input} naming `what` for damaged data, unknown opcodes and foreign constructors.
PicklePointer read_pickle(std::span<const std::uint8_t> bytes, const std::string& what,
                          const StorageReader& storage = {});

// Elements of an array as doubles in row-major order (dtype f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1).
std::vector<double> array_as_doubles(const PickleValue& array, const std::string& what);

}  // namespace tactus::io
