#include "tactus/io/pickle.h"

#include <array>
#include <cstring>
#include <set>
#include <string_view>

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
      "chumpy.ch Ch", "chumpy.reordering Select", "torch._utils _rebuild_tensor_v2", "torch FloatStorage",
      "torch DoubleStorage", "torch HalfStorage", "torch LongStorage", "torch IntStorage"};
  return names;
}

PicklePointer make(Kind kind) {
  auto value = std::make_shared<PickleValue>();
  value->kind = kind;
  return value;
}

PicklePointer make_integer(std::int64_t i) {
  auto value = make(Kind::integer);
  value->integer = i;
  return value;
}

PicklePointer make_text(std::string text, Kind kind = Kind::text) {
  auto value = make(kind);
  value->text = std::move(text);
  return value;
}

class Machine {
 public:
  Machine(std::span<const std::uint8_t> bytes, const std::string& what, const StorageReader& storage)
      : bytes_(bytes), what_(what), storage_(storage) {}

  PicklePointer run() {
    for (;;) {
      const std::uint8_t op = byte();
      if (op == '.') return pop();
      step(op);
      if (stack_.size() > 10'000'000) refuse("the pickle's stack grows without end");
    }
  }

 private:
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
    if (!known_globals().contains(full))
      refuse("it wants to build " + module + "." + name + ", which is not data that Tactus reads; nothing was executed");
    push(make_text(full, Kind::global));
  }
  std::int64_t decimal(const std::string& text) {
    try {
      return std::stoll(text);
    } catch (const std::exception&) {
      refuse("the pickle holds a damaged number");
    }
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

  std::span<const std::uint8_t> bytes_;
  const std::string& what_;
  const StorageReader& storage_;
  std::size_t at_ = 0;
  std::vector<PicklePointer> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::int64_t, PicklePointer> memo_;
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
    case 0x88: case 0x89: {
      auto value = make(Kind::boolean);
      value->integer = op == 0x88;
      push(value);
      break;
    }
    case 'I': {
      const std::string text = line();
      if (text == "00" || text == "01") {
        auto value = make(Kind::boolean);
        value->integer = text == "01";
        push(value);
      } else {
        push(make_integer(decimal(text)));
      }
      break;
    }
    case 'L': push(make_integer(decimal(line()))); break;
    case 'J': push(make_integer(number<std::int32_t>())); break;
    case 'K': push(make_integer(byte())); break;
    case 'M': push(make_integer(number<std::uint16_t>())); break;
    case 0x8a: push(make_integer(little_endian_long(byte()))); break;
    case 0x8b: push(make_integer(little_endian_long(number<std::uint32_t>()))); break;
    case 'F': {
      auto value = make(Kind::real);
      value->real = std::strtod(line().c_str(), nullptr);
      push(value);
      break;
    }
    case 'G': {
      const auto part = take(8);
      std::array<std::uint8_t, 8> reversed{};
      for (std::size_t i = 0; i < 8; ++i) reversed[i] = part[7 - i];
      auto value = make(Kind::real);
      std::memcpy(&value->real, reversed.data(), 8);
      push(value);
      break;
    }
    case 'S': {
      std::string text = line();
      if (text.size() < 2) refuse("the pickle holds a damaged string");
      push(make_text(text.substr(1, text.size() - 2)));
      break;
    }
    case 'V': push(make_text(line())); break;
    case 'U': push(make_text(chars(byte()), Kind::bytes)); break;
    case 'T': push(make_text(chars(number<std::uint32_t>()), Kind::bytes)); break;
    case 'C': push(make_text(chars(byte()), Kind::bytes)); break;
    case 'B': push(make_text(chars(number<std::uint32_t>()), Kind::bytes)); break;
    case 0x8e: push(make_text(chars(number<std::uint64_t>()), Kind::bytes)); break;
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
  if (ends(" OrderedDict")) return make(Kind::dict);
  if (ends(" _reconstruct") || ends(" ndarray")) return make(Kind::array);
  if (ends(" encode") && !a.empty()) {
    // Python 3 writes the bytes of Python 2 strings as Latin-1 text.
    std::string raw;
    const std::string& utf8 = a[0]->text;
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
    scalar->data.assign(a[1]->text.begin(), a[1]->text.end());
    return scalar;
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
  const auto bytes = storage_(a[0]->items[2]->text);
  auto array = make(Kind::array);
  array->dtype = dtype;
  std::int64_t count = 1, expected_stride = 1;
  bool contiguous = true;
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
  if (first < 0 || static_cast<std::uint64_t>(first + count) * width > bytes.size()) refuse("a tensor is cut off");
  const auto begin = bytes.begin() + first * static_cast<std::int64_t>(width);
  array->data.assign(begin, begin + count * static_cast<std::int64_t>(width));
  return array;
}

void Machine::build(const PicklePointer& target, const PicklePointer& state) {
  if (target->kind == Kind::array) {
    // (version, shape, dtype, is_fortran, bytes)
    if (state->kind != Kind::tuple || state->items.size() < 5) refuse("an array is damaged");
    for (const auto& size : state->items[1]->items) target->shape.push_back(size->integer);
    target->dtype = state->items[2]->dtype;
    target->fortran_order = state->items[3]->integer != 0;
    if (state->items[4]->kind == Kind::list) refuse("an array holds Python objects, which Tactus does not read");
    target->data.assign(state->items[4]->text.begin(), state->items[4]->text.end());
    return;
  }
  if (target->kind == Kind::object && target->text == "numpy dtype") {
    // (version, byte order, …)
    if (state->kind == Kind::tuple && state->items.size() > 1 && target->dtype.size() > 1) {
      if (state->items[1]->text == ">") target->dtype[0] = '>';
    }
    return;
  }
  target->state = state;
}

}  // namespace

PicklePointer PickleValue::find(const std::string& key) const {
  if (kind == Kind::object) return state ? state->find(key) : nullptr;
  for (const auto& [k, v] : pairs)
    if ((k->kind == Kind::text || k->kind == Kind::bytes) && k->text == key) return v;
  return nullptr;
}

PicklePointer read_pickle(std::span<const std::uint8_t> bytes, const std::string& what, const StorageReader& storage) {
  return Machine(bytes, what, storage).run();
}

std::vector<double> array_as_doubles(const PickleValue& array, const std::string& what) {
  if (array.kind != Kind::array || array.dtype.size() < 3) throw bad_input(what + ": an array was expected");
  if (array.dtype[0] == '>') throw bad_input(what + ": big-endian arrays are not supported");
  std::size_t count = 1;
  for (const auto size : array.shape) {
    if (size < 0 || (size > 0 && count > array.data.size() * 8 / static_cast<std::size_t>(size) + 1))
      throw bad_input(what + ": the array's shape does not match its data");
    count *= static_cast<std::size_t>(size);
  }
  const std::string type = array.dtype.substr(1);
  std::vector<double> values(count);
  const auto convert = [&]<typename T>(T) {
    if (array.data.size() != count * sizeof(T)) throw bad_input(what + ": the array's shape does not match its data");
    for (std::size_t i = 0; i < count; ++i) {
      T v;
      std::memcpy(&v, array.data.data() + i * sizeof(T), sizeof(T));
      values[i] = static_cast<double>(v);
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
  else throw bad_input(what + ": arrays of type " + array.dtype + " are not supported");
  if (array.fortran_order && array.shape.size() > 1) {
    // Column-major to row-major.
    std::vector<double> rows(count);
    std::vector<std::size_t> at(array.shape.size(), 0);
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t target = 0;
      for (std::size_t d = 0; d < at.size(); ++d) target = target * static_cast<std::size_t>(array.shape[d]) + at[d];
      rows[target] = values[i];
      for (std::size_t d = 0; d < at.size() && ++at[d] == static_cast<std::size_t>(array.shape[d]); ++d) at[d] = 0;
    }
    return rows;
  }
  return values;
}

}  // namespace tactus::io
