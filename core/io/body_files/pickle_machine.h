// The stack machine behind read_pickle.
#pragma once

#include <charconv>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tactus/error.h"
#include "tactus/io/pickle.h"

namespace tactus::io {

inline constexpr std::size_t kMostValues = 20'000'000;
inline constexpr std::size_t kMostDimensions = 32;

class PickleMachine {
 public:
  PickleMachine(std::span<const std::uint8_t> bytes, const std::string& what, const StorageReader& storage)
      : bytes_(bytes), what_(what), storage_(storage), copy_budget_(4 * bytes.size() + (std::size_t{1} << 20U)) {}
  ~PickleMachine() {
    // Values may hold each other in a circle; of those of a pickle that was read, only what the result does not hold.
    for (const auto& value : all_)
      if (!done_ || !kept_.contains(value.get())) value->release();
  }
  PickleMachine(const PickleMachine&) = delete;
  PickleMachine& operator=(const PickleMachine&) = delete;

  PicklePointer run() {
    for (;;) {
      const std::uint8_t op = byte();
      if (op == '.') {
        auto result = pop();
        if (holds_itself(result)) refuse("the pickle holds a value that holds itself, which data files never do");
        done_ = true;
        return result;
      }
      step(op);
      if (stack_.size() > kMostValues) refuse("the pickle's stack grows without end");
    }
  }

 private:
  using Kind = PickleValue::Kind;

  PicklePointer make(Kind kind) {
    if (all_.size() >= kMostValues) refuse("the pickle holds more than 20 million values");
    auto value = std::make_shared<PickleValue>();
    value->kind = kind;
    all_.push_back(value);
    return value;
  }
  PicklePointer make_integer(std::int64_t i, Kind kind = Kind::integer) {
    auto value = make(kind);
    value->integer = i;
    return value;
  }
  PicklePointer make_real(double real) {
    auto value = make(Kind::real);
    value->real = real;
    return value;
  }
  PicklePointer make_text(std::string text, Kind kind = Kind::text) {
    auto value = make(kind);
    value->text = std::move(text);
    return value;
  }
  // A few bytes may ask again and again for a copy of many: all copies together stay near the pickle's size.
  void spend(std::size_t bytes) {
    if (bytes > copy_budget_) refuse("the pickle copies its data over and over");
    copy_budget_ -= bytes;
  }

  [[noreturn]] void refuse(const std::string& why) const { throw bad_input(what_ + ": " + why); }

  std::span<const std::uint8_t> take(std::uint64_t count) {
    if (count > bytes_.size() - at_) refuse("the pickle is cut off");
    const auto part = bytes_.subspan(at_, count);
    at_ += count;
    return part;
  }
  std::uint8_t byte() { return take(1)[0]; }
  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string line() {
    std::string text;
    for (char c = static_cast<char>(byte()); c != '\n'; c = static_cast<char>(byte())) text += c;
    return text;
  }
  std::string chars(std::uint64_t count) {
    const auto part = take(count);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  PicklePointer pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) refuse("the pickle is damaged (stack)");
    PicklePointer value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PicklePointer& top() {
    if (stack_.empty()) refuse("the pickle is damaged (stack)");
    return stack_.back();
  }
  void push(PicklePointer value) { stack_.push_back(std::move(value)); }
  std::vector<PicklePointer> pop_to_mark() {
    if (marks_.empty() || marks_.back() > stack_.size()) refuse("the pickle is damaged (mark)");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PicklePointer> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return values;
  }
  void push_tuple(std::vector<PicklePointer> items) {
    auto tuple = make(Kind::tuple);
    tuple->items = std::move(items);
    push(tuple);
  }
  void set_items(const PicklePointer& dict, const std::vector<PicklePointer>& values) {
    if (dict->kind != Kind::dict || values.size() % 2 != 0) refuse("the pickle is damaged (dict)");
    for (std::size_t i = 0; i < values.size(); i += 2) dict->pairs.emplace_back(values[i], values[i + 1]);
  }
  std::int64_t decimal(std::string_view text) {
    if (text.ends_with('L')) text.remove_suffix(1);
    std::int64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
      refuse("the pickle holds a damaged number");
    return value;
  }
  std::int64_t little_endian_long(std::uint64_t count) {
    const auto part = take(count);
    if (count > 8) refuse("the pickle holds an integer of more than 64 bits");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < part.size(); ++i) value |= static_cast<std::uint64_t>(part[i]) << (8 * i);
    if (count > 0 && count < 8 && (part.back() & 0x80U) != 0) value |= ~std::uint64_t{0} << (8 * count);
    return static_cast<std::int64_t>(value);
  }

  void step(std::uint8_t op);
  void global(const std::string& module, const std::string& name);
  PicklePointer reduce(const PicklePointer& callable, const PicklePointer& arguments);
  void build(const PicklePointer& target, const PicklePointer& state);
  PicklePointer tensor(const std::vector<PicklePointer>& arguments);
  void fill(PickleValue& array, const PickleValue& shape, const PickleValue& dtype);
  void read_wrapped(PickleValue& wrapper);
  bool holds_itself(const PicklePointer& root);   // notes in kept_ what root holds

  std::span<const std::uint8_t> bytes_;
  const std::string& what_;
  const StorageReader& storage_;
  std::size_t at_ = 0;
  std::vector<PicklePointer> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::int64_t, PicklePointer> memo_;
  std::map<std::string, std::vector<std::uint8_t>> storages_;
  std::vector<PicklePointer> all_;
  std::size_t copy_budget_;
  std::unordered_map<const PickleValue*, bool> kept_;
  bool done_ = false;
};

}  // namespace tactus::io
