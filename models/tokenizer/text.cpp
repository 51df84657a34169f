#include "text.h"

#include <array>

namespace tactus::tokenizer {
namespace {

// Every character that Python's str.strip drops, in UTF-8.
constexpr std::array<std::string_view, 29> kBlanks = {
    "\t",           "\n",           "\v",           "\f",           "\r",           "\x1c",
    "\x1d",         "\x1e",         "\x1f",         " ",            "\xc2\x85",     "\xc2\xa0",
    "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
    "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
    "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

}  // namespace

std::vector<TextPart> split_at_tokens(std::string_view text, const std::vector<SplitToken>& tokens) {
  std::vector<TextPart> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const SplitToken* found = nullptr;
    for (const SplitToken& token : tokens) {
      if (text.substr(at).starts_with(token.text)) {
        found = &token;
        break;
      }
    }
    if (!found) {
      ++at;
      continue;
    }
    if (at > begin) parts.push_back({std::string(text.substr(begin, at - begin)), nullptr});
    parts.push_back({found->text, found});
    at += found->text.size();
    begin = at;
  }
  if (begin < text.size()) parts.push_back({std::string(text.substr(begin)), nullptr});
  return parts;
}

void trim_begin(std::string& text) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view blank : kBlanks) {
      if (!text.starts_with(blank)) continue;
      text.erase(0, blank.size());
      again = true;
    }
  }
}

void trim_end(std::string& text) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view blank : kBlanks) {
      if (!text.ends_with(blank)) continue;
      text.erase(text.size() - blank.size());
      again = true;
    }
  }
}

}  // namespace tactus::tokenizer
