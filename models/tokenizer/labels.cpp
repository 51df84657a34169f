#include "tactus/tokenizer/labels.h"

#include <algorithm>
#include <string>

#include "tactus/error.h"

namespace tactus::tokenizer {
namespace {

constexpr std::string_view kAnswer = " ASSISTANT:";

// How many ids the first `length` characters are; they must be the ids that the whole begins with.
std::size_t count_ids(const Tokenizer& tokenizer, std::string_view text, std::size_t length, const std::vector<std::int64_t>& whole) {
  const auto ids = tokenizer.encode_with_image(text.substr(0, length));
  if (ids.size() > whole.size() || !std::equal(ids.begin(), ids.end(), whole.begin())) {
    throw bad_input("the tokenizer joins the end of \"…" + std::string(text.substr(length - std::min<std::size_t>(length, 12), 12)) +
                    "\" to what follows it, so that an answer has no beginning of its own");
  }
  return ids.size();
}

}  // namespace

LabelledIds label_answers(const Tokenizer& tokenizer, std::string_view conversation) {
  const std::string close = tokenizer.piece(tokenizer.eos());
  LabelledIds result{tokenizer.encode_with_image(conversation), {}};
  result.labels.assign(result.ids.size(), kIgnoredLabel);
  std::size_t rounds = 0;
  for (std::size_t at = conversation.find(kAnswer); at != std::string_view::npos; at = conversation.find(kAnswer, at)) {
    const std::size_t begin = at + kAnswer.size(), end = conversation.find(close, begin);
    if (end == std::string_view::npos) break;
    at = end + close.size();
    const std::size_t first = count_ids(tokenizer, conversation, begin, result.ids), last = count_ids(tokenizer, conversation, at, result.ids);
    std::copy(result.ids.begin() + static_cast<std::ptrdiff_t>(first), result.ids.begin() + static_cast<std::ptrdiff_t>(last),
              result.labels.begin() + static_cast<std::ptrdiff_t>(first));
    ++rounds;
  }
  if (rounds == 0) throw bad_input("the conversation holds no answer (\"ASSISTANT: …" + close + "\")");
  return result;
}

}  // namespace tactus::tokenizer
