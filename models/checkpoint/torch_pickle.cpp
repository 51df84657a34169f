#include "torch_pickle.h"

#include <algorithm>
#include <array>
#include <set>

#include "dtype_names.h"
#include "pickle_value.h"
#include "stored_tensors.h"
#include "tactus/error.h"

namespace tactus::checkpoint {
namespace {

using Kind = PickleValue::Kind;

constexpr int kDeepest = 16;              // dictionaries in dictionaries
constexpr std::size_t kLongestName = 1000;

bool known(const std::string& module, const std::string& name) {
  static const std::set<std::string> names = {
      "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor_v3",
      "torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state",
      "torch.storage UntypedStorage", "torch Size", "torch device", "collections OrderedDict",
      "collections defaultdict", "__builtin__ set", "builtins set", "_codecs encode"};
  if (names.contains(module + " " + name)) return true;
  return module == "torch" && (dtype_of_storage(name) || dtype_of_torch(name));
}

// Values that one storage's bytes may stand for again and again (stride 0).
constexpr std::int64_t kMostRepeats = 64, kMostRepeated = std::int64_t{1} << 20;

}  // namespace

void PickleMachine::global(const std::string& module, const std::string& name) {
  if (!known(module, name)) {
    refuse("it wants to build " + module + "." + name +
           ", which is no part of a state dict; nothing was executed. Save the state dict alone: "
           "torch.save(model.state_dict(), FILE)");
  }
  PickleValue* made = make(Kind::global);
  made->text = module + " " + name;
  push(made);
}

PickleValue* PickleMachine::storage(const PickleValue* id) {
  const auto& parts = id->items;   // "storage", type, key, device, number of elements
  if (id->kind != Kind::tuple || parts.size() < 5 || parts[0]->text != "storage" || parts[1]->kind != Kind::global ||
      parts[2]->kind != Kind::text || parts[4]->kind != Kind::integer || parts[4]->integer < 0) {
    refuse("the pickle refers to data in a way that torch.save does not");
  }
  PickleValue* made = make(Kind::storage);
  spend(parts[2]->text.size());
  made->text = parts[2]->text;
  const std::string& type = parts[1]->text;
  std::int64_t item = 1;
  if (type != "torch.storage UntypedStorage") {
    const auto dtype = dtype_of_storage(std::string_view(type).substr(type.find(' ') + 1));
    if (!dtype) refuse("the pickle names the storage type " + type + ", which Tactus does not read");
    made->dtype = *dtype;
    item = static_cast<std::int64_t>(c10::elementSize(*dtype));
  }
  if (parts[4]->integer > INT64_MAX / item) refuse("the pickle names a storage of impossible size");
  made->integer = parts[4]->integer * item;
  return made;
}

std::vector<std::int64_t> PickleMachine::sizes(const PickleValue* tuple) {
  if (tuple->kind != Kind::tuple) refuse("the pickle is damaged (tensor)");
  spend(tuple->items.size());
  std::vector<std::int64_t> numbers;
  for (const PickleValue* item : tuple->items) {
    if (item->kind != Kind::integer || item->integer < 0) refuse("the pickle holds a tensor of negative size or stride");
    numbers.push_back(item->integer);
  }
  return numbers;
}

// (storage, offset, size, stride, requires_grad, hooks[, dtype when with_dtype])
PickleValue* PickleMachine::tensor(const std::vector<PickleValue*>& arguments, bool with_dtype) {
  if (arguments.size() < (with_dtype ? 7U : 4U) || arguments[0]->kind != Kind::storage ||
      arguments[1]->kind != Kind::integer || arguments[1]->integer < 0) {
    refuse("the pickle is damaged (tensor)");
  }
  PickleValue* made = make(Kind::tensor);
  made->storage = arguments[0];
  made->offset = arguments[1]->integer;
  made->shape = sizes(arguments[2]);
  made->strides = sizes(arguments[3]);
  made->dtype = arguments[0]->dtype;
  if (with_dtype) {
    const std::string& name = arguments[6]->text;
    const auto dtype = name.starts_with("torch ") ? dtype_of_torch(name.substr(6)) : std::nullopt;
    if (arguments[6]->kind != Kind::global || !dtype) refuse("the pickle is damaged (tensor type)");
    made->dtype = *dtype;
  }
  if (made->dtype == c10::ScalarType::Undefined) refuse("the pickle holds a tensor without a type");
  if (made->shape.size() != made->strides.size()) refuse("the pickle is damaged (strides)");

  const std::int64_t count = element_count(made->shape);
  const std::int64_t room = made->storage->integer / static_cast<std::int64_t>(c10::elementSize(made->dtype));
  if (count < 0) refuse("the pickle holds a tensor of impossible size " + shape_text(made->shape));
  if (count == 0) return made;
  std::int64_t last = made->offset;
  for (std::size_t d = 0; d < made->shape.size(); ++d) {
    const std::int64_t steps = made->shape[d] - 1, stride = made->strides[d];
    if (last >= room || (steps > 0 && stride > (room - 1 - last) / steps))
      refuse("a tensor " + shape_text(made->shape) + " reaches beyond its storage");
    last += steps * stride;
  }
  if (last >= room) refuse("a tensor " + shape_text(made->shape) + " reaches beyond its storage");
  if (count > kMostRepeated && count / kMostRepeats > room)
    refuse("a tensor " + shape_text(made->shape) + " repeats a storage of only " + std::to_string(room) + " values");
  return made;
}

PickleValue* PickleMachine::call(const PickleValue* callable, const PickleValue* arguments) {
  if (callable->kind != Kind::global || arguments->kind != Kind::tuple) refuse("the pickle is damaged (call)");
  const std::string& name = callable->text;
  const auto& given = arguments->items;
  if (name == "torch._utils _rebuild_tensor" || name == "torch._utils _rebuild_tensor_v2") return tensor(given, false);
  if (name == "torch._utils _rebuild_tensor_v3") return tensor(given, true);
  if (name.starts_with("torch._utils _rebuild_parameter")) {
    if (given.empty() || given[0]->kind != Kind::tensor) refuse("the pickle is damaged (parameter)");
    return given[0];
  }
  if (name == "torch Size") {
    if (given.size() != 1 || (given[0]->kind != Kind::tuple && given[0]->kind != Kind::list))
      refuse("the pickle is damaged (size)");
    spend(given[0]->items.size());
    return make_tuple(given[0]->items);
  }
  if (name == "collections OrderedDict") {
    PickleValue* dict = make(Kind::dict);
    if (given.empty()) return dict;
    spend(given[0]->items.size());
    for (const PickleValue* pair : given[0]->items) {
      if (pair->items.size() != 2) refuse("the pickle is damaged (dict)");
      dict->pairs.emplace_back(pair->items[0], pair->items[1]);
    }
    return dict;
  }
  if (name == "collections defaultdict") return make(Kind::dict);
  if (name == "_codecs encode" || name == "torch device" || name.ends_with(" set")) return make(Kind::other);
  refuse("the pickle calls " + name + ", which is not a function");
}

namespace {

class Flattener {
 public:
  Flattener(const PickleMachine& machine, std::size_t budget) : machine_(machine), budget_(budget) {}

  std::vector<PickledTensor> run(const PickleValue& root) {
    const PickleValue* dict = &root;
    if (dict->kind != Kind::dict) machine_.refuse("it holds no dictionary of tensors; save the state dict: torch.save(model.state_dict(), FILE)");
    // Down to the weights of a training checkpoint, past the optimiser's state.
    for (int depth = 0; depth < kDeepest && !holds_tensor(*dict); ++depth) {
      const PickleValue* inner = wrapped(*dict);
      if (inner == nullptr) break;
      dict = inner;
    }
    add(*dict, "", 0);
    if (tensors_.empty()) machine_.refuse("it holds no tensors");
    return std::move(tensors_);
  }

 private:
  static bool holds_tensor(const PickleValue& dict) {
    return std::any_of(dict.pairs.begin(), dict.pairs.end(), [](const auto& pair) { return pair.second->kind == Kind::tensor; });
  }

  static const PickleValue* wrapped(const PickleValue& dict) {
    for (const char* name : {"state_dict", "model_state_dict", "model", "module", "params"})
      for (const auto& [key, value] : dict.pairs)
        if (key->kind == Kind::text && key->text == name && value->kind == Kind::dict) return value;
    return nullptr;
  }

  void add(const PickleValue& dict, const std::string& prefix, int depth) {
    if (depth > kDeepest) machine_.refuse("its dictionaries are nested more than " + std::to_string(kDeepest) + " deep");
    for (const auto& [key, value] : dict.pairs) {
      // A value may stand in many dictionaries: what a few bytes describe must not grow without end.
      if (budget_-- == 0) machine_.refuse("the pickle repeats its dictionaries over and over");
      if (value->kind != Kind::tensor && value->kind != Kind::dict) continue;
      if (key->kind != Kind::text && key->kind != Kind::integer) continue;
      const std::string name = prefix + (key->kind == Kind::text ? key->text : std::to_string(key->integer));
      if (name.size() > kLongestName) machine_.refuse("the name of a tensor is longer than " + std::to_string(kLongestName) + " letters");
      if (value->kind == Kind::dict) {
        add(*value, name + ".", depth + 1);
        continue;
      }
      if (!names_.insert(name).second) machine_.refuse("the tensor " + name + " stands twice in it");
      tensors_.push_back({name, value->storage->text, value->dtype, value->storage->integer, value->offset, value->shape, value->strides});
    }
  }

  const PickleMachine& machine_;
  std::size_t budget_;
  std::set<std::string> names_;
  std::vector<PickledTensor> tensors_;
};

}  // namespace

std::vector<PickledTensor> read_torch_pickle(std::span<const std::uint8_t> bytes, const std::string& what) {
  PickleMachine machine(bytes, what);
  const PickleValue& root = machine.run();
  return Flattener(machine, 4 * machine.value_count() + 64).run(root);
}

}  // namespace tactus::checkpoint
