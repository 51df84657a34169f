#include "tactus/tokenizer/tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "special_tokens.h"
#include "tactus/error.h"
#include "text.h"

namespace tactus::tokenizer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnderline = "\u2581";   // SentencePiece's visible blank
constexpr std::string_view kPicture = "<image>";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

void load(sentencepiece::SentencePieceProcessor& model, const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw bad_input(file.string() + " cannot be read; the folder must hold its SentencePiece model");
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (bytes.empty() || !model.LoadFromSerializedProto(bytes).ok() || model.GetPieceSize() < 1) {
    throw bad_input(file.string() + " is not a SentencePiece model, or is cut off");
  }
}

}  // namespace

struct Tokenizer::Impl {
  sentencepiece::SentencePieceProcessor model;
  std::map<std::string, std::int64_t, std::less<>> added;
  std::map<std::int64_t, std::string> names;      // of the added tokens
  std::vector<SplitToken> split;                  // longest first
  std::vector<std::string> specials;
  std::int64_t bos = -1, eos = -1, unk = -1;
  bool legacy = true;
  std::string warning;

  std::int64_t pieces() const { return model.GetPieceSize(); }

  std::int64_t find(std::string_view token) const {
    if (const auto found = added.find(token); found != added.end()) return found->second;
    const int id = model.PieceToId(token);
    return id != model.unk_id() || model.IdToPiece(id) == token ? id : -1;
  }

  std::string name(std::int64_t id) const {
    if (const auto found = names.find(id); found != names.end()) return found->second;
    if (id < 0 || id >= pieces()) {
      throw bad_input("token " + std::to_string(id) + " is not in the tokenizer's vocabulary of " +
                      std::to_string(pieces() + static_cast<std::int64_t>(names.size())));
    }
    return model.IdToPiece(static_cast<int>(id));
  }

  void set_added(const std::map<std::string, std::int64_t>& tokens, const std::string& origin) {
    for (const auto& [token, id] : tokens) {
      const bool known = id >= 0 && id < pieces() && model.IdToPiece(static_cast<int>(id)) == token;
      const std::int64_t end = pieces() + static_cast<std::int64_t>(tokens.size());
      if (token.empty() || (!known && (id < pieces() || id >= end)) || !names.emplace(id, token).second) {
        throw bad_input(origin + ": the added token \"" + token + "\" has id " + std::to_string(id) +
                        "; ids must follow the " + std::to_string(pieces()) + " pieces of tokenizer.model, "
                        "each once");
      }
      added.emplace(token, id);
    }
  }

  void set_specials(const SpecialTokens& tokens, const std::string& origin) {
    for (const auto& [token, id] : added) split.push_back({token, true, true});
    for (const SplitToken& token : tokens.all) {
      if (find(token.text) < 0) {
        throw bad_input(origin + ": the special token \"" + token.text + "\" is neither in tokenizer.model nor in "
                        "added_tokens.json");
      }
      std::erase_if(split, [&](const SplitToken& other) { return other.text == token.text; });
      split.push_back(token);
      specials.push_back(token.text);
    }
    std::stable_sort(split.begin(), split.end(),
                     [](const auto& a, const auto& b) { return a.text.size() > b.text.size(); });
    bos = find(tokens.bos);
    eos = find(tokens.eos);
    unk = find(tokens.unk);
  }

  // Appends the ids of a text without added tokens in it.
  void encode_plain(std::string text, std::vector<std::int64_t>& ids) const {
    bool first = true;
    if (!legacy) {
      first = text.starts_with(kUnderline);
      if (first) text.erase(0, kUnderline.size());
    }
    std::vector<std::string> found = model.EncodeAsPieces(text);
    // The prefix that SentencePiece put there is taken off again, whatever piece it has become part of.
    if (!first && !found.empty() && !text.starts_with(' ') && found[0].starts_with(kUnderline)) {
      found[0].erase(0, kUnderline.size());
      if (found[0].empty()) found.erase(found.begin());
    }
    for (const std::string& piece : found) {
      const std::int64_t id = find(piece);
      ids.push_back(id < 0 ? model.unk_id() : id);
    }
  }
};

Tokenizer::Tokenizer(const Options& options) : impl_(std::make_unique<Impl>()) {
  load(impl_->model, options.model);
  impl_->legacy = options.legacy;
  impl_->set_added(options.added, options.model.string());
  impl_->set_specials(SpecialTokens{}, options.model.string());
}

Tokenizer::~Tokenizer() = default;

std::shared_ptr<const Tokenizer> Tokenizer::open(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw bad_input(folder.string() + " is not a folder; name the model's folder");
  const TokenizerFiles files = read_tokenizer_files(folder);
  Options options;
  options.model = folder / "tokenizer.model";
  options.legacy = files.legacy.value_or(true);
  auto tokenizer = std::make_shared<Tokenizer>(options);
  Impl& impl = *tokenizer->impl_;
  impl.set_added(files.added, (folder / "added_tokens.json").string());
  impl.split.clear();
  impl.specials.clear();
  impl.set_specials(files.specials, (folder / "special_tokens_map.json").string());
  if (!files.legacy) {
    impl.warning = (folder / "tokenizer_config.json").string() +
                   " does not say whether the tokenizer is \"legacy\"; legacy is taken, as the models were "
                   "trained";
  }
  return tokenizer;
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text, bool bos) const {
  std::string whole(text);
  if (!impl_->legacy) whole = std::string(kUnderline) + replaced(std::move(whole), kUnderline, " ");
  std::vector<TextPart> parts = split_at_tokens(whole, impl_->split);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].token) continue;
    if (parts[i].token->strips_left && i > 0 && !parts[i - 1].token) trim_end(parts[i - 1].text);
    if (parts[i].token->strips_right && i + 1 < parts.size() && !parts[i + 1].token) trim_begin(parts[i + 1].text);
  }
  std::vector<std::int64_t> ids;
  if (bos && impl_->bos >= 0) ids.push_back(impl_->bos);
  for (const TextPart& part : parts) {
    if (part.token) {
      ids.push_back(impl_->find(part.text));
    } else if (!part.text.empty()) {
      impl_->encode_plain(part.text, ids);
    }
  }
  return ids;
}

std::vector<std::int64_t> Tokenizer::encode_with_image(std::string_view prompt) const {
  std::size_t at = prompt.find(kPicture);
  std::vector<std::int64_t> ids = encode(prompt.substr(0, at));
  while (at != std::string_view::npos) {
    prompt.remove_prefix(at + kPicture.size());
    at = prompt.find(kPicture);
    ids.push_back(kImageToken);
    const std::vector<std::int64_t> chunk = encode(prompt.substr(0, at), /*bos=*/false);
    ids.insert(ids.end(), chunk.begin(), chunk.end());
  }
  return ids;
}

std::string Tokenizer::decode(const std::vector<std::int64_t>& ids) const {
  std::string text;
  std::vector<std::string> run;      // pieces decoded together
  bool run_open = false, run_starts = true, after_special = false, begun = false;
  const auto flush = [&] {
    std::string decoded;
    impl_->model.Decode(run, &decoded).IgnoreError();
    run.clear();
    return decoded;
  };
  for (const std::int64_t id : ids) {
    if (id == kImageToken) continue;
    const std::string name = impl_->name(id);
    const bool added = impl_->names.contains(id);
    if (added || !run_open) {        // parts are joined by one blank
      if (added && run_open) text += flush();
      if (begun) text += ' ';
      begun = true;
      run_open = !added;
      run_starts = true;
      after_special = false;
    }
    if (added) {
      text += name;
      continue;
    }
    if (std::find(impl_->specials.begin(), impl_->specials.end(), name) != impl_->specials.end()) {
      if (!after_special && !run_starts) text += ' ';
      text += flush() + name;
      after_special = true;
    } else {
      run.push_back(name);
      after_special = false;
    }
    run_starts = false;
  }
  return text + flush();
}

std::string Tokenizer::piece(std::int64_t id) const { return replaced(impl_->name(id), kUnderline, " "); }

std::int64_t Tokenizer::bos() const { return impl_->bos; }
std::int64_t Tokenizer::eos() const { return impl_->eos; }
std::int64_t Tokenizer::unk() const { return impl_->unk; }

std::int64_t Tokenizer::size() const {
  const auto known = std::count_if(impl_->names.begin(), impl_->names.end(),
                                   [&](const auto& item) { return item.first < impl_->pieces(); });
  return impl_->pieces() + static_cast<std::int64_t>(impl_->names.size()) - known;
}

std::int64_t Tokenizer::id(std::string_view token) const { return impl_->find(token); }
bool Tokenizer::legacy() const { return impl_->legacy; }
const std::string& Tokenizer::warning() const { return impl_->warning; }

}  // namespace tactus::tokenizer
