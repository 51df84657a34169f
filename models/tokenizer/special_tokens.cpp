#include "special_tokens.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tactus/error.h"

namespace tactus::tokenizer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json read_json(const fs::path& file) {
  if (!fs::exists(file)) return json::object();
  std::ifstream in(file);
  if (!in) throw bad_input(file.string() + " cannot be read");
  json value = json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) throw bad_input(file.string() + " is not a JSON object");
  return value;
}

// A token as a plain word or as an object with "content" and whether it swallows the blanks beside it.
SplitToken read_token(const json& value, bool plain_strips, const std::string& where) {
  if (value.is_string()) return {value.get<std::string>(), plain_strips, plain_strips};
  if (value.is_object() && value.contains("content") && value["content"].is_string()) {
    const auto flag = [&](const char* key) { return value.contains(key) && value[key] == true; };
    return {value["content"].get<std::string>(), flag("lstrip"), flag("rstrip")};
  }
  throw bad_input(where + " is " + value.dump() + " but must be a word, or an object with \"content\"");
}

void put(std::vector<SplitToken>& all, const SplitToken& token) {
  std::erase_if(all, [&](const SplitToken& other) { return other.text == token.text; });
  all.push_back(token);
}

// `plain_strips`: a plain word in special_tokens_map.json strips both sides, one in tokenizer_config.json neither.
void read_specials(const json& file, bool plain_strips, const fs::path& path, SpecialTokens& specials) {
  const auto named = [&](const char* key, std::string* name) {
    const auto found = file.find(key);
    if (found == file.end() || found->is_null()) return;
    const SplitToken token = read_token(*found, plain_strips, path.string() + ": \"" + key + "\"");
    if (name) {
      if (*name != token.text) std::erase_if(specials.all, [&](const auto& other) { return other.text == *name; });
      *name = token.text;
    }
    put(specials.all, token);
  };
  named("bos_token", &specials.bos);
  named("eos_token", &specials.eos);
  named("unk_token", &specials.unk);
  // Padding is the unknown token in every released folder; as a word of its own it says nothing new about that.
  if (const auto pad = file.find("pad_token"); pad != file.end() && !pad->is_null()) {
    const SplitToken token = read_token(*pad, plain_strips, path.string() + ": \"pad_token\"");
    const auto known = std::any_of(specials.all.begin(), specials.all.end(),
                                   [&](const SplitToken& other) { return other.text == token.text; });
    if (!known) specials.all.push_back(token);
  }
  if (const auto more = file.find("additional_special_tokens"); more != file.end() && !more->is_null()) {
    const std::string where = path.string() + ": \"additional_special_tokens\"";
    if (!more->is_array()) throw bad_input(where + " is " + more->dump() + " but must be a list");
    for (const json& value : *more) put(specials.all, read_token(value, true, where));
  }
}

}  // namespace

TokenizerFiles read_tokenizer_files(const fs::path& folder) {
  TokenizerFiles files;
  const fs::path added = folder / "added_tokens.json";
  const json ids = read_json(added);
  for (const auto& [token, id] : ids.items()) {
    if (!id.is_number_integer()) {
      throw bad_input(added.string() + ": the id of \"" + token + "\" is " + id.dump() +
                      " but must be a whole number");
    }
    files.added.emplace(token, id.get<std::int64_t>());
  }
  const fs::path config = folder / "tokenizer_config.json";
  const json values = read_json(config);
  if (const auto legacy = values.find("legacy"); legacy != values.end() && !legacy->is_null()) {
    if (!legacy->is_boolean()) {
      throw bad_input(config.string() + ": \"legacy\" is " + legacy->dump() + " but must be true or false");
    }
    files.legacy = legacy->get<bool>();
  }
  read_specials(values, false, config, files.specials);
  const fs::path map = folder / "special_tokens_map.json";
  read_specials(read_json(map), true, map, files.specials);
  return files;
}

}  // namespace tactus::tokenizer
