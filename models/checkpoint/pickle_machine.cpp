// The stack machine: protocols 2 to 5, as far as torch.save writes them.
#include <charconv>
#include <cstring>

#include "pickle_value.h"
#include "tactus/error.h"

namespace tactus::checkpoint {

const PickleValue& PickleMachine::run() {
  for (;;) {
    const auto op = number<std::uint8_t>();
    if (op == '.') return *pop();
    step(op);
  }
}

void PickleMachine::refuse(const std::string& why) const { throw bad_input(what_ + ": " + why); }

// An instruction makes one value at most, so the pickle's length bounds them.
PickleValue* PickleMachine::make(Kind kind) {
  values_.emplace_back().kind = kind;
  return &values_.back();
}

// A few bytes may ask again and again for a copy of many: all copies together stay near the pickle's length.
void PickleMachine::spend(std::size_t items) {
  if (items > copies_left_) refuse("the pickle copies its data over and over");
  copies_left_ -= items;
}

PickleValue* PickleMachine::make_integer(std::int64_t value) {
  PickleValue* made = make(Kind::integer);
  made->integer = value;
  return made;
}

PickleValue* PickleMachine::make_text(std::string_view text) {
  PickleValue* made = make(Kind::text);
  made->text = text;
  return made;
}

PickleValue* PickleMachine::make_tuple(std::vector<PickleValue*> items) {
  PickleValue* made = make(Kind::tuple);
  made->items = std::move(items);
  return made;
}

std::span<const std::uint8_t> PickleMachine::take(std::uint64_t count) {
  if (count > bytes_.size() - at_) refuse("the pickle is cut off");
  const auto part = bytes_.subspan(at_, count);
  at_ += count;
  return part;
}

template <typename T>
T PickleMachine::number() {
  T value;
  std::memcpy(&value, take(sizeof value).data(), sizeof value);
  return value;
}

std::string_view PickleMachine::chars(std::uint64_t count) {
  const auto part = take(count);
  return {reinterpret_cast<const char*>(part.data()), part.size()};
}

std::string_view PickleMachine::line() {
  const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) refuse("the pickle is cut off");
  at_ += end + 1;
  return rest.substr(0, end);
}

std::int64_t PickleMachine::decimal(std::string_view text) const {
  if (text.ends_with('L')) text.remove_suffix(1);
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) refuse("the pickle holds a damaged number");
  return value;
}

PickleValue* PickleMachine::pop() {
  if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) refuse("the pickle is damaged (stack)");
  PickleValue* value = stack_.back();
  stack_.pop_back();
  return value;
}

PickleValue* PickleMachine::top() {
  if (stack_.empty()) refuse("the pickle is damaged (stack)");
  return stack_.back();
}

std::vector<PickleValue*> PickleMachine::pop_to_mark() {
  if (marks_.empty() || marks_.back() > stack_.size()) refuse("the pickle is damaged (mark)");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue*> values(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return values;
}

void PickleMachine::set_items(PickleValue* dict, const std::vector<PickleValue*>& values) {
  if (values.size() % 2 != 0) refuse("the pickle is damaged (dict)");
  if (dict->kind == Kind::other) return;
  if (dict->kind != Kind::dict) refuse("the pickle is damaged (dict)");
  for (std::size_t i = 0; i < values.size(); i += 2) dict->pairs.emplace_back(values[i], values[i + 1]);
}

void PickleMachine::step(std::uint8_t op) {
  switch (op) {
    case 0x80: take(1); break;   // PROTO
    case 0x95: take(8); break;   // FRAME
    case '(': marks_.push_back(stack_.size()); break;
    case '0': pop(); break;
    case '1': pop_to_mark(); break;
    case '2': push(top()); break;
    case 'N': push(make(Kind::none)); break;
    case 0x88: case 0x89: push(make_integer(op == 0x88 ? 1 : 0)); break;
    case 'I': case 'L': push(make_integer(decimal(line()))); break;
    case 'J': push(make_integer(number<std::int32_t>())); break;
    case 'K': push(make_integer(number<std::uint8_t>())); break;
    case 'M': push(make_integer(number<std::uint16_t>())); break;
    case 0x8a: case 0x8b: {   // LONG1, LONG4
      const std::uint64_t count = op == 0x8a ? number<std::uint8_t>() : number<std::uint32_t>();
      const auto part = take(count);
      if (count > 8) {   // the state of a random generator, say
        push(make(Kind::other));
        break;
      }
      std::uint64_t value = count > 0 && (part.back() & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
      if (count > 0) std::memcpy(&value, part.data(), count);
      push(make_integer(static_cast<std::int64_t>(value)));
      break;
    }
    case 'F': line(); push(make(Kind::other)); break;
    case 'G': take(8); push(make(Kind::other)); break;
    case 'V': case 'S': push(make_text(line())); break;
    case 'U': case 'C': case 0x8c: push(make_text(chars(number<std::uint8_t>()))); break;
    case 'T': case 'B': case 'X': push(make_text(chars(number<std::uint32_t>()))); break;
    case 0x8d: case 0x8e: case 0x96: push(make_text(chars(number<std::uint64_t>()))); break;
    case ')': push(make_tuple({})); break;
    case 't': push(make_tuple(pop_to_mark())); break;
    case 0x85: push(make_tuple({pop()})); break;
    case 0x86: {
      PickleValue *b = pop(), *a = pop();
      push(make_tuple({a, b}));
      break;
    }
    case 0x87: {
      PickleValue *c = pop(), *b = pop(), *a = pop();
      push(make_tuple({a, b, c}));
      break;
    }
    case ']': case 0x8f: push(make(Kind::list)); break;   // a set is a list here
    case 'l': case 0x91: {
      PickleValue* list = make(Kind::list);
      list->items = pop_to_mark();
      push(list);
      break;
    }
    case 'a': {
      PickleValue* item = pop();
      if (top()->kind != Kind::list) refuse("the pickle is damaged (list)");
      top()->items.push_back(item);
      break;
    }
    case 'e': case 0x90: {
      const auto items = pop_to_mark();
      if (top()->kind != Kind::list) refuse("the pickle is damaged (list)");
      top()->items.insert(top()->items.end(), items.begin(), items.end());
      break;
    }
    case '}': push(make(Kind::dict)); break;
    case 'd': {
      const auto items = pop_to_mark();
      push(make(Kind::dict));
      set_items(top(), items);
      break;
    }
    case 's': {
      PickleValue *value = pop(), *key = pop();
      set_items(top(), {key, value});
      break;
    }
    case 'u': {
      const auto items = pop_to_mark();
      set_items(top(), items);
      break;
    }
    case 'q': memo_[number<std::uint8_t>()] = top(); break;
    case 'r': memo_[number<std::uint32_t>()] = top(); break;
    case 'p': memo_[decimal(line())] = top(); break;
    case 0x94: memo_[static_cast<std::int64_t>(memo_.size())] = top(); break;
    case 'h': case 'j': case 'g': {
      const std::int64_t key = op == 'h' ? number<std::uint8_t>() : op == 'j' ? number<std::uint32_t>() : decimal(line());
      const auto found = memo_.find(key);
      if (found == memo_.end()) refuse("the pickle is damaged (memo)");
      push(found->second);
      break;
    }
    case 'c': {
      const std::string module(line());
      global(module, std::string(line()));
      break;
    }
    case 0x93: {
      const PickleValue *name = pop(), *module = pop();
      global(module->text, name->text);
      break;
    }
    case 'Q': push(storage(pop())); break;
    case 'R': case 0x81: {   // REDUCE, NEWOBJ
      const PickleValue *arguments = pop(), *callable = pop();
      push(call(callable, arguments));
      break;
    }
    case 'b':   // BUILD: attributes of a dictionary or tensor, which are no data
      pop();
      if (top()->kind != Kind::dict && top()->kind != Kind::tensor && top()->kind != Kind::other)
        refuse("the pickle is damaged (build)");
      break;
    default: refuse("the pickle holds the instruction " + std::to_string(op) + ", which torch.save does not write");
  }
}

}  // namespace tactus::checkpoint
