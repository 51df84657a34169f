// SentencePiece plus added tokens, as the slow Llama tokenizer does it (METHOD.md §1.4, §2.3). No libtorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tactus::tokenizer {

inline constexpr std::int64_t kImageToken = -200;   // stands for the picture's rows in a prompt's ids

class Tokenizer {
 public:
  // A model folder: tokenizer.model, added_tokens.json, tokenizer_config.json ("legacy"; absent = true, and
  // warning() says so), special_tokens_map.json. Throws Error{bad_input} naming the file that is missing or broken.
  static std::shared_ptr<const Tokenizer> open(const std::filesystem::path& folder);

  struct Options {
    std::filesystem::path model;                    // tokenizer.model
    std::map<std::string, std::int64_t> added;      // "[SEG]" → 32000
    bool legacy = true;
  };
  explicit Tokenizer(const Options& options);
  ~Tokenizer();

  // With a leading BOS where asked. Text is split at added and special tokens first; text beside an added token is
  // stripped on that side (§2.3, 2).
  std::vector<std::int64_t> encode(std::string_view text, bool bos = true) const;
  // A prompt with one "<image>": BOS, ids before it, kImageToken, ids after it.
  std::vector<std::int64_t> encode_with_image(std::string_view prompt) const;
  // Specials kept; kImageToken is skipped.
  std::string decode(const std::vector<std::int64_t>& ids) const;
  std::string piece(std::int64_t id) const;         // as displayed, "▁" shown as a blank

  std::int64_t bos() const, eos() const, unk() const;
  std::int64_t size() const;                        // pieces and added tokens
  // -1 when there is no such token.
  std::int64_t id(std::string_view token) const;
  bool legacy() const;
  const std::string& warning() const;               // empty, or a sentence

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::tokenizer
