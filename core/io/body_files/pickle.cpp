#include "tactus/io/pickle.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <set>
#include <string_view>

#include "pickle_text.h"
#include "tactus/error.h"

namespace tactus::io {
namespace {

using Kind = PickleValue::Kind;

// What a data file may name. The machine below builds each of these itself.
const std::set<std::string>& known_globals() {
  static const std::set<std::string> names = {
      "numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct", "numpy.core.multiarray scalar",
      "numpy._core.multiarray scalar", "numpy ndarray", "numpy dtype", "_codecs encode", "collections OrderedDict",
      "copy_reg _reconstructor", "copyreg _reconstructor", "__builtin__ object", "builtins object",
      "scipy.sparse.csc csc_matrix", "scipy.sparse._csc csc_matrix", "scipy.sparse.csr csr_matrix",
      "scipy.sparse._csr csr_matrix", "scipy.sparse.coo coo_matrix", "scipy.sparse._coo coo_matrix",
      "numpy.core.numeric _frombuffer", "numpy._core.numeric _frombuffer", "joblib.numpy_pickle NumpyArrayWrapper",
      "chumpy.ch Ch", "chumpy.reordering Select", "torch._utils _rebuild_tensor_v2", "torch FloatStorage",
      "torch DoubleStorage", "torch HalfStorage", "torch LongStorage", "torch IntStorage"};
  return names;
}

constexpr std::size_t kMostValues = 20'000'000;
constexpr std::size_t kMostDimensions = 32;

class Machine {
 public:
  Machine(std::span<const std::uint8_t> bytes, const std::string& what, const StorageReader& storage)
      : bytes_(bytes), what_(what), storage_(storage), copy_budget_(4 * bytes.size() + (std::size_t{1} << 20U)) {}
  ~Machine() {
    // Values of a refused pickle may hold each other in a circle.
    if (!done_)
      for (const auto& value : all_) value->release();
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  PicklePointer run() {
    for (;;) {
      const std::uint8_t op = byte();
      if (op == '.') {
        auto result = pop();
        done_ = true;
        return result;
      }
      step(op);
      if (stack_.size() > kMostValues) refuse("the pickle's stack grows without end");
    }
  }

 private:
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
  void global(const std::string& module, const std::string& name) {
    const std::string full = module + " " + name;
    // Everything of chumpy is a bag of named parts; which of them can be read is the array reader's matter.
    if (!known_globals().contains(full) && !module.starts_with("chumpy."))
      refuse("it wants to build " + module + "." + name + ", which is not data that Tactus reads; nothing was executed");
    push(make_text(full, Kind::global));
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
  PicklePointer reduce(const PicklePointer& callable, const PicklePointer& arguments);
  void build(const PicklePointer& target, const PicklePointer& state);
  PicklePointer tensor(const std::vector<PicklePointer>& arguments);
  void fill(PickleValue& array, const PickleValue& shape, const PickleValue& dtype);
  void read_wrapped(PickleValue& wrapper);

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
  bool done_ = false;
};

void Machine::step(std::uint8_t op) {
  switch (op) {
    case 0x80: byte(); break;                                          // PROTO
    case 0x95: number<std::uint64_t>(); break;                         // FRAME
    case '(': marks_.push_back(stack_.size()); break;
    case '0': pop(); break;
    case '1': pop_to_mark(); break;
    case '2': push(top()); break;
    case 'N': push(make(Kind::none)); break;
    case 0x88: case 0x89: push(make_integer(op == 0x88 ? 1 : 0, Kind::boolean)); break;
    case 'I': {
      const std::string text = line();
      push(make_integer(decimal(text), text == "00" || text == "01" ? Kind::boolean : Kind::integer));
      break;
    }
    case 'L': push(make_integer(decimal(line()))); break;
    case 'J': push(make_integer(number<std::int32_t>())); break;
    case 'K': push(make_integer(byte())); break;
    case 'M': push(make_integer(number<std::uint16_t>())); break;
    case 0x8a: push(make_integer(little_endian_long(byte()))); break;
    case 0x8b: push(make_integer(little_endian_long(number<std::uint32_t>()))); break;
    case 'F': {
      const std::string text = line();
      double real = 0.0;
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), real);
      if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
        refuse("the pickle holds a damaged number");
      push(make_real(real));
      break;
    }
    case 'G': {
      const auto part = take(8);
      std::array<std::uint8_t, 8> reversed{};
      for (std::size_t i = 0; i < 8; ++i) reversed[i] = part[7 - i];
      double real = 0.0;
      std::memcpy(&real, reversed.data(), 8);
      push(make_real(real));
      break;
    }
    case 'S': {
      const std::string text = line();
      if (text.size() < 2 || text.front() != text.back() || (text.front() != '\'' && text.front() != '"'))
        refuse("the pickle holds a damaged string");
      push(make_text(unescape_python(std::string_view(text).substr(1, text.size() - 2), true), Kind::bytes));
      break;
    }
    case 'V': push(make_text(unescape_python(line(), false))); break;
    case 'U': push(make_text(chars(byte()), Kind::bytes)); break;
    case 'T': push(make_text(chars(number<std::uint32_t>()), Kind::bytes)); break;
    case 'C': push(make_text(chars(byte()), Kind::bytes)); break;
    case 'B': push(make_text(chars(number<std::uint32_t>()), Kind::bytes)); break;
    case 0x8e: case 0x96: push(make_text(chars(number<std::uint64_t>()), Kind::bytes)); break;
    case 0x8c: push(make_text(chars(byte()))); break;
    case 'X': push(make_text(chars(number<std::uint32_t>()))); break;
    case 0x8d: push(make_text(chars(number<std::uint64_t>()))); break;
    case ')': push_tuple({}); break;
    case 't': push_tuple(pop_to_mark()); break;
    case 0x85: push_tuple({pop()}); break;
    case 0x86: {
      auto b = pop(), a = pop();
      push_tuple({a, b});
      break;
    }
    case 0x87: {
      auto c = pop(), b = pop(), a = pop();
      push_tuple({a, b, c});
      break;
    }
    case ']': push(make(Kind::list)); break;
    case 'l': {
      auto list = make(Kind::list);
      list->items = pop_to_mark();
      push(list);
      break;
    }
    case 'a': {
      auto item = pop();
      if (top()->kind != Kind::list) refuse("the pickle is damaged (list)");
      top()->items.push_back(item);
      break;
    }
    case 'e': {
      auto items = pop_to_mark();
      if (top()->kind != Kind::list) refuse("the pickle is damaged (list)");
      top()->items.insert(top()->items.end(), items.begin(), items.end());
      break;
    }
    case '}': push(make(Kind::dict)); break;
    case 'd': {
      auto items = pop_to_mark();
      push(make(Kind::dict));
      set_items(top(), items);
      break;
    }
    case 's': {
      auto value = pop(), key = pop();
      set_items(top(), {key, value});
      break;
    }
    case 'u': {
      auto items = pop_to_mark();
      set_items(top(), items);
      break;
    }
    case 'q': memo_[byte()] = top(); break;
    case 'r': memo_[number<std::uint32_t>()] = top(); break;
    case 'p': memo_[decimal(line())] = top(); break;
    case 0x94: memo_[static_cast<std::int64_t>(memo_.size())] = top(); break;
    case 'h': case 'j': case 'g': {
      const std::int64_t key = op == 'h' ? byte() : op == 'j' ? number<std::uint32_t>() : decimal(line());
      const auto found = memo_.find(key);
      if (found == memo_.end()) refuse("the pickle is damaged (memo)");
      push(found->second);
      break;
    }
    case 'c': {
      const std::string module = line();
      global(module, line());
      break;
    }
    case 0x93: {
      auto name = pop(), module = pop();
      global(module->text, name->text);
      break;
    }
    case 'Q': {
      const auto id = pop();
      if (!storage_ || id->kind != Kind::tuple || id->items.size() < 3) refuse("the pickle refers to data outside it");
      push(id);
      break;
    }
    case 'R': {
      auto arguments = pop(), callable = pop();
      push(reduce(callable, arguments));
      break;
    }
    case 0x81: {
      auto arguments = pop(), callable = pop();
      push(reduce(callable, arguments));
      break;
    }
    case 'b': {
      auto state = pop();
      build(top(), state);
      break;
    }
    default: refuse("the pickle holds an instruction that data files do not use (" + std::to_string(op) + ")");
  }
}

PicklePointer Machine::reduce(const PicklePointer& callable, const PicklePointer& arguments) {
  if (callable->kind != Kind::global || arguments->kind != Kind::tuple) refuse("the pickle is damaged (call)");
  const std::string& name = callable->text;
  const auto& a = arguments->items;
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  if (ends(" _rebuild_tensor_v2")) return tensor(a);
  if (ends(" OrderedDict")) {
    auto dict = make(Kind::dict);
    if (!a.empty()) {
      // Python 2 lists the pairs in the call.
      for (const auto& pair : a[0]->items) {
        if (pair->items.size() != 2) refuse("the pickle is damaged (dict)");
        dict->pairs.emplace_back(pair->items[0], pair->items[1]);
      }
    }
    return dict;
  }
  if (ends(" _reconstruct") || ends(" ndarray")) return make(Kind::array);
  if (ends(" encode") && !a.empty()) {
    // Python 3 writes the bytes of Python 2 strings as Latin-1 text.
    std::string raw;
    const std::string& utf8 = a[0]->text;
    spend(utf8.size());
    for (std::size_t i = 0; i < utf8.size(); ++i) {
      const auto c = static_cast<unsigned char>(utf8[i]);
      if (c < 0x80) {
        raw += static_cast<char>(c);
      } else if ((c == 0xc2 || c == 0xc3) && i + 1 < utf8.size()) {
        raw += static_cast<char>(((c & 3U) << 6U) | (static_cast<unsigned char>(utf8[++i]) & 0x3fU));
      } else {
        refuse("the pickle holds text where bytes belong");
      }
    }
    return make_text(raw, Kind::bytes);
  }
  if (name == "numpy dtype") {
    if (a.empty()) refuse("the pickle is damaged (dtype)");
    auto dtype = make_text(a[0]->text, Kind::object);
    dtype->text = "numpy dtype";
    dtype->dtype = "<" + a[0]->text;
    return dtype;
  }
  if (ends(" scalar")) {
    if (a.size() != 2) refuse("the pickle is damaged (scalar)");
    auto scalar = make(Kind::array);
    scalar->dtype = a[0]->dtype;
    spend(a[1]->text.size());
    scalar->data.assign(a[1]->text.begin(), a[1]->text.end());
    return scalar;
  }
  if (ends(" _frombuffer")) {
    // (bytes, dtype, shape, order)
    if (a.size() != 4) refuse("an array is damaged");
    auto array = make(Kind::array);
    fill(*array, *a[2], *a[1]);
    array->fortran_order = a[3]->text == "F";
    spend(a[0]->text.size());
    array->data.assign(a[0]->text.begin(), a[0]->text.end());
    return array;
  }
  auto object = make_text(name, Kind::object);
  if (ends(" _reconstructor") && !a.empty()) object->text = a[0]->text;
  object->items = a;
  return object;
}

PicklePointer Machine::tensor(const std::vector<PicklePointer>& a) {
  if (a.size() < 4 || a[0]->kind != Kind::tuple || a[0]->items.size() < 3 || !storage_) refuse("a tensor is damaged");
  const std::string& type = a[0]->items[1]->text;
  std::string dtype = type == "torch FloatStorage" ? "<f4" : type == "torch DoubleStorage" ? "<f8"
                      : type == "torch LongStorage" ? "<i8" : type == "torch IntStorage" ? "<i4" : "";
  if (dtype.empty()) refuse("a tensor has a type that Tactus does not read (" + type + ")");
  const auto width = static_cast<std::size_t>(dtype[2] - '0');
  const std::string& key = a[0]->items[2]->text;
  auto found = storages_.find(key);
  if (found == storages_.end()) {
    found = storages_.emplace(key, storage_(key)).first;
    copy_budget_ += 4 * found->second.size();
  }
  const auto& bytes = found->second;
  auto array = make(Kind::array);
  array->dtype = dtype;
  std::int64_t count = 1, expected_stride = 1;
  bool contiguous = true;
  if (a[2]->items.size() > kMostDimensions) refuse("a tensor is damaged (shape)");
  for (const auto& size : a[2]->items) {
    if (size->integer < 0 || size->integer > (std::int64_t{1} << 32)) refuse("a tensor is damaged (shape)");
    array->shape.push_back(size->integer);
    count *= size->integer;
    if (count > (std::int64_t{1} << 34)) refuse("a tensor is damaged (shape)");
  }
  if (a[3]->items.size() != array->shape.size()) refuse("a tensor is damaged (strides)");
  for (std::size_t i = array->shape.size(); i-- > 0;) {
    if (array->shape[i] != 1 && a[3]->items[i]->integer != expected_stride) contiguous = false;
    expected_stride *= array->shape[i];
  }
  if (!contiguous) refuse("a tensor is not contiguous, which this reader does not support");
  const std::int64_t first = a[1]->integer;
  const auto elements = static_cast<std::int64_t>(bytes.size() / width);
  if (first < 0 || first > elements || count > elements - first) refuse("a tensor is cut off");
  spend(static_cast<std::size_t>(count) * width);
  const auto begin = bytes.begin() + first * static_cast<std::int64_t>(width);
  array->data.assign(begin, begin + count * static_cast<std::int64_t>(width));
  return array;
}

void Machine::fill(PickleValue& array, const PickleValue& shape, const PickleValue& dtype) {
  if (shape.items.size() > kMostDimensions) refuse("an array is damaged (shape)");
  array.shape.clear();
  for (const auto& size : shape.items) array.shape.push_back(size->integer);
  array.dtype = dtype.dtype;
}

// joblib writes an array's bytes right behind the instruction that builds its wrapper.
void Machine::read_wrapped(PickleValue& wrapper) {
  const auto shape = wrapper.find("shape"), dtype = wrapper.find("dtype"), order = wrapper.find("order");
  if (!shape || !dtype || dtype->dtype.size() < 3) refuse("an array is damaged");
  PickleValue array;
  fill(array, *shape, *dtype);
  const auto width = static_cast<std::uint64_t>(std::clamp(std::atoi(dtype->dtype.c_str() + 2), 1, 64));
  if (dtype->dtype[1] == 'O') refuse("an array holds Python objects, which Tactus does not read");
  std::uint64_t size = width;
  for (const auto n : array.shape) {
    if (n < 0 || (n > 0 && size > bytes_.size() / static_cast<std::uint64_t>(n))) refuse("the pickle is cut off");
    size *= static_cast<std::uint64_t>(n);
  }
  if (const auto alignment = wrapper.find("numpy_array_alignment_bytes"); alignment && alignment->kind == Kind::integer)
    take(byte());
  const auto raw = take(size);
  wrapper.release();
  wrapper.kind = Kind::array;
  wrapper.text.clear();
  wrapper.shape = array.shape;
  wrapper.dtype = array.dtype;
  wrapper.fortran_order = order && order->text == "F";
  wrapper.data.assign(raw.begin(), raw.end());
}

void Machine::build(const PicklePointer& target, const PicklePointer& state) {
  if (target->kind == Kind::array) {
    // (version, shape, dtype, is_fortran, bytes)
    if (state->kind != Kind::tuple || state->items.size() < 5) refuse("an array is damaged");
    fill(*target, *state->items[1], *state->items[2]);
    target->fortran_order = state->items[3]->integer != 0;
    if (state->items[4]->kind == Kind::list) refuse("an array holds Python objects, which Tactus does not read");
    spend(state->items[4]->text.size());
    target->data.assign(state->items[4]->text.begin(), state->items[4]->text.end());
    return;
  }
  if (target->kind == Kind::dict) return;
  if (target->kind != Kind::object) refuse("the pickle is damaged (build)");
  if (target->text == "numpy dtype") {
    // (version, byte order, …)
    if (state->kind == Kind::tuple && state->items.size() > 1 && target->dtype.size() > 1) {
      if (state->items[1]->text == ">") target->dtype[0] = '>';
    }
    return;
  }
  target->state = state;
  if (target->text.ends_with(" NumpyArrayWrapper")) read_wrapped(*target);
}

}  // namespace

PicklePointer read_pickle(std::span<const std::uint8_t> bytes, const std::string& what, const StorageReader& storage) {
  return Machine(bytes, what, storage).run();
}

}  // namespace tactus::io
