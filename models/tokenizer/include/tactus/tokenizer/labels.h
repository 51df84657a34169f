// Which ids of a conversation a decoder is taught to say (METHOD.md §5.6).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tactus/tokenizer/tokenizer.h"

namespace tactus::tokenizer {

inline constexpr std::int64_t kIgnoredLabel = -100;

struct LabelledIds {
  std::vector<std::int64_t> ids;      // as encode_with_image gives them
  std::vector<std::int64_t> labels;   // one an id, not moved: the id where it is taught, else kIgnoredLabel
};

// `conversation`: rounds of "USER: … ASSISTANT: answer</s>" behind the system's text. Taught is every answer with its
// closing </s>. The published program counts the ids of each round by itself, which comes out right for a legacy
// tokenizer alone; the places found here are the same there, and right for the others too.
// Throws Error{bad_input} when no round is closed, or when the tokenizer joins an answer to what stands before it.
LabelledIds label_answers(const Tokenizer& tokenizer, std::string_view conversation);

}  // namespace tactus::tokenizer
