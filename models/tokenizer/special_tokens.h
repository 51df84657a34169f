// What stands beside tokenizer.model in a model folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "text.h"

namespace tactus::tokenizer {

struct SpecialTokens {
  std::string bos = "<s>", eos = "</s>", unk = "<unk>";
  // Each once, those three included.
  std::vector<SplitToken> all{{"<s>", false, false}, {"</s>", false, false}, {"<unk>", false, false}};
};

struct TokenizerFiles {
  std::map<std::string, std::int64_t> added;   // added_tokens.json; empty without that file
  SpecialTokens specials;                      // special_tokens_map.json, else tokenizer_config.json, else Llama's
  std::optional<bool> legacy;                  // tokenizer_config.json
};

// Throws Error{bad_input} naming the file that is broken.
TokenizerFiles read_tokenizer_files(const std::filesystem::path& folder);

}  // namespace tactus::tokenizer
