// A restricted reader of Python pickles. Nothing in a pickle is ever executed: the few constructors that data files
// need are recognised by name, anything else is refused by name.
//
// Understood: protocols 0 to 5; dict, list, tuple, set-free scalars, str, bytes; numpy arrays and scalars; scipy
// sparse matrices and chumpy arrays (as their attributes; numeric_array.h turns both into numbers); arrays that
// joblib wrote inline; tensors of torch zip archives.
//
// A damaged or hostile pickle costs memory in proportion to its own size, no more.
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

  PickleValue() = default;
  PickleValue(const PickleValue&) = delete;
  PickleValue& operator=(const PickleValue&) = delete;
  ~PickleValue();
  // Lets go of items, pairs and state, however deep.
  void release();
};

// Tensors name their storage by a persistent id; `storage` returns its bytes by key ("0").
using StorageReader = std::function<std::vector<std::uint8_t>(const std::string& key)>;

// Error{bad_input} naming `what` for damaged data, unknown opcodes and foreign constructors.
PicklePointer read_pickle(std::span<const std::uint8_t> bytes, const std::string& what,
                          const StorageReader& storage = {});

}  // namespace tactus::io
