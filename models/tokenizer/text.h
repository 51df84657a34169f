// Splitting a text at whole tokens, and blanks as Python's str.strip knows them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tactus::tokenizer {

// A token that is found in the text before SentencePiece sees it.
struct SplitToken {
  std::string text;
  bool strips_left = true, strips_right = true;   // the blanks beside it are dropped
};

struct TextPart {
  std::string text;
  const SplitToken* token = nullptr;   // null: plain text
};

// The earliest token first and the longest of those that begin there; `tokens` is sorted longest first.
std::vector<TextPart> split_at_tokens(std::string_view text, const std::vector<SplitToken>& tokens);

void trim_begin(std::string& text);
void trim_end(std::string& text);

}  // namespace tactus::tokenizer
