// The words of the compact model: whole words, lower case, punctuation apart. No torch types here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tactus::compact {

class Vocabulary {
 public:
  static constexpr std::int64_t pad = 0, unknown = 1, question = 2, answer = 3, contact = 4, none = 5, end = 6;
  static constexpr std::int64_t special_count = 7;

  // The special words stand first. Error{bad_input}: a word twice, empty, or with a space in it.
  explicit Vocabulary(const std::vector<std::string>& words);

  std::int64_t size() const { return static_cast<std::int64_t>(words_.size()); }
  const std::vector<std::string>& words() const { return words_; }   // the special ones included
  // unknown where there is no such word; a plural is taken for its singular before that.
  std::int64_t id(std::string_view word) const;

  // "Which parts touch the cup?" → which, parts, touch, the, cup, ?
  static std::vector<std::string> split(std::string_view text);
  std::vector<std::int64_t> encode(std::string_view text) const;
  // A sentence: special words left out, punctuation joined, a capital at its beginning.
  std::string decode(const std::vector<std::int64_t>& ids) const;

 private:
  std::vector<std::string> words_;
  std::map<std::string, std::int64_t, std::less<>> ids_;
};

}  // namespace tactus::compact
