// What a pickle builds. Values point at each other and are owned by the machine that made them.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tactus::checkpoint {

struct PickleValue {
  enum class Kind { none, integer, text, tuple, list, dict, global, storage, tensor, other };
  Kind kind = Kind::none;
  std::int64_t integer = 0;                                   // booleans too; of a storage its size in bytes
  std::string text;                                           // of a storage its key; of a global "module name"
  c10::ScalarType dtype = c10::ScalarType::Undefined;         // of a storage (Undefined: untyped) or tensor
  std::vector<PickleValue*> items;                            // tuple, list
  std::vector<std::pair<PickleValue*, PickleValue*>> pairs;   // dict
  PickleValue* storage = nullptr;                             // of a tensor
  std::int64_t offset = 0;                                    // in elements
  std::vector<std::int64_t> shape, strides;
};

class PickleMachine {
 public:
  using Kind = PickleValue::Kind;
  PickleMachine(std::span<const std::uint8_t> bytes, std::string what)
      : bytes_(bytes), what_(std::move(what)), copies_left_(4 * bytes.size() + (std::size_t{1} << 20U)) {}
  // Valid while the machine lives.
  const PickleValue& run();
  std::size_t value_count() const { return values_.size(); }
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  void step(std::uint8_t op);
  PickleValue* make(Kind kind);
  PickleValue* make_integer(std::int64_t value);
  PickleValue* make_text(std::string_view text);
  PickleValue* make_tuple(std::vector<PickleValue*> items);
  void push(PickleValue* value) { stack_.push_back(value); }
  PickleValue* pop();
  PickleValue* top();
  std::vector<PickleValue*> pop_to_mark();
  void set_items(PickleValue* dict, const std::vector<PickleValue*>& values);
  void global(const std::string& module, const std::string& name);
  PickleValue* call(const PickleValue* callable, const PickleValue* arguments);
  PickleValue* tensor(const std::vector<PickleValue*>& arguments, bool with_dtype);
  PickleValue* storage(const PickleValue* id);
  std::vector<std::int64_t> sizes(const PickleValue* tuple);

  std::span<const std::uint8_t> take(std::uint64_t count);
  template <typename T>
  T number();
  std::string_view chars(std::uint64_t count);
  std::string_view line();
  std::int64_t decimal(std::string_view text) const;
  void spend(std::size_t items);

  std::span<const std::uint8_t> bytes_;
  std::string what_;
  std::size_t at_ = 0;
  std::size_t copies_left_;
  std::deque<PickleValue> values_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::int64_t, PickleValue*> memo_;
};

}  // namespace tactus::checkpoint
