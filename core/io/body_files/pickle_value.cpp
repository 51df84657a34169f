#include <charconv>
#include <vector>

#include "pickle_text.h"
#include "tactus/io/pickle.h"

namespace tactus::io {

// Values deep inside each other are taken apart one by one: nested destructors would use up the stack.
PickleValue::~PickleValue() { release(); }

void PickleValue::release() {
  std::vector<PicklePointer> loose;
  const auto take_apart = [&](PickleValue& value) {
    for (auto& item : value.items) loose.push_back(std::move(item));
    for (auto& [k, v] : value.pairs) {
      loose.push_back(std::move(k));
      loose.push_back(std::move(v));
    }
    if (value.state) loose.push_back(std::move(value.state));
    value.items.clear();
    value.pairs.clear();
    value.state.reset();
  };
  take_apart(*this);
  while (!loose.empty()) {
    const PicklePointer last = std::move(loose.back());
    loose.pop_back();
    if (last.use_count() == 1) take_apart(*last);
  }
}

PicklePointer PickleValue::find(const std::string& key) const {
  const PickleValue* dict = kind == Kind::object ? state.get() : this;
  if (dict == nullptr) return nullptr;
  for (const auto& [k, v] : dict->pairs)
    if ((k->kind == Kind::text || k->kind == Kind::bytes) && k->text == key) return v;
  return nullptr;
}

std::string unescape_python(std::string_view text, bool quoted) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!quoted && byte >= 0x80) {   // Latin-1
      plain += {static_cast<char>(0xc0U | (byte >> 6U)), static_cast<char>(0x80U | (byte & 0x3fU))};
      continue;
    }
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    const char c = text[i + 1];
    const std::size_t digits = c == 'x' && quoted ? 2 : c == 'u' && !quoted ? 4 : c == 'U' && !quoted ? 8 : 0;
    unsigned code = 0;
    if (digits > 0 && i + 2 + digits <= text.size() &&
        std::from_chars(text.data() + i + 2, text.data() + i + 2 + digits, code, 16).ptr ==
            text.data() + i + 2 + digits) {
      if (quoted || code < 0x80) {
        plain += static_cast<char>(code);
      } else if (code < 0x800) {
        plain += {static_cast<char>(0xc0U | (code >> 6U)), static_cast<char>(0x80U | (code & 0x3fU))};
      } else {
        if (code >= 0x10000) {
          plain += {static_cast<char>(0xf0U | ((code >> 18U) & 7U)), static_cast<char>(0x80U | ((code >> 12U) & 0x3fU))};
        } else {
          plain += static_cast<char>(0xe0U | (code >> 12U));
        }
        plain += {static_cast<char>(0x80U | ((code >> 6U) & 0x3fU)), static_cast<char>(0x80U | (code & 0x3fU))};
      }
      i += 1 + digits;
      continue;
    }
    constexpr std::string_view kNames = "\\'\"abfnrtv", kCharacters = "\\'\"\a\b\f\n\r\t\v";
    const auto known = quoted ? kNames.find(c) : std::string_view::npos;
    if (known == std::string_view::npos) {
      plain += text[i];
    } else {
      plain += kCharacters[known];
      ++i;
    }
  }
  return plain;
}

}  // namespace tactus::io
