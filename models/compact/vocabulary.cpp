#include "tactus/compact/vocabulary.h"

#include <cctype>

#include "tactus/error.h"

namespace tactus::compact {
namespace {

const std::vector<std::string>& special_words() {
  static const std::vector<std::string> words = {"<pad>", "<unknown>", "<question>", "<answer>", "<contact>", "<none>", "<end>"};
  return words;
}

bool is_mark(const std::string& word) { return word.size() == 1 && std::ispunct(static_cast<unsigned char>(word[0])) != 0; }

}  // namespace

Vocabulary::Vocabulary(const std::vector<std::string>& words) : words_(special_words()) {
  for (const std::string& word : words) {
    if (word.empty() || word.find_first_of(" \t\r\n") != std::string::npos) {
      throw bad_input("vocabulary: \"" + word + "\" is not a word; words have no spaces and at least one letter");
    }
    words_.push_back(word);
  }
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (!ids_.emplace(words_[i], static_cast<std::int64_t>(i)).second) {
      throw bad_input("vocabulary: the word \"" + words_[i] + "\" stands twice in it; every word must stand once");
    }
  }
}

std::int64_t Vocabulary::id(std::string_view word) const {
  const auto find = [&](std::string_view text) {
    const auto found = ids_.find(text);
    return found == ids_.end() ? unknown : found->second;
  };
  const std::int64_t found = find(word);
  if (found != unknown || word.size() < 4 || word.back() != 's') return found;
  const std::int64_t singular = find(word.substr(0, word.size() - 1));
  return singular == unknown && word.ends_with("es") ? find(word.substr(0, word.size() - 2)) : singular;
}

std::vector<std::string> Vocabulary::split(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto close = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 128) {
      word += byte < 128 ? static_cast<char>(std::tolower(byte)) : c;
    } else if ((c == '-' || c == '\'') && !word.empty()) {
      word += c;
    } else {
      close();
      if (std::isspace(byte) == 0 && std::isprint(byte) != 0) words.emplace_back(1, c);
    }
  }
  close();
  return words;
}

std::vector<std::int64_t> Vocabulary::encode(std::string_view text) const {
  std::vector<std::int64_t> ids;
  for (const std::string& word : split(text)) ids.push_back(id(word));
  return ids;
}

std::string Vocabulary::decode(const std::vector<std::int64_t>& ids) const {
  std::string text;
  for (const std::int64_t id : ids) {
    if (id < special_count || id >= size()) continue;
    const std::string& word = words_[static_cast<std::size_t>(id)];
    if (!text.empty() && !is_mark(word)) text += ' ';
    text += word;
    if (text.size() == word.size() || (text.size() > word.size() + 1 && text[text.size() - word.size() - 2] == '.')) {
      const std::size_t first = text.size() - word.size();
      text[first] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[first])));
    }
  }
  return text;
}

}  // namespace tactus::compact
