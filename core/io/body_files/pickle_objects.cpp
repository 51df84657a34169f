// What a pickle may build: the few constructors that data files need.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "pickle_machine.h"

namespace tactus::io {
namespace {

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

}  // namespace

void PickleMachine::global(const std::string& module, const std::string& name) {
  const std::string full = module + " " + name;
  // Everything of chumpy is a bag of named parts; which of them can be read is the array reader's matter.
  if (!known_globals().contains(full) && !module.starts_with("chumpy."))
    refuse("it wants to build " + module + "." + name + ", which is not data that Tactus reads; nothing was executed");
  push(make_text(full, Kind::global));
}

PicklePointer PickleMachine::reduce(const PicklePointer& callable, const PicklePointer& arguments) {
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

PicklePointer PickleMachine::tensor(const std::vector<PicklePointer>& a) {
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
    if (size->integer > 0 && count > (std::int64_t{1} << 34) / size->integer) refuse("a tensor is damaged (shape)");
    count *= size->integer;
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

void PickleMachine::fill(PickleValue& array, const PickleValue& shape, const PickleValue& dtype) {
  if (shape.items.size() > kMostDimensions) refuse("an array is damaged (shape)");
  array.shape.clear();
  for (const auto& size : shape.items) array.shape.push_back(size->integer);
  array.dtype = dtype.dtype;
}

// joblib writes an array's bytes right behind the instruction that builds its wrapper.
void PickleMachine::read_wrapped(PickleValue& wrapper) {
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

void PickleMachine::build(const PicklePointer& target, const PicklePointer& state) {
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

// Walked without recursion: values may lie deep inside each other.
bool PickleMachine::holds_itself(const PicklePointer& root) {
  struct Step {
    const PickleValue* value;
    std::size_t next;
  };
  std::vector<Step> path;
  const auto child = [](const PickleValue& value, std::size_t i) -> const PickleValue* {
    if (i < value.items.size()) return value.items[i].get();
    i -= value.items.size();
    if (i < 2 * value.pairs.size()) return (i % 2 == 0 ? value.pairs[i / 2].first : value.pairs[i / 2].second).get();
    return i == 2 * value.pairs.size() ? value.state.get() : nullptr;
  };
  const auto child_count = [](const PickleValue& value) { return value.items.size() + 2 * value.pairs.size() + 1; };
  // kept_: false while the value lies on the path, true once all of it was seen.
  kept_.emplace(root.get(), false);
  path.push_back({root.get(), 0});
  while (!path.empty()) {
    auto& [value, next] = path.back();
    if (next == child_count(*value)) {
      kept_[value] = true;
      path.pop_back();
      continue;
    }
    const PickleValue* inside = child(*value, next++);
    if (inside == nullptr) continue;
    const auto [found, fresh] = kept_.emplace(inside, false);
    if (!fresh && !found->second) return true;
    if (fresh) path.push_back({inside, 0});
  }
  return false;
}

}  // namespace tactus::io
