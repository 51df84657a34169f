#include "tactus/io/pickle.h"

#include <array>
#include <charconv>
#include <cstring>

#include "pickle_machine.h"
#include "pickle_text.h"

namespace tactus::io {
namespace {

// The instructions that Python may write and data files do not need, for messages.
std::string name_of(std::uint8_t op) {
  switch (op) {
    case 'P': return "PERSID";
    case 'i': return "INST";
    case 'o': return "OBJ";
    case 0x82: return "EXT1";
    case 0x83: return "EXT2";
    case 0x84: return "EXT4";
    case 0x8f: return "EMPTY_SET";
    case 0x90: return "ADDITEMS";
    case 0x91: return "FROZENSET";
    case 0x92: return "NEWOBJ_EX";
    case 0x97: return "NEXT_BUFFER";
    case 0x98: return "READONLY_BUFFER";
    default: return "number " + std::to_string(op);
  }
}

}  // namespace

void PickleMachine::step(std::uint8_t op) {
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
    default: refuse("the pickle holds the instruction " + name_of(op) + ", which data files do not use");
  }
}

PicklePointer read_pickle(std::span<const std::uint8_t> bytes, const std::string& what, const StorageReader& storage) {
  return PickleMachine(bytes, what, storage).run();
}

}  // namespace tactus::io
